/* Streams for tests of what wraps a stream: numbered batches, an end or an error behind them. */
#ifndef TR_TESTS_STREAMS_H
#define TR_TESTS_STREAMS_H

#include "check.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "data/column.h"
#include "data/stream.h"

struct numbers {
	int batches, rows; /* so many of each; row k of batch b is b * 1000 + k */
	size_t columns;    /* all alike, but that column c adds c * 1000000 */
	bool fails;        /* at the end */
	_Atomic int pulled, freed;
	int next;
};

static bool numbers_next(void *self, struct ArrowArray *out, struct tr_err *err)
{
	struct numbers *n = self;
	struct tr_column columns[4];
	bool ok = true;
	atomic_fetch_add(&n->pulled, 1);
	if (n->next == n->batches) {
		if (!n->fails)
			return true;
		tr_err_set(err, TR_ERR_DATA, "the numbers failed");
		return tr_err_hint(err, "count again");
	}
	for (size_t c = 0; c < n->columns; c++)
		tr_column_init(&columns[c], (struct tr_type){ .kind = TR_INT64 });
	for (size_t c = 0; c < n->columns; c++)
		for (int i = 0; ok && i < n->rows; i++) {
			int64_t value = n->next * 1000 + i + (int64_t)c * 1000000;
			ok = tr_column_add_fixed(&columns[c], &value, err);
		}
	n->next++;
	ok = ok && tr_batch_take(columns, n->columns, n->rows, out, err);
	for (size_t c = 0; !ok && c < n->columns; c++)
		tr_column_clear(&columns[c]);
	return ok;
}

static void numbers_free(void *self)
{
	struct numbers *n = self;
	atomic_fetch_add(&n->freed, 1);
}

static void numbers_open(struct numbers *n, struct ArrowArrayStream *out)
{
	static const struct tr_stream_ops ops = { numbers_next, numbers_free };
	static const char *const names[] = { "a", "b", "c", "d" };
	struct tr_err err = { 0 };
	struct tr_schema schema;
	tr_schema_init(&schema);
	for (size_t c = 0; c < n->columns; c++)
		assert_ok(tr_schema_add(&schema, names[c], (struct tr_type){ .kind = TR_INT64 }, false, NULL,
				  &err),
			err);
	assert_ok(tr_stream_init(out, &schema, &ops, n, &err), err);
	tr_schema_clear(&schema);
}

static inline int64_t number_at(const struct ArrowArray *batch, size_t column, int64_t row)
{
	struct tr_view v;
	int64_t value;
	tr_view_init(&v, batch, column, (struct tr_type){ .kind = TR_INT64 });
	memcpy(&value, tr_view_fixed(&v, row, 8), 8);
	return value;
}

#endif
