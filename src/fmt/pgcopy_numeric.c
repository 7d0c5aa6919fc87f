#include "fmt/pgcopy_field.h"

#include <stdio.h>

#include "data/decimal.h"

/* numeric_send: int16 ndigits, weight, sign, dscale, then ndigits digits in base 10,000;
 * the value is the sum of digit[i] * 10000^(weight - i). */
#define NEGATIVE 0x4000
#define NAN_SIGN 0xC000
#define PLUS_INFINITY 0xD000
#define MINUS_INFINITY 0xF000

#define DESCRIBE_MAX 96

/* The number as text for a message, cut where it is long. */
static void describe(const uint8_t *digits, int n, int weight, bool negative, char *buf)
{
	size_t len = 0;
	if (negative)
		buf[len++] = '-';
	int first = weight > 0 ? weight : 0, last = weight - n + 1;
	for (int power = first; power >= last || power >= 0; power--) {
		if (len + 10 > DESCRIBE_MAX) {
			memcpy(buf + len, "...", 4);
			return;
		}
		int i = weight - power;
		unsigned digit = i >= 0 && i < n ? tr_load_be16(digits + 2 * i) : 0;
		if (power == -1)
			buf[len++] = '.';
		len += (size_t)snprintf(buf + len, DESCRIBE_MAX - len, power == first ? "%u" : "%04u", digit);
	}
	while (last < 0 && buf[len - 1] == '0')
		len--;
	if (buf[len - 1] == '.')
		len--;
	buf[len] = '\0';
}

static bool no_fit(struct tr_pgcopy_field *f, int64_t row, const uint8_t *digits, int n, int weight,
	bool negative, struct tr_err *err)
{
	char value[DESCRIBE_MAX];
	describe(digits, n, weight, negative, value);
	return tr_pgcopy_special(f, row, value, err);
}

/* |value| * 10^scale as units; false if digits would be lost or there are too many. */
static bool to_units(const uint8_t *digits, int n, int weight, int scale, tr_u128 *out)
{
	tr_u128 units = 0;
	int power = 4 * weight + scale; /* of ten, of the group at hand */
	for (int i = 0; i < n; i++, power -= 4) {
		unsigned digit = tr_load_be16(digits + 2 * i);
		if (power >= 0) {
			/* At most 38 digits fit: 34 of them may be followed by four more. */
			if (units >= (tr_u128)tr_decimal_power(34))
				return false;
			units = units * 10000 + digit;
			continue;
		}
		/* The group that straddles the last digit kept, or one behind it. */
		unsigned cut = power > -4 ? (unsigned)tr_decimal_power((unsigned)-power) : 10000;
		if (digit % cut)
			return false;
		if (power > -4) {
			unsigned kept = 10000 / cut;
			if (units >= (tr_u128)tr_decimal_power(38) / kept)
				return false;
			units = units * kept + digit / cut;
		}
	}
	int shift = power + 4; /* of the last group: trailing zeros that the wire leaves out */
	if (units != 0 && shift > 0) {
		if (shift > 38 || units >= (tr_u128)tr_decimal_power(38 - (unsigned)shift))
			return false;
		units *= (tr_u128)tr_decimal_power((unsigned)shift);
	}
	*out = units;
	return true;
}

/* Up to four groups in 64 bits, where nearly all numbers are. */
static bool small_units(const uint8_t *digits, int n, int weight, int scale, uint64_t *out)
{
	static const uint16_t powers[] = { 1, 10, 100, 1000 };
	int power = 4 * (weight - n + 1) + scale; /* of the last group */
	if (n > 4 || power <= -4 || power > 3)
		return false;
	uint64_t units = 0;
	for (int i = 0; i < n - 1; i++)
		units = units * 10000 + tr_load_be16(digits + 2 * i);
	unsigned last = n > 0 ? tr_load_be16(digits + 2 * (n - 1)) : 0;
	if (power >= 0) {
		*out = (units * 10000 + last) * powers[power]; /* below 10^19 */
		return true;
	}
	unsigned cut = powers[-power];
	*out = units * (10000 / cut) + last / cut;
	return last % cut == 0;
}

bool tr_pgcopy_numeric(struct tr_pgcopy_field *f, int64_t row, const uint8_t *p, uint32_t len,
	struct tr_err *err)
{
	if (len < 8)
		return tr_pgcopy_malformed(f, "has a numeric of less than 8 bytes", err);
	int n = tr_load_be16(p), weight = (int16_t)tr_load_be16(p + 2);
	unsigned sign = tr_load_be16(p + 4);
	if (len != 8 + 2 * (uint32_t)n)
		return tr_pgcopy_malformed(f, "has a numeric whose length is not that of its digits", err);
	if (sign != 0 && sign != NEGATIVE) {
		if (sign != NAN_SIGN && sign != PLUS_INFINITY && sign != MINUS_INFINITY)
			return tr_pgcopy_malformed(f, "has a numeric of an unknown sign", err);
		return tr_pgcopy_special(f, row,
			sign == NAN_SIGN                ? "NaN"
				: sign == PLUS_INFINITY ? "Infinity"
							: "-Infinity",
			err);
	}
	const uint8_t *digits = p + 8;
	for (int i = 0; i < n; i++)
		if (tr_load_be16(digits + 2 * i) > 9999)
			return tr_pgcopy_malformed(f, "has a numeric with a digit above 9999", err);
	uint64_t small;
	tr_u128 units;
	if (small_units(digits, n, weight, f->type.scale, &small))
		units = small;
	else if (!to_units(digits, n, weight, f->type.scale, &units))
		return no_fit(f, row, digits, n, weight, sign == NEGATIVE, err);
	tr_i128 value = sign == NEGATIVE ? -(tr_i128)units : (tr_i128)units;
	if (!tr_decimal_fits(value, f->type.precision))
		return no_fit(f, row, digits, n, weight, sign == NEGATIVE, err);
	memcpy(f->column->data + (size_t)row * 16, &value, 16);
	return true;
}
