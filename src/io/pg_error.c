#include "io/pg_error.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool tr_pg_is_mistyped_url(const char *conninfo)
{
	if (strncmp(conninfo, "postgres://", 11) == 0 || strncmp(conninfo, "postgresql://", 13) == 0)
		return false;
	return strstr(conninfo, "://") || (!strchr(conninfo, '=') && strpbrk(conninfo, "@:/"));
}

bool tr_pg_err_conninfo(const char *conninfo, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER,
		"the source's URL is not one that Postgres's client library understands");
	if (strstr(conninfo, "://"))
		return tr_err_hint(err,
			"write postgres://user@host:port/database?sslmode=require; each of the "
			"characters @ : / ? # %% [ ] and blanks in user or password must be percent-encoded "
			"(@ is %%40, : is %%3A, / is %%2F)");
	return tr_err_hint(err,
		"write a URL as postgres://user@host:port/database, or key=value pairs as "
		"`host=db user=app dbname=shop` (values with blanks in single quotes)");
}

/* Blot out every occurrence of the secret. */
static void redact(char *text, const char *secret)
{
	size_t len = secret ? strlen(secret) : 0;
	for (char *p = text; len > 0 && (p = strstr(p, secret)); p++) {
		*p = '*';
		memmove(p + 1, p + len, strlen(p + len) + 1);
	}
}

/* libpq's text for people: without LOCATION lines, trailing newline and the password. */
static void plain_text(PGconn *conn, char *buf, size_t size)
{
	size_t len = 0;
	for (const char *line = PQerrorMessage(conn); *line;) {
		size_t n = strcspn(line, "\n");
		bool skip = strncmp(line, "LOCATION:", 9) == 0 || n == 0;
		if (!skip && len + n + 2 < size) {
			memcpy(buf + len, line, n);
			len += n;
			buf[len++] = '\n';
		}
		line += n + (line[n] == '\n');
	}
	buf[len > 0 ? len - 1 : 0] = '\0';
	redact(buf, PQpass(conn));
}

/* The last `:  28P01: ` of a verbose message; false if the server said nothing. */
static bool find_sqlstate(const char *text, char out[6])
{
	bool found = false;
	for (const char *p = text; (p = strstr(p, ":  ")); p++) {
		const char *s = p + 3;
		int n = 0;
		while (n < 5 && (isdigit((unsigned char)s[n]) || isupper((unsigned char)s[n])))
			n++;
		if (n == 5 && s[5] == ':') {
			memcpy(out, s, 5);
			out[5] = '\0';
			found = true;
		}
	}
	return found;
}

struct refusal {
	const char *sqlstate; /* a prefix */
	enum tr_err_kind kind;
	const char *what; /* follows "Postgres at host:port/db " */
	const char *hint;
};

static const struct refusal refusals[] = {
	{ "28P01", TR_ERR_USER, "refused the password",
		"check the password: it is taken from source.password_command, source.secret, source.iam_auth "
		"or the URL (one of them), else from PGPASSWORD, else from ~/.pgpass" },
	{ "28", TR_ERR_USER, "does not let this user in",
		"check user and database in the URL; the server needs a line for this user, database and "
		"client "
		"address in pg_hba.conf (often with TLS: add sslmode=require), and the role must exist and "
		"have LOGIN" },
	{ "3D", TR_ERR_USER, "has no such database", "check the database's name at the end of the URL" },
	{ "42501", TR_ERR_USER, "does not let this user connect to the database",
		"ask its owner for: GRANT CONNECT ON DATABASE ... TO ...;" },
	{ "53300", TR_ERR_TRANSIENT, "has no free connection",
		"try again later, lower limits.connections, or raise the server's max_connections or the "
		"role's limit" },
	{ "53", TR_ERR_TRANSIENT, "is short of resources", "try again later" },
	{ "57P03", TR_ERR_TRANSIENT, "is starting up or shutting down",
		"try again when it accepts connections" },
	{ "57", TR_ERR_TRANSIENT, "is shutting down", "try again when it accepts connections" },
	{ "08P01", TR_ERR_USER, "does not accept the connection's parameters",
		"if a pooler stands before the server, check the database's name and that it accepts "
		"application_name and client_encoding (PgBouncer: ignore_startup_parameters); it takes no "
		"`options` in the URL" },
};

static const struct refusal *find_refusal(const char *sqlstate)
{
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
		if (strncmp(sqlstate, refusals[i].sqlstate, strlen(refusals[i].sqlstate)) == 0)
			return &refusals[i];
	return NULL;
}

