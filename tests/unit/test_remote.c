/* What Athena and Trino have in common: statements, places, types and values. */
#include "check.h"

#include <stdlib.h>

#include "engine/remote.h"
#include "data/value.h"
#include "engine/remote_value.h"

/* ---- statements ---- */

static void queries_pass_and_all_else_is_refused_at_its_place(void **state)
{
	(void)state;
	const char *const queries[] = { "SELECT 1", "  select 1",
		"-- a\n/* b */ WITH x AS (SELECT 1) SELECT 1", "(SELECT 1)", "VALUES 1", "table t",
		"SHOW TABLES", "describe t", "EXPLAIN SELECT 1" };
	const char *const others[] = { "", "  -- only a comment", "INSERT INTO t SELECT 1", "DROP TABLE t",
		"UNLOAD (SELECT 1) TO 's3://x'", "CREATE TABLE t AS SELECT 1",
		"EXPLAIN ANALYZE INSERT INTO t SELECT 1", "EXPLAIN /* x */ analyze SELECT 1", "CALL x()", "1",
		"SELECTED", "/* open" };
	struct tr_err err = { 0 };
	for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
		assert_ok(tr_remote_check_query(queries[i], &err), err);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		tr_err_clear(&err);
		assert_false(tr_remote_check_query(others[i], &err));
		assert_int_equal(err.kind, TR_ERR_USER);
		assert_true(err.hint[0]);
	}
	tr_err_clear(&err);
	assert_false(tr_remote_check_query("-- é\n  /* é */ DROP TABLE t", &err));
	assert_string_equal(err.what, "only a query can be run, and this is DROP");
	assert_int_equal(err.place.line, 2);
	assert_int_equal(err.place.column, 12); /* in bytes */
	assert_string_equal(err.place.excerpt, "  /* é */ DROP TABLE t");
}

static void blanks_and_semicolons_at_the_end_are_not_sent(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	char *sql = tr_remote_trim(" SELECT ';' ;\n ; ", &err);
	assert_string_equal(sql, " SELECT ';'");
	free(sql);
	sql = tr_remote_trim(";;", &err);
	assert_string_equal(sql, "");
	free(sql);
}

/* ---- places ---- */

