#include "fmt/parquet_plain.h"

#include "data/decimal.h"
#include "fmt/parquet_bits.h"

/* ---- leaving the nulls out ---- */

/* `width` is a constant at every call, so each call becomes a loop of plain moves. */
static inline size_t compact_loop(const uint8_t *from, const struct tr_view *v, int64_t row, size_t n,
	uint8_t *to, size_t width)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i += 64) {
		unsigned take = n - i < 64 ? (unsigned)(n - i) : 64;
		uint64_t bits = tr_pq_bits_load(v->validity, v->offset + row + (int64_t)i, take);
		if (bits == UINT64_MAX) {
			memcpy(to + kept * width, from + i * width, 64 * width);
			kept += 64;
			continue;
		}
		for (; bits; bits &= bits - 1)
			memcpy(to + kept++ * width, from + (i + (size_t)__builtin_ctzll(bits)) * width,
				width);
	}
	return kept;
}

static size_t compact(const uint8_t *from, const struct tr_view *v, int64_t row, size_t n, uint8_t *to,
	uint32_t width)
{
	switch (width) {
	case 2: return compact_loop(from, v, row, n, to, 2);
	case 4: return compact_loop(from, v, row, n, to, 4);
	case 8: return compact_loop(from, v, row, n, to, 8);
	default: return compact_loop(from, v, row, n, to, 16);
	}
}

/* ---- to the physical type ---- */

static void convert_int16(const uint8_t *from, size_t n, uint8_t *to)
{
	for (size_t i = 0; i < n; i++) {
		int16_t narrow;
		memcpy(&narrow, from + 2 * i, 2);
		int32_t wide = narrow;
		memcpy(to + 4 * i, &wide, 4);
	}
}

static bool decimal_error(const struct tr_pq_column *c, tr_i128 value, struct tr_err *err)
{
	char text[TR_DECIMAL_TEXT];
	tr_decimal_format(value, c->type.scale, text);
	tr_err_set(err, TR_ERR_DATA, "a value of column `%s` does not fit decimal(%d,%d)", c->name,
		c->type.precision, c->type.scale);
	tr_err_detail(err, "the value is %s", text);
	tr_err_hint(err, "Declare the column with more digits, or cast its values.");
	return tr_err_at_row(err, NULL, c->name, NULL);
}

/* The low `width` bytes, little-endian for the integer types, big-endian for FIXED. */
static bool convert_decimal(const struct tr_pq_column *c, const uint8_t *from, size_t n, uint8_t *to,
	struct tr_err *err)
{
	tr_i128 limit = tr_decimal_power(c->type.precision);
	uint32_t width = c->width;
	for (size_t i = 0; i < n; i++) {
		tr_i128 value;
		memcpy(&value, from + 16 * i, 16);
		if (value >= limit || value <= -limit)
			return decimal_error(c, value, err);
		if (width == 4 && c->physical == TR_PQ_INT32)
			memcpy(to + 4 * i, from + 16 * i, 4);
		else if (width == 8 && c->physical == TR_PQ_INT64)
			memcpy(to + 8 * i, from + 16 * i, 8);
		else
			for (uint32_t k = 0; k < width; k++)
				to[(size_t)width * i + k] = from[16 * i + width - 1 - k];
	}
	return true;
}

static bool gather_fixed(const struct tr_pq_column *c, const struct tr_view *v, int64_t row,
	struct tr_pq_gather *scratch, struct tr_pq_slice *s, struct tr_err *err)
{
	uint32_t width = tr_type_width(c->type);
	s->fixed = tr_view_fixed(v, row, width);
	if (s->values < s->rows) {
		compact(s->fixed, v, row, s->rows, scratch->compact, width);
		s->fixed = scratch->compact;
	}
	s->bytes = s->values * c->width;
	if (c->type.kind == TR_DECIMAL) {
		if (!convert_decimal(c, s->fixed, s->values, scratch->physical, err))
			return false;
		s->fixed = scratch->physical;
	} else if (c->type.kind == TR_INT16) {
		convert_int16(s->fixed, s->values, scratch->physical);
		s->fixed = scratch->physical;
	}
	return true;
}

static void gather_bools(const struct tr_view *v, int64_t row, struct tr_pq_gather *scratch,
	struct tr_pq_slice *s)
{
	size_t kept = 0;
	for (size_t i = 0; i < s->rows; i++) {
		scratch->physical[kept] = tr_view_bool(v, row + (int64_t)i);
		kept += !tr_view_is_null(v, row + (int64_t)i);
	}
	s->fixed = scratch->physical;
	s->bytes = s->values;
}