struct obstacle {
	const char *text; /* in libpq's message */
	enum tr_err_kind kind;
	const char *hint;
};

/* Where the server was not heard: libpq's own words, which are in English (the library
 * never calls setlocale). What is not listed is transient. */
static const struct obstacle obstacles[] = {
	{ "could not translate host name", TR_ERR_TRANSIENT,
		"the host's name is not known here: check its spelling in the URL, and the network or VPN" },
	{ "Connection refused", TR_ERR_TRANSIENT,
		"nothing listens there: check host and port in the URL, and that the server is running" },
	{ "No such file or directory", TR_ERR_TRANSIENT,
		"no server listens on that socket: check host (the socket's folder) and port, and that it is "
		"running" },
	{ "server does not support SSL", TR_ERR_USER,
		"the server has no TLS: use sslmode=prefer if the network is trusted" },
	{ "certificate", TR_ERR_USER,
		"the server's certificate could not be verified: check sslmode, sslrootcert and the host's "
		"name" },
	{ "definition of service", TR_ERR_USER,
		"check the service's name and the file ~/.pg_service.conf (or PGSERVICEFILE)" },
	{ "invalid ", TR_ERR_USER, "correct that value in the source's URL" },
};

static bool err_unreachable(PGconn *conn, const char *text, const char *where, struct tr_err *err)
{
	if (PQconnectionNeedsPassword(conn)) {
		tr_err_set(err, TR_ERR_USER, "Postgres at %s asks for a password and none was given", where);
		return tr_err_hint(err,
			"put it into ~/.pgpass or PGPASSWORD, set source.password_command, or make it "
			"a part of the URL's environment variable");
	}
	const struct obstacle *found = NULL;
	for (size_t i = 0; i < sizeof obstacles / sizeof obstacles[0] && !found; i++)
		if (strstr(text, obstacles[i].text))
			found = &obstacles[i];
	tr_err_set(err, found ? found->kind : TR_ERR_TRANSIENT, "no connection to Postgres at %s", where);
	return tr_err_hint(err, "%s",
		found ? found->hint
		      : "check host and port in the URL, the network, and that the server is running; then "
			"try again");
}

bool tr_pg_err_connect(PGconn *conn, const char *where, struct tr_err *err)
{
	char text[2048], sqlstate[6];
	plain_text(conn, text, sizeof text);
	if (find_sqlstate(text, sqlstate)) {
		const struct refusal *r = find_refusal(sqlstate);
		tr_err_set(err, r ? r->kind : TR_ERR_TRANSIENT, "Postgres at %s %s", where,
			r ? r->what : "refused the connection");
		tr_err_hint(err, "%s", r ? r->hint : "see the server's words; then try again");
	} else {
		err_unreachable(conn, text, where, err);
	}
	return tr_err_detail(err, "%s", text);
}

/* ---- refused statements ---- */

/* Ordered: the first prefix that fits. */
static const struct refusal statements[] = {
	{ "42501", TR_ERR_USER, NULL,
		"ask the owner for: GRANT SELECT ON <table> TO <user>; (and GRANT USAGE ON SCHEMA <schema> "
		"TO <user>;)" },
	{ "57014", TR_ERR_TRANSIENT, NULL,
		"the server ended the statement: raise source.statement_timeout, or run at a quieter time" },
	{ "57", TR_ERR_TRANSIENT, NULL, "the server ended the connection: try again" },
	{ "55P03", TR_ERR_TRANSIENT, NULL,
		"somebody else holds a lock on the table (ALTER TABLE, VACUUM FULL ...): try again later, or "
		"raise "
		"source.lock_timeout" },
	{ "40001", TR_ERR_TRANSIENT, NULL,
		"on a standby, replay ended a long read: try again, or raise max_standby_streaming_delay or "
		"set "
		"hot_standby_feedback there" },
	{ "40", TR_ERR_TRANSIENT, NULL, "try again" },
	{ "08", TR_ERR_TRANSIENT, NULL, "try again" },
	{ "25P03", TR_ERR_TRANSIENT, NULL, "try again" },
	{ "25P04", TR_ERR_TRANSIENT, NULL, "raise the server's transaction_timeout for this role" },
	{ "25006", TR_ERR_USER, NULL,
		"tailrace only reads: a view or function that writes cannot be an input" },
	{ "53", TR_ERR_TRANSIENT, NULL, "the server is short of resources: try again later" },
	{ "22021", TR_ERR_DATA, NULL,
		"the row holds bytes that are no text (a SQL_ASCII database does not check): correct the "
		"row, or convert "
		"the column in a view" },
	{ "22P05", TR_ERR_DATA, NULL,
		"the row holds a character that cannot be written as UTF-8: correct the row, or convert the "
		"column in a "
		"view" },
	{ "22", TR_ERR_DATA, NULL, "a value of the source made the query fail: correct the row or the view" },
	{ "58", TR_ERR_INTERNAL, NULL, "the server has an internal problem: see its log" },
	{ "XX", TR_ERR_INTERNAL, NULL, "the server has an internal problem: see its log" },
	{ "42P01", TR_ERR_USER, NULL, "the table is not there (any more): check its name" },
	{ "42703", TR_ERR_USER, NULL, "the column is not there (any more): check its name" },
};

