#include "lake/glue_rows.h"
#include "fmt/json_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define NULL_NAME "__HIVE_DEFAULT_PARTITION__"
#define ID_MAX (TR_PARTITION_KEYS_MAX * (TR_PARTITION_VALUE_MAX + 32))
#define LOCATION_MAX (3 * TR_KEY_MAX)
#define ROWS_MAX 10000000 /* Glue's own limit for a table */

void tr_glue_rows_clear(struct tr_glue_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		free(rows->items[i].id);
	free(rows->items);
	*rows = (struct tr_glue_rows){ 0 };
}

static uint64_t hash_of(const char *location, const char *columns_hash)
{
	/* Engines that write partitions leave the slash away. */
	size_t n = strlen(location);
	while (n && location[n - 1] == '/')
		n--;
	return XXH3_64bits_withSeed(location, n, XXH3_64bits(columns_hash, strlen(columns_hash)));
}

static bool add_row(struct tr_glue_rows *rows, struct tr_str *id, uint64_t hash,
	const struct tr_manifest_file *file, struct tr_err *err)
{
	if (!tr_array_grow((void **)&rows->items, rows->n, &rows->cap, sizeof *rows->items, err))
		return false;
	char *text = tr_str_take(id, err);
	if (!text)
		return false;
	rows->items[rows->n++] = (struct tr_glue_row){ text, hash, file };
	return true;
}

static void add_value(struct tr_str *id, const char *value)
{
	tr_str_addf(id, "%zu:%s", strlen(value), value);
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct tr_glue_row *)a)->id, ((const struct tr_glue_row *)b)->id);
}

void tr_glue_rows_sort(struct tr_glue_rows *rows)
{
	if (rows->n)
		qsort(rows->items, rows->n, sizeof *rows->items, by_id);
}

static void file_location(const struct tr_manifest_file *file, const char *lake, char *buf)
{
	snprintf(buf, LOCATION_MAX, "%s/%.*s", lake, (int)tr_glue_folder_len(file->path), file->path);
}

bool tr_glue_rows_wanted(const struct tr_manifest *m, const struct tr_glue_parts *parts, const char *lake,
	const char *columns_hash, struct tr_glue_rows *out, struct tr_err *err)
{
	char location[LOCATION_MAX];
	struct tr_str id;
	*out = (struct tr_glue_rows){ 0 };
	tr_str_init(&id, ID_MAX);
	bool ok = true;
	for (size_t i = 0; ok && i < parts->n; i++) {
		const struct tr_manifest_file *file = parts->items[i];
		for (size_t k = 0; k < m->n_keys; k++)
			add_value(&id, file->partition[k] ? file->partition[k] : NULL_NAME);
		file_location(file, lake, location);
		ok = add_row(out, &id, hash_of(location, columns_hash), file, err);
	}
	tr_str_clear(&id);
	if (ok)
		tr_glue_rows_sort(out);
	else
		tr_glue_rows_clear(out);
	return ok;
}

/* ---- what Glue answers ---- */

static bool unreadable(struct tr_err *err)
{
	tr_err_set(err, TR_ERR_INTERNAL, "Glue's answer to GetPartitions can't be read");
	return tr_err_hint(err,
		"look at the table's partitions in Glue; those that tailrace did not make can be "
		"removed");
}

static bool read_row(const json_t *partition, struct tr_glue_rows *out, struct tr_str *id, struct tr_err *err)
{
	const json_t *values = json_object_get(partition, "Values");
	const char *location = json_string_value(
		json_object_get(json_object_get(partition, "StorageDescriptor"), "Location"));
	const char *columns = json_string_value(
		json_object_get(json_object_get(partition, "Parameters"), TR_GLUE_P_COLUMNS));
	if (!json_is_array(values) || json_array_size(values) == 0 || out->n >= ROWS_MAX)
		return unreadable(err);
	for (size_t i = 0; i < json_array_size(values); i++) {
		const char *value = json_string_value(json_array_get(values, i));
		if (!value)
			return unreadable(err);
		add_value(id, value);
	}
	return add_row(out, id, hash_of(location ? location : "", columns ? columns : ""), NULL, err);
}

bool tr_glue_rows_read(const json_t *answer, struct tr_glue_rows *out, struct tr_err *err)
{
	const json_t *partitions = json_object_get(answer, "Partitions");
	struct tr_str id;
	if (partitions && !json_is_array(partitions))
		return unreadable(err);
	tr_str_init(&id, ID_MAX);
	bool ok = true;
	for (size_t i = 0; ok && i < json_array_size(partitions); i++)
		ok = read_row(json_array_get(partitions, i), out, &id, err);
	tr_str_clear(&id);
	return ok;
}

