/* Whole files into memory, and their footers read back. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "fmt/parquet_threads.h"
#include "fmt/parquet_writer.h"
#include "random_batch.h"

struct memory_sink {
	struct tr_sink base;
	struct tr_buf bytes;
};

static bool memory_write(struct tr_sink *sink, const void *bytes, size_t n, struct tr_err *err)
{
	return tr_buf_append(&((struct memory_sink *)sink)->bytes, bytes, n, err);
}

static const struct tr_sink_ops MEMORY_SINK = { .write = memory_write };

static void memory_init(struct memory_sink *s)
{
	*s = (struct memory_sink){ .base = { .ops = &MEMORY_SINK } };
	tr_buf_init(&s->bytes, (size_t)256 << 20);
}

/* Random decimals of 128 bits are mostly none of 38 digits: keep the low half. */
static void tame_decimals(const struct tr_schema *schema, struct ArrowArray *batch)
{
	for (size_t i = 0; i < schema->n; i++) {
		if (schema->fields[i].type.kind != TR_DECIMAL)
			continue;
		tr_i128 *values = (tr_i128 *)(uintptr_t)batch->children[i]->buffers[1];
		for (int64_t r = 0; r < batch->length; r++)
			values[r] = (int64_t)values[r];
	}
}

/* A file of `batches` random batches of every type. */
static void write_random(const struct tr_schema *schema, struct memory_sink *sink, int batches, int threads,
	struct tr_parquet_stats *stats)
{
	struct tr_err err = { 0 };
	struct tr_parquet_writer *w;
	struct tr_parquet_options options = { .row_group_rows = 1500, .encode_threads = threads };
	uint64_t seed = 42;
	memory_init(sink);
	assert_ok(tr_parquet_writer_new(schema, &options, &sink->base, &w, &err), err);
	for (int i = 0; i < batches; i++) {
		struct ArrowArray batch;
		assert_ok(random_batch(schema, 1000, i % 2 ? 5 : 0, &seed, &batch, &err), err);
		tame_decimals(schema, &batch);
		assert_ok(tr_parquet_writer_append(w, &batch, 0, batch.length, &err), err);
		tr_batch_clear(&batch);
	}
	assert_ok(tr_parquet_writer_close(w, stats, &err), err);
	assert_int_equal(sink->base.bytes, sink->bytes.len);
	tr_parquet_writer_free(w);
}

static bool parse(const uint8_t *bytes, size_t n, const struct tr_schema *schema,
	struct tr_parquet_stats *out, struct tr_err *err)
{
	uint64_t length;
	*out = (struct tr_parquet_stats){ 0 };
	return tr_parquet_footer_length(bytes + n - 8, n, &length, err) &&
		tr_parquet_footer_parse(bytes + n - 8 - length, length, n, schema, false, out, err);
}

static void a_footer_tells_what_the_writer_knew(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_schema schema;
	struct memory_sink sink;
	assert_ok(random_schema(&schema, &err), err);
	for (int batches = 0; batches <= 4; batches++) {
		struct tr_parquet_stats wrote, read;
		write_random(&schema, &sink, batches, 1, &wrote);
		assert_ok(parse(sink.bytes.data, sink.bytes.len, &schema, &read, &err), err);
		assert_int_equal(wrote.rows, batches * 1000);
		assert_int_equal(read.rows, wrote.rows);
		assert_int_equal(read.row_groups, wrote.row_groups);
		assert_int_equal(read.row_groups, (batches * 1000 + 1499) / 1500);
		assert_int_equal(read.n, schema.n);
		for (size_t i = 0; i < read.n; i++)
			assert_memory_equal(&read.columns[i], &wrote.columns[i], sizeof read.columns[i]);
		tr_parquet_stats_clear(&wrote);
		tr_parquet_stats_clear(&read);
		tr_parquet_stats_clear(&read); /* safe to repeat */
		tr_buf_clear(&sink.bytes);
	}
	tr_schema_clear(&schema);
}

static void threads_write_the_same_bytes(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_schema schema;
	struct memory_sink one, many;
	struct tr_parquet_stats stats;
	assert_ok(random_schema(&schema, &err), err);
	write_random(&schema, &one, 4, 1, &stats);
	tr_parquet_stats_clear(&stats);
	write_random(&schema, &many, 4, 4, &stats);
	tr_parquet_stats_clear(&stats);
	assert_int_equal(one.bytes.len, many.bytes.len);
	assert_memory_equal(one.bytes.data, many.bytes.data, one.bytes.len);
	tr_buf_clear(&one.bytes);
	tr_buf_clear(&many.bytes);
	tr_schema_clear(&schema);
}

