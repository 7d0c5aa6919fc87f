#include "source/relation_catalog.h"

#include <stdlib.h>

#include "source/column_type.h"

/* Names and comments of one relation: 1664 columns with a long comment each fit. */
#define ARENA_MAX ((size_t)64 << 20)

/* A relation with the memory of all that hangs on it. */
struct holder {
	struct tr_relation r;
	struct tr_arena arena;
	size_t column_cap, key_cap;
};

/* Inheritance children and partitions are read with their parent, so they count for it.
 * Before 14 a table that was never analysed has reltuples 0. */
static const char relations_sql[] =
	"WITH RECURSIVE tree(root, oid) AS ("
	" SELECT o, o FROM unnest($1::oid[]) o"
	" UNION SELECT t.root, i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid),"
	" part AS ("
	" SELECT t.root, t.oid, k.relkind, k.reltuples,"
	"  CASE WHEN k.relkind IN ('r', 'm') THEN pg_catalog.pg_table_size(k.oid) ELSE 0 END AS bytes,"
	"  k.reltuples < 0 OR (k.reltuples = 0 AND k.relpages = 0"
	"   AND pg_catalog.current_setting('server_version_num')::int < 140000"
	"   AND coalesce(pg_catalog.pg_relation_size(k.oid), 0) > 0) AS unknown"
	" FROM tree t JOIN pg_catalog.pg_class k ON k.oid = t.oid),"
	" total AS ("
	" SELECT root, coalesce(sum(bytes), 0) AS bytes, count(*) AS members,"
	"  coalesce(sum(reltuples) FILTER (WHERE relkind <> 'p'), 0) AS rows,"
	"  coalesce(bool_or(unknown) FILTER (WHERE relkind <> 'p'), false) AS unknown"
	" FROM part GROUP BY root)"
	" SELECT c.oid, n.nspname, c.relname, c.relkind, c.relispopulated,"
	"  pg_catalog.row_security_active(c.oid),"
	"  pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND (pg_catalog.has_table_privilege(c.oid, "
	"'SELECT')"
	"   OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT')),"
	"  CASE WHEN t.unknown OR c.relkind = 'v' THEN -1 ELSE t.rows END, t.bytes,"
	"  CASE WHEN c.relkind IN ('r', 'm') AND t.members = 1 AND a.amname = 'heap'"
	"   AND pg_catalog.current_setting('server_version_num')::int >= 140000"
	"   THEN pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int ELSE 0 "
	"END,"
	"  pg_catalog.obj_description(c.oid, 'pg_class')"
	" FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	" JOIN total t ON t.root = c.oid LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam"
	" ORDER BY c.oid";

/* Of pg_attribute a. From Postgres 18 on attnotnull is also true where the constraint ('n', which
 * older servers don't have) is NOT VALID: rows from before it may hold nulls. */
#define MAY_BE_NULL                                                                                         \
	"(NOT a.attnotnull OR EXISTS (SELECT FROM pg_catalog.pg_constraint v WHERE v.conrelid = a.attrelid" \
	" AND v.contype = 'n' AND NOT v.convalidated AND v.conkey[1] = a.attnum))"

/* A NOT NULL holds for all rows that are read only where all children have it too (ALTER TABLE
 * ONLY), and the server does not enforce it on foreign tables. */
