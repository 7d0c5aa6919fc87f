#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copy_bytes.h"
#include "data/decimal.h"
#include "data/stream.h"
#include "fmt/pgcopy.h"

/* Write the number in `text` as numeric_send does: groups of four digits around the point,
 * leading and trailing zero groups left out. */
static void put_numeric(struct copy_bytes *b, const char *text)
{
	bool negative = *text == '-';
	text += negative;
	const char *point = strchr(text, '.');
	size_t before = point ? (size_t)(point - text) : strlen(text);
	size_t behind = point ? strlen(point + 1) : 0;
	char digits[512];
	size_t n = 0;
	for (size_t i = 0; i < (4 - before % 4) % 4; i++)
		digits[n++] = '0';
	memcpy(digits + n, text, before);
	n += before;
	int weight = (int)(n / 4) - 1;
	memcpy(digits + n, point ? point + 1 : "", behind);
	n += behind;
	while (n % 4)
		digits[n++] = '0';
	size_t first = 0, last = n;
	while (first < last && memcmp(digits + first, "0000", 4) == 0) {
		first += 4;
		weight--;
	}
	while (last > first && memcmp(digits + last - 4, "0000", 4) == 0)
		last -= 4;
	size_t groups = (last - first) / 4;
	put_int(b, 8 + 2 * groups, 4);
	put_int(b, groups, 2);
	put_int(b, groups ? (uint16_t)weight : 0, 2);
	put_int(b, negative && groups ? 0x4000 : 0, 2);
	put_int(b, behind, 2);
	for (size_t i = first; i < last; i += 4)
		put_int(b,
			(uint64_t)((digits[i] - '0') * 1000 + (digits[i + 1] - '0') * 100 +
				(digits[i + 2] - '0') * 10 + (digits[i + 3] - '0')),
			2);
}

static bool decode(const char *text, unsigned precision, unsigned scale, tr_i128 *out, struct tr_err *err)
{
	static struct copy_bytes b;
	struct tr_pgcopy_column column = { "n", TR_PG_NUMERIC,
		{ TR_DECIMAL, (uint8_t)precision, (uint8_t)scale }, false };
	struct tr_pgcopy *d = NULL;
	struct ArrowArray batch;
	put_header(&b);
	put_row(&b, 1);
	put_numeric(&b, text);
	assert_ok(tr_pgcopy_new(&column, 1, &d, err), *err);
	bool ok = tr_pgcopy_feed(d, b.data, b.n, err) && tr_pgcopy_take(d, &batch, err);
	if (ok) {
		memcpy(out, batch.children[0]->buffers[1], sizeof *out);
		tr_batch_clear(&batch);
	}
	tr_pgcopy_free(d);
	return ok;
}

