#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "data/literal.h"
#include "lake/manifest_json.h"

static bool broken(struct tr_err *err, const char *fmt, ...) TR_PRINTF(2, 3);

static bool broken(struct tr_err *err, const char *fmt, ...)
{
	char text[400];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	tr_err_set(err, TR_ERR_INTERNAL, "the manifest is damaged: %s", text);
	if (err->hint[0])
		return false;
	return tr_err_hint(err,
		"restore it from a backup, or use an earlier version (`tailrace history` "
		"lists them, `tailrace rollback` publishes one again)");
}

/* ---- members ---- */

/* The text of a member, borrowed; NULL with *err set where it is none. */
static const char *get_text(const json_t *object, const char *key, struct tr_err *err)
{
	const json_t *value = json_object_get(object, key);
	if (!json_is_string(value)) {
		broken(err, "`%s` is not a text", key);
		return NULL;
	}
	return json_string_value(value);
}

static bool own_text(const json_t *object, const char *key, char **out, struct tr_err *err)
{
	const char *text = get_text(object, key, err);
	return text && (*out = tr_strdup(text, err)) != NULL;
}

static bool own_text_or_null(const json_t *object, const char *key, char **out, struct tr_err *err)
{
	return json_is_null(json_object_get(object, key)) || own_text(object, key, out, err);
}

static bool get_integer(const json_t *object, const char *key, int64_t least, int64_t most, int64_t *out,
	struct tr_err *err)
{
	const json_t *value = json_object_get(object, key);
	if (!json_is_integer(value) || json_integer_value(value) < least || json_integer_value(value) > most)
		return broken(err, "`%s` is not a number from %lld to %lld", key, (long long)least,
			(long long)most);
	*out = json_integer_value(value);
	return true;
}

static bool get_count(const json_t *object, const char *key, uint64_t *out, struct tr_err *err)
{
	int64_t n;
	if (!get_integer(object, key, 0, INT64_MAX, &n, err))
		return false;
	*out = (uint64_t)n;
	return true;
}

static bool get_bool(const json_t *object, const char *key, bool *out, struct tr_err *err)
{
	const json_t *value = json_object_get(object, key);
	*out = json_is_true(value);
	return json_is_boolean(value) || broken(err, "`%s` is neither true nor false", key);
}

/* `2026-11-22T19:12:49.123456Z`, as tr_clock_iso writes it and not otherwise. */
static bool get_moment(const json_t *object, const char *key, int64_t *us, struct tr_err *err)
{
	const char *text = get_text(object, key, err);
	if (!text)
		return false;
	union tr_literal moment;
	char again[TR_CLOCK_TEXT] = "";
	if (tr_literal_parse((struct tr_type){ .kind = TR_TIMESTAMPTZ }, text, strlen(text), &moment)) {
		*us = moment.int64;
		tr_clock_iso(*us, again);
	}
	return strcmp(text, again) == 0 || broken(err, "`%s` is not a time: `%s`", key, text);
}

/* An array of at most `max` elements. */
static bool get_array(const json_t *object, const char *key, size_t max, const json_t **out,
	struct tr_err *err)
{
	*out = json_object_get(object, key);
	if (!json_is_array(*out) || json_array_size(*out) > max)
		return broken(err, "`%s` is not a list of at most %zu", key, max);
	return true;
}

static bool get_type(const json_t *object, struct tr_type *out, struct tr_err *err)
{
	const char *text = get_text(object, "type", err);
	struct tr_err cause = { 0 };
	char again[TR_TYPE_TEXT];
	if (!text)
		return false;
	return (tr_type_parse(text, out, &cause) && strcmp(tr_type_format(*out, again), text) == 0) ||
		broken(err, "`%s` is not a type", text);
}

/* ---- parts ---- */

static bool parse_head(const json_t *root, struct tr_manifest *m, struct tr_err *err)
{
	int64_t last;
	const json_t *snapshot = json_object_get(root, "snapshot");
	if (!own_text(root, "dataset", &m->dataset, err) || !get_count(root, "version", &m->version, err) ||
		!get_count(root, "parent", &m->parent, err) || !own_text(root, "kind", &m->kind, err) ||
		!get_count(root, "rollback_of", &m->rollback_of, err) ||
		!own_text(root, "run_id", &m->run_id, err) ||
		!own_text(root, "tailrace", &m->tailrace, err) ||
		(json_object_get(root, "engine") && !own_text(root, "engine", &m->engine, err)) ||
		!get_moment(root, "committed", &m->committed_us, err) ||
		!get_integer(root, "rows", 0, INT64_MAX, &m->rows, err) ||
		!get_count(root, "bytes", &m->bytes, err) ||
		!get_integer(root, "last_field_id", 0, INT32_MAX, &last, err))
		return false;
	m->last_field_id = (int32_t)last;
	if (!json_is_object(snapshot))
		return broken(err, "`snapshot` is missing");
	return own_text_or_null(snapshot, "id", &m->snapshot_xmin_xmax, err) &&
		own_text_or_null(snapshot, "lsn", &m->snapshot_lsn, err) &&
		get_moment(snapshot, "time", &m->snapshot_us, err) &&
		get_bool(snapshot, "standby", &m->standby, err);
}

