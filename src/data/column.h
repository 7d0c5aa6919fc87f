/*
 * Building and reading batches.
 *
 * A tr_column is a growing column: decoders append values to it, a batch takes its
 * buffers over without a copy. A tr_view reads a column of a finished batch.
 * Buffers are laid out as Arrow prescribes (validity bitmap LSB first, set = value).
 */
#ifndef TR_DATA_COLUMN_H
#define TR_DATA_COLUMN_H

#include <string.h>

#include "data/schema.h"

/* A batch is about this many rows or bytes, whichever comes first (design: §2). */
#define TR_BATCH_ROWS 65536
#define TR_BATCH_BYTES ((size_t)4 << 20)

__extension__ typedef __int128 tr_i128;
__extension__ typedef unsigned __int128 tr_u128;

struct tr_column {
	struct tr_type type;
	uint32_t width; /* tr_type_width */
	int64_t n, cap; /* rows */
	int64_t nulls;
	uint8_t *validity;       /* NULL until the first null */
	uint8_t *data;           /* values, bits (bool) or bytes (string, binary, json) */
	int32_t *offsets;        /* n + 1 of them, for bytes types */
	size_t bytes, bytes_cap; /* of data, for bytes types */
};

void tr_column_init(struct tr_column *c, struct tr_type type);
void tr_column_clear(struct tr_column *c);
/* Room for `rows` more rows (not for their bytes): after it a decoder may fill
 * data/offsets directly and advance n itself. */
bool tr_column_reserve(struct tr_column *c, int64_t rows, struct tr_err *err) TR_CHECKED;
/* Append one value; each makes its own room. */
bool tr_column_add_null(struct tr_column *c, struct tr_err *err) TR_CHECKED;
bool tr_column_add_bool(struct tr_column *c, bool value, struct tr_err *err) TR_CHECKED;
/* For fixed-width types: `value` points at tr_type_width bytes. */
bool tr_column_add_fixed(struct tr_column *c, const void *value, struct tr_err *err) TR_CHECKED;
/* For bytes types. A column's bytes stay below 2^31 - 1. */
bool tr_column_add_bytes(struct tr_column *c, const void *value, size_t len, struct tr_err *err) TR_CHECKED;
/* Room for `n` more bytes of a bytes column. */
bool tr_column_reserve_bytes(struct tr_column *c, size_t n, struct tr_err *err) TR_CHECKED;
/* Mark row i (already appended) null. */
bool tr_column_set_null(struct tr_column *c, int64_t i, struct tr_err *err) TR_CHECKED;
/* Bytes of memory the rows so far take. */
size_t tr_column_memory(const struct tr_column *c);

/* Move n columns of equal length into one batch (a struct array); the columns are
 * empty afterwards and can be filled again. The caller releases *out. */
bool tr_batch_take(struct tr_column *columns, size_t n, int64_t rows, struct ArrowArray *out,
	struct tr_err *err) TR_CHECKED;

/* Move one column out as a finished array; the column is empty afterwards. */
bool tr_column_take(struct tr_column *c, struct ArrowArray *out, struct tr_err *err) TR_CHECKED;
/* Make n finished columns of `rows` rows one batch; it takes them over, also on failure. */
bool tr_batch_join(struct ArrowArray *columns, size_t n, int64_t rows, struct ArrowArray *out,
	struct tr_err *err) TR_CHECKED;

/* ---- reading ---- */

struct tr_view {
	const uint8_t *validity; /* NULL: no nulls */
	const uint8_t *data;
	const int32_t *offsets;
	int64_t offset; /* add it to a row's index; the accessors below do */
	int64_t length;
};

/* Column i of a batch; offsets of the batch and of the column are both honoured. */
void tr_view_init(struct tr_view *v, const struct ArrowArray *batch, size_t i, struct tr_type type);

static inline bool tr_bit(const uint8_t *bits, int64_t i)
{
	return bits[i >> 3] >> (i & 7) & 1;
}

static inline void tr_bit_set(uint8_t *bits, int64_t i)
{
	bits[i >> 3] = (uint8_t)(bits[i >> 3] | 1u << (i & 7));
}

static inline void tr_bit_unset(uint8_t *bits, int64_t i)
{
	bits[i >> 3] = (uint8_t)(bits[i >> 3] & ~(1u << (i & 7)));
}

static inline bool tr_view_is_null(const struct tr_view *v, int64_t row)
{
	return v->validity && !tr_bit(v->validity, v->offset + row);
}

static inline bool tr_view_bool(const struct tr_view *v, int64_t row)
{
	return tr_bit(v->data, v->offset + row);
}

static inline const void *tr_view_fixed(const struct tr_view *v, int64_t row, uint32_t width)
{
	return v->data + (size_t)(v->offset + row) * width;
}

static inline const char *tr_view_bytes(const struct tr_view *v, int64_t row, size_t *len)
{
	int32_t start = v->offsets[v->offset + row];
	*len = (size_t)(v->offsets[v->offset + row + 1] - start);
	return (const char *)v->data + start;
}

#endif
