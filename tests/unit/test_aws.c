#include "check.h"

#include <time.h>

#include "base/clock.h"
#include "io/aws.h"
#include "scripted_server.h"

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

static const char *look_up(void *context, const char *name)
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
static void client_start(struct client *c, const struct server_step *steps, size_t n)
{
	const struct tr_http_options o = { .backoff_ms = 1, .stall_timeout_ms = 300, .env = look_up };
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

static void client_stop(struct client *c)
{
	tr_aws_reply_clear(&c->reply);
	tr_http_free(c->aws.http);
	server_stop(&c->server);
	server_clear(&c->server);
}

static bool send_request(struct client *c, tr_aws_accept accept)
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

static void assert_has(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("`%s` is not in `%s`", part, text ? text : "(nothing)");
}

/* ---- requests ---- */

static void a_request_is_signed_and_sent_as_it_was_signed(void **state)
{
	(void)state;
	START({ OK });
	const struct tr_sigv4_pair query[] = { { "uploadId", "a/b" }, { "partNumber", "7" } };
	const struct tr_http_header headers[] = { { "x-amz-meta-a", "1" } };
	c.request.query = query;
	c.request.n_query = 2;
	c.request.headers = headers;
	c.request.n_headers = 1;
	assert_ok(send_request(&c, NULL), c.err);
	const char *sent = server_request(&c.server, 0);
	char host[64];
	snprintf(host, sizeof host, "\r\nHost: 127.0.0.1:%d\r\n", c.server.port);
	assert_has(sent, "GET /lake/a%20b?partNumber=7&uploadId=a%2Fb HTTP/1.1\r\n");
	assert_has(sent, host);
	assert_has(sent,
		"/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;"
		"x-amz-meta-a;x-amz-security-token, Signature=");
	assert_has(sent, "\r\nX-Amz-Security-Token: session-token-0123456789\r\n");
	assert_has(sent, "\r\nX-Amz-Content-Sha256: e3b0c442");
	assert_int_equal(c.reply.http.status, 200);
	assert_int_equal(c.reply.attempts, 1);
	assert_string_equal(c.reply.code, "");
	client_stop(&c);
}

static void an_unsigned_request_asks_for_no_credentials(void **state)
{
	(void)state;
	START({ OK });
	c.credentials.none = true;
	c.request.unsigned_ = true;
	assert_ok(send_request(&c, NULL), c.err);
	assert_null(strcasestr(server_request(&c.server, 0), "authorization"));
	c.request.unsigned_ = false;
	assert_false(send_request(&c, NULL));
	assert_string_equal(c.err.what, "no credentials were found");
	client_stop(&c);
}

static void an_endpoints_path_goes_before_the_requests(void **state)
{
	(void)state;
	char url[100];
	START({ OK });
	snprintf(url, sizeof url, "%s/base", c.server.url);
	c.request.endpoint = url;
	assert_ok(send_request(&c, NULL), c.err);
	assert_has(server_request(&c.server, 0), "GET /base/lake/a%20b HTTP/1.1\r\n");
	client_stop(&c);
}

/* ---- retries ---- */

static void what_passes_is_tried_again(void **state)
{
	(void)state;
	START({ { SERVER_RESET_AFTER, NULL, NULL }, FAIL("500 Internal Server Error", "", ""),
		S3_ERROR("503 Slow Down", "SlowDown", "Please reduce your request rate."),
		{ SERVER_STALL, NULL, NULL }, OK });
	assert_ok(send_request(&c, NULL), c.err);
	assert_int_equal(c.reply.attempts, 5);
	assert_int_equal(server_asked(&c.server), 5);
	assert_memory_equal(c.reply.http.body.data, "done", 4);
	client_stop(&c);
}

static void attempts_end_and_the_error_says_how_many_there_were(void **state)
{
	(void)state;
	START({ S3_ERROR("503 Slow Down", "SlowDown", "Please reduce your request rate.") });
	assert_false(send_request(&c, NULL));
	assert_int_equal(server_asked(&c.server), 5);
	assert_int_equal(c.err.kind, TR_ERR_TRANSIENT);
	assert_string_equal(c.err.what, "s3:GetObject of s3://lake/a b failed: SlowDown");
	assert_string_equal(c.err.detail,
		"SlowDown: Please reduce your request rate. (HTTP 503, request id REQ1, 5 attempts)");
	assert_string_equal(c.err.hint, "the service asks for fewer requests; run again later");
	client_stop(&c);
}

static void a_broken_connection_names_action_and_host(void **state)
{
	(void)state;
	START({ OK });
	c.request.endpoint = "http://127.0.0.1:1";
	assert_false(send_request(&c, NULL));
	assert_int_equal(c.err.kind, TR_ERR_TRANSIENT);
	assert_true(c.err.retry);
	assert_string_equal(c.err.what, "s3:GetObject of s3://lake/a b failed: could not reach 127.0.0.1:1");
	assert_has(c.err.detail, "Connection refused); 5 attempts");
	assert_has(c.err.hint, "check the address");
	assert_false(c.reply.lost);
	client_stop(&c);
}

static void throttling_is_tried_again_even_for_what_must_go_once(void **state)
{
	(void)state;
	START({ FAIL("429 Too Many Requests", "Retry-After: 0\r\n", ""),
		JSON_ERROR("400 Bad Request", "ThrottlingException", "Rate exceeded"),
		S3_ERROR("503 Slow Down", "SlowDown", "x"),
		S3_ERROR("400 Bad Request", "RequestTimeout", "Your socket connection ..."), OK });
	c.request.idempotent = false;
	assert_ok(send_request(&c, NULL), c.err);
	assert_int_equal(server_asked(&c.server), 5);
	client_stop(&c);
}

static void an_unknown_fate_is_never_tried_again_where_it_must_go_once(void **state)
{
	(void)state;
	START({ { SERVER_RESET_AFTER, NULL, NULL }, FAIL("500 Internal Server Error", "", ""),
		FAIL("502 Bad Gateway", "", "<html>no</html>"),
		S3_ERROR("503 Service Unavailable", "ServiceUnavailable", "x"),
		FAIL("504 Gateway Timeout", "", ""),
		{ SERVER_REPLY_CLOSE, ANSWER("200 OK", "", "10", "cut"), NULL },
		S3_ERROR("200 OK", "InternalError", "We encountered an internal error."),
		{ SERVER_STALL, NULL, NULL } });
	c.request.idempotent = false;
	c.request.method = "PUT";
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		assert_false(send_request(&c, NULL));
		assert_int_equal(c.err.kind, TR_ERR_TRANSIENT);
		assert_true(c.reply.lost);
		assert_int_equal(server_asked(&c.server), i + 1);
	}
	client_stop(&c);
}

