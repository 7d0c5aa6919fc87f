#include "io/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define TEXT_MAX (1u << 20)
#define HEADERS_MAX 64 /* of one request, ours included */
#define QUERY_MAX 64

/* ---- pieces ---- */

static void to_hex(const uint8_t *bytes, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * n] = '\0';
}

void tr_sha256_hex(const void *bytes, size_t n, char out[65])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA256(n ? bytes : "", n, digest);
	to_hex(digest, sizeof digest, out);
}

static bool hmac(const uint8_t *key, size_t n_key, const char *text, uint8_t out[32], struct tr_err *err)
{
	unsigned n = 0;
	if (!HMAC(EVP_sha256(), key, (int)n_key, (const uint8_t *)text, strlen(text), out, &n) || n != 32)
		return tr_err_set(err, TR_ERR_INTERNAL, "HMAC-SHA256 could not be computed");
	return true;
}

static bool is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
		c == '_' || c == '.' || c == '~';
}

void tr_uri_encode(struct tr_str *out, const char *text, size_t n, bool keep_slash)
{
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < n; i++) {
		char c = text[i];
		if (is_unreserved(c) || (c == '/' && keep_slash)) {
			tr_str_addc(out, c);
		} else {
			char code[3] = { '%', digits[(uint8_t)c >> 4], digits[(uint8_t)c & 15] };
			tr_str_addn(out, code, 3);
		}
	}
}

/* Without `.` and `..` parts and empty ones, as RFC 3986 section 5.2.4 has it; a slash at the
 * end stays. */
static void normalise(struct tr_str *out, const char *path)
{
	size_t depth_at[256];
	size_t depth = 0;
	bool folder = true;
	tr_str_addc(out, '/');
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");
		bool slash = p[n] == '/';
		bool dot = n == 1 && p[0] == '.', up = n == 2 && p[0] == '.' && p[1] == '.';
		if (up && depth > 0 && !out->failed) {
			out->len = depth_at[--depth];
			out->ptr[out->len] = '\0';
		}
		if (n > 0 && !dot && !up) {
			if (depth == sizeof depth_at / sizeof *depth_at) {
				out->failed = true;
				return;
			}
			depth_at[depth++] = out->len;
			tr_str_addn(out, p, n);
			tr_str_addc(out, '/');
		}
		folder = slash || dot || up;
		p += n + slash;
	}
	if (!folder && out->len > 1 && !out->failed)
		out->ptr[--out->len] = '\0';
}

static void add_wire_path(struct tr_str *out, const struct tr_sigv4_request *r)
{
	if (r->path_encoded)
		tr_str_add(out, r->path);
	else
		tr_uri_encode(out, r->path, strlen(r->path), true);
}

static bool add_canonical_path(struct tr_str *out, const struct tr_sigv4_request *r, struct tr_err *err)
{
	struct tr_str wire, normal;
	if (r->s3) {
		add_wire_path(out, r);
		return true;
	}
	tr_str_init(&wire, TEXT_MAX);
	tr_str_init(&normal, TEXT_MAX);
	add_wire_path(&wire, r);
	bool ok = tr_str_ok(&wire, err);
	if (ok)
		normalise(&normal, wire.ptr ? wire.ptr : "");
	ok = ok && tr_str_ok(&normal, err);
	if (ok)
		tr_uri_encode(out, normal.ptr, normal.len, true);
	tr_str_clear(&wire);
	tr_str_clear(&normal);
	return ok;
}

/* ---- the query ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Encoded `key=value` pairs, sorted by key and then value. In the encoded text `=` sorts after
 * `-`, `.`, `%` and digits, so a key that another begins with is compared with a low separator
 * in place of the `=`. */
