#include "io/pg.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "io/pg_error.h"

#define CONNECT_TIMEOUT_S 10
/* For ending a statement at the server: reaching it, and hearing its last words. */
#define STOP_TIMEOUT_US INT64_C(10000000)
#define REACH_TIMEOUT_MS 2000
/* 300 us: at 200 MB/s some 60 KB, a third of what a local socket holds by default. */
#define COPY_REST_NS 300000
/* For ending a transaction before the connection is closed. */
#define ROLLBACK_TIMEOUT_US INT64_C(2000000)

struct tr_pg {
	PGconn *conn;
	const struct tr_cancel *cancel;
	char *piece; /* of COPY, to be freed at the next call */
	bool copying, broken;
	char sqlstate[6];
	char where[512];
};

struct tr_pg_result {
	PGresult *r;
};

/* ---- waiting ---- */

enum wait_result { WAIT_READY, WAIT_TIMEOUT, WAIT_CANCELLED };

/* Until the socket is ready for `events`; deadline in monotonic time, 0 for none. */
static enum wait_result wait_socket(int fd, short events, const struct tr_cancel *cancel, int64_t deadline_us)
{
	for (;;) {
		struct pollfd fds[2] = { { .fd = fd, .events = events },
			{ .fd = tr_cancel_fd(cancel), .events = POLLIN } };
		int timeout_ms = -1;
		if (deadline_us) {
			int64_t left = deadline_us - tr_clock_monotonic_us();
			if (left <= 0)
				return WAIT_TIMEOUT;
			timeout_ms = left > 3600000000 ? 3600000 : (int)(left / 1000) + 1;
		}
		int n = poll(fds, 2, timeout_ms);
		if (tr_cancel_raised(cancel))
			return WAIT_CANCELLED;
		if (n > 0 && fds[0].revents)
			return WAIT_READY;
	}
}

static bool lost(struct tr_pg *pg, const char *during, struct tr_err *err)
{
	pg->broken = true;
	return tr_pg_err_lost(pg->conn, pg->where, during, err);
}

static bool unusable(struct tr_pg *pg, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_TRANSIENT, "the connection to Postgres at %s is not usable any more",
		pg->where);
	return tr_err_hint(err, "run again");
}

/* Wait for more of an answer and take it in. */
static bool hear(struct tr_pg *pg, const char *during, int64_t deadline_us, struct tr_err *err)
{
	enum wait_result w =
		wait_socket(PQsocket(pg->conn), POLLIN, deadline_us ? NULL : pg->cancel, deadline_us);
	if (w == WAIT_CANCELLED) {
		tr_pg_cancel(pg);
		return tr_cancel_err(err);
	}
	if (w == WAIT_TIMEOUT || !PQconsumeInput(pg->conn))
		return lost(pg, during, err);
	return true;
}

/* ---- connecting ---- */

static void ignore_notice(void *context, const PGresult *r)
{
	(void)context;
	(void)r; /* libpq would print it */
}

/* How long the connection may take: `seconds` for each host of the list. */
static int64_t connect_deadline(const PQconninfoOption *options, int seconds)
{
	int hosts = 1, own = 0;
	for (const PQconninfoOption *o = options; o->keyword; o++) {
		if (o->val && (strcmp(o->keyword, "host") == 0 || strcmp(o->keyword, "hostaddr") == 0)) {
			int n = 1;
			for (const char *p = o->val; *p; p++)
				n += *p == ',';
			hosts = n > hosts ? n : hosts;
		}
		if (o->val && strcmp(o->keyword, "connect_timeout") == 0)
			own = atoi(o->val);
	}
	if (seconds <= 0)
		seconds = own > 0 ? own : CONNECT_TIMEOUT_S;
	return tr_clock_monotonic_us() + (int64_t)hosts * seconds * 1000000;
}

static void name_server(struct tr_pg *pg)
{
	const char *host = PQhost(pg->conn), *port = PQport(pg->conn), *db = PQdb(pg->conn);
	snprintf(pg->where, sizeof pg->where, "%s:%s/%s", host ? host : "", port ? port : "", db ? db : "");
}

static bool connect_timed_out(const struct tr_pg *pg, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_TRANSIENT, "Postgres at %s did not answer in time", pg->where);
	return tr_err_hint(err,
		"check host and port in the URL and that no firewall is in the way; "
		"connect_timeout=30 in the URL waits longer");
}