static bool parse_sources(const json_t *root, struct tr_manifest *m, struct tr_err *err)
{
	const json_t *list;
	if (!json_object_get(root, "sources"))
		return true;
	if (!get_array(root, "sources", TR_MANIFEST_SOURCES_MAX, &list, err))
		return false;
	size_t n = json_array_size(list);
	m->sources = tr_calloc(n, sizeof *m->sources, err);
	if (!m->sources)
		return false;
	while (m->n_sources < n) {
		const json_t *object = json_array_get(list, m->n_sources);
		struct tr_manifest_source *source = &m->sources[m->n_sources++];
		if (!own_text(object, "dataset", &source->dataset, err) ||
			!get_count(object, "version", &source->version, err))
			return false;
	}
	return true;
}

/* After all columns: there is one text a column then, and none before. */
static bool parse_stored(const json_t *columns, struct tr_manifest *m, struct tr_err *err)
{
	for (size_t i = 0; i < m->schema.n; i++) {
		const json_t *object = json_array_get(columns, i);
		if (!json_object_get(object, "stored"))
			continue;
		if (!m->stored && !(m->stored = tr_calloc(m->schema.n, sizeof *m->stored, err)))
			return false;
		if (!own_text(object, "stored", &m->stored[i], err))
			return false;
	}
	return true;
}

static bool parse_columns(const json_t *root, struct tr_manifest *m, struct tr_err *err)
{
	const json_t *list;
	if (!get_array(root, "columns", TR_COLUMNS_MAX, &list, err))
		return false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *object = json_array_get(list, i);
		const char *name = get_text(object, "name", err);
		const json_t *doc = json_object_get(object, "doc");
		struct tr_type type;
		bool nullable;
		int64_t field_id;
		if (!name || !get_type(object, &type, err) || !get_bool(object, "nullable", &nullable, err) ||
			!get_integer(object, "field_id", 0, INT32_MAX, &field_id, err) ||
			!tr_schema_add(&m->schema, name, type, nullable, json_string_value(doc), err))
			return false;
		m->schema.fields[i].field_id = (int32_t)field_id;
	}
	return parse_stored(list, m, err);
}

static bool parse_keys(const json_t *root, struct tr_manifest *m, struct tr_err *err)
{
	const json_t *list;
	if (!get_array(root, "partition_by", TR_PARTITION_KEYS_MAX, &list, err))
		return false;
	size_t n = json_array_size(list);
	m->keys = tr_calloc(n, sizeof *m->keys, err);
	if (!m->keys)
		return false;
	for (; m->n_keys < n; m->n_keys++) {
		const json_t *object = json_array_get(list, m->n_keys);
		struct tr_partition_key *key = &m->keys[m->n_keys];
		const char *transform = get_text(object, "transform", err);
		size_t t = 0;
		while (transform && t < TR_PARTITION_TRANSFORMS &&
			strcmp(transform, tr_partition_transforms[t]) != 0)
			t++;
		key->transform = (enum tr_partition_transform)t;
		bool ok = transform &&
			(t < TR_PARTITION_TRANSFORMS ||
				broken(err, "`%s` is not a partition transform", transform));
		if (!ok || !get_type(object, &key->type, err) || !own_text(object, "name", &key->name, err) ||
			!own_text(object, "column", &key->column, err)) {
			m->n_keys++;
			return false;
		}
	}
	return true;
}

static bool parse_bound(const json_t *column, const char *key, struct tr_type type, struct tr_bound *out,
	struct tr_err *err)
{
	const json_t *value = json_object_get(column, key);
	if (!value)
		return true;
	bool object = json_is_object(value), hex = object && json_object_get(value, "hex");
	const json_t *text = hex ? json_object_get(value, "hex")
		: object         ? json_object_get(value, "text")
				 : value;
	if (!json_is_string(text) || !tr_bound_parse(json_string_value(text), type, hex, out))
		return broken(err, "a file's `%s` is not a value of its column", key);
	out->exact = !object || !json_is_true(json_object_get(value, "cut"));
	return true;
}

