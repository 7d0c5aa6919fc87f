#include "engine/embedded_state.h"

#include <stdlib.h>

#include "engine/embedded_read.h"
#include "engine/embedded_types.h"

/* A running statement: the engine's chunks of 2,048 rows become batches. */
struct run {
	struct tr_engine *engine;
	char *sql; /* for the places of errors */
	duckdb_prepared_statement prepared;
	duckdb_result result;
	bool started, finished;
	struct tr_schema schema;
	struct tr_engine_read *reads;
	struct tr_column *columns;
	size_t fixed_width;      /* bytes of a row besides strings */
	duckdb_data_chunk chunk; /* being read; NULL: fetch the next */
	idx_t row;               /* of the chunk */
	int64_t expect;          /* rows of the last batch: room made for the next */
};

static void run_free(void *self)
{
	struct run *run = self;
	if (run->chunk)
		duckdb_destroy_data_chunk(&run->chunk);
	if (run->started)
		duckdb_destroy_result(&run->result);
	duckdb_destroy_prepare(&run->prepared);
	for (size_t i = 0; i < run->schema.n; i++) {
		if (run->reads)
			tr_engine_read_clear(&run->reads[i]);
		if (run->columns)
			tr_column_clear(&run->columns[i]);
	}
	free(run->reads);
	free(run->columns);
	tr_schema_clear(&run->schema);
	free(run->sql);
	atomic_store(&run->engine->running, false);
	free(run);
}

/* The error of an input's stream stands above what the engine made of it. */
static bool run_failed(struct run *run, const char *message, struct tr_err *err)
{
	struct tr_engine *e = run->engine;
	pthread_mutex_lock(&e->lock);
	bool of_source = e->source_err.kind != TR_ERR_NONE;
	if (of_source && err->kind == TR_ERR_NONE)
		*err = e->source_err;
	pthread_mutex_unlock(&e->lock);
	return of_source ? false : tr_engine_fail(e, message, run->sql, NULL, true, err);
}

static bool fetch(struct run *run, struct tr_err *err)
{
	if (run->chunk)
		duckdb_destroy_data_chunk(&run->chunk);
	run->row = 0;
	run->chunk = duckdb_fetch_chunk(run->result);
	if (run->chunk)
		return true;
	run->finished = true;
	const char *message = duckdb_result_error(&run->result);
	return !message || !message[0] || run_failed(run, message, err);
}

/* How many rows of the chunk, from run->row on, still fit a batch that has `room` bytes: at
 * least one. Only columns of bytes make it less than all. */
static idx_t rows_that_fit(const struct run *run, idx_t n, size_t room)
{
	size_t bytes = 0;
	idx_t fit = n;
	for (size_t i = 0; i < run->schema.n; i++) {
		if (run->reads[i].width != sizeof(duckdb_string_t) ||
			!tr_type_is_bytes(run->schema.fields[i].type))
			continue;
		duckdb_vector vector = duckdb_data_chunk_get_vector(run->chunk, i);
		const duckdb_string_t *s = (const duckdb_string_t *)duckdb_vector_get_data(vector) + run->row;
		uint64_t *validity = duckdb_vector_get_validity(vector);
		bytes = 0;
		for (idx_t k = 0; k < fit; k++) {
			if (!validity || duckdb_validity_row_is_valid(validity, run->row + k))
				bytes += s[k].value.inlined.length;
			if (bytes > room && k > 0) {
				fit = k;
				break;
			}
		}
	}
	return fit;
}

static size_t batch_bytes(const struct run *run)
{
	size_t bytes = (size_t)run->columns[0].n * run->fixed_width;
	for (size_t i = 0; i < run->schema.n; i++)
		bytes += run->columns[i].bytes;
	return bytes;
}