static const char columns_sql[] =
	"WITH RECURSIVE tree(root, oid) AS ("
	" SELECT o, o FROM unnest($1::oid[]) o"
	" UNION SELECT t.root, i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid),"
	" open(root, attname) AS ("
	" SELECT DISTINCT t.root, a.attname FROM tree t JOIN pg_catalog.pg_class k ON k.oid = t.oid"
	" JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid"
	" WHERE a.attnum > 0 AND (k.relkind IN ('v', 'f') OR " MAY_BE_NULL ")),"
	" col AS ("
	" SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, c.relname, n.nspname,"
	"  a.attgenerated <> '' AS generated,"
	"  NOT EXISTS (SELECT FROM open o WHERE o.root = a.attrelid AND o.attname = a.attname) AS not_null"
	" FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
	" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	" WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped),"
	" base(attrelid, attnum, oid, typmod) AS ("
	" SELECT attrelid, attnum, atttypid, atttypmod FROM col"
	" UNION ALL SELECT b.attrelid, b.attnum, t.typbasetype, t.typtypmod"
	" FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.oid WHERE t.typtype = 'd')"
	" SELECT col.attrelid, col.attnum, col.attname,"
	"  pg_catalog.format_type(col.atttypid, col.atttypmod), col.not_null,"
	"  t.oid, b.typmod, t.typtype, t.typname,"
	"  pg_catalog.has_column_privilege(col.attrelid, col.attnum, 'SELECT'),"
	"  pg_catalog.col_description(col.attrelid, col.attnum), s.avg_width, s.n_distinct,"
	"  CASE WHEN t.oid = 1700 AND b.typmod < 4 THEN ("
	"   SELECT max(pg_catalog.length(pg_catalog.trunc(pg_catalog.abs(v))::text)) || ',' ||"
	"    max(pg_catalog.scale(v))"
	"   FROM (SELECT pg_catalog.unnest(s.common::numeric[]) UNION ALL"
	"    SELECT pg_catalog.unnest(s.bounds::numeric[])) q(v) WHERE pg_catalog.scale(v) IS NOT NULL) END,"
	"  col.generated"
	" FROM col JOIN base b USING (attrelid, attnum)"
	" JOIN pg_catalog.pg_type t ON t.oid = b.oid AND t.typtype <> 'd'"
	" LEFT JOIN LATERAL ("
	"  SELECT p.avg_width, p.n_distinct, p.most_common_vals::text AS common, p.histogram_bounds::text AS "
	"bounds"
	"  FROM pg_catalog.pg_stats p"
	"  WHERE p.schemaname = col.nspname AND p.tablename = col.relname AND p.attname = col.attname"
	"  ORDER BY p.inherited DESC LIMIT 1) s ON true"
	" ORDER BY col.attrelid, col.attnum";

/* The primary key, else the shortest unique key that cannot be null. */
static const char keys_sql[] =
	"SELECT k.indrelid, u.attnum, u.position FROM pg_catalog.unnest($1::oid[]) o(oid)"
	" CROSS JOIN LATERAL ("
	"  SELECT i.indrelid, i.indkey, i.indnkeyatts FROM pg_catalog.pg_index i"
	"  WHERE i.indrelid = o.oid AND i.indisunique AND i.indisvalid AND i.indimmediate"
	"   AND i.indpred IS NULL AND i.indexprs IS NULL AND NOT EXISTS ("
	"    SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = o.oid AND " MAY_BE_NULL
	"     AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))"
	"  ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid LIMIT 1) k"
	" CROSS JOIN LATERAL pg_catalog.unnest(k.indkey::int2[]) WITH ORDINALITY u(attnum, position)"
	" WHERE u.position <= k.indnkeyatts ORDER BY k.indrelid, u.position";

static const char foreign_keys_sql[] =
	"SELECT f.conrelid, a.attname, n.nspname, c.relname, r.attname FROM pg_catalog.pg_constraint f"
	" JOIN pg_catalog.pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]"
	" JOIN pg_catalog.pg_class c ON c.oid = f.confrelid"
	" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	" JOIN pg_catalog.pg_attribute r ON r.attrelid = f.confrelid AND r.attnum = f.confkey[1]"
	" WHERE f.conrelid = ANY ($1::oid[]) AND f.contype = 'f' AND pg_catalog.array_length(f.conkey, 1) = 1"
	" ORDER BY f.conrelid, f.conkey[1], f.conname";

void tr_relation_free(struct tr_relation *r)
{
	if (!r)
		return;
	struct holder *h = (struct holder *)r;
	free(r->columns);
	free(r->foreign_keys);
	tr_arena_clear(&h->arena);
	free(h);
}

