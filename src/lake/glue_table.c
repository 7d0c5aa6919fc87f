#include "lake/glue_table.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "lake/lake_key.h"

#define COMMENT_MAX 255      /* bytes of a column's comment */
#define DESCRIPTION_MAX 2048 /* bytes of a table's description */
#define NUMBER_TEXT 32
#define LOCATION_MAX (3 * TR_KEY_MAX)
#define PARQUET_INPUT "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
#define PARQUET_OUTPUT "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
#define PARQUET_SERDE "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"

/* Jansson fails where memory does: every text of ours is UTF-8. */
static bool built(bool ok, struct tr_err *err)
{
	return ok || tr_err_memory(err, 0);
}

static bool put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) == 0;
}

static bool put_text(json_t *object, const char *key, const char *value)
{
	return put(object, key, json_string(value));
}

static bool put_number(json_t *object, const char *key, uint64_t value)
{
	char text[NUMBER_TEXT];
	snprintf(text, sizeof text, "%" PRIu64, value);
	return put_text(object, key, text);
}

bool tr_glue_lake(const char *location, char *buf, struct tr_err *err)
{
	size_t n = strlen(location);
	while (n && location[n - 1] == '/')
		n--;
	if (strncmp(location, "s3://", 5) != 0 || n <= 5 || n >= TR_KEY_MAX) {
		tr_err_set(err, TR_ERR_USER, "Glue can't show a lake at `%.200s`", location);
		return tr_err_hint(err,
			"set `lake.location` to `s3://bucket/prefix`, or `lake.catalog: local`");
	}
	memcpy(buf, location, n);
	buf[n] = '\0';
	return true;
}

bool tr_glue_run_of(const char *location, const char *lake, const char *dataset, char out[TR_RUN_ID_TEXT])
{
	size_t n = strlen(lake);
	char key[LOCATION_MAX];
	if (strncmp(location, lake, n) != 0 || location[n] != '/')
		return false;
	/* The folder itself may come without its slash. */
	snprintf(key, sizeof key, "%s/", location + n + 1);
	return tr_lake_run_of(key, dataset, out);
}

/* ---- columns ---- */

static const char *doc_of(const struct tr_glue_table *table, const char *column, const char *fallback)
{
	for (size_t i = 0; i < table->n_docs; i++)
		if (strcmp(table->docs[i].column, column) == 0)
			return table->docs[i].doc;
	return fallback;
}

