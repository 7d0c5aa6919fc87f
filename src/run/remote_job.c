#include "run/remote_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/remote_write.h"
#include "lake/foreign.h"
#include "lake/lake_lease.h"
#include "plan/config_remote.h"

struct remote_job {
	struct tr_job *job;
	const struct tr_plan_dataset *d;
	struct tr_config_remote engine;
	struct tr_events events; /* the engine's, told as the dataset's */
	char *sql;               /* with parameters in place */
	struct tr_remote_column *columns;
	struct tr_remote_write write;
	char location[TR_KEY_MAX + 1200], table[TR_REMOTE_TABLE_TEXT];
	bool micros; /* Trino writes timestamps of 6 digits, and takes no others for them */
};

static bool is_trino(const struct remote_job *r)
{
	return strcmp(r->d->run_on, "trino") == 0;
}

/* ---- the engine ---- */

static void as_dataset(void *context, const struct tr_event *event)
{
	const struct remote_job *r = context;
	struct tr_event own = *event;
	own.dataset = r->d->config->name;
	tr_emit(r->job->options->events, &own);
}

/* `cancel` NULL: for what is to be cleaned up after a cancel, too. */
static bool open_engine(struct remote_job *r, const struct tr_cancel *cancel, struct tr_config_remote *out,
	struct tr_err *err)
{
	const struct tr_config *c = r->job->options->plan->config;
	static const char *const codecs[][2] = { { "zstd", "ZSTD" }, { "snappy", "SNAPPY" },
		{ "gzip", "GZIP" }, { "lz4", "LZ4" }, { "none", "NONE" } };
	const char *codec = "ZSTD";
	for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
		if (strcmp(codecs[i][0], c->parquet.compression) == 0)
			codec = codecs[i][1];
	/* By default Trino cuts timestamps of Hive's tables to milliseconds, reading and writing. */
	char precision[256], compression[256];
	snprintf(precision, sizeof precision, "%s.timestamp_precision", c->trino.catalog);
	snprintf(compression, sizeof compression, "%s.compression_codec", c->trino.catalog);
	r->micros = is_trino(r);
	for (size_t i = 0; i < c->trino.n_session; i++)
		r->micros = r->micros && strcmp(c->trino.session[i].name, precision) != 0;
	const struct tr_trino_property session[] = { { precision, "MICROSECONDS" }, { compression, codec } };
	const struct tr_config_remote_options options = { .config = c,
		.engine = r->d->run_on,
		.session = session,
		.n_session = sizeof session / sizeof *session,
		.events = r->events,
		.cancel = cancel,
		.env = r->job->options->env,
		.env_context = r->job->options->env_context };
	return tr_config_remote_open(&options, out, err);
}

/* A place in a statement that tailrace wrote around the user's: back to the user's own. */
static bool in_file(const struct remote_job *r, int lines_before, struct tr_err *err)
{
	if (err->place.line <= lines_before || err->place.file[0])
		return false;
	err->place.line -= lines_before;
	tr_copy_text(err->place.file, sizeof err->place.file, r->d->sql_path);
	return false;
}

static bool execute(struct remote_job *r, char *(*text)(const struct tr_remote_write *, struct tr_err *),
	struct tr_err *err)
{
	char *sql = text(&r->write, err);
	bool ok = sql &&
		(tr_remote_execute(r->engine.remote, sql, err) || in_file(r, TR_REMOTE_WRITE_LINES, err));
	free(sql);
	return ok;
}

/* ---- what Glue shows ---- */

static bool other_version(const struct remote_job *r, const struct tr_manifest *source,
	const struct tr_glue_status *status, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_TRANSIENT, "`%s` was to read version %llu of `%s`, but %s shows another one",
		r->d->config->name, (unsigned long long)source->version, source->dataset, r->d->run_on);
	tr_err_detail(err, "%s", status->text);
	if (status->state == TR_GLUE_PAST)
		return tr_err_hint(err,
			"was the lake emptied or restored from a copy? `tailrace status` says what to do");
	return tr_err_hint(err, "`%s` was published meanwhile: run it again", source->dataset);
}

