#include "base/url.h"

#include <ctype.h>
#include <string.h>

/* Digits of a port behind `:`; the scheme's own where there are none. */
static bool parse_port(const char *p, size_t n, struct tr_url *out)
{
	unsigned port = 0;
	if (n == 0 || n > 5)
		return n == 0;
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		port = port * 10 + (unsigned)(p[i] - '0');
	}
	out->port = (uint16_t)port;
	return port > 0 && port <= UINT16_MAX;
}

static bool take_host(const char *p, size_t n, const char *allowed, struct tr_url *out)
{
	if (n == 0 || n >= sizeof out->host)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = (char)tolower((unsigned char)p[i]);
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr(allowed, c)))
			return false;
		out->host[i] = c;
	}
	out->host[n] = '\0';
	return true;
}

bool tr_url_parse(const char *text, struct tr_url *out)
{
	memset(out, 0, sizeof *out);
	out->path = "";
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return false;
	if (strncasecmp(text, "https://", 8) == 0)
		out->tls = true;
	else if (strncasecmp(text, "http://", 7) != 0)
		return false;
	const char *host = text + (out->tls ? 8 : 7);
	size_t authority = strcspn(host, "/?#");
	out->port = out->tls ? 443 : 80;
	out->path = host + authority;
	size_t n;
	if (*host == '[') {
		const char *end = memchr(host, ']', authority);
		if (!end || !take_host(host + 1, (size_t)(end - host) - 1, ":.", out))
			return false;
		n = (size_t)(end - host) + 1;
	} else {
		n = strcspn(host, ":/?#");
		if (!take_host(host, n, "-._", out))
			return false;
	}
	if (n == authority)
		return true;
	return host[n] == ':' && parse_port(host + n + 1, authority - n - 1, out);
}

bool tr_url_same_origin(const struct tr_url *a, const struct tr_url *b)
{
	return a->tls == b->tls && a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool tr_url_is_local(const struct tr_url *url)
{
	const char *h = url->host;
	return strcmp(h, "localhost") == 0 || strcmp(h, "::1") == 0 ||
		(strncmp(h, "127.", 4) == 0 && strspn(h, "0123456789.") == strlen(h));
}
