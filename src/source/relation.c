#include "source/relation.h"

#include <stdio.h>
#include <stdlib.h>

#include "data/name.h"
#include "source/relation_catalog.h"
#include "source/relation_name.h"

#define HINT_MAX 700

/* Both spellings of each part; the one as written is preferred. $1, $2 table; $3, $4 schema
 * or null for the search_path. */
static const char find_sql[] =
	"SELECT c.oid, n.nspname, c.relname, c.relkind, pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
	" FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	" WHERE c.relname IN ($1, $2) AND CASE WHEN $3::text IS NULL THEN "
	"pg_catalog.pg_table_is_visible(c.oid)"
	"  ELSE n.nspname IN ($3, $4) END"
	" ORDER BY n.nspname = $3 DESC, c.relname = $1 DESC LIMIT 1";

static const char others_sql[] = "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c"
				 " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
				 " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND "
				 "n.nspname <> 'information_schema'"
				 " ORDER BY 1, 2 LIMIT 20000";

static const char list_sql[] =
	"SELECT coalesce(pg_catalog.array_agg(c.oid ORDER BY c.oid), '{}') FROM pg_catalog.pg_class c"
	" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	" WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't'"
	" AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
	" AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
	" AND (pg_catalog.has_table_privilege(c.oid, 'SELECT') OR pg_catalog.has_any_column_privilege(c.oid, "
	"'SELECT'))"
	/* what an extension brings along is not the user's data */
	" AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = "
	"'pg_catalog.pg_class'::regclass"
	"  AND d.objid = c.oid AND d.deptype = 'e')";

int tr_relation_find(const struct tr_relation *r, const char *column)
{
	for (size_t i = 0; i < r->n_columns; i++)
		if (strcmp(r->columns[i].name, column) == 0)
			return (int)i;
	return -1;
}

/* SQL folds what is not quoted; Postgres folds ASCII only in UTF-8 databases. */
static void fold(const struct tr_relation_part *part, char *out)
{
	size_t i = 0;
	for (; part->name[i]; i++) {
		char c = part->name[i];
		out[i] = !part->quoted && c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	out[i] = '\0';
}

/* ---- nothing found ---- */

/* `schema.table` as it has to be written. */
static void spell(const char *schema, const char *table, char *buf, size_t size)
{
	const char *parts[] = { schema, table };
	struct tr_str s;
	tr_str_init(&s, size);
	for (int i = 0; i < 2; i++) {
		bool plain = tr_name_is_column(parts[i]);
		if (i == 1)
			tr_str_addc(&s, '.');
		if (plain)
			tr_str_add(&s, parts[i]);
		else
			tr_str_add_ident(&s, parts[i]);
	}
	tr_copy_text(buf, size, s.failed || !s.ptr ? table : s.ptr);
	tr_str_clear(&s);
}

/* The row of the relation with the closest name, -1 if none is close. With a schema the
 * whole is compared: a wrong schema and a wrong table are both found. */
static int closest(const struct tr_pg_result *q, const struct tr_relation_name *name, struct tr_err *err)
{
	int n = tr_pg_rows(q), found = -1;
	const char **candidates = tr_calloc((size_t)n, sizeof *candidates, err);
	struct tr_arena arena;
	tr_arena_init(&arena, (size_t)16 << 20);
	char wanted[600];
	bool whole = name->schema.name[0];
	snprintf(wanted, sizeof wanted, "%s%s%s", name->schema.name, whole ? "." : "", name->table.name);
	for (int i = 0; candidates && i < n; i++) {
		candidates[i] = whole
			? tr_arena_printf(&arena, err, "%s.%s", tr_pg_cell(q, i, 0), tr_pg_cell(q, i, 1))
			: tr_pg_cell(q, i, 1);
		if (!candidates[i])
			goto out;
	}
	if (candidates) {
		const char *best = tr_name_closest(wanted, candidates, (size_t)n);
		/* The same table under another schema is a likely slip, however far the names are. */
		for (int i = 0; !best && i < n; i++)
			if (strcmp(tr_pg_cell(q, i, 1), name->table.name) == 0)
				best = candidates[i];
		for (int i = 0; best && i < n && found < 0; i++)
			if (candidates[i] == best)
				found = i;
	}
out:
	free(candidates);
	tr_arena_clear(&arena);
	return found;
}

static bool not_found(struct tr_pg *pg, const char *text, const struct tr_relation_name *name,
	struct tr_err *err)
{
	struct tr_pg_result *q = NULL;
	if (!tr_pg_query(pg, others_sql, NULL, 0, &q, err))
		return false;
	int row = closest(q, name, err);
	tr_err_set(err, TR_ERR_USER, "no relation `%s` in %s", text, tr_pg_where(pg));
	if (row >= 0) {
		char spelled[300];
		spell(tr_pg_cell(q, row, 0), tr_pg_cell(q, row, 1), spelled, sizeof spelled);
		tr_err_hint(err, "did you mean `%s`?", spelled);
	} else if (tr_pg_rows(q) == 0) {
		tr_err_hint(err,
			"this database has no tables or views of its own: check the database's name in the "
			"URL");
	} else {
		tr_err_hint(err, "check its name and schema, and that the URL names the right database");
	}
	tr_pg_result_free(q);
	return false;
}

/* ---- found, but ---- */

static bool wrong_kind(const char *text, char kind, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER, "`%s` is %s, and only tables and views can be read", text,
		kind == 'S'                          ? "a sequence"
			: kind == 'i' || kind == 'I' ? "an index"
			: kind == 'c'                ? "a composite type"
						     : "a table of the server's own");
	return tr_err_hint(err,
		"name a table, a partitioned table, a view, a materialized view or a foreign table");
}

