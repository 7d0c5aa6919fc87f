#include "source/scan_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "source/scan_sql.h"

/* Index of the column at a position of the key, -1 if there is none. */
static int key_column(const struct tr_relation *r, int position)
{
	for (size_t i = 0; i < r->n_columns; i++)
		if (r->columns[i].key_position == position)
			return (int)i;
	return -1;
}

static void add_value(struct tr_str *s, const char *column, const char *value)
{
	tr_str_addf(s, "%s%s=%s", s->len ? ", " : "", column, value);
}

/* True if there is a text. */
static bool finish(struct tr_str *s, char *buf)
{
	bool ok = !s->failed && s->len > 0;
	if (ok)
		tr_copy_text(buf, TR_SCAN_ROW_TEXT, s->ptr);
	tr_str_clear(s);
	return ok;
}

static bool describe_field(const struct tr_scan *scan, const struct tr_pgcopy *decoder, int column, char *buf,
	size_t size)
{
	for (size_t i = 0; i < scan->n_columns; i++) {
		const void *bytes;
		size_t n;
		if (scan->columns[i] == column)
			return tr_pgcopy_bad_field(decoder, i, &bytes, &n) && bytes &&
				tr_pgcopy_describe(scan->relation->columns[column].wire, bytes, n, buf, size);
	}
	return false;
}

bool tr_scan_row_from_bytes(const struct tr_scan *scan, const struct tr_pgcopy *decoder, char *buf)
{
	struct tr_str s;
	tr_str_init(&s, 16384);
	int column;
	for (int position = 1; (column = key_column(scan->relation, position)) >= 0; position++) {
		char value[300];
		if (!describe_field(scan, decoder, column, value, sizeof value)) {
			tr_str_clear(&s);
			return false;
		}
		add_value(&s, scan->relation->columns[column].name, value);
	}
	return finish(&s, buf);
}

bool tr_scan_row_by_number(const struct tr_scan *scan, struct tr_pg *pg, int64_t row, char *buf)
{
	if (key_column(scan->relation, 1) < 0)
		return false;
	/* What goes wrong here only costs the row's name: the scan's own error stands. */
	struct tr_err ignored = { 0 };
	struct tr_pg_result *q = NULL;
	struct tr_str s;
	tr_str_init(&s, 16384);
	char move[80];
	snprintf(move, sizeof move, "MOVE FORWARD %" PRId64 " IN tailrace_row", row);
	char *declare = tr_scan_key_sql(scan, &ignored);
	/* A cursor is planned for its first rows; 1.0 plans it for all of them, as COPY is. */
	bool ok = declare && tr_pg_exec(pg, "SET LOCAL cursor_tuple_fraction = 1.0", &ignored) &&
		tr_pg_exec(pg, declare, &ignored) && tr_pg_exec(pg, move, &ignored) &&
		tr_pg_query(pg, "FETCH 1 IN tailrace_row", NULL, 0, &q, &ignored) && tr_pg_rows(q) == 1;
	int column;
	for (int position = 1; ok && (column = key_column(scan->relation, position)) >= 0; position++) {
		const char *value = tr_pg_cell(q, 0, position - 1);
		add_value(&s, scan->relation->columns[column].name, value ? value : "null");
	}
	free(declare);
	tr_pg_result_free(q);
	return finish(&s, buf) && ok;
}
