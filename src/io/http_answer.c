#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "io/http.h"

const char *tr_http_header(const struct tr_http_response *r, const char *name, char *buf, size_t size)
{
	const char *p = r->headers.ptr, *end = p ? p + r->headers.len : NULL;
	size_t n_name = strlen(name);
	while (p && p < end) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		size_t n = eol ? (size_t)(eol - p) : (size_t)(end - p);
		if (n >= n_name + 2 && memcmp(p, name, n_name) == 0 && p[n_name] == ':') {
			size_t len = n - n_name - 2;
			if (len >= size)
				return NULL;
			memcpy(buf, p + n_name + 2, len);
			buf[len] = '\0';
			return buf;
		}
		p = eol ? eol + 1 : end;
	}
	return NULL;
}

/* A date that is none, or of no year of four digits (RFC 9110, section 5.6.7), counts as absent. */
static int64_t date_us(const char *text)
{
	const int64_t year_10000 = 253402300800;
	int64_t t = curl_getdate(text, NULL);
	return t > 0 && t < year_10000 ? t * 1000000 : 0;
}

int64_t tr_http_date_us(const struct tr_http_response *r)
{
	char text[64];
	return tr_http_header(r, "date", text, sizeof text) ? date_us(text) : 0;
}

int64_t tr_http_retry_after(const struct tr_http_response *r)
{
	char text[64], *end;
	if (!tr_http_header(r, "retry-after", text, sizeof text))
		return 0;
	long long s = strtoll(text, &end, 10);
	if (end != text && *end == '\0')
		return s < 0 ? 0 : s;
	int64_t at = date_us(text);
	/* By the server's own clock, where it says one. */
	int64_t now = tr_http_date_us(r);
	int64_t left = at - (now ? now : tr_clock_wall_us());
	return at == 0 || left <= 0 ? 0 : (left + 999999) / 1000000;
}
