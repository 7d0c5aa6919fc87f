#include "engine/embedded_state.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 2000

static bool add_column(struct tr_engine_scan *scan, const struct tr_engine_source *s, const char *name,
	struct tr_err *err)
{
	char *end;
	long column = name[0] == 'c' ? strtol(name + 1, &end, 10) : -1;
	if (column < 0 || *end || (size_t)column > s->schema.n)
		return tr_err_set(err, TR_ERR_INTERNAL, "the engine's plan reads `%s` of input `%s`", name,
			s->name);
	if (column > 0)
		scan->columns[scan->n_columns++] = (int)column - 1;
	return true;
}

static bool add_scan(struct tr_engine *e, struct tr_engine_describe *out, const char *index, json_t *info,
	struct tr_err *err)
{
	size_t i = (size_t)strtoull(index, NULL, 10);
	if (i >= e->n_sources)
		return tr_err_set(err, TR_ERR_INTERNAL, "the engine's plan scans an unknown input %s", index);
	const struct tr_engine_source *s = e->sources[i];
	size_t cap = out->n_scans;
	if (!tr_array_grow((void **)&out->scans, out->n_scans, &cap, sizeof *out->scans, err))
		return false;
	struct tr_engine_scan *scan = &out->scans[out->n_scans];
	*scan = (struct tr_engine_scan){ 0 };
	scan->input = tr_strdup(s->name, err);
	scan->columns = tr_calloc(s->schema.n, sizeof *scan->columns, err);
	out->n_scans++;
	if (!scan->input || !scan->columns)
		return false;
	json_t *projections = json_object_get(info, "Projections");
	if (json_is_string(projections))
		return add_column(scan, s, json_string_value(projections), err);
	size_t k;
	json_t *item;
	json_array_foreach(projections, k, item)
	{
		if (k > s->schema.n || !json_is_string(item))
			return tr_err_set(err, TR_ERR_INTERNAL, "the engine's plan could not be read");
		if (!add_column(scan, s, json_string_value(item), err))
			return false;
	}
	return true;
}

static bool walk(struct tr_engine *e, json_t *node, int depth, struct tr_engine_describe *out,
	struct tr_err *err)
{
	if (depth > DEPTH_MAX)
		return tr_err_set(err, TR_ERR_USER, "the statement is nested too deeply");
	const char *name = json_string_value(json_object_get(node, "name"));
	size_t prefix = strlen(TR_ENGINE_SCAN_PREFIX);
	if (name && strncasecmp(name, TR_ENGINE_SCAN_PREFIX, prefix) == 0 &&
		!add_scan(e, out, name + prefix, json_object_get(node, "extra_info"), err))
		return false;
	size_t i;
	json_t *child;
	json_array_foreach(json_object_get(node, "children"), i,
		child) if (!walk(e, child, depth + 1, out, err)) return false;
	return true;
}

static bool read_plan(struct tr_engine *e, duckdb_result *result, struct tr_engine_describe *out,
	struct tr_err *err)
{
	duckdb_data_chunk chunk = duckdb_fetch_chunk(*result);
	if (!chunk || duckdb_data_chunk_get_column_count(chunk) < 2 ||
		duckdb_data_chunk_get_size(chunk) < 1) {
		duckdb_destroy_data_chunk(&chunk);
		return tr_err_set(err, TR_ERR_INTERNAL, "the engine did not show its plan");
	}
	duckdb_string_t *text = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 1));
	json_t *root = json_loadb(duckdb_string_t_data(text), duckdb_string_t_length(*text), 0, NULL);
	bool ok = root || tr_err_set(err, TR_ERR_INTERNAL, "the engine's plan could not be read");
	size_t i;
	json_t *node;
	json_array_foreach(root, i, node) ok = ok && walk(e, node, 0, out, err);
	json_decref(root);
	duckdb_destroy_data_chunk(&chunk);
	return ok;
}

bool tr_engine_find_scans(struct tr_engine *e, const char *sql, const char *sql_file,
	const struct tr_engine_param *params, size_t n_params, struct tr_engine_describe *out,
	struct tr_err *err)
{
	duckdb_result result;
	if (!tr_engine_ask(e, "EXPLAIN (FORMAT JSON)", sql, sql_file, params, n_params, &result, err))
		return false;
	bool ok = read_plan(e, &result, out, err);
	duckdb_destroy_result(&result);
	return ok;
}