/* A comment is one line of at most so many bytes. */
static bool put_comment(json_t *object, const char *key, const char *doc, size_t max)
{
	char text[DESCRIPTION_MAX + 1];
	if (!doc || !doc[0])
		return true;
	tr_copy_text(text, max + 1, doc);
	for (char *c = text; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = ' ';
	return put_text(object, key, text);
}

static bool add_column(json_t *columns, const char *name, const char *type, const char *doc)
{
	json_t *column = json_object();
	if (json_array_append_new(columns, column) != 0)
		return false;
	return put_text(column, "Name", name) && put_text(column, "Type", type) &&
		put_comment(column, "Comment", doc, COMMENT_MAX);
}

/* The values of partitions are texts: a uuid's is not the 16 bytes that a file would hold. */
static const char *key_type(struct tr_type type, char *buf)
{
	bool text = type.kind == TR_UUID || type.kind == TR_TIME;
	return tr_type_hive(text ? (struct tr_type){ .kind = TR_STRING } : type, buf);
}

static bool put_columns(json_t *input, const struct tr_manifest *m, const struct tr_glue_table *table,
	const char *location)
{
	char type[TR_TYPE_TEXT];
	json_t *columns = json_array(), *keys = json_array();
	bool ok = put(input, "PartitionKeys", keys) && columns;
	for (size_t i = 0; ok && i < m->schema.n; i++) {
		const struct tr_field *field = &m->schema.fields[i];
		ok = add_column(columns, field->name, tr_type_hive(field->type, type),
			doc_of(table, field->name, field->doc));
	}
	for (size_t i = 0; ok && i < m->n_keys; i++)
		ok = add_column(keys, m->keys[i].name, key_type(m->keys[i].type, type),
			doc_of(table, m->keys[i].name, NULL));
	ok = ok && put(input, "StorageDescriptor", tr_glue_descriptor(columns, location));
	json_decref(columns);
	return ok;
}

json_t *tr_glue_descriptor(json_t *columns, const char *location)
{
	return json_pack("{s:O, s:s, s:s, s:s, s:b, s:i, s:[], s:[], s:b, s:{s:s, s:{s:s}}}", "Columns",
		columns, "Location", location, "InputFormat", PARQUET_INPUT, "OutputFormat", PARQUET_OUTPUT,
		"Compressed", 0, "NumberOfBuckets", -1, "BucketColumns", "SortColumns",
		"StoredAsSubDirectories", 0, "SerdeInfo", "SerializationLibrary", PARQUET_SERDE, "Parameters",
		"serialization.format", "1");
}

/* ---- parameters ---- */

static bool put_parameters(json_t *p, const struct tr_manifest *m, const char *lake, const char *partitions)
{
	char snapshot[TR_CLOCK_TEXT];
	tr_clock_iso(m->snapshot_us, snapshot);
	bool ok = put_text(p, "EXTERNAL", "TRUE") && put_text(p, "classification", "parquet") &&
		/* The files as such are not compressed, their pages are. */
		put_text(p, "compressionType", "none") && put_text(p, "typeOfData", "file") &&
		put_number(p, "recordCount", (uint64_t)m->rows) && put_number(p, "sizeKey", m->bytes) &&
		put_number(p, "objectCount", m->n_files) && put_text(p, TR_GLUE_P_DATASET, m->dataset) &&
		put_text(p, TR_GLUE_P_LAKE, lake) && put_number(p, TR_GLUE_P_VERSION, m->version) &&
		put_text(p, TR_GLUE_P_RUN, m->run_id) && put_text(p, "tailrace.snapshot_time", snapshot);
	if (ok && m->snapshot_lsn)
		ok = put_text(p, "tailrace.snapshot_lsn", m->snapshot_lsn);
	return ok && (!partitions || put_text(p, TR_GLUE_P_PARTITIONS, partitions));
}

static bool is_ours(const char *key)
{
	static const char *const names[] = { "EXTERNAL", "classification", "compressionType", "typeOfData",
		"recordCount", "sizeKey", "objectCount", "averageRecordSize", "storage.location.template",
		/* Engines' statistics of the version before. */
		"numRows", "numFiles", "totalSize", "rawDataSize", "COLUMN_STATS_ACCURATE" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcasecmp(key, names[i]) == 0)
			return true;
	return strncmp(key, "tailrace.", 9) == 0 || strncmp(key, "projection.", 11) == 0;
}

/* ---- the table ---- */

static const char *first_folder(const struct tr_manifest *m, const char *lake, bool whole_run, char *buf)
{
	char run[TR_KEY_MAX];
	const char *path = m->n_files ? m->files[0].path : "";
	tr_lake_data_prefix(m->dataset, m->run_id, run);
	size_t n = tr_glue_folder_len(path);
	if (whole_run && m->n_files)
		n = strlen(m->dataset) + 1 + strcspn(path + strlen(m->dataset) + 1, "/") + 1;
	snprintf(buf, LOCATION_MAX, "%s/%.*s", lake, n ? (int)n : (int)strlen(run), n ? path : run);
	return buf;
}

static bool not_one_folder(const struct tr_manifest *m, const struct tr_manifest_file *file,
	struct tr_err *err)
{
	tr_err_set(err, TR_ERR_INTERNAL,
		"Glue can't show version %llu of `%s`: its files lie in more than one folder",
		(unsigned long long)m->version, m->dataset);
	tr_err_detail(err, "`%s` does not lie where `%s` does", file->path, m->files[0].path);
	return tr_err_hint(err, "run it again: a run puts the files of a partition into one folder");
}

static bool not_projected(const struct tr_manifest *m, const char *reason, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_DATA, "partition projection can't name the partitions of `%s`", m->dataset);
	tr_err_detail(err, "%s", reason);
	return tr_err_hint(err,
		"make these values fit in the transform, partition by another key, or set `partitions: "
		"registered` (then a refresh is not atomic for readers)");
}

static bool put_projection(json_t *parameters, const struct tr_manifest *m, const struct tr_glue_parts *parts,
	const char *lake, struct tr_err *err)
{
	struct tr_glue_axes axes;
	if (!tr_glue_axes_find(m, parts, &axes, err))
		return false;
	bool ok = axes.possible ? tr_glue_axes_parameters(&axes, m, lake, parameters, err)
				: not_projected(m, axes.reason.ptr, err);
	tr_glue_axes_clear(&axes);
	return ok;
}

