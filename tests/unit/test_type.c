#include "check.h"

#include "data/type.h"

static void every_spelling_reads_back(void **state)
{
	(void)state;
	const char *cases[] = { "bool", "smallint", "int", "bigint", "float", "double", "decimal(38,10)",
		"string", "binary", "date", "timestamp", "timestamp(3)", "timestamptz(6)", "time", "uuid",
		"json" };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct tr_err err = { 0 };
		struct tr_type type;
		char text[TR_TYPE_TEXT];
		assert_ok(tr_type_parse(cases[i], &type, &err), err);
		assert_string_equal(tr_type_format(type, text), cases[i]);
	}
}

static void mistakes_get_a_hint(void **state)
{
	(void)state;
	const char *cases[][2] = {
		{ "strng", "did you mean `string`?" },
		{ "decimal", "write decimal(p,s)" },
		{ "decimal(39,0)", "write decimal(p,s)" },
		{ "decimal(4,5)", "write decimal(p,s)" },
		{ "timestamp(4)", "write timestamp, timestamp(3)" },
		{ "int(4)", "write `int` without parentheses" },
		{ "bigint x", "write `bigint` without" },
		{ "geometry_collection", "the types are" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct tr_err err = { 0 };
		struct tr_type type;
		assert_false(tr_type_parse(cases[i][0], &type, &err));
		assert_memory_equal(err.hint, cases[i][1], __builtin_strlen(cases[i][1]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_spelling_reads_back),
		cmocka_unit_test(mistakes_get_a_hint),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
