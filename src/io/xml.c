#include "io/xml.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void tr_xml_init(struct tr_xml *x, const char *xml, size_t n)
{
	*x = (struct tr_xml){ .p = n ? xml : "" };
	x->end = x->p + n;
	tr_str_init(&x->content, TR_XML_TEXT);
	if (n >= 3 && memcmp(xml, "\xEF\xBB\xBF", 3) == 0)
		x->p += 3;
}

void tr_xml_clear(struct tr_xml *x)
{
	tr_str_clear(&x->content);
	*x = (struct tr_xml){ 0 };
}

/* ---- text ---- */

static void add_char(struct tr_str *out, unsigned long c)
{
	if (c < 0x80) {
		tr_str_addc(out, (char)c);
	} else if (c < 0x800) {
		tr_str_addc(out, (char)(0xC0 | c >> 6));
		tr_str_addc(out, (char)(0x80 | (c & 63)));
	} else if (c < 0x10000) {
		tr_str_addc(out, (char)(0xE0 | c >> 12));
		tr_str_addc(out, (char)(0x80 | (c >> 6 & 63)));
		tr_str_addc(out, (char)(0x80 | (c & 63)));
	} else {
		tr_str_addc(out, (char)(0xF0 | c >> 18));
		tr_str_addc(out, (char)(0x80 | (c >> 12 & 63)));
		tr_str_addc(out, (char)(0x80 | (c >> 6 & 63)));
		tr_str_addc(out, (char)(0x80 | (c & 63)));
	}
}