static void a_refused_connection_is_tried_again_where_it_must_go_once(void **state)
{
	(void)state;
	START({ OK });
	c.request.idempotent = false;
	c.request.endpoint = "http://127.0.0.1:1";
	assert_false(send_request(&c, NULL));
	assert_false(c.reply.lost);
	assert_int_equal(c.reply.attempts, 5);
	client_stop(&c);
}

static void a_200_of_s3_with_an_error_in_its_body_is_an_error(void **state)
{
	(void)state;
	START({ S3_ERROR("200 OK", "InternalError", "We encountered an internal error."),
		{ SERVER_REPLY_CLOSE,
			"HTTP/1.1 200 OK\r\n\r\n   \n <?xml version=\"1.0\"?>\n\n  <Error><Code>SlowDown</Code></Error>",
			NULL },
		{ SERVER_REPLY_CLOSE, "HTTP/1.1 200 OK\r\n\r\n  \n<Result><Error>none</Error></Result>",
			NULL } });
	c.request.method = "POST";
	assert_ok(send_request(&c, NULL), c.err);
	assert_int_equal(c.reply.attempts, 3);
	client_stop(&c);
}

static void a_listing_and_a_json_call_may_hide_an_error_too(void **state)
{
	(void)state;
	static const struct tr_sigv4_pair query[] = { { "list-type", "2" } };
	START({ S3_ERROR("200 OK", "InternalError", "x"), OK,
		JSON_ERROR("200 OK", "InternalServiceException", "x"), OK });
	c.request.query = query;
	c.request.n_query = 1;
	assert_ok(send_request(&c, NULL), c.err);
	assert_int_equal(c.reply.attempts, 2);
	c.request.s3 = false;
	assert_ok(send_request(&c, NULL), c.err);
	assert_int_equal(c.reply.attempts, 2);
	client_stop(&c);
}

