#include "cli/secret.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hex.h"

#define SECRET_MIN 4
static const char MASK[] = "****";

void tr_secrets_clear(struct tr_secrets *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->texts[i]);
	memset(s, 0, sizeof *s);
}

bool tr_secrets_add(struct tr_secrets *s, const char *text, struct tr_err *err)
{
	if (!text || strlen(text) < SECRET_MIN)
		return true;
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->texts[i], text) == 0)
			return true;
	if (s->n == TR_SECRETS_MAX)
		return tr_err_set(err, TR_ERR_USER, "more than %d secrets", TR_SECRETS_MAX);
	s->texts[s->n] = tr_strdup(text, err);
	if (!s->texts[s->n])
		return false;
	s->n++;
	return true;
}

/* ---- where a password stands ---- */

static bool is_url(const char *text, size_t *authority)
{
	const char *sep = strstr(text, "://");
	if (!sep || sep == text)
		return false;
	for (const char *p = text; p < sep; p++)
		if (!isalnum((unsigned char)*p) && !strchr("+.-", *p))
			return false;
	*authority = (size_t)(sep - text) + 3;
	return true;
}

/* The end of `password=value`'s value: quoted for key=value strings, up to & or blank else. */
static void value_span(const char *text, size_t from, size_t *start, size_t *len)
{
	if (text[from] == '\'') {
		*start = from + 1;
		size_t end = *start;
		while (text[end] && text[end] != '\'')
			end += text[end] == '\\' && text[end + 1] ? 2 : 1;
		*len = end - *start;
		return;
	}
	*start = from;
	*len = strcspn(text + from, "& \t\r\n\"'");
}

static bool span_from(const char *text, size_t from, size_t *start, size_t *len)
{
	const char *best = NULL;
	size_t best_len = 0;
	const char *url = strstr(text + from, "://");
	while (url && !best) {
		const char *authority = url + 3;
		size_t n = strcspn(authority, " \t\r\n\"'`<>");
		/* A password may hold a raw `@` or slash, though it should not: rather too much
		 * is hidden than too little, so that the last `@` of the word ends it. */
		const char *first = memchr(authority, '@', n), *at = memrchr(authority, '@', n);
		const char *colon = first ? memchr(authority, ':', (size_t)(first - authority)) : NULL;
		if (colon && at - colon > 1) {
			best = colon + 1;
			best_len = (size_t)(at - best);
		}
		url = strstr(authority, "://");
	}
	for (const char *p = text + from; (p = strcasestr(p, "password")); p += 8) {
		const char *q = p + 8;
		q += strspn(q, " ");
		if (*q != '=')
			continue;
		q++;
		q += strspn(q, " ");
		size_t at, n;
		value_span(text, (size_t)(q - text), &at, &n);
		if (n > 0 && (!best || text + at < best)) {
			best = text + at;
			best_len = n;
		}
		break;
	}
	if (!best)
		return false;
	*start = (size_t)(best - text);
	*len = best_len;
	return true;
}

bool tr_secret_span(const char *conninfo, size_t *start, size_t *len)
{
	return span_from(conninfo, 0, start, len);
}

/* libpq cuts a URL with a raw slash or colon in the password in other places than its
 * author meant, and quotes the pieces in its messages. */
static bool add_pieces(struct tr_secrets *s, char *text, struct tr_err *err)
{
	char *rest = NULL;
	if (!tr_secrets_add(s, text, err))
		return false;
	if (!text[strcspn(text, "/?#@:")])
		return true;
	for (char *piece = strtok_r(text, "/?#@:", &rest); piece; piece = strtok_r(NULL, "/?#@:", &rest))
		if (!tr_secrets_add(s, piece, err))
			return false;
	return true;
}

bool tr_secrets_add_conninfo(struct tr_secrets *s, const char *conninfo, struct tr_err *err)
{
	size_t from = 0, start, len, authority;
	bool url = is_url(conninfo, &authority);
	while (span_from(conninfo, from, &start, &len)) {
		char *text = tr_strndup(conninfo + start, len, err);
		if (!text)
			return false;
		bool ok = tr_secrets_add(s, text, err);
		if (ok && url) {
			tr_percent_decode(text);
			ok = add_pieces(s, text, err);
		}
		free(text);
		if (!ok)
			return false;
		from = start + len;
	}
	return true;
}

/* ---- scrubbing ---- */

static void replace(char *text, size_t size, size_t start, size_t len)
{
	size_t mask = sizeof MASK - 1, total = strlen(text);
	size_t tail = total - start - len;
	if (start + mask + 1 > size) {
		text[start] = '\0';
		return;
	}
	if (start + mask + tail + 1 > size)
		tail = size - start - mask - 1;
	memmove(text + start + mask, text + start + len, tail);
	memcpy(text + start, MASK, mask);
	text[start + mask + tail] = '\0';
}

void tr_secrets_scrub(const struct tr_secrets *s, char *text, size_t size)
{
	size_t from = 0, start, len;
	while (from < strlen(text) && span_from(text, from, &start, &len)) {
		replace(text, size, start, len);
		from = start + sizeof MASK - 1;
	}
	for (size_t i = 0; i < s->n; i++) {
		char *p = text;
		while ((p = strstr(p, s->texts[i]))) {
			size_t at = (size_t)(p - text);
			replace(text, size, at, strlen(s->texts[i]));
			if (at + sizeof MASK - 1 >= size || strlen(text) <= at + sizeof MASK - 1)
				break;
			p = text + at + sizeof MASK - 1;
		}
	}
}

void tr_secrets_scrub_err(const struct tr_secrets *s, struct tr_err *err)
{
	tr_secrets_scrub(s, err->what, sizeof err->what);
	tr_secrets_scrub(s, err->detail, sizeof err->detail);
	tr_secrets_scrub(s, err->hint, sizeof err->hint);
	tr_secrets_scrub(s, err->place.excerpt, sizeof err->place.excerpt);
	tr_secrets_scrub(s, err->place.file, sizeof err->place.file);
	tr_secrets_scrub(s, err->place.row_key, sizeof err->place.row_key);
}
