#include "engine/embedded_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/embedded_fill.h"
#include "engine/embedded_types.h"

#define SQL_MAX ((size_t)16 << 20)

void tr_engine_source_free(struct tr_engine_source *s)
{
	free(s->name);
	tr_schema_clear(&s->schema);
	free(s);
}

/* ---- one scan of an input, within one execution ---- */

struct scan_vector {
	int column; /* of the stream; -1: the bare row */
	tr_engine_fill fill;
	struct tr_type type;
	struct tr_view view;
};

struct scan {
	struct tr_engine_source *source;
	bool planning; /* on plan_con: nothing may be read */
	struct scan_vector *vectors;
	size_t n_vectors;
	int *columns; /* of the schema, in the order asked of `open` */
	size_t n_columns;
	struct ArrowArrayStream stream;
	bool opened, ended;
	struct ArrowArray batch;
	int64_t row; /* of the batch, the next to be handed over */
};

static void scan_free(void *p)
{
	struct scan *scan = p;
	tr_batch_clear(&scan->batch);
	tr_stream_clear(&scan->stream);
	free(scan->vectors);
	free(scan->columns);
	free(scan);
}

/* Keep the whole error for the statement's own stream: the engine would only keep its text. */
static void keep_error(struct tr_engine *e, const struct tr_err *err)
{
	pthread_mutex_lock(&e->lock);
	if (e->source_err.kind == TR_ERR_NONE)
		e->source_err = *err;
	pthread_mutex_unlock(&e->lock);
}

static bool check_stream(const struct scan *scan, struct ArrowArrayStream *stream, struct tr_err *err)
{
	struct tr_schema got;
	tr_schema_init(&got);
	bool ok = tr_stream_schema(stream, &got, err);
	if (ok && got.n != scan->n_columns)
		ok = tr_err_set(err, TR_ERR_INTERNAL,
			"the input `%s` came with %zu columns where %zu were asked for", scan->source->name,
			got.n, scan->n_columns);
	for (size_t i = 0; ok && i < got.n; i++) {
		const struct tr_field *want = &scan->source->schema.fields[scan->columns[i]];
		struct tr_type a = want->type, b = got.fields[i].type;
		bool same = a.kind == b.kind &&
			(a.kind != TR_DECIMAL || (a.precision == b.precision && a.scale == b.scale));
		if (!same) {
			char x[TR_TYPE_TEXT], y[TR_TYPE_TEXT];
			ok = tr_err_set(err, TR_ERR_INTERNAL,
				"the input `%s` came with %s in column `%s` where %s was announced",
				scan->source->name, tr_type_format(b, x), want->name, tr_type_format(a, y));
		}
	}
	tr_schema_clear(&got);
	return ok;
}

static bool scan_open(struct scan *scan, struct tr_err *err)
{
	const struct tr_engine_source *s = scan->source;
	if (!s->open(s->context, scan->columns, scan->n_columns, &scan->stream, err)) {
		scan->stream.release = NULL;
		return false;
	}
	scan->opened = true;
	return check_stream(scan, &scan->stream, err);
}

/* Make sure that the batch has a row left, or the scan is at its end. */
static bool scan_advance(struct scan *scan, struct tr_err *err)
{
	if (!scan->opened && !scan_open(scan, err))
		return false;
	while (!scan->ended && (!scan->batch.release || scan->row >= scan->batch.length)) {
		tr_batch_clear(&scan->batch);
		scan->row = 0;
		if (!tr_stream_next(&scan->stream, &scan->batch, err))
			return false;
		if (!scan->batch.release) {
			/* Let go of the connection behind it as soon as it has nothing more to say. */
			scan->ended = true;
			tr_stream_clear(&scan->stream);
			break;
		}
		for (size_t i = 0; i < scan->n_vectors; i++) {
			struct scan_vector *v = &scan->vectors[i];
			if (v->column >= 0)
				tr_view_init(&v->view, &scan->batch, (size_t)v->column, v->type);
		}
	}
	return true;
}

/* ---- the table function's callbacks ---- */

