/* Making COPY BINARY streams by hand. Sizes are the tests' own: no checks. */
#ifndef TR_TESTS_COPY_BYTES_H
#define TR_TESTS_COPY_BYTES_H

#include <stdint.h>
#include <string.h>

struct copy_bytes {
	uint8_t data[65536];
	size_t n;
};

static inline void put(struct copy_bytes *b, const void *p, size_t n)
{
	memcpy(b->data + b->n, p, n);
	b->n += n;
}

static inline void put_int(struct copy_bytes *b, uint64_t value, int width)
{
	for (int shift = 8 * (width - 1); shift >= 0; shift -= 8)
		b->data[b->n++] = (uint8_t)(value >> shift);
}

static inline void put_header(struct copy_bytes *b)
{
	b->n = 0;
	put(b, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
}

static inline void put_row(struct copy_bytes *b, uint16_t fields)
{
	put_int(b, fields, 2);
}

static inline void put_field(struct copy_bytes *b, const void *p, size_t n)
{
	put_int(b, n, 4);
	put(b, p, n);
}

static inline void put_field_int(struct copy_bytes *b, uint64_t value, int width)
{
	put_int(b, (uint64_t)width, 4);
	put_int(b, value, width);
}

static inline void put_null(struct copy_bytes *b)
{
	put_int(b, UINT32_MAX, 4);
}

static inline void put_end(struct copy_bytes *b)
{
	put_int(b, 0xFFFF, 2);
}

#endif
