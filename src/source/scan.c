#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "data/stream.h"
#include "source/scan_row.h"
#include "source/session_pool.h"

/* Bytes between two looks at the throttle. */
#define THROTTLE_STEP ((uint64_t)65536)

/* A scan ends early without losing its transaction's snapshot: what is cancelled is
 * rolled back to here. */
#define START "SAVEPOINT tailrace_scan; "
#define UNDO "ROLLBACK TO SAVEPOINT tailrace_scan; RELEASE SAVEPOINT tailrace_scan"
#define DONE "RELEASE SAVEPOINT tailrace_scan"

struct scan_stream {
	struct tr_session *session;
	struct tr_scan scan; /* its columns and where are owned */
	struct tr_pgcopy *decoder;
	char *sql;
	struct tr_pg *pg; /* while it runs */
	bool ended;
	uint64_t unpaid;     /* bytes the throttle has not heard of */
	uint64_t unreported; /* bytes the progress counter has not heard of */
};

/* ---- the connection ---- */

static bool start(struct scan_stream *s, struct tr_err *err)
{
	if (!tr_session_take(s->session, &s->pg, err))
		return false;
	return tr_pg_copy_start(s->pg, s->sql, err);
}

static void give_back(struct scan_stream *s)
{
	if (s->pg)
		tr_session_give(s->session, s->pg);
	s->pg = NULL;
}

/* Bring the connection back to the state before the scan, or give it up. */
static bool undo(struct scan_stream *s)
{
	struct tr_err ignored = { 0 };
	bool ok = !tr_cancel_raised(tr_session_cancel(s->session)) && tr_pg_copy_stop(s->pg, &ignored);
	if (ok && !tr_pg_exec(s->pg, UNDO, &ignored)) {
		/* A cancel request may come late and hit this statement instead. */
		tr_err_clear(&ignored);
		ok = strcmp(tr_pg_sqlstate(s->pg), "57014") == 0 && tr_pg_exec(s->pg, UNDO, &ignored);
	}
	if (!ok)
		tr_pg_cancel(s->pg);
	return ok;
}

/* ---- errors ---- */

static void name_row(struct scan_stream *s, struct tr_err *err)
{
	char row[TR_SCAN_ROW_TEXT];
	int64_t number = tr_pgcopy_rows(s->decoder);
	/* What the server fails at before its first row may be any: it sorts or groups. But text
	 * that cannot be sent is of the row that it was about to send. */
	const char *refusal = tr_pg_sqlstate(s->pg);
	if (number == 0 && refusal[0] && strcmp(refusal, "22021") != 0 && strcmp(refusal, "22P05") != 0)
		return;
	bool named = tr_scan_row_from_bytes(&s->scan, s->decoder, row);
	if (!named && undo(s)) {
		struct tr_err ignored = { 0 };
		named = tr_pg_exec(s->pg, "SAVEPOINT tailrace_scan", &ignored) &&
			tr_scan_row_by_number(&s->scan, s->pg, number, row);
	}
	if (!named)
		snprintf(row, sizeof row, "%" PRId64 " of the scan", number + 1);
	tr_err_at_row(err, NULL, NULL, row);
}

/* Complete the error of a failed scan and let go of the connection. Returns false. */
static bool fail(struct scan_stream *s, struct tr_err *err)
{
	const struct tr_relation *r = s->scan.relation;
	char table[160];
	snprintf(table, sizeof table, "%.70s.%.70s", r->schema, r->name);
	tr_err_at_row(err, table, NULL, NULL);
	if (s->pg) {
		bool hidden = strcmp(tr_pg_sqlstate(s->pg), "42501") == 0 &&
			(r->row_security || strstr(err->what, "row-level security"));
		if (hidden)
			tr_err_hint(err,
				"row security hides rows from this user: set `source.row_security: accept` "
				"to read "
				"only the rows it may see, or use a role with BYPASSRLS");
		/* A backend that cannot write, as its reader is slow, is ended without a last word. */
		if (tr_pg_is_broken(s->pg) && !tr_pg_sqlstate(s->pg)[0] && err->kind == TR_ERR_TRANSIENT &&
			tr_session_snapshot(s->session)->standby)
			tr_err_hint(err,
				"perhaps the standby's replay ended a long read: try again, or raise "
				"max_standby_streaming_delay or set hot_standby_feedback there");
		if (err->kind == TR_ERR_DATA)
			name_row(s, err);
		if (!tr_pg_is_broken(s->pg))
			undo(s);
		give_back(s);
	}
	s->ended = true;
	return false;
}

/* ---- batches ---- */

static bool is_full(const struct tr_pgcopy *d)
{
	return tr_pgcopy_pending(d) >= TR_BATCH_ROWS || tr_pgcopy_memory(d) >= TR_BATCH_BYTES;
}

/* Pull until a batch is full or the COPY has ended. */
static bool pull(struct scan_stream *s, struct tr_err *err)
{
	while (!is_full(s->decoder)) {
		const char *bytes;
		size_t n;
		if (!tr_pg_copy_next(s->pg, &bytes, &n, err))
			return false;
		if (n == 0) {
			s->ended = true;
			return tr_pgcopy_finish(s->decoder, err) && tr_pg_exec(s->pg, DONE, err);
		}
		if (!tr_pgcopy_feed(s->decoder, bytes, n, err))
			return false;
		s->unreported += n;
		s->unpaid += n;
		if (s->unpaid >= THROTTLE_STEP) {
			if (!tr_throttle_take(tr_session_throttle(s->session), s->unpaid,
				    tr_session_cancel(s->session), err))
				return false;
			s->unpaid = 0;
		}
	}
	return true;
}

