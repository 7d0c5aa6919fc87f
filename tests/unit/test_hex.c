#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"

static void digits_of_either_case_have_a_value_and_no_other_byte_has(void **state)
{
	(void)state;
	static const char digits[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
	int n = 0;
	for (int c = -128; c < 128; c++)
		n += tr_hex_digit((char)c) >= 0;
	assert_int_equal(n, 22);
	for (int i = 0; i < 16; i++) {
		assert_int_equal(tr_hex_digit(digits[i]), i);
		assert_int_equal(tr_hex_digit(upper[i]), i);
	}
}

static void escapes_are_decoded_and_what_is_none_stays(void **state)
{
	(void)state;
	static const struct {
		const char *text, *decoded;
	} cases[] = { { "", "" }, { "a+b", "a+b" }, { "%41%c3%A4%2520", "A\xC3\xA4%20" }, { "%", "%" },
		{ "%4", "%4" }, { "%4g%g4%%41", "%4g%g4%A" }, { "a%00b", "a%00b" }, { "%01", "\x01" } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[40];
		snprintf(text, sizeof text, "%s", cases[i].text);
		tr_percent_decode(text);
		assert_string_equal(text, cases[i].decoded);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digits_of_either_case_have_a_value_and_no_other_byte_has),
		cmocka_unit_test(escapes_are_decoded_and_what_is_none_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
