#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "source/column_type.h"
#include "source/scan_sql.h"

static struct tr_source_column columns[] = {
	{ .name = "id", .select = "\"id\"", .supported = true, .key_position = 2 },
	{ .name = "a\"b", .select = "\"a\"\"b\"", .supported = true },
	{ .name = "c", .select = "\"c\"::text", .supported = true, .key_position = 1 },
};
static struct tr_relation relation = {
	.schema = "My \"S\"",
	.name = "t",
	.kind = 'r',
	.pages = 100,
	.columns = columns,
	.n_columns = 3,
};
#define FROM " FROM \"My \"\"S\"\"\".\"t\""

static void check_sql(const struct tr_scan *scan, const char *want)
{
	struct tr_err err = { 0 };
	char *sql = tr_scan_sql(scan, &err);
	if (!sql)
		fail_msg("%s", err.what);
	assert_string_equal(sql, want);
	free(sql);
}

static void the_copy_names_what_is_needed_and_nothing_else(void **state)
{
	(void)state;
	const int all[] = { 0, 1, 2 };
	struct tr_scan scan = { .relation = &relation, .columns = all, .n_columns = 3 };
	check_sql(&scan, "COPY (SELECT \"id\", \"a\"\"b\", \"c\"::text" FROM ") TO STDOUT (FORMAT binary)");
	scan.n_columns = 0;
	check_sql(&scan, "COPY (SELECT" FROM ") TO STDOUT (FORMAT binary)");
	scan.n_columns = 1;
	scan.where = "a = 1 OR b -- all";
	check_sql(&scan,
		"COPY (SELECT \"id\"" FROM " WHERE (a = 1 OR b -- all\n)) TO STDOUT (FORMAT binary)");
}

static void the_planner_is_asked_for_the_same_rows(void **state)
{
	(void)state;
	const int all[] = { 0, 2 };
	struct tr_err err = { 0 };
	struct tr_scan scan = { .relation = &relation, .columns = all, .n_columns = 2, .where = "a -- b" };
	char *sql = tr_scan_explain_sql(&scan, false, &err);
	assert_non_null(sql);
	assert_string_equal(sql, "EXPLAIN SELECT \"id\", \"c\"::text" FROM " WHERE (a -- b\n)");
	free(sql);
	sql = tr_scan_explain_sql(&scan, true, &err);
	assert_non_null(sql);
	assert_string_equal(sql,
		"EXPLAIN SELECT \"id\", \"c\"::text, CASE WHEN a -- b\n THEN 1 END" FROM " WHERE (a -- b\n)");
	free(sql);
	scan.n_columns = 0;
	sql = tr_scan_explain_sql(&scan, true, &err);
	assert_non_null(sql);
	assert_string_equal(sql, "EXPLAIN SELECT CASE WHEN a -- b\n THEN 1 END" FROM " WHERE (a -- b\n)");
	free(sql);
	scan.where = NULL;
	sql = tr_scan_explain_sql(&scan, true, &err);
	assert_non_null(sql);
	assert_string_equal(sql, "EXPLAIN SELECT" FROM);
	free(sql);
}

static void a_whole_table_is_copied_without_a_query(void **state)
{
	(void)state;
	const int plain[] = { 0, 1 };
	struct tr_relation table = relation;
	struct tr_scan scan = { .relation = &table, .columns = plain, .n_columns = 2 };
	check_sql(&scan, "COPY \"My \"\"S\"\"\".\"t\" ( \"id\", \"a\"\"b\") TO STDOUT (FORMAT binary)");
	/* A parent of other tables, a view: the rows are not its own. */
	table.pages = 0;
	check_sql(&scan, "COPY (SELECT \"id\", \"a\"\"b\"" FROM ") TO STDOUT (FORMAT binary)");
	table.pages = 100;
	table.kind = 'v';
	check_sql(&scan, "COPY (SELECT \"id\", \"a\"\"b\"" FROM ") TO STDOUT (FORMAT binary)");
	/* Generated columns are read by a query only. */
	struct tr_source_column computed[] = { relation.columns[0], relation.columns[1] };
	computed[1].generated = true;
	table.kind = 'r';
	table.columns = computed;
	check_sql(&scan, "COPY (SELECT \"id\", \"a\"\"b\"" FROM ") TO STDOUT (FORMAT binary)");
}

static void page_ranges_meet_and_the_last_one_is_open(void **state)
{
	(void)state;
	const int id[] = { 0 };
	struct tr_scan scan = { .relation = &relation, .columns = id, .n_columns = 1, .ranged = true };
	scan.end_page = 100;
	check_sql(&scan, "COPY (SELECT \"id\"" FROM ") TO STDOUT (FORMAT binary)");
	scan.end_page = 50;
	check_sql(&scan, "COPY (SELECT \"id\"" FROM " WHERE ctid < '(50,0)') TO STDOUT (FORMAT binary)");
	scan.first_page = 20;
	check_sql(&scan,
		"COPY (SELECT \"id\"" FROM
		" WHERE ctid >= '(20,0)' AND ctid < '(50,0)') TO STDOUT (FORMAT binary)");
	scan.end_page = 100;
	scan.where = "x";
	check_sql(&scan,
		"COPY (SELECT \"id\"" FROM " WHERE (x\n) AND ctid >= '(20,0)') TO STDOUT (FORMAT binary)");
	struct tr_err err = { 0 };
	scan.end_page = 10;
	assert_null(tr_scan_sql(&scan, &err));
	assert_int_equal(err.kind, TR_ERR_INTERNAL);
}

