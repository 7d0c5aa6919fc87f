#include "cli/width.h"

#include <wchar.h>

/* One character of UTF-8: its bytes, or 0 where there is none at p. */
static size_t decode(const unsigned char *p, size_t n, uint32_t *code)
{
	if (n == 0)
		return 0;
	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	size_t len = p[0] >= 0xF0 && p[0] < 0xF5 ? 4
		: p[0] >= 0xE0 && p[0] < 0xF0    ? 3
		: p[0] >= 0xC2 && p[0] < 0xE0    ? 2
						 : 0;
	if (len == 0 || len > n)
		return 0;
	uint32_t c = p[0] & (0x7Fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3Fu);
	}
	if ((len == 3 && c < 0x800) || (len == 4 && (c < 0x10000 || c > 0x10FFFF)) ||
		(c >= 0xD800 && c < 0xE000))
		return 0;
	*code = c;
	return len;
}

static size_t columns_of(uint32_t code)
{
	int w = wcwidth((wchar_t)code);
	return w < 0 ? 1 : (size_t)w;
}

size_t tr_width_cut(const char *text, size_t len, size_t columns, size_t *width)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t at = 0, used = 0;
	while (at < len) {
		uint32_t code = 0;
		size_t n = decode(p + at, len - at, &code);
		size_t w = n ? columns_of(code) : 1;
		if (used + w > columns)
			break;
		used += w;
		at += n ? n : 1;
	}
	*width = used;
	return at;
}

size_t tr_width(const char *text, size_t len)
{
	size_t width;
	tr_width_cut(text, len, SIZE_MAX, &width);
	return width;
}

/* Characters that change how others are shown: controls, and the bidirectional overrides
 * with which a value could disguise the rest of its line. */
static bool moves_cursor(uint32_t code)
{
	return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x202A && code <= 0x202E) ||
		(code >= 0x2066 && code <= 0x2069) || code == 0x2028 || code == 0x2029;
}

void tr_width_printable(const char *text, size_t len, struct tr_str *out)
{
	const unsigned char *p = (const unsigned char *)text;
	for (size_t at = 0; at < len;) {
		uint32_t code = 0;
		size_t n = decode(p + at, len - at, &code);
		if (n == 0) {
			tr_str_addf(out, "\\x%02x", p[at]);
			n = 1;
		} else if (!moves_cursor(code)) {
			tr_str_addn(out, text + at, n);
		} else if (code == '\n') {
			tr_str_add(out, "\\n");
		} else if (code == '\r') {
			tr_str_add(out, "\\r");
		} else if (code == '\t') {
			tr_str_add(out, "\\t");
		} else if (code < 0x100) {
			tr_str_addf(out, "\\x%02x", code);
		} else {
			tr_str_addf(out, "\\u%04x", code);
		}
		at += n;
	}
}
