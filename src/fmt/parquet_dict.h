/*
 * A column chunk's dictionary: its distinct values in PLAIN, one behind the other as the
 * dictionary page wants them, and an open-addressing hash table of their numbers.
 */
#ifndef TR_FMT_PARQUET_DICT_H
#define TR_FMT_PARQUET_DICT_H

#include "fmt/parquet_plain.h"

struct tr_pq_dict {
	const struct tr_pq_column *column;
	struct tr_buf values; /* PLAIN */
	uint32_t n;           /* how many */
	uint32_t *starts;     /* BYTE_ARRAY: where each begins in `values` */
	size_t starts_cap;
	/* the table, of 1 << place_bits places; 0: none yet */
	unsigned place_bits;
	uint8_t *tags;     /* 0x80 and 7 bits of the value's hash; 0: a free place */
	uint32_t *numbers; /* the value's, where the tag is not 0 */
};

void tr_pq_dict_init(struct tr_pq_dict *d, const struct tr_pq_column *column);
void tr_pq_dict_clear(struct tr_pq_dict *d);
/* No values; keeps its memory. */
void tr_pq_dict_reset(struct tr_pq_dict *d);
size_t tr_pq_dict_memory(const struct tr_pq_dict *d);
/* The number of every value of the slice into numbers[0 .. values), new ones added. */
bool tr_pq_dict_number(struct tr_pq_dict *d, const struct tr_pq_slice *s, uint32_t *numbers,
	struct tr_err *err) TR_CHECKED;

#endif
