#include "io/s3_xml.h"

#include <stdlib.h>
#include <string.h>

#include "io/xml.h"

#define DEPTH_MAX 8
#define NAME_MAX_BYTES 64
#define TEXT_MAX ((size_t)16 << 10)

struct parser {
	const char *p, *end;
	const struct tr_xml_walk *walk;
	char names[DEPTH_MAX][NAME_MAX_BYTES];
	int depth;
	bool leaf; /* nothing but text since the last begin of an element */
	struct tr_str text;
};

static bool malformed(struct tr_err *err)
{
	tr_err_set(err, TR_ERR_INTERNAL, "the server's answer is not the XML that S3 sends");
	return tr_err_hint(err, "check that s3.endpoint is the address of an S3 server");
}

/* ---- text ---- */

/* `#34` or `#x22`, n bytes. */
static bool add_number(struct tr_str *out, const char *text, size_t n)
{
	char digits[12], *rest;
	bool hex = n > 1 && text[1] == 'x';
	size_t skip = hex ? 2 : 1;
	if (n <= skip || n - skip > 8)
		return false;
	memcpy(digits, text + skip, n - skip);
	digits[n - skip] = '\0';
	if (strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") != n - skip)
		return false;
	unsigned long c = strtoul(digits, &rest, hex ? 16 : 10);
	if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
		return false;
	tr_xml_add_char(out, c);
	return true;
}

/* What lies between `&` and `;`. */
static bool add_entity(struct tr_str *out, const char *name, size_t n)
{
	static const struct {
		const char *name;
		char c;
	} entities[] = { { "lt", '<' }, { "gt", '>' }, { "amp", '&' }, { "quot", '"' }, { "apos", '\'' } };
	if (n > 0 && name[0] == '#')
		return add_number(out, name, n);
	for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++)
		if (strlen(entities[i].name) == n && memcmp(entities[i].name, name, n) == 0) {
			tr_str_addc(out, entities[i].c);
			return true;
		}
	return false;
}

static bool add_text(struct parser *x, const char *text, size_t n)
{
	const char *end = text + n;
	while (text < end) {
		const char *amp = memchr(text, '&', (size_t)(end - text));
		if (!amp)
			amp = end;
		if (memchr(text, '\0', (size_t)(amp - text)))
			return false;
		tr_str_addn(&x->text, text, (size_t)(amp - text));
		if (amp == end)
			break;
		const char *semicolon = memchr(amp, ';', (size_t)(end - amp));
		if (!semicolon || !add_entity(&x->text, amp + 1, (size_t)(semicolon - amp - 1)))
			return false;
		text = semicolon + 1;
	}
	return !x->text.failed;
}

/* ---- elements ---- */

static bool end_element(struct parser *x, const char *name, size_t n, struct tr_err *err)
{
	if (x->depth == 0 || strlen(x->names[x->depth - 1]) != n ||
		memcmp(x->names[x->depth - 1], name, n) != 0)
		return malformed(err);
	const char *own = x->names[--x->depth];
	bool ok = true;
	if (x->leaf && x->walk->leaf)
		ok = x->walk->leaf(x->walk->context, x->depth ? x->names[x->depth - 1] : "", own,
			x->text.ptr ? x->text.ptr : "", err);
	else if (!x->leaf && x->walk->end)
		ok = x->walk->end(x->walk->context, own, err);
	x->leaf = false;
	return ok;
}

static bool begin_element(struct parser *x, const char *name, size_t n, struct tr_err *err)
{
	if (x->depth == DEPTH_MAX || n == 0 || n >= NAME_MAX_BYTES || memchr(name, '\0', n))
		return malformed(err);
	memcpy(x->names[x->depth], name, n);
	x->names[x->depth++][n] = '\0';
	x->leaf = true;
	x->text.len = 0;
	if (x->text.ptr)
		x->text.ptr[0] = '\0';
	return true;
}

/* From behind `<` to behind `>`. Attributes are skipped: S3's only one is the namespace. */
static bool tag(struct parser *x, struct tr_err *err)
{
	const char *start = x->p, *close = start;
	for (char quote = 0; close < x->end && (quote || *close != '>'); close++)
		if (quote ? *close == quote : *close == '"' || *close == '\'')
			quote = quote ? 0 : *close;
	if (close == x->end || close == start)
		return malformed(err);
	x->p = close + 1;
	if (*start == '?')
		return true;
	bool ends = *start == '/', empty = close[-1] == '/';
	start += ends;
	size_t n = 0;
	while (start + n < close && !strchr(" \t\r\n/", start[n]))
		n++;
	if (ends)
		return end_element(x, start, n, err);
	return begin_element(x, start, n, err) && (!empty || end_element(x, start, n, err));
}

bool tr_xml_walk(const char *xml, size_t n, const struct tr_xml_walk *walk, struct tr_err *err)
{
	struct parser x = { .p = xml, .end = xml + n, .walk = walk };
	bool ok = true, any = false;
	tr_str_init(&x.text, TEXT_MAX);
	while (ok && x.p < x.end) {
		const char *open = memchr(x.p, '<', (size_t)(x.end - x.p));
		const char *end = open ? open : x.end;
		if (x.depth > 0 && x.leaf)
			ok = add_text(&x, x.p, (size_t)(end - x.p)) || malformed(err);
		x.p = end;
		if (ok && open) {
			x.p++;
			any = true;
			ok = tag(&x, err);
		}
	}
	if (ok && (x.depth > 0 || !any))
		ok = malformed(err);
	tr_str_clear(&x.text);
	return ok;
}
