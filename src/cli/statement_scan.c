/* The little of SQL's lexical structure that is needed to find names and the end of a
 * statement: identifiers, literals, dollar quotes, comments. */
#include "cli/statement.h"

#include <ctype.h>
#include <stdlib.h>

enum token { TOKEN_END, TOKEN_NAME, TOKEN_QUOTED_NAME, TOKEN_SEMICOLON, TOKEN_OPEN, TOKEN_OTHER };

static bool starts_name(char c)
{
	return isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool continues_name(char c)
{
	return starts_name(c) || isdigit((unsigned char)c) || c == '$';
}

/* Behind a text that begins with `quote` at p; doubled quotes stay inside. NULL: it is open. */
static const char *past_quote(const char *p, char quote)
{
	for (p++; *p; p++) {
		if (*p != quote)
			continue;
		if (p[1] != quote)
			return p + 1;
		p++;
	}
	return NULL;
}

static const char *past_dollar(const char *p)
{
	size_t tag = 1;
	while (isalnum((unsigned char)p[tag]) || p[tag] == '_')
		tag++;
	if (p[tag] != '$')
		return p + 1; /* a parameter */
	tag++;
	for (const char *q = p + tag; *q; q++)
		if (strncmp(q, p, tag) == 0)
			return q + tag;
	return NULL;
}

static const char *past_comment(const char *p)
{
	if (p[0] == '-') {
		p += strcspn(p, "\n");
		return p;
	}
	const char *end = strstr(p + 2, "*/");
	return end ? end + 2 : NULL;
}

/* The token at *p, which moves behind it; *start is where it begins. */
static enum token next_token(const char **p, const char **start)
{
	const char *s = *p, *after = NULL;
	for (;;) {
		while (isspace((unsigned char)*s))
			s++;
		bool comment = (s[0] == '-' && s[1] == '-') || (s[0] == '/' && s[1] == '*');
		if (!comment)
			break;
		s = past_comment(s);
		if (!s)
			return TOKEN_OPEN;
	}
	*start = s;
	enum token token = TOKEN_OTHER;
	if (!*s) {
		token = TOKEN_END;
		after = s;
	} else if (*s == '"') {
		token = TOKEN_QUOTED_NAME;
		after = past_quote(s, '"');
	} else if (*s == '\'') {
		after = past_quote(s, '\'');
	} else if (*s == '$') {
		after = past_dollar(s);
	} else if (starts_name(*s)) {
		token = TOKEN_NAME;
		for (after = s; continues_name(*after);)
			after++;
	} else if (isdigit((unsigned char)*s)) {
		for (after = s; continues_name(*after) || *after == '.';)
			after++;
	} else {
		token = *s == ';' ? TOKEN_SEMICOLON : TOKEN_OTHER;
		after = s + 1;
	}
	if (!after)
		return TOKEN_OPEN;
	*p = after;
	return token;
}

static char *unquote(const char *start, const char *end, bool quoted, struct tr_err *err)
{
	char *name = tr_strndup(start + quoted, (size_t)(end - start) - 2 * quoted, err);
	if (!name || !quoted)
		return name;
	char *to = name;
	for (const char *p = name; *p; p++) {
		*to++ = *p;
		if (p[0] == '"' && p[1] == '"')
			p++;
	}
	*to = '\0';
	return name;
}

bool tr_statement_is_open(const char *sql)
{
	const char *p = sql, *start;
	enum token token;
	do
		token = next_token(&p, &start);
	while (token != TOKEN_END && token != TOKEN_OPEN);
	return token == TOKEN_OPEN;
}

bool tr_statement_identifiers(const char *sql, tr_identifier_fn each, void *context, struct tr_err *err)
{
	const char *p = sql, *start;
	for (;;) {
		enum token token = next_token(&p, &start);
		if (token == TOKEN_END || token == TOKEN_OPEN)
			return true;
		if (token != TOKEN_NAME && token != TOKEN_QUOTED_NAME)
			continue;
		char *name = unquote(start, p, token == TOKEN_QUOTED_NAME, err);
		bool ok = name && each(context, name, err);
		free(name);
		if (!ok)
			return false;
	}
}

bool tr_statement_complete(const char *sql, size_t *end)
{
	const char *p = sql, *start;
	for (;;) {
		enum token token = next_token(&p, &start);
		if (token == TOKEN_SEMICOLON) {
			*end = (size_t)(start - sql);
			return true;
		}
		if (token == TOKEN_END || token == TOKEN_OPEN)
			return false;
	}
}
