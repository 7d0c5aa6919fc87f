/* The Parquet writer for Python: a stream in, a file and a description of it out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sink.h"
#include "data/stream.h"
#include "fmt/parquet_writer.h"

struct trtest_parquet {
	const char *path;
	int codec; /* enum tr_parquet_codec */
	int level;
	int64_t row_group_rows;
	uint64_t row_group_bytes, page_bytes, memory_max;
	int threads;
	int64_t append_rows;     /* rows an append; 0: the whole batch */
	int64_t flush_rows;      /* end the row group behind that many rows, too; 0: never */
	const char *key, *value; /* a pair of provenance; NULL: none */
	uint64_t fail_at;        /* the sink fails behind that many bytes; 0: never */
	uint64_t memory_peak;    /* out: the most that the writer said it held between appends */
	uint64_t size_before;    /* out: tr_parquet_writer_size before the close */
};

struct file_sink {
	struct tr_sink base;
	FILE *file;
	uint64_t fail_at;
};

static bool file_write(struct tr_sink *sink, const void *bytes, size_t n, struct tr_err *err)
{
	struct file_sink *s = (struct file_sink *)sink;
	if (s->fail_at && sink->bytes + n > s->fail_at)
		return tr_err_errno(err, ENOSPC, "cannot write the file");
	if (fwrite(bytes, 1, n, s->file) != n)
		return tr_err_errno(err, errno, "cannot write the file");
	return true;
}

static const struct tr_sink_ops FILE_SINK = { .write = file_write };

static void add_bound(struct tr_str *out, const struct tr_bound *b)
{
	tr_str_add(out, b->set ? (b->exact ? "=" : "~") : "-");
	for (int i = 0; b->set && i < b->len; i++)
		tr_str_addf(out, "%02x", b->bytes[i]);
}

/* rows, row groups, then a line a column: nulls, min, max, sizes, encodings. */
static void describe(const struct tr_parquet_stats *s, struct tr_str *out)
{
	tr_str_addf(out, "%lld %lld\n", (long long)s->rows, (long long)s->row_groups);
	for (size_t i = 0; i < s->n; i++) {
		const struct tr_parquet_column_stats *c = &s->columns[i];
		tr_str_addf(out, "%lld\t", (long long)c->nulls);
		add_bound(out, &c->min);
		tr_str_addc(out, '\t');
		add_bound(out, &c->max);
		tr_str_addf(out, "\t%llu\t%llu\t%s\n", (unsigned long long)c->compressed_bytes,
			(unsigned long long)c->uncompressed_bytes, c->encodings);
	}
}

static bool write_batch(struct tr_parquet_writer *w, struct trtest_parquet *o, const struct ArrowArray *batch,
	int64_t *unflushed, struct tr_err *err)
{
	int64_t step = o->append_rows ? o->append_rows : batch->length;
	for (int64_t from = 0; from < batch->length; from += step) {
		int64_t n = batch->length - from < step ? batch->length - from : step;
		if (!tr_parquet_writer_append(w, batch, from, n, err))
			return false;
		*unflushed += n;
		if (o->flush_rows && *unflushed >= o->flush_rows) {
			*unflushed = 0;
			if (!tr_parquet_writer_flush(w, err))
				return false;
		}
		if (tr_parquet_writer_memory(w) > o->memory_peak)
			o->memory_peak = tr_parquet_writer_memory(w);
	}
	return true;
}

static bool write_stream(struct tr_parquet_writer *w, struct trtest_parquet *o,
	struct ArrowArrayStream *stream, struct tr_err *err)
{
	int64_t unflushed = 0;
	for (;;) {
		struct ArrowArray batch;
		if (!tr_stream_next(stream, &batch, err))
			return false;
		if (!batch.release)
			return true;
		bool ok = write_batch(w, o, &batch, &unflushed, err);
		tr_batch_clear(&batch);
		if (!ok)
			return false;
	}
}

/* *text is set to a description of what the writer says it wrote (trtest_parquet_free).
 * field_ids: one a column, or NULL. */
bool trtest_parquet_write(struct trtest_parquet *o, struct ArrowArrayStream *stream, const int32_t *field_ids,
	char **text, struct tr_err *err)
{
	struct tr_schema schema;
	struct tr_parquet_writer *w = NULL;
	struct tr_parquet_stats stats = { 0 };
	struct tr_str out;
	struct file_sink sink = { .base = { .ops = &FILE_SINK }, .fail_at = o->fail_at };
	tr_schema_init(&schema);
	tr_str_init(&out, (size_t)1 << 30);
	sink.file = fopen(o->path, "wb");
	struct tr_parquet_pair pair = { o->key, o->value };
	struct tr_parquet_options options = { .codec = (enum tr_parquet_codec)o->codec,
		.codec_set = true,
		.codec_level = o->level,
		.row_group_rows = o->row_group_rows,
		.row_group_bytes = o->row_group_bytes,
		.page_bytes = o->page_bytes,
		.memory_max = o->memory_max,
		.encode_threads = o->threads,
		.metadata = &pair,
		.n_metadata = o->key ? 1 : 0 };
	bool ok = sink.file && tr_stream_schema(stream, &schema, err);
	for (size_t i = 0; field_ids && i < schema.n; i++)
		schema.fields[i].field_id = field_ids[i];
	ok = ok && tr_parquet_writer_new(&schema, &options, &sink.base, &w, err) &&
		write_stream(w, o, stream, err);
	o->size_before = ok ? tr_parquet_writer_size(w) : 0;
	ok = ok && tr_parquet_writer_close(w, &stats, err);
	if (ok)
		describe(&stats, &out);
	tr_parquet_stats_clear(&stats);
	tr_parquet_writer_free(w);
	tr_schema_clear(&schema);
	if (sink.file)
		fclose(sink.file);
	*text = out.ptr ? out.ptr : strdup("");
	return ok;
}

/* The same description, of the footer as it is read back against the stream's schema. */
bool trtest_parquet_footer(const uint8_t *bytes, uint64_t n, struct ArrowArrayStream *stream, char **text,
	struct tr_err *err)
{
	struct tr_schema schema;
	struct tr_parquet_stats stats = { 0 };
	struct tr_str out;
	uint64_t length = 0;
	tr_schema_init(&schema);
	tr_str_init(&out, (size_t)1 << 30);
	bool ok = tr_stream_schema(stream, &schema, err) &&
		tr_parquet_footer_length(bytes + n - 8, n, &length, err) &&
		tr_parquet_footer_parse(bytes + n - 8 - length, length, n, &schema, false, &stats, err);
	if (ok)
		describe(&stats, &out);
	tr_parquet_stats_clear(&stats);
	tr_schema_clear(&schema);
	*text = out.ptr ? out.ptr : strdup("");
	return ok;
}

void trtest_parquet_free(char *text)
{
	free(text);
}
