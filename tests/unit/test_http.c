/* Requests and answers: what is sent, what comes back; cancelling, proxies, many threads. */
#include "http_client.h"

/* ---- answers ---- */

static void status_headers_and_body_come_back(void **state)
{
	(void)state;
	char value[32];
	STEPS({ { SERVER_REPLY, ANSWER("418 Teapot", "X-Thing:  a b \r\nETag: \"x\"\r\n", "5", "hello"),
		NULL } });
	client_init(&c, NULL, 0);
	assert_ok(get(&c, s.url), c.err);
	assert_int_equal(c.fate, TR_HTTP_ANSWERED);
	assert_int_equal(c.answer.status, 418);
	assert_body(&c, "hello");
	assert_string_equal(tr_http_header(&c.answer, "x-thing", value, sizeof value), "a b");
	assert_string_equal(tr_http_header(&c.answer, "etag", value, sizeof value), "\"x\"");
	assert_null(tr_http_header(&c.answer, "thing", value, sizeof value));
	assert_null(tr_http_header(&c.answer, "x-thing", value, 3));
	finish(&s, &c);
}

static void a_connection_is_used_again(void **state)
{
	(void)state;
	STEPS({ { SERVER_REPLY, ANSWER("200 OK", "", "2", "ok"), NULL } });
	client_init(&c, NULL, 0);
	for (int i = 0; i < 20; i++) {
		assert_ok(get(&c, s.url), c.err);
		assert_body(&c, "ok");
	}
	assert_int_equal(server_connected(&s), 1);
	assert_int_equal(server_asked(&s), 20);
	finish(&s, &c);
}

static void a_request_is_sent_as_it_was_given(void **state)
{
	(void)state;
	char url[200];
	const struct tr_http_header headers[] = { { "Host", "other.example" }, { "X-Empty", "" },
		{ "X-A", "b" } };
	STEPS({ { SERVER_REPLY, ANSWER("200 OK", "", "0", ""), NULL } });
	client_init(&c, NULL, 0);
	snprintf(url, sizeof url, "%s/a/../b//%%2e/x?uploads=", s.url);
	const struct tr_http_request put = { .method = "PUT",
		.url = url,
		.headers = headers,
		.n_headers = 3,
		.body = "bo\0dy",
		.n_body = 5 };
	assert_ok(ask(&c, &put), c.err);
	assert_ptr_equal(strstr(server_request(&s, 0), "PUT /a/../b//%2e/x?uploads= HTTP/1.1\r\n"),
		server_request(&s, 0));
	assert_non_null(strstr(server_request(&s, 0), "\r\nHost: other.example\r\n"));
	assert_non_null(strstr(server_request(&s, 0), "\r\nX-Empty:\r\n"));
	assert_non_null(strstr(server_request(&s, 0), "\r\nX-A: b\r\n"));
	assert_non_null(strstr(server_request(&s, 0), "\r\nContent-Length: 5\r\n"));
	assert_null(strcasestr(server_request(&s, 0), "content-type"));
	assert_null(strcasestr(server_request(&s, 0), "expect:"));
	assert_memory_equal(strstr(server_request(&s, 0), "\r\n\r\n") + 4, "bo\0dy", 5);
	finish(&s, &c);
}

static void methods_without_a_body_say_so(void **state)
{
	(void)state;
	static const char *const methods[] = { "POST", "PUT", "GET", "DELETE", "HEAD" };
	char line[20];
	STEPS({ { SERVER_REPLY, ANSWER("204 No Content", "", "0", ""), NULL } });
	client_init(&c, NULL, 0);
	for (size_t i = 0; i < 5; i++) {
		const struct tr_http_request r = { .method = methods[i], .url = s.url };
		assert_ok(ask(&c, &r), c.err);
		snprintf(line, sizeof line, "%s / ", methods[i]);
		assert_ptr_equal(strstr(server_request(&s, i), line), server_request(&s, i));
		assert_int_equal(strcasestr(server_request(&s, i), "content-length: 0") != NULL, i < 2);
	}
	finish(&s, &c);
}

static void a_line_break_in_a_header_is_refused(void **state)
{
	(void)state;
	const struct tr_http_header evil = { "X-A", "b\r\nX-Evil: 1" };
	STEPS({ { SERVER_REPLY, ANSWER("200 OK", "", "0", ""), NULL } });
	client_init(&c, NULL, 0);
	const struct tr_http_request r = { .method = "GET", .url = s.url, .headers = &evil, .n_headers = 1 };
	assert_false(ask(&c, &r));
	assert_int_equal(c.err.kind, TR_ERR_INTERNAL);
	assert_string_equal(c.err.what, "a line break in the header X-A");
	assert_int_equal(server_asked(&s), 0);
	finish(&s, &c);
}

static void a_redirect_is_an_answer_like_any_other(void **state)
{
	(void)state;
	STEPS({ { SERVER_REPLY,
		ANSWER("307 Temporary Redirect", "Location: http://127.0.0.1:1/\r\n", "0", ""), NULL } });
	client_init(&c, NULL, 0);
	assert_ok(get(&c, s.url), c.err);
	assert_int_equal(c.answer.status, 307);
	assert_int_equal(server_asked(&s), 1);
	finish(&s, &c);
}

