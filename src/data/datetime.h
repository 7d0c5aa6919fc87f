/*
 * Dates and times as numbers: proleptic Gregorian calendar, days and microseconds
 * since 1970-01-01 (UTC).
 */
#ifndef TR_DATA_DATETIME_H
#define TR_DATA_DATETIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TR_DAY_US INT64_C(86400000000)
#define TR_DATETIME_TEXT 48

struct tr_civil {
	int64_t year; /* astronomical: 0 is 1 BC */
	int month, day;
};

void tr_civil_from_days(int64_t days, struct tr_civil *out);
int64_t tr_days_from_civil(int64_t year, int month, int day);
/* floor(micros / day): the day a timestamp falls on. */
int64_t tr_days_from_micros(int64_t micros);

/* Does the embedded engine take it for a day, a time? It does from 5877642-06-25 BC to 5881580-07-10, and
 * from 290309-12-22 BC to 294247-01-10 04:00:54.775806; what lies beyond is an infinity or nothing. */
bool tr_date_is_finite(int32_t days);
bool tr_timestamp_is_finite(int64_t micros);

/* ISO 8601: `2024-06-17`; years beyond 0..9999 get a sign. buf: TR_DATETIME_TEXT bytes. Length returned. */
size_t tr_date_format(int32_t days, char *buf);
/* `09:30:00` or `09:30:00.123456`: the fraction only where it is not zero. 24:00:00 is possible. */
size_t tr_time_format(int64_t micros, char *buf);
/* `2024-06-17 09:30:00.5`, with `+00` behind it for utc. */
size_t tr_timestamp_format(int64_t micros, bool utc, char *buf);

/* Read what begins at *p, before `end`; *p moves behind it. False (no error set): it is no such
 * text; *p is then anywhere in it. Digits that are there and not read are for the caller to see. */

/* What tr_date_format writes: the year has four digits, or a sign and four to nine. */
bool tr_date_read(const char **p, const char *end, int64_t *days);
/* What tr_time_format writes, at most 24:00:00; the seconds may be left out. */
bool tr_time_read(const char **p, const char *end, int64_t *micros);
/* `Z`, `+02`, `-03:30`, as microseconds east of UTC. */
bool tr_zone_read(const char **p, const char *end, int64_t *micros);

#endif
