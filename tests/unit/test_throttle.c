#include "check.h"

#include "base/clock.h"
#include "source/throttle.h"

#define MB 1000000

static void without_a_rate_nothing_waits(void **state)
{
	(void)state;
	struct tr_throttle t;
	struct tr_err err = { 0 };
	tr_throttle_init(&t, 0);
	int64_t start = tr_clock_monotonic_us();
	for (int i = 0; i < 1000; i++)
		assert_ok(tr_throttle_take(&t, 1000 * MB, NULL, &err), err);
	assert_true(tr_clock_monotonic_us() - start < 500000);
	tr_throttle_clear(&t);
}

static void takes_last_as_long_as_the_rate_says(void **state)
{
	(void)state;
	struct tr_throttle t;
	struct tr_err err = { 0 };
	tr_throttle_init(&t, 10 * MB);
	int64_t start = tr_clock_monotonic_us();
	for (int i = 0; i < 50; i++)
		assert_ok(tr_throttle_take(&t, MB / 10, NULL, &err), err);
	/* 5 MB at 10 MB/s, less the tenth of a second that is free at the start. */
	assert_true(tr_clock_monotonic_us() - start >= 390000);
	tr_throttle_clear(&t);
}

static void a_cancelled_wait_ends_at_once(void **state)
{
	(void)state;
	struct tr_throttle t;
	struct tr_cancel cancel;
	struct tr_err err = { 0 };
	tr_throttle_init(&t, 1);
	assert_ok(tr_cancel_init(&cancel, &err), err);
	tr_cancel_raise(&cancel);
	assert_false(tr_throttle_take(&t, 1000 * MB, &cancel, &err));
	assert_int_equal(err.kind, TR_ERR_CANCELLED);
	tr_cancel_clear(&cancel);
	tr_throttle_clear(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_rate_nothing_waits),
		cmocka_unit_test(takes_last_as_long_as_the_rate_says),
		cmocka_unit_test(a_cancelled_wait_ends_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