static void positions_are_read_out_of_messages(void **state)
{
	(void)state;
	const struct {
		const char *message;
		int64_t line, column;
		const char *rest;
	} cases[] = {
		{ "line 1:8: Column 'x' cannot be resolved", 1, 8, "Column 'x' cannot be resolved" },
		{ "COLUMN_NOT_FOUND: line 12:345: no", 12, 345, "no" },
		{ "an online 1:2: thing, line 3:4: here", 3, 4, "here" },
		{ "line 1: no column", 0, 0, NULL },
		{ "line 99999999999:1: too far", 0, 0, NULL },
		{ "nothing", 0, 0, NULL },
		{ "", 0, 0, NULL },
		{ "line ", 0, 0, NULL },
		{ "line 1:8", 0, 0, NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t line = 0, column = 0;
		const char *rest;
		bool found = tr_remote_position(cases[i].message, &line, &column, &rest);
		assert_int_equal(found, cases[i].rest != NULL);
		assert_string_equal(rest, found ? cases[i].rest : cases[i].message);
		if (found)
			assert_true(line == cases[i].line && column == cases[i].column);
	}
}

static void a_column_in_characters_becomes_one_in_bytes(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	tr_remote_place("SELECT\n  'äö😀', x\nFROM t", 2, 9, &err);
	assert_int_equal(err.place.line, 2);
	assert_int_equal(err.place.column, 14);
	assert_string_equal(err.place.excerpt, "  'äö😀', x");
	/* Beyond the line's end, and beyond the text. */
	tr_remote_place("ab", 1, 1000, &err);
	assert_int_equal(err.place.column, 3);
	struct tr_err none = { 0 };
	tr_remote_place("ab", 2, 1, &none);
	tr_remote_place("ab", 0, 1, &none);
	tr_remote_place("ab", -1, INT64_MIN, &none);
	assert_int_equal(none.place.line, 0);
}

static void waiting_ends_when_the_cancel_is_raised(void **state)
{
	(void)state;
	struct tr_cancel cancel;
	struct tr_err err = { 0 };
	assert_ok(tr_cancel_init(&cancel, &err), err);
	assert_ok(tr_remote_wait(&cancel, 1, &err), err);
	assert_ok(tr_remote_wait(NULL, 0, &err), err);
	tr_cancel_raise(&cancel);
	assert_false(tr_remote_wait(&cancel, 600000, &err));
	assert_int_equal(err.kind, TR_ERR_CANCELLED);
	tr_cancel_clear(&cancel);
}

/* ---- types ---- */

static void every_type_has_its_kind(void **state)
{
	(void)state;
	const struct {
		const char *text, *type;
	} cases[] = {
		{ "boolean", "bool" },
		{ "tinyint", "smallint" },
		{ "smallint", "smallint" },
		{ "integer", "int" },
		{ "bigint", "bigint" },
		{ "real", "float" },
		{ "double", "double" },
		{ "decimal(10,2)", "decimal(10,2)" },
		{ "decimal(38, 0)", "decimal(38,0)" },
		{ "varchar", "string" },
		{ "varchar(5)", "string" },
		{ "char(3)", "string" },
		{ "varbinary", "binary" },
		{ "date", "date" },
		{ "time(6)", "time" },
		{ "time(3) with time zone", "string" },
		{ "timestamp", "timestamp(3)" },
		{ "timestamp(0)", "timestamp(3)" },
		{ "timestamp(3)", "timestamp(3)" },
		{ "timestamp(6)", "timestamp" },
		{ "timestamp(12)", "timestamp" },
		{ "timestamp(3) with time zone", "timestamptz(3)" },
		{ "timestamp(6) with time zone", "timestamptz" },
		{ "uuid", "uuid" },
		{ "json", "json" },
		{ "array(decimal(10,2))", "json" },
		{ "map(varchar(3),bigint)", "json" },
		{ "row(a bigint, b decimal(3,1))", "json" },
		{ "interval day to second", "string" },
		{ "unknown", "string" },
		{ "HyperLogLog", "string" },
		{ "", "string" },
		{ "(", "string" },
	};
	struct tr_err err = { 0 };
	struct tr_type type;
	char text[TR_TYPE_TEXT];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_ok(tr_remote_type_parse(cases[i].text, true, &type, &err), err);
		assert_string_equal(tr_type_format(type, text), cases[i].type);
	}
	/* Athena writes nested values in a way of its own, which is no JSON. */
	assert_ok(tr_remote_type_parse("array(bigint)", false, &type, &err), err);
	assert_int_equal(type.kind, TR_STRING);
	const char *const impossible[] = { "decimal", "decimal(0,0)", "decimal(39,0)", "decimal(5,6)",
		"decimal(99999999999999999999,1)", "decimal(5)" };
	for (size_t i = 0; i < sizeof impossible / sizeof *impossible; i++) {
		tr_err_clear(&err);
		assert_false(tr_remote_type_parse(impossible[i], true, &type, &err));
		assert_true(err.hint[0]);
	}
}

/* ---- values ---- */

/* The value of a text, in tailrace's own spelling; NULL: refused. */
static char *read_value(const char *type_text, const char *text, enum tr_remote_bytes bytes, json_t *json)
{
	static char shown[4096];
	struct tr_err err = { 0 };
	struct tr_remote_result result;
	struct ArrowArray batch = { 0 };
	struct tr_type type;
	tr_remote_result_init(&result);
	assert_ok(tr_remote_type_parse(type_text, true, &type, &err), err);
	assert_ok(tr_schema_add(&result.schema, "v", type, true, NULL, &err), err);
	assert_ok(tr_remote_result_bind(&result, bytes, &err), err);
	const struct tr_remote_value *v = &result.values[0];
	bool ok = json ? v->json(v, json, &result.columns[0], &err)
		       : v->text(v, text, strlen(text), &result.columns[0], &err);
	if (ok) {
		struct tr_view view;
		struct tr_str out;
		assert_ok(tr_remote_result_take(&result, 1, &batch, &err), err);
		tr_view_init(&view, &batch, 0, type);
		tr_str_init(&out, sizeof shown);
		tr_value_format(&view, type, 0, &out);
		snprintf(shown, sizeof shown, "%s", out.ptr ? out.ptr : "");
		tr_str_clear(&out);
		tr_batch_clear(&batch);
	} else {
		assert_true(err.what[0] && err.hint[0]);
	}
	tr_remote_result_clear(&result);
	json_decref(json);
	return ok ? shown : NULL;
}

