/*
 * From the engine's vectors into growing columns: one function a type, bound once a
 * statement.
 */
#ifndef TR_ENGINE_EMBEDDED_READ_H
#define TR_ENGINE_EMBEDDED_READ_H

#include <duckdb.h>

#include "data/column.h"

/* What one result column is read with. */
struct tr_engine_read {
	bool (*values)(const struct tr_engine_read *r, const void *data, const uint64_t *validity,
		idx_t start, idx_t n, struct tr_column *out, struct tr_err *err);
	const char *name; /* the result's column, borrowed, for messages */
	uint32_t width;   /* bytes of a value in the vector */
	int64_t factor;   /* TIMESTAMP_S, _MS: microseconds a unit */
	/* ENUM: the spellings, owned, and their lengths. */
	char **words;
	uint32_t n_words;
};

/* Bind the reader of a result column of the given type. `name` is borrowed. */
bool tr_engine_read_init(struct tr_engine_read *r, duckdb_logical_type type, const char *name,
	struct tr_err *err) TR_CHECKED;
void tr_engine_read_clear(struct tr_engine_read *r);
/* Append rows [start, start + n) of the vector. A value that tailrace can't carry (an
 * infinite timestamp, a HUGEINT beyond 38 digits) is a data error. */
bool tr_engine_read_rows(const struct tr_engine_read *r, duckdb_vector vector, idx_t start, idx_t n,
	struct tr_column *out, struct tr_err *err) TR_CHECKED;

#endif