static bool connect_loop(struct tr_pg *pg, int64_t deadline_us, struct tr_err *err)
{
	if (PQstatus(pg->conn) == CONNECTION_BAD)
		return tr_pg_err_connect(pg->conn, pg->where, err);
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;
	while (state != PGRES_POLLING_OK) {
		if (state == PGRES_POLLING_FAILED)
			return tr_pg_err_connect(pg->conn, pg->where, err);
		enum wait_result w = wait_socket(PQsocket(pg->conn),
			state == PGRES_POLLING_READING ? POLLIN : POLLOUT, pg->cancel, deadline_us);
		if (w == WAIT_CANCELLED)
			return tr_cancel_err(err);
		if (w == WAIT_TIMEOUT)
			return connect_timed_out(pg, err);
		state = PQconnectPoll(pg->conn);
		name_server(pg); /* a list of hosts moves on */
	}
	return true;
}

/* Start it, with the login's password where there is one. */
static bool start(struct tr_pg *pg, const struct tr_pg_options *options, struct tr_err *err)
{
	char *password = NULL;
	if (options->login && !options->login->password(options->login->context, &password, err))
		return false;
	/* What stands before dbname gives way to the conninfo's own settings, the rest overrides. */
	const char *keys[] = { "keepalives_idle", "keepalives_interval", "keepalives_count", "dbname",
		"application_name", "client_encoding", password ? "password" : NULL, NULL };
	const char *values[] = { "30", "10", "6", options->conninfo, options->application_name, "UTF8",
		password, NULL };
	pg->conn = PQconnectStartParams(keys, values, 1);
	if (password)
		explicit_bzero(password, strlen(password));
	free(password);
	return pg->conn || tr_err_memory(err, 0);
}

bool tr_pg_open(const struct tr_pg_options *options, struct tr_pg **out, struct tr_err *err)
{
	PQconninfoOption *parsed = NULL;
	if (strchr(options->conninfo, '=') || strstr(options->conninfo, "://"))
		parsed = PQconninfoParse(options->conninfo, NULL);
	else
		parsed = PQconndefaults();
	if (!parsed || tr_pg_is_mistyped_url(options->conninfo)) {
		PQconninfoFree(parsed);
		return tr_pg_err_conninfo(options->conninfo, err);
	}
	int64_t deadline_us = connect_deadline(parsed, options->connect_timeout_s);
	PQconninfoFree(parsed);
	struct tr_pg *pg = tr_calloc(1, sizeof *pg, err);
	if (!pg)
		return false;
	pg->cancel = options->cancel;
	if (!start(pg, options, err))
		goto fail;
	name_server(pg);
	PQsetNoticeReceiver(pg->conn, ignore_notice, NULL);
	PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE);
	if (!connect_loop(pg, deadline_us, err))
		goto fail;
	PQsetErrorVerbosity(pg->conn, PQERRORS_DEFAULT);
	*out = pg;
	return true;
fail:
	tr_pg_close(pg);
	return false;
}

bool tr_pg_conninfo_get(const char *conninfo, const char *setting, char **out, struct tr_err *err)
{
	PQconninfoOption *parsed = PQconninfoParse(conninfo, NULL);
	bool ok = parsed || tr_pg_err_conninfo(conninfo, err);
	*out = NULL;
	for (const PQconninfoOption *o = parsed; ok && o->keyword; o++)
		if (o->val && o->val[0] && strcmp(o->keyword, setting) == 0)
			ok = (*out = tr_strdup(o->val, err)) != NULL;
	PQconninfoFree(parsed);
	return ok;
}

int tr_pg_server_version(const struct tr_pg *pg)
{
	return PQserverVersion(pg->conn);
}

const char *tr_pg_where(const struct tr_pg *pg)
{
	return pg->where;
}

const char *tr_pg_user(const struct tr_pg *pg)
{
	return PQuser(pg->conn);
}

const char *tr_pg_sqlstate(const struct tr_pg *pg)
{
	return pg->sqlstate;
}

bool tr_pg_is_broken(const struct tr_pg *pg)
{
	return pg->broken;
}

/* ---- statements ---- */

/* The next result; NULL at the end of the answer. */
static bool next_result(struct tr_pg *pg, int64_t deadline_us, PGresult **out, struct tr_err *err)
{
	while (PQisBusy(pg->conn))
		if (!hear(pg, "while it worked on a query", deadline_us, err))
			return false;
	*out = PQgetResult(pg->conn);
	return true;
}