static bool add_query(struct tr_str *out, const struct tr_sigv4_pair *query, size_t n, struct tr_err *err)
{
	char *pairs[QUERY_MAX] = { 0 };
	bool ok = false;
	size_t done = 0;
	if (n > QUERY_MAX)
		return tr_err_set(err, TR_ERR_INTERNAL, "a query of more than %d parameters", QUERY_MAX);
	for (; done < n; done++) {
		struct tr_str pair;
		tr_str_init(&pair, TEXT_MAX);
		tr_uri_encode(&pair, query[done].name, strlen(query[done].name), false);
		tr_str_addc(&pair, '\x01');
		tr_uri_encode(&pair, query[done].value, strlen(query[done].value), false);
		pairs[done] = tr_str_take(&pair, err);
		tr_str_clear(&pair);
		if (!pairs[done])
			goto out;
	}
	qsort(pairs, n, sizeof *pairs, by_text);
	for (size_t i = 0; i < n; i++) {
		*strchr(pairs[i], '\x01') = '=';
		if (i)
			tr_str_addc(out, '&');
		tr_str_add(out, pairs[i]);
	}
	ok = true;
out:
	for (size_t i = 0; i < done; i++)
		free(pairs[i]);
	return ok;
}

void tr_sigv4_target(const struct tr_sigv4_request *r, struct tr_str *out)
{
	struct tr_err ignored = { 0 };
	add_wire_path(out, r);
	if (r->n_query)
		tr_str_addc(out, '?');
	if (!add_query(out, r->query, r->n_query, &ignored))
		out->failed = true;
}

/* ---- the headers ---- */

/* What is signed: borrowed pairs, sorted by lower-case name; equal names keep their order. */
struct signed_headers {
	struct tr_http_header items[HEADERS_MAX];
	size_t n;
};

static bool add_signed(struct signed_headers *h, const char *name, const char *value, struct tr_err *err)
{
	if (h->n == HEADERS_MAX)
		return tr_err_set(err, TR_ERR_INTERNAL, "more than %d headers to sign", HEADERS_MAX);
	size_t at = h->n++;
	for (; at > 0 && strcasecmp(h->items[at - 1].name, name) > 0; at--)
		h->items[at] = h->items[at - 1];
	h->items[at] = (struct tr_http_header){ name, value };
	return true;
}

static void add_lower(struct tr_str *out, const char *text)
{
	for (; *text; text++)
		tr_str_addc(out, *text >= 'A' && *text <= 'Z' ? (char)(*text + 32) : *text);
}

/* Without white space at the ends; runs of it inside become one blank. */
static void add_trimmed(struct tr_str *out, const char *value)
{
	bool gap = false, any = false;
	for (; *value; value++) {
		if (*value == ' ' || *value == '\t' || *value == '\n' || *value == '\r') {
			gap = any;
			continue;
		}
		if (gap)
			tr_str_addc(out, ' ');
		gap = false;
		any = true;
		tr_str_addc(out, *value);
	}
}

static bool same_name(const struct signed_headers *h, size_t i)
{
	return i > 0 && strcasecmp(h->items[i - 1].name, h->items[i].name) == 0;
}

static void add_canonical_headers(struct tr_str *out, const struct signed_headers *h)
{
	for (size_t i = 0; i < h->n; i++) {
		if (same_name(h, i)) {
			tr_str_addc(out, ',');
		} else {
			if (i)
				tr_str_addc(out, '\n');
			add_lower(out, h->items[i].name);
			tr_str_addc(out, ':');
		}
		add_trimmed(out, h->items[i].value);
	}
	tr_str_addc(out, '\n');
}

static void add_names(struct tr_str *out, const struct signed_headers *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (!same_name(h, i)) {
			if (i)
				tr_str_addc(out, ';');
			add_lower(out, h->items[i].name);
		}
}

/* ---- the signature ---- */

struct scope {
	char date[17];  /* 20150830T123600Z */
	char text[256]; /* 20150830/us-east-1/service/aws4_request */
};

