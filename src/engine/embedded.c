#include "engine/embedded_state.h"

#include <stdlib.h>
#include <strings.h>

#define SQL_MAX ((size_t)16 << 20)

const char *tr_engine_version(void)
{
	return duckdb_library_version();
}

static bool execute_on(struct tr_engine *e, duckdb_connection con, const char *sql, struct tr_err *err)
{
	duckdb_result result;
	bool ok = duckdb_query(con, sql, &result) == DuckDBSuccess;
	if (!ok)
		tr_engine_fail(e, duckdb_result_error(&result), NULL, NULL, true, err);
	duckdb_destroy_result(&result);
	return ok;
}

bool tr_engine_execute(struct tr_engine *e, const char *sql, struct tr_err *err)
{
	return execute_on(e, e->run_con, sql, err);
}

bool tr_engine_name_is_free(const struct tr_engine *e, const char *name, struct tr_err *err)
{
	bool taken = false;
	for (size_t i = 0; i < e->n_sources; i++)
		taken |= strcasecmp(e->sources[i]->name, name) == 0;
	for (size_t i = 0; i < e->n_published; i++)
		taken |= strcasecmp(tr_engine_published_name(e->published[i]), name) == 0;
	if (!taken)
		return true;
	tr_err_set(err, TR_ERR_USER, "two tables are called `%s`", name);
	return tr_err_hint(err,
		"give one of them another alias; SQL does not tell upper from lower case here");
}

/* Settings that every connection needs itself, and the ones of the whole database, which
 * are merely set twice. */
static void add_settings(struct tr_str *sql, const struct tr_engine_options *o)
{
	size_t memory = o->memory ? o->memory : (size_t)256 << 20;
	tr_str_addf(sql, "SET memory_limit='%zuB'; SET threads=%d;", memory, o->threads > 0 ? o->threads : 1);
	tr_str_add(sql, "SET temp_directory=");
	tr_str_add_literal(sql, o->temp_dir);
	if (o->disk)
		tr_str_addf(sql, "; SET max_temp_directory_size='%lluB'", (unsigned long long)o->disk);
	/* Freed memory goes back to the system soon: a spilling join peaked at 235 MB with this
	 * and at 303 MB without (limit 200 MB). */
	tr_str_add(sql,
		"; SET allocator_flush_threshold='1MB'; SET "
		"allocator_bulk_deallocation_flush_threshold='1MB'");
	tr_str_addf(sql, "; SET preserve_insertion_order=%s", o->keep_order ? "true" : "false");
	tr_str_add(sql, "; SET TimeZone='UTC'; SET errors_as_json=true; SET enable_progress_bar=false");
	tr_str_add(sql, "; SET autoinstall_known_extensions=false; SET autoload_known_extensions=false;");
}

/* The doors close last: nothing below may be set afterwards. */
static void add_sandbox(struct tr_str *sql, const struct tr_engine_options *o)
{
	tr_str_add(sql, "SET allowed_directories=[");
	for (size_t i = 0; i < o->n_allowed_dirs; i++) {
		if (i)
			tr_str_add(sql, ", ");
		tr_str_add_literal(sql, o->allowed_dirs[i]);
	}
	tr_str_add(sql, "];");
	if (o->s3)
		tr_str_addf(sql, " SET allowed_configs=[%s];", tr_engine_s3_settings);
	tr_str_add(sql, " SET enable_external_access=false; SET lock_configuration=true;");
}

static bool configure(struct tr_engine *e, const struct tr_engine_options *o, struct tr_err *err)
{
	struct tr_str sql;
	tr_str_init(&sql, SQL_MAX);
	add_settings(&sql, o);
	bool ok = tr_str_ok(&sql, err) && execute_on(e, e->plan_con, sql.ptr, err) &&
		(!o->s3 || tr_engine_s3_open(e, o, err));
	if (ok) {
		/* Aliases live in the schema main; loaded inputs must not meet them there. */
		tr_str_add(&sql, " CREATE SCHEMA tr_loaded; ");
		add_sandbox(&sql, o);
		ok = tr_str_ok(&sql, err) && execute_on(e, e->run_con, sql.ptr, err);
	}
	tr_str_clear(&sql);
	return ok;
}

static bool open_database(struct tr_engine *e, struct tr_err *err)
{
	char *message = NULL;
	if (duckdb_open_ext(":memory:", &e->db, NULL, &message) != DuckDBSuccess) {
		tr_err_set(err, TR_ERR_INTERNAL, "can't start the engine");
		tr_err_detail(err, "%s", message ? message : "");
		duckdb_free(message);
		return false;
	}
	if (duckdb_connect(e->db, &e->run_con) != DuckDBSuccess ||
		duckdb_connect(e->db, &e->plan_con) != DuckDBSuccess)
		return tr_err_set(err, TR_ERR_INTERNAL, "can't connect to the engine");
	duckdb_client_context context;
	duckdb_connection_get_client_context(e->plan_con, &context);
	e->plan_id = duckdb_client_context_get_connection_id(context);
	duckdb_destroy_client_context(&context);
	return true;
}

bool tr_engine_open(const struct tr_engine_options *options, struct tr_engine **out, struct tr_err *err)
{
	*out = NULL;
	if (!options->temp_dir || !options->temp_dir[0])
		return tr_err_set(err, TR_ERR_INTERNAL, "the engine was given no folder to spill to");
	struct tr_engine *e = tr_calloc(1, sizeof *e, err);
	if (!e)
		return false;
	pthread_mutex_init(&e->lock, NULL);
	if (!open_database(e, err) || !configure(e, options, err)) {
		tr_engine_close(e);
		return false;
	}
	*out = e;
	return true;
}

void tr_engine_close(struct tr_engine *e)
{
	if (!e)
		return;
	tr_engine_s3_close(e->s3);
	duckdb_disconnect(&e->run_con);
	duckdb_disconnect(&e->plan_con);
	duckdb_close(&e->db);
	for (size_t i = 0; i < e->n_sources; i++)
		tr_engine_source_free(e->sources[i]);
	for (size_t i = 0; i < e->n_published; i++)
		tr_engine_published_free(e->published[i]);
	free(e->sources);
	free(e->published);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

void tr_engine_interrupt(struct tr_engine *e)
{
	duckdb_interrupt(e->run_con);
	duckdb_interrupt(e->plan_con);
}