static bool shows_the_versions(const struct remote_job *r, bool mend, struct tr_err *err)
{
	const struct tr_run_options *o = r->job->options;
	for (size_t i = 0; i < r->d->n_sources; i++) {
		const struct tr_manifest *source = r->job->sources[i];
		struct tr_glue_status status;
		if (!tr_glue_examine(o->glue, o->lake, source->dataset, &status, err))
			return false;
		bool behind = status.shown < source->version ||
			(status.state == TR_GLUE_PAST && status.shown == status.newest);
		if (mend && status.state != TR_GLUE_CURRENT && behind &&
			(!tr_lake_refresh_view(o->lake, source->dataset, err) ||
				!tr_glue_examine(o->glue, o->lake, source->dataset, &status, err)))
			return false;
		if (status.shown != source->version || status.state == TR_GLUE_REFRESHING ||
			status.state == TR_GLUE_PAST)
			return other_version(r, source, &status, err);
	}
	return true;
}

/* ---- what the statement yields ---- */

static int find_column(const struct tr_schema *yielded, const char *name)
{
	for (size_t i = 0; i < yielded->n; i++)
		if (strcasecmp(yielded->fields[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* Numbers are widened by a cast; texts of other types are spelled there in another way. */
static bool is_number(struct tr_type type)
{
	return type.kind == TR_INT16 || type.kind == TR_INT32 || type.kind == TR_INT64 ||
		type.kind == TR_FLOAT || type.kind == TR_DOUBLE || type.kind == TR_DECIMAL;
}

static bool match_column(const struct remote_job *r, const struct tr_config_column *c,
	const struct tr_schema *yielded, struct tr_remote_column *out, struct tr_err *err)
{
	const char *source = c->from ? c->from : c->name;
	int i = find_column(yielded, source);
	if (i < 0) {
		tr_err_set(err, TR_ERR_USER, "the statement yields no column `%s`", source);
		tr_err_hint(err,
			"the source of a published column is the column of the same name, or `from:`");
		return tr_config_at(r->job->options->plan->config, c->pos, err);
	}
	struct tr_type type = yielded->fields[i].type;
	bool same = type.kind == c->type.kind && (type.kind != TR_DECIMAL || tr_type_equal(type, c->type));
	*out = (struct tr_remote_column){ .source = yielded->fields[i].name,
		.name = c->name,
		.type = c->type,
		.cast = !same,
		.micros = r->micros && c->type.kind == TR_TIMESTAMP,
		.truncate = c->truncate };
	if (same || (is_number(type) && is_number(c->type) && tr_contract_widens(type, c->type)))
		return true;
	char have[TR_TYPE_TEXT], want[TR_TYPE_TEXT];
	tr_err_set(err, TR_ERR_USER, "column `%s` is %s, the contract says %s", c->name,
		tr_type_format(type, have), tr_type_format(c->type, want));
	tr_err_hint(err, "cast it in the statement, or declare `%s`", have);
	return tr_config_at(r->job->options->plan->config, c->type_pos, err);
}

static bool all_are_declared(const struct remote_job *r, const struct tr_schema *yielded, struct tr_err *err)
{
	const struct tr_config_dataset *c = r->d->config;
	for (size_t i = 0; i < yielded->n; i++) {
		bool used = false;
		for (size_t k = 0; k < c->n_columns && !used; k++)
			used = strcasecmp(c->columns[k].from ? c->columns[k].from : c->columns[k].name,
				       yielded->fields[i].name) == 0;
		if (used)
			continue;
		char type[TR_TYPE_TEXT];
		tr_err_set(err, TR_ERR_USER, "the statement yields `%s`, which the contract does not declare",
			yielded->fields[i].name);
		tr_err_hint(err, "add `%s: { type: %s }` to the columns, or leave it out of the SELECT",
			yielded->fields[i].name, tr_type_format(yielded->fields[i].type, type));
		return tr_config_at(r->job->options->plan->config, c->sql_pos, err);
	}
	return true;
}

/* Ask for a result of no rows. `yielded` is kept: the columns borrow its names. */
static bool probe(struct remote_job *r, struct tr_schema *yielded, struct tr_err *err)
{
	const struct tr_config_dataset *c = r->d->config;
	struct ArrowArrayStream rows;
	char *sql = tr_remote_probe_sql(r->sql, err);
	if (!sql)
		return false;
	bool ok = tr_remote_run(r->engine.remote, sql, &rows, err) || in_file(r, TR_REMOTE_PROBE_LINES, err);
	free(sql);
	if (!ok)
		return false;
	ok = tr_stream_schema(&rows, yielded, err);
	tr_stream_clear(&rows);
	r->columns = ok ? tr_calloc(c->n_columns, sizeof *r->columns, err) : NULL;
	ok = r->columns != NULL;
	for (size_t i = 0; ok && i < c->n_columns; i++)
		ok = match_column(r, &c->columns[i], yielded, &r->columns[i], err);
	r->write.columns = r->columns;
	r->write.n_columns = c->n_columns;
	return ok && all_are_declared(r, yielded, err);
}

/* ---- tables ---- */

static void emit_warning(const struct remote_job *r, const char *what, const struct tr_err *cause)
{
	tr_emit_text(r->job->options->events, TR_EVENT_WARNING, r->d->config->name, "%s: %s", what,
		cause->what);
}

/* Also after a cancel, which the engine of the statement would obey. */
static void drop_table(struct remote_job *r, const char *table)
{
	struct tr_config_remote engine = { 0 };
	struct tr_err err = { 0 };
	struct tr_remote_write write = r->write;
	write.table = table;
	char *sql = tr_remote_drop_sql(&write, &err);
	bool ok = sql && open_engine(r, NULL, &engine, &err) && tr_remote_execute(engine.remote, sql, &err);
	if (!ok)
		emit_warning(r, "a temporary table could not be dropped, the next run will do it", &err);
	tr_config_remote_close(&engine);
	free(sql);
}

static bool drop_leftovers_of(struct remote_job *r, struct ArrowArrayStream *tables,
	const struct tr_leases *leases, struct tr_err *err)
{
	for (;;) {
		struct ArrowArray batch;
		if (!tr_stream_next(tables, &batch, err))
			return false;
		if (!batch.release)
			return true;
		struct tr_view names;
		tr_view_init(&names, &batch, 0, (struct tr_type){ .kind = TR_STRING });
		for (int64_t row = 0; row < batch.length; row++) {
			char name[TR_REMOTE_TABLE_TEXT], run_id[TR_RUN_ID_MAX + 1];
			size_t len;
			const char *text = tr_view_bytes(&names, row, &len);
			if (len >= sizeof name)
				continue;
			memcpy(name, text, len);
			name[len] = '\0';
			if (tr_remote_table_run(name, r->d->config->name, run_id) &&
				!tr_run_ids_has(&leases->live, run_id))
				drop_table(r, name);
		}
		tr_batch_clear(&batch);
	}
}

/* Of this dataset's runs that have no live lease any more: they were killed. */
static void drop_leftovers(struct remote_job *r)
{
	struct tr_leases leases = { 0 };
	struct ArrowArrayStream tables = { 0 };
	struct tr_err err = { 0 };
	char *sql = tr_remote_leftovers_sql(r->write.catalog, r->write.schema, &err);
	bool ok = sql && tr_lake_leases(r->job->options->lake, r->d->config->name, &leases, &err) &&
		tr_remote_run(r->engine.remote, sql, &tables, &err) &&
		drop_leftovers_of(r, &tables, &leases, &err);
	if (!ok && err.kind != TR_ERR_CANCELLED)
		emit_warning(r, "tables that killed runs may have left could not be looked for", &err);
	if (tables.release)
		tr_stream_clear(&tables);
	tr_leases_clear(&leases);
	free(sql);
}

/* ---- writing ---- */

static bool write_files(struct remote_job *r, struct tr_err *err)
{
	bool ok;
	if (is_trino(r)) {
		drop_leftovers(r);
		ok = execute(r, tr_remote_create_sql, err);
		drop_table(r, r->table);
	} else {
		ok = execute(r, tr_remote_unload_sql, err);
		if (!ok && strstr(err->what, "HIVE_TOO_MANY_OPEN_PARTITIONS"))
			tr_err_hint(err,
				"Athena writes at most 100 partitions: partition by a coarser key, as month(...)");
	}
	return ok;
}

static bool null_in(const struct remote_job *r, const char *column, int64_t nulls, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_DATA,
		"%s.%s is null in %lld rows, which the contract does not allow (not_null)",
		r->d->config->name, column, (long long)nulls);
	tr_err_hint(err,
		"nothing was published; mend the rows or the transform, or declare the column without "
		"`not_null`");
	return tr_err_at_row(err, r->d->config->name, column, NULL);
}

/* not_null, by the footers' counts and the folders of null. */
static bool no_nulls(const struct remote_job *r, const struct tr_manifest *m, struct tr_err *err)
{
	for (size_t i = 0; i < m->schema.n; i++) {
		int64_t nulls = 0;
		for (size_t k = 0; k < m->n_files && !m->schema.fields[i].nullable; k++)
			nulls += m->files[k].nulls[i];
		if (nulls)
			return null_in(r, m->schema.fields[i].name, nulls, err);
	}
	for (size_t i = 0; i < m->n_keys; i++) {
		int c = tr_schema_find(&r->d->contract.schema, m->keys[i].column);
		int64_t nulls = 0;
		for (size_t k = 0; k < m->n_files; k++)
			nulls += m->files[k].partition[i] ? 0 : m->files[k].rows;
		if (nulls && c >= 0 && !r->d->contract.schema.fields[c].nullable)
			return null_in(r, m->keys[i].column, nulls, err);
	}
	return true;
}

static bool prepare(struct remote_job *r, struct tr_err *err)
{
	const struct tr_run_options *o = r->job->options;
	const struct tr_config *c = o->plan->config;
	snprintf(r->location, sizeof r->location, "%s/%s/%s/", o->lake->store->location, r->d->config->name,
		r->job->run_id);
	tr_remote_table_name(r->job->run_id, r->d->config->name, r->table);
	r->sql = tr_remote_with_params(r->d->sql, r->d->params, r->d->n_params, err);
	r->write = (struct tr_remote_write){ .sql = r->sql,
		.keys = r->d->keys,
		.n_keys = r->d->n_keys,
		.location = r->location,
		.compression = c->parquet.compression,
		.catalog = c->trino.catalog,
		.schema = c->trino.schema ? c->trino.schema : c->lake.database,
		.table = r->table };
	if (!o->glue)
		return tr_err_set(err, TR_ERR_USER, "`run_on: %s` needs `lake.catalog: glue`", r->d->run_on);
	return r->sql && open_engine(r, o->cancel, &r->engine, err);
}

bool tr_remote_job(struct tr_job *job, struct tr_manifest *m, struct tr_err *err)
{
	struct remote_job r = { .job = job, .d = job->dataset };
	struct tr_store *store = job->options->lake->store;
	struct tr_schema yielded;
	tr_schema_init(&yielded);
	r.events = (struct tr_events){ as_dataset, &r };
	bool written = false;
	bool ok = prepare(&r, err) && shows_the_versions(&r, true, err) && probe(&r, &yielded, err);
	if (ok) {
		written = true;
		ok = write_files(&r, err) && shows_the_versions(&r, false, err) &&
			(m->engine = tr_strdup(r.d->run_on, err)) &&
			tr_lake_adopt_files(store, m, job->options->cancel, err) && no_nulls(&r, m, err);
	}
	if (!ok && written)
		tr_lake_remove_run(store, r.d->config->name, job->run_id);
	tr_config_remote_close(&r.engine);
	tr_schema_clear(&yielded);
	free(r.columns);
	free(r.sql);
	return ok;
}
