#include "source/session_pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LOCK_TIMEOUT_MS 10000
#define OLDEST_SERVER 130000
/* How often a wait for a connection looks whether the run was cancelled. */
#define CANCEL_CHECK_NS 100000000

struct slot {
	struct tr_pg *pg; /* NULL: not opened yet */
	bool busy;
};

struct tr_session {
	pthread_mutex_t lock;
	pthread_cond_t given;
	struct slot *slots; /* the first is the keeper's */
	int n_slots;
	char *conninfo, *application_name;
	const struct tr_pg_login *login;
	char *settings; /* SET LOCAL statements of every transaction */
	const struct tr_cancel *cancel;
	struct tr_throttle throttle;
	struct tr_snapshot snapshot;
};

/* SET LOCAL only: start-up options and session settings break poolers. */
static char *make_settings(const struct tr_session_options *o, int server_version, struct tr_err *err)
{
	struct tr_str s;
	tr_str_init(&s, 2048);
	tr_str_addf(&s, "SET LOCAL lock_timeout = %lld; SET LOCAL statement_timeout = %lld; ",
		(long long)(o->lock_timeout_ms > 0 ? o->lock_timeout_ms : LOCK_TIMEOUT_MS),
		(long long)o->statement_timeout_ms);
	tr_str_addf(&s, "SET LOCAL row_security = %s; ", o->accept_row_security ? "on" : "off");
	/* The keeper idles while others read; back-pressure makes readers idle. */
	tr_str_add(&s, "SET LOCAL idle_in_transaction_session_timeout = 0; ");
	if (server_version >= 170000)
		tr_str_add(&s, "SET LOCAL transaction_timeout = 0; ");
	tr_str_add(&s,
		"SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL synchronize_seqscans = off; "
		"SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL client_encoding = "
		"'UTF8'");
	char *text = tr_str_take(&s, err);
	tr_str_clear(&s);
	return text;
}

static bool open_connection(struct tr_session *s, struct tr_pg **out, struct tr_err *err)
{
	struct tr_pg_options options = { .conninfo = s->conninfo,
		.application_name = s->application_name,
		.login = s->login,
		.cancel = s->cancel };
	return tr_pg_open(&options, out, err);
}

/* ---- the snapshot ---- */

/* Aurora refuses it (its log is none of Postgres's) by one of the first two, unless it is set up
 * for logical replication; the right to ask may be revoked. */
static bool is_lsn_denied(const char *sqlstate)
{
	static const char *const states[] = { "55000", "0A000", "42501", "42883" };
	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
		if (strcmp(sqlstate, states[i]) == 0)
			return true;
	return false;
}

/* The LSN is read before the snapshot is taken: what was committed before it is in the
 * snapshot but for commits under way. */
static bool read_lsn(struct tr_pg *pg, struct tr_snapshot *snapshot, struct tr_err *err)
{
	struct tr_pg_result *q = NULL;
	if (!tr_pg_query(pg, "SELECT pg_catalog.pg_is_in_recovery()", NULL, 0, &q, err))
		return false;
	snapshot->standby = tr_pg_cell(q, 0, 0)[0] == 't';
	tr_pg_result_free(q);
	const char *sql = snapshot->standby ? "SELECT pg_catalog.pg_last_wal_replay_lsn()"
					    : "SELECT pg_catalog.pg_current_wal_lsn()";
	struct tr_err refusal = { 0 };
	if (!tr_pg_query(pg, sql, NULL, 0, &q, &refusal)) {
		bool denied = !tr_pg_is_broken(pg) && is_lsn_denied(tr_pg_sqlstate(pg));
		if (!denied)
			*err = refusal;
		return denied;
	}
	tr_copy_text(snapshot->lsn, sizeof snapshot->lsn, tr_pg_cell(q, 0, 0) ? tr_pg_cell(q, 0, 0) : "");
	tr_pg_result_free(q);
	return true;
}

static bool export_snapshot(struct tr_session *s, struct tr_pg *pg, struct tr_err *err)
{
	struct tr_snapshot *snapshot = &s->snapshot;
	struct tr_pg_result *q = NULL;
	if (!tr_pg_exec(pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err) ||
		!tr_pg_exec(pg, s->settings, err))
		return false;
	if (!tr_pg_query(pg,
		    "SELECT pg_catalog.pg_export_snapshot(), pg_catalog.pg_current_snapshot(),"
		    " (extract(epoch FROM pg_catalog.now()) * 1000000)::bigint",
		    NULL, 0, &q, err))
		return false;
	tr_copy_text(snapshot->id, sizeof snapshot->id, tr_pg_cell(q, 0, 0));
	tr_copy_text(snapshot->xmin_xmax, sizeof snapshot->xmin_xmax, tr_pg_cell(q, 0, 1));
	snapshot->time_us = strtoll(tr_pg_cell(q, 0, 2), NULL, 10);
	tr_pg_result_free(q);
	return true;
}

static bool open_keeper(struct tr_session *s, const struct tr_session_options *o, struct tr_err *err)
{
	if (!open_connection(s, &s->slots[0].pg, err))
		return false;
	struct tr_pg *pg = s->slots[0].pg;
	s->snapshot.server_version = tr_pg_server_version(pg);
	if (s->snapshot.server_version < OLDEST_SERVER) {
		tr_err_set(err, TR_ERR_USER, "Postgres %d at %s is too old",
			s->snapshot.server_version / 10000, tr_pg_where(pg));
		return tr_err_hint(err, "tailrace reads Postgres 13 and newer");
	}
	s->settings = make_settings(o, s->snapshot.server_version, err);
	return s->settings && read_lsn(pg, &s->snapshot, err) && export_snapshot(s, pg, err);
}

