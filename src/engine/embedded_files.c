#include "engine/embedded_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/embedded_types.h"

#define SQL_MAX ((size_t)64 << 20)
/* Under this name only does the optimizer evaluate conditions on a file's path before it
 * opens the file. */
#define PATH_COLUMN "filename"
/* Where a dataset has such a column itself: no published column can have this name. */
#define OTHER_PATH_COLUMN "tailrace$path"

/* A view over published files. The value of a partition column is looked up by the file's
 * path in a function of that column's own: nothing is read out of folder names, and the
 * optimizer prunes files by any condition on it. The functions give the column's own type,
 * since a cast that may fail is not evaluated ahead. */
struct published_file {
	char *path;
	size_t row; /* of tr_engine_files.paths */
};

struct published_column {
	struct tr_engine_published *owner;
	struct tr_type type;
	uint32_t width; /* bytes of a value in a vector; 0: text */
	uint8_t *fixed; /* n_files values, in the order of tr_engine_files.paths */
	char **texts;
	bool *nulls;
};

struct tr_engine_published {
	char *name;
	struct tr_schema columns;
	struct published_file *files; /* sorted by path */
	size_t n_files;
	struct published_column *partitions;
	size_t n_partitions;
};

static void column_clear(struct published_column *c)
{
	for (size_t i = 0; c->texts && i < c->owner->n_files; i++)
		free(c->texts[i]);
	free(c->texts);
	free(c->fixed);
	free(c->nulls);
}