static bool fill_input(json_t *input, const struct tr_manifest *m, const struct tr_glue_table *table,
	const char *lake, const struct tr_glue_parts *parts, struct tr_err *err)
{
	char location[LOCATION_MAX];
	bool registered = table->partitions == TR_GLUE_REGISTERED;
	json_t *parameters = json_object();
	if (!built(put(input, "Parameters", parameters), err))
		return false;
	if ((m->n_keys == 0 || registered) && parts->split)
		return not_one_folder(m, parts->split, err);
	if (m->n_keys && !registered && !put_projection(parameters, m, parts, lake, err))
		return false;
	first_folder(m, lake, m->n_keys > 0, location);
	return built(put_text(input, "Name", m->dataset) && put_text(input, "TableType", "EXTERNAL_TABLE") &&
			put_comment(input, "Description", table->doc, DESCRIPTION_MAX) &&
			put_columns(input, m, table, location) &&
			put_parameters(parameters, m, lake,
				m->n_keys == 0       ? NULL
					: registered ? "registered"
						     : "projection"),
		err);
}

bool tr_glue_table_input(const struct tr_manifest *m, const struct tr_glue_table *table, const char *location,
	json_t **out, struct tr_err *err)
{
	char lake[TR_KEY_MAX];
	struct tr_glue_parts parts;
	*out = NULL;
	if (!tr_glue_lake(location, lake, err) || !tr_glue_columns_check(&m->schema, err) ||
		!tr_glue_values_check(m, err) || !tr_glue_parts_find(m, &parts, err))
		return false;
	json_t *input = json_object();
	bool ok = built(input != NULL, err) && fill_input(input, m, table, lake, &parts, err);
	tr_glue_parts_clear(&parts);
	if (ok)
		*out = input;
	else
		json_decref(input);
	return ok;
}

/* ---- what exists ---- */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

static uint64_t number_of(const json_t *parameters, const char *key)
{
	const char *text = text_of(parameters, key);
	size_t n = strlen(text);
	return n && n < 19 && strspn(text, "0123456789") == n ? strtoull(text, NULL, 10) : 0;
}

/* Parameters that other formats set come in either case. */
static const char *format_of(const json_t *parameters)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)parameters, key, value)
	{
		if (strcasecmp(key, "table_type") == 0 ||
			strcasecmp(key, "spark.sql.sources.provider") == 0) {
			const char *text = json_string_value(value);
			if (text && text[0] && strcasecmp(text, "parquet") != 0)
				return text;
		}
		if (strcasecmp(key, "metadata_location") == 0)
			return "ICEBERG";
	}
	return NULL;
}

static void judge(struct tr_glue_seen *seen, const char *dataset, const char *lake)
{
	const json_t *parameters = json_object_get(seen->table, "Parameters");
	const char *type = text_of(seen->table, "TableType"), *format = format_of(parameters);
	const char *name = text_of(parameters, TR_GLUE_P_DATASET),
		   *home = text_of(parameters, TR_GLUE_P_LAKE);
	if (json_is_object(json_object_get(seen->table, "TargetTable"))) {
		snprintf(seen->why, sizeof seen->why, "is a link to a table elsewhere");
	} else if (format) {
		snprintf(seen->why, sizeof seen->why, "is a table of the format %.60s", format);
	} else if (type[0] && strcasecmp(type, "EXTERNAL_TABLE") != 0 &&
		strcasecmp(type, "MANAGED_TABLE") != 0) {
		snprintf(seen->why, sizeof seen->why, "is not a table but a %.60s", type);
	} else {
		seen->replaceable = true;
		seen->ours = strcmp(name, dataset) == 0 && strcmp(home, lake) == 0;
		if (!name[0])
			snprintf(seen->why, sizeof seen->why, "was not created by tailrace");
		else if (!seen->ours)
			snprintf(seen->why, sizeof seen->why, "is that of `%.130s` in the lake `%.200s`",
				name, home);
	}
}

