#include "engine/embedded_fill.h"

static void fill_bool(const struct tr_view *v, int64_t row, idx_t n, void *values)
{
	uint8_t *out = values;
	for (idx_t i = 0; i < n; i++)
		out[i] = tr_view_bool(v, row + (int64_t)i);
}

static void fill_2(const struct tr_view *v, int64_t row, idx_t n, void *values)
{
	memcpy(values, tr_view_fixed(v, row, 2), n * 2);
}

static void fill_4(const struct tr_view *v, int64_t row, idx_t n, void *values)
{
	memcpy(values, tr_view_fixed(v, row, 4), n * 4);
}

static void fill_8(const struct tr_view *v, int64_t row, idx_t n, void *values)
{
	memcpy(values, tr_view_fixed(v, row, 8), n * 8);
}

static void fill_16(const struct tr_view *v, int64_t row, idx_t n, void *values)
{
	memcpy(values, tr_view_fixed(v, row, 16), n * 16);
}

/* Decimals of few digits: the low bytes of the 128-bit little-endian value. */
#define FILL_DECIMAL(name, type)                                                      \
	static void name(const struct tr_view *v, int64_t row, idx_t n, void *values) \
	{                                                                             \
		type *out = values;                                                   \
		const uint8_t *in = tr_view_fixed(v, row, 16);                        \
		for (idx_t i = 0; i < n; i++)                                         \
			memcpy(&out[i], in + i * 16, sizeof *out);                    \
	}
FILL_DECIMAL(fill_decimal_2, int16_t)
FILL_DECIMAL(fill_decimal_4, int32_t)
FILL_DECIMAL(fill_decimal_8, int64_t)

static uint64_t big_endian_8(const uint8_t *p)
{
	uint64_t x;
	memcpy(&x, p, 8);
	return __builtin_bswap64(x);
}

/* A uuid is a 128-bit number with its highest bit flipped, so that signed order is its order. */
static void fill_uuid(const struct tr_view *v, int64_t row, idx_t n, void *values)
{
	duckdb_hugeint *out = values;
	const uint8_t *in = tr_view_fixed(v, row, 16);
	for (idx_t i = 0; i < n; i++, in += 16) {
		out[i].upper = (int64_t)(big_endian_8(in) ^ UINT64_C(1) << 63);
		out[i].lower = big_endian_8(in + 8);
	}
}

static void fill_bytes(const struct tr_view *v, int64_t row, idx_t n, void *values)
{
	duckdb_string_t *out = values;
	for (idx_t i = 0; i < n; i++) {
		size_t len;
		/* The offsets of a null may be anything but a range of its own. */
		if (tr_view_is_null(v, row + (int64_t)i)) {
			memset(&out[i], 0, sizeof out[i]);
			continue;
		}
		const char *p = tr_view_bytes(v, row + (int64_t)i, &len);
		if (len <= sizeof out[i].value.inlined.inlined) {
			memset(&out[i], 0, sizeof out[i]);
			out[i].value.inlined.length = (uint32_t)len;
			if (len)
				memcpy(out[i].value.inlined.inlined, p, len);
		} else {
			out[i].value.pointer.length = (uint32_t)len;
			memcpy(out[i].value.pointer.prefix, p, 4);
			out[i].value.pointer.ptr = (char *)(uintptr_t)p;
		}
	}
}

tr_engine_fill tr_engine_fill_of(struct tr_type type)
{
	switch (type.kind) {
	case TR_BOOL: return fill_bool;
	case TR_DECIMAL:
		return type.precision <= 4     ? fill_decimal_2
			: type.precision <= 9  ? fill_decimal_4
			: type.precision <= 18 ? fill_decimal_8
					       : fill_16;
	case TR_UUID: return fill_uuid;
	case TR_STRING:
	case TR_BINARY:
	case TR_JSON: return fill_bytes;
	default: break;
	}
	uint32_t width = tr_type_width(type);
	return width == 2 ? fill_2 : width == 4 ? fill_4 : fill_8;
}

void tr_engine_fill_validity(const struct tr_view *v, int64_t row, idx_t n, duckdb_vector vector)
{
	if (!v->validity)
		return;
	duckdb_vector_ensure_validity_writable(vector);
	uint64_t *mask = duckdb_vector_get_validity(vector);
	int64_t start = v->offset + row;
	if (start % 8 == 0) {
		memcpy(mask, v->validity + start / 8, (n + 7) / 8);
		return;
	}
	for (idx_t i = 0; i < n; i++) {
		uint64_t bit = UINT64_C(1) << (i % 64);
		if (tr_bit(v->validity, start + (int64_t)i))
			mask[i / 64] |= bit;
		else
			mask[i / 64] &= ~bit;
	}
}