static void headers_of_an_interim_answer_are_not_the_answers(void **state)
{
	(void)state;
	char value[32];
	STEPS({ { SERVER_REPLY,
		"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n" ANSWER("200 OK", "X-Late: 1\r\n", "0", ""),
		NULL } });
	client_init(&c, NULL, 0);
	assert_ok(get(&c, s.url), c.err);
	assert_null(tr_http_header(&c.answer, "x-early", value, sizeof value));
	assert_non_null(tr_http_header(&c.answer, "x-late", value, sizeof value));
	finish(&s, &c);
}

/* ---- cancelling ---- */

struct canceller {
	struct server *server;
	struct tr_cancel cancel;
};

static void *cancel_when_stalled(void *context)
{
	struct canceller *c = context;
	for (;;) {
		if (server_asked(c->server))
			break;
		usleep(1000);
	}
	tr_cancel_raise(&c->cancel);
	return NULL;
}

static void a_cancel_ends_a_stalled_call_at_once(void **state)
{
	(void)state;
	struct canceller canceller;
	pthread_t thread;
	bool again = true;
	STEPS({ { SERVER_STALL, NULL, NULL } });
	canceller.server = &s;
	c = (struct client){ 0 };
	assert_ok(tr_cancel_init(&canceller.cancel, &c.err), c.err);
	struct tr_http_options o = { .stall_timeout_ms = 600000,
		.cancel = &canceller.cancel,
		.env = look_up };
	assert_ok(tr_http_new(&o, &c.http, &c.err), c.err);
	pthread_create(&thread, NULL, cancel_when_stalled, &canceller);
	assert_false(get(&c, s.url));
	pthread_join(thread, NULL);
	assert_int_equal(c.err.kind, TR_ERR_CANCELLED);
	assert_int_equal(c.fate, TR_HTTP_UNKNOWN);
	assert_false(get(&c, s.url));
	assert_int_equal(c.err.kind, TR_ERR_CANCELLED);
	assert_int_equal(c.fate, TR_HTTP_NOT_SENT);
	tr_err_clear(&c.err);
	assert_false(tr_http_again(c.http, 3, 50, &again, &c.err));
	assert_int_equal(c.err.kind, TR_ERR_CANCELLED);
	finish(&s, &c);
	tr_cancel_clear(&canceller.cancel);
}

/* ---- proxies ---- */

static void the_proxy_variable_is_honoured_and_no_proxy_too(void **state)
{
	(void)state;
	STEPS({ { SERVER_REPLY, ANSWER("200 OK", "", "0", ""), NULL } });
	struct variables env = { { "http_proxy", "no_proxy" }, { s.url, "127.0.0.1" } };
	client_init(&c, &env, 0);
	assert_ok(get(&c, "http://somewhere.invalid/x"), c.err);
	assert_ptr_equal(strstr(server_request(&s, 0), "GET http://somewhere.invalid/x HTTP/1.1\r\n"),
		server_request(&s, 0));
	assert_ok(get(&c, s.url), c.err);
	assert_ptr_equal(strstr(server_request(&s, 1), "GET / HTTP/1.1\r\n"), server_request(&s, 1));
	const struct tr_http_request direct = { .method = "GET",
		.url = "http://somewhere.invalid/",
		.no_proxy = true };
	assert_false(ask(&c, &direct));
	assert_string_equal(c.err.hint, "check the address, the network");
	finish(&s, &c);
}

static void all_proxy_serves_where_no_other_is_named(void **state)
{
	(void)state;
	STEPS({ { SERVER_REPLY, ANSWER("200 OK", "", "0", ""), NULL } });
	struct variables env = { { "ALL_PROXY" }, { s.url } };
	client_init(&c, &env, 0);
	assert_ok(get(&c, "http://somewhere.invalid/x"), c.err);
	assert_int_equal(server_asked(&s), 1);
	finish(&s, &c);
}

/* ---- many threads ---- */

static void *ask_often(void *context)
{
	struct client c = *(struct client *)context;
	char url[100];
	for (int i = 0; i < 20; i++) {
		snprintf(url, sizeof url, "http://127.0.0.1:%d/%d", (int)c.fate, i);
		if (!tr_http_send(c.http, &(struct tr_http_request){ .method = "GET", .url = url }, &c.answer,
			    &(enum tr_http_fate){ 0 }, &c.err) ||
			c.answer.status != 200)
			return "failed";
	}
	tr_http_response_clear(&c.answer);
	return NULL;
}

static void threads_share_the_pool(void **state)
{
	(void)state;
	pthread_t threads[8];
	STEPS({ { SERVER_REPLY, ANSWER("200 OK", "", "2", "ok"), NULL } });
	client_init(&c, NULL, 0);
	struct client start = c;
	start.fate = (enum tr_http_fate)s.port;
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, ask_often, &start);
	for (int i = 0; i < 8; i++) {
		void *failed;
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_true(server_connected(&s) <= 8);
	finish(&s, &c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_headers_and_body_come_back),
		cmocka_unit_test(a_connection_is_used_again),
		cmocka_unit_test(a_request_is_sent_as_it_was_given),
		cmocka_unit_test(methods_without_a_body_say_so),
		cmocka_unit_test(a_line_break_in_a_header_is_refused),
		cmocka_unit_test(a_redirect_is_an_answer_like_any_other),
		cmocka_unit_test(headers_of_an_interim_answer_are_not_the_answers),
		cmocka_unit_test(a_cancel_ends_a_stalled_call_at_once),
		cmocka_unit_test(the_proxy_variable_is_honoured_and_no_proxy_too),
		cmocka_unit_test(all_proxy_serves_where_no_other_is_named),
		cmocka_unit_test(threads_share_the_pool),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