/* ---- rows of the answers ---- */

/* A column's text copied; NULL stays NULL. False only where memory ran out. */
static bool copy_cell(struct holder *h, const struct tr_pg_result *q, int row, int column, char **out,
	struct tr_err *err)
{
	const char *text = tr_pg_cell(q, row, column);
	*out = NULL;
	return !text || (*out = tr_arena_strdup(&h->arena, text, err));
}

static const char *cell(const struct tr_pg_result *q, int row, int column)
{
	const char *text = tr_pg_cell(q, row, column);
	return text ? text : "";
}

static bool is_true(const struct tr_pg_result *q, int row, int column)
{
	return cell(q, row, column)[0] == 't';
}

static uint32_t oid_of(const struct tr_pg_result *q, int row, int column)
{
	return (uint32_t)strtoul(cell(q, row, column), NULL, 10);
}

static bool fill_relation(struct holder *h, const struct tr_pg_result *q, int row, struct tr_err *err)
{
	struct tr_relation *r = &h->r;
	r->oid = oid_of(q, row, 0);
	r->kind = cell(q, row, 3)[0];
	r->is_populated = is_true(q, row, 4);
	r->row_security = is_true(q, row, 5);
	r->can_select = is_true(q, row, 6);
	r->rows = strtod(cell(q, row, 7), NULL);
	r->bytes = strtoll(cell(q, row, 8), NULL, 10);
	r->pages = strtoll(cell(q, row, 9), NULL, 10);
	return copy_cell(h, q, row, 1, &r->schema, err) && copy_cell(h, q, row, 2, &r->name, err) &&
		copy_cell(h, q, row, 10, &r->comment, err);
}

static char *no_privilege(struct tr_pg *pg, struct holder *h, const char *column, struct tr_err *err)
{
	struct tr_str s;
	tr_str_init(&s, 4096);
	tr_str_addf(&s, "column `%s` may not be read by this user: GRANT SELECT (", column);
	tr_str_add_ident(&s, column);
	tr_str_add(&s, ") ON ");
	tr_str_add_ident(&s, h->r.schema);
	tr_str_addc(&s, '.');
	tr_str_add_ident(&s, h->r.name);
	tr_str_add(&s, " TO ");
	tr_str_add_ident(&s, tr_pg_user(pg));
	tr_str_add(&s, "; or leave it out");
	char *why = tr_str_ok(&s, err) ? tr_arena_strndup(&h->arena, s.ptr, s.len, err) : NULL;
	tr_str_clear(&s);
	return why;
}

static bool add_column(struct tr_pg *pg, struct holder *h, const struct tr_pg_result *q, int row,
	struct tr_err *err)
{
	struct tr_relation *r = &h->r;
	if (!tr_array_grow((void **)&r->columns, r->n_columns, &h->column_cap, sizeof *r->columns, err))
		return false;
	struct tr_source_column *c = &r->columns[r->n_columns];
	*c = (struct tr_source_column){
		.attnum = atoi(cell(q, row, 1)),
		.not_null = is_true(q, row, 4),
		.generated = is_true(q, row, 14),
		.avg_width = atoi(cell(q, row, 11)),
		.n_distinct = strtod(cell(q, row, 12), NULL),
	};
	if (!copy_cell(h, q, row, 2, &c->name, err) || !copy_cell(h, q, row, 3, &c->pg_type, err) ||
		!copy_cell(h, q, row, 10, &c->comment, err))
		return false;
	struct tr_pg_type type = {
		.oid = oid_of(q, row, 5),
		.typmod = atoi(cell(q, row, 6)),
		.typtype = cell(q, row, 7)[0],
		.name = cell(q, row, 8),
		.numeric_digits = tr_pg_cell(q, row, 13),
	};
	if (!tr_column_map(c, &type, &h->arena, err))
		return false;
	if (!is_true(q, row, 9)) {
		c->supported = false;
		c->why = no_privilege(pg, h, c->name, err);
		if (!c->why)
			return false;
	}
	r->n_columns++;
	return true;
}