static bool make_scope(const struct tr_sigv4_request *r, struct scope *out, struct tr_err *err)
{
	time_t s = (time_t)(r->time_us / 1000000);
	struct tm tm;
	if (!gmtime_r(&s, &tm) || strftime(out->date, sizeof out->date, "%Y%m%dT%H%M%SZ", &tm) != 16)
		return tr_err_set(err, TR_ERR_INTERNAL, "the clock shows a date that cannot be signed");
	if ((size_t)snprintf(out->text, sizeof out->text, "%.8s/%s/%s/aws4_request", out->date, r->region,
		    r->service) >= sizeof out->text)
		return tr_err_set(err, TR_ERR_USER, "`%.60s` is no AWS region", r->region);
	return true;
}

/* string_to_sign from the canonical request, and its signature. */
static bool sign_text(const struct tr_sigv4_request *r, const struct tr_sigv4_keys *keys,
	const struct scope *scope, const char *canonical, char **to_sign, char signature[65],
	struct tr_err *err)
{
	struct tr_str text;
	char hash[65], day[9];
	uint8_t key[32];
	tr_str_init(&text, TEXT_MAX);
	tr_sha256_hex(canonical, strlen(canonical), hash);
	tr_str_addf(&text, "AWS4-HMAC-SHA256\n%s\n%s\n%s", scope->date, scope->text, hash);
	*to_sign = tr_str_take(&text, err);
	tr_str_clear(&text);
	if (!*to_sign)
		return false;
	tr_str_init(&text, TEXT_MAX);
	tr_str_addf(&text, "AWS4%s", keys->secret_key);
	snprintf(day, sizeof day, "%.8s", scope->date);
	bool ok = tr_str_ok(&text, err) && hmac((const uint8_t *)text.ptr, text.len, day, key, err) &&
		hmac(key, 32, r->region, key, err) && hmac(key, 32, r->service, key, err) &&
		hmac(key, 32, "aws4_request", key, err) && hmac(key, 32, *to_sign, key, err);
	if (text.ptr)
		OPENSSL_cleanse(text.ptr, text.len);
	tr_str_clear(&text);
	to_hex(key, sizeof key, signature);
	return ok;
}

static bool canonical_request(const struct tr_sigv4_request *r, const struct tr_sigv4_pair *query,
	size_t n_query, const struct signed_headers *headers, char **out, struct tr_err *err)
{
	struct tr_str text;
	tr_str_init(&text, TEXT_MAX);
	tr_str_addf(&text, "%s\n", r->method);
	bool ok = add_canonical_path(&text, r, err);
	tr_str_addc(&text, '\n');
	ok = ok && add_query(&text, query, n_query, err);
	tr_str_addc(&text, '\n');
	add_canonical_headers(&text, headers);
	tr_str_addc(&text, '\n');
	add_names(&text, headers);
	tr_str_addf(&text, "\n%s", r->payload_hash);
	if (ok)
		ok = (*out = tr_str_take(&text, err)) != NULL;
	tr_str_clear(&text);
	return ok;
}

void tr_sigv4_signed_clear(struct tr_sigv4_signed *s)
{
	free(s->authorization);
	free(s->security_token);
	free(s->canonical_request);
	free(s->string_to_sign);
	*s = (struct tr_sigv4_signed){ 0 };
}

