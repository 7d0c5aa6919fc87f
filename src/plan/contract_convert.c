#include "plan/contract_convert.h"

#include <stdlib.h>

#include "data/datetime.h"
#include "data/decimal.h"
#include "data/value.h"

#define LOAD(type, view, row) (*(const type *)tr_view_fixed(view, row, sizeof(type)))

/* A foreign producer's 16-byte values may lie at any multiple of 8. */
static inline tr_i128 load_decimal(const struct tr_view *v, int64_t row)
{
	tr_i128 value;
	memcpy(&value, tr_view_fixed(v, row, 16), 16);
	return value;
}

/* The nulls of the view, from its offset on, become those of the column. */
static bool copy_validity(const struct tr_view *in, struct tr_column *out, struct tr_err *err)
{
	if (!in->validity)
		return true;
	size_t n = (size_t)(out->cap + 7) / 8;
	out->validity = tr_calloc(n, 1, err);
	if (!out->validity)
		return false;
	int shift = (int)(in->offset & 7);
	const uint8_t *src = in->validity + (in->offset >> 3);
	size_t whole = (size_t)(in->length / 8);
	int64_t valid = 0;
	for (size_t i = 0; i < whole; i++) {
		unsigned bits = src[i];
		if (shift)
			bits = (bits >> shift | (unsigned)src[i + 1] << (8 - shift)) & 0xFF;
		out->validity[i] = (uint8_t)bits;
		valid += __builtin_popcount(bits);
	}
	for (int64_t row = (int64_t)whole * 8; row < in->length; row++)
		if (!tr_view_is_null(in, row)) {
			tr_bit_set(out->validity, row);
			valid++;
		}
	out->nulls = in->length - valid;
	return true;
}

/* Room for all rows, and their nulls; n is set: the caller fills the values. */
static bool begin(struct tr_convert *c, const struct tr_view *in, struct tr_err *err)
{
	c->bad_row = -1;
	if (!tr_column_reserve(&c->out, in->length, err) || !copy_validity(in, &c->out, err))
		return false;
	c->out.n = in->length;
	return true;
}

/* ---- numbers that always fit ---- */

#define WIDEN(name, source, target)                                                          \
	static bool name(struct tr_convert *c, const struct tr_view *in, struct tr_err *err) \
	{                                                                                    \
		if (!begin(c, in, err))                                                      \
			return false;                                                        \
		const source *from = (const source *)(const void *)in->data + in->offset;    \
		target *to = (target *)(void *)c->out.data;                                  \
		for (int64_t i = 0; i < in->length; i++)                                     \
			to[i] = (target)from[i];                                             \
		return true;                                                                 \
	}

WIDEN(int16_to_int32, int16_t, int32_t)
WIDEN(int16_to_int64, int16_t, int64_t)
WIDEN(int32_to_int64, int32_t, int64_t)
WIDEN(int16_to_float, int16_t, float)
WIDEN(int16_to_double, int16_t, double)
WIDEN(int32_to_double, int32_t, double)
WIDEN(float_to_double, float, double)

#define WIDEN_DECIMAL(name, source)                                                          \
	static bool name(struct tr_convert *c, const struct tr_view *in, struct tr_err *err) \
	{                                                                                    \
		if (!begin(c, in, err))                                                      \
			return false;                                                        \
		const source *from = (const source *)(const void *)in->data + in->offset;    \
		tr_i128 *to = (tr_i128 *)(void *)c->out.data;                                \
		for (int64_t i = 0; i < in->length; i++)                                     \
			to[i] = (tr_i128)from[i] * c->factor;                                \
		return true;                                                                 \
	}

WIDEN_DECIMAL(int16_to_decimal, int16_t)
WIDEN_DECIMAL(int32_to_decimal, int32_t)
WIDEN_DECIMAL(int64_to_decimal, int64_t)

/* ---- decimals ---- */

/* All rows in one pass without a branch; the rare bad one is then looked for. Under a null
 * may lie anything, so the product is taken unsigned. */
static int64_t beyond_bound(const struct tr_convert *c, const struct tr_view *in)
{
	bool bad = false;
	for (int64_t i = 0; i < in->length; i++) {
		tr_i128 value = load_decimal(in, i);
		bad |= value >= c->bound || value <= -c->bound;
	}
	for (int64_t i = 0; bad && i < in->length; i++) {
		tr_i128 value = load_decimal(in, i);
		if (!tr_view_is_null(in, i) && (value >= c->bound || value <= -c->bound))
			return i;
	}
	return -1;
}

static bool decimal_to_decimal(struct tr_convert *c, const struct tr_view *in, struct tr_err *err)
{
	if (!begin(c, in, err))
		return false;
	c->bad_row = beyond_bound(c, in);
	tr_i128 *to = (tr_i128 *)(void *)c->out.data;
	for (int64_t i = 0; i < in->length; i++)
		to[i] = (tr_i128)((tr_u128)load_decimal(in, i) * (tr_u128)c->factor);
	return true;
}

/* ---- timestamps ---- */

static int64_t finer_than_millis(const struct tr_convert *c, const struct tr_view *in)
{
	bool bad = false;
	(void)c;
	for (int64_t i = 0; i < in->length; i++)
		bad |= LOAD(int64_t, in, i) % 1000 != 0;
	for (int64_t i = 0; bad && i < in->length; i++)
		if (!tr_view_is_null(in, i) && LOAD(int64_t, in, i) % 1000 != 0)
			return i;
	return -1;
}

