/*
 * From a batch to PLAIN values (parquet-format: Encodings.md, "Plain"). A slice is a short
 * run of a column's rows, without its nulls, as physical values: the unit in which column
 * chunks are fed, small enough to stay in the processor's cache.
 */
#ifndef TR_FMT_PARQUET_PLAIN_H
#define TR_FMT_PARQUET_PLAIN_H

#include "data/column.h"
#include "fmt/parquet_type.h"

#define TR_PQ_SLICE_ROWS 4096
/* A slice of byte arrays ends at this many bytes, or after one value. */
#define TR_PQ_SLICE_BYTES ((size_t)256 << 10)
/* One value's maximum, as in Postgres. */
#define TR_PQ_VALUE_MAX ((size_t)1 << 30)

struct tr_pq_bytes {
	const uint8_t *ptr;
	size_t len;
};

struct tr_pq_slice {
	size_t rows, values;            /* values: the rows that are not null */
	const uint8_t *validity;        /* NULL: no nulls */
	int64_t validity_at;            /* the first row's bit */
	const uint8_t *fixed;           /* `values` of them, column->width bytes each */
	const struct tr_pq_bytes *refs; /* instead, for BYTE_ARRAY */
	size_t bytes;                   /* of the values in PLAIN */
};

/* Scratch that a slice's pointers may lead to; one a thread. */
struct tr_pq_gather {
	uint8_t compact[TR_PQ_SLICE_ROWS * 16];  /* without the nulls, as Arrow has them */
	uint8_t physical[TR_PQ_SLICE_ROWS * 16]; /* converted */
	struct tr_pq_bytes refs[TR_PQ_SLICE_ROWS];
};

/* The next slice of rows [row, row + n), n > 0; it takes slice->rows >= 1 of them. Valid
 * until the batch or the scratch changes. Errors: a null in a required column (internal),
 * a decimal beyond its precision and a value over TR_PQ_VALUE_MAX (data). */
bool tr_pq_gather(const struct tr_pq_column *c, const struct tr_view *v, int64_t row, int64_t n,
	struct tr_pq_gather *scratch, struct tr_pq_slice *out, struct tr_err *err) TR_CHECKED;

/* Append the slice's values in PLAIN (BOOLEAN: a byte a value). */
bool tr_pq_plain_append(const struct tr_pq_column *c, const struct tr_pq_slice *s, struct tr_buf *out,
	struct tr_err *err) TR_CHECKED;

/* A reader over values appended that way and their validity: slice them again. */
struct tr_pq_replay {
	const uint8_t *p;
	const uint8_t *validity; /* NULL: no nulls */
	size_t row, rows;
};
/* The next slice, until false at the end. */
bool tr_pq_replay_next(const struct tr_pq_column *c, struct tr_pq_replay *r, struct tr_pq_gather *scratch,
	struct tr_pq_slice *out);

#endif
