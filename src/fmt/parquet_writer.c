#include "fmt/parquet_writer.h"

#include <stdlib.h>

#include "fmt/parquet_metadata.h"
#include "fmt/parquet_threads.h"

#define ROW_GROUP_ROWS INT64_C(1048576)
#define ROW_GROUP_BYTES ((uint64_t)128 << 20)
#define PAGE_BYTES ((size_t)1 << 20)
#define PAGE_BYTES_LEAST ((size_t)16 << 10)
#define PAGE_BYTES_MOST ((size_t)64 << 20)
#define MEMORY_MAX ((size_t)256 << 20)
/* A sample takes an eighth of the memory, and the range of rows that ends it another: together
 * they stay below what a buffer holds. */
#define MEMORY_MOST ((size_t)2 << 30)
#define SAMPLE_ROWS INT64_C(65536)
/* Row groups that go by one sample, at most: taking it is a tenth of the writer's time, and rows
 * that come one after the other are mostly alike. */
#define SAMPLE_EVERY 4
#define RANGE_ROWS INT64_C(65536)
#define THREADS_MOST 64
/* Less work than this is done before another thread has woken up. */
#define VALUES_TO_SHARE 8192

struct tr_parquet_writer {
	struct tr_schema schema;
	struct tr_pq_column *columns;
	size_t n;
	struct tr_parquet_options options; /* with the defaults filled in */
	struct tr_parquet_pair *pairs;
	struct tr_arena texts;
	struct tr_sink *sink;
	struct tr_pq_chunk *chunks;
	struct tr_pq_encoder *encoders; /* one a thread */
	size_t n_encoders;
	struct tr_pq_threads *threads; /* NULL: none of its own */
	struct tr_pq_metadata metadata;
	int64_t rows; /* of the open row group */
	bool sampling;
	int sample_age; /* row groups since the last sample; its own: 0 */
	bool failed;    /* an error left it unusable */
};

/* ---- jobs for the columns ---- */

struct job {
	struct tr_parquet_writer *w;
	const struct ArrowArray *batch;
	int64_t from, n;
	double expected_rows;
	const size_t *quota;
};

static bool append_job(void *context, size_t i, size_t worker, struct tr_err *err)
{
	const struct job *j = context;
	struct tr_view v;
	tr_view_init(&v, j->batch, i, j->w->columns[i].type);
	return tr_pq_chunk_append(&j->w->chunks[i], &j->w->encoders[worker], &v, j->from, j->n, err);
}

static bool measure_job(void *context, size_t i, size_t worker, struct tr_err *err)
{
	const struct job *j = context;
	return tr_pq_chunk_measure(&j->w->chunks[i], &j->w->encoders[worker], j->expected_rows, err);
}

static bool begin_job(void *context, size_t i, size_t worker, struct tr_err *err)
{
	const struct job *j = context;
	return tr_pq_chunk_begin(&j->w->chunks[i], &j->w->encoders[worker], j->quota[i], err);
}

static bool finish_job(void *context, size_t i, size_t worker, struct tr_err *err)
{
	const struct job *j = context;
	return tr_pq_chunk_finish(&j->w->chunks[i], &j->w->encoders[worker], err);
}

static bool for_each_column(struct tr_parquet_writer *w, tr_pq_job *job, struct job *context, int64_t rows,
	struct tr_err *err)
{
	if (w->threads && rows * (int64_t)w->n >= VALUES_TO_SHARE)
		return tr_pq_threads_run(w->threads, job, context, w->n, err);
	for (size_t i = 0; i < w->n; i++)
		if (!job(context, i, 0, err))
			return false;
	return true;
}

/* ---- memory ---- */

static size_t open_memory(const struct tr_parquet_writer *w)
{
	size_t sum = 0;
	for (size_t i = 0; i < w->n; i++)
		sum += tr_pq_chunk_open_memory(&w->chunks[i]);
	return sum;
}

/* Of the open row group. */
static size_t group_memory(const struct tr_parquet_writer *w)
{
	size_t sum = 0;
	for (size_t i = 0; i < w->n; i++)
		sum += tr_pq_chunk_memory(&w->chunks[i]);
	return sum;
}

size_t tr_parquet_writer_memory(const struct tr_parquet_writer *w)
{
	size_t sum = sizeof *w + w->n * sizeof *w->chunks + w->metadata.memory + w->metadata.scratch.cap +
		group_memory(w);
	for (size_t i = 0; i < w->n_encoders; i++)
		sum += tr_pq_encoder_memory(&w->encoders[i]);
	return sum;
}