static void boundaries_are_exact(void **state)
{
	(void)state;
	const struct {
		const char *text;
		unsigned precision, scale;
	} cases[] = {
		{ "0", 1, 0 },
		{ "0.00", 3, 2 },
		{ "1", 1, 0 },
		{ "-1", 1, 0 },
		{ "9999", 4, 0 },
		{ "10000", 5, 0 },
		{ "0.0001", 38, 38 },
		{ "0.00001", 5, 5 },
		{ "123456789012.34", 14, 2 },
		{ "9999999999999999", 16, 0 },
		{ "10000000000000000", 17, 0 },
		{ "0.999", 3, 3 },
		{ "99999999999999999999999999999999999999", 38, 0 },
		{ "-99999999999999999999999999999999999999", 38, 0 },
		{ "9999999999999999999999999999999999999.9", 38, 1 },
		{ "9999999999999999999999999999999999.9999", 38, 4 },
		{ "0.99999999999999999999999999999999999999", 38, 38 },
		{ "-0.00000000000000000000000000000000000001", 38, 38 },
		{ "10000000000000000000000000000000000000", 38, 0 },
		{ "20000000000000000000000000000.5", 30, 1 },
		{ "12345678901234567890.123456789012345678", 38, 18 },
		{ "1200", 38, 34 },
		{ "5000", 5, 1 },
		{ "5000", 38, 3 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		tr_i128 got, want;
		struct tr_err err = { 0 };
		assert_true(tr_decimal_parse(cases[i].text, strlen(cases[i].text), cases[i].scale, &want));
		assert_ok(decode(cases[i].text, cases[i].precision, cases[i].scale, &got, &err), err);
		assert_true(got == want);
	}
}

static void what_does_not_fit_is_shown_and_never_rounded(void **state)
{
	(void)state;
	const struct {
		const char *text;
		unsigned precision, scale;
	} cases[] = {
		{ "10", 1, 0 },
		{ "-10", 1, 0 },
		{ "0.1", 1, 0 },
		{ "1.001", 38, 2 },
		{ "0.00001", 38, 4 },
		{ "1.000000000001", 38, 11 },
		{ "100000000000000000000000000000000000000", 38, 0 },
		{ "10000000000000000000000000000000000000000", 38, 0 },
		{ "1000000", 38, 32 },
		{ "340282366920938463463374607431768211456", 38, 0 },
		{ "99999999999999999999999999999999999999.9", 38, 1 },
		{ "9999.9", 4, 1 },
		{ "-12345.5", 5, 1 },
		{ "123456.7", 6, 0 },
		{ "1234567890123456789012345678901234567.25", 38, 1 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		tr_i128 got;
		struct tr_err err = { 0 };
		char want[160], type[TR_TYPE_TEXT];
		struct tr_type t = { TR_DECIMAL, (uint8_t)cases[i].precision, (uint8_t)cases[i].scale };
		assert_false(decode(cases[i].text, cases[i].precision, cases[i].scale, &got, &err));
		assert_int_equal(err.kind, TR_ERR_DATA);
		snprintf(want, sizeof want, "column `n` holds %s, which `%s` cannot hold", cases[i].text,
			tr_type_format(t, type));
		assert_string_equal(err.what, want);
	}
}

static void a_number_of_many_digits_is_cut_in_the_message(void **state)
{
	(void)state;
	char text[400];
	struct tr_err err = { 0 };
	tr_i128 got;
	memset(text, '7', sizeof text);
	text[sizeof text - 1] = '\0';
	assert_false(decode(text, 38, 0, &got, &err));
	assert_non_null(strstr(err.what, "holds 777"));
	assert_non_null(strstr(err.what, "..., which"));
}

static unsigned long long next_random(unsigned long long *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Decoding and tr_decimal_parse of the text must agree on every number: on its value, and
 * on whether it fits. */
static void random_numbers_agree_with_their_text(void **state)
{
	(void)state;
	unsigned long long seed = 0x9E3779B97F4A7C15ull;
	for (int i = 0; i < 40000; i++) {
		char text[128];
		size_t n = 0;
		unsigned before = 1 + (unsigned)(next_random(&seed) % 40),
			 behind = (unsigned)(next_random(&seed) % 12);
		if (next_random(&seed) % 3 == 0)
			before = 1 + before % 5;
		if (next_random(&seed) % 2)
			text[n++] = '-';
		bool zeros = next_random(&seed) % 3 == 0; /* runs of zeros make the wire drop groups */
		text[n++] = (char)('1' + next_random(&seed) % 9);
		for (unsigned k = 1; k < before; k++)
			text[n++] =
				zeros && next_random(&seed) % 8 ? '0' : (char)('0' + next_random(&seed) % 10);
		if (behind)
			text[n++] = '.';
		for (unsigned k = 0; k < behind; k++)
			text[n++] =
				zeros && next_random(&seed) % 4 ? '0' : (char)('0' + next_random(&seed) % 10);
		text[n] = '\0';
		unsigned precision = 1 + (unsigned)(next_random(&seed) % 38);
		unsigned scale = (unsigned)(next_random(&seed) % (precision + 1));
		tr_i128 want, got;
		struct tr_err err = { 0 };
		bool fits = tr_decimal_parse(text, n, scale, &want) && tr_decimal_fits(want, precision);
		if (decode(text, precision, scale, &got, &err) != fits)
			fail_msg("%s as decimal(%u,%u): %s", text, precision, scale, err.what);
		if (fits)
			assert_true(got == want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boundaries_are_exact),
		cmocka_unit_test(what_does_not_fit_is_shown_and_never_rounded),
		cmocka_unit_test(a_number_of_many_digits_is_cut_in_the_message),
		cmocka_unit_test(random_numbers_agree_with_their_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
