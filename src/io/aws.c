#include "io/aws.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "io/aws_internal.h"
#include "fmt/json_text.h"

#define TARGET_MAX (64u << 10)
#define HEADERS_MAX 48
#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

void tr_aws_reply_clear(struct tr_aws_reply *r)
{
	tr_http_response_clear(&r->http);
	r->code[0] = r->message[0] = '\0';
	r->lost = false;
	r->attempts = 0;
}

/* ---- one attempt ---- */

/* The endpoint taken apart: `https://host:9000/base`. host is without a port that is the
 * scheme's own, as it stands in the Host header. */
struct place {
	char host[300];
	const char *base; /* the path in front of the request's, "" mostly */
	size_t n_origin;  /* bytes of scheme and authority */
};

static bool find_place(const char *endpoint, struct place *out, struct tr_err *err)
{
	bool tls = strncasecmp(endpoint, "https://", 8) == 0;
	const char *host = endpoint + (tls ? 8 : 7);
	if (!tls && strncasecmp(endpoint, "http://", 7) != 0)
		return tr_err_set(err, TR_ERR_INTERNAL, "`%.100s` is no endpoint", endpoint);
	size_t n = strcspn(host, "/");
	out->base = host + n;
	out->n_origin = (size_t)(out->base - endpoint);
	const char *own = tls ? ":443" : ":80";
	size_t n_own = strlen(own);
	if (n > n_own && memcmp(host + n - n_own, own, n_own) == 0)
		n -= n_own;
	if (n == 0 || n >= sizeof out->host)
		return tr_err_set(err, TR_ERR_INTERNAL, "`%.100s` is no endpoint", endpoint);
	memcpy(out->host, host, n);
	out->host[n] = '\0';
	return true;
}

struct attempt {
	const struct tr_aws *aws;
	const struct tr_aws_request *request;
	struct place place;
	const char *sha256;
	char sha256_text[65];
	struct tr_str path, url;
	struct tr_aws_keys keys;
	struct tr_sigv4_signed sig;
	struct tr_http_header headers[HEADERS_MAX];
	size_t n_headers;
};

static void attempt_clear(struct attempt *a)
{
	tr_str_clear(&a->path);
	tr_str_clear(&a->url);
	tr_aws_keys_clear(&a->keys);
	tr_sigv4_signed_clear(&a->sig);
	a->n_headers = 0;
}

static bool sign(struct attempt *a, const struct tr_sigv4_request *what, struct tr_err *err)
{
	if (!tr_aws_credentials_get(a->aws->credentials, &a->keys, err))
		return false;
	const struct tr_sigv4_keys keys = { .access_key = a->keys.access_key,
		.secret_key = a->keys.secret_key,
		.session_token = a->keys.session_token };
	if (!tr_sigv4_sign(what, &keys, &a->sig, err))
		return false;
	a->headers[a->n_headers++] = (struct tr_http_header){ "Authorization", a->sig.authorization };
	a->headers[a->n_headers++] = (struct tr_http_header){ "X-Amz-Date", a->sig.date };
	if (a->sig.security_token[0])
		a->headers[a->n_headers++] =
			(struct tr_http_header){ "X-Amz-Security-Token", a->sig.security_token };
	if (a->request->s3)
		a->headers[a->n_headers++] = (struct tr_http_header){ "X-Amz-Content-Sha256", a->sha256 };
	return true;
}

/* URL and headers of one attempt, signed with the keys and the time of now. */
static bool prepare(struct attempt *a, struct tr_err *err)
{
	const struct tr_aws_request *r = a->request;
	attempt_clear(a);
	tr_str_init(&a->path, TARGET_MAX);
	tr_str_init(&a->url, TARGET_MAX * 4);
	if (r->n_headers > HEADERS_MAX - 5)
		return tr_err_set(err, TR_ERR_INTERNAL, "more than %d headers", HEADERS_MAX - 5);
	tr_str_add(&a->path, a->place.base);
	tr_str_add(&a->path, r->path);
	if (!tr_str_ok(&a->path, err))
		return false;
	const struct tr_sigv4_request what = {
		.method = r->method,
		.host = a->place.host,
		.path = a->path.ptr,
		.query = r->query,
		.n_query = r->n_query,
		.headers = r->headers,
		.n_headers = r->n_headers,
		.payload_hash = a->sha256,
		.region = a->aws->region,
		.service = r->service,
		.s3 = r->s3,
		.time_us = tr_clock_wall_us() + tr_http_clock_offset_us(a->aws->http),
	};
	tr_str_addn(&a->url, r->endpoint, a->place.n_origin);
	tr_sigv4_target(&what, &a->url);
	if (!tr_str_ok(&a->url, err))
		return false;
	for (size_t i = 0; i < r->n_headers; i++)
		a->headers[a->n_headers++] = r->headers[i];
	a->headers[a->n_headers++] = (struct tr_http_header){ "Host", a->place.host };
	return r->unsigned_ || sign(a, &what, err);
}

/* ---- what follows from it ---- */

enum next { AGAIN_LATER, AGAIN_NOW, GIVE_UP, ANSWERED };
struct progress {
	bool renewed, clock_set;
	enum tr_aws_class class;
};

/* After a failure below HTTP. The error stays set unless it is tried again. */
static enum next after_failure(const struct attempt *a, enum tr_http_fate fate, struct tr_aws_reply *reply,
	const struct tr_err *err)
{
	if (fate == TR_HTTP_UNKNOWN && !a->request->idempotent) {
		reply->lost = true;
		return GIVE_UP;
	}
	return err->kind == TR_ERR_TRANSIENT && err->retry ? AGAIN_LATER : GIVE_UP;
}

