/*
 * What Postgres's catalog says of a relation that is read: its columns with their
 * types mapped (reference: docs, "Types"), estimates and key. Reads no rows.
 */
#ifndef TR_SOURCE_RELATION_H
#define TR_SOURCE_RELATION_H

#include "data/schema.h"
#include "fmt/pgcopy.h"
#include "io/pg.h"

struct tr_source_column {
	char *name;    /* Postgres's own spelling */
	char *pg_type; /* format_type(): `numeric(10,2)`, `character varying(20)` */
	int attnum;
	bool not_null;  /* declared, by all children too; a view's columns are never known to be */
	bool generated; /* computed by the server from other columns */
	bool supported; /* false: planning stops if it is needed; `why` says what to do */
	char *why;
	enum tr_pgcopy_wire wire;
	struct tr_type type; /* as streamed */
	char *select;        /* the expression in the COPY query, `"name"` or a cast */
	int avg_width;       /* pg_stats; 0: unknown */
	double n_distinct;   /* pg_stats; 0: unknown */
	int key_position;    /* 1-based in the primary key (else a unique not-null key); 0: not in it */
	char *comment;       /* COMMENT ON COLUMN; NULL if none */
};

struct tr_foreign_key {
	char *column; /* single-column keys only */
	char *ref_schema, *ref_table, *ref_column;
};

struct tr_relation {
	char *schema, *name;
	uint32_t oid;
	char kind; /* pg_class.relkind: r p v m f */
	bool is_populated;
	bool row_security; /* a policy would apply to this user */
	bool can_select;
	double rows;   /* estimate; -1 unknown (never analysed) */
	int64_t bytes; /* on disk, partitions included */
	int64_t pages; /* of the heap, for ctid ranges; 0 where there is none */
	char *comment;
	struct tr_source_column *columns;
	size_t n_columns;
	struct tr_foreign_key *foreign_keys;
	size_t n_foreign_keys;
};

/* Look up `public.orders` (unqualified: the search_path). Errors: no such relation
 * (with the closest name), no permission (with the GRANT to run), a relation of another
 * kind, a name of more than two parts. */
bool tr_relation_load(struct tr_pg *pg, const char *name, struct tr_relation **out,
	struct tr_err *err) TR_CHECKED;
void tr_relation_free(struct tr_relation *r);
int tr_relation_find(const struct tr_relation *r, const char *column);

/* All relations the user may read, for `init` and completion: system schemas left out,
 * partitions left out (their parent is listed). */
bool tr_relation_list(struct tr_pg *pg, struct tr_relation ***out, size_t *n, struct tr_err *err) TR_CHECKED;

#endif
