#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "data/column.h"
#include "data/stream.h"

static void columns_round_trip_through_a_batch(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_column c[3];
	tr_column_init(&c[0], (struct tr_type){ .kind = TR_BOOL });
	tr_column_init(&c[1], (struct tr_type){ .kind = TR_INT64 });
	tr_column_init(&c[2], (struct tr_type){ .kind = TR_STRING });
	char text[32];
	for (int64_t i = 0; i < 1000; i++) {
		bool null = i % 7 == 3;
		assert_ok(null ? tr_column_add_null(&c[0], &err)
			       : tr_column_add_bool(&c[0], i % 3 == 0, &err),
			err);
		assert_ok(null ? tr_column_add_null(&c[1], &err) : tr_column_add_fixed(&c[1], &i, &err), err);
		int n = snprintf(text, sizeof text, "%lld", (long long)i);
		assert_ok(null ? tr_column_add_null(&c[2], &err)
			       : tr_column_add_bytes(&c[2], text, (size_t)n, &err),
			err);
	}
	struct ArrowArray batch;
	struct tr_type types[3] = { c[0].type, c[1].type, c[2].type };
	assert_ok(tr_batch_take(c, 3, 1000, &batch, &err), err);
	struct tr_view v[3];
	for (size_t k = 0; k < 3; k++) {
		tr_view_init(&v[k], &batch, k, types[k]);
		assert_int_equal(batch.children[k]->null_count, 143);
		assert_int_equal(c[k].n, 0);
	}
	for (int64_t i = 0; i < 1000; i++) {
		for (int k = 0; k < 3; k++)
			assert_int_equal(tr_view_is_null(&v[k], i), i % 7 == 3);
		if (i % 7 == 3)
			continue;
		size_t len;
		const char *s = tr_view_bytes(&v[2], i, &len);
		int n = snprintf(text, sizeof text, "%lld", (long long)i);
		assert_int_equal(tr_view_bool(&v[0], i), i % 3 == 0);
		assert_int_equal(*(const int64_t *)tr_view_fixed(&v[1], i, 8), i);
		assert_int_equal(len, n);
		assert_memory_equal(s, text, len);
	}
	tr_batch_clear(&batch);
	assert_null(batch.release);
}

static void schema_survives_arrow_and_keeps_extension_types(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_schema a, b;
	tr_schema_init(&a);
	tr_schema_init(&b);
	for (int kind = TR_BOOL; kind <= TR_JSON; kind++) {
		char name[16];
		snprintf(name, sizeof name, "c%d", kind);
		struct tr_type type = { .kind = (enum tr_kind)kind };
		if (kind == TR_DECIMAL)
			type = (struct tr_type){ TR_DECIMAL, 38, 4 };
		assert_ok(tr_schema_add(&a, name, type, kind % 2, NULL, &err), err);
	}
	struct ArrowSchema arrow;
	assert_ok(tr_schema_to_arrow(&a, &arrow, &err), err);
	assert_ok(tr_schema_from_arrow(&b, &arrow, &err), err);
	assert_int_equal(a.n, b.n);
	for (size_t i = 0; i < a.n; i++) {
		assert_string_equal(a.fields[i].name, b.fields[i].name);
		assert_true(tr_type_equal(a.fields[i].type, b.fields[i].type));
		assert_int_equal(a.fields[i].nullable, b.fields[i].nullable);
	}
	arrow.release(&arrow);
	tr_schema_clear(&a);
	tr_schema_clear(&b);
}

static bool failing_next(void *self, struct ArrowArray *out, struct tr_err *err)
{
	(void)self;
	(void)out;
	tr_err_set(err, TR_ERR_DATA, "row 7 is broken");
	return tr_err_hint(err, "mend it");
}

static void no_free(void *self)
{
	(void)self;
}

static void stream_hands_the_whole_error_to_its_consumer(void **state)
{
	(void)state;
	const struct tr_stream_ops ops = { failing_next, no_free };
	struct tr_err err = { 0 };
	struct tr_schema schema;
	tr_schema_init(&schema);
	struct ArrowArrayStream stream;
	assert_ok(tr_stream_init(&stream, &schema, &ops, NULL, &err), err);
	struct ArrowArray batch;
	assert_false(tr_stream_next(&stream, &batch, &err));
	assert_int_equal(err.kind, TR_ERR_DATA);
	assert_string_equal(err.hint, "mend it");
	tr_stream_clear(&stream);
	tr_stream_clear(&stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_round_trip_through_a_batch),
		cmocka_unit_test(schema_survives_arrow_and_keeps_extension_types),
		cmocka_unit_test(stream_hands_the_whole_error_to_its_consumer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