static bool refused(struct tr_pg *pg, const PGresult *r, const char *during, struct tr_err *err)
{
	const char *sqlstate = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	if (!sqlstate)
		return lost(pg, during, err);
	tr_copy_text(pg->sqlstate, sizeof pg->sqlstate, sqlstate);
	if (PQstatus(pg->conn) == CONNECTION_BAD)
		pg->broken = true;
	return tr_pg_err_result(r, err);
}

/* Read an answer to its end. The last rows go to *keep (may be NULL); the first refusal to err. */
static bool read_answer(struct tr_pg *pg, int64_t deadline_us, PGresult **keep, struct tr_err *err)
{
	bool ok = true;
	struct tr_err ignored = { 0 };
	for (;;) {
		PGresult *r;
		/* A server that ends the connection says why first: that is the error, not the loss. */
		if (!next_result(pg, deadline_us, &r, ok ? err : &ignored))
			return false;
		if (!r)
			return ok;
		ExecStatusType status = PQresultStatus(r);
		if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
			ok = refused(pg, r, "while it worked on a query", ok ? err : &ignored);
			if (pg->broken) {
				PQclear(r);
				return false;
			}
		} else if (keep && status == PGRES_TUPLES_OK) {
			PQclear(*keep);
			*keep = r;
			continue;
		}
		PQclear(r);
	}
}

static bool send_query(struct tr_pg *pg, const char *sql, const char *const *params, int n_params,
	struct tr_err *err)
{
	if (pg->broken)
		return unusable(pg, err);
	if (pg->copying)
		return tr_err_set(err, TR_ERR_INTERNAL, "a query on a connection that is busy with a COPY");
	pg->sqlstate[0] = '\0';
	if (tr_cancel_raised(pg->cancel))
		return tr_cancel_err(err);
	int sent = n_params < 0 ? PQsendQuery(pg->conn, sql)
				: PQsendQueryParams(pg->conn, sql, n_params, NULL, params, NULL, NULL, 0);
	return sent ? true : lost(pg, "before a query", err);
}

bool tr_pg_query(struct tr_pg *pg, const char *sql, const char *const *params, int n_params,
	struct tr_pg_result **out, struct tr_err *err)
{
	PGresult *r = NULL;
	struct tr_pg_result *result = NULL;
	if (!send_query(pg, sql, params, n_params, err) || !read_answer(pg, 0, &r, err))
		goto fail;
	if (!r) {
		tr_err_set(err, TR_ERR_INTERNAL, "a query gave no rows: %.200s", sql);
		goto fail;
	}
	result = tr_calloc(1, sizeof *result, err);
	if (!result)
		goto fail;
	result->r = r;
	*out = result;
	return true;
fail:
	PQclear(r);
	return false;
}

bool tr_pg_exec(struct tr_pg *pg, const char *sql, struct tr_err *err)
{
	return send_query(pg, sql, NULL, -1, err) && read_answer(pg, 0, NULL, err);
}

int tr_pg_rows(const struct tr_pg_result *r)
{
	return PQntuples(r->r);
}

const char *tr_pg_cell(const struct tr_pg_result *r, int row, int column)
{
	return PQgetisnull(r->r, row, column) ? NULL : PQgetvalue(r->r, row, column);
}

void tr_pg_result_free(struct tr_pg_result *r)
{
	if (!r)
		return;
	PQclear(r->r);
	free(r);
}

/* A pooler throws the server's connection away where its client leaves within a transaction. */
static void end_transaction(struct tr_pg *pg)
{
	PGTransactionStatusType status = PQtransactionStatus(pg->conn);
	if (pg->broken || (status != PQTRANS_INTRANS && status != PQTRANS_INERROR))
		return;
	struct tr_err ignored = { 0 };
	if (PQsendQuery(pg->conn, "ROLLBACK") &&
		!read_answer(pg, tr_clock_monotonic_us() + ROLLBACK_TIMEOUT_US, NULL, &ignored))
		tr_err_clear(&ignored); /* the server ends it when the connection is gone */
}

void tr_pg_close(struct tr_pg *pg)
{
	if (!pg)
		return;
	if (pg->piece)
		PQfreemem(pg->piece);
	end_transaction(pg);
	PQfinish(pg->conn);
	free(pg);
}

/* ---- COPY ---- */

