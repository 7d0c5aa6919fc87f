#include "check.h"

#include <string.h>

#include "data/decimal.h"

static void formats_and_reads_back_boundaries(void **state)
{
	(void)state;
	const struct {
		const char *text;
		unsigned scale;
	} cases[] = {
		{ "0", 0 },
		{ "-1", 0 },
		{ "0.00", 2 },
		{ "-0.01", 2 },
		{ "12.340", 3 },
		{ "99999999999999999999999999999999999999", 0 },
		{ "-99999999999999999999999999999999999999", 0 },
		{ "-0.99999999999999999999999999999999999999", 38 },
		{ "18446744073709551616.5", 1 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		tr_i128 value;
		char text[TR_DECIMAL_TEXT];
		assert_true(tr_decimal_parse(cases[i].text, strlen(cases[i].text), cases[i].scale, &value));
		tr_decimal_format(value, cases[i].scale, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void refuses_what_it_cannot_hold_exactly(void **state)
{
	(void)state;
	const struct {
		const char *text;
		unsigned scale;
	} cases[] = {
		{ "", 0 },
		{ "-", 0 },
		{ ".", 0 },
		{ "1e5", 0 },
		{ "1.5", 0 },
		{ "NaN", 2 },
		{ "1 ", 0 },
		{ "100000000000000000000000000000000000000", 0 },
		{ "1", 38 },
		{ "1.2.3", 4 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		tr_i128 value;
		assert_false(tr_decimal_parse(cases[i].text, strlen(cases[i].text), cases[i].scale, &value));
	}
}

static void powers_and_limits_agree(void **state)
{
	(void)state;
	tr_i128 power = 1;
	for (unsigned p = 0; p <= 38; p++) {
		assert_true(tr_decimal_power(p) == power);
		assert_true(tr_decimal_fits(power - 1, p));
		assert_false(tr_decimal_fits(power, p));
		assert_false(tr_decimal_fits(-power, p));
		if (p < 38)
			power *= 10;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_and_reads_back_boundaries),
		cmocka_unit_test(refuses_what_it_cannot_hold_exactly),
		cmocka_unit_test(powers_and_limits_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