void tr_engine_published_free(struct tr_engine_published *p)
{
	for (size_t k = 0; p->partitions && k < p->n_partitions; k++)
		column_clear(&p->partitions[k]);
	for (size_t i = 0; p->files && i < p->n_files; i++)
		free(p->files[i].path);
	free(p->partitions);
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

static const struct published_file *find_file(const struct tr_engine_published *p, const char *path,
	size_t len)
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

/* tr_partition_N_K(path) -> the value of partition column K. The rows of a chunk come from
 * one file: it is looked up when the path changes. */
static void partition_value(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
	const struct published_column *c = duckdb_scalar_function_get_extra_info(info);
	duckdb_string_t *paths = duckdb_vector_get_data(duckdb_data_chunk_get_vector(input, 0));
	uint8_t *values = duckdb_vector_get_data(output);
	duckdb_vector_ensure_validity_writable(output);
	uint64_t *validity = duckdb_vector_get_validity(output);
	const struct published_file *file = NULL;
	size_t file_len = 0;
	idx_t n = duckdb_data_chunk_get_size(input);
	for (idx_t i = 0; i < n; i++) {
		const char *path = duckdb_string_t_data(&paths[i]);
		uint32_t len = duckdb_string_t_length(paths[i]);
		if (!file || file_len != len || memcmp(file->path, path, len) != 0)
			file = find_file(c->owner, path, len);
		if (!file) {
			duckdb_scalar_function_set_error(info, "a file that is not of this version was read");
			return;
		}
		file_len = len;
		if (c->nulls[file->row])
			duckdb_validity_set_row_invalid(validity, i);
		else if (c->width)
			memcpy(values + i * c->width, c->fixed + file->row * c->width, c->width);
		else
			duckdb_vector_assign_string_element(output, i, c->texts[file->row]);
	}
}

static bool register_partition(struct tr_engine *e, struct published_column *c, size_t index, size_t k,
	struct tr_err *err)
{
	char name[64];
	snprintf(name, sizeof name, "tr_partition_%zu_%zu", index, k);
	duckdb_scalar_function f = duckdb_create_scalar_function();
	duckdb_logical_type text = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
	duckdb_logical_type type = tr_engine_type_make(c->type);
	duckdb_scalar_function_set_name(f, name);
	duckdb_scalar_function_add_parameter(f, text);
	duckdb_scalar_function_set_return_type(f, type);
	duckdb_scalar_function_set_extra_info(f, c, NULL);
	duckdb_scalar_function_set_function(f, partition_value);
	bool ok = duckdb_register_scalar_function(e->run_con, f) == DuckDBSuccess;
	duckdb_destroy_logical_type(&text);
	duckdb_destroy_logical_type(&type);
	duckdb_destroy_scalar_function(&f);
	return ok ||
		tr_err_set(err, TR_ERR_INTERNAL, "can't register the dataset `%s` with the engine",
			c->owner->name);
}

static bool copy_files(struct tr_engine_published *p, const struct tr_engine_files *in, struct tr_err *err)
{
	p->files = tr_calloc(in->n_paths ? in->n_paths : 1, sizeof *p->files, err);
	if (!p->files)
		return false;
	p->n_files = in->n_paths;
	for (size_t i = 0; i < in->n_paths; i++) {
		p->files[i].row = i;
		p->files[i].path = tr_strdup(in->paths[i], err);
		if (!p->files[i].path)
			return false;
	}
	qsort(p->files, p->n_files, sizeof *p->files, compare_files);
	return true;
}

static uint32_t vector_width(struct tr_type type)
{
	if (type.kind == TR_BOOL)
		return 1;
	if (type.kind == TR_DECIMAL)
		return type.precision <= 4 ? 2 : type.precision <= 9 ? 4 : type.precision <= 18 ? 8 : 16;
	return tr_type_width(type);
}

static bool copy_texts(struct published_column *c, const char *const *values, size_t stride,
	struct tr_err *err)
{
	c->texts = tr_calloc(c->owner->n_files + 1, sizeof *c->texts, err);
	if (!c->texts)
		return false;
	for (size_t i = 0; i < c->owner->n_files; i++)
		if (!c->nulls[i] && !(c->texts[i] = tr_strdup(values[i * stride], err)))
			return false;
	return true;
}

/* The engine's own cast reads the manifest's text: one query for all files. */
static bool cast_values(struct tr_engine *e, struct published_column *c, const char *const *values,
	size_t stride, struct tr_err *err)
{
	c->fixed = tr_calloc(c->owner->n_files + 1, c->width, err);
	if (!c->fixed)
		return false;
	struct tr_str sql;
	char type[TR_ENGINE_TYPE_TEXT];
	tr_str_init(&sql, SQL_MAX);
	tr_str_addf(&sql, "SELECT CAST(unnest AS %s) FROM unnest([NULL::VARCHAR",
		tr_engine_type_sql(c->type, type));
	for (size_t i = 0; i < c->owner->n_files; i++) {
		tr_str_addc(&sql, ',');
		/* The engine writes a date behind the year 9999 without ISO 8601's sign. */
		bool far = c->type.kind == TR_DATE && !c->nulls[i] && values[i * stride][0] == '+';
		if (c->nulls[i])
			tr_str_add(&sql, "NULL");
		else
			tr_str_add_literal(&sql, values[i * stride] + far);
	}
	tr_str_add(&sql, "])");
	duckdb_result result = { 0 };
	bool ok = tr_str_ok(&sql, err);
	if (ok && duckdb_query(e->run_con, sql.ptr, &result) != DuckDBSuccess)
		ok = tr_engine_fail(e, duckdb_result_error(&result), NULL, NULL, true, err);
	size_t row = 0; /* the first one only gives the list its type */
	for (duckdb_data_chunk chunk; ok && (chunk = duckdb_fetch_chunk(result));
		duckdb_destroy_data_chunk(&chunk)) {
		const uint8_t *data = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0));
		for (idx_t i = 0; i < duckdb_data_chunk_get_size(chunk); i++, row++)
			if (row > 0 && row <= c->owner->n_files)
				memcpy(c->fixed + (row - 1) * c->width, data + i * c->width, c->width);
	}
	duckdb_destroy_result(&result);
	tr_str_clear(&sql);
	return ok;
}

static bool add_partitions(struct tr_engine *e, struct tr_engine_published *p,
	const struct tr_engine_files *in, size_t index, struct tr_err *err)
{
	size_t n = in->n_partition_columns;
	for (size_t k = 0; k < n; k++) {
		struct published_column *c = &p->partitions[k];
		const char *const *values = in->partition_values + k;
		c->type = in->columns->fields[in->columns->n - n + k].type;
		c->width = vector_width(c->type);
		c->nulls = tr_calloc(p->n_files + 1, sizeof *c->nulls, err);
		if (!c->nulls)
			return false;
		for (size_t i = 0; i < p->n_files; i++)
			c->nulls[i] = !values[i * n];
		bool ok = c->width ? cast_values(e, c, values, n, err) : copy_texts(c, values, n, err);
		if (!ok || !register_partition(e, c, index, k, err))
			return false;
	}
	return true;
}

