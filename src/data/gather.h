/*
 * Copying chosen rows of one column behind the rows of another: the work of a
 * splitter. The copier is bound once per column (tr_gather_bind).
 *
 * Both calls make their own room; a bytes column that would pass 2^31 - 1 bytes is an
 * error. `dst` has the type that was bound.
 */
#ifndef TR_DATA_GATHER_H
#define TR_DATA_GATHER_H

#include "data/column.h"

struct tr_gather {
	/* Values of rows[0..n) of src; room in dst is there. */
	void (*rows)(struct tr_column *dst, const struct tr_view *src, const uint32_t *rows, int64_t n);
	/* Values of rows [from, from + n). */
	void (*range)(struct tr_column *dst, const struct tr_view *src, int64_t from, int64_t n);
	bool bytes; /* a bytes type: dst needs room for the bytes, too */
};

void tr_gather_bind(struct tr_gather *g, struct tr_type type);

/* Append the rows whose numbers are rows[0..n), in that order. */
bool tr_gather_rows(const struct tr_gather *g, struct tr_column *dst, const struct tr_view *src,
	const uint32_t *rows, int64_t n, struct tr_err *err) TR_CHECKED;
/* Append rows [from, from + n). */
bool tr_gather_range(const struct tr_gather *g, struct tr_column *dst, const struct tr_view *src,
	int64_t from, int64_t n, struct tr_err *err) TR_CHECKED;

/* A view of a column that is being built; valid until the column grows. */
void tr_view_column(struct tr_view *v, const struct tr_column *c);
/* Bytes that rows [from, from + n) of a column of that type take, offsets and validity included. */
size_t tr_view_memory(const struct tr_view *v, struct tr_type type, int64_t from, int64_t n);

#endif
