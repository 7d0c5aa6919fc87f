/*
 * Types between DuckDB and tailrace, in both directions.
 */
#ifndef TR_ENGINE_EMBEDDED_TYPES_H
#define TR_ENGINE_EMBEDDED_TYPES_H

#include <duckdb.h>

#include "data/type.h"

#define TR_ENGINE_TYPE_TEXT 48 /* as engine_types of struct tr_engine_describe */

/* The engine's type for a column; the caller destroys it. */
duckdb_logical_type tr_engine_type_make(struct tr_type type);
/* Its spelling in SQL: `DECIMAL(10,2)`. buf has TR_ENGINE_TYPE_TEXT bytes. */
const char *tr_engine_type_sql(struct tr_type type, char *buf);
/* The engine's own name of a type, for messages; nested ones are shortened to `STRUCT`. */
const char *tr_engine_type_name(duckdb_logical_type type, char *buf);
/* What a result column of this type travels as. A type that tailrace does not carry is an
 * error whose hint shows the CAST to write; `column` is the result column's name. */
bool tr_engine_type_read(duckdb_logical_type type, const char *column, struct tr_type *out,
	struct tr_err *err) TR_CHECKED;

#endif