static bool no_grant(struct tr_pg *pg, const char *what, const char *on, const char *schema,
	const char *table, struct tr_err *err)
{
	struct tr_str s;
	tr_str_init(&s, HINT_MAX);
	tr_str_addf(&s, "ask its owner for: GRANT %s ON %s", what, on);
	tr_str_add_ident(&s, schema);
	if (table) {
		tr_str_addc(&s, '.');
		tr_str_add_ident(&s, table);
	}
	tr_str_add(&s, " TO ");
	tr_str_add_ident(&s, tr_pg_user(pg));
	tr_str_addc(&s, ';');
	tr_err_hint(err, "%s", s.failed || !s.ptr ? "ask its owner for a GRANT" : s.ptr);
	tr_str_clear(&s);
	return false;
}

static bool check_found(struct tr_pg *pg, const char *text, const struct tr_pg_result *q, struct tr_err *err)
{
	char kind = tr_pg_cell(q, 0, 3)[0];
	if (!strchr("rpvmf", kind))
		return wrong_kind(text, kind, err);
	if (tr_pg_cell(q, 0, 4)[0] != 't') {
		tr_err_set(err, TR_ERR_USER, "permission denied for schema `%s` of `%s`", tr_pg_cell(q, 0, 1),
			text);
		return no_grant(pg, "USAGE", "SCHEMA ", tr_pg_cell(q, 0, 1), NULL, err);
	}
	return true;
}

static bool check_loaded(struct tr_pg *pg, const char *text, const struct tr_relation *r, struct tr_err *err)
{
	if (r->can_select)
		return true;
	tr_err_set(err, TR_ERR_USER, "permission denied for `%s`: user `%s` may not read it", text,
		tr_pg_user(pg));
	return no_grant(pg, "SELECT", "", r->schema, r->name, err);
}

bool tr_relation_load(struct tr_pg *pg, const char *name, struct tr_relation **out, struct tr_err *err)
{
	struct tr_relation_name parsed;
	if (!tr_relation_name_parse(name, &parsed, err))
		return false;
	char table[sizeof parsed.table.name], schema[sizeof parsed.schema.name], oids[32];
	fold(&parsed.table, table);
	fold(&parsed.schema, schema);
	bool has_schema = parsed.schema.name[0];
	const char *params[] = { parsed.table.name, table, has_schema ? parsed.schema.name : NULL,
		has_schema ? schema : NULL };
	struct tr_pg_result *q = NULL;
	struct tr_relation **relations = NULL;
	size_t n = 0;
	bool ok = tr_pg_query(pg, find_sql, params, 4, &q, err);
	if (!ok)
		return false;
	if (tr_pg_rows(q) == 0)
		ok = not_found(pg, name, &parsed, err);
	else if ((ok = check_found(pg, name, q, err))) {
		snprintf(oids, sizeof oids, "{%s}", tr_pg_cell(q, 0, 0));
		ok = tr_relation_catalog(pg, oids, &relations, &n, err);
		if (ok && n == 0)
			ok = not_found(pg, name, &parsed, err);
	}
	if (ok && !(ok = check_loaded(pg, name, relations[0], err)))
		tr_relation_free(relations[0]);
	if (ok)
		*out = relations[0];
	free(relations);
	tr_pg_result_free(q);
	return ok;
}

static int by_name(const void *a, const void *b)
{
	const struct tr_relation *x = *(struct tr_relation *const *)a, *y = *(struct tr_relation *const *)b;
	int order = strcmp(x->schema, y->schema);
	return order ? order : strcmp(x->name, y->name);
}

bool tr_relation_list(struct tr_pg *pg, struct tr_relation ***out, size_t *n, struct tr_err *err)
{
	struct tr_pg_result *q = NULL;
	*n = 0;
	if (!tr_pg_query(pg, list_sql, NULL, 0, &q, err))
		return false;
	bool ok = tr_relation_catalog(pg, tr_pg_cell(q, 0, 0), out, n, err);
	if (ok)
		qsort(*out, *n, sizeof **out, by_name);
	tr_pg_result_free(q);
	return ok;
}
