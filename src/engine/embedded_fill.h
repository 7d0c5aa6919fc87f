/*
 * From Arrow batches into the engine's vectors: one function a type, bound once a scan.
 */
#ifndef TR_ENGINE_EMBEDDED_FILL_H
#define TR_ENGINE_EMBEDDED_FILL_H

#include <duckdb.h>

#include "data/column.h"

/* Write rows [row, row + n) of the view into the vector's values (not its validity).
 * Strings longer than 12 bytes point into the view's batch, which must live until the
 * engine asks for the scan's next rows. */
typedef void (*tr_engine_fill)(const struct tr_view *view, int64_t row, idx_t n, void *values);

tr_engine_fill tr_engine_fill_of(struct tr_type type);
/* Nulls of the same rows. */
void tr_engine_fill_validity(const struct tr_view *view, int64_t row, idx_t n, duckdb_vector vector);

#endif
