#include "check.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_and_civil_dates_agree_over_twenty_thousand_years),
		cmocka_unit_test(texts_follow_iso_8601),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
