#include "contract_support.h"

#include <stdio.h>

static void a_null_in_a_required_column_stops(void **state)
{
	(void)state;
	int64_t value = 1;
	/* Every place in a byte of the validity bitmap, with and without a skipped start. */
	for (int64_t at = 0; at < 20; at++) {
		for (int64_t skip = 0; skip <= at; skip += 3) {
			struct fixture f;
			char key[64], what[256];
			begin(&f, "bigint", "bigint");
			f.bound[0].not_null = true;
			for (int64_t i = 0; i < 20; i++) {
				if (i == at || i < skip)
					add_null(&f);
				else
					add(&f, &value);
			}
			end_batch(&f);
			skip_rows(&f, skip);
			snprintf(key, sizeof key, "order_id=%lld", (long long)at);
			snprintf(what, sizeof what,
				"orders.value is null in %s, which the contract does not allow (not_null)",
				key);
			expect_broken(&f, what,
				"mend the row or the transform, or declare the column without `not_null`",
				key);
		}
	}
}

static void the_row_number_stands_in_for_a_key(void **state)
{
	(void)state;
	struct fixture f;
	int64_t value = 1;
	begin(&f, "bigint", "bigint");
	f.bound[0].not_null = true;
	f.contract.n_key_columns = 0;
	add(&f, &value);
	add(&f, &value);
	end_batch(&f);
	add(&f, &value);
	add_null(&f);
	end_batch(&f);
	expect_broken(&f, "orders.value is null in row 4, which the contract does not allow (not_null)",
		"mend the row or the transform, or declare the column without `not_null`", "4");
}

static void a_failed_stream_stays_failed(void **state)
{
	(void)state;
	struct fixture f;
	struct ArrowArray batch;
	int64_t value = 1;
	begin(&f, "bigint", "bigint");
	f.bound[0].not_null = true;
	add_null(&f);
	end_batch(&f);
	add(&f, &value);
	end_batch(&f);
	assert_ok(apply(&f), f.err);
	assert_false(tr_stream_next(&f.out, &batch, &f.err));
	assert_false(tr_stream_next(&f.out, &batch, &f.err));
	assert_int_equal(f.err.kind, TR_ERR_DATA);
	assert_string_equal(f.err.detail, "nothing of this dataset was published");
	end(&f);
}

static const char *accepted_hint = "mend the row or the transform, or add the value to `accepted`";

static void only_accepted_values_pass(void **state)
{
	(void)state;
	struct fixture f;
	const char *countries[] = { "FR", "DE", "", "Österreich" };
	begin(&f, "string", "string");
	f.bound[0].accepted = countries;
	f.bound[0].n_accepted = 4;
	add_bytes(&f, "DE");
	add_bytes(&f, "");
	add_null(&f);
	add_bytes(&f, "Österreich");
	end_batch(&f);
	add_bytes(&f, "FR");
	add_bytes(&f, "D");
	end_batch(&f);
	expect_broken(&f, "orders.value is D in order_id=5, which is not among the accepted values",
		accepted_hint, "order_id=5");

	const char *numbers[] = { "10", "-3" };
	int16_t good = -3, bad = 3;
	begin(&f, "smallint", "decimal(12,2)");
	f.bound[0].accepted = numbers;
	f.bound[0].n_accepted = 2;
	add(&f, &good);
	add(&f, &bad);
	end_batch(&f);
	expect_broken(&f, "orders.value is 3 in order_id=1, which is not among the accepted values",
		accepted_hint, "order_id=1");

	const char *dates[] = { "2024-06-17" };
	int32_t day = 19891, other = 19892;
	begin(&f, "date", "date");
	f.bound[0].accepted = dates;
	f.bound[0].n_accepted = 1;
	add(&f, &day);
	add(&f, &other);
	end_batch(&f);
	skip_rows(&f, 1);
	expect_broken(&f, "orders.value is 2024-06-18 in order_id=1, which is not among the accepted values",
		accepted_hint, "order_id=1");

	const char *yes[] = { "true" };
	begin(&f, "bool", "bool");
	f.bound[0].accepted = yes;
	f.bound[0].n_accepted = 1;
	for (int i = 0; i < 3; i++) {
		add_id(&f);
		assert_ok(tr_column_add_bool(&f.columns[1], i != 2, &f.err), f.err);
	}
	end_batch(&f);
	expect_broken(&f, "orders.value is false in order_id=2, which is not among the accepted values",
		accepted_hint, "order_id=2");
}

static void long_values_are_cut_in_messages(void **state)
{
	(void)state;
	struct fixture f;
	char text[5001];
	memset(text, 'x', 5000);
	text[5000] = '\0';
	const char *accepted[] = { "a" };
	begin(&f, "string", "string");
	f.bound[0].accepted = accepted;
	f.bound[0].n_accepted = 1;
	add_bytes(&f, text);
	end_batch(&f);
	char what[512];
	snprintf(what, sizeof what,
		"orders.value is %.124s... in order_id=0, which is not among the accepted values", text);
	expect_broken(&f, what, accepted_hint, "order_id=0");
}

static void another_type_than_planned_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, "bigint", "bigint");
	f.bound[0].from = type_of("int");
	assert_false(apply(&f));
	assert_int_equal(f.err.kind, TR_ERR_INTERNAL);
	assert_string_equal(f.err.what, "orders.value: the transform yields bigint where int was planned");
	end(&f);

	begin(&f, "bigint", "bigint");
	f.bound[0].source = 2;
	assert_false(apply(&f));
	assert_string_equal(f.err.what, "orders.value: the transform yields no column 3");
	end(&f);

	begin(&f, "bigint", "int");
	assert_false(apply(&f));
	assert_string_equal(f.err.what, "no conversion from bigint to int was planned");
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_null_in_a_required_column_stops),
		cmocka_unit_test(the_row_number_stands_in_for_a_key),
		cmocka_unit_test(a_failed_stream_stays_failed),
		cmocka_unit_test(only_accepted_values_pass),
		cmocka_unit_test(long_values_are_cut_in_messages),
		cmocka_unit_test(another_type_than_planned_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
