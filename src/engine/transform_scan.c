/* Finding required fields that a transform never sets, in its preprocessed source. */
#include <ctype.h>
#include <string.h>

#include "engine/transform_gen.h"

/* The next token from *p on, with its length; strings, characters and line markers are
 * stepped over. NULL at the end. */
static const char *next_token(const char **p, size_t *len)
{
	const char *s = *p;
	for (;;) {
		while (*s && isspace((unsigned char)*s))
			s++;
		if (*s == '#') {
			s += strcspn(s, "\n");
		} else if (*s == '"' || *s == '\'') {
			char quote = *s++;
			while (*s && *s != quote)
				s += *s == '\\' && s[1] ? 2 : 1;
			s += *s != '\0';
		} else {
			break;
		}
	}
	if (!*s) {
		*p = s;
		return NULL;
	}
	const char *start = s;
	if (isalnum((unsigned char)*s) || *s == '_') {
		while (isalnum((unsigned char)*s) || *s == '_')
			s++;
	} else if (s[0] == '-' && s[1] == '>') {
		s += 2;
	} else {
		s++;
	}
	*len = (size_t)(s - start);
	*p = s;
	return start;
}

static bool is(const char *token, size_t len, const char *text)
{
	return token && strlen(text) == len && memcmp(token, text, len) == 0;
}

/* Behind the function's definition: where its body starts and what it calls `out`. */
static const char *find_body(const struct tr_transform_spec *spec, const char *source, char *out, size_t size)
{
	size_t len, last_len = 0;
	const char *p = source, *token, *last = NULL;
	char type[256] = "out_";
	char function[160];
	strncat(type, spec->dataset, sizeof type - 5);
	tr_transform_function_name(spec->dataset, function);
	while ((token = next_token(&p, &len))) {
		if (!is(token, len, function))
			continue;
		token = next_token(&p, &len);
		if (!is(token, len, "("))
			continue;
		bool ours = false;
		out[0] = '\0';
		while ((token = next_token(&p, &len)) && !is(token, len, ")")) {
			if (is(token, len, type))
				ours = true;
			if (is(token, len, ",") && ours && !out[0] && last && last_len < size) {
				memcpy(out, last, last_len);
				out[last_len] = '\0';
			}
			last = token;
			last_len = len;
		}
		token = next_token(&p, &len);
		if (is(token, len, "{") && out[0] && strcmp(out, "*") != 0 && strcmp(out, type) != 0)
			return p;
	}
	return NULL;
}

static bool sets_field(const char *body, const char *out, const char *field, bool *escapes)
{
	size_t len;
	const char *p = body, *token;
	while ((token = next_token(&p, &len))) {
		if (!is(token, len, out))
			continue;
		token = next_token(&p, &len);
		if (!is(token, len, "->")) {
			*escapes = true; /* `*out = ...`, `fill(out)`: handed on as a whole */
			return true;
		}
		token = next_token(&p, &len);
		if (is(token, len, field))
			return true;
	}
	return false;
}

const char *tr_transform_unset(const struct tr_transform_spec *spec, const char *source)
{
	char out[128];
	const char *body = find_body(spec, source, out, sizeof out);
	bool escapes = false;
	for (size_t i = 0; body && i < spec->out->n; i++) {
		const struct tr_field *f = &spec->out->fields[i];
		char field[160];
		tr_transform_field_name(spec->out, i, field);
		if (!f->nullable && !sets_field(body, out, field, &escapes))
			return f->name;
		if (escapes)
			return NULL;
	}
	return NULL;
}
