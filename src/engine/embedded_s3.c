#include "engine/embedded_state.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "io/aws_credentials.h"

#define EXTENSION "httpfs.duckdb_extension"
#define SQL_MAX ((size_t)1 << 20)
#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define RETRY_US (30 * SECOND_US)

/*
 * The keys are settings and not part of a secret: a statement sees secrets as they were when
 * it began (they are rows of a catalog with transactions), and would go on with keys that
 * have expired. Settings hold for every file that is opened from then on. Statements can't
 * read them: embedded_check.c. REFRESH makes httpfs read them once more where a file could
 * not be opened, which closes the moment in which two of the three are new.
 */
const char tr_engine_s3_settings[] = "'s3_access_key_id','s3_secret_access_key','s3_session_token'";

struct tr_engine_s3 {
	const struct tr_s3_reading *reading;
	duckdb_connection con;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool started, ending;
	int64_t next_us; /* renew the keys then, on the monotonic clock; 0: they don't expire */
};

/* ---- the extension's file ---- */

static bool file_in(const char *folder, const char *behind, char *path)
{
	return snprintf(path, PATH_MAX, "%s%s/" EXTENSION, folder, behind) < PATH_MAX &&
		access(path, R_OK) == 0;
}

/* The folder that was named, that of the program (a build), its library folder, the one it was
 * configured for. */
static bool find_extension(const char *libdir, char *path, struct tr_err *err)
{
	char exe[PATH_MAX];
	if (libdir && *libdir) {
		if (file_in(libdir, "", path))
			return true;
	} else {
		ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
		exe[n > 0 ? n : 0] = '\0';
		const char *folder = n > 0 ? dirname(exe) : ".";
		if (file_in(folder, "", path) || file_in(folder, "/../lib/tailrace", path) ||
			file_in(TR_LIBDIR, "", path))
			return true;
	}
	tr_err_set(err, TR_ERR_USER, "the engine's part for S3 is not there: %s", EXTENSION);
	tr_err_detail(err, "looked for in %s",
		libdir && *libdir ? libdir
				  : "the program's folder, ../lib/tailrace beside it, and " TR_LIBDIR);
	return tr_err_hint(err,
		"`meson install` puts it there; TAILRACE_LIBDIR names another folder that has the file of "
		"DuckDB %s",
		duckdb_library_version());
}

/* ---- settings ---- */

/* DuckDB's message may quote the statement: it is not shown. */
static bool execute_secret(struct tr_engine_s3 *s3, struct tr_str *sql, const char *what, struct tr_err *err)
{
	duckdb_result result = { 0 };
	bool ok = tr_str_ok(sql, err);
	if (ok && duckdb_query(s3->con, sql->ptr, &result) != DuckDBSuccess)
		ok = tr_err_set(err, TR_ERR_INTERNAL, "%s", what);
	duckdb_destroy_result(&result);
	if (sql->ptr)
		explicit_bzero(sql->ptr, sql->len);
	tr_str_clear(sql);
	return ok;
}

static bool set_keys(struct tr_engine_s3 *s3, const struct tr_aws_keys *keys, struct tr_err *err)
{
	struct tr_str sql;
	tr_str_init(&sql, SQL_MAX);
	tr_str_add(&sql, "SET GLOBAL s3_access_key_id=");
	tr_str_add_literal(&sql, keys->access_key);
	tr_str_add(&sql, "; SET GLOBAL s3_secret_access_key=");
	tr_str_add_literal(&sql, keys->secret_key);
	tr_str_add(&sql, "; SET GLOBAL s3_session_token=");
	tr_str_add_literal(&sql, keys->session_token ? keys->session_token : "");
	return execute_secret(s3, &sql, "the engine did not take the credentials", err);
}

/* Whoever gives the keys renews them some 15 minutes before they expire, or when a quarter of a
 * shorter life is left; until then it gives the same, which costs nothing. */
static int64_t time_to_ask(int64_t left_us)
{
	int64_t wait = left_us > 20 * MINUTE_US ? left_us - 15 * MINUTE_US : left_us / 8;
	return wait < SECOND_US ? SECOND_US : wait > 60 * MINUTE_US ? 60 * MINUTE_US : wait;
}

/* *next_us: when to ask for keys again, on the monotonic clock; 0: never. */
static bool renew(struct tr_engine_s3 *s3, int64_t *next_us, struct tr_err *err)
{
	struct tr_aws_keys keys = { 0 };
	*next_us = 0;
	if (!s3->reading->keys(s3->reading->context, &keys, err))
		return false;
	bool ok = set_keys(s3, &keys, err);
	if (keys.expires_us)
		*next_us = tr_clock_monotonic_us() + time_to_ask(keys.expires_us - tr_clock_wall_us());
	tr_aws_keys_clear(&keys);
	return ok;
}

/* Keys that can't be renewed are tried again: those there are may last until the end. */
static void *renew_always(void *context)
{
	struct tr_engine_s3 *s3 = context;
	pthread_mutex_lock(&s3->lock);
	while (!s3->ending && s3->next_us) {
		const struct timespec until = { .tv_sec = (time_t)(s3->next_us / 1000000),
			.tv_nsec = (long)(s3->next_us % 1000000 * 1000) };
		if (tr_clock_monotonic_us() < s3->next_us) {
			pthread_cond_timedwait(&s3->wake, &s3->lock, &until);
			continue;
		}
		struct tr_err err = { 0 };
		int64_t next_us;
		pthread_mutex_unlock(&s3->lock);
		if (!renew(s3, &next_us, &err))
			next_us = tr_clock_monotonic_us() + RETRY_US;
		pthread_mutex_lock(&s3->lock);
		s3->next_us = next_us;
	}
	pthread_mutex_unlock(&s3->lock);
	return NULL;
}