static uint64_t group_size(const struct tr_parquet_writer *w)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < w->n; i++)
		sum += tr_pq_chunk_size(&w->chunks[i]);
	return sum;
}

uint64_t tr_parquet_writer_size(const struct tr_parquet_writer *w)
{
	/* A column's part of the footer is about 200 bytes a row group. */
	uint64_t open = w->rows ? group_size(w) + w->n * 200 : 0;
	return w->sink->bytes + open + w->metadata.memory + w->n * 64 + 100;
}

/* ---- row groups ---- */

/* Rows that the row group will have if it goes on as its sample did. */
static double expected_rows(const struct tr_parquet_writer *w)
{
	size_t bytes = 0;
	for (size_t i = 0; i < w->n; i++)
		bytes += w->chunks[i].values.len;
	double limit = (double)w->options.memory_max * 0.75;
	if ((double)w->options.row_group_bytes < limit)
		limit = (double)w->options.row_group_bytes;
	/* Values are about halved on the way into pages. */
	double rows = bytes ? limit * 2 * (double)w->rows / (double)bytes : (double)w->options.row_group_rows;
	if (rows > (double)w->options.row_group_rows)
		rows = (double)w->options.row_group_rows;
	return rows > (double)w->rows ? rows : (double)w->rows;
}

/* Choose every column's encoding; `rows`: what the row group is expected to have. */
static bool end_sample(struct tr_parquet_writer *w, double rows, struct tr_err *err)
{
	struct job j = { .w = w, .expected_rows = rows };
	size_t each = w->options.memory_max / 8, total = w->options.memory_max / 4;
	struct tr_pq_choice *choices = tr_malloc(w->n * sizeof *choices, err);
	size_t *quota = choices ? tr_malloc(w->n * sizeof *quota, err) : NULL;
	bool ok = quota && for_each_column(w, measure_job, &j, w->rows, err);
	for (size_t i = 0; ok && i < w->n; i++)
		choices[i] = w->chunks[i].choice;
	ok = ok &&
		tr_pq_grant(choices, w->n, each < TR_PARQUET_DICT_MAX ? each : TR_PARQUET_DICT_MAX,
			total < TR_PARQUET_DICT_TOTAL ? total : TR_PARQUET_DICT_TOTAL, quota, err);
	j.quota = quota;
	ok = ok && for_each_column(w, begin_job, &j, w->rows, err);
	w->sampling = false;
	w->sample_age = 0;
	free(choices);
	free(quota);
	return ok;
}

static bool write_chunk(struct tr_parquet_writer *w, size_t i, struct tr_err *err)
{
	const struct tr_pq_chunk *k = &w->chunks[i];
	uint64_t offset = w->sink->bytes;
	if (k->dictionary && !tr_sink_write(w->sink, k->dictionary->bytes, k->dictionary->size, err))
		return false;
	for (const struct tr_pq_page *p = k->pages; p; p = p->next)
		if (!tr_sink_write(w->sink, p->bytes, p->size, err))
			return false;
	return tr_pq_metadata_chunk(&w->metadata, i, k, offset, err);
}

/* Make the chunks ready for the next row group. `measured`: the last one's choices were made
 * before its end, so that they hold for a whole row group. */
static void next_group(struct tr_parquet_writer *w, bool measured)
{
	bool repeat = measured && ++w->sample_age < SAMPLE_EVERY;
	for (size_t i = 0; repeat && i < w->n; i++)
		repeat = tr_pq_chunk_went_as_chosen(&w->chunks[i]);
	/* Buffers that are large beside the budget would end the next row group early. */
	bool keep = open_memory(w) <= w->options.memory_max / 8;
	for (size_t i = 0; i < w->n; i++) {
		if (repeat)
			tr_pq_chunk_repeat(&w->chunks[i], keep);
		else
			tr_pq_chunk_clear(&w->chunks[i]);
	}
	w->rows = 0;
	w->sampling = !repeat;
}

static bool end_group(struct tr_parquet_writer *w, struct tr_err *err)
{
	struct job j = { .w = w };
	bool measured = !w->sampling;
	if (!w->rows)
		return true;
	if (w->sampling && !end_sample(w, (double)w->rows, err))
		return false;
	if (!for_each_column(w, finish_job, &j, w->rows, err) ||
		!tr_pq_metadata_group(&w->metadata, w->rows, w->sink->bytes, err))
		return false;
	for (size_t i = 0; i < w->n; i++)
		if (!write_chunk(w, i, err))
			return false;
	next_group(w, measured);
	return true;
}

