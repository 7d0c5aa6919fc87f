/*
 * The RLE / bit-packing hybrid (parquet-format: Encodings.md, "RLE = 3"), for the indexes
 * into a dictionary and for definition levels.
 */
#ifndef TR_FMT_PARQUET_RLE_H
#define TR_FMT_PARQUET_RLE_H

#include "fmt/parquet_plain.h"

/* Append n values of `width` bits (1..32) each. */
bool tr_pq_rle_write(const uint32_t *values, size_t n, unsigned width, struct tr_buf *out,
	struct tr_err *err) TR_CHECKED;

/* Which rows of a page have a value: definition levels of a column that may be null. */
struct tr_pq_levels {
	struct tr_buf bits; /* empty until the first null */
	size_t rows, nulls;
};

void tr_pq_levels_init(struct tr_pq_levels *l);
void tr_pq_levels_clear(struct tr_pq_levels *l);
void tr_pq_levels_reset(struct tr_pq_levels *l); /* no rows; keeps its memory */
bool tr_pq_levels_add(struct tr_pq_levels *l, const struct tr_pq_slice *s, struct tr_err *err) TR_CHECKED;
/* Append the levels as a data page has them: their length in 4 bytes, then the hybrid. */
bool tr_pq_levels_write(const struct tr_pq_levels *l, struct tr_buf *out, struct tr_err *err) TR_CHECKED;

#endif
