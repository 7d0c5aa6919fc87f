/*
 * What a call may meet: refused, reset, cut short, stalled, flooded; what its error says, and the
 * fate of the request.
 */
#include "http_client.h"

#include "base/clock.h"

static void a_refused_connection_was_not_sent(void **state)
{
	(void)state;
	char url[64];
	STEPS({ { SERVER_REPLY, "", NULL } });
	client_init(&c, NULL, 0);
	server_stop(&s);
	assert_false(get(&c, s.url));
	assert_int_equal(c.fate, TR_HTTP_NOT_SENT);
	assert_int_equal(c.err.kind, TR_ERR_TRANSIENT);
	assert_true(c.err.retry);
	snprintf(url, sizeof url, "could not reach 127.0.0.1:%d", s.port);
	assert_string_equal(c.err.what, url);
	assert_non_null(strstr(c.err.detail, "Connection refused"));
	assert_string_equal(c.err.hint,
		"check the address, the network and the proxy (https_proxy, no_proxy)");
	client_clear(&c);
	server_clear(&s);
}

static void an_unknown_host_was_not_sent(void **state)
{
	(void)state;
	struct client c;
	client_init(&c, NULL, 0);
	assert_false(get(&c, "http://user:secret@no-such-host.invalid/x?signature=secret"));
	assert_int_equal(c.fate, TR_HTTP_NOT_SENT);
	assert_string_equal(c.err.what, "could not reach no-such-host.invalid");
	assert_null(strstr(c.err.detail, "secret"));
	client_clear(&c);
}

static void an_address_that_is_none_is_the_users_error(void **state)
{
	(void)state;
	struct client c;
	client_init(&c, NULL, 0);
	assert_false(get(&c, "ftp://example.com/"));
	assert_int_equal(c.err.kind, TR_ERR_USER);
	assert_string_equal(c.err.what, "example.com is no address to send a request to");
	client_clear(&c);
}

static void a_connection_that_is_reset_leaves_the_fate_unknown(void **state)
{
	(void)state;
	STEPS({ { SERVER_RESET_BEFORE, NULL, NULL }, { SERVER_RESET_AFTER, NULL, NULL } });
	client_init(&c, NULL, 0);
	for (int i = 0; i < 2; i++) {
		const struct tr_http_request r = { .method = "PUT", .url = s.url, .body = "x", .n_body = 1 };
		assert_false(ask(&c, &r));
		assert_int_equal(c.err.kind, TR_ERR_TRANSIENT);
		assert_true(c.err.retry);
		if (i == 1)
			assert_int_equal(c.fate, TR_HTTP_UNKNOWN);
	}
	assert_non_null(strstr(c.err.what, "the connection to 127.0.0.1:"));
	assert_non_null(strstr(c.err.what, " broke"));
	assert_non_null(strstr(c.err.hint, "run again; where it stays so"));
	finish(&s, &c);
}

static void a_kept_connection_that_dies_is_not_used_for_what_must_go_once(void **state)
{
	(void)state;
	STEPS({ { SERVER_REPLY, ANSWER("200 OK", "", "0", ""), NULL }, { SERVER_RESET_AFTER, NULL, NULL },
		{ SERVER_REPLY, ANSWER("200 OK", "", "0", ""), NULL } });
	client_init(&c, NULL, 0);
	assert_ok(get(&c, s.url), c.err);
	const struct tr_http_request r = { .method = "PUT",
		.url = s.url,
		.body = "x",
		.n_body = 1,
		.once = true };
	assert_false(ask(&c, &r));
	assert_int_equal(c.fate, TR_HTTP_UNKNOWN);
	assert_int_equal(c.err.kind, TR_ERR_TRANSIENT);
	assert_int_equal(server_asked(&s), 2);
	finish(&s, &c);
}

static void a_kept_connection_that_dies_is_replaced_for_what_may_go_twice(void **state)
{
	(void)state;
	STEPS({ { SERVER_REPLY, ANSWER("200 OK", "", "0", ""), NULL }, { SERVER_RESET_AFTER, NULL, NULL },
		{ SERVER_REPLY, ANSWER("200 OK", "", "2", "ok"), NULL } });
	client_init(&c, NULL, 0);
	assert_ok(get(&c, s.url), c.err);
	assert_ok(get(&c, s.url), c.err);
	assert_body(&c, "ok");
	assert_int_equal(server_asked(&s), 3);
	finish(&s, &c);
}

static void an_answer_that_is_cut_short_is_a_transient_error(void **state)
{
	(void)state;
	STEPS({ { SERVER_REPLY_CLOSE, ANSWER("200 OK", "", "100", "only this"), NULL },
		{ SERVER_REPLY_CLOSE, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
			NULL } });
	client_init(&c, NULL, 0);
	for (int i = 0; i < 2; i++) {
		assert_false(get(&c, s.url));
		assert_int_equal(c.fate, TR_HTTP_UNKNOWN);
		assert_int_equal(c.err.kind, TR_ERR_TRANSIENT);
		assert_non_null(strstr(c.err.what, "the answer of 127.0.0.1:"));
		assert_non_null(strstr(c.err.what, " was cut short"));
	}
	finish(&s, &c);
}

