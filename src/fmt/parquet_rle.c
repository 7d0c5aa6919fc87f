#include "fmt/parquet_rle.h"

#include "fmt/parquet_bits.h"

/* Room for a run's head: a varint of a count below 2^32, twice. */
#define HEAD_MAX 6

static uint8_t *put_varint(uint8_t *p, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	return p;
}

static uint8_t *put_run(uint8_t *p, uint32_t value, size_t count, unsigned width)
{
	p = put_varint(p, (uint64_t)count << 1);
	for (unsigned i = 0; i < width; i += 8)
		*p++ = (uint8_t)(value >> i);
	return p;
}

/* n values, filled up with zeros to a multiple of 8. */
static uint8_t *put_packed(uint8_t *p, const uint32_t *values, size_t n, unsigned width)
{
	size_t groups = (n + 7) / 8;
	p = put_varint(p, (uint64_t)groups << 1 | 1);
	uint8_t *end = p + groups * width;
	uint64_t acc = 0;
	unsigned bits = 0;
	for (size_t i = 0; i < n; i++) {
		acc |= (uint64_t)values[i] << bits;
		bits += width;
		if (bits >= 32) {
			uint32_t low = (uint32_t)acc;
			memcpy(p, &low, 4);
			p += 4;
			acc >>= 32;
			bits -= 32;
		}
	}
	for (; p < end; acc >>= 8)
		*p++ = (uint8_t)acc;
	return p;
}

static inline size_t run_length(const uint32_t *values, size_t n)
{
	size_t i = 1;
	while (i < n && values[i] == values[0])
		i++;
	return i;
}

bool tr_pq_rle_write(const uint32_t *values, size_t n, unsigned width, struct tr_buf *out, struct tr_err *err)
{
	/* Everything packed is the worst case but for runs' heads, and a run is only taken
	 * where it is not longer than its values packed. */
	if (!tr_buf_reserve(out, (n / 8 + 1) * width + (n / 8 + 2) * HEAD_MAX, err))
		return false;
	/* A run costs two heads (its own, and that of the values behind it) and a value. */
	size_t run_min = width >= 8 ? 8 : (64 / width + 7) / 8 * 8;
	uint8_t *p = out->data + out->len;
	size_t literal = 0, i = 0;
	while (i + 8 <= n) {
		if (values[i] != values[i + 1] || values[i] != values[i + 7]) {
			i += 8;
			continue;
		}
		size_t run = run_length(values + i, n - i);
		if (run < run_min) {
			i += 8;
			continue;
		}
		if (i > literal)
			p = put_packed(p, values + literal, i - literal, width);
		p = put_run(p, values[i], run, width);
		i += run;
		literal = i;
	}
	if (n > literal)
		p = put_packed(p, values + literal, n - literal, width);
	out->len = (size_t)(p - out->data);
	return true;
}

/* ---- definition levels ---- */

void tr_pq_levels_init(struct tr_pq_levels *l)
{
	*l = (struct tr_pq_levels){ 0 };
	tr_buf_init(&l->bits, (size_t)1 << 30);
}

void tr_pq_levels_clear(struct tr_pq_levels *l)
{
	tr_buf_clear(&l->bits);
	l->rows = l->nulls = 0;
}

void tr_pq_levels_reset(struct tr_pq_levels *l)
{
	l->bits.len = 0;
	l->rows = l->nulls = 0;
}

/* Set bits [at, at + n) of a bitmap whose bits from `at` on are zero. */
static void bits_or(uint8_t *bits, size_t at, uint64_t value)
{
	unsigned shift = (unsigned)(at & 7);
	uint8_t *p = bits + (at >> 3);
	uint64_t low = value << shift;
	for (unsigned i = 0; i < 8; i++)
		p[i] = (uint8_t)(p[i] | low >> 8 * i);
	if (shift)
		p[8] = (uint8_t)(p[8] | value >> (64 - shift));
}

bool tr_pq_levels_add(struct tr_pq_levels *l, const struct tr_pq_slice *s, struct tr_err *err)
{
	size_t rows = l->rows + s->rows;
	if (!s->validity && !l->nulls) {
		l->rows = rows;
		return true;
	}
	/* 9 bytes more than the rows take, so that 64 bits fit in wherever they start. */
	size_t before = l->nulls ? (l->rows + 7) / 8 + 9 : 0, need = (rows + 7) / 8 + 9;
	l->bits.len = before;
	if (need > before) {
		if (!tr_buf_reserve(&l->bits, need - before, err))
			return false;
		memset(l->bits.data + before, 0, need - before);
		l->bits.len = need;
	}
	if (!l->nulls) {
		memset(l->bits.data, 0xff, l->rows / 8);
		if (l->rows % 8)
			l->bits.data[l->rows / 8] = (uint8_t)((1u << l->rows % 8) - 1);
	}
	for (size_t i = 0; i < s->rows; i += 64) {
		unsigned take = s->rows - i < 64 ? (unsigned)(s->rows - i) : 64;
		uint64_t bits = take == 64 ? UINT64_MAX : (UINT64_C(1) << take) - 1;
		if (s->validity)
			bits = tr_pq_bits_load(s->validity, s->validity_at + (int64_t)i, take);
		bits_or(l->bits.data, l->rows + i, bits);
	}
	l->rows = rows;
	l->nulls += s->rows - s->values;
	return true;
}

/* With one bit a value, a bitmap's bytes are already packed groups; only long stretches
 * of one value are worth a run. */
static uint8_t *put_bitmap(uint8_t *p, const uint8_t *bits, size_t rows)
{
	enum { RUN_BYTES = 8 };
	size_t whole = rows / 8, literal = 0, i = 0;
	while (i < whole) {
		size_t end = i + 1;
		if (bits[i] == 0 || bits[i] == 0xff)
			while (end < whole && bits[end] == bits[i])
				end++;
		if (end - i >= RUN_BYTES) {
			if (i > literal) {
				p = put_varint(p, (uint64_t)(i - literal) << 1 | 1);
				memcpy(p, bits + literal, i - literal);
				p += i - literal;
			}
			p = put_run(p, bits[i] & 1, (end - i) * 8, 1);
			literal = end;
		}
		i = end;
	}
	size_t left = (rows + 7) / 8 - literal;
	if (left) {
		p = put_varint(p, (uint64_t)left << 1 | 1);
		memcpy(p, bits + literal, left);
		p += left;
	}
	return p;
}

bool tr_pq_levels_write(const struct tr_pq_levels *l, struct tr_buf *out, struct tr_err *err)
{
	/* The bitmap, a head and a value for every stretch, the length. */
	if (!tr_buf_reserve(out, l->rows / 8 + l->rows / 64 * 2 * HEAD_MAX + 4 * HEAD_MAX + 4, err))
		return false;
	uint8_t *start = out->data + out->len + 4, *p = start;
	if (!l->nulls || l->nulls == l->rows)
		p = put_run(p, l->nulls ? 0 : 1, l->rows, 1);
	else
		p = put_bitmap(p, l->bits.data, l->rows);
	uint32_t len = (uint32_t)(p - start);
	memcpy(start - 4, &len, 4);
	out->len += 4 + (size_t)len;
	return true;
}