static void bind_input(duckdb_bind_info info)
{
	struct tr_engine_source *s = duckdb_bind_get_extra_info(info);
	duckdb_logical_type row = duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
	duckdb_bind_add_result_column(info, "c0", row);
	duckdb_destroy_logical_type(&row);
	for (size_t i = 0; i < s->schema.n; i++) {
		char name[24];
		snprintf(name, sizeof name, "c%zu", i + 1);
		duckdb_logical_type type = tr_engine_type_make(s->schema.fields[i].type);
		duckdb_bind_add_result_column(info, name, type);
		duckdb_destroy_logical_type(&type);
	}
	if (s->rows >= 0)
		duckdb_bind_set_cardinality(info, (idx_t)s->rows, false);
	duckdb_client_context context;
	duckdb_table_function_get_client_context(info, &context);
	bool planning = duckdb_client_context_get_connection_id(context) == s->engine->plan_id;
	duckdb_destroy_client_context(&context);
	bool *bound = malloc(sizeof *bound);
	if (!bound) {
		duckdb_bind_set_error(info, "out of memory");
		return;
	}
	*bound = planning;
	duckdb_bind_set_bind_data(info, bound, free);
}

static struct scan *scan_new(struct tr_engine_source *s, bool planning, duckdb_init_info info,
	struct tr_err *err)
{
	struct scan *scan = tr_calloc(1, sizeof *scan, err);
	if (!scan)
		return NULL;
	scan->source = s;
	scan->planning = planning;
	size_t n = duckdb_init_get_column_count(info);
	scan->vectors = tr_calloc(n ? n : 1, sizeof *scan->vectors, err);
	scan->columns = tr_calloc(n ? n : 1, sizeof *scan->columns, err);
	if (!scan->vectors || !scan->columns) {
		scan_free(scan);
		return NULL;
	}
	scan->n_vectors = n;
	for (size_t i = 0; i < n; i++) {
		idx_t index = duckdb_init_get_column_index(info, i);
		struct scan_vector *v = &scan->vectors[i];
		v->column = -1;
		if (index == 0 || index > s->schema.n)
			continue;
		v->column = (int)scan->n_columns;
		v->type = s->schema.fields[index - 1].type;
		v->fill = tr_engine_fill_of(v->type);
		scan->columns[scan->n_columns++] = (int)(index - 1);
	}
	return scan;
}

static void init_input(duckdb_init_info info)
{
	const bool *planning = duckdb_init_get_bind_data(info);
	struct tr_err err = { 0 };
	struct scan *scan = scan_new(duckdb_init_get_extra_info(info), *planning, info, &err);
	if (!scan) {
		duckdb_init_set_error(info, err.what);
		return;
	}
	duckdb_init_set_max_threads(info, 1);
	duckdb_init_set_init_data(info, scan, scan_free);
}

static void pull_input(duckdb_function_info info, duckdb_data_chunk chunk)
{
	struct scan *scan = duckdb_function_get_init_data(info);
	if (scan->planning) {
		duckdb_function_set_error(info, "a statement that is only described may not read");
		return;
	}
	struct tr_err err = { 0 };
	if (!scan_advance(scan, &err)) {
		keep_error(scan->source->engine, &err);
		duckdb_function_set_error(info, err.what);
		return;
	}
	if (scan->ended) {
		duckdb_data_chunk_set_size(chunk, 0);
		return;
	}
	idx_t n = (idx_t)(scan->batch.length - scan->row), most = duckdb_vector_size();
	if (n > most)
		n = most;
	for (size_t i = 0; i < scan->n_vectors; i++) {
		const struct scan_vector *v = &scan->vectors[i];
		duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, i);
		void *values = duckdb_vector_get_data(vector);
		if (v->column < 0) {
			memset(values, 1, n);
			continue;
		}
		v->fill(&v->view, scan->row, n, values);
		tr_engine_fill_validity(&v->view, scan->row, n, vector);
	}
	scan->row += (int64_t)n;
	duckdb_data_chunk_set_size(chunk, n);
}

/* ---- registering ---- */

static bool check_columns(const struct tr_engine_input *in, struct tr_err *err)
{
	if (in->schema->n == 0) {
		tr_err_set(err, TR_ERR_USER, "the input `%s` has no columns", in->name);
		return tr_err_hint(err, "leave it out of the dataset's inputs");
	}
	for (size_t i = 0; i < in->schema->n; i++) {
		for (size_t k = 0; k < i; k++) {
			const char *a = in->schema->fields[k].name, *b = in->schema->fields[i].name;
			if (strcasecmp(a, b) != 0)
				continue;
			tr_err_set(err, TR_ERR_USER,
				"the columns `%s` and `%s` of input `%s` differ in case only, "
				"which SQL here does not tell apart",
				a, b, in->name);
			return tr_err_hint(err, "read a view in Postgres that renames one of them");
		}
	}
	return true;
}