struct value_case {
	const char *type, *text, *want; /* NULL: refused */
};

static void check_values(const struct value_case *cases, size_t n, enum tr_remote_bytes bytes)
{
	for (size_t i = 0; i < n; i++) {
		const char *got = read_value(cases[i].type, cases[i].text, bytes, NULL);
		if ((got == NULL) != (cases[i].want == NULL) || (got && strcmp(got, cases[i].want) != 0))
			fail_msg("%s `%s`: `%s`", cases[i].type, cases[i].text, got ? got : "refused");
	}
}

static void texts_read_exactly_or_not_at_all(void **state)
{
	(void)state;
	static const struct value_case cases[] = {
		{ "boolean", "true", "true" },
		{ "boolean", "TRUE", NULL },
		{ "tinyint", "-128", "-128" },
		{ "smallint", "32768", NULL },
		{ "bigint", "-9223372036854775808", "-9223372036854775808" },
		{ "bigint", "9223372036854775808", NULL },
		{ "bigint", "", NULL },
		{ "real", "0.1", "0.1" },
		{ "real", "3.4028235E38", "3.4028235e+38" },
		{ "real", "1.0E39", NULL },
		{ "real", "NaN", "NaN" },
		{ "real", "-Infinity", "-Infinity" },
		{ "real", "1.0x", NULL },
		{ "double", "1.0E10", "10000000000" },
		{ "double", "4.9E-324", "4.94065645841247e-324" },
		{ "double", "Infinity", "Infinity" },
		{ "double", "x", NULL },
		{ "decimal(22,2)", "12345678901234567890.12", "12345678901234567890.12" },
		{ "decimal(4,2)", "100.00", NULL },
		{ "decimal(4,2)", "1.001", NULL },
		{ "varchar", "", "" },
		{ "varchar", "añ😀", "añ😀" },
		{ "date", "2024-02-29", "2024-02-29" },
		{ "date", "2023-02-29", NULL },
		{ "date", "-0044-03-15", NULL },
		{ "time(6)", "23:59:59.999999", "23:59:59.999999" },
		{ "time(9)", "09:30:00.123456000", "09:30:00.123456" },
		{ "time(9)", "09:30:00.123456001", NULL },
		{ "timestamp(3)", "2024-06-17 09:30:00.120", "2024-06-17 09:30:00.12" },
		{ "timestamp(12)", "2024-06-17 09:30:00.123456000000", "2024-06-17 09:30:00.123456" },
		{ "timestamp(12)", "2024-06-17 09:30:00.123456000001", NULL },
		{ "timestamp(6)", "2024-06-17", "2024-06-17 00:00:00" },
		{ "timestamp(6)", "2024-06-17 24:30:00", NULL },
		{ "timestamp(3) with time zone", "2024-06-17 09:30:00.500 UTC", "2024-06-17 09:30:00.5+00" },
		{ "timestamp(3) with time zone", "2024-06-17 09:30:00.500 +05:30",
			"2024-06-17 04:00:00.5+00" },
		{ "timestamp(9) with time zone", "2024-06-17 09:30:00.123456000 UTC",
			"2024-06-17 09:30:00.123456+00" },
		{ "timestamp(3) with time zone", "2024-06-17 09:30:00.500 Europe/Berlin", NULL },
		{ "timestamp(3) with time zone", "2024-06-17 09:30:00.500", NULL },
		{ "timestamp(3) with time zone", "                      ", NULL },
		{ "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" },
		{ "uuid", "a0eebc99", NULL },
		{ "json", "{\"a\":1}", "{\"a\":1}" },
	};
	check_values(cases, sizeof cases / sizeof *cases, TR_REMOTE_HEX);
}

