/*
 * Manifests as JSON: jansson escapes each part, the parts stand one a line, so that a
 * manifest of many files takes little memory to write and can be read and compared by
 * people.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lake/manifest_json.h"
#include "fmt/json_text.h"

/* Add `value` (stolen) to `object`; a NULL value, of memory that ran out or of text that
 * is not UTF-8, makes it fail. */
static bool put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) == 0;
}

static bool put_text(json_t *object, const char *key, const char *text)
{
	return put(object, key, text ? json_string(text) : json_null());
}

static bool put_count(json_t *object, const char *key, uint64_t n)
{
	return n <= INT64_MAX && put(object, key, json_integer((json_int_t)n));
}

/* Append the object (stolen) as one line of text. */
static bool add_line(struct tr_str *out, json_t *object, bool complete, const char *what, struct tr_err *err)
{
	char *text = complete ? tr_json_text(object, 0, err) : NULL;
	json_decref(object);
	if (!text)
		return tr_err_set(err, TR_ERR_INTERNAL, "%s of a manifest cannot be written", what);
	tr_str_add(out, text);
	free(text);
	return true;
}

/* A member that holds a small object or value (stolen), on a line of its own. */
static bool add_member(struct tr_str *out, const char *key, json_t *value, bool complete, struct tr_err *err)
{
	char *text = complete ? tr_json_text(value, 0, err) : NULL;
	json_decref(value);
	if (!text)
		return tr_err_set(err, TR_ERR_INTERNAL, "`%s` of a manifest cannot be written", key);
	tr_str_addf(out, "%s\"%s\": %s", out->len > 2 ? ",\n" : "", key, text);
	free(text);
	return true;
}

static json_t *moment(int64_t us)
{
	char text[TR_CLOCK_TEXT];
	tr_clock_iso(us, text);
	return json_string(text);
}

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

/* Only where the dataset was made of others. */
static bool add_sources(struct tr_str *out, const struct tr_manifest *m, struct tr_err *err)
{
	if (!m->n_sources)
		return true;
	json_t *list = json_array();
	bool complete = list != NULL;
	for (size_t i = 0; complete && i < m->n_sources; i++) {
		json_t *source = json_object();
		complete = put_text(source, "dataset", m->sources[i].dataset) &&
			put_count(source, "version", m->sources[i].version);
		complete = json_array_append_new(list, source) == 0 && complete;
	}
	return add_member(out, "sources", list, complete, err);
}

static bool add_head(struct tr_str *out, const struct tr_manifest *m, struct tr_err *err)
{
	json_t *snapshot = json_object();
	bool complete = put_text(snapshot, "id", m->snapshot_xmin_xmax) &&
		put_text(snapshot, "lsn", m->snapshot_lsn) && put(snapshot, "time", moment(m->snapshot_us)) &&
		put(snapshot, "standby", json_boolean(m->standby));
	int32_t last = m->last_field_id;
	for (size_t i = 0; i < m->schema.n; i++)
		if (m->schema.fields[i].field_id > last)
			last = m->schema.fields[i].field_id;
	if (m->version > INT64_MAX || m->parent > INT64_MAX || m->bytes > INT64_MAX) {
		json_decref(snapshot);
		return tr_err_set(err, TR_ERR_INTERNAL, "a number of the manifest passes 2^63");
	}
	return add_member(out, "format_version", json_integer(TR_MANIFEST_FORMAT), true, err) &&
		add_member(out, "dataset", text_or_null(m->dataset), true, err) &&
		add_member(out, "version", json_integer((json_int_t)m->version), true, err) &&
		add_member(out, "parent", json_integer((json_int_t)m->parent), true, err) &&
		add_member(out, "kind", text_or_null(m->kind), true, err) &&
		add_member(out, "rollback_of", json_integer((json_int_t)m->rollback_of), true, err) &&
		add_member(out, "run_id", text_or_null(m->run_id), true, err) &&
		add_member(out, "tailrace", text_or_null(m->tailrace), true, err) &&
		(!m->engine || add_member(out, "engine", text_or_null(m->engine), true, err)) &&
		add_member(out, "committed", moment(m->committed_us), true, err) &&
		add_member(out, "snapshot", snapshot, complete, err) && add_sources(out, m, err) &&
		add_member(out, "rows", json_integer(m->rows), true, err) &&
		add_member(out, "bytes", json_integer((json_int_t)m->bytes), true, err) &&
		add_member(out, "last_field_id", json_integer(last), true, err);
}

