/*
 * A client of io/aws against the server of http_server.h, with credentials that the test sets. It
 * defines the functions of io/aws_credentials.h that io/aws calls: one file of a program includes it.
 */
#ifndef TR_TESTS_AWS_CLIENT_H
#define TR_TESTS_AWS_CLIENT_H

#include "http_server.h"
#include "io/aws.h"

/* ---- credentials that the tests set; the layer's own provider is not linked ---- */

struct tr_aws_credentials {
	const char *access_key, *secret_key, *token;
	const char *renewed_token; /* what comes after `expired` */
	int expired;
	bool none;
};

void tr_aws_keys_clear(struct tr_aws_keys *keys)
{
	free(keys->access_key);
	free(keys->secret_key);
	free(keys->session_token);
	*keys = (struct tr_aws_keys){ 0 };
}

bool tr_aws_credentials_get(struct tr_aws_credentials *c, struct tr_aws_keys *out, struct tr_err *err)
{
	*out = (struct tr_aws_keys){ 0 };
	if (c->none)
		return tr_err_set(err, TR_ERR_USER, "no credentials were found");
	out->access_key = strdup(c->access_key);
	out->secret_key = strdup(c->secret_key);
	out->session_token = c->token ? strdup(c->token) : NULL;
	return true;
}

void tr_aws_credentials_expired(struct tr_aws_credentials *c, const struct tr_aws_keys *keys)
{
	assert_string_equal(keys->session_token, c->token);
	c->expired++;
	c->token = c->renewed_token;
}

/* ---- a client and its server ---- */

static inline const char *look_up(void *context, const char *name)
{
	const char *const *pairs = context;
	for (; pairs && *pairs; pairs += 2)
		if (strcmp(pairs[0], name) == 0)
			return pairs[1];
	return NULL;
}

struct client {
	struct server server;
	struct tr_aws_credentials credentials;
	struct tr_aws aws;
	struct tr_aws_reply reply;
	struct tr_aws_request request;
	struct tr_err err;
};

/* A GET of an object; tests change what they need. */
static inline void client_start(struct client *c, const struct server_step *steps, size_t n)
{
	const struct tr_http_options o = { .backoff_ms = 1, .stall_timeout_ms = 3000, .env = look_up };
	*c = (struct client){ 0 };
	server_start(&c->server, steps, n);
	c->credentials = (struct tr_aws_credentials){ .access_key = "AKIDEXAMPLE",
		.secret_key = "very-secret-key-0123456789",
		.token = "session-token-0123456789",
		.renewed_token = "renewed-token-0123456789" };
	assert_ok(tr_http_new(&o, &c->aws.http, &c->err), c->err);
	c->aws.credentials = &c->credentials;
	c->aws.region = "us-east-1";
	c->aws.env = look_up;
	c->request = (struct tr_aws_request){ .service = "s3",
		.action = "s3:GetObject",
		.subject = "s3://lake/a b",
		.endpoint = c->server.url,
		.method = "GET",
		.path = "/lake/a b",
		.idempotent = true,
		.s3 = true };
}

static inline void client_stop(struct client *c)
{
	tr_aws_reply_clear(&c->reply);
	tr_http_free(c->aws.http);
	server_stop(&c->server);
	server_clear(&c->server);
}

static inline bool send_request(struct client *c, tr_aws_accept accept)
{
	tr_err_clear(&c->err);
	return tr_aws_send(&c->aws, &c->request, accept, &c->reply, &c->err);
}

/* One request with these steps; the client stays for a look. */
#define START(...)                                             \
	static const struct server_step steps[] = __VA_ARGS__; \
	struct client c;                                       \
	client_start(&c, steps, sizeof steps / sizeof *steps)

#define OK                                                            \
	{                                                             \
		SERVER_REPLY, ANSWER("200 OK", "", "4", "done"), NULL \
	}
/* Bodies without a length end with the connection. */
#define FAIL(status, headers, body)                                                                          \
	{                                                                                                    \
		SERVER_REPLY_CLOSE, "HTTP/1.1 " status "\r\n" headers "Connection: close\r\n\r\n" body, NULL \
	}
#define S3_ERROR(status, code, message)                                                  \
	FAIL(status, "x-amz-request-id: REQ1\r\n",                                       \
		"<?xml version=\"1.0\"?>\n<Error><Code>" code "</Code><Message>" message \
		"</Message></Error>")
#define JSON_ERROR(status, code, message)          \
	FAIL(status, "x-amzn-RequestId: REQ2\r\n", \
		"{\"__type\":\"com.amazonaws.glue#" code "\",\"Message\":\"" message "\"}")

static inline void assert_has(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("`%s` is not in `%s`", part, text ? text : "(nothing)");
}

#endif
