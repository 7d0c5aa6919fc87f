/*
 * A lake in a folder that says it is in S3, or (without a folder) in S3, and its Glue catalog:
 * versions of tiny files are committed, and Glue is told of them or not. One handle is one process,
 * so to say.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/store_s3.h"
#include "lake/catalog_glue.h"
#include "lake/lake_lease.h"
#include "lake/stage.h"

struct trtest_glue {
	struct tr_http *http;
	struct tr_aws_credentials *credentials;
	struct tr_aws aws;
	struct tr_store *store;
	struct tr_glue *glue;
	struct tr_lake lake;
	struct tr_events events;
	struct tr_glue_table table;
	char *dataset, *doc, *database, *location, *endpoint, *s3_endpoint;
	char heard[8192];
};

static const char *no_env(void *context, const char *name)
{
	(void)context;
	(void)name;
	return NULL;
}

static void hear(void *context, const struct tr_event *event)
{
	struct trtest_glue *t = context;
	size_t n = strlen(t->heard);
	snprintf(t->heard + n, sizeof t->heard - n, "%s\n", event->text ? event->text : "");
}

void trtest_glue_close(struct trtest_glue *t)
{
	tr_glue_free(t->glue);
	tr_store_free(t->store);
	tr_aws_credentials_free(t->credentials);
	tr_http_free(t->http);
	free(t->dataset);
	free(t->doc);
	free(t->database);
	free(t->location);
	free(t->endpoint);
	free(t->s3_endpoint);
	free(t);
}

static bool open_parts(struct trtest_glue *t, const char *folder, const char *access_key,
	const char *secret_key, struct tr_err *err)
{
	const struct tr_http_options http = { .env = no_env, .attempts = 3 };
	const struct tr_aws_keys keys = { .access_key = (char *)access_key,
		.secret_key = (char *)secret_key };
	const struct tr_glue_options options = { .aws = &t->aws,
		.endpoint = t->endpoint,
		.database = t->database,
		.tables = &t->table,
		.n_tables = 1 };
	if (!tr_http_new(&http, &t->http, err) || !tr_aws_credentials_fixed(&keys, &t->credentials, err))
		return false;
	t->aws = (struct tr_aws){ .http = t->http,
		.credentials = t->credentials,
		.region = "us-east-1",
		.env = no_env };
	const struct tr_store_s3_options s3 = { .aws = &t->aws,
		.location = t->location,
		.endpoint = t->s3_endpoint,
		.path_style = true };
	if (!tr_glue_new(&options, &t->glue, err) ||
		!(folder ? tr_store_local_open(folder, true, &t->store, err)
			 : tr_store_s3_open(&s3, &t->store, err)))
		return false;
	if (folder)
		t->store->location = t->location;
	t->lake = (struct tr_lake){ t->store, tr_glue_catalog(t->glue), &t->events };
	return true;
}

/* adopt and registered as the configuration's. */
bool trtest_glue_open(const char *folder, const char *location, const char *endpoint, const char *s3_endpoint,
	const char *access_key, const char *secret_key, const char *database, const char *dataset,
	const char *doc, int registered, int adopt, struct trtest_glue **out, struct tr_err *err)
{
	struct trtest_glue *t = calloc(1, sizeof *t);
	t->dataset = strdup(dataset);
	t->doc = doc ? strdup(doc) : NULL;
	t->database = strdup(database);
	t->location = strdup(location);
	t->endpoint = strdup(endpoint);
	t->s3_endpoint = s3_endpoint ? strdup(s3_endpoint) : NULL;
	t->events = (struct tr_events){ hear, t };
	t->table = (struct tr_glue_table){ .dataset = t->dataset,
		.partitions = registered ? TR_GLUE_REGISTERED : TR_GLUE_PROJECTION,
		.adopt = adopt,
		.doc = t->doc };
	*out = t;
	return open_parts(t, folder, access_key, secret_key, err);
}

/* What was said as events since the last call; borrowed until the next. */
const char *trtest_glue_heard(struct trtest_glue *t)
{
	static _Thread_local char text[sizeof t->heard];
	memcpy(text, t->heard, sizeof text);
	t->heard[0] = '\0';
	return text;
}

/* ---- a version from JSON: {"columns": [[name, type, doc]], "keys": [[name, column, type, transform]],
 * "files": [[value, ...]]} ---- */

static const char *text_at(const json_t *array, size_t i)
{
	return json_string_value(json_array_get(array, i));
}

static bool add_columns(struct tr_manifest *m, const json_t *columns, struct tr_err *err)
{
	for (size_t i = 0; i < json_array_size(columns); i++) {
		const json_t *c = json_array_get(columns, i);
		struct tr_type type;
		if (!tr_type_parse(text_at(c, 1), &type, err) ||
			!tr_schema_add(&m->schema, text_at(c, 0), type, true, text_at(c, 2), err))
			return false;
		m->schema.fields[i].field_id = (int32_t)i + 1;
	}
	m->last_field_id = (int32_t)m->schema.n;
	return true;
}

