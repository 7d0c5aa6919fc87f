/* Whether and when a request goes again: attempts, the budget, Retry-After. */
#include "http_client.h"

#include "base/clock.h"

static void attempts_end_where_the_options_say(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_http *http;
	bool again;
	struct tr_http_options o = { .attempts = 3, .backoff_ms = 1, .env = look_up };
	assert_ok(tr_http_new(&o, &http, &err), err);
	for (int i = 0; i < 3; i++) {
		assert_ok(tr_http_again(http, i, 0, &again, &err), err);
		assert_int_equal(again, i < 2);
	}
	tr_http_free(http);
}

static void a_dead_service_uses_the_budget_up_and_successes_refill_it(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_http *http;
	bool again = true;
	int granted = 0;
	struct tr_http_options o = { .attempts = 3, .backoff_ms = 1, .env = look_up };
	assert_ok(tr_http_new(&o, &http, &err), err);
	for (; again; granted += again)
		assert_ok(tr_http_again(http, 0, 0, &again, &err), err);
	assert_int_equal(granted, 100);
	tr_http_succeeded(http);
	assert_ok(tr_http_again(http, 0, 0, &again, &err), err);
	assert_true(again);
	assert_ok(tr_http_again(http, 0, 0, &again, &err), err);
	assert_false(again);
	tr_http_free(http);
}

static void retry_after_is_waited_for_but_not_for_hours(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_http *http;
	bool again = false;
	struct tr_http_options o = { .backoff_ms = 1, .env = look_up };
	assert_ok(tr_http_new(&o, &http, &err), err);
	int64_t before_us = tr_clock_monotonic_us();
	assert_ok(tr_http_again(http, 0, 1, &again, &err), err);
	assert_true(again);
	assert_true(tr_clock_monotonic_us() - before_us >= 1000000);
	assert_ok(tr_http_again(http, 0, 3600, &again, &err), err);
	assert_false(again);
	tr_http_free(http);
}

static int64_t retry_after_of(const char *headers)
{
	struct tr_http_response r = { 0 };
	tr_str_init(&r.headers, 1000);
	tr_str_add(&r.headers, headers);
	int64_t s = tr_http_retry_after(&r);
	tr_http_response_clear(&r);
	return s;
}

static void retry_after_is_a_number_or_a_date(void **state)
{
	(void)state;
	assert_int_equal(retry_after_of("retry-after: 7\n"), 7);
	assert_int_equal(retry_after_of("retry-after: -7\n"), 0);
	assert_int_equal(retry_after_of("retry-after: soon\n"), 0);
	assert_int_equal(retry_after_of("x: 1\n"), 0);
	assert_int_equal(
		retry_after_of(
			"date: Sun, 22 Nov 2026 22:00:00 GMT\nretry-after: Sun, 22 Nov 2026 22:00:09 GMT\n"),
		9);
	assert_int_equal(
		retry_after_of(
			"date: Sun, 22 Nov 2026 22:00:00 GMT\nretry-after: Sun, 22 Nov 2026 21:00:09 GMT\n"),
		0);
	/* A date that no count of microseconds holds. */
	assert_int_equal(retry_after_of("retry-after: Sun, 22 Nov 2200141 22:00:09 GMT\n"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attempts_end_where_the_options_say),
		cmocka_unit_test(a_dead_service_uses_the_budget_up_and_successes_refill_it),
		cmocka_unit_test(retry_after_is_waited_for_but_not_for_hours),
		cmocka_unit_test(retry_after_is_a_number_or_a_date),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
