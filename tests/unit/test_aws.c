/* Signed calls: what is sent, JSON, endpoints. */
#include "aws_client.h"

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

static void an_endpoint_of_any_partition_is_awss_own(void **state)
{
	(void)state;
	static const char *const regions[] = { "eu-west-1", "us-gov-west-1", "cn-north-1", "us-iso-east-1",
		"us-isob-east-1", "us-isof-south-1", "eu-isoe-west-1", "eusc-de-east-1" };
	static const char *const others[] = { "http://localhost:9000", "https://minio.example",
		"https://myamazonaws.com", "https://amazonaws.example" };
	for (size_t i = 0; i < sizeof regions / sizeof *regions; i++) {
		struct tr_err err = { 0 };
		struct tr_aws aws = { .region = regions[i], .env = look_up };
		char *url;
		assert_ok(tr_aws_endpoint(&aws, "s3", NULL, &url, &err), err);
		assert_true(tr_aws_endpoint_is_own(url));
		free(url);
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_false(tr_aws_endpoint_is_own(others[i]));
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
		cmocka_unit_test(a_json_call_sends_its_target_and_parses_the_answer),
		cmocka_unit_test(endpoints_come_from_the_configuration_the_environment_or_the_region),
		cmocka_unit_test(an_endpoint_of_any_partition_is_awss_own),
		cmocka_unit_test(what_is_no_endpoint_or_region_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
