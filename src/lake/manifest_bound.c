/*
 * Bounds as text. Every text is canonical: a reader formats what it parsed and accepts
 * only the same text, so that each parser needs no checks of its own beyond its grammar.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/datetime.h"
#include "data/decimal.h"
#include "fmt/utf8.h"
#include "lake/manifest.h"

/* The longest is a hexadecimal one. */
#define BOUND_TEXT (2 * TR_BOUND_MAX + 1)

static int64_t signed_of(const struct tr_bound *b)
{
	int16_t i16;
	int32_t i32;
	int64_t i64 = 0;
	switch (b->len) {
	case 2: memcpy(&i16, b->bytes, 2); return i16;
	case 4: memcpy(&i32, b->bytes, 4); return i32;
	default: memcpy(&i64, b->bytes, 8); return i64;
	}
}

static void format_fixed(const struct tr_bound *b, struct tr_type type, char *text)
{
	double number;
	float small;
	tr_i128 units;
	size_t n;
	switch (type.kind) {
	case TR_BOOL: strcpy(text, b->bytes[0] ? "true" : "false"); return;
	case TR_FLOAT:
		memcpy(&small, b->bytes, sizeof small);
		snprintf(text, BOUND_TEXT, "%.9g", (double)small);
		return;
	case TR_DOUBLE:
		memcpy(&number, b->bytes, sizeof number);
		snprintf(text, BOUND_TEXT, "%.17g", number);
		return;
	case TR_DECIMAL:
		memcpy(&units, b->bytes, sizeof units);
		tr_decimal_format(units, type.scale, text);
		return;
	case TR_DATE: tr_date_format((int32_t)signed_of(b), text); return;
	case TR_TIMESTAMP:
	case TR_TIMESTAMPTZ:
		n = tr_timestamp_format(signed_of(b), false, text);
		*strchr(text, ' ') = 'T';
		strcpy(text + n, type.kind == TR_TIMESTAMPTZ ? "Z" : "");
		return;
	case TR_TIME: tr_time_format(signed_of(b), text); return;
	default: snprintf(text, BOUND_TEXT, "%" PRId64, signed_of(b)); return;
	}
}

