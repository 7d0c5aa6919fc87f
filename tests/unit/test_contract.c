#include "contract_support.h"

#include <math.h>
#include <stdio.h>

#include "data/decimal.h"

/* ---- types ---- */

static void only_lossless_widening_is_implicit(void **state)
{
	(void)state;
	/* clang-format off */
	const struct {
		const char *from, *to;
		bool ok;
	} cases[] = {
		{ "smallint", "int", true }, { "smallint", "bigint", true }, { "int", "bigint", true },
		{ "bigint", "int", false }, { "int", "smallint", false }, { "bigint", "smallint", false },
		{ "smallint", "float", true }, { "int", "float", false }, { "bigint", "float", false },
		{ "smallint", "double", true }, { "int", "double", true }, { "bigint", "double", false },
		{ "float", "double", true }, { "double", "float", false },
		{ "smallint", "decimal(5,0)", true }, { "smallint", "decimal(4,0)", false },
		{ "int", "decimal(10,0)", true }, { "int", "decimal(10,1)", false },
		{ "int", "decimal(12,2)", true }, { "bigint", "decimal(19,0)", true },
		{ "bigint", "decimal(18,0)", false }, { "bigint", "decimal(38,19)", true },
		{ "bigint", "decimal(38,20)", false }, { "decimal(10,2)", "decimal(10,2)", true },
		{ "decimal(10,2)", "decimal(12,2)", true }, { "decimal(10,2)", "decimal(12,4)", true },
		{ "decimal(10,2)", "decimal(11,4)", false }, { "decimal(10,2)", "decimal(12,1)", false },
		{ "decimal(38,0)", "decimal(38,0)", true }, { "decimal(38,0)", "bigint", false },
		{ "decimal(38,0)", "decimal(20,0)", false }, { "decimal(9,0)", "int", false },
		{ "decimal(9,2)", "double", false }, { "double", "decimal(38,10)", false },
		{ "date", "timestamp", false }, { "timestamp", "date", false },
		{ "timestamptz", "timestamp", false }, { "timestamp", "timestamptz", false },
		{ "timestamp", "timestamp(3)", true }, { "timestamp(6)", "timestamp(3)", true },
		{ "timestamp(3)", "timestamp", true }, { "timestamptz", "timestamptz(3)", true },
		{ "timestamp", "timestamptz(3)", false }, { "uuid", "string", true },
		{ "time", "string", true }, { "json", "string", true }, { "string", "json", false },
		{ "string", "uuid", false }, { "string", "binary", false }, { "binary", "string", false },
		{ "int", "string", false }, { "bool", "int", false }, { "int", "bool", false },
		{ "bool", "bool", true }, { "uuid", "uuid", true }, { "date", "date", true },
		{ "binary", "binary", true }, { "json", "json", true }, { "time", "time", true },
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (tr_contract_widens(type_of(cases[i].from), type_of(cases[i].to)) != cases[i].ok)
			fail_msg("%s -> %s", cases[i].from, cases[i].to);
}

static void a_refused_pair_shows_the_cast(void **state)
{
	(void)state;
	const struct {
		const char *from, *to, *column, *cast;
	} cases[] = {
		{ "double", "decimal(12,2)", "amount", "CAST(amount AS DECIMAL(12,2))" },
		{ "bigint", "int", "n", "CAST(n AS INTEGER)" },
		{ "bigint", "double", "Total Sum", "CAST(\"Total Sum\" AS DOUBLE)" },
		{ "timestamptz", "timestamp", "t", "t AT TIME ZONE 'UTC'" },
		{ "timestamp", "timestamptz", "t", "t AT TIME ZONE 'UTC'" },
		{ "timestamptz", "date", "t", "CAST(t AT TIME ZONE 'UTC' AS DATE)" },
		{ "date", "timestamp", "d", "CAST(d AS TIMESTAMP)" },
		{ "string", "json", "j", "CAST(j AS JSON)" },
		{ "string", "binary", "j", "encode(j)" },
		{ "int", "string", "id", "CAST(id AS VARCHAR)" },
		{ "int", "string", "a%sb\"", "CAST(\"a%sb\"\"\" AS VARCHAR)" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char buf[256];
		tr_contract_cast(type_of(cases[i].from), type_of(cases[i].to), cases[i].column, buf,
			sizeof buf);
		assert_string_equal(buf, cases[i].cast);
	}
}

/* ---- conversions ---- */

/* The boundaries of an integer type, nulls and offsets between them, into each wider type. */
static void integers_widen_exactly(void **state)
{
	(void)state;
	const struct {
		const char *from;
		int64_t values[5];
		const char *to, *texts;
	} cases[] = {
		{ "smallint", { INT16_MIN, -1, 0, 1, INT16_MAX }, "int",
			"-32768,null,-1,null,0,null,1,null,32767,null" },
		{ "smallint", { INT16_MIN, -1, 0, 1, INT16_MAX }, "bigint",
			"-32768,null,-1,null,0,null,1,null,32767,null" },
		{ "smallint", { INT16_MIN, -1, 0, 1, INT16_MAX }, "float",
			"-32768,null,-1,null,0,null,1,null,32767,null" },
		{ "smallint", { INT16_MIN, -1, 0, 1, INT16_MAX }, "double",
			"-32768,null,-1,null,0,null,1,null,32767,null" },
		{ "smallint", { INT16_MIN, -1, 0, 1, INT16_MAX }, "decimal(7,2)",
			"-32768.00,null,-1.00,null,0.00,null,1.00,null,32767.00,null" },
		{ "int", { INT32_MIN, -7, 0, 16777217, INT32_MAX }, "bigint",
			"-2147483648,null,-7,null,0,null,16777217,null,2147483647,null" },
		{ "int", { INT32_MIN, -7, 0, 16777217, INT32_MAX }, "double",
			"-2147483648,null,-7,null,0,null,16777217,null,2147483647,null" },
		{ "int", { INT32_MIN, -7, 0, 16777217, INT32_MAX }, "decimal(38,28)",
			"-2147483648.0000000000000000000000000000,null,-7.0000000000000000000000000000,null,"
			"0.0000000000000000000000000000,null,16777217.0000000000000000000000000000,null,"
			"2147483647.0000000000000000000000000000,null" },
		{ "bigint", { INT64_MIN, -1, 0, 1, INT64_MAX }, "decimal(19,0)",
			"-9223372036854775808,null,-1,null,0,null,1,null,9223372036854775807,null" },
		{ "bigint", { INT64_MIN, -1, 0, 1, INT64_MAX }, "decimal(38,19)",
			"-9223372036854775808.0000000000000000000,null,-1.0000000000000000000,null,"
			"0.0000000000000000000,null,1.0000000000000000000,null,9223372036854775807."
			"0000000000000000000,null" },
		{ "bigint", { INT64_MIN, -1, 0, 1, INT64_MAX }, "bigint",
			"-9223372036854775808,null,-1,null,0,null,1,null,9223372036854775807,null" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		/* Every offset of the batch must read the right validity bits. */
		for (int64_t skip = 0; skip < 9; skip++) {
			struct fixture f;
			begin(&f, cases[i].from, cases[i].to);
			for (int k = 0; k < skip; k++)
				add_null(&f);
			for (int k = 0; k < 5; k++) {
				add(&f, &cases[i].values[k]); /* little-endian: the low bytes come first */
				add_null(&f);
			}
			end_batch(&f);
			skip_rows(&f, skip);
			assert_ok(apply(&f), f.err);
			expect_batch(&f, cases[i].texts);
			expect_end(&f);
			end(&f);
		}
	}
}

static void floats_widen_exactly(void **state)
{
	(void)state;
	struct fixture f;
	const float values[] = { 0.1F, -0.0F, INFINITY, NAN, 3.4028235e38F, 1e-45F };
	begin(&f, "float", "double");
	for (size_t i = 0; i < 6; i++)
		add(&f, &values[i]);
	end_batch(&f);
	assert_ok(apply(&f), f.err);
	expect_batch(&f, "0.10000000149011612,-0,Infinity,NaN,3.4028234663852886e+38,1.401298464324817e-45");
	end(&f);
}

static void decimals_gain_digits_exactly(void **state)
{
	(void)state;
	for (unsigned up = 0; up <= 20; up++) {
		struct fixture f;
		char from[TR_TYPE_TEXT], to[TR_TYPE_TEXT];
		snprintf(from, sizeof from, "decimal(18,4)");
		snprintf(to, sizeof to, "decimal(%u,%u)", 18 + up, 4 + up);
		begin(&f, from, to);
		tr_i128 largest = tr_decimal_power(18) - 1;
		const tr_i128 values[] = { 0, 1, -1, largest, -largest };
		struct tr_str want;
		tr_str_init(&want, 4096);
		for (size_t i = 0; i < 5; i++) {
			char text[TR_DECIMAL_TEXT];
			add(&f, &values[i]);
			tr_decimal_format(values[i], 4, text);
			tr_str_addf(&want, "%s%s%.*s", i ? "," : "", text, (int)up, "00000000000000000000");
		}
		end_batch(&f);
		assert_ok(apply(&f), f.err);
		expect_batch(&f, want.ptr);
		tr_str_clear(&want);
		end(&f);
	}
}

static void a_hugeint_beyond_38_digits_stops(void **state)
{
	(void)state;
	const char *hint = "declare a type that holds it, or change the value in the transform";
	tr_i128 largest = tr_decimal_power(38) - 1, beyond = tr_decimal_power(38);
	struct fixture f;
	begin(&f, "decimal(38,0)", "decimal(38,0)");
	add(&f, &largest);
	largest = -largest;
	add(&f, &largest);
	end_batch(&f);
	assert_ok(apply(&f), f.err);
	expect_batch(&f, "99999999999999999999999999999999999999,-99999999999999999999999999999999999999");
	end(&f);

	begin(&f, "decimal(38,0)", "decimal(38,0)");
	add(&f, &largest);
	add(&f, &beyond);
	end_batch(&f);
	expect_broken(&f,
		"orders.value is 100000000000000000000000000000000000000 in order_id=1, which "
		"decimal(38,0) cannot hold exactly",
		hint, "order_id=1");

	/* What lies under a null is nobody's value. */
	begin(&f, "decimal(38,0)", "decimal(38,0)");
	add(&f, &beyond);
	assert_ok(tr_column_set_null(&f.columns[1], 0, &f.err), f.err);
	end_batch(&f);
	assert_ok(apply(&f), f.err);
	expect_batch(&f, "null");
	end(&f);

	/* A producer that breaks its own declared digits does not slip through a longer scale. */
	begin(&f, "decimal(4,2)", "decimal(5,3)");
	tr_i128 five_digits = 99999;
	add(&f, &five_digits);
	end_batch(&f);
	expect_broken(&f, "orders.value is 999.99 in order_id=0, which decimal(5,3) cannot hold exactly",
		hint, "order_id=0");
}

static void timestamps_of_three_digits_are_judged(void **state)
{
	(void)state;
	const int64_t millis = 1718616600123000, micros = 1718616600123456, before = -1, tick = -1000;
	struct fixture f;
	begin(&f, "timestamp", "timestamp(3)");
	add(&f, &millis);
	add(&f, &tick);
	add(&f, &micros);
	assert_ok(tr_column_set_null(&f.columns[1], 2, &f.err), f.err);
	end_batch(&f);
	assert_ok(apply(&f), f.err);
	expect_batch(&f, "2024-06-17 09:30:00.123,1969-12-31 23:59:59.999,null");
	end(&f);

	begin(&f, "timestamp", "timestamp(3)");
	add(&f, &millis);
	add(&f, &micros);
	end_batch(&f);
	expect_broken(&f,
		"orders.value is 2024-06-17 09:30:00.123456 in order_id=1, which timestamp(3) cannot hold "
		"exactly",
		"declare timestamp(6), or `truncate: true` to cut the finer digits", "order_id=1");

	begin(&f, "timestamptz", "timestamptz(3)");
	f.bound[0].truncate = true;
	add(&f, &micros);
	add(&f, &before);
	add_null(&f);
	add(&f, &tick);
	end_batch(&f);
	assert_ok(apply(&f), f.err);
	expect_batch(&f,
		"2024-06-17 09:30:00.123+00,1969-12-31 23:59:59.999+00,null,1969-12-31 23:59:59.999+00");
	end(&f);
}

static void uuid_time_and_json_become_text(void **state)
{
	(void)state;
	struct fixture f;
	const uint8_t uuid[16] = { 0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3, 0xa4, 0x56, 0x42, 0x66,
		0x14, 0x17, 0x40, 0x00 };
	begin(&f, "uuid", "string");
	add(&f, uuid);
	add_null(&f);
	add(&f, uuid);
	end_batch(&f);
	assert_ok(apply(&f), f.err);
	expect_batch(&f, "123e4567-e89b-12d3-a456-426614174000,null,123e4567-e89b-12d3-a456-426614174000");
	end(&f);

	const int64_t times[] = { 0, 34200500000, 86400000000 };
	begin(&f, "time", "string");
	add_null(&f);
	for (int i = 0; i < 3; i++)
		add(&f, &times[i]);
	end_batch(&f);
	skip_rows(&f, 1);
	assert_ok(apply(&f), f.err);
	expect_batch(&f, "00:00:00,09:30:00.5,24:00:00");
	end(&f);

	begin(&f, "json", "string");
	add_bytes(&f, "{\"a\": 1}");
	add_null(&f);
	end_batch(&f);
	assert_ok(apply(&f), f.err);
	expect_batch(&f, "{\"a\": 1},null");
	end(&f);
}

static void equal_types_are_not_copied(void **state)
{
	(void)state;
	struct fixture f;
	struct ArrowArray batch;
	begin(&f, "string", "string");
	add_bytes(&f, "a");
	add_bytes(&f, "b");
	end_batch(&f);
	const void *bytes = f.source->batches[0].children[1]->buffers[2];
	const void *ids = f.source->batches[0].children[0]->buffers[1];
	assert_ok(apply(&f), f.err);
	assert_ok(tr_stream_next(&f.out, &batch, &f.err), f.err);
	assert_ptr_equal(batch.children[0]->buffers[2], bytes);
	assert_ptr_equal(batch.children[1]->buffers[1], ids);
	/* Each column outlives the batch and the stream on its own, as the C data interface allows. */
	struct ArrowArray kept;
	tr_batch_move(&kept, batch.children[0]);
	tr_batch_clear(&batch);
	end(&f);
	assert_memory_equal(kept.buffers[2], "ab", 2);
	kept.release(&kept);
}

static void one_source_may_be_published_twice(void **state)
{
	(void)state;
	struct fixture f;
	begin(&f, "bigint", "bigint");
	int64_t five = 5;
	add(&f, &five);
	end_batch(&f);
	f.bound[1].source = 1;
	assert_ok(apply(&f), f.err);
	expect_batch(&f, "5");
	expect_end(&f);
	end(&f);
}

/* Any pair that widens: random values, nulls and offsets come out with the same meaning. */
static void random_values_keep_their_meaning(void **state)
{
	(void)state;
	const char *const pairs[][2] = { { "smallint", "bigint" }, { "int", "decimal(20,10)" },
		{ "bigint", "decimal(30,5)" }, { "int", "double" }, { "smallint", "float" },
		{ "bigint", "bigint" } };
	uint64_t seed = 88172645463325252u;
	for (int round = 0; round < 60; round++) {
		struct fixture f;
		const char *const *pair = pairs[round % 6];
		struct tr_str want;
		begin(&f, pair[0], pair[1]);
		tr_str_init(&want, 1 << 20);
		tr_str_add(&want, "");
		int64_t rows = 1 + (int64_t)(seed % 200), skip = (int64_t)(seed / 200 % 17) % rows;
		for (int64_t i = 0; i < rows; i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			int64_t value = (int64_t)seed >> (seed % 60);
			if (pair[0][0] == 's')
				value = (int16_t)value;
			if (pair[0][0] == 'i')
				value = (int32_t)value;
			bool null = seed % 5 == 0;
			if (null)
				add_null(&f);
			else
				add(&f, &value);
			if (i < skip)
				continue;
			tr_str_add(&want, i > skip ? "," : "");
			const char *zeros = f.bound[0].to.scale == 10 ? ".0000000000"
				: f.bound[0].to.scale                 ? ".00000"
								      : "";
			if (null)
				tr_str_add(&want, "null");
			else
				tr_str_addf(&want, "%lld%s", (long long)value, zeros);
		}
		end_batch(&f);
		skip_rows(&f, skip);
		assert_ok(apply(&f), f.err);
		expect_batch(&f, want.ptr);
		expect_end(&f);
		tr_str_clear(&want);
		end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_lossless_widening_is_implicit),
		cmocka_unit_test(a_refused_pair_shows_the_cast),
		cmocka_unit_test(integers_widen_exactly),
		cmocka_unit_test(floats_widen_exactly),
		cmocka_unit_test(decimals_gain_digits_exactly),
		cmocka_unit_test(a_hugeint_beyond_38_digits_stops),
		cmocka_unit_test(timestamps_of_three_digits_are_judged),
		cmocka_unit_test(uuid_time_and_json_become_text),
		cmocka_unit_test(equal_types_are_not_copied),
		cmocka_unit_test(one_source_may_be_published_twice),
		cmocka_unit_test(random_values_keep_their_meaning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
