#include "data/decimal.h"

#include <stdio.h>

tr_i128 tr_decimal_power(unsigned n)
{
	static const uint64_t small[] = { 1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u,
		100000000u, 1000000000u, 10000000000u, 100000000000u, 1000000000000u, 10000000000000u,
		100000000000000u, 1000000000000000u, 10000000000000000u, 100000000000000000u,
		1000000000000000000u, 10000000000000000000u };
	if (n < 20)
		return (tr_i128)small[n];
	return (tr_i128)small[19] * (tr_i128)small[n - 19];
}

bool tr_decimal_fits(tr_i128 value, unsigned precision)
{
	tr_i128 bound = tr_decimal_power(precision);
	return value < bound && value > -bound;
}

bool tr_decimal_scale_up(tr_i128 value, unsigned by, tr_i128 *out)
{
	if (by > 38)
		return value == 0 && (*out = 0, true);
	if (!tr_decimal_fits(value, 38 - by))
		return false;
	*out = value * tr_decimal_power(by);
	return true;
}

size_t tr_decimal_format(tr_i128 value, unsigned scale, char *buf)
{
	char digits[TR_DECIMAL_TEXT];
	size_t n = 0;
	tr_u128 rest = value < 0 ? -(tr_u128)value : (tr_u128)value;
	do {
		digits[n++] = (char)('0' + (int)(rest % 10));
		rest /= 10;
	} while (rest > 0 || n <= scale);
	size_t out = 0;
	if (value < 0)
		buf[out++] = '-';
	while (n > 0) {
		if (n == scale)
			buf[out++] = '.';
		buf[out++] = digits[--n];
	}
	buf[out] = '\0';
	return out;
}

bool tr_decimal_parse(const char *text, size_t len, unsigned scale, tr_i128 *out)
{
	size_t i = 0;
	bool negative = len > 0 && text[0] == '-';
	if (len > 0 && (text[0] == '-' || text[0] == '+'))
		i++;
	tr_i128 value = 0;
	unsigned digits = 0, behind = 0;
	bool point = false;
	for (; i < len; i++) {
		if (text[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (text[i] < '0' || text[i] > '9')
			return false;
		if (point && ++behind > scale) {
			if (text[i] != '0')
				return false;
			behind--;
			continue;
		}
		if (!tr_decimal_fits(value, 37))
			return false;
		value = value * 10 + (text[i] - '0');
		digits++;
	}
	if (digits == 0 || !tr_decimal_scale_up(value, scale - behind, &value))
		return false;
	*out = negative ? -value : value;
	return true;
}
