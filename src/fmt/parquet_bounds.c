#include "fmt/parquet_bounds.h"

#include <math.h>

void tr_pq_range_reset(struct tr_pq_range *r)
{
	r->any = r->nan = false;
	r->lo = INT64_MAX;
	r->hi = INT64_MIN;
	r->real_lo = (double)INFINITY;
	r->real_hi = -(double)INFINITY;
}

/* ---- numbers ---- */

static void add_int32(struct tr_pq_range *r, const uint8_t *p, size_t n)
{
	int32_t lo = INT32_MAX, hi = INT32_MIN;
	for (size_t i = 0; i < n; i++) {
		int32_t v;
		memcpy(&v, p + 4 * i, 4);
		lo = v < lo ? v : lo;
		hi = v > hi ? v : hi;
	}
	r->lo = lo < r->lo ? lo : r->lo;
	r->hi = hi > r->hi ? hi : r->hi;
}

static void add_int64(struct tr_pq_range *r, const uint8_t *p, size_t n)
{
	int64_t lo = r->lo, hi = r->hi;
	for (size_t i = 0; i < n; i++) {
		int64_t v;
		memcpy(&v, p + 8 * i, 8);
		lo = v < lo ? v : lo;
		hi = v > hi ? v : hi;
	}
	r->lo = lo;
	r->hi = hi;
}

static void add_bools(struct tr_pq_range *r, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		r->lo = p[i] < r->lo ? p[i] : r->lo;
		r->hi = p[i] > r->hi ? p[i] : r->hi;
	}
}

/* A comparison with NaN is false, so it never becomes a bound. Four running pairs keep
 * the processor from waiting for one comparison after the other. */
#define ADD_REALS(name, type)                                                        \
	static void name(struct tr_pq_range *r, const uint8_t *p, size_t n)          \
	{                                                                            \
		double lo[4], hi[4];                                                 \
		bool nan = false;                                                    \
		for (size_t k = 0; k < 4; k++) {                                     \
			lo[k] = r->real_lo;                                          \
			hi[k] = r->real_hi;                                          \
		}                                                                    \
		size_t i = 0;                                                        \
		for (; i + 4 <= n; i += 4) {                                         \
			type v[4];                                                   \
			memcpy(v, p + sizeof(type) * i, sizeof v);                   \
			for (size_t k = 0; k < 4; k++) {                             \
				nan |= v[k] != v[k];                                 \
				lo[k] = (double)v[k] < lo[k] ? (double)v[k] : lo[k]; \
				hi[k] = (double)v[k] > hi[k] ? (double)v[k] : hi[k]; \
			}                                                            \
		}                                                                    \
		for (; i < n; i++) {                                                 \
			type v;                                                      \
			memcpy(&v, p + sizeof(type) * i, sizeof v);                  \
			nan |= v != v;                                               \
			lo[0] = (double)v < lo[0] ? (double)v : lo[0];               \
			hi[0] = (double)v > hi[0] ? (double)v : hi[0];               \
		}                                                                    \
		for (size_t k = 0; k < 4; k++) {                                     \
			r->real_lo = lo[k] < r->real_lo ? lo[k] : r->real_lo;        \
			r->real_hi = hi[k] > r->real_hi ? hi[k] : r->real_hi;        \
		}                                                                    \
		r->any = r->any || r->real_lo <= r->real_hi;                         \
		r->nan = r->nan || nan;                                              \
	}
ADD_REALS(add_floats, float)
ADD_REALS(add_doubles, double)

/* ---- bytes ---- */

/* The first 8 bytes as a number that orders as they do (shorter: filled with zeros, so
 * that equal heads prove nothing). */
static inline uint64_t head_of(const uint8_t *p, size_t len)
{
	uint64_t v = 0;
	if (len >= 8) {
		memcpy(&v, p, 8);
		return __builtin_bswap64(v);
	}
	for (size_t i = 0; i < len; i++)
		v |= (uint64_t)p[i] << (56 - 8 * i);
	return v;
}