/* `#34` or `#x22`, n bytes. */
static bool add_number(struct tr_str *out, const char *text, size_t n)
{
	char digits[12];
	bool hex = n > 1 && text[1] == 'x';
	size_t skip = hex ? 2 : 1;
	if (n <= skip || n - skip > 8)
		return false;
	memcpy(digits, text + skip, n - skip);
	digits[n - skip] = '\0';
	if (strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") != n - skip)
		return false;
	unsigned long c = strtoul(digits, NULL, hex ? 16 : 10);
	if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
		return false;
	add_char(out, c);
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

/* Text without entities. */
static bool add_plain(struct tr_str *out, const char *text, size_t n)
{
	if (memchr(text, '\0', n))
		return false;
	tr_str_addn(out, text, n);
	return !out->failed;
}

static bool add_text(struct tr_str *out, const char *text, const char *end)
{
	while (text < end) {
		const char *amp = memchr(text, '&', (size_t)(end - text));
		if (!add_plain(out, text, (size_t)((amp ? amp : end) - text)))
			return false;
		if (!amp)
			break;
		const char *semicolon = memchr(amp, ';', (size_t)(end - amp));
		if (!semicolon || !add_entity(out, amp + 1, (size_t)(semicolon - amp - 1)))
			return false;
		text = semicolon + 1;
	}
	return !out->failed;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Up to the next `<`. */
static bool text(struct tr_xml *x)
{
	const char *from = x->p;
	const char *open = memchr(from, '<', (size_t)(x->end - from));
	x->p = open ? open : x->end;
	if (x->depth > 0)
		return !x->leaf || add_text(&x->content, from, x->p);
	while (from < x->p && is_space(*from))
		from++;
	return from == x->p;
}

/* ---- markup ---- */

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 || (c && strchr("_-.:", c));
}

/* How much of [from, end) is a name; n: it is too long. */
static size_t name_length(const char *from, const char *end)
{
	size_t n = 0;
	while (from + n < end && n < TR_XML_NAME && is_name_char(from[n]))
		n++;
	return n;
}

static bool begin_element(struct tr_xml *x, const char *name, size_t n)
{
	if (x->depth == TR_XML_DEPTH || x->whole || n == 0 || n == TR_XML_NAME)
		return false;
	memcpy(x->names[x->depth], name, n);
	x->names[x->depth++][n] = '\0';
	x->leaf = true;
	x->content.len = 0;
	tr_str_addn(&x->content, "", 0);
	return !x->content.failed;
}

static bool end_element(struct tr_xml *x, const char *name, size_t n)
{
	if (x->depth == 0)
		return false;
	x->name = x->names[x->depth - 1];
	if (strlen(x->name) != n || memcmp(x->name, name, n) != 0)
		return false;
	x->depth--;
	x->parent = x->depth ? x->names[x->depth - 1] : "";
	x->text = x->leaf ? x->content.ptr : NULL;
	x->leaf = false;
	x->whole = x->depth == 0;
	return true;
}

/* The `>` of a tag, outside of quoted attributes. NULL: none. */
static const char *tag_end(const char *p, const char *end)
{
	char quote = 0;
	for (; p < end; p++) {
		if (quote)
			quote = *p == quote ? 0 : quote;
		else if (*p == '"' || *p == '\'')
			quote = *p;
		else if (*p == '>')
			return p;
		else if (*p == '<')
			return NULL;
	}
	return NULL;
}

/* Attributes are passed over: services have none but the namespace's. */
static bool tag(struct tr_xml *x, bool *ended)
{
	const char *name = x->p + 1, *close = tag_end(name, x->end);
	if (!close)
		return false;
	x->p = close + 1;
	bool ends = *name == '/', empty = !ends && close[-1] == '/';
	name += ends;
	size_t n = name_length(name, close);
	const char *rest = name + n, *last = close - empty;
	if (rest < last && !is_space(*rest))
		return false;
	*ended = ends || empty;
	if (!ends)
		return begin_element(x, name, n) && (!empty || end_element(x, name, n));
	while (rest < last && is_space(*rest))
		rest++;
	return rest == last && end_element(x, name, n);
}

/* Where `opening` stands at x->p: *from and *to become what lies before `closing`, x->p what
 * lies behind it; *to is NULL where that is missing. False: something else stands there. */
static bool enclosed(struct tr_xml *x, const char *opening, const char *closing, const char **from,
	const char **to)
{
	size_t n = strlen(opening), left = (size_t)(x->end - x->p);
	if (left < n || memcmp(x->p, opening, n) != 0)
		return false;
	*from = x->p + n;
	*to = memmem(*from, left - n, closing, strlen(closing));
	if (*to)
		x->p = *to + strlen(closing);
	return true;
}

/* What begins with `<`. */
static bool markup(struct tr_xml *x, bool *ended)
{
	const char *from, *to;
	if (enclosed(x, "<!--", "-->", &from, &to) || enclosed(x, "<?", "?>", &from, &to))
		return to != NULL;
	if (!enclosed(x, "<![CDATA[", "]]>", &from, &to))
		return tag(x, ended);
	return to && x->depth > 0 && (!x->leaf || add_plain(&x->content, from, (size_t)(to - from)));
}

bool tr_xml_next(struct tr_xml *x, bool *ended, struct tr_err *err)
{
	bool ok = true;
	*ended = false;
	while (ok && !*ended && x->p < x->end)
		ok = *x->p == '<' ? markup(x, ended) : text(x);
	if (ok && (*ended || x->whole))
		return true;
	*ended = x->whole = false;
	x->p = x->end;
	tr_err_set(err, TR_ERR_INTERNAL, "the server's answer is not whole and well-formed XML");
	return tr_err_hint(err, "check that the endpoint is the service's address");
}

bool tr_xml_find(const char *xml, size_t n, const char *parent, const char *name, struct tr_str *out)
{
	struct tr_xml x;
	struct tr_err ignored = { 0 };
	bool ended, found = false;
	tr_xml_init(&x, xml, n);
	while (!found && tr_xml_next(&x, &ended, &ignored) && ended)
		found = x.text && strcmp(x.name, name) == 0 && (!parent || strcmp(x.parent, parent) == 0);
	out->len = 0;
	tr_str_add(out, found ? x.text : "");
	tr_xml_clear(&x);
	return found && !out->failed;
}

void tr_xml_escape(struct tr_str *out, const char *text)
{
	for (; *text; text++)
		if (strchr("&<>\"", *text))
			tr_str_addf(out, "&#%d;", *text);
		else
			tr_str_addc(out, *text);
}
