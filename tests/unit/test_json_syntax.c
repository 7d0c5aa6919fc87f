#include "check.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "fmt/json_syntax.h"

/* On the heap with its exact size, so that a read beyond it is seen. */
static bool is_value(const char *text, size_t n, size_t *bad)
{
	char *copy = malloc(n + 1);
	assert_non_null(copy);
	char *exact = copy + 1; /* ends where the memory does */
	memcpy(exact, text, n);
	bool ok = tr_json_is_value(exact, n, bad);
	free(copy);
	return ok;
}

static void what_postgres_takes_is_a_value(void **state)
{
	(void)state;
	static const char *const values[] = { "null", " \t\r\n true ", "0", "-0", "-1.5e+10", "1E400",
		"123456789012345678901234567890.123456789", "\"\"", "\"\\u0000\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
		"\"\\ud83d\\ude00\"", "\"\\uDBFF\\uDFFF\"", "\"\x7F\xC3\xA9\"", "[]", "[ ]", "{}", "{ }",
		"[[],{},[{\"a\":[]}]]", "{\"a\":1,\"a\":{\"\":[1 , 2]} , \"b\" : \"x\"}" };
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		size_t bad;
		assert_true(is_value(values[i], strlen(values[i]), &bad));
	}
}

static void wrong_bytes_are_found_where_they_are(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t bad;
	} wrong[] = { { "", 0 }, { "  ", 2 }, { "nul", 0 }, { "True", 0 }, { "01", 1 }, { "-", 1 },
		{ "1.", 2 }, { "1e", 2 }, { "+1", 0 }, { ".5", 0 }, { "NaN", 0 }, { "1 2", 2 }, { "\"a", 2 },
		{ "\"\n\"", 1 }, { "\"\\x\"", 2 }, { "\"\\", 2 }, { "\"\\u12\"", 3 }, { "\"\\u12g4\"", 3 },
		{ "[", 1 }, { "[1", 2 }, { "[1,]", 3 }, { "[,1]", 1 }, { "[1}", 2 }, { "]", 0 }, { "[]]", 2 },
		{ "{", 1 }, { "{]", 1 }, { "{1:2}", 1 }, { "{\"a\"}", 4 }, { "{\"a\":}", 5 },
		{ "{\"a\":1,}", 7 }, { "{\"a\":1]", 6 }, { "'a'", 0 }, { "[1] x", 4 },
		/* Halves of surrogate pairs: alone, in the wrong order, before another character. */
		{ "\"\\ud800\"", 2 }, { "\"\\uDFFF\"", 2 }, { "\"\\ude00\\ud83d\"", 2 },
		{ "\"\\ud83d\\u0041\"", 2 }, { "\"\\ud83dx\"", 2 }, { "\"\\ud83d\\ud83d\\ude00\"", 2 },
		{ "[\"\\ud83d\\ude00\\ud800\"]", 15 } };
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		size_t bad = 999;
		assert_false(is_value(wrong[i].text, strlen(wrong[i].text), &bad));
		assert_int_equal(bad, wrong[i].bad);
	}
	size_t bad;
	assert_false(is_value("1\0", 2, &bad));
	assert_int_equal(bad, 1);
}

static void levels_are_counted(void **state)
{
	(void)state;
	const size_t deepest = TR_JSON_DEPTH_MAX;
	char *text = malloc(2 * deepest + 2);
	assert_non_null(text);
	memset(text, '[', deepest + 1);
	memset(text + deepest + 1, ']', deepest + 1);
	size_t bad;
	assert_false(is_value(text, 2 * deepest + 2, &bad));
	assert_int_equal(bad, deepest);
	assert_true(is_value(text + 1, 2 * deepest, &bad));
	assert_false(is_value(text + 1, 2 * deepest - 1, &bad));
	assert_int_equal(bad, 2 * deepest - 1);
	free(text);
}

/* Jansson reads numbers, too, and some are too big for it. */
static void compare(const char *text, size_t n)
{
	json_error_t e;
	size_t bad;
	json_t *value = json_loadb(text, n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
	bool ok = is_value(text, n, &bad);
	if (ok != (value != NULL) && !(ok && json_error_code(&e) == json_error_numeric_overflow))
		fail_msg("%s: %d, %s", text, ok, value ? "a value" : e.text);
	json_decref(value);
}

static const char *const pieces[] = { "{", "}", "[", "]", "\"", ":", ",", "\\", "u", "1", "0", "-", ".", "e",
	" ", "null", "\"a\"", "\\ud83d", "\\ude00", "\"a\":" };
#define PIECES (sizeof pieces / sizeof pieces[0])

static void all_short_texts_are_judged_as_by_another_reader(void **state)
{
	(void)state;
	for (size_t i = 0; i < PIECES * PIECES * PIECES * PIECES; i++) {
		char text[64] = "";
		for (size_t k = 0, rest = i; k < 4; k++, rest /= PIECES)
			strcat(text, pieces[rest % PIECES]);
		compare(text, strlen(text));
	}
}

static void random_texts_are_judged_as_by_another_reader(void **state)
{
	(void)state;
	uint32_t random = 1;
	for (int i = 0; i < 100000; i++) {
		char text[256] = "";
		for (int k = 0; k < 5 + i % 20; k++) {
			random = random * 1664525 + 1013904223;
			strcat(text, pieces[(random >> 16) % PIECES]);
		}
		compare(text, strlen(text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_postgres_takes_is_a_value),
		cmocka_unit_test(wrong_bytes_are_found_where_they_are),
		cmocka_unit_test(levels_are_counted),
		cmocka_unit_test(all_short_texts_are_judged_as_by_another_reader),
		cmocka_unit_test(random_texts_are_judged_as_by_another_reader),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