static void a_head_that_is_refused_without_a_word_renews_the_keys(void **state)
{
	(void)state;
	START({ FAIL("400 Bad Request", "", ""), OK });
	c.request.method = "HEAD";
	assert_ok(send_request(&c, NULL), c.err);
	assert_int_equal(c.credentials.expired, 1);
	client_stop(&c);
}

static void an_object_that_holds_an_error_text_is_no_error(void **state)
{
	(void)state;
	START({ S3_ERROR("200 OK", "InternalError", "text of an object") });
	assert_ok(send_request(&c, NULL), c.err);
	assert_int_equal(c.reply.attempts, 1);
	client_stop(&c);
}

/* ---- keys and clocks ---- */

static void expired_keys_are_renewed_once(void **state)
{
	(void)state;
	START({ S3_ERROR("400 Bad Request", "ExpiredToken", "The provided token has expired."), OK });
	assert_ok(send_request(&c, NULL), c.err);
	assert_int_equal(c.credentials.expired, 1);
	assert_has(server_request(&c.server, 1), "X-Amz-Security-Token: renewed-token-0123456789\r\n");
	client_stop(&c);
}

static void keys_that_stay_expired_are_the_users_error(void **state)
{
	(void)state;
	START({ JSON_ERROR("400 Bad Request", "ExpiredTokenException",
		"The security token included in the request is expired") });
	assert_false(send_request(&c, NULL));
	assert_int_equal(c.credentials.expired, 1);
	assert_int_equal(server_asked(&c.server), 2);
	assert_int_equal(c.err.kind, TR_ERR_USER);
	assert_has(c.err.detail,
		"ExpiredTokenException: The security token included in the request is expired");
	assert_has(c.err.hint, "get new credentials (`aws sso login`");
	client_stop(&c);
}

#define SKEWED                                                           \
	FAIL("403 Forbidden", "Date: Thu, 01 Jan 2099 12:00:00 GMT\r\n", \
		"<Error><Code>RequestTimeTooSkewed</Code><Message>too large</Message></Error>")

static void a_clock_that_is_off_is_corrected_once_by_the_servers_date(void **state)
{
	(void)state;
	START({ SKEWED, OK });
	assert_ok(send_request(&c, NULL), c.err);
	assert_int_equal(server_asked(&c.server), 2);
	assert_has(server_request(&c.server, 1), "\r\nX-Amz-Date: 20990101T120");
	/* The next call knows it already. */
	assert_ok(send_request(&c, NULL), c.err);
	assert_int_equal(server_asked(&c.server), 3);
	assert_has(server_request(&c.server, 2), "\r\nX-Amz-Date: 20990101T120");
	client_stop(&c);
}

static void a_clock_that_stays_wrong_is_the_users_error(void **state)
{
	(void)state;
	START({ SKEWED });
	assert_false(send_request(&c, NULL));
	assert_int_equal(server_asked(&c.server), 2);
	assert_int_equal(c.err.kind, TR_ERR_USER);
	assert_has(c.err.hint, "this machine's clock is ");
	assert_has(c.err.hint, " s behind the service's: set it");
	client_stop(&c);
}

static void a_signature_that_expired_means_the_clock(void **state)
{
	(void)state;
	START({ FAIL("403 Forbidden", "Date: Thu, 01 Jan 2015 12:00:00 GMT\r\n",
		"{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired: 20150101T120000Z is now earlier than ...\"}") });
	assert_false(send_request(&c, NULL));
	assert_int_equal(server_asked(&c.server), 2);
	assert_has(server_request(&c.server, 1), "\r\nX-Amz-Date: 20150101T12");
	assert_has(c.err.hint, " s ahead of the service's");
	client_stop(&c);
}

