#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "fmt/utf8.h"

/* Every code point's encoding is text but for NUL and surrogates: at every distance from
 * the eight-byte steps. */
static void every_character_is_text(void **state)
{
	(void)state;
	for (uint32_t c = 1; c <= 0x10FFFF; c += c < 0x3000 ? 1 : 97) {
		uint8_t bytes[32];
		size_t bad, len, lead = c % 11;
		memset(bytes, 'x', sizeof bytes);
		uint8_t *p = bytes + lead;
		if (c < 0x80) {
			p[0] = (uint8_t)c;
			len = 1;
		} else if (c < 0x800) {
			p[0] = (uint8_t)(0xC0 | c >> 6);
			p[1] = (uint8_t)(0x80 | (c & 0x3F));
			len = 2;
		} else if (c < 0x10000) {
			p[0] = (uint8_t)(0xE0 | c >> 12);
			p[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
			p[2] = (uint8_t)(0x80 | (c & 0x3F));
			len = 3;
		} else {
			p[0] = (uint8_t)(0xF0 | c >> 18);
			p[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
			p[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
			p[3] = (uint8_t)(0x80 | (c & 0x3F));
			len = 4;
		}
		bool surrogate = c >= 0xD800 && c <= 0xDFFF;
		assert_int_equal(tr_utf8_is_text(bytes, sizeof bytes, &bad), !surrogate);
		if (surrogate)
			assert_int_equal(bad, lead);
		/* Cut in the middle it is none. */
		if (len > 1)
			assert_false(tr_utf8_is_text(bytes, lead + len - 1, &bad));
	}
}

static void wrong_bytes_are_found_wherever_they_are(void **state)
{
	(void)state;
	static const char *const wrong[] = { "\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC3(", "\xE0\x80\x80",
		"\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF", "\xE2\x82(", "\xE2(\x82", "\xF0\x80\x80\x80",
		"\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF0\x9F\x98(", "\xFE", "\xFF" };
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		for (size_t lead = 0; lead < 20; lead++) {
			/* On the heap with its exact size, so that a read beyond it is seen. */
			size_t n = lead + strlen(wrong[i]), bad = 999;
			char *bytes = malloc(n);
			assert_non_null(bytes);
			memset(bytes, 'a', lead);
			memcpy(bytes + lead, wrong[i], strlen(wrong[i]));
			assert_false(tr_utf8_is_text(bytes, n, &bad));
			assert_int_equal(bad, lead);
			free(bytes);
		}
	}
	for (size_t at = 0; at < 24; at++) {
		char bytes[24];
		size_t bad = 999;
		memset(bytes, 'a', sizeof bytes);
		bytes[at] = '\0';
		assert_false(tr_utf8_is_text(bytes, sizeof bytes, &bad));
		assert_int_equal(bad, at);
	}
}

static void nothing_is_text(void **state)
{
	(void)state;
	size_t bad;
	assert_true(tr_utf8_is_text("", 0, &bad));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_is_text),
		cmocka_unit_test(wrong_bytes_are_found_wherever_they_are),
		cmocka_unit_test(nothing_is_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
