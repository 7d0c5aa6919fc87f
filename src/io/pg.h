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
/* Where passwords come from that are made anew for each connection. */
struct tr_pg_login {
	/* *out is owned, a secret. Called by any thread. */
	bool (*password)(void *context, char **out, struct tr_err *err);
	void *context;
};

struct tr_pg_options {
	const char *conninfo; /* any libpq URL, key=value string or service */
	const char *application_name;
	int connect_timeout_s; /* 0: the conninfo's own connect_timeout, else 10; per host of a list */
	const struct tr_cancel *cancel;  /* borrowed; may be NULL */
	const struct tr_pg_login *login; /* NULL: the conninfo's own, ~/.pgpass, PGPASSWORD */
};

/* A setting of a conninfo, as it stands there; *out is owned, NULL where it is not given. */
bool tr_pg_conninfo_get(const char *conninfo, const char *setting, char **out, struct tr_err *err) TR_CHECKED;

/* Errors: host unknown or refusing (transient), wrong password or database (user), each
 * with a hint and without a secret. */
bool tr_pg_open(const struct tr_pg_options *options, struct tr_pg **out, struct tr_err *err) TR_CHECKED;
/* An open transaction is rolled back first, within two seconds. */
void tr_pg_close(struct tr_pg *pg);
int tr_pg_server_version(const struct tr_pg *pg); /* 150006 */
/* `host:port/database` without user's secrets, for messages; borrowed. */
const char *tr_pg_where(const struct tr_pg *pg);
/* The user that the connection was made as; borrowed. */
const char *tr_pg_user(const struct tr_pg *pg);
/* SQLSTATE of the last statement that the server refused, "" if there is none; borrowed. */
const char *tr_pg_sqlstate(const struct tr_pg *pg);
/* The connection is lost or was stopped: it can only be closed. */
bool tr_pg_is_broken(const struct tr_pg *pg);

/* A small result in text form. Cells are borrowed from it; NULL for SQL NULL. A refused
 * statement's error has a kind by its SQLSTATE (pg_error.c) and leaves the connection usable. */
struct tr_pg_result;
bool tr_pg_query(struct tr_pg *pg, const char *sql, const char *const *params, int n_params,
	struct tr_pg_result **out, struct tr_err *err) TR_CHECKED;
/* One or more statements, whose rows (if any) are dropped. */
bool tr_pg_exec(struct tr_pg *pg, const char *sql, struct tr_err *err) TR_CHECKED;
int tr_pg_rows(const struct tr_pg_result *r);
const char *tr_pg_cell(const struct tr_pg_result *r, int row, int column);
void tr_pg_result_free(struct tr_pg_result *r);

/* COPY ... TO STDOUT: start, then pieces until *n == 0 (the end, after which the
 * connection is idle again). A piece is borrowed until the next call. Statements without
 * rows may stand before the COPY (`SAVEPOINT s; COPY ...`). */
bool tr_pg_copy_start(struct tr_pg *pg, const char *sql, struct tr_err *err) TR_CHECKED;
bool tr_pg_copy_next(struct tr_pg *pg, const char **bytes, size_t *n, struct tr_err *err) TR_CHECKED;
/* End a running COPY before its end: cancel it at the server and read what is left of the
 * answer, within seconds. Afterwards the connection is idle; its transaction has failed
 * unless the COPY was done already. On failure the connection is broken. */
bool tr_pg_copy_stop(struct tr_pg *pg, struct tr_err *err) TR_CHECKED;
/* Stop a running COPY or query at the server, and make the connection unusable. */
void tr_pg_cancel(struct tr_pg *pg);

#endif
