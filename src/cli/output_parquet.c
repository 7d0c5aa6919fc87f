/* Parquet, through tailrace's own writer. */
#include <stdlib.h>

#include "cli/output.h"
#include "fmt/parquet_writer.h"

struct parquet_output {
	struct tr_output base;
	struct tr_sink sink;
	struct tr_schema schema; /* with field ids */
	struct tr_parquet_writer *writer;
};

static bool sink_write(struct tr_sink *sink, const void *bytes, size_t n, struct tr_err *err)
{
	struct parquet_output *o =
		(struct parquet_output *)((char *)sink - offsetof(struct parquet_output, sink));
	return tr_target_write(o->base.target, bytes, n, err);
}

static bool sink_commit(struct tr_sink *sink, struct tr_err *err)
{
	(void)sink; /* the target's finish is the commit */
	(void)err;
	return true;
}

static void sink_free(struct tr_sink *sink)
{
	(void)sink; /* part of the output */
}

static bool parquet_rows(struct tr_output *base, const struct ArrowArray *batch, int64_t n,
	struct tr_err *err)
{
	struct parquet_output *o = (struct parquet_output *)base;
	return tr_parquet_writer_append(o->writer, batch, 0, n, err);
}

static bool parquet_finish(struct tr_output *base, struct tr_err *err)
{
	struct parquet_output *o = (struct parquet_output *)base;
	struct tr_parquet_stats stats = { 0 };
	bool ok = tr_parquet_writer_close(o->writer, &stats, err);
	tr_parquet_stats_clear(&stats);
	return ok;
}

static void parquet_free(struct tr_output *base)
{
	struct parquet_output *o = (struct parquet_output *)base;
	tr_parquet_writer_free(o->writer);
	tr_schema_clear(&o->schema);
	tr_output_clear(base);
	free(o);
}

bool tr_output_parquet(const struct tr_schema *schema, struct tr_target *target, struct tr_output **out,
	struct tr_err *err)
{
	static const struct tr_output_ops OPS = { parquet_rows, parquet_finish, parquet_free };
	static const struct tr_sink_ops SINK = { .write = sink_write,
		.commit = sink_commit,
		.free = sink_free };
	const struct tr_parquet_pair metadata[] = { { "tailrace.version", TR_VERSION } };
	const struct tr_parquet_options options = { .metadata = metadata, .n_metadata = 1 };
	struct parquet_output *o = tr_calloc(1, sizeof *o, err);
	if (!o)
		return false;
	o->sink.ops = &SINK;
	tr_schema_init(&o->schema);
	bool ok = tr_output_init(&o->base, &OPS, schema, target, err) &&
		tr_schema_copy(&o->schema, schema, err);
	for (size_t i = 0; ok && i < o->schema.n; i++)
		o->schema.fields[i].field_id = (int32_t)i + 1;
	if (!ok || !tr_parquet_writer_new(&o->schema, &options, &o->sink, &o->writer, err)) {
		o->writer = NULL;
		parquet_free(&o->base);
		return false;
	}
	*out = &o->base;
	return true;
}