/* ---- the difference ---- */

bool tr_glue_rows_compare(const struct tr_glue_rows *wanted, const struct tr_glue_rows *there,
	struct tr_glue_changes *out, struct tr_err *err)
{
	*out = (struct tr_glue_changes){ 0 };
	out->create = tr_calloc(wanted->n + 1, sizeof *out->create, err);
	out->update = tr_calloc(wanted->n + 1, sizeof *out->update, err);
	out->remove = tr_calloc(there->n + 1, sizeof *out->remove, err);
	if (!out->create || !out->update || !out->remove) {
		tr_glue_changes_clear(out);
		return false;
	}
	for (size_t i = 0, k = 0; i < wanted->n || k < there->n;) {
		const struct tr_glue_row *new = i < wanted->n ? &wanted->items[i] : NULL;
		const struct tr_glue_row *old = k < there->n ? &there->items[k] : NULL;
		int order = !old ? -1 : !new ? 1 : strcmp(new->id, old->id);
		if (order < 0)
			out->create[out->n_create++] = new;
		else if (order > 0)
			out->remove[out->n_remove++] = old;
		else if (new->hash != old->hash)
			out->update[out->n_update++] = new;
		i += order <= 0;
		k += order >= 0;
	}
	return true;
}

void tr_glue_changes_clear(struct tr_glue_changes *changes)
{
	free(changes->create);
	free(changes->update);
	free(changes->remove);
	*changes = (struct tr_glue_changes){ 0 };
}

/* ---- what is sent ---- */

bool tr_glue_columns_hash(const json_t *columns, char out[TR_GLUE_HASH_TEXT], struct tr_err *err)
{
	char *text = tr_json_text(columns, JSON_COMPACT, err);
	if (text)
		snprintf(out, TR_GLUE_HASH_TEXT, "%016" PRIx64, (uint64_t)XXH3_64bits(text, strlen(text)));
	free(text);
	return text != NULL;
}

json_t *tr_glue_row_values(const struct tr_glue_row *row)
{
	json_t *values = json_array();
	for (const char *at = row->id; *at;) {
		char *text;
		size_t n = strtoull(at, &text, 10);
		if (json_array_append_new(values, json_stringn(text + 1, n)) != 0) {
			json_decref(values);
			return NULL;
		}
		at = text + 1 + n;
	}
	return values;
}

json_t *tr_glue_row_input(const struct tr_glue_row *row, const char *lake, json_t *columns,
	const char *columns_hash)
{
	char location[LOCATION_MAX];
	file_location(row->file, lake, location);
	return json_pack("{s:o, s:o, s:{s:s}}", "Values", tr_glue_row_values(row), "StorageDescriptor",
		tr_glue_descriptor(columns, location), "Parameters", TR_GLUE_P_COLUMNS, columns_hash);
}

/* ---- errors of a batch's items ---- */

/* Another try, after looking again, mends these. */
static bool passes(const char *code)
{
	static const char *const codes[] = { "AlreadyExistsException", "EntityNotFoundException",
		"ConcurrentModificationException", "InternalServiceException", "OperationTimeoutException",
		"ThrottlingException", "ResourceNotReadyException" };
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (strcmp(code, codes[i]) == 0)
			return true;
	return false;
}

static void keep_error(const json_t *item, struct tr_glue_item_errors *out)
{
	const json_t *detail = json_object_get(item, "ErrorDetail");
	const char *code = json_string_value(json_object_get(detail, "ErrorCode"));
	const char *message = json_string_value(json_object_get(detail, "ErrorMessage"));
	/* BatchUpdatePartition names the values otherwise. */
	const json_t *values = json_object_get(item, "PartitionValues");
	if (!values)
		values = json_object_get(item, "PartitionValueList");
	struct tr_err ignored = { 0 };
	char *text = values ? tr_json_text(values, JSON_COMPACT, &ignored) : NULL;
	bool fatal = !code || !passes(code);
	if (out->n++ == 0 || (fatal && !out->fatal)) {
		tr_copy_text(out->code, sizeof out->code, code ? code : "");
		tr_copy_text(out->message, sizeof out->message, message ? message : "");
		tr_copy_text(out->values, sizeof out->values, text ? text : "");
	}
	out->fatal = out->fatal || fatal;
	free(text);
}

void tr_glue_item_errors(const json_t *answer, struct tr_glue_item_errors *out)
{
	const json_t *errors = json_object_get(answer, "Errors");
	*out = (struct tr_glue_item_errors){ 0 };
	for (size_t i = 0; i < json_array_size(errors); i++)
		keep_error(json_array_get(errors, i), out);
}
