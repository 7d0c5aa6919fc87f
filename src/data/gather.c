#include "data/gather.h"

/* ---- fixed widths: one tight loop each ---- */

#define GATHER_ROWS(name, ctype)                                                                            \
	static void name(struct tr_column *dst, const struct tr_view *src, const uint32_t *rows, int64_t n) \
	{                                                                                                   \
		const ctype *from = (const ctype *)(const void *)src->data + src->offset;                   \
		ctype *to = (ctype *)(void *)dst->data + dst->n;                                            \
		for (int64_t i = 0; i < n; i++)                                                             \
			to[i] = from[rows[i]];                                                              \
	}

#define WIDE 16u /* bytes of a decimal or a uuid */

GATHER_ROWS(rows_2, uint16_t)
GATHER_ROWS(rows_4, uint32_t)
GATHER_ROWS(rows_8, uint64_t)

/* Decimals and uuids; foreign batches need not align them to 16. */
static void rows_16(struct tr_column *dst, const struct tr_view *src, const uint32_t *rows, int64_t n)
{
	const uint8_t *from = src->data + (size_t)src->offset * WIDE;
	uint8_t *to = dst->data + (size_t)dst->n * WIDE;
	for (int64_t i = 0; i < n; i++)
		memcpy(to + (size_t)i * WIDE, from + (size_t)rows[i] * WIDE, WIDE);
}

static void range_fixed(struct tr_column *dst, const struct tr_view *src, int64_t from, int64_t n)
{
	memcpy(dst->data + (size_t)dst->n * dst->width, tr_view_fixed(src, from, dst->width),
		(size_t)n * dst->width);
}

/* ---- bits ---- */

static void put_bit(uint8_t *bits, int64_t i, bool value)
{
	if (value)
		tr_bit_set(bits, i);
	else
		tr_bit_unset(bits, i);
}

static void rows_bool(struct tr_column *dst, const struct tr_view *src, const uint32_t *rows, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		put_bit(dst->data, dst->n + i, tr_view_bool(src, rows[i]));
}

static void range_bool(struct tr_column *dst, const struct tr_view *src, int64_t from, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		put_bit(dst->data, dst->n + i, tr_view_bool(src, from + i));
}

/* ---- bytes ---- */

static void rows_bytes(struct tr_column *dst, const struct tr_view *src, const uint32_t *rows, int64_t n)
{
	for (int64_t i = 0; i < n; i++) {
		size_t len;
		const char *value = tr_view_bytes(src, rows[i], &len);
		memcpy(dst->data + dst->bytes, value, len);
		dst->bytes += len;
		dst->offsets[dst->n + i + 1] = (int32_t)dst->bytes;
	}
}

static size_t range_len(const struct tr_view *src, int64_t from, int64_t n)
{
	const int32_t *offsets = src->offsets + src->offset + from;
	return (size_t)(offsets[n] - offsets[0]);
}

static void range_bytes(struct tr_column *dst, const struct tr_view *src, int64_t from, int64_t n)
{
	const int32_t *offsets = src->offsets + src->offset + from;
	size_t len = range_len(src, from, n);
	int32_t shift = (int32_t)dst->bytes - offsets[0];
	memcpy(dst->data + dst->bytes, src->data + offsets[0], len);
	dst->bytes += len;
	for (int64_t i = 0; i < n; i++)
		dst->offsets[dst->n + i + 1] = offsets[i + 1] + shift;
}

void tr_gather_bind(struct tr_gather *g, struct tr_type type)
{
	uint32_t width = tr_type_width(type);
	g->bytes = tr_type_is_bytes(type);
	g->range = g->bytes ? range_bytes : type.kind == TR_BOOL ? range_bool : range_fixed;
	g->rows = g->bytes             ? rows_bytes
		: type.kind == TR_BOOL ? rows_bool
		: width == 2           ? rows_2
		: width == 4           ? rows_4
		: width == 8           ? rows_8
				       : rows_16;
}

static bool make_room(const struct tr_gather *g, struct tr_column *dst, int64_t rows, size_t bytes,
	struct tr_err *err)
{
	/* At least one byte, so that no copier is handed a NULL to copy nothing to. */
	return tr_column_reserve(dst, rows, err) &&
		(!g->bytes || tr_column_reserve_bytes(dst, bytes ? bytes : 1, err));
}

bool tr_gather_rows(const struct tr_gather *g, struct tr_column *dst, const struct tr_view *src,
	const uint32_t *rows, int64_t n, struct tr_err *err)
{
	if (n == 0)
		return true;
	size_t len = 0;
	for (int64_t i = 0; g->bytes && i < n; i++)
		len += range_len(src, rows[i], 1);
	if (!make_room(g, dst, n, len, err))
		return false;
	g->rows(dst, src, rows, n);
	int64_t base = dst->n;
	dst->n += n;
	for (int64_t i = 0; src->validity && i < n; i++)
		if (tr_view_is_null(src, rows[i]) && !tr_column_set_null(dst, base + i, err))
			return false;
	return true;
}

bool tr_gather_range(const struct tr_gather *g, struct tr_column *dst, const struct tr_view *src,
	int64_t from, int64_t n, struct tr_err *err)
{
	if (n == 0)
		return true;
	if (!make_room(g, dst, n, g->bytes ? range_len(src, from, n) : 0, err))
		return false;
	g->range(dst, src, from, n);
	int64_t base = dst->n;
	dst->n += n;
	for (int64_t i = 0; src->validity && i < n; i++)
		if (tr_view_is_null(src, from + i) && !tr_column_set_null(dst, base + i, err))
			return false;
	return true;
}

void tr_view_column(struct tr_view *v, const struct tr_column *c)
{
	const uint8_t *data = c->data ? c->data : (const uint8_t *)"";
	*v = (struct tr_view){ .validity = c->validity, .data = data, .offsets = c->offsets, .length = c->n };
}

size_t tr_view_memory(const struct tr_view *v, struct tr_type type, int64_t from, int64_t n)
{
	size_t rows = (size_t)n;
	size_t bits = rows / 8 + 1;
	size_t values = tr_type_is_bytes(type) ? rows * sizeof(int32_t) + range_len(v, from, n)
		: type.kind == TR_BOOL         ? bits
					       : rows * tr_type_width(type);
	return values + (v->validity ? bits : 0);
}