static bool register_function(struct tr_engine *e, struct tr_engine_source *s, size_t index,
	struct tr_err *err)
{
	char name[40];
	snprintf(name, sizeof name, TR_ENGINE_SCAN_PREFIX "%zu", index);
	duckdb_table_function f = duckdb_create_table_function();
	duckdb_table_function_set_name(f, name);
	duckdb_table_function_set_extra_info(f, s, NULL);
	duckdb_table_function_set_bind(f, bind_input);
	duckdb_table_function_set_init(f, init_input);
	duckdb_table_function_set_function(f, pull_input);
	duckdb_table_function_supports_projection_pushdown(f, true);
	bool ok = duckdb_register_table_function(e->run_con, f) == DuckDBSuccess;
	duckdb_destroy_table_function(&f);
	return ok ||
		tr_err_set(err, TR_ERR_INTERNAL, "can't register the input `%s` with the engine", s->name);
}

/* The view under the alias, with the columns' own names: from the table function, or from
 * the table that columns were loaded into. */
static bool create_view(struct tr_engine *e, const struct tr_engine_source *s, const int *columns, size_t n,
	const char *from, struct tr_err *err)
{
	struct tr_str sql;
	tr_str_init(&sql, SQL_MAX);
	tr_str_add(&sql, "CREATE OR REPLACE VIEW ");
	tr_str_add_ident(&sql, s->name);
	tr_str_add(&sql, " AS SELECT ");
	for (size_t i = 0; i < n; i++) {
		int column = columns ? columns[i] : (int)i;
		tr_str_addf(&sql, "%sc%d AS ", i ? ", " : "", column + 1);
		tr_str_add_ident(&sql, s->schema.fields[column].name);
	}
	if (n == 0)
		tr_str_add(&sql, "c0");
	tr_str_addf(&sql, " FROM %s", from);
	bool ok = tr_str_ok(&sql, err) && tr_engine_execute(e, sql.ptr, err);
	tr_str_clear(&sql);
	return ok;
}

bool tr_engine_add_input(struct tr_engine *e, const struct tr_engine_input *input, struct tr_err *err)
{
	if (!tr_engine_name_is_free(e, input->name, err) || !check_columns(input, err))
		return false;
	if (!tr_array_grow((void **)&e->sources, e->n_sources, &e->cap_sources, sizeof *e->sources, err))
		return false;
	struct tr_engine_source *s = tr_calloc(1, sizeof *s, err);
	if (!s)
		return false;
	*s = (struct tr_engine_source){ .engine = e,
		.rows = input->rows,
		.open = input->open,
		.context = input->context };
	s->name = tr_strdup(input->name, err);
	if (!s->name || !tr_schema_copy(&s->schema, input->schema, err)) {
		tr_engine_source_free(s);
		return false;
	}
	/* From here on the engine may call back into it: it lives as long as the engine. */
	size_t index = e->n_sources;
	e->sources[e->n_sources++] = s;
	char from[48];
	snprintf(from, sizeof from, TR_ENGINE_SCAN_PREFIX "%zu()", index);
	return register_function(e, s, index, err) && create_view(e, s, NULL, s->schema.n, from, err);
}

bool tr_engine_load_input(struct tr_engine *e, const char *name, const int *columns, size_t n,
	struct tr_err *err)
{
	size_t index = 0;
	while (index < e->n_sources && strcmp(e->sources[index]->name, name) != 0)
		index++;
	if (index == e->n_sources)
		return tr_err_set(err, TR_ERR_INTERNAL, "the engine has no input `%s` to load", name);
	struct tr_engine_source *s = e->sources[index];
	if (s->loaded || atomic_load(&e->running))
		return tr_err_set(err, TR_ERR_INTERNAL, "the input `%s` can't be loaded now", name);
	struct tr_str sql;
	tr_str_init(&sql, SQL_MAX);
	tr_str_addf(&sql, "CREATE TABLE tr_loaded.input_%zu AS SELECT %s", index, n ? "" : "c0");
	for (size_t i = 0; i < n; i++)
		tr_str_addf(&sql, "%sc%d", i ? ", " : "", columns[i] + 1);
	tr_str_addf(&sql, " FROM " TR_ENGINE_SCAN_PREFIX "%zu()", index);
	struct tr_err failed = { 0 };
	tr_err_clear(&e->source_err);
	bool ok = tr_str_ok(&sql, &failed) && tr_engine_execute(e, sql.ptr, &failed);
	tr_str_clear(&sql);
	if (!ok) {
		*err = e->source_err.kind != TR_ERR_NONE ? e->source_err : failed;
		return false;
	}
	char from[48];
	snprintf(from, sizeof from, "tr_loaded.input_%zu", index);
	s->loaded = true;
	return create_view(e, s, columns, n, from, err);
}