/* Towards the past, so that a time never moves into the next millisecond. */
static bool truncate_to_millis(struct tr_convert *c, const struct tr_view *in, struct tr_err *err)
{
	if (!begin(c, in, err))
		return false;
	int64_t *to = (int64_t *)(void *)c->out.data;
	for (int64_t i = 0; i < in->length; i++) {
		int64_t value = LOAD(int64_t, in, i), rest = value % 1000;
		/* The earliest millisecond that there is has no earlier one to go to. */
		if (rest < 0 && value < INT64_MIN + 1000) {
			if (c->bad_row < 0 && !tr_view_is_null(in, i))
				c->bad_row = i;
			rest = 0;
		}
		to[i] = value - rest - (rest < 0 ? 1000 : 0);
	}
	return true;
}

/* ---- texts ---- */

/* Written in place: the NUL behind a text is overwritten by the next one. */
static bool uuid_to_string(struct tr_convert *c, const struct tr_view *in, struct tr_err *err)
{
	if (!begin(c, in, err) || !tr_column_reserve_bytes(&c->out, (size_t)in->length * 36 + 1, err))
		return false;
	for (int64_t i = 0; i < in->length; i++) {
		if (!tr_view_is_null(in, i)) {
			tr_uuid_text(tr_view_fixed(in, i, 16), (char *)c->out.data + c->out.bytes);
			c->out.bytes += 36;
		}
		c->out.offsets[i + 1] = (int32_t)c->out.bytes;
	}
	return true;
}

static bool time_to_string(struct tr_convert *c, const struct tr_view *in, struct tr_err *err)
{
	/* 24:00:00.000000 is the longest; a hostile value is refused before it is written. */
	if (!begin(c, in, err) ||
		!tr_column_reserve_bytes(&c->out, (size_t)in->length * 16 + TR_DATETIME_TEXT, err))
		return false;
	for (int64_t i = 0; i < in->length; i++) {
		int64_t micros = tr_view_is_null(in, i) ? -1 : LOAD(int64_t, in, i);
		if (micros >= 0 && micros <= TR_DAY_US)
			c->out.bytes += tr_time_format(micros, (char *)c->out.data + c->out.bytes);
		else if (!tr_view_is_null(in, i) && c->bad_row < 0)
			c->bad_row = i;
		c->out.offsets[i + 1] = (int32_t)c->out.bytes;
	}
	return true;
}

/* ---- binding ---- */

struct pair {
	enum tr_kind from, to;
	tr_convert_fn run;
};

/* Pairs of different layouts; within a layout nothing has to be done but to judge. */
static const struct pair pairs[] = {
	{ TR_INT16, TR_INT32, int16_to_int32 },
	{ TR_INT16, TR_INT64, int16_to_int64 },
	{ TR_INT32, TR_INT64, int32_to_int64 },
	{ TR_INT16, TR_FLOAT, int16_to_float },
	{ TR_INT16, TR_DOUBLE, int16_to_double },
	{ TR_INT32, TR_DOUBLE, int32_to_double },
	{ TR_FLOAT, TR_DOUBLE, float_to_double },
	{ TR_INT16, TR_DECIMAL, int16_to_decimal },
	{ TR_INT32, TR_DECIMAL, int32_to_decimal },
	{ TR_INT64, TR_DECIMAL, int64_to_decimal },
	{ TR_UUID, TR_STRING, uuid_to_string },
	{ TR_TIME, TR_STRING, time_to_string },
};

static void bind_decimal(struct tr_convert *c)
{
	unsigned up = (unsigned)(c->to.scale - c->from.scale);
	c->factor = tr_decimal_power(up);
	/* The declared digits, which 128 bits can pass: a HUGEINT comes as decimal(38,0). */
	c->bound = tr_decimal_power(c->to.precision - up);
	if (up > 0)
		c->run = decimal_to_decimal;
	else if (c->from.precision == 38)
		c->judge = beyond_bound;
}

bool tr_convert_init(struct tr_convert *c, struct tr_type from, struct tr_type to, bool truncate,
	struct tr_err *err)
{
	*c = (struct tr_convert){ .from = from, .to = to, .bad_row = -1 };
	tr_column_init(&c->out, to);
	bool timestamp = to.kind == TR_TIMESTAMP || to.kind == TR_TIMESTAMPTZ;
	if (from.kind == to.kind) {
		if (to.kind == TR_DECIMAL)
			bind_decimal(c);
		if (timestamp && to.precision == 3 && from.precision != 3 && truncate)
			c->run = truncate_to_millis;
		else if (timestamp && to.precision == 3 && from.precision != 3)
			c->judge = finer_than_millis;
		return true;
	}
	if (from.kind == TR_JSON && to.kind == TR_STRING)
		return true;
	c->factor = to.kind == TR_DECIMAL ? tr_decimal_power(to.scale) : 1;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (pairs[i].from == from.kind && pairs[i].to == to.kind)
			c->run = pairs[i].run;
	if (c->run)
		return true;
	char have[TR_TYPE_TEXT], want[TR_TYPE_TEXT];
	return tr_err_set(err, TR_ERR_INTERNAL, "no conversion from %s to %s was planned",
		tr_type_format(from, have), tr_type_format(to, want));
}

void tr_convert_clear(struct tr_convert *c)
{
	tr_column_clear(&c->out);
}
