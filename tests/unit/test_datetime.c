#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "data/datetime.h"

static void days_and_civil_dates_agree_over_twenty_thousand_years(void **state)
{
	(void)state;
	const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int64_t days = tr_days_from_civil(-10000, 1, 1);
	for (int64_t year = -10000; year < 10000; year++) {
		bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
		for (int month = 1; month <= 12; month++) {
			int length = lengths[month - 1] + (leap && month == 2);
			struct tr_civil c;
			tr_civil_from_days(days, &c);
			assert_true(c.year == year && c.month == month && c.day == 1);
			tr_civil_from_days(days + length - 1, &c);
			assert_true(c.year == year && c.month == month && c.day == length);
			assert_int_equal(tr_days_from_civil(year, month, length), days + length - 1);
			days += length;
		}
	}
}

static void texts_follow_iso_8601(void **state)
{
	(void)state;
	char text[TR_DATETIME_TEXT];
	tr_date_format(0, text);
	assert_string_equal(text, "1970-01-01");
	tr_date_format((int32_t)tr_days_from_civil(-4712, 1, 1), text);
	assert_string_equal(text, "-4712-01-01");
	tr_timestamp_format(-1, false, text);
	assert_string_equal(text, "1969-12-31 23:59:59.999999");
	tr_timestamp_format(1718616600500000, true, text);
	assert_string_equal(text, "2024-06-17 09:30:00.5+00");
	tr_timestamp_format(INT64_MIN, false, text);
	assert_string_equal(text, "-290308-12-21 19:59:05.224192");
	tr_time_format(TR_DAY_US, text);
	assert_string_equal(text, "24:00:00");
}

static bool reads(bool (*read)(const char **, const char *, int64_t *), const char *text, int64_t *out)
{
	/* A copy of exactly its bytes: the sanitizer watches what lies behind. */
	size_t n = strlen(text);
	char *copy = malloc(n ? n : 1);
	assert_non_null(copy);
	memcpy(copy, text, n);
	const char *p = copy;
	bool ok = read(&p, copy + n, out) && p == copy + n;
	free(copy);
	return ok;
}

static void every_text_that_is_written_reads_back(void **state)
{
	(void)state;
	const int32_t days[] = { INT32_MIN, INT32_MIN + 1, -719529, -719528, -719527, -1, 0, 1, 11016, 19782,
		2932896, 2932897, INT32_MAX };
	const int64_t times[] = { 0, 1, 999999, 1000000, 59999999, 34200500000, TR_DAY_US - 1, TR_DAY_US };
	char text[TR_DATETIME_TEXT];
	int64_t value;
	for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
		tr_date_format(days[i], text);
		if (!reads(tr_date_read, text, &value) || value != days[i])
			fail_msg("%s is read as %lld", text, (long long)value);
	}
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		tr_time_format(times[i], text);
		if (!reads(tr_time_read, text, &value) || value != times[i])
			fail_msg("%s is read as %lld", text, (long long)value);
	}
	assert_true(reads(tr_time_read, "09:30", &value) && value == 34200000000);
	assert_true(reads(tr_zone_read, "Z", &value) && value == 0);
	assert_true(reads(tr_zone_read, "+05:30", &value) && value == 19800000000);
	assert_true(reads(tr_zone_read, "-15:59", &value) && value == -57540000000);
}

static void every_cut_and_what_no_calendar_or_clock_has_is_refused(void **state)
{
	(void)state;
	static const char *const dates[] = { "", "+", "2", "202", "2024", "2024-", "2024-0", "2024-06",
		"2024-06-", "2024-06-1", "24-06-17", "12024-06-17", "+124-06-17", "+1234567890-01-01",
		"2024-00-17", "2024-13-17", "2024-06-00", "2024-06-31", "2023-02-29", "1900-02-29",
		"2024/06/17", "2024-06-17x", " 2024-06-17", "--2024-06-17" };
	static const char *const times[] = { "", "0", "09", "09:", "09:3", "9:30", "09:60",
		"09:30:", "09:30:0", "09:30:60", "09:30:00.", "09:30:00.1234567", "24:00:00.000001",
		"24:00:01", "25:00", "-1:00", "09:30:00x", "093000" };
	static const char *const zones[] = { "", "z", "+", "+5", "+05:", "+05:3", "+16", "-05:60", "05:30",
		"+0530" };
	int64_t value;
	for (size_t i = 0; i < sizeof dates / sizeof *dates; i++)
		if (reads(tr_date_read, dates[i], &value))
			fail_msg("`%s` is read", dates[i]);
	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		if (reads(tr_time_read, times[i], &value))
			fail_msg("`%s` is read", times[i]);
	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
		if (reads(tr_zone_read, zones[i], &value))
			fail_msg("`%s` is read", zones[i]);
}

static void what_means_the_infinities_or_lies_beyond_is_not_finite(void **state)
{
	(void)state;
	const int64_t earliest = tr_days_from_civil(-290308, 12, 22) * TR_DAY_US; /* 290309 BC */
	assert_true(tr_date_is_finite(0) && tr_timestamp_is_finite(0));
	assert_true(tr_date_is_finite(INT32_MAX - 1) && tr_date_is_finite(1 - INT32_MAX));
	assert_false(tr_date_is_finite(INT32_MAX) || tr_date_is_finite(-INT32_MAX) ||
		tr_date_is_finite(INT32_MIN));
	assert_true(tr_timestamp_is_finite(INT64_MAX - 1) && tr_timestamp_is_finite(earliest));
	assert_false(tr_timestamp_is_finite(INT64_MAX) || tr_timestamp_is_finite(earliest - 1) ||
		tr_timestamp_is_finite(INT64_MIN));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_and_civil_dates_agree_over_twenty_thousand_years),
		cmocka_unit_test(what_means_the_infinities_or_lies_beyond_is_not_finite),
		cmocka_unit_test(texts_follow_iso_8601),
		cmocka_unit_test(every_text_that_is_written_reads_back),
		cmocka_unit_test(every_cut_and_what_no_calendar_or_clock_has_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
