/*
 * A column chunk in the making: a sample that chooses the encoding, the open page, the
 * dictionary, and the finished pages, which are compressed already.
 *
 * A chunk is used by one thread at a time, any thread, with that thread's encoder:
 * append ... -> measure -> begin -> append ... -> finish, then its pages are written and
 * it is cleared for the next row group, or made ready to go on as it did: append ... -> finish.
 */
#ifndef TR_FMT_PARQUET_CHUNK_H
#define TR_FMT_PARQUET_CHUNK_H

#include "fmt/parquet_bounds.h"
#include "fmt/parquet_choice.h"

/* A page ends at this many rows (or at its bytes): 8-byte values fill 1 MiB then. */
#define TR_PQ_PAGE_ROWS ((size_t)131072)

struct tr_pq_chunk {
	const struct tr_pq_column *column;
	size_t page_bytes;

	bool sampling; /* values and levels are the sample, no page is open */
	struct tr_pq_choice choice;
	double value_share;   /* of the sample's rows; the others are null */
	size_t quota;         /* the dictionary's maximum */
	double expected_rows; /* of the row group */

	/* the open page */
	enum tr_pq_encoding encoding;
	struct tr_pq_levels levels;
	struct tr_buf values; /* PLAIN */
	uint32_t *numbers;    /* instead, with a dictionary */
	size_t numbers_cap;
	size_t n_values, plain_bytes;
	struct tr_pq_range range;

	struct tr_pq_dict dict;
	size_t dict_paid; /* bytes of the dictionary when the last page ended */

	bool dense; /* the last page did not get smaller: no effort for the next one */

	/* finished */
	struct tr_pq_page *dictionary;
	struct tr_pq_page *pages, *last;
	size_t n_pages, rows, nulls;
	size_t compressed, uncompressed; /* of all pages, with their headers */
};

void tr_pq_chunk_init(struct tr_pq_chunk *k, const struct tr_pq_column *column, size_t page_bytes);
void tr_pq_chunk_clear(struct tr_pq_chunk *k);
/* Empty, and encode the next row group as this one was begun, without a sample of its own;
 * `keep` the buffers for it. */
void tr_pq_chunk_repeat(struct tr_pq_chunk *k, bool keep);
/* Whether the finished chunk gives no reason to choose anew: its dictionary paid to the end,
 * and its values are not far more than the sample had to choose by. */
bool tr_pq_chunk_went_as_chosen(const struct tr_pq_chunk *k);

bool tr_pq_chunk_append(struct tr_pq_chunk *k, struct tr_pq_encoder *e, const struct tr_view *v, int64_t row,
	int64_t n, struct tr_err *err) TR_CHECKED;
/* Fill in k->choice from the sample, for a row group of about `expected_rows`. */
bool tr_pq_chunk_measure(struct tr_pq_chunk *k, struct tr_pq_encoder *e, double expected_rows,
	struct tr_err *err) TR_CHECKED;
/* End the sample and encode it; quota 0: no dictionary. */
bool tr_pq_chunk_begin(struct tr_pq_chunk *k, struct tr_pq_encoder *e, size_t quota,
	struct tr_err *err) TR_CHECKED;
/* End the open page and write the dictionary's. */
bool tr_pq_chunk_finish(struct tr_pq_chunk *k, struct tr_pq_encoder *e, struct tr_err *err) TR_CHECKED;

/* Bytes of memory held. */
size_t tr_pq_chunk_memory(const struct tr_pq_chunk *k);
/* Of that, what is not finished pages. */
size_t tr_pq_chunk_open_memory(const struct tr_pq_chunk *k);
/* What a finish now would make it, about. */
size_t tr_pq_chunk_size(const struct tr_pq_chunk *k);

#endif
