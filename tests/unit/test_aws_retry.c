/* What is tried again: failures that pass, throttling, keys that expired, a clock that is off. */
#include "aws_client.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