static void prefix_set(struct tr_pq_prefix *x, const uint8_t *p, size_t len)
{
	x->cut = len > TR_BOUND_MAX;
	x->len = x->cut ? TR_BOUND_MAX : (uint8_t)len;
	if (x->len)
		memcpy(x->bytes, p, x->len);
}

/* A value against a prefix: two values with the same first TR_BOUND_MAX bytes count as
 * ordered by whether they go on, which is all that the bound's exactness needs. */
static int prefix_compare(const uint8_t *p, size_t len, const struct tr_pq_prefix *x)
{
	size_t n = len < TR_BOUND_MAX ? len : TR_BOUND_MAX;
	int d = memcmp(p ? p : x->bytes, x->bytes, n < x->len ? n : x->len);
	if (d)
		return d;
	if (n != x->len)
		return n < x->len ? -1 : 1;
	return (int)(len > TR_BOUND_MAX) - (int)x->cut;
}

static void add_one(struct tr_pq_range *r, const uint8_t *p, size_t len)
{
	uint64_t head = head_of(p, len);
	if (!r->any || head < r->first_head ||
		(head == r->first_head && prefix_compare(p, len, &r->first) < 0)) {
		prefix_set(&r->first, p, len);
		r->first_head = head;
	}
	if (!r->any || head > r->last_head ||
		(head == r->last_head && prefix_compare(p, len, &r->last) > 0)) {
		prefix_set(&r->last, p, len);
		r->last_head = head;
	}
	r->any = true;
}

static void add_signed(struct tr_pq_range *r, const uint8_t *p, size_t n, uint32_t width)
{
	/* With its sign bit turned over, two's complement orders as unsigned bytes do. */
	uint8_t turned[16];
	for (size_t i = 0; i < n; i++) {
		memcpy(turned, p + i * width, width);
		turned[0] ^= 0x80;
		add_one(r, turned, width);
	}
}

void tr_pq_range_add(struct tr_pq_range *r, const struct tr_pq_column *c, const struct tr_pq_slice *s)
{
	if (!s->values)
		return;
	switch (c->order) {
	case TR_PQ_ORDER_INT32:
		(c->width == 1 ? add_bools : add_int32)(r, s->fixed, s->values);
		r->any = true;
		return;
	case TR_PQ_ORDER_INT64:
		add_int64(r, s->fixed, s->values);
		r->any = true;
		return;
	case TR_PQ_ORDER_FLOAT: add_floats(r, s->fixed, s->values); return;
	case TR_PQ_ORDER_DOUBLE: add_doubles(r, s->fixed, s->values); return;
	case TR_PQ_ORDER_SIGNED: add_signed(r, s->fixed, s->values, c->width); return;
	case TR_PQ_ORDER_BYTES:
	default:
		for (size_t i = 0; i < s->values; i++) {
			if (c->width)
				add_one(r, s->fixed + i * c->width, c->width);
			else
				add_one(r, s->refs[i].ptr, s->refs[i].len);
		}
	}
}

/* ---- what is written ---- */

static void set_bound(struct tr_bound *b, const void *bytes, size_t n, bool exact)
{
	*b = (struct tr_bound){ .set = true, .exact = exact, .len = (uint8_t)n };
	if (n)
		memcpy(b->bytes, bytes, n);
}

/* Where the last whole UTF-8 character of p[0..len) begins, given that the text goes on
 * behind len; len itself if a character ends there. */
static size_t character_boundary(const uint8_t *p, size_t len)
{
	size_t start = len;
	while (start && (p[start - 1] & 0xc0) == 0x80)
		start--;
	if (!start)
		return 0;
	uint8_t lead = p[start - 1];
	size_t need = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	return len - (start - 1) >= need ? len : start - 1;
}

static size_t encode_utf8(uint32_t code, uint8_t out[4])
{
	if (code < 0x80) {
		out[0] = (uint8_t)code;
		return 1;
	}
	size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i; i--, code >>= 6)
		out[i] = (uint8_t)(0x80 | (code & 0x3f));
	static const uint8_t LEAD[5] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	out[0] = (uint8_t)(LEAD[n] | code);
	return n;
}