static bool fill_batch(struct run *run, struct tr_err *err)
{
	for (size_t i = 0; i < run->schema.n; i++)
		if (!tr_column_reserve(&run->columns[i], run->expect, err))
			return false;
	while (!run->finished) {
		if ((!run->chunk || run->row == duckdb_data_chunk_get_size(run->chunk)) && !fetch(run, err))
			return false;
		if (run->finished)
			break;
		size_t used = batch_bytes(run);
		int64_t rows = run->columns[0].n;
		if (rows >= TR_BATCH_ROWS || (rows > 0 && used >= TR_BATCH_BYTES))
			break;
		idx_t n = duckdb_data_chunk_get_size(run->chunk) - run->row;
		if ((int64_t)n > TR_BATCH_ROWS - rows)
			n = (idx_t)(TR_BATCH_ROWS - rows);
		n = rows_that_fit(run, n, TR_BATCH_BYTES - (used < TR_BATCH_BYTES ? used : TR_BATCH_BYTES));
		for (size_t i = 0; n && i < run->schema.n; i++) {
			duckdb_vector vector = duckdb_data_chunk_get_vector(run->chunk, i);
			if (!tr_engine_read_rows(&run->reads[i], vector, run->row, n, &run->columns[i], err))
				return false;
		}
		run->row += n;
	}
	return true;
}

static bool run_next(void *self, struct ArrowArray *out, struct tr_err *err)
{
	struct run *run = self;
	out->release = NULL;
	if (!fill_batch(run, err))
		return false;
	int64_t rows = run->columns[0].n;
	if (rows == 0)
		return true;
	run->expect = rows;
	return tr_batch_take(run->columns, run->schema.n, rows, out, err);
}

static const struct tr_stream_ops run_ops = { run_next, run_free };

/* Start it: until its first rows are there, with which its types are known. */
static bool start(struct run *run, struct tr_err *err)
{
	run->started = true;
	if (duckdb_execute_prepared_streaming(run->prepared, &run->result) != DuckDBSuccess)
		return run_failed(run, duckdb_result_error(&run->result), err);
	return true;
}

static bool bind_columns(struct run *run, struct tr_err *err)
{
	size_t n = duckdb_column_count(&run->result);
	run->reads = tr_calloc(n ? n : 1, sizeof *run->reads, err);
	run->columns = tr_calloc(n ? n : 1, sizeof *run->columns, err);
	bool ok = run->reads && run->columns;
	if (ok && n == 0)
		ok = tr_err_set(err, TR_ERR_USER, "the statement has no result");
	for (size_t i = 0; ok && i < n; i++) {
		const char *name = duckdb_column_name(&run->result, i);
		duckdb_logical_type logical = duckdb_column_logical_type(&run->result, i);
		struct tr_type type;
		ok = tr_engine_type_read(logical, name, &type, err) &&
			tr_schema_add(&run->schema, name, type, true, NULL, err);
		if (ok) {
			tr_column_init(&run->columns[i], type);
			run->fixed_width += tr_type_is_bytes(type) ? 4
				: type.kind == TR_BOOL             ? 1
								   : tr_type_width(type);
			ok = tr_engine_read_init(&run->reads[i], logical, run->schema.fields[i].name, err);
		}
		duckdb_destroy_logical_type(&logical);
	}
	return ok;
}

bool tr_engine_run(struct tr_engine *e, const char *sql, const struct tr_engine_param *params,
	size_t n_params, struct ArrowArrayStream *out, struct tr_err *err)
{
	out->release = NULL;
	bool idle = false;
	if (!atomic_compare_exchange_strong(&e->running, &idle, true))
		return tr_err_set(err, TR_ERR_INTERNAL, "the engine is still running another statement");
	tr_err_clear(&e->source_err);
	struct run *run = tr_calloc(1, sizeof *run, err);
	if (!run) {
		atomic_store(&e->running, false);
		return false;
	}
	run->engine = e;
	run->sql = tr_strdup(sql, err);
	bool ok = run->sql &&
		tr_engine_prepare_select(e, e->run_con, sql, NULL, params, n_params, &run->prepared, err) &&
		start(run, err) && bind_columns(run, err);
	if (!ok) {
		run_free(run);
		return false;
	}
	return tr_stream_init(out, &run->schema, &run_ops, run, err);
}
