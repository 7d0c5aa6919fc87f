#include "data/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "data/datetime.h"
#include "data/decimal.h"

void tr_uuid_text(const uint8_t uuid[16], char buf[37])
{
	static const char hex[] = "0123456789abcdef";
	char *p = buf;
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = hex[uuid[i] >> 4];
		*p++ = hex[uuid[i] & 15];
	}
	*p = '\0';
}

/* The fewest significant digits that read back as the same number. */
static size_t shortest(double value, bool single, char *buf)
{
	if (isnan(value))
		return (size_t)snprintf(buf, TR_VALUE_TEXT, "NaN");
	if (isinf(value))
		return (size_t)snprintf(buf, TR_VALUE_TEXT, value < 0 ? "-Infinity" : "Infinity");
	int n = 0;
	for (int digits = single ? 6 : 15; digits <= (single ? 9 : 17); digits++) {
		n = snprintf(buf, TR_VALUE_TEXT, "%.*g", digits, value);
		if (single ? strtof(buf, NULL) == (float)value : strtod(buf, NULL) == value)
			break;
	}
	return (size_t)n;
}

size_t tr_value_text(struct tr_type type, const void *value, char *buf)
{
	int64_t integer = 0;
	int32_t days;
	float single;
	double number;
	tr_i128 units;
	switch (type.kind) {
	case TR_BOOL: return (size_t)snprintf(buf, TR_VALUE_TEXT, *(const uint8_t *)value ? "true" : "false");
	case TR_INT16: integer = *(const int16_t *)value; break;
	case TR_INT32: integer = *(const int32_t *)value; break;
	case TR_FLOAT: memcpy(&single, value, 4); return shortest((double)single, true, buf);
	case TR_DOUBLE: memcpy(&number, value, 8); return shortest(number, false, buf);
	case TR_DECIMAL: memcpy(&units, value, 16); return tr_decimal_format(units, type.scale, buf);
	case TR_DATE: memcpy(&days, value, 4); return tr_date_format(days, buf);
	case TR_UUID: tr_uuid_text(value, buf); return 36;
	default: memcpy(&integer, value, 8);
	}
	if (type.kind == TR_TIME)
		return tr_time_format(integer, buf);
	if (type.kind == TR_TIMESTAMP || type.kind == TR_TIMESTAMPTZ)
		return tr_timestamp_format(integer, type.kind == TR_TIMESTAMPTZ, buf);
	return (size_t)snprintf(buf, TR_VALUE_TEXT, "%lld", (long long)integer);
}

void tr_value_format(const struct tr_view *v, struct tr_type type, int64_t row, struct tr_str *out)
{
	char buf[TR_VALUE_TEXT];
	if (tr_view_is_null(v, row)) {
		tr_str_add(out, "null");
	} else if (tr_type_is_bytes(type)) {
		size_t len;
		const char *bytes = tr_view_bytes(v, row, &len);
		if (type.kind != TR_BINARY) {
			tr_str_addn(out, bytes, len);
			return;
		}
		tr_str_add(out, "\\x");
		for (size_t i = 0; i < len; i++)
			tr_str_addf(out, "%02x", (unsigned char)bytes[i]);
	} else if (type.kind == TR_BOOL) {
		tr_str_add(out, tr_view_bool(v, row) ? "true" : "false");
	} else {
		tr_str_addn(out, buf, tr_value_text(type, tr_view_fixed(v, row, tr_type_width(type)), buf));
	}
}
