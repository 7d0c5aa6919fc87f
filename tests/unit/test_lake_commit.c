#include "lake_support.h"

static void a_first_version_is_published_and_read_back(void **state)
{
	(void)state;
	struct test_lake t;
	test_lake_open(&t);
	assert_int_equal(test_version(&t, "orders"), 0);
	test_run(&t, "orders", "one");
	assert_int_equal(test_version(&t, "orders"), 1);
	assert_int_equal(test_whole(&t, "orders", 1), 1);
	assert_string_equal(t.heard, "");
	test_lake_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_version_is_published_and_read_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