static void damaged_footers_are_refused_or_read_without_harm(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_schema schema;
	struct memory_sink sink;
	struct tr_parquet_stats stats;
	uint64_t length, seed = 9, refused = 0;
	assert_ok(random_schema(&schema, &err), err);
	write_random(&schema, &sink, 2, 1, &stats);
	tr_parquet_stats_clear(&stats);
	const uint8_t *end = sink.bytes.data + sink.bytes.len - 8;
	assert_ok(tr_parquet_footer_length(end, sink.bytes.len, &length, &err), err);
	/* Copies of exactly the footer's size, so that a sanitizer sees a byte too many. */
	uint8_t *copy = malloc(length);
	assert_non_null(copy);
	for (int round = 0; round < 3000; round++) {
		memcpy(copy, end - length, length);
		for (uint64_t k = random_next(&seed) % 3 + 1; k; k--)
			copy[random_next(&seed) % length] ^= (uint8_t)(1u << random_next(&seed) % 8);
		tr_err_clear(&err);
		if (!tr_parquet_footer_parse(copy, length, sink.bytes.len, &schema, false, &stats, &err)) {
			assert_int_equal(err.kind, TR_ERR_DATA);
			assert_true(err.detail[0] && err.hint[0]);
			refused++;
		}
		tr_parquet_stats_clear(&stats);
	}
	assert_true(refused > 1000);
	free(copy);
	for (size_t n = 0; n < length; n += 3) {
		copy = malloc(n ? n : 1);
		assert_non_null(copy);
		memcpy(copy, end - length, n);
		tr_err_clear(&err);
		assert_false(tr_parquet_footer_parse(copy, n, sink.bytes.len, &schema, false, &stats, &err));
		tr_parquet_stats_clear(&stats);
		free(copy);
	}
	tr_buf_clear(&sink.bytes);
	tr_schema_clear(&schema);
}

static void a_tail_that_is_no_parquet_is_refused(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	uint64_t length;
	static const uint8_t encrypted[8] = { 9, 0, 0, 0, 'P', 'A', 'R', 'E' };
	assert_false(tr_parquet_footer_length(encrypted, 1000, &length, &err));
	assert_non_null(strstr(err.detail, "does not end as a Parquet file"));
	assert_non_null(strstr(err.hint, "publish the dataset again"));
	static const uint8_t tail[8] = { 9, 0, 0, 0, 'P', 'A', 'R', '1' };
	tr_err_clear(&err);
	assert_false(tr_parquet_footer_length(tail, 20, &length, &err));
	tr_err_clear(&err);
	assert_ok(tr_parquet_footer_length(tail, 21, &length, &err), err);
	assert_int_equal(length, 9);
	for (uint64_t size = 0; size < 12; size++) {
		tr_err_clear(&err);
		assert_false(tr_parquet_footer_length(tail, size, &length, &err));
	}
}

static void a_writer_that_failed_or_closed_takes_nothing_more(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_schema schema;
	struct memory_sink sink;
	struct tr_parquet_writer *w;
	struct tr_parquet_stats stats;
	struct tr_parquet_options options = { 0 };
	struct ArrowArray batch;
	uint64_t seed = 1;
	assert_ok(random_schema(&schema, &err), err);
	memory_init(&sink);
	assert_ok(tr_parquet_writer_new(&schema, &options, &sink.base, &w, &err), err);
	assert_ok(random_batch(&schema, 100, 0, &seed, &batch, &err), err);
	tame_decimals(&schema, &batch);
	assert_false(tr_parquet_writer_append(w, &batch, 50, 51, &err));
	assert_int_equal(err.kind, TR_ERR_INTERNAL);
	tr_err_clear(&err);
	sink.bytes.max = 4; /* the disk is full */
	assert_ok(tr_parquet_writer_append(w, &batch, 0, 100, &err), err);
	assert_false(tr_parquet_writer_flush(w, &err));
	assert_non_null(strstr(err.what, "maximum of 4 bytes"));
	tr_err_clear(&err);
	assert_false(tr_parquet_writer_append(w, &batch, 0, 100, &err));
	assert_non_null(strstr(err.what, "after it has failed"));
	tr_err_clear(&err);
	assert_false(tr_parquet_writer_close(w, &stats, &err));
	tr_parquet_stats_clear(&stats);
	tr_parquet_writer_free(w);
	tr_batch_clear(&batch);
	tr_buf_clear(&sink.bytes);
	tr_schema_clear(&schema);
}

/* ---- threads ---- */

struct tally {
	_Atomic int done[200];
	size_t bad, worse; /* items that fail */
};

static bool count_item(void *context, size_t item, size_t worker, struct tr_err *err)
{
	struct tally *t = context;
	(void)worker;
	t->done[item]++;
	if (item == t->bad || item == t->worse)
		return tr_err_set(err, TR_ERR_DATA, "item %zu", item);
	return true;
}

static void threads_do_every_item_once_and_report_the_lowest_error(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_pq_threads *threads;
	assert_ok(tr_pq_threads_new(4, &threads, &err), err);
	for (size_t round = 0; round < 300; round++) {
		struct tally t = { .bad = SIZE_MAX, .worse = SIZE_MAX };
		assert_ok(tr_pq_threads_run(threads, count_item, &t, round % 200, &err), err);
		for (size_t i = 0; i < 200; i++)
			assert_int_equal(t.done[i], i < round % 200);
		struct tally failing = { .bad = 7, .worse = 8 };
		tr_err_clear(&err);
		assert_false(tr_pq_threads_run(threads, count_item, &failing, 200, &err));
		assert_string_equal(err.what, "item 7");
		tr_err_clear(&err);
	}
	tr_pq_threads_free(threads);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_footer_tells_what_the_writer_knew),
		cmocka_unit_test(threads_write_the_same_bytes),
		cmocka_unit_test(damaged_footers_are_refused_or_read_without_harm),
		cmocka_unit_test(a_tail_that_is_no_parquet_is_refused),
		cmocka_unit_test(a_writer_that_failed_or_closed_takes_nothing_more),
		cmocka_unit_test(threads_do_every_item_once_and_report_the_lowest_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