/* ---- opening ---- */

static bool load(struct tr_engine_s3 *s3, const char *path, struct tr_err *err)
{
	struct tr_str sql;
	duckdb_result result = { 0 };
	tr_str_init(&sql, SQL_MAX);
	tr_str_add(&sql, "LOAD ");
	tr_str_add_literal(&sql, path);
	bool ok = tr_str_ok(&sql, err);
	if (ok && duckdb_query(s3->con, sql.ptr, &result) != DuckDBSuccess) {
		const char *message = duckdb_result_error(&result);
		ok = tr_err_set(err, TR_ERR_USER, "the engine's part for S3 could not be loaded: %s", path);
		tr_err_detail(err, "%s", message ? message : "");
		tr_err_hint(err, "it must be the file of DuckDB %s for this machine",
			duckdb_library_version());
	}
	duckdb_destroy_result(&result);
	tr_str_clear(&sql);
	return ok;
}

/* Where the objects are, for every file below `scope`. */
static bool set_access(struct tr_engine_s3 *s3, const char *scope, struct tr_err *err)
{
	const struct tr_s3_reading *r = s3->reading;
	const char *behind = strstr(r->endpoint, "://");
	struct tr_str sql;
	tr_str_init(&sql, SQL_MAX);
	tr_str_add(&sql,
		"SET GLOBAL allow_persistent_secrets=false; SET GLOBAL enable_server_cert_verification=true; "
		"SET GLOBAL enable_curl_server_cert_verification=true; "
		"SET GLOBAL s3_url_compatibility_mode=true;");
	tr_str_addf(&sql, " SET GLOBAL http_timeout=%lld; SET GLOBAL http_retries=%d;",
		(long long)(r->stall_timeout_ms + 999) / 1000, r->attempts > 1 ? r->attempts - 1 : 0);
	if (r->ca_file) {
		tr_str_add(&sql, " SET GLOBAL ca_cert_file=");
		tr_str_add_literal(&sql, r->ca_file);
		tr_str_addc(&sql, ';');
	}
	tr_str_add(&sql, " CREATE SECRET tr_lake (TYPE s3, REFRESH 'auto', REGION ");
	tr_str_add_literal(&sql, r->region);
	tr_str_add(&sql, ", ENDPOINT ");
	tr_str_add_literal(&sql, behind ? behind + 3 : r->endpoint);
	tr_str_addf(&sql, ", URL_STYLE '%s', USE_SSL %s, SCOPE ", r->path_style ? "path" : "vhost",
		strncmp(r->endpoint, "http://", 7) == 0 ? "false" : "true");
	tr_str_add_literal(&sql, scope);
	tr_str_add(&sql, ");");
	return execute_secret(s3, &sql, "the engine did not take the access to S3", err);
}

static bool start_thread(struct tr_engine_s3 *s3, struct tr_err *err)
{
	if (!s3->next_us)
		return true;
	int failure = pthread_create(&s3->thread, NULL, renew_always, s3);
	s3->started = failure == 0;
	return s3->started || tr_err_errno(err, failure, "a thread could not be started");
}

bool tr_engine_s3_open(struct tr_engine *e, const struct tr_engine_options *options, struct tr_err *err)
{
	char path[PATH_MAX];
	struct tr_engine_s3 *s3 = tr_calloc(1, sizeof *s3, err);
	if (!s3)
		return false;
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&s3->lock, NULL);
	pthread_cond_init(&s3->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	s3->reading = options->s3;
	e->s3 = s3;
	if (!find_extension(s3->reading->libdir, path, err))
		return false;
	if (duckdb_connect(e->db, &s3->con) != DuckDBSuccess)
		return tr_err_set(err, TR_ERR_INTERNAL, "can't connect to the engine");
	return load(s3, path, err) && set_access(s3, options->allowed_dirs[0], err) &&
		renew(s3, &s3->next_us, err) && start_thread(s3, err);
}

void tr_engine_s3_close(struct tr_engine_s3 *s3)
{
	if (!s3)
		return;
	pthread_mutex_lock(&s3->lock);
	s3->ending = true;
	pthread_cond_signal(&s3->wake);
	pthread_mutex_unlock(&s3->lock);
	if (s3->started)
		pthread_join(s3->thread, NULL);
	duckdb_disconnect(&s3->con);
	pthread_cond_destroy(&s3->wake);
	pthread_mutex_destroy(&s3->lock);
	free(s3);
}

/* ---- errors ---- */

/* DuckDB's text has advice of its own, and another product's links. */
bool tr_engine_s3_fail(const char *message, struct tr_err *err)
{
	char line[400];
	const char *status = strstr(message, "(HTTP ");
	int code = status ? atoi(status + 6) : 0;
	size_t n = strcspn(message, "\n");
	snprintf(line, sizeof line, "%.*s", (int)(n < sizeof line ? n : sizeof line - 1), message);
	const char *rest = message + n + strspn(message + n, "\n");
	bool transient = code == 0 || code >= 500 || code == 429;
	tr_err_set(err, transient ? TR_ERR_TRANSIENT : TR_ERR_USER, "the lake in S3 could not be read");
	if (strncmp(rest, "Authentication", 14) == 0)
		rest = "";
	tr_err_detail(err, "%s%s%.*s", line, *rest ? ": " : "", (int)strcspn(rest, "\n"), rest);
	if (code == 403)
		return tr_err_hint(err,
			"the credentials may not read these files (s3:GetObject), or have expired: "
			"`tailrace check` says which are used");
	if (code == 404)
		return tr_err_hint(err, "a published file is gone: `tailrace verify` lists what is missing");
	return tr_err_hint(err,
		transient ? "try again; `tailrace verify` reads every file"
			  : "`tailrace check` says how the lake is reached");
}
