/* What a scan costs, and the sizes that people write. */
#include "check.h"

#include "cli/estimate.h"
#include "cli/units.h"

static void athena_bills_whole_megabytes_and_at_least_ten(void **state)
{
	(void)state;
	const struct {
		uint64_t bytes;
		int64_t price, micros;
	} cases[] = {
		{ 0, 5000000, 0 },
		{ 1, 5000000, 50 },
		{ 10000000, 5000000, 50 },
		{ 10000001, 5000000, 55 },
		{ UINT64_C(1000000000000), 5000000, 5000000 },
		{ UINT64_C(1000000000000), 6750000, 6750000 },
		{ UINT64_C(1000000000000), 0, 0 },
		{ UINT64_MAX, 1000000000, INT64_C(18446744073709551) },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(tr_estimate_cost(cases[i].bytes, cases[i].price), cases[i].micros);
}

static void dollars_show_what_counts(void **state)
{
	(void)state;
	const struct {
		int64_t micros;
		const char *text;
	} cases[] = { { 0, "$0.00" }, { 50, "$0.000050" }, { 4500, "$0.0045" }, { 12300, "$0.012" },
		{ 5000000, "$5.00" }, { 1234567890, "$1234.57" } };
	char text[TR_UNITS_TEXT];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(tr_estimate_dollars(cases[i].micros, text), cases[i].text);
}

static void sizes_read_with_their_units(void **state)
{
	(void)state;
	const struct {
		const char *text;
		uint64_t bytes; /* 0: refused */
	} cases[] = { { "1", 1 }, { "10GB", UINT64_C(10000000000) }, { "1.5 TB", UINT64_C(1500000000000) },
		{ "512MiB", UINT64_C(512) << 20 }, { "2kB", 2000 }, { "2KB", 2000 },
		{ "1TiB", UINT64_C(1) << 40 }, { "0.5B", 0 }, { "0", 0 }, { "", 0 }, { "GB", 0 },
		{ "-1GB", 0 }, { "1gb", 0 }, { "1GBs", 0 }, { "1e3", 0 }, { "0x10", 0 }, { "nan", 0 },
		{ "inf", 0 }, { "99999999999999999999999TB", 0 }, { "1..5GB", 0 } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t bytes = 0;
		bool ok = tr_units_parse_bytes(cases[i].text, &bytes);
		if (ok != (cases[i].bytes > 0) || bytes != cases[i].bytes)
			fail_msg("%s: %llu", cases[i].text, (unsigned long long)bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(athena_bills_whole_megabytes_and_at_least_ten),
		cmocka_unit_test(dollars_show_what_counts),
		cmocka_unit_test(sizes_read_with_their_units),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