/* Learn the difference of the clocks. False: the answer says nothing of it, or nothing new. */
static bool set_clock(const struct attempt *a, const struct tr_aws_reply *reply)
{
	int64_t theirs = tr_http_date_us(&reply->http);
	if (!theirs)
		return false;
	tr_http_set_clock_offset(a->aws->http, theirs - tr_clock_wall_us());
	return true;
}

static enum next after_answer(const struct attempt *a, struct progress *p, tr_aws_accept accept,
	struct tr_aws_reply *reply)
{
	p->class = tr_aws_read_answer(a->request, a->request->unsigned_ ? NULL : &a->keys, reply);
	if (p->class == TR_AWS_DONE || (accept && accept(reply)))
		return ANSWERED;
	switch (p->class) {
	case TR_AWS_THROTTLED:
	case TR_AWS_NOT_RECEIVED: return AGAIN_LATER;
	case TR_AWS_TRANSIENT:
		if (a->request->idempotent)
			return AGAIN_LATER;
		reply->lost = true;
		return GIVE_UP;
	case TR_AWS_EXPIRED_KEYS:
		if (p->renewed || a->request->unsigned_)
			return GIVE_UP;
		p->renewed = true;
		tr_aws_credentials_expired(a->aws->credentials, &a->keys);
		return AGAIN_NOW;
	case TR_AWS_SKEWED_CLOCK:
		if (p->clock_set || a->request->unsigned_ || !set_clock(a, reply))
			return GIVE_UP;
		p->clock_set = true;
		return AGAIN_NOW;
	default: return GIVE_UP;
	}
}

/* One attempt and what follows. GIVE_UP: *err is set. */
static enum next attempt_once(struct attempt *a, struct progress *p, tr_aws_accept accept,
	struct tr_aws_reply *reply, struct tr_err *err)
{
	enum tr_http_fate fate;
	const struct tr_aws_request *r = a->request;
	if (!prepare(a, err))
		return GIVE_UP;
	const struct tr_http_request http = {
		.method = r->method,
		.url = a->url.ptr,
		.headers = a->headers,
		.n_headers = a->n_headers,
		.body = r->body,
		.n_body = r->n_body,
		.response_max = r->response_max,
		.once = !r->idempotent,
		.cleanup = r->cleanup,
	};
	reply->attempts++;
	if (!tr_http_send(a->aws->http, &http, &reply->http, &fate, err)) {
		enum next next = after_failure(a, fate, reply, err);
		tr_aws_transport_error(r, reply, err);
		return next;
	}
	enum next next = after_answer(a, p, accept, reply);
	if (next != ANSWERED)
		tr_aws_answer_error(a->aws, r, reply, p->class, err);
	return next;
}

bool tr_aws_send(const struct tr_aws *aws, const struct tr_aws_request *request, tr_aws_accept accept,
	struct tr_aws_reply *reply, struct tr_err *err)
{
	struct attempt a = { .aws = aws, .request = request, .sha256 = request->body_sha256 };
	struct progress p = { 0 };
	bool ok = false;
	tr_aws_reply_clear(reply);
	if (!find_place(request->endpoint, &a.place, err))
		return false;
	if (!a.sha256) {
		tr_sha256_hex(request->body, request->n_body, a.sha256_text);
		a.sha256 = request->n_body ? a.sha256_text : EMPTY_SHA256;
	}
	for (int waits = 0;;) {
		enum next next = attempt_once(&a, &p, accept, reply, err);
		ok = next == ANSWERED;
		if (next == ANSWERED || next == GIVE_UP)
			break;
		if (next == AGAIN_LATER) {
			struct tr_err interrupted = { 0 };
			bool again = false;
			if (!tr_http_again(aws->http, waits++, tr_http_retry_after(&reply->http), &again,
				    &interrupted)) {
				*err = interrupted;
				break;
			}
			if (!again)
				break;
		}
		tr_err_clear(err);
	}
	if (ok)
		tr_http_succeeded(aws->http);
	attempt_clear(&a);
	return ok;
}

/* ---- JSON 1.1 ---- */

bool tr_aws_json(const struct tr_aws *aws, const struct tr_aws_json_call *call, tr_aws_accept accept,
	json_t **out, struct tr_aws_reply *reply, struct tr_err *err)
{
	const struct tr_http_header headers[] = { { "Content-Type", "application/x-amz-json-1.1" },
		{ "X-Amz-Target", call->target } };
	json_error_t where;
	bool ok = false;
	char *text = call->body ? tr_json_text(call->body, JSON_COMPACT, err) : tr_strdup("{}", err);
	*out = NULL;
	tr_aws_reply_clear(reply);
	if (!text)
		return false;
	const struct tr_aws_request request = {
		.service = call->service,
		.action = call->action,
		.subject = call->subject,
		.endpoint = call->endpoint,
		.method = "POST",
		.path = "/",
		.headers = headers,
		.n_headers = 2,
		.body = text,
		.n_body = strlen(text),
		.response_max = call->response_max,
		.idempotent = call->idempotent,
	};
	ok = tr_aws_send(aws, &request, accept, reply, err);
	/* Some calls answer nothing at all. */
	if (ok && !reply->code[0]) {
		const struct tr_buf *body = &reply->http.body;
		*out = body->len ? json_loadb((const char *)body->data, body->len, 0, &where) : json_object();
		ok = *out != NULL;
		if (!ok) {
			tr_err_set(err, TR_ERR_INTERNAL, "%s answered what is no JSON", call->action);
			tr_err_detail(err, "%s", body->len ? where.text : "out of memory");
			tr_err_hint(err, "check that %s is the service's endpoint", call->endpoint);
		}
	}
	free(text);
	return ok;
}
