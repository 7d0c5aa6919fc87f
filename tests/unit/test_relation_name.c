#include "check.h"

#include <string.h>

#include "source/relation_name.h"

static void names_are_split_as_sql_splits_them(void **state)
{
	(void)state;
	const struct {
		const char *text, *schema, *table;
		bool schema_quoted, table_quoted;
	} cases[] = {
		{ "orders", "", "orders", false, false },
		{ "public.orders", "public", "orders", false, false },
		{ "\"a.b\".\"c \"\"d\"\"\"", "a.b", "c \"d\"", true, true },
		{ "Sales.\"Item\"", "Sales", "Item", false, true },
		{ "sch\xC3\xB6n.t", "sch\xC3\xB6n", "t", false, false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct tr_err err = { 0 };
		struct tr_relation_name name;
		assert_ok(tr_relation_name_parse(cases[i].text, &name, &err), err);
		assert_string_equal(name.schema.name, cases[i].schema);
		assert_string_equal(name.table.name, cases[i].table);
		assert_int_equal(name.schema.quoted, cases[i].schema_quoted);
		assert_int_equal(name.table.quoted, cases[i].table_quoted);
	}
}

static void what_is_no_name_is_refused_with_the_reason(void **state)
{
	(void)state;
	static char longest[300];
	memset(longest, 'x', sizeof longest - 1);
	const struct {
		const char *text, *problem;
	} cases[] = {
		{ "", "a part is empty" },
		{ ".", "a part is empty" },
		{ "a.", "a part is empty" },
		{ ".a", "a part is empty" },
		{ "\"\"", "a part is empty" },
		{ "a.b.c", "more than two parts" },
		{ "\"a", "closing quote is missing" },
		{ "\"a\"b", "something follows the closing quote" },
		{ "a\"b\"", "a quote in the middle" },
		{ longest, "it is too long" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct tr_err err = { 0 };
		struct tr_relation_name name;
		assert_false(tr_relation_name_parse(cases[i].text, &name, &err));
		assert_int_equal(err.kind, TR_ERR_USER);
		assert_non_null(strstr(err.what, cases[i].problem));
		assert_non_null(strstr(err.hint, "schema.table"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_split_as_sql_splits_them),
		cmocka_unit_test(what_is_no_name_is_refused_with_the_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