/* How many of n rows to take at once, so that memory is looked at often enough. */
static int64_t range_rows(const struct tr_parquet_writer *w, const struct ArrowArray *batch, int64_t from,
	int64_t n)
{
	int64_t take = n < RANGE_ROWS ? n : RANGE_ROWS;
	if (take > w->options.row_group_rows - w->rows)
		take = w->options.row_group_rows - w->rows;
	if (w->sampling && take > SAMPLE_ROWS - w->rows)
		take = SAMPLE_ROWS - w->rows;
	for (; take > 1; take /= 2) {
		size_t bytes = 0;
		for (size_t i = 0; i < w->n; i++) {
			struct tr_view v;
			tr_view_init(&v, batch, i, w->columns[i].type);
			if (v.offsets)
				bytes += (size_t)(v.offsets[v.offset + from + take] -
					v.offsets[v.offset + from]);
			bytes += (size_t)take * (v.offsets ? 4 : w->columns[i].width);
		}
		if (bytes <= w->options.memory_max / 8)
			break;
	}
	return take;
}

/* Whether ending the row group is called for, and gives back much: a codec that takes most of the
 * memory itself must not make a row group of every few rows. */
static bool memory_is_used_up(const struct tr_parquet_writer *w)
{
	return tr_parquet_writer_memory(w) > w->options.memory_max &&
		group_memory(w) > w->options.memory_max / 4;
}

static bool append_range(struct tr_parquet_writer *w, const struct ArrowArray *batch, int64_t from, int64_t n,
	struct tr_err *err)
{
	struct job j = { .w = w, .batch = batch, .from = from, .n = n };
	if (!for_each_column(w, append_job, &j, n, err))
		return false;
	w->rows += n;
	bool full = w->rows >= w->options.row_group_rows;
	if (w->sampling && !full && (w->rows >= SAMPLE_ROWS || open_memory(w) > w->options.memory_max / 8) &&
		!end_sample(w, expected_rows(w), err))
		return false;
	if (full || group_size(w) >= w->options.row_group_bytes || memory_is_used_up(w))
		return end_group(w, err);
	return true;
}

static bool check_usable(const struct tr_parquet_writer *w, struct tr_err *err)
{
	return !w->failed ||
		tr_err_set(err, TR_ERR_INTERNAL, "the Parquet writer is used after it has failed");
}

bool tr_parquet_writer_append(struct tr_parquet_writer *w, const struct ArrowArray *batch, int64_t from,
	int64_t n, struct tr_err *err)
{
	if (!check_usable(w, err))
		return false;
	if (batch->n_children != (int64_t)w->n || from < 0 || n < 0 || from > batch->length - n)
		return tr_err_set(err, TR_ERR_INTERNAL, "a batch does not fit the Parquet writer's schema");
	while (n > 0) {
		int64_t take = range_rows(w, batch, from, n);
		if (!append_range(w, batch, from, take, err)) {
			w->failed = true;
			return false;
		}
		from += take;
		n -= take;
	}
	return true;
}

bool tr_parquet_writer_flush(struct tr_parquet_writer *w, struct tr_err *err)
{
	if (!check_usable(w, err))
		return false;
	w->failed = !end_group(w, err);
	return !w->failed;
}

bool tr_parquet_writer_close(struct tr_parquet_writer *w, struct tr_parquet_stats *stats, struct tr_err *err)
{
	*stats = (struct tr_parquet_stats){ 0 };
	if (!tr_parquet_writer_flush(w, err))
		return false;
	w->failed = true; /* nothing may follow the footer */
	return tr_pq_metadata_write(&w->metadata, w->pairs, w->options.n_metadata, w->sink, err) &&
		tr_pq_metadata_stats(&w->metadata, stats, err);
}

/* ---- making one ---- */

static void fill_defaults(struct tr_parquet_options *o, size_t columns)
{
	if (!o->codec_set)
		o->codec = TR_CODEC_ZSTD;
	if (o->row_group_rows <= 0)
		o->row_group_rows = ROW_GROUP_ROWS;
	if (!o->row_group_bytes)
		o->row_group_bytes = ROW_GROUP_BYTES;
	if (!o->memory_max)
		o->memory_max = MEMORY_MAX;
	if (o->memory_max > MEMORY_MOST)
		o->memory_max = MEMORY_MOST;
	if (!o->page_bytes)
		o->page_bytes = PAGE_BYTES;
	/* The open pages of all columns are to take a quarter of the memory at most. */
	if (o->page_bytes > o->memory_max / 4 / columns)
		o->page_bytes = o->memory_max / 4 / columns;
	if (o->page_bytes < PAGE_BYTES_LEAST)
		o->page_bytes = PAGE_BYTES_LEAST;
	if (o->page_bytes > PAGE_BYTES_MOST)
		o->page_bytes = PAGE_BYTES_MOST;
	if (o->encode_threads < 1)
		o->encode_threads = 1;
	if (o->encode_threads > THREADS_MOST)
		o->encode_threads = THREADS_MOST;
	if ((size_t)o->encode_threads > columns)
		o->encode_threads = (int)columns;
}

