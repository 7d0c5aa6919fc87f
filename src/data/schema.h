/*
 * A schema: the ordered columns of a stream or dataset. Owns its names.
 */
#ifndef TR_DATA_SCHEMA_H
#define TR_DATA_SCHEMA_H

#include "base/mem.h"
#include "data/type.h"
#include "tailrace/arrow.h"

struct tr_field {
	char *name;
	struct tr_type type;
	bool nullable;
	char *doc;        /* documentation for people; NULL if none */
	int32_t field_id; /* Parquet/Iceberg field id, 1-based; 0: not assigned */
};

struct tr_schema {
	struct tr_field *fields;
	size_t n, cap;
};

#define TR_COLUMNS_MAX 1664 /* a Postgres target list's limit */

void tr_schema_init(struct tr_schema *s);
void tr_schema_clear(struct tr_schema *s);
/* Append a column; name and doc (may be NULL) are copied. */
bool tr_schema_add(struct tr_schema *s, const char *name, struct tr_type type, bool nullable, const char *doc,
	struct tr_err *err) TR_CHECKED;
bool tr_schema_copy(struct tr_schema *dst, const struct tr_schema *src, struct tr_err *err) TR_CHECKED;
/* Index of the column, or -1. */
int tr_schema_find(const struct tr_schema *s, const char *name);

/* The schema as Arrow's (a struct of its columns); the caller releases *out.
 * uuid and json travel as the extension types arrow.uuid and arrow.json. */
bool tr_schema_to_arrow(const struct tr_schema *s, struct ArrowSchema *out, struct tr_err *err) TR_CHECKED;
/* Read such a schema; formats beyond tr_kind are an error that names the column.
 * dst must be initialised and empty. */
bool tr_schema_from_arrow(struct tr_schema *dst, const struct ArrowSchema *src,
	struct tr_err *err) TR_CHECKED;

#endif
