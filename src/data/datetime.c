#include "data/datetime.h"

#include <stdio.h>

/* The conversions count days in eras of 400 years that begin on 1 March, so that the
 * leap day is a year's last (H. Hinnant, "chrono-compatible low-level date algorithms"). */
void tr_civil_from_days(int64_t days, struct tr_civil *out)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	out->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	out->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	out->year = yoe + era * 400 + (out->month <= 2);
}

int64_t tr_days_from_civil(int64_t year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

int64_t tr_days_from_micros(int64_t micros)
{
	int64_t days = micros / TR_DAY_US;
	return micros % TR_DAY_US < 0 ? days - 1 : days;
}

bool tr_date_is_finite(int32_t days)
{
	return days < INT32_MAX && days > -INT32_MAX;
}

bool tr_timestamp_is_finite(int64_t micros)
{
	return micros < INT64_MAX && micros >= -INT64_C(106751991) * TR_DAY_US;
}

size_t tr_date_format(int32_t days, char *buf)
{
	struct tr_civil c;
	tr_civil_from_days(days, &c);
	const char *format = c.year < 0 || c.year > 9999 ? "%+05lld-%02d-%02d" : "%04lld-%02d-%02d";
	return (size_t)snprintf(buf, TR_DATETIME_TEXT, format, (long long)c.year, c.month, c.day);
}

size_t tr_time_format(int64_t micros, char *buf)
{
	int64_t seconds = micros / 1000000;
	int fraction = (int)(micros % 1000000);
	size_t n = (size_t)snprintf(buf, TR_DATETIME_TEXT, "%02d:%02d:%02d", (int)(seconds / 3600),
		(int)(seconds / 60 % 60), (int)(seconds % 60));
	if (fraction) {
		n += (size_t)snprintf(buf + n, TR_DATETIME_TEXT - n, ".%06d", fraction);
		while (buf[n - 1] == '0')
			n--;
		buf[n] = '\0';
	}
	return n;
}

size_t tr_timestamp_format(int64_t micros, bool utc, char *buf)
{
	int64_t days = tr_days_from_micros(micros);
	size_t n = tr_date_format((int32_t)days, buf);
	buf[n++] = ' ';
	char time[TR_DATETIME_TEXT];
	int64_t rest = micros % TR_DAY_US;
	tr_time_format(rest < 0 ? rest + TR_DAY_US : rest, time);
	return n + (size_t)snprintf(buf + n, TR_DATETIME_TEXT - n, "%s%s", time, utc ? "+00" : "");
}

/* ---- reading ---- */

/* From `least` to `most` digits (at most nine); *p moves behind them. */
static bool digits(const char **p, const char *end, int least, int most, int *out)
{
	int n = 0;
	for (*out = 0; n < most && *p < end && **p >= '0' && **p <= '9'; n++, (*p)++)
		*out = *out * 10 + (**p - '0');
	return n >= least;
}

static bool skip(const char **p, const char *end, char c)
{
	if (*p == end || **p != c)
		return false;
	(*p)++;
	return true;
}

bool tr_date_read(const char **p, const char *end, int64_t *days)
{
	int year, month, day;
	bool negative = skip(p, end, '-'), sign = negative || skip(p, end, '+');
	if (!digits(p, end, 4, sign ? 9 : 4, &year) || !skip(p, end, '-') || !digits(p, end, 2, 2, &month) ||
		!skip(p, end, '-') || !digits(p, end, 2, 2, &day) || month < 1 || month > 12 || day < 1)
		return false;
	/* A day that the month does not have comes back as another date. */
	struct tr_civil back;
	*days = tr_days_from_civil(negative ? -year : year, month, day);
	tr_civil_from_days(*days, &back);
	return back.month == month && back.day == day;
}

bool tr_time_read(const char **p, const char *end, int64_t *micros)
{
	int hour, minute, second = 0, fraction = 0;
	if (!digits(p, end, 2, 2, &hour) || !skip(p, end, ':') || !digits(p, end, 2, 2, &minute))
		return false;
	if (skip(p, end, ':') && !digits(p, end, 2, 2, &second))
		return false;
	if (skip(p, end, '.')) {
		const char *start = *p;
		if (!digits(p, end, 1, 6, &fraction))
			return false;
		for (long n = *p - start; n < 6; n++)
			fraction *= 10;
	}
	*micros = ((hour * INT64_C(60) + minute) * 60 + second) * 1000000 + fraction;
	return minute < 60 && second < 60 && *micros <= TR_DAY_US;
}

bool tr_zone_read(const char **p, const char *end, int64_t *micros)
{
	int hour, minute = 0;
	*micros = 0;
	if (skip(p, end, 'Z'))
		return true;
	int sign = skip(p, end, '-') ? -1 : 1;
	if (sign == 1 && !skip(p, end, '+'))
		return false;
	if (!digits(p, end, 2, 2, &hour) || (skip(p, end, ':') && !digits(p, end, 2, 2, &minute)))
		return false;
	*micros = sign * (hour * INT64_C(60) + minute) * 60000000;
	return hour < 16 && minute < 60;
}