static const char *path_column(const struct tr_schema *columns)
{
	for (size_t i = 0; i < columns->n; i++)
		if (strcasecmp(columns->fields[i].name, PATH_COLUMN) == 0)
			return OTHER_PATH_COLUMN;
	return PATH_COLUMN;
}

/* Each column in the type that the manifest gives it. */
static void add_columns(struct tr_str *sql, const struct tr_engine_files *in, size_t index)
{
	size_t n_stored = in->columns->n - in->n_partition_columns;
	for (size_t i = 0; i < in->columns->n; i++) {
		const struct tr_field *f = &in->columns->fields[i];
		char type[TR_ENGINE_TYPE_TEXT];
		tr_str_add(sql, i ? ", " : "");
		if (i < n_stored || in->n_paths == 0) {
			tr_str_add(sql, "CAST(");
			if (in->n_paths == 0)
				tr_str_add(sql, "NULL");
			else
				tr_str_add_ident(sql, f->name);
			tr_str_addf(sql, " AS %s)", tr_engine_type_sql(f->type, type));
		} else {
			tr_str_addf(sql, "tr_partition_%zu_%zu(\"%s\")", index, i - n_stored,
				path_column(in->columns));
		}
		tr_str_add(sql, " AS ");
		tr_str_add_ident(sql, f->name);
	}
}

static void add_files(struct tr_str *sql, const struct tr_engine_files *in)
{
	tr_str_add(sql, " FROM read_parquet([");
	for (size_t i = 0; i < in->n_paths; i++) {
		tr_str_add(sql, i ? "," : "");
		tr_str_add_literal(sql, in->paths[i]);
	}
	tr_str_add(sql, "], hive_partitioning=false");
	const char *path = path_column(in->columns);
	if (in->n_partition_columns && strcmp(path, PATH_COLUMN) == 0)
		tr_str_add(sql, ", filename=true");
	else if (in->n_partition_columns)
		tr_str_addf(sql, ", filename='%s'", path);
	tr_str_addc(sql, ')');
}

static bool create_view(struct tr_engine *e, const struct tr_engine_files *in, size_t index,
	struct tr_err *err)
{
	struct tr_str sql;
	tr_str_init(&sql, SQL_MAX);
	tr_str_add(&sql, "CREATE OR REPLACE VIEW ");
	tr_str_add_ident(&sql, in->name);
	tr_str_add(&sql, " AS SELECT ");
	add_columns(&sql, in, index);
	if (in->n_paths == 0)
		tr_str_add(&sql, " WHERE false");
	else
		add_files(&sql, in);
	bool ok = tr_str_ok(&sql, err) && tr_engine_execute(e, sql.ptr, err);
	tr_str_clear(&sql);
	return ok;
}

static struct tr_engine_published *published_new(const struct tr_engine_files *in, struct tr_err *err)
{
	struct tr_engine_published *p = tr_calloc(1, sizeof *p, err);
	if (!p)
		return NULL;
	p->n_partitions = in->n_partition_columns;
	p->name = tr_strdup(in->name, err);
	p->partitions = tr_calloc(p->n_partitions + 1, sizeof *p->partitions, err);
	for (size_t k = 0; p->partitions && k < p->n_partitions; k++)
		p->partitions[k].owner = p;
	if (!p->name || !p->partitions || !tr_schema_copy(&p->columns, in->columns, err) ||
		!copy_files(p, in, err)) {
		tr_engine_published_free(p);
		return NULL;
	}
	return p;
}

bool tr_engine_add_files(struct tr_engine *e, const struct tr_engine_files *files, struct tr_err *err)
{
	if (!tr_engine_name_is_free(e, files->name, err))
		return false;
	if (files->columns->n == 0 || files->n_partition_columns > files->columns->n)
		return tr_err_set(err, TR_ERR_INTERNAL, "the dataset `%s` has no columns", files->name);
	if (!tr_array_grow((void **)&e->published, e->n_published, &e->cap_published, sizeof *e->published,
		    err))
		return false;
	struct tr_engine_published *p = published_new(files, err);
	if (!p)
		return false;
	/* From here on the engine may call back into it: it lives as long as the engine. */
	size_t index = e->n_published;
	e->published[e->n_published++] = p;
	return add_partitions(e, p, files, index, err) && create_view(e, files, index, err);
}
