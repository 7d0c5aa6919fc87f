#include "check.h"

#include "data/name.h"

static void proposals_are_snake_case_and_always_valid(void **state)
{
	(void)state;
	const char *cases[][2] = {
		{ "userId", "user_id" },
		{ "UserID", "user_id" },
		{ "HTTPServer2Go", "http_server2_go" },
		{ "amount_with_tax", "amount_with_tax" },
		{ "2nd", "_2nd" },
		{ "", "_" },
		{ "a b-c", "a_b_c" },
		{ "\xC3\x9C", "u" }, /* Ü */
		{ "Gr\xC3\xB6\xC3\x9F"
		  "e",
			"grosse" },                               /* Größe */
		{ "\xC5\xBBywiec\xC5\x81\xC3\xB3", "zywiec_lo" }, /* ŻywiecŁó */
		{ "a\xC3\x97"
		  "b",
			"a_b" },         /* a×b */
		{ "\xE5\x90\x8D", "_" }, /* 名 */
		{ "cut \xC3", "cut_" },
		{ "Order Total", "order_total" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char out[TR_NAME_MAX + 1];
		tr_name_propose(cases[i][0], out);
		assert_string_equal(out, cases[i][1]);
		assert_true(tr_name_is_column(out));
	}
	char longest[300], out[TR_NAME_MAX + 1];
	for (size_t i = 0; i < sizeof longest - 1; i++)
		longest[i] = i % 2 ? 'A' : 'b';
	longest[sizeof longest - 1] = '\0';
	tr_name_propose(longest, out);
	assert_true(tr_name_is_column(out));
	longest[0] = '9';
	tr_name_propose(longest, out);
	assert_true(tr_name_is_column(out));
}

static void closest_name_is_found_within_a_third(void **state)
{
	(void)state;
	const char *keys[] = { "location", "catalog", "database", "connections" };
	assert_string_equal(tr_name_closest("loaction", keys, 4), "location");
	assert_string_equal(tr_name_closest("Databse", keys, 4), "database");
	assert_string_equal(tr_name_closest("connection", keys, 4), "connections");
	assert_null(tr_name_closest("engine", keys, 4));
	assert_null(tr_name_closest("", keys, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proposals_are_snake_case_and_always_valid),
		cmocka_unit_test(closest_name_is_found_within_a_third),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