bool tr_glue_seen_read(const json_t *answer, const char *dataset, const char *lake, struct tr_glue_seen *out,
	struct tr_err *err)
{
	*out = (struct tr_glue_seen){ 0 };
	if (!answer)
		return true;
	json_t *table = json_object_get(answer, "Table");
	const json_t *parameters = json_object_get(table, "Parameters");
	const char *id = text_of(table, "VersionId");
	if (!json_is_object(table) || strlen(id) >= sizeof out->version_id) {
		tr_err_set(err, TR_ERR_INTERNAL, "Glue's answer to GetTable for `%s` can't be read", dataset);
		return tr_err_hint(err, "`lake.glue` endpoint: is it a Glue service that answers there?");
	}
	out->found = true;
	out->table = json_incref(table);
	snprintf(out->version_id, sizeof out->version_id, "%s", id);
	out->version = number_of(parameters, TR_GLUE_P_VERSION);
	out->mark = number_of(parameters, TR_GLUE_P_MARK);
	const char *run = text_of(parameters, TR_GLUE_P_RUN);
	if (tr_run_id_is(run) && strlen(run) < sizeof out->run_id)
		snprintf(out->run_id, sizeof out->run_id, "%s", run);
	out->partitioned = json_array_size(json_object_get(table, "PartitionKeys")) > 0;
	out->registered = strcmp(text_of(parameters, TR_GLUE_P_PARTITIONS), "registered") == 0;
	judge(out, dataset, lake);
	return true;
}

void tr_glue_seen_clear(struct tr_glue_seen *seen)
{
	json_decref(seen->table);
	*seen = (struct tr_glue_seen){ 0 };
}

bool tr_glue_keys_differ(const struct tr_glue_seen *seen, const json_t *input)
{
	const json_t *old = json_object_get(seen->table, "PartitionKeys");
	const json_t *new = json_object_get(input, "PartitionKeys");
	if (json_array_size(old) != json_array_size(new))
		return true;
	for (size_t i = 0; i < json_array_size(new); i++) {
		const json_t *x = json_array_get(old, i), *y = json_array_get(new, i);
		if (strcmp(text_of(x, "Name"), text_of(y, "Name")) != 0 ||
			strcmp(text_of(x, "Type"), text_of(y, "Type")) != 0)
			return true;
	}
	return false;
}

/* ---- from the existing table to an input ---- */

static bool copy_missing(json_t *to, const json_t *from, const char *key)
{
	json_t *value = json_object_get(from, key);
	return !value || json_is_null(value) || json_object_get(to, key) ||
		json_object_set(to, key, value) == 0;
}

bool tr_glue_keep(const struct tr_glue_seen *seen, json_t *input, struct tr_err *err)
{
	const char *key;
	json_t *value, *parameters = json_object_get(input, "Parameters");
	bool ok = copy_missing(input, seen->table, "Description") &&
		copy_missing(input, seen->table, "Owner") && copy_missing(input, seen->table, "Retention");
	json_object_foreach(json_object_get(seen->table, "Parameters"), key, value)
	{
		if (ok && json_is_string(value) && !is_ours(key) && !json_object_get(parameters, key))
			ok = json_object_set(parameters, key, value) == 0;
	}
	return built(ok, err);
}

json_t *tr_glue_copy(const json_t *value)
{
	/* Jansson's copies leave away what there was no memory for. */
	json_t *copy = json_deep_copy(value);
	if (copy && json_equal(copy, value))
		return copy;
	json_decref(copy);
	return NULL;
}

bool tr_glue_same(const struct tr_glue_seen *seen, json_t **out, struct tr_err *err)
{
	static const char *const members[] = { "Name", "Description", "Owner", "LastAccessTime",
		"LastAnalyzedTime", "Retention", "StorageDescriptor", "PartitionKeys", "ViewOriginalText",
		"ViewExpandedText", "TableType" };
	*out = json_object();
	bool ok = *out != NULL;
	for (size_t i = 0; ok && i < sizeof members / sizeof *members; i++)
		ok = copy_missing(*out, seen->table, members[i]);
	json_t *parameters = json_object_get(seen->table, "Parameters");
	/* A copy: the mark is set in it. */
	ok = ok &&
		put(*out, "Parameters",
			json_is_object(parameters) ? tr_glue_copy(parameters) : json_object());
	if (!ok) {
		json_decref(*out);
		*out = NULL;
	}
	return built(ok, err);
}

bool tr_glue_mark(json_t *input, uint64_t version, struct tr_err *err)
{
	return built(put_number(json_object_get(input, "Parameters"), TR_GLUE_P_MARK, version), err);
}
