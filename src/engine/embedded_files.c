#include "engine/embedded_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/embedded_types.h"

#define SQL_MAX ((size_t)64 << 20)
/* The name of the column with a file's path, which no published column can have. */
#define PATH_COLUMN "tailrace$path"

/* A view over published files. The values of its partition columns are looked up by the
 * file's path in a function of the view's own: nothing is read out of folder names, and
 * the optimizer, which evaluates filters over a path before it opens the file, prunes by
 * any condition on them. */
struct published_file {
	char *path;
	char **values; /* one a partition column; NULL: null */
};

struct tr_engine_published {
	char *name;
	struct tr_schema columns;
	struct published_file *files; /* sorted by path */
	size_t n_files, n_values;
};

void tr_engine_published_free(struct tr_engine_published *p)
{
	for (size_t i = 0; i < p->n_files; i++) {
		for (size_t k = 0; p->files[i].values && k < p->n_values; k++)
			free(p->files[i].values[k]);
		free(p->files[i].values);
		free(p->files[i].path);
	}
	free(p->files);
	tr_schema_clear(&p->columns);
	free(p->name);
	free(p);
}

const char *tr_engine_published_name(const struct tr_engine_published *p)
{
	return p->name;
}

const struct tr_schema *tr_engine_published_columns(const struct tr_engine_published *p)
{
	return &p->columns;
}

static int compare_files(const void *a, const void *b)
{
	const struct published_file *x = a, *y = b;
	return strcmp(x->path, y->path);
}

