/* Which Postgres types are read, and as what: the mapping of docs, "Types". */
#ifndef TR_SOURCE_COLUMN_TYPE_H
#define TR_SOURCE_COLUMN_TYPE_H

#include "source/relation.h"

/* A column's type with domains resolved to their base. */
struct tr_pg_type {
	uint32_t oid;
	int typmod;       /* -1: none */
	char typtype;     /* pg_type.typtype of the base */
	const char *name; /* pg_type.typname of the base */
	const char
		*numeric_digits; /* unconstrained numeric: the sample's `digits before,behind`; else NULL */
};

/* Fill c's supported, why, wire, type and select from the type; name and pg_type are set
 * already. Strings are made in the arena. */
bool tr_column_map(struct tr_source_column *c, const struct tr_pg_type *type, struct tr_arena *arena,
	struct tr_err *err) TR_CHECKED;

#endif
