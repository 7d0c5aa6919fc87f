/* Bitmaps, 64 bits at a time (least significant bit first, as Arrow and Parquet have them). */
#ifndef TR_FMT_PARQUET_BITS_H
#define TR_FMT_PARQUET_BITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bits [at, at + n) as a number, 1 <= n <= 64; reads no byte beyond the last of them. */
static inline uint64_t tr_pq_bits_load(const uint8_t *bits, int64_t at, unsigned n)
{
	const uint8_t *p = bits + (at >> 3);
	unsigned shift = (unsigned)(at & 7), bytes = (shift + n + 7) / 8;
	uint64_t v = 0;
	if (bytes >= 8)
		memcpy(&v, p, 8);
	else
		for (unsigned i = 0; i < bytes; i++)
			v |= (uint64_t)p[i] << 8 * i;
	v >>= shift;
	if (bytes == 9)
		v |= (uint64_t)p[8] << (64 - shift);
	return n == 64 ? v : v & ((UINT64_C(1) << n) - 1);
}

/* How many of bits [at, at + n) are set. */
static inline size_t tr_pq_bits_count(const uint8_t *bits, int64_t at, size_t n)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i += 64) {
		unsigned take = n - i < 64 ? (unsigned)(n - i) : 64;
		count += (size_t)__builtin_popcountll(tr_pq_bits_load(bits, at + (int64_t)i, take));
	}
	return count;
}

/* Bits that hold v: 0 for 0. */
static inline unsigned tr_pq_bit_width(uint64_t v)
{
	return v ? 64 - (unsigned)__builtin_clzll(v) : 0;
}

#endif