static void format_hex(const uint8_t *bytes, size_t n, char *text)
{
	for (size_t i = 0; i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	text[2 * n] = '\0';
}

static bool in_hex(const struct tr_bound *b, struct tr_type type)
{
	size_t bad;
	/* What a JSON string can't carry. */
	return type.kind == TR_BINARY || type.kind == TR_UUID ||
		(tr_type_is_bytes(type) && !tr_utf8_is_text(b->bytes, b->len, &bad));
}

char *tr_bound_format(const struct tr_bound *bound, struct tr_type type, bool *hex, struct tr_err *err)
{
	char text[BOUND_TEXT];
	size_t width = type.kind == TR_BOOL ? 1 : tr_type_width(type);
	*hex = false;
	if (bound->len > TR_BOUND_MAX || (width && bound->len != width)) {
		tr_err_set(err, TR_ERR_INTERNAL, "a bound of %u bytes where %zu are due", bound->len, width);
		return NULL;
	}
	*hex = in_hex(bound, type);
	if (!*hex && tr_type_is_bytes(type))
		return tr_strndup((const char *)bound->bytes, bound->len, err);
	if (*hex)
		format_hex(bound->bytes, bound->len, text);
	else
		format_fixed(bound, type, text);
	return tr_strdup(text, err);
}

/* ---- parsing ---- */

/* An unsigned number of `digits` digits (0: any count up to 9) at *p, which moves behind it. */
static bool digits_at(const char **p, int digits, int64_t *out)
{
	int n = 0;
	*out = 0;
	while (isdigit((unsigned char)**p) && n < 9 && (digits == 0 || n < digits)) {
		*out = *out * 10 + (*(*p)++ - '0');
		n++;
	}
	return n > 0 && (digits == 0 || n == digits);
}

static bool char_at(const char **p, char c)
{
	return **p == c && (*p)++ != NULL;
}

static bool date_at(const char **p, int64_t *days)
{
	int64_t year, month, day;
	bool negative = char_at(p, '-');
	if (!negative)
		char_at(p, '+');
	if (!digits_at(p, 0, &year) || !char_at(p, '-') || !digits_at(p, 2, &month) || !char_at(p, '-') ||
		!digits_at(p, 2, &day) || month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	*days = tr_days_from_civil(negative ? -year : year, (int)month, (int)day);
	return true;
}

static bool time_at(const char **p, int64_t *micros)
{
	int64_t hours, minutes, seconds, fraction = 0;
	if (!digits_at(p, 2, &hours) || !char_at(p, ':') || !digits_at(p, 2, &minutes) || !char_at(p, ':') ||
		!digits_at(p, 2, &seconds))
		return false;
	if (char_at(p, '.')) {
		const char *start = *p;
		if (!digits_at(p, 0, &fraction) || *p - start > 6)
			return false;
		for (long n = *p - start; n < 6; n++)
			fraction *= 10;
	}
	*micros = ((hours * 60 + minutes) * 60 + seconds) * 1000000 + fraction;
	return true;
}

static bool put_signed(struct tr_bound *out, size_t width, int64_t value)
{
	if (width < 8 && (value < -(INT64_C(1) << (8 * width - 1)) || value >= INT64_C(1) << (8 * width - 1)))
		return false;
	int16_t i16 = (int16_t)value;
	int32_t i32 = (int32_t)value;
	memcpy(out->bytes, width == 2 ? (void *)&i16 : width == 4 ? (void *)&i32 : (void *)&value, width);
	return true;
}

static bool parse_moment(const char *text, struct tr_type type, int64_t *value)
{
	int64_t days = 0, micros = 0;
	const char *p = text;
	if (type.kind != TR_TIME && !date_at(&p, &days))
		return false;
	if (type.kind == TR_DATE) {
		*value = days;
		return true;
	}
	if (type.kind != TR_TIME && !char_at(&p, 'T'))
		return false;
	if (!time_at(&p, &micros))
		return false;
	/* Midnight of the earliest timestamp's day lies before 64 bits begin. */
	tr_i128 moment = (tr_i128)days * TR_DAY_US + micros;
	*value = (int64_t)moment;
	return *value == moment;
}

static bool parse_fixed(const char *text, struct tr_type type, struct tr_bound *out)
{
	char *end;
	double number;
	float small;
	tr_i128 units;
	int64_t value;
	switch (type.kind) {
	case TR_BOOL: out->bytes[0] = text[0] == 't'; return true;
	case TR_FLOAT:
		small = strtof(text, &end);
		memcpy(out->bytes, &small, sizeof small);
		return end != text && small == small;
	case TR_DOUBLE:
		number = strtod(text, &end);
		memcpy(out->bytes, &number, sizeof number);
		return end != text && number == number;
	case TR_DECIMAL:
		if (!tr_decimal_parse(text, strlen(text), type.scale, &units) ||
			!tr_decimal_fits(units, type.precision))
			return false;
		memcpy(out->bytes, &units, sizeof units);
		return true;
	case TR_DATE:
	case TR_TIMESTAMP:
	case TR_TIMESTAMPTZ:
	case TR_TIME: return parse_moment(text, type, &value) && put_signed(out, tr_type_width(type), value);
	default: value = strtoll(text, &end, 10); return put_signed(out, tr_type_width(type), value);
	}
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_hex(const char *text, struct tr_bound *out)
{
	size_t n = strlen(text);
	if (n % 2 || n / 2 > TR_BOUND_MAX)
		return false;
	for (size_t i = 0; i < n / 2; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out->bytes[i] = (uint8_t)(high << 4 | low);
	}
	out->len = (uint8_t)(n / 2);
	return true;
}

bool tr_bound_parse(const char *text, struct tr_type type, bool hex, struct tr_bound *out)
{
	*out = (struct tr_bound){ .set = true, .exact = true };
	uint32_t width = type.kind == TR_BOOL ? 1 : tr_type_width(type);
	if (hex)
		return parse_hex(text, out) && in_hex(out, type) && (width == 0 || out->len == width);
	if (tr_type_is_bytes(type)) {
		size_t n = strlen(text);
		if (n > TR_BOUND_MAX)
			return false;
		memcpy(out->bytes, text, n);
		out->len = (uint8_t)n;
		return !in_hex(out, type);
	}
	out->len = (uint8_t)width;
	if (type.kind == TR_UUID || !parse_fixed(text, type, out))
		return false;
	char again[BOUND_TEXT];
	format_fixed(out, type, again);
	return strcmp(text, again) == 0;
}
