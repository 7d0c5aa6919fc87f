#include "check.h"

#include <string.h>

#include "data/datetime.h"
#include "data/literal.h"

static bool parse(enum tr_kind kind, const char *text, union tr_literal *out)
{
	return tr_literal_parse((struct tr_type){ .kind = kind }, text, strlen(text), out);
}

static void a_text_is_read_as_its_type_has_it(void **state)
{
	(void)state;
	union tr_literal v;
	assert_true(parse(TR_BOOL, "true", &v) && v.boolean);
	assert_true(parse(TR_BOOL, "false", &v) && !v.boolean);
	assert_true(parse(TR_INT16, "-32768", &v) && v.int16 == INT16_MIN);
	assert_true(parse(TR_INT32, "2147483647", &v) && v.int32 == INT32_MAX);
	assert_true(parse(TR_INT64, "-9223372036854775808", &v) && v.int64 == INT64_MIN);
	assert_true(parse(TR_FLOAT, "0.25", &v) && v.float32 == 0.25F);
	assert_true(parse(TR_DOUBLE, "1e-3", &v) && v.float64 == 1e-3);
	assert_true(
		tr_literal_parse((struct tr_type){ TR_DECIMAL, 4, 2 }, "-12.5", 5, &v) && v.decimal == -1250);
	assert_true(parse(TR_DATE, "2024-02-29", &v) && v.int32 == 19782);
	assert_true(parse(TR_TIME, "24:00:00", &v) && v.int64 == TR_DAY_US);
	assert_true(parse(TR_TIMESTAMP, "2024-06-17", &v) && v.int64 == 1718582400000000);
	assert_true(parse(TR_TIMESTAMP, "2024-06-17T09:30:00.5", &v) && v.int64 == 1718616600500000);
	assert_true(parse(TR_TIMESTAMPTZ, "2024-06-17 09:30:00.5Z", &v) && v.int64 == 1718616600500000);
	assert_true(parse(TR_TIMESTAMPTZ, "2024-06-17 15:00:00.5+05:30", &v) && v.int64 == 1718616600500000);
	assert_true(parse(TR_UUID, "123e4567-E89B-12d3-a456-426614174000", &v) && v.uuid[0] == 0x12 &&
		v.uuid[4] == 0xE8 && v.uuid[15] == 0);
	assert_true(parse(TR_STRING, "anything", &v));
}

static void a_text_that_is_no_value_of_its_type_is_refused(void **state)
{
	(void)state;
	static const struct {
		enum tr_kind kind;
		const char *text;
	} bad[] = {
		{ TR_BOOL, "t" },
		{ TR_BOOL, "TRUE" },
		{ TR_INT16, "32768" },
		{ TR_INT32, "1.0" },
		{ TR_INT64, "9223372036854775808" },
		{ TR_INT64, "" },
		{ TR_FLOAT, "0.1" },
		{ TR_DOUBLE, "0x1p3" },
		{ TR_DOUBLE, "1e999" },
		{ TR_DOUBLE, " 1" },
		{ TR_DATE, "2023-02-29" },
		{ TR_DATE, "2024-06-17 " },
		{ TR_DATE, "+10000-01-01" },
		{ TR_DATE, "-0044-03-15" },
		{ TR_TIME, "25:00" },
		{ TR_TIMESTAMP, "2024-06-17 " },
		{ TR_TIMESTAMP, "2024-06-17x09:30" },
		{ TR_TIMESTAMP, "2024-06-17 09:30Z" },
		{ TR_TIMESTAMP, "+10000-01-01 00:00:00" },
		{ TR_TIMESTAMPTZ, "2024-06-17" },
		{ TR_TIMESTAMPTZ, "2024-06-17 09:30" },
		{ TR_TIMESTAMPTZ, "2024-06-17 09:30+16" },
		{ TR_UUID, "123e4567e89b12d3a456426614174000" },
		{ TR_UUID, "123e4567-e89b-12d3-a456-42661417400g" },
	};
	union tr_literal v;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (parse(bad[i].kind, bad[i].text, &v))
			fail_msg("`%s` was taken", bad[i].text);
	assert_false(tr_literal_parse((struct tr_type){ TR_DECIMAL, 4, 2 }, "123.45", 6, &v));
	assert_false(tr_literal_parse((struct tr_type){ TR_DECIMAL, 4, 2 }, "1.234", 5, &v));
	struct tr_type millis = { .kind = TR_TIMESTAMP, .precision = 3 };
	assert_false(tr_literal_parse(millis, "2024-06-17 09:30:00.0001", 24, &v));
	assert_true(tr_literal_parse(millis, "2024-06-17 09:30:00.001", 23, &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_read_as_its_type_has_it),
		cmocka_unit_test(a_text_that_is_no_value_of_its_type_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