static const struct published_file *find_file(const struct tr_engine_published *p, const char *path, size_t len)
{
	size_t low = 0, high = p->n_files;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strncmp(p->files[middle].path, path, len);
		if (order == 0 && p->files[middle].path[len] != '\0')
			order = 1;
		if (order == 0)
			return &p->files[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* tr_partition_N(path, column) -> text. All rows of a chunk come from one file: the file is
 * looked up when the path changes. */
static void partition_value(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
	const struct tr_engine_published *p = duckdb_scalar_function_get_extra_info(info);
	duckdb_string_t *paths = duckdb_vector_get_data(duckdb_data_chunk_get_vector(input, 0));
	const int32_t *columns = duckdb_vector_get_data(duckdb_data_chunk_get_vector(input, 1));
	duckdb_vector_ensure_validity_writable(output);
	uint64_t *validity = duckdb_vector_get_validity(output);
	const struct published_file *file = NULL;
	size_t file_len = 0;
	idx_t n = duckdb_data_chunk_get_size(input);
	for (idx_t i = 0; i < n; i++) {
		const char *path = duckdb_string_t_data(&paths[i]);
		uint32_t len = duckdb_string_t_length(paths[i]);
		if (!file || file_len != len || memcmp(file->path, path, len) != 0)
			file = find_file(p, path, len);
		if (!file || columns[i] < 0 || (size_t)columns[i] >= p->n_values) {
			duckdb_scalar_function_set_error(info, "a file that is not of this version was read");
			return;
		}
		file_len = len;
		const char *value = file->values[columns[i]];
		if (value)
			duckdb_vector_assign_string_element_len(output, i, value, strlen(value));
		else
			duckdb_validity_set_row_invalid(validity, i);
	}
}

static bool register_partition(struct tr_engine *e, struct tr_engine_published *p, size_t index, struct tr_err *err)
{
	char name[40];
	snprintf(name, sizeof name, "tr_partition_%zu", index);
	duckdb_scalar_function f = duckdb_create_scalar_function();
	duckdb_logical_type text = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
	duckdb_logical_type number = duckdb_create_logical_type(DUCKDB_TYPE_INTEGER);
	duckdb_scalar_function_set_name(f, name);
	duckdb_scalar_function_add_parameter(f, text);
	duckdb_scalar_function_add_parameter(f, number);
	duckdb_scalar_function_set_return_type(f, text);
	duckdb_scalar_function_set_extra_info(f, p, NULL);
	duckdb_scalar_function_set_function(f, partition_value);
	bool ok = duckdb_register_scalar_function(e->run_con, f) == DuckDBSuccess;
	duckdb_destroy_logical_type(&text);
	duckdb_destroy_logical_type(&number);
	duckdb_destroy_scalar_function(&f);
	return ok || tr_err_set(err, TR_ERR_INTERNAL, "can't register the dataset `%s` with the engine", p->name);
}

static bool copy_files(struct tr_engine_published *p, const struct tr_engine_files *in, struct tr_err *err)
{
	p->n_values = in->n_partition_columns;
	p->files = tr_calloc(in->n_paths ? in->n_paths : 1, sizeof *p->files, err);
	if (!p->files)
		return false;
	for (size_t i = 0; i < in->n_paths; i++) {
		struct published_file *f = &p->files[p->n_files++];
		f->path = tr_strdup(in->paths[i], err);
		f->values = tr_calloc(p->n_values + 1, sizeof *f->values, err);
		if (!f->path || !f->values)
			return false;
		for (size_t k = 0; k < p->n_values; k++) {
			const char *value = in->partition_values[i * p->n_values + k];
			if (value && !(f->values[k] = tr_strdup(value, err)))
				return false;
		}
	}
	qsort(p->files, p->n_files, sizeof *p->files, compare_files);
	return true;
}

/* Each column in the type that the manifest gives it. */
static void add_columns(struct tr_str *sql, const struct tr_engine_files *in, size_t index)
{
	size_t n_stored = in->columns->n - in->n_partition_columns;
	for (size_t i = 0; i < in->columns->n; i++) {
		const struct tr_field *f = &in->columns->fields[i];
		char type[TR_ENGINE_TYPE_TEXT];
		tr_str_add(sql, i ? ", CAST(" : "CAST(");
		if (in->n_paths == 0)
			tr_str_add(sql, "NULL");
		else if (i < n_stored)
			tr_str_add_ident(sql, f->name);
		else
			tr_str_addf(sql, "tr_partition_%zu(\"" PATH_COLUMN "\", %zu)", index, i - n_stored);
		tr_str_addf(sql, " AS %s) AS ", tr_engine_type_sql(f->type, type));
		tr_str_add_ident(sql, f->name);
	}
}

static bool create_view(struct tr_engine *e, const struct tr_engine_files *in, size_t index, struct tr_err *err)
{
	struct tr_str sql;
	tr_str_init(&sql, SQL_MAX);
	tr_str_add(&sql, "CREATE OR REPLACE VIEW ");
	tr_str_add_ident(&sql, in->name);
	tr_str_add(&sql, " AS SELECT ");
	add_columns(&sql, in, index);
	if (in->n_paths == 0) {
		tr_str_add(&sql, " WHERE false");
	} else {
		tr_str_add(&sql, " FROM read_parquet([");
		for (size_t i = 0; i < in->n_paths; i++) {
			if (i)
				tr_str_addc(&sql, ',');
			tr_str_add_literal(&sql, in->paths[i]);
		}
		tr_str_addf(&sql, "], hive_partitioning=false%s)",
			in->n_partition_columns ? ", filename='" PATH_COLUMN "'" : "");
	}
	bool ok = tr_str_ok(&sql, err) && tr_engine_execute(e, sql.ptr, err);
	tr_str_clear(&sql);
	return ok;
}

bool tr_engine_add_files(struct tr_engine *e, const struct tr_engine_files *files, struct tr_err *err)
{
	if (!tr_engine_name_is_free(e, files->name, err))
		return false;
	if (files->columns->n == 0 || files->n_partition_columns > files->columns->n)
		return tr_err_set(err, TR_ERR_INTERNAL, "the dataset `%s` has no columns", files->name);
	if (!tr_array_grow((void **)&e->published, e->n_published, &e->cap_published, sizeof *e->published, err))
		return false;
	struct tr_engine_published *p = tr_calloc(1, sizeof *p, err);
	if (!p)
		return false;
	p->name = tr_strdup(files->name, err);
	if (!p->name || !tr_schema_copy(&p->columns, files->columns, err) || !copy_files(p, files, err)) {
		tr_engine_published_free(p);
		return false;
	}
	/* From here on the engine may call back into it: it lives as long as the engine. */
	size_t index = e->n_published;
	e->published[e->n_published++] = p;
	return (p->n_values == 0 || register_partition(e, p, index, err)) && create_view(e, files, index, err);
}
