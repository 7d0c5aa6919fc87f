#include "fmt/utf8.h"

#include <stdint.h>
#include <string.h>

#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

static bool is_tail(uint8_t c)
{
	return (c & 0xC0) == 0x80;
}

/* Length of the well-formed character at p, 0 if it is none (NUL counts as none). */
static size_t character(const uint8_t *p, size_t n)
{
	uint8_t c = p[0];
	if (c < 0x80)
		return c != 0;
	if (c >= 0xC2 && c <= 0xDF)
		return n >= 2 && is_tail(p[1]) ? 2 : 0;
	if (c >= 0xE0 && c <= 0xEF) {
		if (n < 3 || !is_tail(p[1]) || !is_tail(p[2]))
			return 0;
		bool overlong = c == 0xE0 && p[1] < 0xA0;
		bool surrogate = c == 0xED && p[1] > 0x9F;
		return overlong || surrogate ? 0 : 3;
	}
	if (c >= 0xF0 && c <= 0xF4) {
		if (n < 4 || !is_tail(p[1]) || !is_tail(p[2]) || !is_tail(p[3]))
			return 0;
		bool overlong = c == 0xF0 && p[1] < 0x90;
		bool beyond = c == 0xF4 && p[1] > 0x8F;
		return overlong || beyond ? 0 : 4;
	}
	return 0;
}

bool tr_utf8_is_text(const void *bytes, size_t n, size_t *bad)
{
	const uint8_t *p = bytes;
	size_t i = 0;
	while (i < n) {
		/* Eight bytes of 0x01..0x7F at a time: v - ONES borrows from a zero byte only. */
		while (n - i >= 8) {
			uint64_t v;
			memcpy(&v, p + i, 8);
			if ((v | (v - ONES)) & HIGHS)
				break;
			i += 8;
		}
		if (i == n)
			return true;
		/* Up to eight bytes one by one, then the fast way is tried again. */
		size_t stop = n - i > 8 ? i + 8 : n;
		while (i < stop) {
			size_t len = character(p + i, n - i);
			if (len == 0) {
				*bad = i;
				return false;
			}
			i += len;
		}
	}
	return true;
}