static void bytes_read_from_hex_and_base64(void **state)
{
	(void)state;
	static const struct value_case hex[] = {
		{ "varbinary", "68 65 6c", "\\x68656c" },
		{ "varbinary", "00FF", "\\x00ff" },
		{ "varbinary", "", "\\x" },
		{ "varbinary", "0", NULL },
		{ "varbinary", "0 0", NULL },
		{ "varbinary", "zz", NULL },
		{ "varbinary", "00 f", NULL },
	};
	static const struct value_case base64[] = {
		{ "varbinary", "", "\\x" },
		{ "varbinary", "AP8=", "\\x00ff" },
		{ "varbinary", "AA==", "\\x00" },
		{ "varbinary", "+/+/", "\\xfbffbf" },
		{ "varbinary", "A", NULL },
		{ "varbinary", "A===", NULL },
		{ "varbinary", "AA=A", NULL },
		{ "varbinary", "AAA", NULL },
		{ "varbinary", "AA*=", NULL },
		{ "varbinary", "====", NULL },
	};
	check_values(hex, sizeof hex / sizeof *hex, TR_REMOTE_HEX);
	check_values(base64, sizeof base64 / sizeof *base64, TR_REMOTE_BASE64);
}

static void json_values_read_as_their_column_says(void **state)
{
	(void)state;
	static const struct value_case cases[] = {
		{ "boolean", "true", "true" },
		{ "boolean", "1", NULL },
		{ "boolean", "null", "null" },
		{ "integer", "2147483647", "2147483647" },
		{ "integer", "2147483648", NULL },
		{ "integer", "1.0", NULL },
		{ "integer", "\"1\"", NULL },
		{ "tinyint", "-128", "-128" },
		{ "bigint", "-9223372036854775808", "-9223372036854775808" },
		{ "double", "0.1", "0.1" },
		{ "double", "1", "1" },
		{ "double", "\"NaN\"", "NaN" },
		{ "double", "true", NULL },
		{ "real", "0.1", "0.1" },
		{ "real", "\"-Infinity\"", "-Infinity" },
		{ "decimal(5,2)", "\"1.50\"", "1.50" },
		{ "decimal(5,2)", "1.5", NULL },
		{ "varchar", "\"a\\u0000b\"", "a" }, /* shown up to the zero byte; its length is kept */
		{ "varchar", "null", "null" },
		{ "varbinary", "\"AP8=\"", "\\x00ff" },
		{ "varbinary", "[0]", NULL },
		{ "array(double)", "[0.1, null, \"NaN\", 1e300]", "[0.1,null,\"NaN\",1e+300]" },
		{ "map(varchar,bigint)", "{\"a\\\"\": 1, \"b\": {}}", "{\"a\\\"\":1,\"b\":{}}" },
		{ "row(a bigint)", "[[], [1, [2]], true]", "[[],[1,[2]],true]" },
		{ "json", "\"[1, 2.50]\"", "[1, 2.50]" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *json = json_loads(cases[i].text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		assert_non_null(json);
		const char *got = read_value(cases[i].type, NULL, TR_REMOTE_BASE64, json);
		if ((got == NULL) != (cases[i].want == NULL) || (got && strcmp(got, cases[i].want) != 0))
			fail_msg("%s %s: `%s`", cases[i].type, cases[i].text, got ? got : "refused");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries_pass_and_all_else_is_refused_at_its_place),
		cmocka_unit_test(blanks_and_semicolons_at_the_end_are_not_sent),
		cmocka_unit_test(positions_are_read_out_of_messages),
		cmocka_unit_test(a_column_in_characters_becomes_one_in_bytes),
		cmocka_unit_test(waiting_ends_when_the_cancel_is_raised),
		cmocka_unit_test(every_type_has_its_kind),
		cmocka_unit_test(texts_read_exactly_or_not_at_all),
		cmocka_unit_test(bytes_read_from_hex_and_base64),
		cmocka_unit_test(json_values_read_as_their_column_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
