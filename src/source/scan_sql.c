#include "source/scan_sql.h"

#include <inttypes.h>
#include <string.h>

#define SQL_MAX ((size_t)1 << 20)

/* ctid's page numbers are 32 bits. */
#define PAGE_MAX INT64_C(0xFFFFFFFF)

static void add_name(struct tr_str *s, const struct tr_relation *r)
{
	tr_str_add_ident(s, r->schema);
	tr_str_addc(s, '.');
	tr_str_add_ident(s, r->name);
}

static void add_from(struct tr_str *s, const struct tr_scan *scan)
{
	tr_str_add(s, " FROM ");
	add_name(s, scan->relation);
	const char *glue = " WHERE ";
	if (scan->where) {
		/* A line of its own, so that a comment at its end does not swallow the rest. */
		tr_str_addf(s, "%s(%s\n)", glue, scan->where);
		glue = " AND ";
	}
	if (scan->ranged && scan->first_page > 0) {
		tr_str_addf(s, "%sctid >= '(%" PRId64 ",0)'", glue, scan->first_page);
		glue = " AND ";
	}
	/* Pages that were added since the relation was looked at belong to the last range. */
	if (scan->ranged && scan->end_page < scan->relation->pages)
		tr_str_addf(s, "%sctid < '(%" PRId64 ",0)'", glue, scan->end_page);
}

static void add_columns(struct tr_str *s, const struct tr_scan *scan)
{
	for (size_t i = 0; i < scan->n_columns; i++) {
		tr_str_add(s, i ? ", " : " ");
		tr_str_add(s, scan->relation->columns[scan->columns[i]].select);
	}
}

/* Is every column sent as it is stored? COPY of a table refuses the generated ones. */
static bool is_plain(const struct tr_scan *scan)
{
	struct tr_str name;
	bool plain = true;
	tr_str_init(&name, SQL_MAX);
	for (size_t i = 0; i < scan->n_columns && plain; i++) {
		const struct tr_source_column *c = &scan->relation->columns[scan->columns[i]];
		tr_str_clear(&name);
		tr_str_add_ident(&name, c->name);
		plain = !c->generated && name.ptr && strcmp(name.ptr, c->select) == 0;
	}
	tr_str_clear(&name);
	return plain;
}

/* A table without children (pages is 0 for the others), read as a whole: COPY of the table
 * itself passes the executor by, which costs the server a tenth to a seventh less. */
static bool is_whole_table(const struct tr_scan *scan)
{
	return scan->relation->kind == 'r' && scan->relation->pages > 0 && !scan->ranged && !scan->where &&
		scan->n_columns > 0 && is_plain(scan);
}

char *tr_scan_sql(const struct tr_scan *scan, struct tr_err *err)
{
	if (scan->ranged &&
		(scan->first_page < 0 || scan->end_page < scan->first_page || scan->end_page > PAGE_MAX)) {
		tr_err_set(err, TR_ERR_INTERNAL, "a scan of pages %" PRId64 " to %" PRId64 " of `%s`",
			scan->first_page, scan->end_page, scan->relation->name);
		return NULL;
	}
	struct tr_str s;
	tr_str_init(&s, SQL_MAX);
	bool whole = is_whole_table(scan);
	tr_str_add(&s, "COPY ");
	if (whole) {
		add_name(&s, scan->relation);
		tr_str_add(&s, " (");
	} else {
		tr_str_add(&s, "(SELECT");
	}
	add_columns(&s, scan);
	if (!whole)
		add_from(&s, scan);
	tr_str_add(&s, ") TO STDOUT (FORMAT binary)");
	char *sql = tr_str_take(&s, err);
	tr_str_clear(&s);
	return sql;
}

char *tr_scan_explain_sql(const struct tr_scan *scan, bool once_more, struct tr_err *err)
{
	struct tr_str s;
	tr_str_init(&s, SQL_MAX);
	tr_str_add(&s, "EXPLAIN SELECT");
	add_columns(&s, scan);
	if (once_more && scan->where)
		tr_str_addf(&s, "%s CASE WHEN %s\n THEN 1 END", scan->n_columns ? "," : "", scan->where);
	add_from(&s, scan);
	char *sql = tr_str_take(&s, err);
	tr_str_clear(&s);
	return sql;
}

/* The column at a position of the key, or NULL. */
static const struct tr_source_column *key_column(const struct tr_relation *r, int position)
{
	for (size_t i = 0; i < r->n_columns; i++)
		if (r->columns[i].key_position == position)
			return &r->columns[i];
	return NULL;
}

char *tr_scan_key_sql(const struct tr_scan *scan, struct tr_err *err)
{
	const struct tr_relation *r = scan->relation;
	const struct tr_source_column *key;
	struct tr_str s;
	tr_str_init(&s, SQL_MAX);
	tr_str_add(&s, "DECLARE tailrace_row NO SCROLL CURSOR FOR SELECT");
	for (int position = 1; (key = key_column(r, position)); position++) {
		tr_str_add(&s, position > 1 ? ", " : " ");
		tr_str_add_ident(&s, key->name);
		tr_str_add(&s, "::text");
	}
	/* The scan's own columns take part, so that the planner comes to the same order of rows,
	 * but are not sent: one of them may be what cannot be. */
	for (size_t i = 0; i < scan->n_columns; i++)
		tr_str_addf(&s, ", (%s) IS NULL", r->columns[scan->columns[i]].select);
	add_from(&s, scan);
	char *sql = tr_str_take(&s, err);
	tr_str_clear(&s);
	return sql;
}
