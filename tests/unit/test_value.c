#include "check.h"

#include <math.h>

#include "data/value.h"

static void text_of(struct tr_type type, const void *value, const char *expected)
{
	char buf[TR_VALUE_TEXT];
	assert_int_equal(tr_value_text(type, value, buf), strlen(expected));
	assert_string_equal(buf, expected);
}

static void numbers_take_the_fewest_digits_that_read_back(void **state)
{
	(void)state;
	const double doubles[] = { 0.1, 1e300, -0.0, 123456789.125, 5e-324, 1.0 / 3, NAN, -INFINITY };
	const char *texts[] = { "0.1", "1e+300", "-0", "123456789.125", "4.94065645841247e-324",
		"0.3333333333333333", "NaN", "-Infinity" };
	for (size_t i = 0; i < 8; i++)
		text_of((struct tr_type){ .kind = TR_DOUBLE }, &doubles[i], texts[i]);
	const float single = 0.1f;
	text_of((struct tr_type){ .kind = TR_FLOAT }, &single, "0.1");
}

static void every_fixed_type_has_its_text(void **state)
{
	(void)state;
	const int16_t i16 = INT16_MIN;
	const int64_t i64 = INT64_MIN;
	const tr_i128 units = -12345;
	const int32_t days = 19891;
	const int64_t micros = 1718616600000001;
	const uint8_t uuid[16] = { 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 1, 2, 3, 4, 5, 6, 7, 8 };
	const uint8_t yes = 1;
	text_of((struct tr_type){ .kind = TR_INT16 }, &i16, "-32768");
	text_of((struct tr_type){ .kind = TR_INT64 }, &i64, "-9223372036854775808");
	text_of((struct tr_type){ TR_DECIMAL, 10, 3 }, &units, "-12.345");
	text_of((struct tr_type){ .kind = TR_DATE }, &days, "2024-06-17");
	text_of((struct tr_type){ .kind = TR_TIMESTAMPTZ }, &micros, "2024-06-17 09:30:00.000001+00");
	text_of((struct tr_type){ .kind = TR_UUID }, uuid, "12345678-9abc-def0-0102-030405060708");
	text_of((struct tr_type){ .kind = TR_BOOL }, &yes, "true");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_take_the_fewest_digits_that_read_back),
		cmocka_unit_test(every_fixed_type_has_its_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
