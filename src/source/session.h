/*
 * A session with the source: up to `max_connections` connections that all see one
 * exported snapshot. The first one exports it and must live as long as the session;
 * it reads like the others. Every transaction is READ ONLY, REPEATABLE READ, with
 * SET LOCAL timeouts, row_security off (unless accepted), UTC, ISO dates, and no
 * parallel workers: Postgres is production.
 */
#ifndef TR_SOURCE_SESSION_H
#define TR_SOURCE_SESSION_H

#include "base/emit.h"
#include "source/relation.h"

struct tr_session_options {
	const char *conninfo;
	const struct tr_pg_login *login; /* borrowed while the session is open; may be NULL */
	const char *run_id;              /* for application_name `tailrace/<run id>` */
	int max_connections;             /* >= 1 */
	int64_t lock_timeout_ms;         /* 0: 10,000 */
	int64_t statement_timeout_ms;    /* 0: none */
	uint64_t rate_bytes_per_s;       /* all scans together; 0: unlimited */
	bool accept_row_security;
	const struct tr_cancel *cancel;
};

struct tr_snapshot {
	char id[64];         /* pg_export_snapshot() */
	char xmin_xmax[256]; /* pg_current_snapshot() */
	char lsn[32];        /* read just before it; the replay LSN on a standby; "": not told */
	int64_t time_us;     /* the server's clock at the snapshot */
	bool standby;
	int server_version;
};

struct tr_session;
bool tr_session_open(const struct tr_session_options *options, struct tr_session **out,
	struct tr_err *err) TR_CHECKED;
/* Give the snapshot back: every connection is closed, no stream may be open. What
 * tr_session_snapshot says stays. Safe to repeat. */
void tr_session_end(struct tr_session *s);
/* Every stream of the session has been released before. */
void tr_session_close(struct tr_session *s);
const struct tr_snapshot *tr_session_snapshot(const struct tr_session *s);
/* The keeper's connection, for catalog queries while no scan uses it. */
struct tr_pg *tr_session_keeper(struct tr_session *s);

/* One COPY: some columns of a relation, perhaps of a range of its pages. */
struct tr_scan {
	const struct tr_relation *relation; /* borrowed until the stream is released */
	const int *columns;                 /* indices into relation->columns; copied */
	size_t n_columns;                   /* 0: rows are counted, each an empty struct */
	const char *where;                  /* SQL condition, or NULL */
	/* Pages [first_page, end_page) by ctid, for a relation with pages > 0. Where end_page is
	 * relation->pages the range is open: it has the pages that were added since. */
	bool ranged;
	int64_t first_page, end_page;
	bool special_to_null;
	struct { /* counters to add to; may be NULL */
		_Atomic uint64_t *rows, *bytes;
	} progress;
};

/* A stream of the scan's columns (Postgres's names, the relation's types). It takes a
 * connection at its first batch (waiting for one if all are in use: callers keep the
 * number of open streams within max_connections) and gives it back at the end. */
bool tr_session_scan(struct tr_session *s, const struct tr_scan *scan, struct ArrowArrayStream *out,
	struct tr_err *err) TR_CHECKED;
/* The COPY statement of a scan, for `check`; free() it. */
char *tr_scan_sql(const struct tr_scan *scan, struct tr_err *err) TR_CHECKED;

#endif