bool tr_sigv4_sign(const struct tr_sigv4_request *r, const struct tr_sigv4_keys *keys,
	struct tr_sigv4_signed *out, struct tr_err *err)
{
	struct signed_headers headers = { .n = 0 };
	struct scope scope;
	struct tr_str text;
	char signature[65];
	*out = (struct tr_sigv4_signed){ 0 };
	tr_str_init(&text, TEXT_MAX);
	if (!make_scope(r, &scope, err) || !add_signed(&headers, "host", r->host, err) ||
		!add_signed(&headers, "x-amz-date", scope.date, err))
		return false;
	if (keys->session_token && !add_signed(&headers, "x-amz-security-token", keys->session_token, err))
		return false;
	if (r->s3 && !add_signed(&headers, "x-amz-content-sha256", r->payload_hash, err))
		return false;
	for (size_t i = 0; i < r->n_headers; i++)
		if (!add_signed(&headers, r->headers[i].name, r->headers[i].value, err))
			return false;
	memcpy(out->date, scope.date, sizeof out->date);
	out->security_token = tr_strdup(keys->session_token ? keys->session_token : "", err);
	if (!out->security_token ||
		!canonical_request(r, r->query, r->n_query, &headers, &out->canonical_request, err) ||
		!sign_text(r, keys, &scope, out->canonical_request, &out->string_to_sign, signature, err))
		goto fail;
	tr_str_addf(&text, "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=", keys->access_key, scope.text);
	add_names(&text, &headers);
	tr_str_addf(&text, ", Signature=%s", signature);
	out->authorization = tr_str_take(&text, err);
	tr_str_clear(&text);
	if (out->authorization)
		return true;
fail:
	tr_sigv4_signed_clear(out);
	return false;
}

bool tr_sigv4_presign(const struct tr_sigv4_request *r, const struct tr_sigv4_keys *keys, int expires_s,
	char **target, struct tr_err *err)
{
	struct signed_headers headers = { .n = 0 };
	struct tr_sigv4_pair query[QUERY_MAX];
	struct scope scope;
	struct tr_str names, credential, text;
	char signature[65], expires[16], *canonical = NULL, *to_sign = NULL;
	size_t n = 0;
	bool ok = false;
	*target = NULL;
	if (r->n_query > QUERY_MAX - 6)
		return tr_err_set(err, TR_ERR_INTERNAL, "a query of more than %d parameters", QUERY_MAX - 6);
	tr_str_init(&names, TEXT_MAX);
	tr_str_init(&credential, TEXT_MAX);
	tr_str_init(&text, TEXT_MAX);
	if (!make_scope(r, &scope, err) || !add_signed(&headers, "host", r->host, err))
		goto out;
	for (size_t i = 0; i < r->n_headers; i++)
		if (!add_signed(&headers, r->headers[i].name, r->headers[i].value, err))
			goto out;
	add_names(&names, &headers);
	tr_str_addf(&credential, "%s/%s", keys->access_key, scope.text);
	if (!tr_str_ok(&names, err) || !tr_str_ok(&credential, err))
		goto out;
	snprintf(expires, sizeof expires, "%d", expires_s);
	for (; n < r->n_query; n++)
		query[n] = r->query[n];
	query[n++] = (struct tr_sigv4_pair){ "X-Amz-Algorithm", "AWS4-HMAC-SHA256" };
	query[n++] = (struct tr_sigv4_pair){ "X-Amz-Credential", credential.ptr };
	query[n++] = (struct tr_sigv4_pair){ "X-Amz-Date", scope.date };
	query[n++] = (struct tr_sigv4_pair){ "X-Amz-Expires", expires };
	query[n++] = (struct tr_sigv4_pair){ "X-Amz-SignedHeaders", names.ptr };
	if (keys->session_token)
		query[n++] = (struct tr_sigv4_pair){ "X-Amz-Security-Token", keys->session_token };
	if (!canonical_request(r, query, n, &headers, &canonical, err) ||
		!sign_text(r, keys, &scope, canonical, &to_sign, signature, err))
		goto out;
	add_wire_path(&text, r);
	tr_str_addc(&text, '?');
	if (!add_query(&text, query, n, err))
		goto out;
	tr_str_addf(&text, "&X-Amz-Signature=%s", signature);
	*target = tr_str_take(&text, err);
	ok = *target != NULL;
out:
	tr_str_clear(&names);
	tr_str_clear(&credential);
	tr_str_clear(&text);
	free(canonical);
	free(to_sign);
	return ok;
}