static bool add_column(struct tr_str *out, const struct tr_field *field, const char *stored,
	struct tr_err *err)
{
	char type[TR_TYPE_TEXT];
	json_t *object = json_object();
	bool complete = put_text(object, "name", field->name) &&
		put_text(object, "type", tr_type_format(field->type, type)) &&
		put(object, "nullable", json_boolean(field->nullable)) &&
		put(object, "field_id", json_integer(field->field_id)) &&
		(!stored || put_text(object, "stored", stored)) &&
		(!field->doc || put_text(object, "doc", field->doc));
	return add_line(out, object, complete, "a column", err);
}

static bool add_key(struct tr_str *out, const struct tr_partition_key *key, struct tr_err *err)
{
	char type[TR_TYPE_TEXT];
	json_t *object = json_object();
	bool complete = put_text(object, "name", key->name) && put_text(object, "column", key->column) &&
		put_text(object, "transform", tr_partition_transforms[key->transform]) &&
		put_text(object, "type", tr_type_format(key->type, type));
	return add_line(out, object, complete, "a partition key", err);
}

/* `"min": "7"`; `"max": {"hex": "ff00", "cut": true}` where the plain form does not do. */
static bool put_bound(json_t *object, const char *key, const struct tr_bound *bound, struct tr_type type,
	struct tr_err *err)
{
	if (!bound->set)
		return true;
	bool hex;
	char *text = tr_bound_format(bound, type, &hex, err);
	json_t *value = text ? json_string(text) : NULL;
	free(text);
	if (value && (hex || !bound->exact)) {
		json_t *whole = json_object();
		bool ok = put(whole, hex ? "hex" : "text", value) &&
			(bound->exact || put(whole, "cut", json_true()));
		value = whole;
		if (!ok) {
			json_decref(whole);
			return false;
		}
	}
	return put(object, key, value);
}

static bool add_file(struct tr_str *out, const struct tr_manifest *m, const struct tr_manifest_file *file,
	struct tr_err *err)
{
	json_t *object = json_object(), *columns = json_array(), *partition = json_array();
	bool complete = put_text(object, "path", file->path) &&
		put(object, "rows", json_integer(file->rows)) && put_count(object, "bytes", file->bytes) &&
		put_text(object, "checksum", file->checksum) &&
		put(object, "row_groups", json_integer(file->row_groups));
	for (size_t i = 0; complete && i < m->n_keys; i++)
		complete = json_array_append_new(partition, text_or_null(file->partition[i])) == 0;
	for (size_t i = 0; complete && i < m->schema.n; i++) {
		json_t *column = json_object();
		complete = put(column, "nulls", json_integer(file->nulls[i])) &&
			(!file->column_bytes[i] || put_count(column, "bytes", file->column_bytes[i])) &&
			put_bound(column, "min", &file->min[i], m->schema.fields[i].type, err) &&
			put_bound(column, "max", &file->max[i], m->schema.fields[i].type, err);
		complete = json_array_append_new(columns, column) == 0 && complete;
	}
	complete = put(object, "partition", partition) && put(object, "columns", columns) && complete;
	return add_line(out, object, complete, "a file", err);
}

static bool add_lists(struct tr_str *out, const struct tr_manifest *m, struct tr_err *err)
{
	bool ok = true;
	tr_str_add(out, ",\n\"columns\": [");
	for (size_t i = 0; ok && i < m->schema.n; i++) {
		tr_str_add(out, i ? ",\n\t" : "\n\t");
		ok = add_column(out, &m->schema.fields[i], m->stored ? m->stored[i] : NULL, err);
	}
	tr_str_add(out, "],\n\"partition_by\": [");
	for (size_t i = 0; ok && i < m->n_keys; i++) {
		tr_str_add(out, i ? ",\n\t" : "\n\t");
		ok = add_key(out, &m->keys[i], err);
	}
	tr_str_add(out, "],\n\"files\": [");
	for (size_t i = 0; ok && i < m->n_files; i++) {
		tr_str_add(out, i ? ",\n\t" : "\n\t");
		ok = add_file(out, m, &m->files[i], err);
	}
	tr_str_add(out, "]\n}\n");
	return ok;
}

char *tr_manifest_format(const struct tr_manifest *m, struct tr_err *err)
{
	struct tr_str out;
	tr_str_init(&out, TR_MANIFEST_BYTES_MAX);
	tr_str_add(&out, "{\n");
	if (!add_head(&out, m, err) || !add_lists(&out, m, err)) {
		tr_str_clear(&out);
		return NULL;
	}
	char *text = tr_str_take(&out, err);
	if (!text)
		tr_str_clear(&out);
	return text;
}
