#include "fmt/json_syntax.h"

#include <stdint.h>
#include <string.h>

#include "base/hex.h"

/* What can't go on stands still: `p` is then where it is wrong. */
struct reader {
	const uint8_t *p, *end;
	uint32_t depth;
	uint64_t objects[TR_JSON_DEPTH_MAX / 64]; /* a bit a level: an object, else an array */
};

static bool at(const struct reader *r, int c)
{
	return r->p < r->end && *r->p == c;
}

static bool take(struct reader *r, int c)
{
	bool there = at(r, c);
	r->p += there;
	return there;
}

static void skip_blanks(struct reader *r)
{
	while (at(r, ' ') || at(r, '\n') || at(r, '\t') || at(r, '\r'))
		r->p++;
}

static bool digits(struct reader *r)
{
	const uint8_t *first = r->p;
	while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
		r->p++;
	return r->p > first;
}

static bool number(struct reader *r)
{
	take(r, '-');
	if (!take(r, '0') && !digits(r))
		return false;
	if (take(r, '.') && !digits(r))
		return false;
	if (!take(r, 'e') && !take(r, 'E'))
		return true;
	if (!take(r, '+'))
		take(r, '-');
	return digits(r);
}

static bool word(struct reader *r, const char *text)
{
	size_t n = strlen(text);
	if ((size_t)(r->end - r->p) < n || memcmp(r->p, text, n) != 0)
		return false;
	r->p += n;
	return true;
}

/* The four digits of \uXXXX; -1: they are not there. */
static int code_unit(struct reader *r)
{
	int unit = 0;
	if (r->end - r->p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = tr_hex_digit((char)r->p[i]);
		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	r->p += 4;
	return unit;
}

/* Behind the backslash. */
static bool escape(struct reader *r)
{
	const uint8_t *start = r->p;
	if (!take(r, 'u')) {
		bool known = r->p < r->end && *r->p && strchr("\"\\/bfnrt", *r->p);
		r->p += known;
		return known;
	}
	int unit = code_unit(r);
	if (unit < 0)
		return false;
	bool high = unit >= 0xD800 && unit < 0xDC00, low = unit >= 0xDC00 && unit < 0xE000;
	int other = high && word(r, "\\u") ? code_unit(r) : 0;
	if (!low && (!high || (other >= 0xDC00 && other < 0xE000)))
		return true;
	r->p = start;
	return false;
}

static bool string(struct reader *r)
{
	if (!take(r, '"'))
		return false;
	while (r->p < r->end && *r->p != '"') {
		if (*r->p < ' ')
			return false;
		if (*r->p++ == '\\' && !escape(r))
			return false;
	}
	return take(r, '"');
}

static bool key(struct reader *r)
{
	skip_blanks(r);
	if (!string(r))
		return false;
	skip_blanks(r);
	return take(r, ':');
}

static bool in_object(const struct reader *r)
{
	return r->objects[(r->depth - 1) / 64] >> (r->depth - 1) % 64 & 1;
}

static bool scalar(struct reader *r)
{
	return at(r, '"')    ? string(r)
		: at(r, 't') ? word(r, "true")
		: at(r, 'f') ? word(r, "false")
		: at(r, 'n') ? word(r, "null")
			     : number(r);
}

/* Out of all that ends here, and over the comma to where the next value begins. */
static bool close_levels(struct reader *r)
{
	for (; r->depth > 0; r->depth--) {
		bool object = in_object(r);
		skip_blanks(r);
		if (take(r, ','))
			return !object || key(r);
		if (!take(r, object ? '}' : ']'))
			return false;
	}
	skip_blanks(r);
	return true;
}

/* Into an object or array, to where its first value begins; where it is empty, out of it again. */
static bool open_level(struct reader *r, bool object)
{
	if (r->depth == TR_JSON_DEPTH_MAX)
		return false;
	uint64_t bit = UINT64_C(1) << r->depth % 64, *bits = &r->objects[r->depth / 64];
	*bits = object ? *bits | bit : *bits & ~bit;
	r->p++;
	r->depth++;
	skip_blanks(r);
	if (at(r, object ? '}' : ']'))
		return close_levels(r);
	return !object || key(r);
}

bool tr_json_is_value(const void *text, size_t n, size_t *bad)
{
	struct reader r;
	r.p = text;
	r.end = r.p + n;
	r.depth = 0;
	bool ok;
	do {
		skip_blanks(&r);
		if (at(&r, '{') || at(&r, '['))
			ok = open_level(&r, at(&r, '{'));
		else
			ok = scalar(&r) && close_levels(&r);
	} while (ok && r.depth > 0);
	ok = ok && r.p == r.end;
	*bad = (size_t)(r.p - (const uint8_t *)text);
	return ok;
}
