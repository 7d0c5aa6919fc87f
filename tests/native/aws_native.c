/* Signing and calling AWS services for Python: a request as JSON in, what came of it as JSON out. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "io/aws.h"

#define PAIRS_MAX 32

static const char *text_of(const json_t *in, const char *name)
{
	return json_string_value(json_object_get(in, name));
}

/* [[name, value], ...] */
static size_t pairs_of(const json_t *in, const char *name, struct tr_sigv4_pair *out)
{
	const json_t *list = json_object_get(in, name), *pair;
	size_t i, n = 0;
	json_array_foreach(list, i, pair) if (n < PAIRS_MAX) out[n++] =
		(struct tr_sigv4_pair){ json_string_value(json_array_get(pair, 0)),
			json_string_value(json_array_get(pair, 1)) };
	return n;
}

static size_t headers_of(const json_t *in, struct tr_http_header *out)
{
	struct tr_sigv4_pair pairs[PAIRS_MAX];
	size_t n = pairs_of(in, "headers", pairs);
	for (size_t i = 0; i < n; i++)
		out[i] = (struct tr_http_header){ pairs[i].name, pairs[i].value };
	return n;
}

/* *out (owned): authorization, target (path and query on the wire), presigned (where `expires`
 * is given, in place of authorization). */
bool trtest_aws_sign(const char *request, char **out, struct tr_err *err)
{
	struct tr_sigv4_pair query[PAIRS_MAX];
	struct tr_http_header headers[PAIRS_MAX];
	struct tr_sigv4_signed s = { 0 };
	struct tr_str target;
	char *presigned = NULL;
	json_t *in = json_loads(request, 0, NULL);
	const struct tr_sigv4_keys keys = { text_of(in, "access_key"), text_of(in, "secret_key"),
		text_of(in, "token") };
	const struct tr_sigv4_request r = {
		.method = text_of(in, "method"),
		.host = text_of(in, "host"),
		.path = text_of(in, "path"),
		.query = query,
		.n_query = pairs_of(in, "query", query),
		.headers = headers,
		.n_headers = headers_of(in, headers),
		.payload_hash = text_of(in, "payload_hash"),
		.region = text_of(in, "region"),
		.service = text_of(in, "service"),
		.s3 = json_is_true(json_object_get(in, "s3")),
		.time_us = json_integer_value(json_object_get(in, "time_s")) * 1000000,
	};
	int expires = (int)json_integer_value(json_object_get(in, "expires"));
	tr_str_init(&target, 1 << 20);
	tr_sigv4_target(&r, &target);
	bool ok = expires ? tr_sigv4_presign(&r, &keys, expires, &presigned, err)
			  : tr_sigv4_sign(&r, &keys, &s, err);
	*out = NULL;
	if (ok && tr_str_ok(&target, err)) {
		json_t *answer = json_pack("{s:s?, s:s, s:s?}", "authorization", s.authorization, "target",
			target.ptr, "presigned", presigned);
		*out = json_dumps(answer, 0);
		json_decref(answer);
	}
	free(presigned);
	tr_str_clear(&target);
	tr_sigv4_signed_clear(&s);
	json_decref(in);
	return *out != NULL;
}

static const char *from_object(void *context, const char *name)
{
	return json_string_value(json_object_get(context, name));
}

static bool send_request(const json_t *in, const struct tr_aws *aws, struct tr_aws_reply *reply,
	struct tr_err *err)
{
	struct tr_sigv4_pair query[PAIRS_MAX];
	struct tr_http_header headers[PAIRS_MAX];
	const char *body = text_of(in, "body");
	const struct tr_aws_request r = {
		.service = text_of(in, "service"),
		.action = text_of(in, "action"),
		.subject = text_of(in, "subject"),
		.endpoint = text_of(in, "endpoint"),
		.method = text_of(in, "method"),
		.path = text_of(in, "path"),
		.query = query,
		.n_query = pairs_of(in, "query", query),
		.headers = headers,
		.n_headers = headers_of(in, headers),
		.body = body,
		.n_body = body ? strlen(body) : 0,
		.idempotent = true,
		.s3 = json_is_true(json_object_get(in, "s3")),
	};
	return tr_aws_send(aws, &r, NULL, reply, err);
}

/* One call with the credentials of the environment in `env`, our clock set off by clock_off_s.
 * *out (owned): status, attempts, headers, body. */
bool trtest_aws_send(const char *request, char **out, struct tr_err *err)
{
	json_t *in = json_loads(request, 0, NULL);
	json_t *env = json_object_get(in, "env");
	struct tr_aws_reply reply = { 0 };
	struct tr_aws aws = { .region = text_of(in, "region"), .env = from_object, .env_context = env };
	const struct tr_http_options http = { .backoff_ms = 10, .env = from_object, .env_context = env };
	struct tr_aws_credentials_options options = { .region = aws.region,
		.env = from_object,
		.env_context = env };
	*out = NULL;
	if (!tr_http_new(&http, &aws.http, err))
		goto out;
	tr_http_set_clock_offset(aws.http, json_integer_value(json_object_get(in, "clock_off_s")) * 1000000);
	options.http = aws.http;
	if (tr_aws_credentials_new(&options, &aws.credentials, err) && send_request(in, &aws, &reply, err)) {
		json_t *answer = json_pack("{s:i, s:i, s:s, s:s%}", "status", (int)reply.http.status,
			"attempts", reply.attempts, "headers", reply.http.headers.ptr, "body",
			reply.http.body.len ? (const char *)reply.http.body.data : "", reply.http.body.len);
		*out = json_dumps(answer, 0);
		json_decref(answer);
	}
out:
	tr_aws_reply_clear(&reply);
	tr_aws_credentials_free(aws.credentials);
	tr_http_free(aws.http);
	json_decref(in);
	return *out != NULL;
}