static void report(struct scan_stream *s, int64_t rows)
{
	if (s->scan.progress.rows)
		atomic_fetch_add(s->scan.progress.rows, (uint64_t)rows);
	if (s->scan.progress.bytes)
		atomic_fetch_add(s->scan.progress.bytes, s->unreported);
	s->unreported = 0;
}

/* What was NOT NULL when the run was planned is read as such: a plain field of typed C would
 * make a zero of a null. */
static bool check_nulls(struct scan_stream *s, const struct ArrowArray *batch, struct tr_err *err)
{
	for (size_t i = 0; i < s->scan.n_columns && !s->scan.special_to_null; i++) {
		const struct tr_source_column *c = &s->scan.relation->columns[s->scan.columns[i]];
		if (!c->not_null || batch->children[i]->null_count == 0)
			continue;
		tr_err_set(err, TR_ERR_TRANSIENT,
			"column `%s` holds a null, but was declared NOT NULL when the run was planned",
			c->name);
		tr_err_hint(err, "the table has changed meanwhile: run again");
		return tr_err_at_row(err, NULL, c->name, NULL);
	}
	return true;
}

static bool scan_next(void *self, struct ArrowArray *out, struct tr_err *err)
{
	struct scan_stream *s = self;
	memset(out, 0, sizeof *out);
	if (s->ended)
		return true;
	if (!s->pg && !start(s, err))
		return fail(s, err);
	if (!pull(s, err))
		return fail(s, err);
	if (s->ended)
		give_back(s);
	int64_t rows = tr_pgcopy_pending(s->decoder);
	report(s, rows);
	if (rows == 0)
		return true;
	if (!tr_pgcopy_take(s->decoder, out, err))
		return fail(s, err);
	if (check_nulls(s, out, err))
		return true;
	tr_batch_clear(out);
	return fail(s, err);
}

static void scan_free(void *self)
{
	struct scan_stream *s = self;
	if (s->pg) {
		undo(s);
		give_back(s);
	}
	tr_pgcopy_free(s->decoder);
	free((void *)(uintptr_t)s->scan.columns);
	free((void *)(uintptr_t)s->scan.where);
	free(s->sql);
	free(s);
}

static const struct tr_stream_ops scan_ops = { scan_next, scan_free };

/* ---- setting up ---- */

static bool make_decoder(struct scan_stream *s, struct tr_schema *schema, struct tr_err *err)
{
	const struct tr_scan *scan = &s->scan;
	struct tr_pgcopy_column *columns = tr_calloc(scan->n_columns, sizeof *columns, err);
	bool ok = columns != NULL;
	for (size_t i = 0; ok && i < scan->n_columns; i++) {
		const struct tr_source_column *c = &scan->relation->columns[scan->columns[i]];
		columns[i] = (struct tr_pgcopy_column){ c->name, c->wire, c->type, scan->special_to_null };
		if (!c->supported)
			ok = tr_err_set(err, TR_ERR_USER, "%s", c->why);
		else
			ok = tr_schema_add(schema, c->name, c->type, !c->not_null || scan->special_to_null,
				c->comment, err);
	}
	ok = ok && tr_pgcopy_new(columns, scan->n_columns, &s->decoder, err);
	free(columns);
	return ok;
}

static bool copy_scan(struct scan_stream *s, const struct tr_scan *scan, struct tr_err *err)
{
	s->scan = *scan;
	s->scan.where = NULL;
	int *columns = tr_calloc(scan->n_columns, sizeof *columns, err);
	s->scan.columns = columns;
	if (!columns || (scan->where && !(s->scan.where = tr_strdup(scan->where, err))))
		return false;
	if (scan->n_columns)
		memcpy(columns, scan->columns, scan->n_columns * sizeof *columns);
	char *copy = tr_scan_sql(scan, err);
	size_t size = copy ? strlen(START) + strlen(copy) + 1 : 0;
	s->sql = copy ? tr_malloc(size, err) : NULL;
	if (s->sql)
		snprintf(s->sql, size, "%s%s", START, copy);
	free(copy);
	return s->sql != NULL;
}

static bool check_populated(const struct tr_relation *r, struct tr_err *err)
{
	if (r->kind != 'm' || r->is_populated)
		return true;
	tr_err_set(err, TR_ERR_USER, "the materialized view `%s.%s` has not been populated", r->schema,
		r->name);
	return tr_err_hint(err, "run REFRESH MATERIALIZED VIEW \"%s\".\"%s\";", r->schema, r->name);
}

bool tr_session_scan(struct tr_session *session, const struct tr_scan *scan, struct ArrowArrayStream *out,
	struct tr_err *err)
{
	memset(out, 0, sizeof *out);
	if (!check_populated(scan->relation, err))
		return false;
	struct tr_schema schema;
	tr_schema_init(&schema);
	struct scan_stream *s = tr_calloc(1, sizeof *s, err);
	if (!s)
		return false;
	s->session = session;
	bool ok = copy_scan(s, scan, err) && make_decoder(s, &schema, err);
	if (ok)
		ok = tr_stream_init(out, &schema, &scan_ops, s, err);
	else
		scan_free(s);
	tr_schema_clear(&schema);
	return ok;
}