static void a_server_that_stalls_is_given_up(void **state)
{
	(void)state;
	STEPS({ { SERVER_STALL, NULL, NULL }, { SERVER_STALL, ANSWER("200 OK", "", "100", "half"), NULL } });
	client_init(&c, NULL, 200);
	for (int i = 0; i < 2; i++) {
		assert_false(get(&c, s.url));
		assert_int_equal(c.fate, TR_HTTP_UNKNOWN);
		assert_int_equal(c.err.kind, TR_ERR_TRANSIENT);
		assert_non_null(strstr(c.err.what, " moved no byte for 0.2 s"));
	}
	finish(&s, &c);
}

#define THIRTY "123456789012345678901234567890"

static void a_slow_server_is_waited_for_while_bytes_move(void **state)
{
	(void)state;
	/* At least 20 ms a byte: longer than the stall in all, and far from it between two. A machine
	 * that stands still looks like a stall, but not three times. */
	const int64_t stall_ms = 1500;
	bool ok = false;
	STEPS({ { SERVER_TRICKLE, ANSWER("200 OK", "", "90", THIRTY THIRTY THIRTY), NULL } });
	client_init(&c, NULL, stall_ms);
	for (int i = 0; i < 3 && !ok; i++) {
		int64_t before_us = tr_clock_monotonic_us();
		ok = get(&c, s.url);
		assert_true(tr_clock_monotonic_us() - before_us > stall_ms * 1000);
	}
	assert_ok(ok, c.err);
	assert_int_equal(c.answer.body.len, 90);
	finish(&s, &c);
}

static void an_attempt_may_have_a_deadline(void **state)
{
	(void)state;
	STEPS({ { SERVER_STALL, NULL, NULL } });
	client_init(&c, NULL, 60000);
	const struct tr_http_request r = { .method = "GET", .url = s.url, .timeout_ms = 1000 };
	assert_false(ask(&c, &r));
	assert_int_equal(c.err.kind, TR_ERR_TRANSIENT);
	assert_non_null(strstr(c.err.what, " did not answer in time"));
	finish(&s, &c);
}

static void a_body_beyond_the_maximum_is_refused(void **state)
{
	(void)state;
	STEPS({ { SERVER_REPLY, ANSWER("200 OK", "", "10", "0123456789"), NULL },
		{ SERVER_FLOOD, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
			"8\r\n01234567\r\n" },
		{ SERVER_REPLY_CLOSE, ANSWER("200 OK", "", "9223372036854775807", "0123456789"), NULL } });
	client_init(&c, NULL, 0);
	const struct tr_http_request exact = { .method = "GET", .url = s.url, .response_max = 10 };
	assert_ok(ask(&c, &exact), c.err);
	for (int i = 0; i < 2; i++) {
		const struct tr_http_request r = { .method = "GET", .url = s.url, .response_max = 9 };
		assert_false(ask(&c, &r));
		assert_int_equal(c.err.kind, TR_ERR_INTERNAL);
		assert_false(c.err.retry);
		assert_non_null(strstr(c.err.what, "sent more than the 9 bytes expected at most"));
	}
	finish(&s, &c);
}

static void a_flood_of_headers_is_refused(void **state)
{
	(void)state;
	STEPS({ { SERVER_FLOOD, "HTTP/1.1 200 OK\r\n",
		"X-Flood: 0123456789012345678901234567890123456789\r\n" } });
	client_init(&c, NULL, 0);
	assert_false(get(&c, s.url));
	assert_int_equal(c.err.kind, TR_ERR_TRANSIENT);
	assert_non_null(strstr(c.err.what, " sent more than 65536 bytes of headers"));
	finish(&s, &c);
}

static void an_answer_that_is_no_http_is_the_users_error(void **state)
{
	(void)state;
	STEPS({ { SERVER_REPLY_CLOSE, "SSH-2.0-OpenSSH_9.2\r\n", NULL } });
	client_init(&c, NULL, 0);
	assert_false(get(&c, s.url));
	assert_int_equal(c.err.kind, TR_ERR_USER);
	assert_int_equal(c.fate, TR_HTTP_UNKNOWN);
	assert_non_null(strstr(c.err.what, " answers, but not in HTTP"));
	finish(&s, &c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_connection_was_not_sent),
		cmocka_unit_test(an_unknown_host_was_not_sent),
		cmocka_unit_test(an_address_that_is_none_is_the_users_error),
		cmocka_unit_test(a_connection_that_is_reset_leaves_the_fate_unknown),
		cmocka_unit_test(a_kept_connection_that_dies_is_not_used_for_what_must_go_once),
		cmocka_unit_test(a_kept_connection_that_dies_is_replaced_for_what_may_go_twice),
		cmocka_unit_test(an_answer_that_is_cut_short_is_a_transient_error),
		cmocka_unit_test(a_server_that_stalls_is_given_up),
		cmocka_unit_test(a_slow_server_is_waited_for_while_bytes_move),
		cmocka_unit_test(an_attempt_may_have_a_deadline),
		cmocka_unit_test(a_body_beyond_the_maximum_is_refused),
		cmocka_unit_test(a_flood_of_headers_is_refused),
		cmocka_unit_test(an_answer_that_is_no_http_is_the_users_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