static bool add_key(struct tr_pg *pg, struct holder *h, const struct tr_pg_result *q, int row,
	struct tr_err *err)
{
	(void)pg;
	(void)err;
	int attnum = atoi(cell(q, row, 1));
	for (size_t i = 0; i < h->r.n_columns; i++)
		if (h->r.columns[i].attnum == attnum)
			h->r.columns[i].key_position = atoi(cell(q, row, 2));
	return true;
}

static bool add_foreign_key(struct tr_pg *pg, struct holder *h, const struct tr_pg_result *q, int row,
	struct tr_err *err)
{
	(void)pg;
	struct tr_relation *r = &h->r;
	if (!tr_array_grow((void **)&r->foreign_keys, r->n_foreign_keys, &h->key_cap, sizeof *r->foreign_keys,
		    err))
		return false;
	struct tr_foreign_key *k = &r->foreign_keys[r->n_foreign_keys];
	if (!copy_cell(h, q, row, 1, &k->column, err) || !copy_cell(h, q, row, 2, &k->ref_schema, err) ||
		!copy_cell(h, q, row, 3, &k->ref_table, err) || !copy_cell(h, q, row, 4, &k->ref_column, err))
		return false;
	r->n_foreign_keys++;
	return true;
}

/* Run a query whose first column is the relation's oid, in order, and give each row to its
 * relation. */
static bool distribute(struct tr_pg *pg, const char *sql, const char *oids, struct tr_relation **relations,
	size_t n,
	bool (*add)(struct tr_pg *, struct holder *, const struct tr_pg_result *, int, struct tr_err *),
	struct tr_err *err)
{
	struct tr_pg_result *q = NULL;
	if (!tr_pg_query(pg, sql, &oids, 1, &q, err))
		return false;
	bool ok = true;
	size_t at = 0;
	for (int row = 0; ok && row < tr_pg_rows(q); row++) {
		uint32_t oid = oid_of(q, row, 0);
		while (at < n && relations[at]->oid < oid)
			at++;
		if (at < n && relations[at]->oid == oid)
			ok = add(pg, (struct holder *)relations[at], q, row, err);
	}
	tr_pg_result_free(q);
	return ok;
}

static bool load_relations(struct tr_pg *pg, const char *oids, struct tr_relation ***out, size_t *n,
	struct tr_err *err)
{
	struct tr_pg_result *q = NULL;
	if (!tr_pg_query(pg, relations_sql, &oids, 1, &q, err))
		return false;
	int rows = tr_pg_rows(q);
	bool ok = (*out = tr_calloc((size_t)rows, sizeof **out, err)) != NULL;
	for (int row = 0; ok && row < rows; row++) {
		struct holder *h = tr_calloc(1, sizeof *h, err);
		ok = h != NULL;
		if (!ok)
			break;
		tr_arena_init(&h->arena, ARENA_MAX);
		(*out)[(*n)++] = &h->r;
		ok = fill_relation(h, q, row, err);
	}
	tr_pg_result_free(q);
	return ok;
}

bool tr_relation_catalog(struct tr_pg *pg, const char *oids, struct tr_relation ***out, size_t *n,
	struct tr_err *err)
{
	struct tr_relation **relations = NULL;
	size_t found = 0;
	if (!load_relations(pg, oids, &relations, &found, err) ||
		!distribute(pg, columns_sql, oids, relations, found, add_column, err) ||
		!distribute(pg, keys_sql, oids, relations, found, add_key, err) ||
		!distribute(pg, foreign_keys_sql, oids, relations, found, add_foreign_key, err)) {
		for (size_t i = 0; i < found; i++)
			tr_relation_free(relations[i]);
		free(relations);
		return false;
	}
	*out = relations;
	*n = found;
	return true;
}