/* The shortest step up of a cut text: its last character's successor, where one exists and
 * has room, else the one before it. Returns the new length; 0 if there is none. */
static size_t round_up_text(uint8_t *p, size_t len)
{
	while (len) {
		size_t start = len - 1;
		while (start && (p[start] & 0xc0) == 0x80)
			start--;
		static const uint8_t MASK[5] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
		size_t n = len - start;
		uint32_t code = n <= 4 ? p[start] & MASK[n] : 0x10ffff;
		for (size_t i = 1; i < n && n <= 4; i++)
			code = code << 6 | (p[start + i] & 0x3fu);
		code = code == 0xd7ff ? 0xe000 : code + 1; /* surrogates are no characters */
		uint8_t next[4];
		if (code <= 0x10ffff) {
			size_t m = encode_utf8(code, next);
			if (start + m <= TR_BOUND_MAX) {
				memcpy(p + start, next, m);
				return start + m;
			}
		}
		len = start;
	}
	return 0;
}

static size_t round_up_bytes(uint8_t *p, size_t len)
{
	while (len && p[len - 1] == 0xff)
		len--;
	if (len)
		p[len - 1]++;
	return len;
}

static void byte_bounds(const struct tr_pq_range *r, const struct tr_pq_column *c, struct tr_bound *min,
	struct tr_bound *max)
{
	bool text = c->type.kind == TR_STRING || c->type.kind == TR_JSON;
	set_bound(min, r->first.bytes, r->first.len, !r->first.cut);
	set_bound(max, r->last.bytes, r->last.len, !r->last.cut);
	if (r->first.cut && text)
		min->len = (uint8_t)character_boundary(min->bytes, min->len);
	if (r->last.cut) {
		size_t len = max->len;
		len = text ? round_up_text(max->bytes, character_boundary(max->bytes, len))
			   : round_up_bytes(max->bytes, len);
		max->len = (uint8_t)len;
		max->set = len > 0;
	}
	if (c->order == TR_PQ_ORDER_SIGNED) {
		min->bytes[0] ^= 0x80;
		max->bytes[0] ^= 0x80;
	}
}

void tr_pq_range_bounds(const struct tr_pq_range *r, const struct tr_pq_column *c, struct tr_bound *min,
	struct tr_bound *max)
{
	*min = *max = (struct tr_bound){ 0 };
	if (!r->any || r->nan)
		return;
	if (c->order == TR_PQ_ORDER_INT32 || c->order == TR_PQ_ORDER_INT64) {
		/* Little-endian: the low bytes come first. */
		set_bound(min, &r->lo, c->width, true);
		set_bound(max, &r->hi, c->width, true);
	} else if (c->order == TR_PQ_ORDER_DOUBLE || c->order == TR_PQ_ORDER_FLOAT) {
		double lo = r->real_lo == 0 ? -0.0 : r->real_lo, hi = r->real_hi == 0 ? 0.0 : r->real_hi;
		float lo32 = (float)lo, hi32 = (float)hi;
		bool wide = c->order == TR_PQ_ORDER_DOUBLE;
		set_bound(min, wide ? (const void *)&lo : &lo32, c->width, true);
		set_bound(max, wide ? (const void *)&hi : &hi32, c->width, true);
	} else {
		byte_bounds(r, c, min, max);
	}
}

/* Of two bounds the farther one (sign < 0: the lower). Where they are equal, one of them
 * being exact is enough: then that value exists. */
static void widen(struct tr_bound *have, const struct tr_bound *other, enum tr_pq_order order, int sign)
{
	if (!have->set || !other->set) {
		have->set = false;
		return;
	}
	int d = tr_pq_bound_compare(order, other, have);
	if (d == 0)
		have->exact = have->exact || other->exact;
	else if ((d < 0) == (sign < 0))
		*have = *other;
}

void tr_pq_span_add(struct tr_pq_span *span, enum tr_pq_order order, const struct tr_bound *min,
	const struct tr_bound *max)
{
	if (!span->any) {
		span->any = true;
		span->min = *min;
		span->max = *max;
		return;
	}
	widen(&span->min, min, order, -1);
	widen(&span->max, max, order, 1);
}