/* ---- what errors say ---- */

struct said {
	struct server_step step;
	const char *detail, *hint;
	enum tr_err_kind kind;
};

static void assert_said(const struct said *said)
{
	struct client c;
	client_start(&c, &said->step, 1);
	assert_false(send_request(&c, NULL));
	assert_has(c.err.detail, said->detail);
	assert_has(c.err.hint, said->hint);
	assert_int_equal(c.err.kind, said->kind);
	assert_int_equal(server_asked(&c.server), 1);
	client_stop(&c);
}

static void each_family_of_errors_says_what_to_do(void **state)
{
	(void)state;
	static const struct said table[] = {
		{ S3_ERROR("403 Forbidden", "SignatureDoesNotMatch",
			  "The request signature we calculated ..."),
			"SignatureDoesNotMatch: The request signature", "the secret key does not fit it",
			TR_ERR_USER },
		{ JSON_ERROR("403 Forbidden", "InvalidSignatureException",
			  "The request signature we calculated"),
			"InvalidSignatureException", "the secret key does not fit it", TR_ERR_USER },
		{ S3_ERROR("403 Forbidden", "InvalidAccessKeyId",
			  "The AWS Access Key Id you provided does not exist"),
			"InvalidAccessKeyId", "does not know this access key", TR_ERR_USER },
		{ JSON_ERROR("400 Bad Request", "UnrecognizedClientException",
			  "The security token is invalid."),
			"UnrecognizedClientException", "does not know this access key", TR_ERR_USER },
		{ S3_ERROR("404 Not Found", "XAdminUserNotFound",
			  "No user exists with the provided access key ID."),
			"XAdminUserNotFound", "does not know this access key", TR_ERR_USER },
		{ S3_ERROR("403 Forbidden", "AccessDenied", "Access Denied"),
			"AccessDenied: Access Denied (HTTP 403, request id REQ1)",
			"allow s3:GetObject on s3://lake/a b for these credentials; `tailrace policy` prints",
			TR_ERR_USER },
		{ S3_ERROR("403 Forbidden", "AccessDenied",
			  "User: arn:aws:iam::1:user/x is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:eu-west-1:1:key/k because no policy allows it"),
			"AccessDenied", "allow kms:GenerateDataKey on arn:aws:kms:eu-west-1:1:key/k for",
			TR_ERR_USER },
		{ JSON_ERROR("400 Bad Request", "AccessDeniedException",
			  "User: arn:x is not authorized to perform: glue:GetTable on resource: arn:aws:glue:t"),
			"AccessDeniedException", "allow glue:GetTable on arn:aws:glue:t for", TR_ERR_USER },
		{ FAIL("403 Forbidden", "", ""), "AccessDenied (HTTP 403)", "allow s3:GetObject on",
			TR_ERR_USER },
		{ S3_ERROR("404 Not Found", "NoSuchBucket", "The specified bucket does not exist"),
			"NoSuchBucket", "create the bucket (tailrace makes none) or correct lake.location",
			TR_ERR_USER },
		{ S3_ERROR("404 Not Found", "NoSuchKey", "x"), "NoSuchKey", "`tailrace verify`",
			TR_ERR_USER },
		{ JSON_ERROR("400 Bad Request", "EntityNotFoundException", "Database shop not found."),
			"EntityNotFoundException: Database shop not found. (HTTP 400, request id REQ2)",
			"check the names of the database", TR_ERR_USER },
		{ S3_ERROR("400 Bad Request", "KMS.DisabledException", "arn is disabled"),
			"KMS.DisabledException: arn is disabled", "enable the KMS key", TR_ERR_USER },
		{ S3_ERROR("412 Precondition Failed", "PreconditionFailed", "x"), "PreconditionFailed",
			"another writer was first", TR_ERR_TRANSIENT },
		{ S3_ERROR("409 Conflict", "ConditionalRequestConflict", "x"), "ConditionalRequestConflict",
			"another writer", TR_ERR_TRANSIENT },
		{ JSON_ERROR("400 Bad Request", "ConcurrentModificationException", "x"),
			"ConcurrentModificationException", "another writer", TR_ERR_TRANSIENT },
		{ JSON_ERROR("400 Bad Request", "InvalidRequestException", "WorkGroup etl is not found."),
			"WorkGroup etl is not found.", "create the workgroup or correct its name",
			TR_ERR_USER },
		{ FAIL("407 Proxy Authentication Required", "", "<html>"), "HTTP 407", "https_proxy",
			TR_ERR_USER },
		{ FAIL("418 Teapot", "", ""), "UnexpectedStatus (HTTP 418)", "`tailrace check`",
			TR_ERR_USER },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		assert_said(&table[i]);
}

static void a_wrong_region_is_answered_with_the_right_one(void **state)
{
	(void)state;
	static const struct said table[] = {
		{ FAIL("301 Moved Permanently", "x-amz-bucket-region: eu-west-1\r\n",
			  "<Error><Code>PermanentRedirect</Code></Error>"),
			"PermanentRedirect",
			"it is in region eu-west-1, not us-east-1: set the region (aws.region or AWS_REGION) to eu-west-1",
			TR_ERR_USER },
		{ FAIL("307 Temporary Redirect", "x-amz-bucket-region: eu-west-2\r\n", ""),
			"TemporaryRedirect", "it is in region eu-west-2", TR_ERR_USER },
		{ FAIL("400 Bad Request", "",
			  "<Error><Code>AuthorizationHeaderMalformed</Code><Message>x</Message><Region>eu-west-3</Region></Error>"),
			"AuthorizationHeaderMalformed", "it is in region eu-west-3", TR_ERR_USER },
		{ FAIL("400 Bad Request", "",
			  "<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region 'us-east-1' is wrong; expecting 'eu-central-1'</Message></Error>"),
			"AuthorizationHeaderMalformed", "it is in region eu-central-1", TR_ERR_USER },
		{ JSON_ERROR("403 Forbidden", "InvalidSignatureException",
			  "Credential should be scoped to a valid region."),
			"InvalidSignatureException", "takes no requests for region us-east-1", TR_ERR_USER },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		assert_said(&table[i]);
}

static void secrets_that_a_service_repeats_stay_out_of_the_error(void **state)
{
	(void)state;
	START({ JSON_ERROR("403 Forbidden", "InvalidSignatureException",
		"Bad session-token-0123456789 and very-secret-key-0123456789\\u0007. The Canonical String for this request should have been 'POST x-amz-security-token:session-token-0123456789'") });
	assert_false(send_request(&c, NULL));
	assert_null(strstr(c.err.detail, "session-token"));
	assert_null(strstr(c.err.detail, "secret-key"));
	assert_null(strstr(c.err.detail, "Canonical"));
	assert_has(c.err.detail, "Bad ************************ and ");
	assert_null(strchr(c.err.detail, '\a'));
	client_stop(&c);
}

static void errors_are_read_in_each_form_that_services_use(void **state)
{
	(void)state;
	static const struct said table[] = {
		{ FAIL("400 Bad Request", "x-amzn-ErrorType: FooException:http://internal.amazon.com/\r\n",
			  "{\"message\":\"m\"}"),
			"FooException: m", "", TR_ERR_USER },
		{ FAIL("400 Bad Request", "", "{\"__type\":\"FooException\",\"errorMessage\":\"m\"}"),
			"FooException: m", "", TR_ERR_USER },
		{ FAIL("403 Forbidden", "",
			  "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>Foo</Code><Message>m &lt;x&gt;</Message></Error><RequestId>r</RequestId></ErrorResponse>"),
			"Foo: m <x>", "", TR_ERR_USER },
		{ FAIL("400 Bad Request", "", "{\"__type\":7,\"message\":[]}"), "BadRequest (HTTP 400)", "",
			TR_ERR_USER },
		{ FAIL("400 Bad Request", "", "{\"__type\":"), "BadRequest (HTTP 400)", "", TR_ERR_USER },
		{ FAIL("400 Bad Request", "", "<Error><Code>"), "BadRequest (HTTP 400)", "", TR_ERR_USER },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		assert_said(&table[i]);
}

static bool is_missing(const struct tr_aws_reply *reply)
{
	return reply->http.status == 404;
}

static void an_error_that_the_caller_takes_is_an_answer(void **state)
{
	(void)state;
	START({ S3_ERROR("404 Not Found", "NoSuchKey", "not here") });
	assert_ok(send_request(&c, is_missing), c.err);
	assert_string_equal(c.reply.code, "NoSuchKey");
	assert_string_equal(c.reply.message, "not here");
	assert_int_equal(c.reply.http.status, 404);
	client_stop(&c);
}

/* ---- JSON calls ---- */

static bool is_entity_missing(const struct tr_aws_reply *reply)
{
	return strcmp(reply->code, "EntityNotFoundException") == 0;
}

static void a_json_call_sends_its_target_and_parses_the_answer(void **state)
{
	(void)state;
	START({ { SERVER_REPLY, ANSWER("200 OK", "", "7", "{\"a\":1}"), NULL },
		{ SERVER_REPLY, ANSWER("200 OK", "", "0", ""), NULL },
		JSON_ERROR("400 Bad Request", "EntityNotFoundException", "m"),
		{ SERVER_REPLY_CLOSE, ANSWER("200 OK", "", "6", "<html>"), NULL } });
	json_t *body = json_pack("{s:s}", "Name", "orders"), *out = NULL;
	const struct tr_aws_json_call call = { .service = "glue",
		.target = "AWSGlue.GetTable",
		.action = "glue:GetTable",
		.subject = "shop.orders",
		.endpoint = c.server.url,
		.body = body,
		.idempotent = true };
	assert_ok(tr_aws_json(&c.aws, &call, NULL, &out, &c.reply, &c.err), c.err);
	assert_int_equal(json_integer_value(json_object_get(out, "a")), 1);
	json_decref(out);
	assert_has(server_request(&c.server, 0), "POST / HTTP/1.1\r\n");
	assert_has(server_request(&c.server, 0), "\r\nContent-Type: application/x-amz-json-1.1\r\n");
	assert_has(server_request(&c.server, 0), "\r\nX-Amz-Target: AWSGlue.GetTable\r\n");
	assert_has(server_request(&c.server, 0),
		"SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target,");
	assert_has(server_request(&c.server, 0), "\r\n\r\n{\"Name\":\"orders\"}");
	assert_ok(tr_aws_json(&c.aws, &call, NULL, &out, &c.reply, &c.err), c.err);
	assert_int_equal(json_object_size(out), 0);
	json_decref(out);
	assert_ok(tr_aws_json(&c.aws, &call, is_entity_missing, &out, &c.reply, &c.err), c.err);
	assert_null(out);
	assert_false(tr_aws_json(&c.aws, &call, NULL, &out, &c.reply, &c.err));
	assert_null(out);
	assert_string_equal(c.err.what, "glue:GetTable answered what is no JSON");
	json_decref(body);
	client_stop(&c);
}

/* ---- endpoints ---- */

static void assert_endpoint(struct tr_aws aws, const char *service, const char *own, const char *expected)
{
	struct tr_err err = { 0 };
	char *url;
	aws.env = look_up;
	assert_ok(tr_aws_endpoint(&aws, service, own, &url, &err), err);
	assert_string_equal(url, expected);
	free(url);
}

static void endpoints_come_from_the_configuration_the_environment_or_the_region(void **state)
{
	(void)state;
	static const char *const both[] = { "AWS_ENDPOINT_URL", "http://all:1/", "AWS_ENDPOINT_URL_GLUE",
		"http://glue:2", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://secrets:3",
		"AWS_ENDPOINT_URL_S3", "", NULL };
	static const char *const ignored[] = { "AWS_ENDPOINT_URL", "http://all:1",
		"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", NULL };
	struct tr_aws plain = { .region = "eu-west-1" };
	assert_endpoint(plain, "glue", NULL, "https://glue.eu-west-1.amazonaws.com");
	assert_endpoint((struct tr_aws){ .region = "cn-north-1" }, "s3", NULL,
		"https://s3.cn-north-1.amazonaws.com.cn");
	assert_endpoint((struct tr_aws){ .region = "us-gov-west-1" }, "sts", NULL,
		"https://sts.us-gov-west-1.amazonaws.com");
	assert_endpoint((struct tr_aws){ .region = "us-isob-east-1" }, "sts", NULL,
		"https://sts.us-isob-east-1.sc2s.sgov.gov");
	struct tr_aws env = { .region = "eu-west-1", .env_context = (void *)(uintptr_t)both };
	assert_endpoint(env, "glue", NULL, "http://glue:2");
	assert_endpoint(env, "secretsmanager", NULL, "http://secrets:3");
	assert_endpoint(env, "s3", NULL, "http://all:1");
	assert_endpoint(env, "glue", "https://own///", "https://own");
	env.endpoint = "http://configured:4";
	assert_endpoint(env, "glue", NULL, "http://configured:4");
	assert_endpoint((struct tr_aws){ .region = "eu-west-1", .env_context = (void *)(uintptr_t)ignored },
		"s3", NULL, "https://s3.eu-west-1.amazonaws.com");
}

static void what_is_no_endpoint_or_region_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "localhost:9000", "http://", "http:///", "ftp://x",
		"https://u:p@host", "http://host?x", "http://a b", "http://a\r\nb" };
	static const char *const regions[] = { "", "EU", "eu-west-1.evil.example/", NULL };
	struct tr_aws aws = { .region = "eu-west-1", .env = look_up };
	char *url;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct tr_err err = { 0 };
		assert_false(tr_aws_endpoint(&aws, "s3", bad[i], &url, &err));
		assert_int_equal(err.kind, TR_ERR_USER);
		assert_has(err.what, "is no endpoint for s3");
		assert_has(err.hint, "http://host:port");
	}
	for (size_t i = 0; i < sizeof regions / sizeof *regions; i++) {
		struct tr_err err = { 0 };
		aws.region = regions[i];
		assert_false(tr_aws_endpoint(&aws, "s3", NULL, &url, &err));
		assert_has(err.what, "is no AWS region");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_signed_and_sent_as_it_was_signed),
		cmocka_unit_test(an_unsigned_request_asks_for_no_credentials),
		cmocka_unit_test(an_endpoints_path_goes_before_the_requests),
		cmocka_unit_test(what_passes_is_tried_again),
		cmocka_unit_test(attempts_end_and_the_error_says_how_many_there_were),
		cmocka_unit_test(a_broken_connection_names_action_and_host),
		cmocka_unit_test(throttling_is_tried_again_even_for_what_must_go_once),
		cmocka_unit_test(an_unknown_fate_is_never_tried_again_where_it_must_go_once),
		cmocka_unit_test(a_refused_connection_is_tried_again_where_it_must_go_once),
		cmocka_unit_test(a_200_of_s3_with_an_error_in_its_body_is_an_error),
		cmocka_unit_test(a_listing_and_a_json_call_may_hide_an_error_too),
		cmocka_unit_test(a_head_that_is_refused_without_a_word_renews_the_keys),
		cmocka_unit_test(an_object_that_holds_an_error_text_is_no_error),
		cmocka_unit_test(expired_keys_are_renewed_once),
		cmocka_unit_test(keys_that_stay_expired_are_the_users_error),
		cmocka_unit_test(a_clock_that_is_off_is_corrected_once_by_the_servers_date),
		cmocka_unit_test(a_clock_that_stays_wrong_is_the_users_error),
		cmocka_unit_test(a_signature_that_expired_means_the_clock),
		cmocka_unit_test(each_family_of_errors_says_what_to_do),
		cmocka_unit_test(a_wrong_region_is_answered_with_the_right_one),
		cmocka_unit_test(secrets_that_a_service_repeats_stay_out_of_the_error),
		cmocka_unit_test(errors_are_read_in_each_form_that_services_use),
		cmocka_unit_test(an_error_that_the_caller_takes_is_an_answer),
		cmocka_unit_test(a_json_call_sends_its_target_and_parses_the_answer),
		cmocka_unit_test(endpoints_come_from_the_configuration_the_environment_or_the_region),
		cmocka_unit_test(what_is_no_endpoint_or_region_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
