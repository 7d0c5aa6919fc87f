#include "streams.h"

#include "run/presence.h"

static void present_in_every_row_at_any_position(void **state)
{
	(void)state;
	for (size_t columns = 0; columns <= 3; columns++)
		for (size_t position = 0; position <= columns; position++) {
			struct numbers n = { .batches = 2, .rows = 11, .columns = columns };
			struct ArrowArrayStream in, out;
			struct tr_err err = { 0 };
			struct tr_schema schema;
			struct ArrowArray batch = { 0 };
			numbers_open(&n, &in);
			assert_ok(tr_presence(&in, "here", position, &out, &err), err);
			tr_schema_init(&schema);
			assert_ok(tr_stream_schema(&out, &schema, &err), err);
			assert_int_equal(schema.n, columns + 1);
			assert_string_equal(schema.fields[position].name, "here");
			assert_int_equal(schema.fields[position].type.kind, TR_BOOL);
			assert_false(schema.fields[position].nullable);
			for (int b = 0; b < 2; b++) {
				struct tr_view v;
				assert_ok(tr_stream_next(&out, &batch, &err), err);
				assert_int_equal(batch.length, 11);
				tr_view_init(&v, &batch, position, (struct tr_type){ .kind = TR_BOOL });
				for (int64_t row = 0; row < 11; row++)
					assert_true(tr_view_bool(&v, row) && !tr_view_is_null(&v, row));
				for (size_t c = 0; c < columns; c++)
					assert_int_equal(number_at(&batch, c < position ? c : c + 1, 10),
						b * 1000 + 10 + (int)c * 1000000);
				tr_batch_clear(&batch);
			}
			assert_ok(tr_stream_next(&out, &batch, &err), err);
			assert_null(batch.release);
			tr_stream_clear(&out);
			tr_schema_clear(&schema);
			assert_int_equal(n.freed, 1);
		}
}

static void error_of_the_stream_passes_through(void **state)
{
	(void)state;
	struct numbers n = { .columns = 1, .fails = true };
	struct ArrowArrayStream in, out;
	struct ArrowArray batch = { 0 };
	struct tr_err err = { 0 };
	numbers_open(&n, &in);
	assert_ok(tr_presence(&in, "here", 1, &out, &err), err);
	assert_false(tr_stream_next(&out, &batch, &err));
	assert_string_equal(err.what, "the numbers failed");
	tr_stream_clear(&out);
	assert_int_equal(n.freed, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(present_in_every_row_at_any_position),
		cmocka_unit_test(error_of_the_stream_passes_through),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
