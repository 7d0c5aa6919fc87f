/* The embedded engine for Python: inputs are callbacks that fill an ArrowArrayStream. */
#include "engine/embedded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Answers 0, or fails with `message` written into text (a data error). */
typedef int (
	*trtest_open)(const int *columns, size_t n, struct ArrowArrayStream *out, char *text, size_t size);

static bool open_input(void *context, const int *columns, size_t n, struct ArrowArrayStream *out,
	struct tr_err *err)
{
	char text[512] = "";
	if (((trtest_open)context)(columns, n, out, text, sizeof text) == 0)
		return true;
	tr_err_set(err, TR_ERR_DATA, "%s", text);
	tr_err_hint(err, "this hint is the input's own");
	return tr_err_at_row(err, "public.orders", "amount", "order_id=7");
}

bool trtest_engine_open(size_t memory, int threads, const char *temp_dir, const char *allowed_dir,
	bool keep_order, struct tr_engine **out, struct tr_err *err)
{
	struct tr_engine_options options = { .memory = memory,
		.threads = threads,
		.temp_dir = temp_dir,
		.allowed_dirs = &allowed_dir,
		.n_allowed_dirs = allowed_dir ? 1 : 0,
		.keep_order = keep_order };
	return tr_engine_open(&options, out, err);
}

void trtest_engine_close(struct tr_engine *e)
{
	tr_engine_close(e);
}

void trtest_engine_interrupt(struct tr_engine *e)
{
	tr_engine_interrupt(e);
}

static bool take_schema(struct ArrowSchema *arrow, struct tr_schema *out, struct tr_err *err)
{
	tr_schema_init(out);
	bool ok = tr_schema_from_arrow(out, arrow, err);
	arrow->release(arrow);
	if (!ok)
		tr_schema_clear(out);
	return ok;
}

bool trtest_engine_add(struct tr_engine *e, const char *name, struct ArrowSchema *arrow, int64_t rows,
	trtest_open open, struct tr_err *err)
{
	struct tr_schema schema;
	if (!take_schema(arrow, &schema, err))
		return false;
	struct tr_engine_input input = { name, &schema, rows, open_input, (void *)open };
	bool ok = tr_engine_add_input(e, &input, err);
	tr_schema_clear(&schema);
	return ok;
}

bool trtest_engine_load(struct tr_engine *e, const char *name, const int *columns, size_t n,
	struct tr_err *err)
{
	return tr_engine_load_input(e, name, columns, n, err);
}

bool trtest_engine_files(struct tr_engine *e, const char *name, struct ArrowSchema *arrow,
	size_t n_partition_columns, const char *const *paths, size_t n_paths, const char *const *values,
	struct tr_err *err)
{
	struct tr_schema schema;
	if (!take_schema(arrow, &schema, err))
		return false;
	struct tr_engine_files files = { name, &schema, n_partition_columns, paths, n_paths, values };
	bool ok = tr_engine_add_files(e, &files, err);
	tr_schema_clear(&schema);
	return ok;
}

/* params: n names, types (the contract's spelling) and values, one array after the other. */
static bool read_params(const char *const *texts, size_t n, struct tr_engine_param *out, struct tr_err *err)
{
	for (size_t i = 0; i < n; i++) {
		out[i].name = texts[i];
		out[i].value = texts[2 * n + i];
		if (!tr_type_parse(texts[n + i], &out[i].type, err))
			return false;
	}
	return true;
}

/* Writes `columns: name type enginetype; ... scans: input(0,2) ...` into text. */
bool trtest_engine_prepare(struct tr_engine *e, const char *sql, const char *file, const char *const *texts,
	size_t n, char *text, size_t size, struct tr_err *err)
{
	struct tr_engine_param params[16];
	struct tr_engine_describe d;
	if (!read_params(texts, n, params, err) || !tr_engine_prepare(e, sql, file, params, n, &d, err))
		return false;
	struct tr_str s;
	tr_str_init(&s, size - 1);
	for (size_t i = 0; i < d.schema.n; i++) {
		char type[TR_TYPE_TEXT];
		tr_str_addf(&s, "column\t%s\t%s\t%s\n", d.schema.fields[i].name,
			tr_type_format(d.schema.fields[i].type, type), d.engine_types[i]);
	}
	for (size_t i = 0; i < d.n_scans; i++) {
		tr_str_addf(&s, "scan\t%s", d.scans[i].input);
		for (size_t k = 0; k < d.scans[i].n_columns; k++)
			tr_str_addf(&s, "\t%d", d.scans[i].columns[k]);
		tr_str_addc(&s, '\n');
	}
	tr_engine_describe_clear(&d);
	bool ok = tr_str_ok(&s, err);
	if (ok)
		memcpy(text, s.ptr ? s.ptr : "", s.len + 1);
	tr_str_clear(&s);
	return ok;
}

bool trtest_engine_run(struct tr_engine *e, const char *sql, const char *const *texts, size_t n,
	struct ArrowArrayStream *out, struct tr_err *err)
{
	struct tr_engine_param params[16];
	return read_params(texts, n, params, err) && tr_engine_run(e, sql, params, n, out, err);
}

/* Pull a batch and say how many rows it has; -1 at the end. Errors come out whole. */
bool trtest_engine_pull(struct ArrowArrayStream *stream, int64_t *rows, struct tr_err *err)
{
	struct ArrowArray batch;
	if (!tr_stream_next(stream, &batch, err))
		return false;
	*rows = batch.release ? batch.length : -1;
	tr_batch_clear(&batch);
	return true;
}

void trtest_engine_release(struct ArrowArrayStream *stream)
{
	tr_stream_clear(stream);
}

/* `file:line:column|excerpt|table|field|row_key` of an error. */
void trtest_engine_place(const struct tr_err *err, char *text, size_t size)
{
	snprintf(text, size, "%s:%d:%d|%s|%s|%s|%s", err->place.file, err->place.line, err->place.column,
		err->place.excerpt, err->place.table, err->place.field, err->place.row_key);
}
