#include "io/xml.h"

#include <stdlib.h>
#include <string.h>

/* One piece of markup: [begin, end) includes its angle brackets. */
enum markup { END_OF_INPUT, OPEN, CLOSE, EMPTY, CDATA, SKIPPED };
struct tag {
	enum markup kind;
	size_t begin, end;
	const char *name;
	size_t n_name;
};

static bool begins(const char *xml, size_t n, size_t at, const char *text)
{
	size_t len = strlen(text);
	return len <= n - at && memcmp(xml + at, text, len) == 0;
}

/* The position behind the next `text` from `at`; 0: there is none. */
static size_t behind(const char *xml, size_t n, size_t at, const char *text)
{
	const char *found = at <= n ? memmem(xml + at, n - at, text, strlen(text)) : NULL;
	return found ? (size_t)(found - xml) + strlen(text) : 0;
}

/* The end of a tag whose `<` is at `at`: a `>` outside of quoted attributes. 0: none. */
static size_t tag_end(const char *xml, size_t n, size_t at)
{
	char quote = 0;
	for (; at < n; at++) {
		char c = xml[at];
		if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '>')
			return at + 1;
	}
	return 0;
}

static bool next_tag(const char *xml, size_t n, size_t at, struct tag *out)
{
	const char *lt = at < n ? memchr(xml + at, '<', n - at) : NULL;
	*out = (struct tag){ .kind = END_OF_INPUT, .begin = n, .end = n };
	if (!lt)
		return false;
	size_t begin = (size_t)(lt - xml), end;
	enum markup kind = SKIPPED;
	if (begins(xml, n, begin, "<!--")) {
		end = behind(xml, n, begin + 4, "-->");
	} else if (begins(xml, n, begin, "<![CDATA[")) {
		end = behind(xml, n, begin + 9, "]]>");
		kind = CDATA;
	} else if (begins(xml, n, begin, "<?")) {
		end = behind(xml, n, begin + 2, "?>");
	} else {
		end = tag_end(xml, n, begin + 1);
		if (end && xml[begin + 1] == '/')
			kind = CLOSE;
		else if (end && xml[begin + 1] != '!')
			kind = xml[end - 2] == '/' ? EMPTY : OPEN;
	}
	if (!end)
		return false;
	*out = (struct tag){ .kind = kind, .begin = begin, .end = end };
	if (kind == OPEN || kind == CLOSE || kind == EMPTY) {
		out->name = xml + begin + 1 + (kind == CLOSE);
		const char *stop = xml + end - 1;
		const char *p = out->name;
		while (p < stop && *p != ' ' && *p != '\t' && *p != '\r' && *p != '\n' && *p != '/')
			p++;
		out->n_name = (size_t)(p - out->name);
	}
	return true;
}

static bool named(const struct tag *tag, const char *name)
{
	return tag->n_name == strlen(name) && memcmp(tag->name, name, tag->n_name) == 0;
}

void tr_xml_add_char(struct tr_str *out, unsigned long c)
{
	if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		c = 0xFFFD;
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

/* An entity at text[0] == '&'; how many bytes it takes. What is none stands for itself. */
static size_t add_entity(struct tr_str *out, const char *text, size_t n)
{
	static const struct {
		const char *name, *text;
	} known[] = { { "amp;", "&" }, { "lt;", "<" }, { "gt;", ">" }, { "quot;", "\"" }, { "apos;", "'" } };
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (begins(text, n, 1, known[i].name)) {
			tr_str_add(out, known[i].text);
			return 1 + strlen(known[i].name);
		}
	const char *semicolon = n > 3 && text[1] == '#' ? memchr(text, ';', n < 12 ? n : 12) : NULL;
	if (semicolon) {
		char digits[12] = { 0 }, *end;
		bool hex = text[2] == 'x';
		const char *from = text + 2 + hex;
		if (from < semicolon && *from >= '0' && strchr("+- \t", *from) == NULL) {
			memcpy(digits, from, (size_t)(semicolon - from));
			unsigned long c = strtoul(digits, &end, hex ? 16 : 10);
			if (*end == '\0') {
				tr_xml_add_char(out, c);
				return (size_t)(semicolon - text) + 1;
			}
		}
	}
	tr_str_addc(out, '&');
	return 1;
}

static void add_text(struct tr_str *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n;) {
		const char *amp = memchr(text + i, '&', n - i);
		size_t plain = amp ? (size_t)(amp - text) - i : n - i;
		tr_str_addn(out, text + i, plain);
		i += plain;
		if (amp)
			i += add_entity(out, text + i, n - i);
	}
}

static void add_content(struct tr_str *out, const char *xml, size_t n)
{
	struct tag tag;
	size_t at = 0;
	while (next_tag(xml, n, at, &tag)) {
		if (tag.kind == OPEN || tag.kind == EMPTY || tag.kind == CLOSE) {
			out->len = 0;
			tr_str_addn(out, xml, n);
			return;
		}
		add_text(out, xml + at, tag.begin - at);
		if (tag.kind == CDATA)
			tr_str_addn(out, xml + tag.begin + 9, tag.end - tag.begin - 12);
		at = tag.end;
	}
	add_text(out, xml + at, n - at);
}

bool tr_xml_element(const char *xml, size_t n, size_t *at, const char *name, struct tr_str *out)
{
	struct tag tag;
	size_t pos = *at, begin = 0, depth = 0;
	out->len = 0;
	tr_str_addn(out, "", 0);
	while (next_tag(xml, n, pos, &tag)) {
		pos = tag.end;
		if (tag.kind != OPEN && tag.kind != CLOSE && tag.kind != EMPTY)
			continue;
		if (!named(&tag, name))
			continue;
		if (tag.kind == EMPTY && depth == 0) {
			*at = tag.end;
			return !out->failed;
		}
		if (tag.kind == OPEN && depth++ == 0)
			begin = tag.end;
		if (tag.kind == CLOSE && depth > 0 && --depth == 0) {
			add_content(out, xml + begin, tag.begin - begin);
			*at = tag.end;
			return !out->failed;
		}
	}
	return false;
}
