#include "run/extract.h"

#include <stdlib.h>
#include <string.h>

#include "engine/published.h"
#include "run/prefetch.h"
#include "run/presence.h"

#define PAGE_END INT64_C(4294967295) /* one behind the last page a table can have */

static struct tr_scan input_scan(const struct tr_extract *x, size_t input, const int *columns, size_t n)
{
	const struct tr_plan_input *in = &x->dataset->inputs[input];
	struct tr_scan scan = { .relation = in->relation,
		.columns = columns,
		.n_columns = n,
		.where = in->config->where,
		.special_to_null = x->dataset->config->special_to_null };
	scan.progress.rows = &x->watch->rows_read;
	scan.progress.bytes = &x->watch->bytes_read;
	return scan;
}

/* Columns of an input as a stream that reads ahead: from Postgres, or from the spool where
 * several datasets use the input. */
static bool open_columns(const struct tr_extract *x, const struct tr_scan *scan, int shared,
	struct ArrowArrayStream *out, struct tr_err *err)
{
	struct ArrowArrayStream rows;
	if (shared < 0)
		return tr_session_scan(x->session, scan, &rows, err) && tr_prefetch(&rows, NULL, out, err);
	const struct tr_plan_input *kept = &x->plan->shared[shared].input;
	size_t *columns = tr_calloc(scan->n_columns, sizeof *columns, err);
	if (!columns)
		return false;
	for (size_t i = 0; i < scan->n_columns; i++)
		while (kept->columns[columns[i]] != scan->columns[i])
			columns[i]++;
	bool ok = tr_spool_open(x->spools[shared], columns, scan->n_columns, &x->watch->rows_read,
		&x->watch->bytes_read, &rows, err);
	free(columns);
	return ok && tr_prefetch(&rows, NULL, out, err);
}

/* ---- inputs of a statement ---- */

struct query_input {
	const struct tr_extract *x;
	size_t index;
};

struct query {
	struct tr_extract x;
	struct tr_engine *engine;
	struct query_input *inputs;
	struct ArrowArrayStream result;
};

/* Called by the engine at the first row it wants, with the columns it wants. */
static bool open_input(void *context, const int *columns, size_t n, struct ArrowArrayStream *out,
	struct tr_err *err)
{
	const struct query_input *q = context;
	const struct tr_plan_dataset *d = q->x->dataset;
	int *wanted = tr_calloc(n, sizeof *wanted, err);
	if (!wanted)
		return false;
	size_t n_wanted = 0, presence = SIZE_MAX;
	for (size_t i = 0; i < n; i++) {
		int column = d->sql_columns[q->index][columns[i]];
		if (column < 0)
			presence = i;
		else
			wanted[n_wanted++] = column;
	}
	const struct tr_scan scan = input_scan(q->x, q->index, wanted, n_wanted);
	struct ArrowArrayStream ahead;
	bool ok = open_columns(q->x, &scan, d->inputs[q->index].shared, &ahead, err);
	free(wanted);
	if (!ok)
		return false;
	if (presence != SIZE_MAX)
		return tr_presence(&ahead, TR_PLAN_PRESENCE, presence, out, err);
	*out = ahead;
	return true;
}

/* The engine knows the line of the statement, not its file. */
static bool in_file(const struct tr_plan_dataset *d, struct tr_err *err)
{
	if (d->sql_path && err->place.line > 0 && !err->place.file[0])
		tr_copy_text(err->place.file, sizeof err->place.file, d->sql_path);
	return false;
}

static bool query_next(void *self, struct ArrowArray *out, struct tr_err *err)
{
	struct query *q = self;
	return tr_stream_next(&q->result, out, err) || in_file(q->x.dataset, err);
}

static void query_free(void *self)
{
	struct query *q = self;
	tr_watch_engine(q->x.watch, NULL);
	tr_stream_clear(&q->result);
	tr_engine_close(q->engine);
	free(q->inputs);
	free(q);
}

/* Columns of input i that the statement reads, as indices into its SQL schema. */
static size_t read_columns(const struct tr_plan_dataset *d, size_t i, int *out)
{
	size_t n = 0;
	for (size_t k = 0; k < d->sql_inputs[i].n; k++) {
		int column = d->sql_columns[i][k];
		bool needed = column < 0;
		for (size_t c = 0; c < d->inputs[i].n_columns && !needed; c++)
			needed = d->inputs[i].columns[c] == column;
		if (needed)
			out[n++] = (int)k;
	}
	return n;
}