static void the_row_is_asked_for_by_its_key_in_the_same_order(void **state)
{
	(void)state;
	const int some[] = { 1 };
	struct tr_scan scan = { .relation = &relation, .columns = some, .n_columns = 1, .where = "x" };
	struct tr_err err = { 0 };
	char *sql = tr_scan_key_sql(&scan, &err);
	assert_non_null(sql);
	assert_string_equal(sql,
		"DECLARE tailrace_row NO SCROLL CURSOR FOR SELECT \"c\"::text, \"id\"::text, "
		"(\"a\"\"b\") IS NULL" FROM " WHERE (x\n)");
	free(sql);
}

/* ---- types ---- */

static struct tr_source_column map(uint32_t oid, int typmod, char typtype, const char *name,
	const char *sample, struct tr_arena *arena)
{
	struct tr_source_column c = { .name = "x", .pg_type = "the type" };
	struct tr_pg_type type = { oid, typmod, typtype, name, sample };
	struct tr_err err = { 0 };
	assert_ok(tr_column_map(&c, &type, arena, &err), err);
	return c;
}

static int numeric_typmod(int precision, int scale)
{
	return (precision << 16 | (scale & 0x7FF)) + 4;
}

static void numerics_become_the_decimal_that_holds_them(void **state)
{
	(void)state;
	const struct {
		int precision, scale;
		const char *decimal; /* NULL: not supported */
	} cases[] = {
		{ 10, 2, "decimal(10,2)" },
		{ 38, 38, "decimal(38,38)" },
		{ 1, 0, "decimal(1,0)" },
		{ 3, -2, "decimal(5,0)" },
		{ 3, 5, "decimal(5,5)" },
		{ 30, -8, "decimal(38,0)" },
		{ 30, -9, NULL },
		{ 2, 39, NULL },
		{ 39, 2, NULL },
		{ 1000, 1000, NULL },
		{ 5, -1000, NULL },
	};
	struct tr_arena arena;
	tr_arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[TR_TYPE_TEXT];
		struct tr_source_column c = map(1700, numeric_typmod(cases[i].precision, cases[i].scale), 'b',
			"numeric", NULL, &arena);
		assert_int_equal(c.supported, cases[i].decimal != NULL);
		if (c.supported)
			assert_string_equal(tr_type_format(c.type, text), cases[i].decimal);
		else
			assert_non_null(strstr(c.why, "at most 38 digits"));
	}
	struct tr_source_column bare = map(1700, -1, 'b', "numeric", NULL, &arena);
	assert_false(bare.supported);
	assert_non_null(strstr(bare.why, "without a precision"));
	bare = map(1700, -1, 'b', "numeric", "6,2", &arena);
	assert_non_null(strstr(bare.why, "\"x\"::numeric(12,2)"));
	bare = map(1700, -1, 'b', "numeric", "40,2", &arena);
	assert_null(strstr(bare.why, "pg_stats"));
	tr_arena_clear(&arena);
}

static void enums_and_citext_are_text_and_the_rest_says_what_to_do(void **state)
{
	(void)state;
	struct tr_arena arena;
	tr_arena_init(&arena, 1 << 20);
	struct tr_source_column c = map(70000, -1, 'e', "mood", NULL, &arena);
	assert_true(c.supported && c.wire == TR_PG_TEXT && c.type.kind == TR_STRING);
	c = map(70001, -1, 'b', "citext", NULL, &arena);
	assert_true(c.supported && c.type.kind == TR_STRING);
	c = map(70002, -1, 'c', "citext", NULL, &arena);
	assert_false(c.supported);
	c = map(18, -1, 'b', "char", NULL, &arena);
	assert_string_equal(c.select, "\"x\"::text");
	c = map(1186, -1, 'b', "interval", NULL, &arena);
	assert_false(c.supported);
	assert_string_equal(c.why,
		"column `x` has the type the type, which tailrace does not read yet: cast it in a "
		"view (\"x\"::text), or leave it out");
	tr_arena_clear(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_copy_names_what_is_needed_and_nothing_else),
		cmocka_unit_test(the_planner_is_asked_for_the_same_rows),
		cmocka_unit_test(a_whole_table_is_copied_without_a_query),
		cmocka_unit_test(page_ranges_meet_and_the_last_one_is_open),
		cmocka_unit_test(the_row_is_asked_for_by_its_key_in_the_same_order),
		cmocka_unit_test(numerics_become_the_decimal_that_holds_them),
		cmocka_unit_test(enums_and_citext_are_text_and_the_rest_says_what_to_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