static bool value_error(const struct tr_pq_column *c, size_t len, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_DATA, "a value of column `%s` is %zu bytes long; at most %zu can be written",
		c->name, len, TR_PQ_VALUE_MAX);
	tr_err_hint(err, "Leave the column out, or cut its values in the query.");
	return tr_err_at_row(err, NULL, c->name, NULL);
}

/* Takes rows until the slice's bytes are full; rows and values are set to what it took. */
static bool gather_bytes(const struct tr_pq_column *c, const struct tr_view *v, int64_t row,
	struct tr_pq_gather *scratch, struct tr_pq_slice *s, struct tr_err *err)
{
	bool nulls = s->values < s->rows;
	size_t n = s->rows, kept = 0, i = 0;
	for (; i < n; i++) {
		if (nulls && tr_view_is_null(v, row + (int64_t)i))
			continue;
		size_t len;
		const char *p = tr_view_bytes(v, row + (int64_t)i, &len);
		if (len > TR_PQ_VALUE_MAX)
			return value_error(c, len, err);
		if (kept && s->bytes + 4 + len > TR_PQ_SLICE_BYTES)
			break;
		scratch->refs[kept++] = (struct tr_pq_bytes){ (const uint8_t *)p, len };
		s->bytes += 4 + len;
	}
	s->rows = i;
	s->values = kept;
	s->refs = scratch->refs;
	return true;
}

bool tr_pq_gather(const struct tr_pq_column *c, const struct tr_view *v, int64_t row, int64_t n,
	struct tr_pq_gather *scratch, struct tr_pq_slice *out, struct tr_err *err)
{
	size_t rows = n < TR_PQ_SLICE_ROWS ? (size_t)n : TR_PQ_SLICE_ROWS;
	*out = (struct tr_pq_slice){ .rows = rows, .values = rows };
	if (v->validity) {
		out->validity = v->validity;
		out->validity_at = v->offset + row;
		out->values = tr_pq_bits_count(v->validity, out->validity_at, rows);
		if (!c->nullable && out->values < rows) {
			tr_err_set(err, TR_ERR_INTERNAL, "column `%s` is required but its data has a null",
				c->name);
			return tr_err_at_row(err, NULL, c->name, NULL);
		}
	}
	bool ok = true;
	if (c->physical == TR_PQ_BYTE_ARRAY)
		ok = gather_bytes(c, v, row, scratch, out, err);
	else if (c->physical == TR_PQ_BOOLEAN)
		gather_bools(v, row, scratch, out);
	else
		ok = gather_fixed(c, v, row, scratch, out, err);
	if (out->values == out->rows)
		out->validity = NULL;
	return ok;
}

bool tr_pq_plain_append(const struct tr_pq_column *c, const struct tr_pq_slice *s, struct tr_buf *out,
	struct tr_err *err)
{
	if (c->physical != TR_PQ_BYTE_ARRAY)
		return tr_buf_append(out, s->fixed, s->bytes, err);
	if (!tr_buf_reserve(out, s->bytes, err))
		return false;
	uint8_t *p = out->data + out->len;
	for (size_t i = 0; i < s->values; i++) {
		uint32_t len = (uint32_t)s->refs[i].len;
		memcpy(p, &len, 4);
		if (len)
			memcpy(p + 4, s->refs[i].ptr, len);
		p += 4 + len;
	}
	out->len += s->bytes;
	return true;
}

bool tr_pq_replay_next(const struct tr_pq_column *c, struct tr_pq_replay *r, struct tr_pq_gather *scratch,
	struct tr_pq_slice *out)
{
	size_t rows = r->rows - r->row < TR_PQ_SLICE_ROWS ? r->rows - r->row : TR_PQ_SLICE_ROWS;
	*out = (struct tr_pq_slice){ .rows = rows, .values = rows };
	if (!rows)
		return false;
	if (r->validity)
		out->values = tr_pq_bits_count(r->validity, (int64_t)r->row, rows);
	if (c->physical != TR_PQ_BYTE_ARRAY) {
		out->fixed = r->p;
		out->bytes = out->values * c->width;
	} else {
		const uint8_t *p = r->p;
		size_t kept = 0, i = 0;
		for (; i < rows; i++) {
			if (r->validity && !tr_bit(r->validity, (int64_t)(r->row + i)))
				continue;
			uint32_t len;
			memcpy(&len, p, 4);
			if (kept && out->bytes + 4 + len > TR_PQ_SLICE_BYTES)
				break;
			scratch->refs[kept++] = (struct tr_pq_bytes){ p + 4, len };
			out->bytes += 4 + (size_t)len;
			p += 4 + (size_t)len;
		}
		out->rows = i;
		out->values = kept;
		out->refs = scratch->refs;
	}
	if (out->values < out->rows) {
		out->validity = r->validity;
		out->validity_at = (int64_t)r->row;
	}
	r->p += out->bytes;
	r->row += out->rows;
	return true;
}
