#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/name.h"
#include "lake/manifest_json.h"
#include "lake/partition.h"

const char *const tr_partition_transforms[TR_PARTITION_TRANSFORMS] = {
	[TR_PART_IDENTITY] = "identity",
	[TR_PART_YEAR] = "year",
	[TR_PART_MONTH] = "month",
	[TR_PART_DAY] = "day",
	[TR_PART_HOUR] = "hour",
};

static bool wrong(struct tr_err *err, const char *fmt, ...) TR_PRINTF(2, 3);

static bool wrong(struct tr_err *err, const char *fmt, ...)
{
	char text[400];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	return tr_err_set(err, TR_ERR_INTERNAL, "%s", text);
}

static bool check_head(const struct tr_manifest *m, struct tr_err *err)
{
	if (!m->dataset || !tr_name_is_dataset(m->dataset))
		return wrong(err, "`%.128s` is not a dataset's name", m->dataset ? m->dataset : "");
	if (!m->run_id || !tr_run_id_is(m->run_id))
		return wrong(err, "`%.128s` is not a run id", m->run_id ? m->run_id : "");
	if (m->version < 1 || m->parent != m->version - 1)
		return wrong(err, "version %llu with parent %llu", (unsigned long long)m->version,
			(unsigned long long)m->parent);
	bool rollback = m->kind && strcmp(m->kind, "rollback") == 0;
	if (!rollback && (!m->kind || strcmp(m->kind, "run") != 0))
		return wrong(err, "its kind is neither `run` nor `rollback`");
	if (rollback != (m->rollback_of > 0) || m->rollback_of >= m->version)
		return wrong(err, "version %llu rolls back to version %llu", (unsigned long long)m->version,
			(unsigned long long)m->rollback_of);
	return true;
}

static bool check_sources(const struct tr_manifest *m, struct tr_err *err)
{
	for (size_t i = 0; i < m->n_sources; i++) {
		const struct tr_manifest_source *source = &m->sources[i];
		if (!source->dataset || !tr_name_is_dataset(source->dataset) || source->version < 1)
			return wrong(err, "it was made of `%.128s`, version %llu",
				source->dataset ? source->dataset : "", (unsigned long long)source->version);
		for (size_t k = 0; k < i; k++)
			if (strcmp(source->dataset, m->sources[k].dataset) == 0)
				return wrong(err, "source `%s` stands twice", source->dataset);
	}
	return true;
}

static bool check_schema(const struct tr_manifest *m, struct tr_err *err)
{
	const struct tr_field *fields = m->schema.fields;
	for (size_t i = 0; i < m->schema.n; i++) {
		if (!tr_name_is_column(fields[i].name))
			return wrong(err, "`%.128s` is not a column's name", fields[i].name);
		if (fields[i].field_id < 0 || fields[i].field_id > m->last_field_id)
			return wrong(err, "column `%s` has field id %d, the last is %d", fields[i].name,
				fields[i].field_id, m->last_field_id);
		for (size_t k = 0; k < i; k++)
			if (strcmp(fields[i].name, fields[k].name) == 0 ||
				(fields[i].field_id && fields[i].field_id == fields[k].field_id))
				return wrong(err, "columns `%s` and `%s` share a name or field id",
					fields[k].name, fields[i].name);
	}
	return true;
}

/* Is the column that a year, month, day or hour is of published: in the files, or as a key itself,
 * which takes it out of them? */
static bool follows(const struct tr_manifest *m, const struct tr_partition_key *key)
{
	if (key->type.kind != TR_STRING)
		return false;
	if (tr_schema_find(&m->schema, key->column) >= 0)
		return true;
	for (size_t i = 0; i < m->n_keys; i++)
		if (m->keys[i].transform == TR_PART_IDENTITY && strcmp(m->keys[i].name, key->column) == 0)
			return tr_partition_allowed(m->keys[i].type, key->transform);
	return false;
}

static bool check_keys(const struct tr_manifest *m, struct tr_err *err)
{
	if (m->n_keys > TR_PARTITION_KEYS_MAX)
		return wrong(err, "%zu partition keys", m->n_keys);
	for (size_t i = 0; i < m->n_keys; i++) {
		const struct tr_partition_key *key = &m->keys[i];
		bool identity = key->transform == TR_PART_IDENTITY;
		if (!tr_name_is_column(key->name) || !tr_name_is_column(key->column))
			return wrong(err, "`%.128s` of `%.128s` is not a partition column", key->name,
				key->column);
		if (tr_schema_find(&m->schema, key->name) >= 0)
			return wrong(err, "partition column `%s` is a column of the files too", key->name);
		if (identity ? strcmp(key->name, key->column) != 0 : !follows(m, key))
			return wrong(err, "partition column `%s` does not follow from `%s`", key->name,
				key->column);
		for (size_t k = 0; k < i; k++)
			if (strcmp(key->name, m->keys[k].name) == 0)
				return wrong(err, "partition column `%s` stands twice", key->name);
	}
	return true;
}

/* `<dataset>/<run-id>/...`, for a run its own. */
static bool own_path(const struct tr_manifest *m, const char *path)
{
	size_t dataset = strlen(m->dataset);
	if (!tr_store_key_is(path) || strncmp(path, m->dataset, dataset) != 0 || path[dataset] != '/')
		return false;
	const char *run = path + dataset + 1, *end = strchr(run, '/');
	char id[TR_RUN_ID_MAX + 1];
	if (!end || end - run > TR_RUN_ID_MAX)
		return false;
	memcpy(id, run, (size_t)(end - run));
	id[end - run] = '\0';
	return tr_run_id_is(id) && (strcmp(m->kind, "run") != 0 || strcmp(id, m->run_id) == 0);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool check_unique_paths(const struct tr_manifest *m, struct tr_err *err)
{
	char **paths = tr_calloc(m->n_files, sizeof *paths, err);
	if (!paths)
		return false;
	for (size_t i = 0; i < m->n_files; i++)
		paths[i] = m->files[i].path;
	qsort(paths, m->n_files, sizeof *paths, by_path);
	bool ok = true;
	for (size_t i = 1; ok && i < m->n_files; i++)
		if (strcmp(paths[i - 1], paths[i]) == 0)
			ok = wrong(err, "`%.200s` stands twice", paths[i]);
	free(paths);
	return ok;
}

static bool check_files(const struct tr_manifest *m, struct tr_err *err)
{
	int64_t rows = 0;
	uint64_t bytes = 0;
	for (size_t i = 0; i < m->n_files; i++) {
		const struct tr_manifest_file *file = &m->files[i];
		if (!file->path || !own_path(m, file->path))
			return wrong(err, "`%.200s` is not a place for a file of `%s`",
				file->path ? file->path : "", m->dataset);
		if (file->rows < 0 || __builtin_add_overflow(rows, file->rows, &rows) ||
			__builtin_add_overflow(bytes, file->bytes, &bytes))
			return wrong(err, "the rows or bytes of its files pass 2^63");
	}
	if (rows != m->rows || bytes != m->bytes)
		return wrong(err, "its files have %lld rows and %llu bytes, but it says %lld and %llu",
			(long long)rows, (unsigned long long)bytes, (long long)m->rows,
			(unsigned long long)m->bytes);
	return check_unique_paths(m, err);
}

bool tr_manifest_check(const struct tr_manifest *m, struct tr_err *err)
{
	return check_head(m, err) && check_sources(m, err) && check_schema(m, err) && check_keys(m, err) &&
		check_files(m, err);
}
