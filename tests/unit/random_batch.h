/* Batches of random values of every type, with nulls, for property tests. */
#ifndef TR_TESTS_RANDOM_BATCH_H
#define TR_TESTS_RANDOM_BATCH_H

#include <stdlib.h>

#include "data/column.h"
#include "data/stream.h"

static inline uint64_t random_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* A schema with one column of each type. */
static inline bool random_schema(struct tr_schema *schema, struct tr_err *err)
{
	tr_schema_init(schema);
	for (int kind = TR_BOOL; kind <= TR_JSON; kind++) {
		char name[] = { 'c', (char)('a' + kind), '\0' };
		struct tr_type type = { .kind = (enum tr_kind)kind };
		if (kind == TR_DECIMAL)
			type = (struct tr_type){ TR_DECIMAL, 38, 4 };
		if (!tr_schema_add(schema, name, type, true, NULL, err))
			return false;
	}
	return true;
}

/* One value; null in one of null_every rows, never for 0. */
static inline bool random_value(struct tr_column *c, uint64_t null_every, uint64_t *seed, struct tr_err *err)
{
	uint64_t wide[8];
	for (size_t i = 0; i < 8; i++)
		wide[i] = random_next(seed);
	if (null_every && random_next(seed) % null_every == 0)
		return tr_column_add_null(c, err);
	if (c->type.kind == TR_BOOL)
		return tr_column_add_bool(c, wide[0] & 1, err);
	if (tr_type_is_bytes(c->type))
		return tr_column_add_bytes(c, wide, wide[0] % sizeof wide, err);
	return tr_column_add_fixed(c, wide, err);
}

static inline bool random_batch(const struct tr_schema *schema, int64_t rows, uint64_t null_every,
	uint64_t *seed, struct ArrowArray *out, struct tr_err *err)
{
	struct tr_column *columns = calloc(schema->n, sizeof *columns);
	bool ok = columns != NULL;
	for (size_t i = 0; ok && i < schema->n; i++) {
		tr_column_init(&columns[i], schema->fields[i].type);
		for (int64_t r = 0; ok && r < rows; r++)
			ok = random_value(&columns[i], null_every, seed, err);
	}
	ok = ok && tr_batch_take(columns, schema->n, rows, out, err);
	for (size_t i = 0; columns && i < schema->n; i++)
		tr_column_clear(&columns[i]);
	free(columns);
	return ok;
}

/* Row a of x equals row b of y, null for null. */
static inline bool same_value(const struct tr_view *x, int64_t a, const struct tr_view *y, int64_t b,
	struct tr_type type)
{
	if (tr_view_is_null(x, a) || tr_view_is_null(y, b))
		return tr_view_is_null(x, a) && tr_view_is_null(y, b);
	if (type.kind == TR_BOOL)
		return tr_view_bool(x, a) == tr_view_bool(y, b);
	size_t n = tr_type_width(type);
	size_t m = n;
	const void *p, *q;
	if (tr_type_is_bytes(type)) {
		p = tr_view_bytes(x, a, &n);
		q = tr_view_bytes(y, b, &m);
	} else {
		p = tr_view_fixed(x, a, (uint32_t)n);
		q = tr_view_fixed(y, b, (uint32_t)n);
	}
	return n == m && memcmp(p, q, n) == 0;
}

#endif
