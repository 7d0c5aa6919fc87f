#include "check.h"

#include "data/gather.h"
#include "random_batch.h"

static void chosen_rows_arrive_in_their_order(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_schema schema;
	assert_ok(random_schema(&schema, &err), err);
	uint64_t seed = 7;
	for (int round = 0; round < 20; round++) {
		struct ArrowArray batch;
		int64_t rows = 1 + (int64_t)(random_next(&seed) % 300);
		assert_ok(random_batch(&schema, rows, (uint64_t)round % 4, &seed, &batch, &err), err);
		/* A slice: what is before the offset may not be seen. */
		batch.offset = round % 2 ? rows / 3 : 0;
		batch.length = rows - batch.offset;
		uint32_t chosen[500];
		for (size_t i = 0; i < 500; i++)
			chosen[i] = (uint32_t)(random_next(&seed) % (uint64_t)batch.length);
		for (size_t k = 0; k < schema.n; k++) {
			struct tr_type type = schema.fields[k].type;
			struct tr_gather g;
			struct tr_view from, to;
			struct tr_column c;
			tr_gather_bind(&g, type);
			tr_column_init(&c, type);
			tr_view_init(&from, &batch, k, type);
			assert_ok(tr_gather_rows(&g, &c, &from, chosen, 3, &err), err);
			assert_ok(tr_gather_range(&g, &c, &from, batch.length / 2,
					  batch.length - batch.length / 2, &err),
				err);
			assert_ok(tr_gather_rows(&g, &c, &from, chosen + 3, 497, &err), err);
			tr_view_column(&to, &c);
			int64_t ranged = batch.length - batch.length / 2;
			assert_int_equal(c.n, 500 + ranged);
			for (int64_t i = 0; i < 500; i++)
				assert_true(same_value(&from, chosen[i], &to, i < 3 ? i : i + ranged, type));
			for (int64_t i = 0; i < ranged; i++)
				assert_true(same_value(&from, batch.length / 2 + i, &to, 3 + i, type));
			int64_t nulls = 0;
			for (int64_t i = 0; i < c.n; i++)
				nulls += tr_view_is_null(&to, i);
			assert_int_equal(c.nulls, nulls);
			tr_column_clear(&c);
		}
		batch.offset = 0;
		tr_batch_clear(&batch);
	}
	tr_schema_clear(&schema);
}

static void no_rows_are_no_work(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_gather g;
	struct tr_column c;
	struct tr_view v = { 0 };
	tr_gather_bind(&g, (struct tr_type){ .kind = TR_STRING });
	tr_column_init(&c, (struct tr_type){ .kind = TR_STRING });
	assert_ok(tr_gather_rows(&g, &c, &v, NULL, 0, &err), err);
	assert_ok(tr_gather_range(&g, &c, &v, 0, 0, &err), err);
	assert_int_equal(c.n, 0);
	tr_column_clear(&c);
}

static void memory_counts_values_offsets_and_validity(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_column c;
	struct tr_view v;
	tr_column_init(&c, (struct tr_type){ .kind = TR_STRING });
	assert_ok(tr_column_add_bytes(&c, "abcde", 5, &err), err);
	assert_ok(tr_column_add_bytes(&c, "xyz", 3, &err), err);
	tr_view_column(&v, &c);
	assert_int_equal(tr_view_memory(&v, c.type, 0, 2), 8 + 2 * 4);
	assert_int_equal(tr_view_memory(&v, c.type, 1, 1), 3 + 4);
	assert_ok(tr_column_set_null(&c, 0, &err), err);
	tr_view_column(&v, &c);
	assert_int_equal(tr_view_memory(&v, c.type, 1, 1), 3 + 4 + 1);
	tr_column_clear(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chosen_rows_arrive_in_their_order),
		cmocka_unit_test(no_rows_are_no_work),
		cmocka_unit_test(memory_counts_values_offsets_and_validity),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
