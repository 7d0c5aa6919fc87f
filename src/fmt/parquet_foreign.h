/*
 * Columns of files that another program wrote (Trino, Athena): which ways of storing a type
 * are the same type, and what is worth saying of them.
 */
#ifndef TR_FMT_PARQUET_FOREIGN_H
#define TR_FMT_PARQUET_FOREIGN_H

#include "fmt/parquet_type.h"

/* How a timestamp is stored. */
enum tr_pq_stored { TR_PQ_STORED_MICROS, TR_PQ_STORED_MILLIS, TR_PQ_STORED_NANOS, TR_PQ_STORED_INT96 };

struct tr_pq_foreign {
	enum tr_pq_stored stored;
	bool bounds; /* its bounds can be used: their order and unit are known */
};

/* Bind `c` (tr_pq_column_bind) to how the file stores the column. NULL, or what differs: of a type,
 * `found` says which the file has (TR_PQ_FOUND_TEXT bytes; else empty). */
#define TR_PQ_FOUND_TEXT 64
const char *tr_pq_foreign_bind(const struct tr_pq_element *e, struct tr_pq_column *c,
	struct tr_pq_foreign *out, char *found);
/* Bring a bound of tr_pq_bound_to_arrow to the type's own unit; unset where that passes its range. */
void tr_pq_foreign_bound(const struct tr_pq_foreign *f, struct tr_bound *bound);
/* `INT96`, `milliseconds`, `nanoseconds`; NULL: as tailrace writes it. */
const char *tr_pq_foreign_stored(const struct tr_pq_foreign *f);

#endif