static bool add_keys(struct tr_manifest *m, const json_t *keys, struct tr_err *err)
{
	static const char *const transforms[] = { "identity", "year", "month", "day", "hour" };
	m->keys = calloc(json_array_size(keys) + 1, sizeof *m->keys);
	for (size_t i = 0; i < json_array_size(keys); i++) {
		const json_t *k = json_array_get(keys, i);
		struct tr_partition_key *key = &m->keys[m->n_keys++];
		key->name = strdup(text_at(k, 0));
		key->column = strdup(text_at(k, 1));
		if (!tr_type_parse(text_at(k, 2), &key->type, err))
			return false;
		for (int t = 0; t < 5; t++)
			if (strcmp(text_at(k, 3), transforms[t]) == 0)
				key->transform = (enum tr_partition_transform)t;
	}
	return true;
}

static bool add_file(const struct trtest_glue *t, struct tr_manifest *m, const json_t *values,
	struct tr_err *err)
{
	struct tr_str path;
	struct tr_sink *sink;
	struct tr_manifest_file *file = tr_manifest_add_file(m, err);
	if (!file)
		return false;
	tr_str_init(&path, TR_KEY_MAX);
	tr_str_addf(&path, "%s/%s/", m->dataset, m->run_id);
	for (size_t i = 0; i < m->n_keys; i++) {
		const char *value = text_at(values, i);
		file->partition[i] = value ? strdup(value) : NULL;
		tr_partition_folder(&m->keys[i], value ? value : "", !value, &path);
		tr_str_addc(&path, '/');
	}
	tr_str_addf(&path, "part-%zu.parquet", m->n_files);
	if (!(file->path = tr_str_take(&path, err)) ||
		!t->store->ops->create(t->store, file->path, &sink, err))
		return false;
	bool ok = tr_sink_write(sink, "x", 1, err) && tr_sink_commit(sink, err);
	memcpy(file->checksum, sink->checksum, sizeof file->checksum);
	tr_sink_free(sink);
	file->rows = file->row_groups = 1;
	file->bytes = 1;
	m->rows++;
	m->bytes++;
	return ok;
}

static bool fill(const struct trtest_glue *t, struct tr_manifest *m, const json_t *version,
	struct tr_err *err)
{
	const json_t *files = json_object_get(version, "files");
	if (!add_columns(m, json_object_get(version, "columns"), err) ||
		!add_keys(m, json_object_get(version, "keys"), err) ||
		!tr_lake_lease(&t->lake, m->dataset, m->run_id, err))
		return false;
	for (size_t i = 0; i < json_array_size(files); i++)
		if (!add_file(t, m, json_array_get(files, i), err))
			return false;
	return true;
}

/* Commit a version after `parent` (-1: after the newest); `view` 0: the process dies before it tells Glue. */
bool trtest_glue_commit(struct trtest_glue *t, const char *json, int64_t parent, int view, uint64_t *version,
	struct tr_err *err)
{
	struct tr_manifest m;
	char run_id[TR_RUN_ID_TEXT];
	json_t *spec = json_loads(json, 0, NULL);
	struct tr_lake lake = t->lake;
	if (!view)
		lake.catalog = NULL;
	tr_manifest_init(&m);
	tr_run_id_new(run_id);
	m.dataset = strdup(t->dataset);
	m.run_id = strdup(run_id);
	m.snapshot_xmin_xmax = strdup("100:105:101");
	m.snapshot_lsn = strdup("0/16B3748");
	m.snapshot_us = INT64_C(1718616600000001);
	bool ok = parent >= 0 || tr_lake_version(&t->lake, t->dataset, &m.parent, err);
	if (parent >= 0)
		m.parent = (uint64_t)parent;
	ok = ok && fill(t, &m, spec, err) && tr_lake_commit(&lake, &m, NULL, NULL, err);
	*version = m.version;
	tr_manifest_clear(&m);
	json_decref(spec);
	return ok;
}

bool trtest_glue_refresh(struct trtest_glue *t, struct tr_err *err)
{
	return tr_lake_refresh_view(&t->lake, t->dataset, err);
}

bool trtest_glue_rollback(struct trtest_glue *t, uint64_t version, struct tr_err *err)
{
	struct tr_manifest m;
	bool ok = tr_lake_rollback(&t->lake, t->dataset, version, &m, err);
	tr_manifest_clear(&m);
	return ok;
}

/* The state's number and its line. */
bool trtest_glue_examine(struct trtest_glue *t, int *state, uint64_t *shown, char *text, struct tr_err *err)
{
	struct tr_glue_status status;
	if (!tr_glue_examine(t->glue, &t->lake, t->dataset, &status, err))
		return false;
	*state = (int)status.state;
	*shown = status.shown;
	memcpy(text, status.text, sizeof status.text);
	return true;
}

/* The runs that Glue points at, one a line. */
bool trtest_glue_holds(struct trtest_glue *t, char *text, size_t size, struct tr_err *err)
{
	struct tr_run_ids ids = { 0 };
	if (!t->lake.catalog->ops->holds(t->lake.catalog->self, &t->lake, t->dataset, &ids, err))
		return false;
	text[0] = '\0';
	for (size_t i = 0; i < ids.n; i++)
		snprintf(text + strlen(text), size - strlen(text), "%s\n", ids.items[i]);
	tr_run_ids_clear(&ids);
	return true;
}

/* Collect all that only history, age or Glue could keep: the newest version stays. */
bool trtest_glue_gc(struct trtest_glue *t, uint64_t *removed, struct tr_err *err)
{
	const struct tr_gc_options options = { .keep_versions = 1, .keep_days = -1, .grace_us = -1 };
	struct tr_gc_report report;
	bool ok = tr_lake_gc(&t->lake, t->dataset, &options, &report, err);
	*removed = report.files_removed;
	return ok;
}