/* The server sends pieces of 8 KB and, while we sleep on the socket, wakes us for each. A short
 * rest where nothing is there yet lets several come before the next look: fewer wake-ups on both
 * sides are worth a tenth of a copy's time (docs/benchmarks.md), and no buffer is full so soon. */
static void rest(const struct tr_pg *pg)
{
	struct pollfd socket = { .fd = PQsocket(pg->conn), .events = POLLIN };
	struct pollfd cancel = { .fd = tr_cancel_fd(pg->cancel), .events = POLLIN };
	struct timespec length = { .tv_nsec = COPY_REST_NS };
	if (poll(&socket, 1, 0) == 0)
		ppoll(&cancel, 1, &length, NULL);
}

bool tr_pg_copy_start(struct tr_pg *pg, const char *sql, struct tr_err *err)
{
	if (!send_query(pg, sql, NULL, -1, err))
		return false;
	for (;;) {
		PGresult *r;
		if (!next_result(pg, 0, &r, err))
			return false;
		if (!r)
			return tr_err_set(err, TR_ERR_INTERNAL, "a COPY statement did not start: %.200s",
				sql);
		ExecStatusType status = PQresultStatus(r);
		bool ok = status == PGRES_COPY_OUT || status == PGRES_COMMAND_OK;
		if (!ok)
			refused(pg, r, "before the first row", err);
		PQclear(r);
		if (!ok) {
			struct tr_err ignored = { 0 };
			return (pg->broken || read_answer(pg, 0, NULL, &ignored)) && false;
		}
		if (status == PGRES_COPY_OUT) {
			pg->copying = true;
			return true;
		}
	}
}

bool tr_pg_copy_next(struct tr_pg *pg, const char **bytes, size_t *n, struct tr_err *err)
{
	*n = 0;
	if (pg->broken || !pg->copying)
		return unusable(pg, err);
	if (pg->piece)
		PQfreemem(pg->piece);
	pg->piece = NULL;
	for (;;) {
		int got = PQgetCopyData(pg->conn, &pg->piece, 1);
		if (got > 0) {
			*bytes = pg->piece;
			*n = (size_t)got;
			return true;
		}
		if (got < 0)
			break;
		rest(pg);
		if (!hear(pg, "while it sent rows", 0, err))
			return false;
	}
	/* The end, or an error: the result tells. */
	pg->copying = false;
	return read_answer(pg, 0, NULL, err);
}

/* Would a connection to the server's address succeed soon? PQcancel makes one and blocks,
 * for minutes where the network is gone. */
static bool is_reachable(int socket_fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof address;
	if (socket_fd < 0 || getpeername(socket_fd, (struct sockaddr *)&address, &len) != 0)
		return false;
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	int error = connect(fd, (struct sockaddr *)&address, len) == 0 ? 0 : errno;
	if (error == EINPROGRESS) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		socklen_t size = sizeof error;
		if (poll(&p, 1, REACH_TIMEOUT_MS) != 1 ||
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
			error = ETIMEDOUT;
	}
	close(fd);
	return error == 0;
}

static void request_cancel(struct tr_pg *pg)
{
	char ignored[256];
	PGcancel *request = is_reachable(PQsocket(pg->conn)) ? PQgetCancel(pg->conn) : NULL;
	if (request)
		PQcancel(request, ignored, sizeof ignored);
	PQfreeCancel(request);
}

bool tr_pg_copy_stop(struct tr_pg *pg, struct tr_err *err)
{
	if (pg->broken)
		return unusable(pg, err);
	if (!pg->copying)
		return true;
	int64_t deadline_us = tr_clock_monotonic_us() + STOP_TIMEOUT_US;
	request_cancel(pg);
	for (;;) {
		if (pg->piece)
			PQfreemem(pg->piece);
		pg->piece = NULL;
		int got = PQgetCopyData(pg->conn, &pg->piece, 1);
		if (got < 0)
			break;
		if (got == 0 && !hear(pg, "while a COPY was being stopped", deadline_us, err))
			return false;
	}
	pg->copying = false;
	struct tr_err refusal = { 0 }; /* "canceling statement due to user request" is what was asked for */
	return read_answer(pg, deadline_us, NULL, &refusal) || !pg->broken || unusable(pg, err);
}

void tr_pg_cancel(struct tr_pg *pg)
{
	if (!pg->broken && PQtransactionStatus(pg->conn) == PQTRANS_ACTIVE)
		request_cancel(pg);
	pg->broken = true;
}
