/*
 * A connection to Postgres over libpq. Knows bytes and result rows, no catalog.
 * Every wait polls the socket beside the run's cancel descriptor and a deadline.
 * A password never appears in an error.
 */
#ifndef TR_IO_PG_H
#define TR_IO_PG_H

#include "base/cancel.h"
#include "base/mem.h"

struct tr_pg;
struct tr_pg_options {
	const char *conninfo; /* any libpq URL, key=value string or service */
	const char *application_name;
	int connect_timeout_s;          /* 0: 10 */
	const struct tr_cancel *cancel; /* borrowed; may be NULL */
};

/* Errors: host unknown or refusing (transient), wrong password or database (user), each
 * with a hint and without a secret. */
bool tr_pg_open(const struct tr_pg_options *options, struct tr_pg **out, struct tr_err *err) TR_CHECKED;
void tr_pg_close(struct tr_pg *pg);
int tr_pg_server_version(const struct tr_pg *pg); /* 150006 */
/* `host:port/database` without user's secrets, for messages; borrowed. */
const char *tr_pg_where(const struct tr_pg *pg);

/* A small result in text form. Cells are borrowed from it; NULL for SQL NULL. */
struct tr_pg_result;
bool tr_pg_query(struct tr_pg *pg, const char *sql, const char *const *params, int n_params,
	struct tr_pg_result **out, struct tr_err *err) TR_CHECKED;
bool tr_pg_exec(struct tr_pg *pg, const char *sql, struct tr_err *err) TR_CHECKED;
int tr_pg_rows(const struct tr_pg_result *r);
const char *tr_pg_cell(const struct tr_pg_result *r, int row, int column);
void tr_pg_result_free(struct tr_pg_result *r);

/* COPY ... TO STDOUT: start, then pieces until *n == 0 (the end, after which the
 * connection is idle again). A piece is borrowed until the next call. */
bool tr_pg_copy_start(struct tr_pg *pg, const char *sql, struct tr_err *err) TR_CHECKED;
bool tr_pg_copy_next(struct tr_pg *pg, const char **bytes, size_t *n, struct tr_err *err) TR_CHECKED;
/* Stop a running COPY or query at the server, and make the connection unusable. */
void tr_pg_cancel(struct tr_pg *pg);

#endif