static bool add_inputs(struct query *q, struct tr_err *err)
{
	const struct tr_plan_dataset *d = q->x.dataset;
	q->inputs = tr_calloc(d->n_inputs, sizeof *q->inputs, err);
	if (!q->inputs)
		return false;
	for (size_t i = 0; i < d->n_inputs; i++) {
		q->inputs[i] = (struct query_input){ &q->x, i };
		const struct tr_engine_input input = { .name = d->inputs[i].config->alias,
			.schema = &d->sql_inputs[i],
			.rows = (int64_t)d->inputs[i].est_rows,
			.open = open_input,
			.context = &q->inputs[i] };
		if (!tr_engine_add_input(q->engine, &input, err))
			return false;
	}
	for (size_t i = 0; i < d->n_inputs; i++) {
		if (!d->inputs[i].preload)
			continue;
		int columns[TR_COLUMNS_MAX + 1];
		size_t n = read_columns(d, i, columns);
		if (!tr_engine_load_input(q->engine, d->inputs[i].config->alias, columns, n, err))
			return false;
	}
	return true;
}

static bool add_sources(struct query *q, struct tr_err *err)
{
	const struct tr_plan_dataset *d = q->x.dataset;
	for (size_t i = 0; i < d->n_sources; i++)
		if (!tr_engine_add_published(q->engine, q->x.store, q->x.sources[i],
			    d->sources[i].config->dataset, err))
			return false;
	return true;
}

static void interrupt(void *engine)
{
	tr_engine_interrupt(engine);
}

static bool open_query(const struct tr_extract *x, struct ArrowArrayStream *out, struct tr_err *err)
{
	static const struct tr_stream_ops ops = { query_next, query_free };
	const struct tr_plan_dataset *d = x->dataset;
	struct query *q = tr_calloc(1, sizeof *q, err);
	if (!q)
		return false;
	q->x = *x;
	const char *dir;
	struct tr_engine_options options = { .memory = d->engine_memory,
		.threads = d->engine_threads,
		.temp_dir = x->temp_dir,
		.disk = d->limits.disk };
	if (d->n_sources > 0)
		tr_engine_allow(&options, x->store, &dir);
	struct tr_schema schema;
	struct ArrowArrayStream rows;
	tr_schema_init(&schema);
	bool ok = tr_engine_open(&options, &q->engine, err);
	if (ok)
		tr_watch_engine(x->watch, q->engine);
	ok = ok && add_inputs(q, err) && add_sources(q, err) &&
		tr_engine_run(q->engine, d->sql, d->params, d->n_params, &q->result, err) &&
		tr_stream_schema(&q->result, &schema, err);
	struct tr_engine *engine = q->engine;
	if (ok)
		ok = tr_stream_init(&rows, &schema, &ops, q, err);
	else {
		in_file(d, err);
		query_free(q);
	}
	tr_schema_clear(&schema);
	const struct tr_prefetch_stop stop = { interrupt, engine };
	return ok && tr_prefetch(&rows, &stop, out, err);
}

/* ---- straight reading ---- */

static bool open_copy(const struct tr_extract *x, int worker, struct ArrowArrayStream *out,
	struct tr_err *err)
{
	const struct tr_plan_dataset *d = x->dataset;
	const struct tr_plan_input *in = &d->inputs[0];
	struct tr_scan scan = input_scan(x, 0, in->columns, in->n_columns);
	if (d->workers > 1) {
		int64_t pages = in->relation->pages;
		scan.ranged = true;
		scan.first_page = pages * worker / d->workers;
		scan.end_page = worker + 1 == d->workers ? PAGE_END : pages * (worker + 1) / d->workers;
	}
	return open_columns(x, &scan, in->shared, out, err);
}

/* The key of a joined row for messages: the key columns of every side, as `o.order_id`. */
static bool apply_transform(const struct tr_extract *x, struct ArrowArrayStream *in,
	struct ArrowArrayStream *out, struct tr_err *err)
{
	const struct tr_plan_dataset *d = x->dataset;
	struct tr_arena arena;
	const char *keys[64];
	size_t n = 0;
	tr_arena_init(&arena, (size_t)1 << 20);
	bool ok = true;
	for (size_t i = 0; ok && i < d->n_inputs; i++) {
		const struct tr_relation *r = d->inputs[i].relation;
		for (size_t k = 0; ok && k < r->n_columns && n < 64; k++) {
			if (!r->columns[k].key_position || !r->columns[k].supported)
				continue;
			/* A join's columns carry their side's name, a table's own do not. */
			keys[n] = d->sql ? tr_arena_printf(&arena, err, "%s.%s", d->inputs[i].config->alias,
						   r->columns[k].name)
					 : r->columns[k].name;
			ok = keys[n++] != NULL;
		}
	}
	if (ok)
		ok = tr_transform_apply(d->transform, in, keys, n, out, err);
	else
		tr_stream_clear(in);
	tr_arena_clear(&arena);
	return ok;
}

bool tr_extract_open(const struct tr_extract *x, int worker, struct ArrowArrayStream *out, struct tr_err *err)
{
	const struct tr_plan_dataset *d = x->dataset;
	struct ArrowArrayStream rows, transformed;
	if (d->sql ? !open_query(x, &rows, err) : !open_copy(x, worker, &rows, err))
		return false;
	if (d->kind != TR_PLAN_C)
		return tr_contract_apply(&d->contract, &rows, out, err);
	return apply_transform(x, &rows, &transformed, err) &&
		tr_contract_apply(&d->contract, &transformed, out, err);
}
