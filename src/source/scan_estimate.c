#include "source/scan_estimate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/scan_sql.h"

#define LOCK_TIMEOUT_MS 10000
/* The planner guesses up to 1e100 rows, of a join without a condition for one: beyond this the
 * number says no more, and rows times bytes stays within 64 bits. */
#define ROWS_MAX 1e11
#define WIDTH_MAX 1000000
#define INT_WIDTH 4

/* `Seq Scan on orders  (cost=0.00..35.50 rows=2550 width=12)`: the plan's first line. */
static bool parse(const char *line, struct tr_scan_estimate *out)
{
	const char *figures = line ? strstr(line, "  (cost=") : NULL;
	const char *rows = figures ? strstr(figures, " rows=") : NULL;
	const char *width = rows ? strstr(rows, " width=") : NULL;
	if (!width)
		return false;
	out->rows = strtod(rows + strlen(" rows="), NULL);
	out->width = strtoll(width + strlen(" width="), NULL, 10);
	out->rows = out->rows >= 0 && out->rows < ROWS_MAX ? out->rows : ROWS_MAX;
	out->width = out->width >= 0 && out->width < WIDTH_MAX ? out->width : WIDTH_MAX;
	return true;
}

static bool explain(struct tr_pg *pg, const struct tr_scan *scan, bool once_more,
	struct tr_scan_estimate *out, struct tr_err *err)
{
	struct tr_pg_result *plan = NULL;
	char *sql = tr_scan_explain_sql(scan, once_more, err);
	/* With parameters, if none: the protocol then takes one statement only. */
	bool ok = sql && tr_pg_query(pg, sql, NULL, 0, &plan, err);
	if (ok && (tr_pg_rows(plan) == 0 || !parse(tr_pg_cell(plan, 0, 0), out)))
		ok = tr_err_set(err, TR_ERR_INTERNAL, "the server's plan for %s.%s has no estimate",
			scan->relation->schema, scan->relation->name);
	if (ok && once_more && scan->where)
		out->width = out->width > INT_WIDTH ? out->width - INT_WIDTH : 0;
	tr_pg_result_free(plan);
	free(sql);
	return ok;
}

static bool ask(struct tr_pg *pg, const struct tr_scan *scan, bool once_more, int64_t lock_timeout_ms,
	struct tr_scan_estimate *out, struct tr_err *err)
{
	char begin[128];
	struct tr_err ignored = { 0 };
	snprintf(begin, sizeof begin, "BEGIN READ ONLY; SET LOCAL lock_timeout = %" PRId64,
		lock_timeout_ms ? lock_timeout_ms : LOCK_TIMEOUT_MS);
	if (!tr_pg_exec(pg, begin, err))
		return false;
	bool ok = explain(pg, scan, once_more, out, err);
	return tr_pg_exec(pg, "ROLLBACK", ok ? err : &ignored) && ok;
}

bool tr_scan_estimate(struct tr_pg *pg, const struct tr_scan *scan, int64_t lock_timeout_ms,
	struct tr_scan_estimate *out, struct tr_err *err)
{
	if (ask(pg, scan, true, lock_timeout_ms, out, err))
		return true;
	if (!scan->where || !strstr(err->detail, "SQLSTATE 42601"))
		return false;
	/* A syntax error: of the condition itself, told in words of the scan as it will be, or only
	 * where it stands for one expression? */
	tr_err_clear(err);
	if (!ask(pg, scan, false, lock_timeout_ms, out, err))
		return false;
	tr_err_set(err, TR_ERR_USER, "`where` of %s.%s is not one expression", scan->relation->schema,
		scan->relation->name);
	return tr_err_hint(err,
		"write one condition: each parenthesis in it closes in it, and a subquery has parentheses of "
		"its own");
}