static bool parse_file_columns(const json_t *object, const struct tr_manifest *m,
	struct tr_manifest_file *file, struct tr_err *err)
{
	const json_t *list;
	if (!get_array(object, "columns", TR_COLUMNS_MAX, &list, err))
		return false;
	if (json_array_size(list) != m->schema.n)
		return broken(err, "`%s` tells of %zu columns where there are %zu", file->path,
			json_array_size(list), m->schema.n);
	for (size_t i = 0; i < m->schema.n; i++) {
		const json_t *column = json_array_get(list, i);
		struct tr_type type = m->schema.fields[i].type;
		int64_t bytes = 0;
		if (!get_integer(column, "nulls", 0, file->rows, &file->nulls[i], err) ||
			(json_object_get(column, "bytes") &&
				!get_integer(column, "bytes", 0, (int64_t)file->bytes, &bytes, err)) ||
			!parse_bound(column, "min", type, &file->min[i], err) ||
			!parse_bound(column, "max", type, &file->max[i], err))
			return false;
		file->column_bytes[i] = (uint64_t)bytes;
	}
	return true;
}

static bool parse_file(const json_t *object, struct tr_manifest *m, struct tr_err *err)
{
	struct tr_manifest_file *file = tr_manifest_add_file(m, err);
	const json_t *partition;
	if (!file || !own_text(object, "path", &file->path, err) ||
		!get_integer(object, "rows", 0, INT64_MAX, &file->rows, err) ||
		!get_count(object, "bytes", &file->bytes, err) ||
		!get_integer(object, "row_groups", 0, INT32_MAX, &file->row_groups, err) ||
		!get_array(object, "partition", TR_PARTITION_KEYS_MAX, &partition, err))
		return false;
	const char *checksum = get_text(object, "checksum", err);
	if (!checksum)
		return false;
	if (strlen(checksum) >= TR_CHECKSUM_TEXT || !strchr(checksum, ':'))
		return broken(err, "`%s` has no checksum", file->path);
	memcpy(file->checksum, checksum, strlen(checksum) + 1);
	if (json_array_size(partition) != m->n_keys)
		return broken(err, "`%s` has %zu partition values where there are %zu keys", file->path,
			json_array_size(partition), m->n_keys);
	for (size_t i = 0; i < m->n_keys; i++) {
		const json_t *value = json_array_get(partition, i);
		if (json_is_null(value))
			continue;
		if (!json_is_string(value) || json_string_length(value) > TR_PARTITION_VALUE_MAX)
			return broken(err, "a partition value of `%s` is not a text of at most %d bytes",
				file->path, TR_PARTITION_VALUE_MAX);
		if (!(file->partition[i] = tr_strdup(json_string_value(value), err)))
			return false;
	}
	return parse_file_columns(object, m, file, err);
}

static bool parse_files(const json_t *root, struct tr_manifest *m, struct tr_err *err)
{
	const json_t *list;
	if (!get_array(root, "files", TR_MANIFEST_FILES_MAX, &list, err))
		return false;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!parse_file(json_array_get(list, i), m, err))
			return false;
	return true;
}

static bool check_format(const json_t *root, struct tr_err *err)
{
	int64_t format;
	if (!json_is_object(root))
		return broken(err, "it is not a JSON object");
	if (!get_integer(root, "format_version", 1, INT64_MAX, &format, err))
		return false;
	if (format == TR_MANIFEST_FORMAT)
		return true;
	tr_err_set(err, TR_ERR_USER, "the manifest has format %lld; this tailrace reads format %d",
		(long long)format, TR_MANIFEST_FORMAT);
	return tr_err_hint(err, "a newer tailrace wrote it: use that version, or a later one");
}

bool tr_manifest_parse(const char *json, size_t n, struct tr_manifest *out, struct tr_err *err)
{
	json_error_t where;
	tr_manifest_init(out);
	if (n > TR_MANIFEST_BYTES_MAX)
		return broken(err, "it has %zu bytes, more than %zu", n, TR_MANIFEST_BYTES_MAX);
	if (n == 0) {
		tr_err_set(err, TR_ERR_INTERNAL, "the manifest is empty");
		return tr_err_hint(err,
			"its writer was killed on a file system without hard links before "
			"anything was published: if no run is going on, delete the empty file");
	}
	json_t *root = json_loadb(json, n, JSON_REJECT_DUPLICATES, &where);
	if (!root) {
		broken(err, "%s", where.text);
		err->place.line = where.line;
		err->place.column = where.column;
		return false;
	}
	bool ok = check_format(root, err) && parse_head(root, out, err) && parse_sources(root, out, err) &&
		parse_columns(root, out, err) && parse_keys(root, out, err) && parse_files(root, out, err);
	json_decref(root);
	struct tr_err found = { 0 };
	if (ok && !tr_manifest_check(out, &found))
		ok = broken(err, "%s", found.what);
	if (!ok)
		tr_manifest_clear(out);
	return ok;
}
