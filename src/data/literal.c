#include "data/literal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/hex.h"
#include "data/datetime.h"
#include "data/decimal.h"

static bool parse_int(const char *text, size_t len, int64_t min, int64_t max, int64_t *out)
{
	tr_i128 value;
	if (memchr(text, '.', len) || !tr_decimal_parse(text, len, 0, &value) || value < min || value > max)
		return false;
	*out = (int64_t)value;
	return true;
}

static bool parse_double(const char *text, size_t len, double *out)
{
	char buf[400], *end;
	if (len == 0 || len >= sizeof buf || text[0] == ' ' || memchr(text, 'x', len) ||
		memchr(text, 'X', len))
		return false;
	memcpy(buf, text, len);
	buf[len] = '\0';
	errno = 0;
	*out = strtod(buf, &end);
	return *end == '\0' && end != buf && !(errno == ERANGE && isinf(*out));
}

/* A year has four digits: engines read the same text, and not all know of signs. */
static bool parse_date(const char **p, const char *end, int64_t *days)
{
	return *p < end && **p != '+' && **p != '-' && tr_date_read(p, end, days);
}

static bool parse_timestamp(const char *p, size_t len, bool zoned, int64_t *out)
{
	const char *end = p + len;
	int64_t days, time = 0, zone = 0;
	if (!parse_date(&p, end, &days))
		return false;
	if (p < end || zoned) {
		if (p == end || (*p != ' ' && *p != 'T'))
			return false;
		p++;
		if (!tr_time_read(&p, end, &time) || (zoned && !tr_zone_read(&p, end, &zone)))
			return false;
	}
	*out = days * TR_DAY_US + time - zone;
	return p == end;
}

static bool parse_uuid(const char *text, size_t len, uint8_t *out)
{
	if (len != 36)
		return false;
	for (size_t i = 0, n = 0; i < len; i++) {
		char c = text[i];
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (c != '-')
				return false;
			continue;
		}
		int nibble = tr_hex_digit(c);
		if (nibble < 0)
			return false;
		out[n / 2] = (uint8_t)(n % 2 ? out[n / 2] | nibble : nibble << 4);
		n++;
	}
	return true;
}

static bool parse_bool(const char *text, size_t len, bool *out)
{
	*out = len == 4 && memcmp(text, "true", 4) == 0;
	return *out || (len == 5 && memcmp(text, "false", 5) == 0);
}

bool tr_literal_parse(struct tr_type type, const char *text, size_t len, union tr_literal *out)
{
	int64_t n = 0;
	double d = 0;
	const char *p = text;
	bool ok = true;
	memset(out, 0, sizeof *out);
	switch (type.kind) {
	case TR_BOOL: return parse_bool(text, len, &out->boolean);
	case TR_INT16:
		ok = parse_int(text, len, INT16_MIN, INT16_MAX, &n);
		out->int16 = (int16_t)n;
		return ok;
	case TR_INT32:
		ok = parse_int(text, len, INT32_MIN, INT32_MAX, &n);
		out->int32 = (int32_t)n;
		return ok;
	case TR_INT64: return parse_int(text, len, INT64_MIN, INT64_MAX, &out->int64);
	case TR_FLOAT:
		ok = parse_double(text, len, &d);
		out->float32 = (float)d;
		return ok && (double)out->float32 == d;
	case TR_DOUBLE: return parse_double(text, len, &out->float64);
	case TR_DECIMAL:
		return tr_decimal_parse(text, len, type.scale, &out->decimal) &&
			tr_decimal_fits(out->decimal, type.precision);
	case TR_DATE:
		ok = parse_date(&p, text + len, &n) && p == text + len;
		out->int32 = (int32_t)n;
		return ok;
	case TR_TIMESTAMP:
	case TR_TIMESTAMPTZ:
		return parse_timestamp(text, len, type.kind == TR_TIMESTAMPTZ, &out->int64) &&
			(type.precision != 3 || out->int64 % 1000 == 0);
	case TR_TIME: return tr_time_read(&p, text + len, &out->int64) && p == text + len;
	case TR_UUID: return parse_uuid(text, len, out->uuid);
	case TR_STRING:
	case TR_JSON:
	case TR_BINARY: return true;
	}
	return false;
}

const char *tr_literal_example(struct tr_type type)
{
	switch (type.kind) {
	case TR_BOOL: return "true or false";
	case TR_INT16: return "a whole number from -32768 to 32767";
	case TR_INT32: return "a whole number from -2147483648 to 2147483647";
	case TR_INT64: return "a whole number of 64 bits";
	case TR_FLOAT: return "a number as 0.25, exact in 32 bits";
	case TR_DOUBLE: return "a number, as 0.19 or 1e-3";
	case TR_DECIMAL: return "a number, as 12.50, with no more digits than the type has";
	case TR_DATE: return "a date, as 2024-06-17";
	case TR_TIMESTAMP: return "a time, as 2024-06-17 09:30:00";
	case TR_TIMESTAMPTZ: return "a time with its zone, as 2024-06-17 09:30:00+00";
	case TR_TIME: return "a time of day, as 09:30:00";
	case TR_UUID: return "36 characters, as 123e4567-e89b-12d3-a456-426614174000";
	case TR_STRING:
	case TR_JSON:
	case TR_BINARY: break;
	}
	return "a text";
}
