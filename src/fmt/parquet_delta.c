#include "fmt/parquet_delta.h"

#include <string.h>

#include "fmt/parquet_bits.h"

enum { BLOCK = 128, MINIBLOCKS = 4, MINIBLOCK = BLOCK / MINIBLOCKS };
/* A block's head (a varint of 64 bits, the widths), and its differences at full width. */
#define BLOCK_MAX (10 + MINIBLOCKS + BLOCK * 8)

static uint8_t *put_varint(uint8_t *p, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	return p;
}

static uint8_t *put_zigzag(uint8_t *p, int64_t v)
{
	return put_varint(p, (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0));
}

/* 32 values of `width` bits: 4 * width bytes. */
static uint8_t *put_miniblock(uint8_t *p, const uint64_t *values, unsigned width)
{
	uint64_t acc = 0;
	unsigned bits = 0;
	for (size_t i = 0; i < MINIBLOCK; i++) {
		acc |= values[i] << bits;
		bits += width;
		if (bits >= 64) {
			memcpy(p, &acc, 8);
			p += 8;
			bits -= 64;
			/* What of this value did not fit; bits == 0 means that all of it did. */
			acc = bits ? values[i] >> (width - bits) : 0;
		}
	}
	if (bits) {
		memcpy(p, &acc, bits / 8);
		p += bits / 8;
	}
	return p;
}

/* One block of n <= 128 differences, already made relative to `least`; the rest of
 * `relative` is zero. */
static uint8_t *put_block(uint8_t *p, const uint64_t *relative, size_t n, int64_t least)
{
	p = put_zigzag(p, least);
	uint8_t *widths = p;
	p += MINIBLOCKS;
	for (size_t m = 0; m < MINIBLOCKS; m++) {
		const uint64_t *mini = relative + m * MINIBLOCK;
		uint64_t all = 0;
		for (size_t i = 0; i < MINIBLOCK; i++)
			all |= mini[i];
		/* A miniblock without values has a width of 0 and no bytes. */
		unsigned width = m * MINIBLOCK < n ? tr_pq_bit_width(all) : 0;
		widths[m] = (uint8_t)width;
		if (width)
			p = put_miniblock(p, mini, width);
	}
	return p;
}

/* Differences wrap around at the type's width, as the specification wants it. */
#define ENCODE(name, type, utype)                                                               \
	static uint8_t *name(uint8_t *p, const uint8_t *values, size_t n)                       \
	{                                                                                       \
		type last;                                                                      \
		memcpy(&last, values, sizeof last);                                             \
		p = put_zigzag(p, last);                                                        \
		for (size_t at = 1; at < n; at += BLOCK) {                                      \
			type v[BLOCK + 1], delta[BLOCK];                                        \
			size_t take = n - at < BLOCK ? n - at : BLOCK;                          \
			memcpy(v, values + sizeof(type) * (at - 1), sizeof(type) * (take + 1)); \
			for (size_t i = 0; i < take; i++)                                       \
				delta[i] = (type)((utype)v[i + 1] - (utype)v[i]);               \
			type least = delta[0];                                                  \
			for (size_t i = 1; i < take; i++)                                       \
				least = delta[i] < least ? delta[i] : least;                    \
			uint64_t relative[BLOCK];                                               \
			for (size_t i = 0; i < take; i++)                                       \
				relative[i] = (utype)((utype)delta[i] - (utype)least);          \
			for (size_t i = take; i < BLOCK; i++)                                   \
				relative[i] = 0;                                                \
			p = put_block(p, relative, take, least);                                \
		}                                                                               \
		return p;                                                                       \
	}
ENCODE(encode_int32, int32_t, uint32_t)
ENCODE(encode_int64, int64_t, uint64_t)

bool tr_pq_delta_write(const uint8_t *values, size_t n, uint32_t width, struct tr_buf *out,
	struct tr_err *err)
{
	size_t blocks = n / BLOCK + 1;
	if (!tr_buf_reserve(out, 32 + blocks * BLOCK_MAX, err))
		return false;
	uint8_t *p = out->data + out->len;
	p = put_varint(p, BLOCK);
	p = put_varint(p, MINIBLOCKS);
	p = put_varint(p, n);
	if (!n)
		*p++ = 0; /* the first value of none */
	else
		p = width == 4 ? encode_int32(p, values, n) : encode_int64(p, values, n);
	out->len = (size_t)(p - out->data);
	return true;
}
