#include "check.h"

#include <xxhash.h>

#include "fmt/spill.h"
#include "random_batch.h"

#define HEAD 24 /* magic, rows, raw, body: 4 each; checksum: 8 */

struct fixture {
	struct tr_schema schema;
	struct tr_buf scratch, bytes;
	uint64_t seed;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct tr_err err = { 0 };
	f->seed = 42;
	tr_buf_init(&f->scratch, (size_t)1 << 30);
	tr_buf_init(&f->bytes, (size_t)1 << 30);
	*state = f;
	return random_schema(&f->schema, &err) ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	tr_schema_clear(&f->schema);
	tr_buf_clear(&f->scratch);
	tr_buf_clear(&f->bytes);
	free(f);
	return 0;
}

static void round_trip(struct fixture *f, const struct ArrowArray *batch, int64_t from, int64_t n)
{
	struct tr_err err = { 0 };
	struct ArrowArray back;
	f->bytes.len = 0;
	assert_ok(tr_spill_encode(&f->schema, batch, from, n, &f->scratch, &f->bytes, &err), err);
	assert_ok(tr_spill_decode(&f->schema, f->bytes.data, f->bytes.len, &f->scratch, &back, &err), err);
	assert_int_equal(back.length, n);
	for (size_t k = 0; k < f->schema.n; k++) {
		struct tr_type type = f->schema.fields[k].type;
		struct tr_view x, y;
		tr_view_init(&x, batch, k, type);
		tr_view_init(&y, &back, k, type);
		for (int64_t i = 0; i < n; i++)
			assert_true(same_value(&x, from + i, &y, i, type));
	}
	tr_batch_clear(&back);
}

static void batches_of_every_type_survive_with_slices_and_nulls(void **state)
{
	struct fixture *f = *state;
	struct tr_err err = { 0 };
	for (int round = 0; round < 60; round++) {
		struct ArrowArray batch;
		int64_t rows = 1 + (int64_t)(random_next(&f->seed) % 400);
		/* No nulls, all null, some. */
		assert_ok(random_batch(&f->schema, rows, (uint64_t)round % 4, &f->seed, &batch, &err), err);
		round_trip(f, &batch, 0, rows);
		round_trip(f, &batch, rows - 1, 1);
		int64_t from = (int64_t)(random_next(&f->seed) % (uint64_t)rows);
		round_trip(f, &batch, from, rows - from);
		/* An Arrow slice of the whole batch. */
		batch.offset = from;
		batch.length = rows - from;
		round_trip(f, &batch, 0, batch.length);
		batch.offset = 0;
		tr_batch_clear(&batch);
	}
}

static void segments_follow_each_other_in_one_buffer(void **state)
{
	struct fixture *f = *state;
	struct tr_err err = { 0 };
	struct ArrowArray batch, back;
	assert_ok(random_batch(&f->schema, 50, 3, &f->seed, &batch, &err), err);
	assert_ok(tr_spill_encode(&f->schema, &batch, 0, 20, &f->scratch, &f->bytes, &err), err);
	size_t first = f->bytes.len;
	assert_ok(tr_spill_encode(&f->schema, &batch, 20, 30, &f->scratch, &f->bytes, &err), err);
	assert_ok(tr_spill_decode(&f->schema, f->bytes.data + first, f->bytes.len - first, &f->scratch, &back,
			  &err),
		err);
	assert_int_equal(back.length, 30);
	tr_batch_clear(&back);
	tr_batch_clear(&batch);
}

static void expect_damage(struct fixture *f, const uint8_t *bytes, size_t n)
{
	struct tr_err err = { 0 };
	struct ArrowArray back;
	assert_false(tr_spill_decode(&f->schema, bytes, n, &f->scratch, &back, &err));
	assert_int_equal(err.kind, TR_ERR_INTERNAL);
	assert_string_equal(err.what, "a segment read back from the spill file is damaged");
	assert_non_null(strstr(err.hint, "limits.temp_dir"));
}

static void encode_some(struct fixture *f)
{
	struct tr_err err = { 0 };
	struct ArrowArray batch;
	assert_ok(random_batch(&f->schema, 40, 3, &f->seed, &batch, &err), err);
	assert_ok(tr_spill_encode(&f->schema, &batch, 0, 40, &f->scratch, &f->bytes, &err), err);
	tr_batch_clear(&batch);
}

/* A copy of its own size, so that the sanitizer sees a read beyond it. */
static void a_segment_cut_anywhere_is_damaged(void **state)
{
	struct fixture *f = *state;
	encode_some(f);
	for (size_t n = 0; n < f->bytes.len; n++) {
		uint8_t *copy = malloc(n ? n : 1);
		memcpy(copy, f->bytes.data, n);
		expect_damage(f, copy, n);
		free(copy);
	}
}

static void a_flipped_bit_anywhere_is_damage(void **state)
{
	struct fixture *f = *state;
	encode_some(f);
	for (size_t i = 0; i < f->bytes.len; i++) {
		if (i >= 4 && i < 8)
			continue; /* the row count: see the next test */
		f->bytes.data[i] ^= 1;
		expect_damage(f, f->bytes.data, f->bytes.len);
		f->bytes.data[i] ^= 1;
	}
}

static void a_wrong_row_count_is_damage(void **state)
{
	struct fixture *f = *state;
	encode_some(f);
	static const uint32_t counts[] = { 0, 1, 39, 41, 1000, INT32_MAX, UINT32_MAX };
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		memcpy(f->bytes.data + 4, &counts[i], 4);
		expect_damage(f, f->bytes.data, f->bytes.len);
	}
}

/* With the checksum made right again the structure itself must hold: LZ4 block and
 * columns are random then. Nothing but an error or a batch may come of it. */
static void hostile_bodies_do_no_harm(void **state)
{
	struct fixture *f = *state;
	for (int round = 0; round < 2000; round++) {
		f->bytes.len = 0;
		encode_some(f);
		uint8_t *body = f->bytes.data + HEAD;
		size_t n = f->bytes.len - HEAD;
		for (int k = 0; k < 3; k++)
			body[random_next(&f->seed) % n] = (uint8_t)random_next(&f->seed);
		uint64_t checksum = XXH3_64bits(body, n);
		memcpy(f->bytes.data + 16, &checksum, sizeof checksum);
		struct tr_err err = { 0 };
		struct ArrowArray back;
		if (tr_spill_decode(&f->schema, f->bytes.data, f->bytes.len, &f->scratch, &back, &err))
			tr_batch_clear(&back);
		else
			assert_int_equal(err.kind, TR_ERR_INTERNAL);
	}
}

static void no_rows_cannot_be_a_segment(void **state)
{
	struct fixture *f = *state;
	struct tr_err err = { 0 };
	struct ArrowArray batch;
	assert_ok(random_batch(&f->schema, 1, 0, &f->seed, &batch, &err), err);
	assert_false(tr_spill_encode(&f->schema, &batch, 0, 0, &f->scratch, &f->bytes, &err));
	assert_int_equal(err.kind, TR_ERR_INTERNAL);
	tr_batch_clear(&batch);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(batches_of_every_type_survive_with_slices_and_nulls),
		TEST(segments_follow_each_other_in_one_buffer),
		TEST(a_segment_cut_anywhere_is_damaged),
		TEST(a_flipped_bit_anywhere_is_damage),
		TEST(a_wrong_row_count_is_damage),
		TEST(hostile_bodies_do_no_harm),
		TEST(no_rows_cannot_be_a_segment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