static bool bind_columns(struct tr_parquet_writer *w, struct tr_err *err)
{
	bool numbered = false;
	for (size_t i = 0; i < w->n; i++)
		numbered = numbered || w->schema.fields[i].field_id;
	w->columns = tr_calloc(w->n, sizeof *w->columns, err);
	w->chunks = w->columns ? tr_calloc(w->n, sizeof *w->chunks, err) : NULL;
	if (!w->chunks)
		return false;
	for (size_t i = 0; i < w->n; i++) {
		/* Where nobody has given out ids, the columns' positions are as good. */
		tr_pq_column_bind(&w->columns[i], &w->schema.fields[i], numbered ? 0 : (int32_t)i + 1);
		tr_pq_chunk_init(&w->chunks[i], &w->columns[i], w->options.page_bytes);
	}
	return tr_pq_metadata_init(&w->metadata, w->columns, w->n, w->options.codec, err);
}

static bool copy_pairs(struct tr_parquet_writer *w, struct tr_err *err)
{
	size_t n = w->options.n_metadata;
	w->pairs = tr_arena_alloc(&w->texts, (n ? n : 1) * sizeof *w->pairs, err);
	if (!w->pairs)
		return false;
	for (size_t i = 0; i < n; i++) {
		w->pairs[i].key = tr_arena_strdup(&w->texts, w->options.metadata[i].key, err);
		w->pairs[i].value = w->pairs[i].key
			? tr_arena_strdup(&w->texts, w->options.metadata[i].value, err)
			: NULL;
		if (!w->pairs[i].value)
			return false;
	}
	w->options.metadata = w->pairs;
	return true;
}

static bool start_encoders(struct tr_parquet_writer *w, struct tr_err *err)
{
	size_t n = (size_t)w->options.encode_threads;
	w->encoders = tr_calloc(n, sizeof *w->encoders, err);
	if (!w->encoders)
		return false;
	for (size_t i = 0; i < n; i++, w->n_encoders++)
		if (!tr_pq_encoder_init(&w->encoders[i], w->options.codec, w->options.codec_level,
			    w->options.page_bytes, err))
			return false;
	return n == 1 || tr_pq_threads_new(n, &w->threads, err);
}

bool tr_parquet_writer_new(const struct tr_schema *schema, const struct tr_parquet_options *options,
	struct tr_sink *sink, struct tr_parquet_writer **out, struct tr_err *err)
{
	if (!schema->n) {
		tr_err_set(err, TR_ERR_USER, "a Parquet file needs at least one column");
		return tr_err_hint(err, "Select a column.");
	}
	struct tr_parquet_writer *w = tr_calloc(1, sizeof *w, err);
	if (!w)
		return false;
	tr_schema_init(&w->schema);
	tr_arena_init(&w->texts, (size_t)64 << 20);
	w->options = *options;
	w->sink = sink;
	w->n = schema->n;
	w->sampling = true;
	fill_defaults(&w->options, schema->n);
	if (!tr_schema_copy(&w->schema, schema, err) || !bind_columns(w, err) || !copy_pairs(w, err) ||
		!start_encoders(w, err) || !tr_sink_write(sink, "PAR1", 4, err)) {
		tr_parquet_writer_free(w);
		return false;
	}
	*out = w;
	return true;
}

void tr_parquet_writer_free(struct tr_parquet_writer *w)
{
	if (!w)
		return;
	tr_pq_threads_free(w->threads);
	for (size_t i = 0; i < w->n_encoders; i++)
		tr_pq_encoder_clear(&w->encoders[i]);
	free(w->encoders);
	for (size_t i = 0; w->chunks && i < w->n; i++)
		tr_pq_chunk_clear(&w->chunks[i]);
	free(w->chunks);
	tr_pq_metadata_clear(&w->metadata);
	free(w->columns);
	tr_arena_clear(&w->texts);
	tr_schema_clear(&w->schema);
	free(w);
}
