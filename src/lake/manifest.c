#include "lake/manifest.h"

#include <stdlib.h>
#include <string.h>

bool tr_run_id_is(const char *text)
{
	size_t n = strspn(text, "0123456789abcdefghijklmnopqrstuvwxyz-");
	return n > 0 && n <= TR_RUN_ID_MAX && text[n] == '\0';
}

void tr_manifest_init(struct tr_manifest *m)
{
	*m = (struct tr_manifest){ 0 };
	tr_schema_init(&m->schema);
}

bool tr_manifest_file_init(struct tr_manifest_file *file, size_t columns, size_t keys, struct tr_err *err)
{
	*file = (struct tr_manifest_file){ 0 };
	file->partition = tr_calloc(keys, sizeof *file->partition, err);
	file->min = file->partition ? tr_calloc(columns, sizeof *file->min, err) : NULL;
	file->max = file->min ? tr_calloc(columns, sizeof *file->max, err) : NULL;
	file->nulls = file->max ? tr_calloc(columns, sizeof *file->nulls, err) : NULL;
	file->column_bytes = file->nulls ? tr_calloc(columns, sizeof *file->column_bytes, err) : NULL;
	return file->column_bytes != NULL;
}

void tr_manifest_file_clear(struct tr_manifest_file *file, size_t keys)
{
	free(file->path);
	for (size_t i = 0; file->partition && i < keys; i++)
		free(file->partition[i]);
	free(file->partition);
	free(file->min);
	free(file->max);
	free(file->nulls);
	free(file->column_bytes);
	*file = (struct tr_manifest_file){ 0 };
}

void tr_manifest_file_fill(struct tr_manifest_file *file, const struct tr_parquet_stats *stats)
{
	file->rows = stats->rows;
	file->row_groups = stats->row_groups;
	for (size_t i = 0; i < stats->n; i++) {
		file->min[i] = stats->columns[i].min;
		file->max[i] = stats->columns[i].max;
		file->nulls[i] = stats->columns[i].nulls;
		file->column_bytes[i] = stats->columns[i].compressed_bytes;
	}
}

void tr_manifest_clear(struct tr_manifest *m)
{
	free(m->dataset);
	free(m->run_id);
	free(m->tailrace);
	free(m->kind);
	free(m->snapshot_xmin_xmax);
	free(m->snapshot_lsn);
	for (size_t i = 0; i < m->n_sources; i++)
		free(m->sources[i].dataset);
	free(m->sources);
	for (size_t i = 0; i < m->n_files; i++)
		tr_manifest_file_clear(&m->files[i], m->n_keys);
	free(m->files);
	for (size_t i = 0; i < m->n_keys; i++) {
		free(m->keys[i].column);
		free(m->keys[i].name);
	}
	free(m->keys);
	for (size_t i = 0; m->stored && i < m->schema.n; i++)
		free(m->stored[i]);
	free(m->stored);
	free(m->engine);
	tr_schema_clear(&m->schema);
	tr_manifest_init(m);
}

struct tr_manifest_file *tr_manifest_add_file(struct tr_manifest *m, struct tr_err *err)
{
	if (m->n_files >= TR_MANIFEST_FILES_MAX) {
		tr_err_set(err, TR_ERR_USER, "a version of more than %d files", TR_MANIFEST_FILES_MAX);
		tr_err_hint(err, "partition by a coarser key, as month(...) for day(...)");
		return NULL;
	}
	if (!tr_array_grow((void **)&m->files, m->n_files, &m->files_cap, sizeof *m->files, err))
		return NULL;
	struct tr_manifest_file *file = &m->files[m->n_files];
	if (!tr_manifest_file_init(file, m->schema.n, m->n_keys, err)) {
		tr_manifest_file_clear(file, m->n_keys);
		return NULL;
	}
	m->n_files++;
	return file;
}

bool tr_manifest_field_ids(struct tr_schema *schema, const struct tr_manifest *parent, int32_t *last,
	struct tr_err *err)
{
	int32_t highest = parent ? parent->last_field_id : 0;
	for (size_t i = 0; parent && i < parent->schema.n; i++)
		if (parent->schema.fields[i].field_id > highest)
			highest = parent->schema.fields[i].field_id;
	for (size_t i = 0; i < schema->n; i++) {
		struct tr_field *field = &schema->fields[i];
		int known = parent ? tr_schema_find(&parent->schema, field->name) : -1;
		field->field_id = known >= 0 ? parent->schema.fields[known].field_id : 0;
		if (field->field_id > 0)
			continue;
		if (highest == INT32_MAX)
			return tr_err_set(err, TR_ERR_INTERNAL, "the dataset's field ids are used up");
		field->field_id = ++highest;
	}
	*last = highest;
	return true;
}

static bool has_null(const struct tr_manifest *m, size_t key)
{
	for (size_t i = 0; i < m->n_files; i++)
		if (!m->files[i].partition[key])
			return true;
	return false;
}

bool tr_manifest_columns(const struct tr_manifest *m, struct tr_schema *out, struct tr_err *err)
{
	if (!tr_schema_copy(out, &m->schema, err))
		return false;
	for (size_t i = 0; i < m->n_keys; i++) {
		if (!tr_schema_add(out, m->keys[i].name, m->keys[i].type, has_null(m, i), NULL, err)) {
			tr_schema_clear(out);
			return false;
		}
	}
	return true;
}
