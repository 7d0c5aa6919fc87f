/*
 * Bounds as text. Every text is canonical: a reader formats what it parsed and accepts
 * only the same text, so that each parser needs no checks of its own beyond its grammar.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "data/datetime.h"
#include "data/decimal.h"
#include "data/literal.h"
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

static bool parse_moment(const char *text, struct tr_type type, union tr_literal *out)
{
	int64_t days = 0, micros = 0;
	const char *p = text, *end = text + strlen(text);
	if (type.kind != TR_TIME && !tr_date_read(&p, end, &days))
		return false;
	if (type.kind == TR_DATE) {
		out->int32 = (int32_t)days;
		return out->int32 == days;
	}
	if ((type.kind != TR_TIME && *p++ != 'T') || !tr_time_read(&p, end, &micros))
		return false;
	/* Midnight of the earliest timestamp's day lies before 64 bits begin. */
	tr_i128 moment = (tr_i128)days * TR_DAY_US + micros;
	out->int64 = (int64_t)moment;
	return out->int64 == moment;
}

static bool parse_fixed(const char *text, struct tr_type type, struct tr_bound *out)
{
	char *end;
	union tr_literal value;
	bool ok;
	switch (type.kind) {
	case TR_FLOAT:
		/* The nearest: nine digits tell it from all others. */
		value.float32 = strtof(text, &end);
		ok = end != text && !isnan(value.float32);
		break;
	case TR_DATE:
	case TR_TIMESTAMP:
	case TR_TIMESTAMPTZ:
	case TR_TIME: ok = parse_moment(text, type, &value); break;
	default:
		ok = tr_literal_parse(type, text, strlen(text), &value) &&
			!(type.kind == TR_DOUBLE && isnan(value.float64));
		break;
	}
	if (ok)
		memcpy(out->bytes, &value, out->len);
	return ok;
}

static bool parse_hex(const char *text, struct tr_bound *out)
{
	size_t n = strlen(text);
	if (n % 2 || n / 2 > TR_BOUND_MAX)
		return false;
	for (size_t i = 0; i < n / 2; i++) {
		int high = tr_hex_digit(text[2 * i]), low = tr_hex_digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out->bytes[i] = (uint8_t)(high << 4 | low);
	}
	out->len = (uint8_t)(n / 2);
	return true;
}

bool tr_bound_parse(const char *text, struct tr_type type, bool hex, struct tr_bound *out)
{
	char again[BOUND_TEXT];
	*out = (struct tr_bound){ .set = true, .exact = true };
	uint32_t width = type.kind == TR_BOOL ? 1 : tr_type_width(type);
	if (hex) {
		if (!parse_hex(text, out) || !in_hex(out, type) || (width && out->len != width))
			return false;
		format_hex(out->bytes, out->len, again);
		return strcmp(text, again) == 0;
	}
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
	format_fixed(out, type, again);
	return strcmp(text, again) == 0;
}