/* What PgBouncer says itself, all under one SQLSTATE. The first that fits. */
static const struct obstacle poolers[] = {
	{ "query_wait_timeout", TR_ERR_TRANSIENT,
		"the pooler had no free connection to the server: a run holds up to limits.connections of them "
		"at once; lower limits.connections, or raise the pool's size (default_pool_size)" },
	{ "statement pooling", TR_ERR_USER,
		"a run reads in one transaction: set the pooler's pool_mode to transaction or session for "
		"this "
		"database, or connect past it" },
	{ "timeout", TR_ERR_TRANSIENT,
		"the pooler ended it: raise that timeout of the pooler for this user, or connect past it" },
	{ "", TR_ERR_TRANSIENT, "try again; if it happens again, see the log of the pooler or the server" },
};

static bool err_pooler(const char *text, struct tr_err *err)
{
	const struct obstacle *found = poolers;
	while (!strstr(text, found->text))
		found++;
	tr_err_set(err, found->kind, "Postgres or a pooler before it: %s", text);
	tr_err_detail(err, "SQLSTATE 08P01");
	return tr_err_hint(err, "%s", found->hint);
}

static const char *field(const PGresult *r, int code)
{
	const char *text = PQresultErrorField(r, code);
	return text ? text : "";
}

/* A `$1` that nobody gives a value, which only a text of the user's can hold. The server names
 * its own function, in no language; a pooler names none. */
static bool wants_values(const PGresult *r)
{
	return strcmp(field(r, PG_DIAG_SOURCE_FUNCTION), "exec_bind_message") == 0;
}

static bool err_values(const PGresult *r, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER, "Postgres: %s", field(r, PG_DIAG_MESSAGE_PRIMARY));
	tr_err_detail(err, "SQLSTATE 08P01");
	return tr_err_hint(err,
		"nothing gives `$1` a value here: write the value itself, or `${NAME}` for a variable of the "
		"environment");
}

bool tr_pg_err_result(const PGresult *r, struct tr_err *err)
{
	const char *sqlstate = field(r, PG_DIAG_SQLSTATE);
	if (strcmp(sqlstate, "08P01") == 0)
		return wants_values(r) ? err_values(r, err)
				       : err_pooler(field(r, PG_DIAG_MESSAGE_PRIMARY), err);
	const struct refusal *found = NULL;
	for (size_t i = 0; i < sizeof statements / sizeof statements[0] && !found; i++)
		if (strncmp(sqlstate, statements[i].sqlstate, strlen(statements[i].sqlstate)) == 0)
			found = &statements[i];
	tr_err_set(err, found ? found->kind : TR_ERR_USER, "Postgres: %s", field(r, PG_DIAG_MESSAGE_PRIMARY));
	const char *detail = field(r, PG_DIAG_MESSAGE_DETAIL), *context = field(r, PG_DIAG_CONTEXT);
	tr_err_detail(err, "%s%s%s%sSQLSTATE %s", detail, *detail ? "\n" : "", context, *context ? "\n" : "",
		sqlstate);
	if (found)
		return tr_err_hint(err, "%s", found->hint);
	return tr_err_hint(err, "%s", field(r, PG_DIAG_MESSAGE_HINT));
}

bool tr_pg_err_lost(PGconn *conn, const char *where, const char *during, struct tr_err *err)
{
	char text[2048];
	plain_text(conn, text, sizeof text);
	tr_err_set(err, TR_ERR_TRANSIENT, "the connection to Postgres at %s was lost %s", where, during);
	tr_err_detail(err, "%s", text);
	return tr_err_hint(err,
		"try again; if it happens again, see the server's log and the timeouts of "
		"firewalls and poolers on the way");
}