/* A further connection on the same snapshot. */
static bool open_follower(struct tr_session *s, struct tr_pg **out, struct tr_err *err)
{
	char sql[160];
	struct tr_pg *pg = NULL;
	if (!open_connection(s, &pg, err))
		return false;
	snprintf(sql, sizeof sql,
		"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
		"SET TRANSACTION SNAPSHOT '%s'",
		s->snapshot.id);
	struct tr_err refusal = { 0 };
	if (!tr_pg_exec(pg, sql, &refusal)) {
		/* Another server does not know the snapshot: by version an invalid value, or no such object. */
		if (refusal.kind == TR_ERR_USER || refusal.kind == TR_ERR_DATA) {
			tr_err_set(err, TR_ERR_TRANSIENT,
				"a second connection could not join the run's snapshot");
			tr_err_detail(err, "%s", refusal.what);
			tr_err_hint(err,
				"run again; if it happens again, the URL leads to several servers (a pooler "
				"or a "
				"list of hosts): name one of them, or set limits.connections: 1");
		} else {
			*err = refusal;
		}
		tr_pg_close(pg);
		return false;
	}
	if (!tr_pg_exec(pg, s->settings, err)) {
		tr_pg_close(pg);
		return false;
	}
	*out = pg;
	return true;
}

/* ---- the session ---- */

bool tr_session_open(const struct tr_session_options *options, struct tr_session **out, struct tr_err *err)
{
	struct tr_session *s = tr_calloc(1, sizeof *s, err);
	if (!s)
		return false;
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&s->given, &attributes);
	pthread_condattr_destroy(&attributes);
	tr_throttle_init(&s->throttle, options->rate_bytes_per_s);
	s->cancel = options->cancel;
	s->login = options->login;
	s->n_slots = options->max_connections > 1 ? options->max_connections : 1;
	s->slots = tr_calloc((size_t)s->n_slots, sizeof *s->slots, err);
	s->conninfo = tr_strdup(options->conninfo, err);
	struct tr_str name;
	tr_str_init(&name, 256);
	tr_str_addf(&name, "tailrace/%s", options->run_id ? options->run_id : "");
	s->application_name = tr_str_take(&name, err);
	tr_str_clear(&name);
	if (!s->slots || !s->conninfo || !s->application_name || !open_keeper(s, options, err)) {
		tr_session_close(s);
		return false;
	}
	*out = s;
	return true;
}

void tr_session_end(struct tr_session *s)
{
	for (int i = s->n_slots - 1; s->slots && i >= 0; i--) {
		tr_pg_close(s->slots[i].pg);
		s->slots[i].pg = NULL;
	}
}

void tr_session_close(struct tr_session *s)
{
	if (!s)
		return;
	tr_session_end(s);
	free(s->slots);
	free(s->conninfo);
	free(s->application_name);
	free(s->settings);
	tr_throttle_clear(&s->throttle);
	pthread_cond_destroy(&s->given);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

const struct tr_snapshot *tr_session_snapshot(const struct tr_session *s)
{
	return &s->snapshot;
}

struct tr_pg *tr_session_keeper(struct tr_session *s)
{
	return s->slots[0].pg;
}

struct tr_throttle *tr_session_throttle(struct tr_session *s)
{
	return &s->throttle;
}

const struct tr_cancel *tr_session_cancel(const struct tr_session *s)
{
	return s->cancel;
}

/* ---- the pool ---- */

/* An idle connection, else a slot where one may be opened; NULL: all are in use. */
static struct slot *find_slot(struct tr_session *s)
{
	struct slot *unopened = NULL;
	for (int i = 0; i < s->n_slots; i++) {
		if (!s->slots[i].busy && s->slots[i].pg)
			return &s->slots[i];
		if (!s->slots[i].busy && !unopened)
			unopened = &s->slots[i];
	}
	return unopened;
}

static struct slot *wait_for_slot(struct tr_session *s, struct tr_err *err)
{
	struct slot *slot;
	pthread_mutex_lock(&s->lock);
	while (!(slot = find_slot(s)) && !tr_cancel_raised(s->cancel)) {
		struct timespec until;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += CANCEL_CHECK_NS;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&s->given, &s->lock, &until);
	}
	if (slot)
		slot->busy = true;
	pthread_mutex_unlock(&s->lock);
	if (!slot)
		tr_cancel_err(err);
	return slot;
}

bool tr_session_take(struct tr_session *s, struct tr_pg **out, struct tr_err *err)
{
	struct slot *slot = wait_for_slot(s, err);
	if (!slot)
		return false;
	/* While it is busy the slot is ours: its connection is opened without the lock. */
	struct tr_pg *pg = slot->pg;
	bool ok = pg || open_follower(s, &pg, err);
	pthread_mutex_lock(&s->lock);
	slot->pg = pg;
	slot->busy = ok;
	if (!ok)
		pthread_cond_signal(&s->given);
	pthread_mutex_unlock(&s->lock);
	*out = pg;
	return ok;
}

void tr_session_give(struct tr_session *s, struct tr_pg *pg)
{
	struct tr_pg *dead = NULL;
	pthread_mutex_lock(&s->lock);
	for (int i = 0; i < s->n_slots; i++) {
		if (s->slots[i].pg != pg)
			continue;
		if (i > 0 && tr_pg_is_broken(pg)) {
			dead = pg;
			s->slots[i].pg = NULL;
		}
		s->slots[i].busy = false;
		break;
	}
	pthread_cond_signal(&s->given);
	pthread_mutex_unlock(&s->lock);
	tr_pg_close(dead);
}
