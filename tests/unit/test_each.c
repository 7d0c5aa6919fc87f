#include "check.h"

#include <stdatomic.h>

#include "base/each.h"

struct things {
	_Atomic int calls[1000];
	size_t fails, also_fails; /* numbers */
};

static bool touch(void *context, size_t i, struct tr_err *err)
{
	struct things *t = context;
	atomic_fetch_add(&t->calls[i], 1);
	if (i == t->fails || i == t->also_fails)
		return tr_err_set(err, TR_ERR_DATA, "number %zu", i);
	return true;
}

static void everything_is_done_once_whatever_the_threads(void **state)
{
	(void)state;
	const int threads[] = { -1, 0, 1, 2, 8, 100 };
	for (size_t i = 0; i < sizeof threads / sizeof *threads; i++)
		for (size_t n = 0; n <= 1000; n += 250) {
			struct things t = { .fails = SIZE_MAX, .also_fails = SIZE_MAX };
			struct tr_err err = { 0 };
			assert_ok(tr_each(n, threads[i], touch, &t, &err), err);
			for (size_t k = 0; k < 1000; k++)
				assert_int_equal(t.calls[k], k < n);
		}
}

static void first_failure_ends_it_and_is_told(void **state)
{
	(void)state;
	for (int threads = 1; threads < 9; threads++) {
		struct things t = { .fails = 3, .also_fails = 900 };
		struct tr_err err = { 0 };
		assert_false(tr_each(1000, threads, touch, &t, &err));
		assert_string_equal(err.what, "number 3");
		int calls = 0;
		for (size_t k = 0; k < 1000; k++)
			calls += t.calls[k];
		if (threads == 1)
			assert_int_equal(calls, 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_done_once_whatever_the_threads),
		cmocka_unit_test(first_failure_ends_it_and_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
