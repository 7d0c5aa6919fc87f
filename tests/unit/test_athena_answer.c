/* Answers of Athena as its API reference has them. */
#include "check.h"

#include <stdlib.h>

#include "data/value.h"
#include "engine/athena_answer.h"

#define COLUMN(name, type, precision, scale)                                                             \
	"{\"CatalogName\":\"hive\",\"SchemaName\":\"\",\"TableName\":\"\",\"Name\":\"" name              \
	"\",\"Label\":\"" name "\",\"Type\":\"" type "\",\"Precision\":" #precision ",\"Scale\":" #scale \
	",\"Nullable\":\"UNKNOWN\",\"CaseSensitive\":false}"
#define ANSWER(rows, columns)                               \
	"{\"UpdateCount\":0,\"ResultSet\":{\"Rows\":[" rows \
	"],\"ResultSetMetadata\":{\"ColumnInfo\":[" columns "]}}}"
#define V(text) "{\"VarCharValue\":\"" text "\"}"
#define ROW(values) "{\"Data\":[" values "]}"

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, 0, &error);
	if (!json)
		fail_msg("%s at %d: %s", error.text, error.position, text);
	return json;
}

/* `name type; ...` and then each row on a line, values separated by commas. */
static char *read_page(const char *text, bool header, struct tr_err *err)
{
	json_t *answer = parse(text);
	struct tr_remote_result result;
	struct ArrowArray batch = { 0 };
	struct tr_str out;
	int64_t rows = 0;
	char type[TR_TYPE_TEXT];
	tr_remote_result_init(&result);
	tr_str_init(&out, 65536);
	bool ok = tr_athena_columns(answer, &result, err) &&
		tr_athena_rows(answer, header, &result, &rows, err) &&
		tr_remote_result_take(&result, rows, &batch, err);
	for (size_t i = 0; ok && i < result.schema.n; i++)
		tr_str_addf(&out, "%s %s; ", result.schema.fields[i].name,
			tr_type_format(result.schema.fields[i].type, type));
	for (int64_t row = 0; ok && row < rows; row++) {
		tr_str_addc(&out, '\n');
		for (size_t i = 0; i < result.schema.n; i++) {
			struct tr_view view;
			tr_view_init(&view, &batch, i, result.schema.fields[i].type);
			tr_str_add(&out, i ? "," : "");
			tr_value_format(&view, result.schema.fields[i].type, row, &out);
		}
	}
	tr_batch_clear(&batch);
	tr_remote_result_clear(&result);
	json_decref(answer);
	char *shown = ok ? strdup(out.ptr ? out.ptr : "") : NULL;
	tr_str_clear(&out);
	return shown;
}

static void expect(const char *text, bool header, const char *want)
{
	struct tr_err err = { 0 };
	char *got = read_page(text, header, &err);
	if (!got)
		fail_msg("%s", err.what);
	assert_string_equal(got, want);
	free(got);
}

static void a_page_reads_with_all_its_types(void **state)
{
	(void)state;
	expect(ANSWER(ROW(V("true") "," V("-128") "," V("7") "," V("0.1") "," V("1.0E10") "," V("12.30") "," V("x") "," V("2024-02-29") "," V(
			      "2024-06-17 09:30:00.120") "," V("2024-06-17 09:30:00.120 UTC") "," V("00 ff") "," V("[1, "
														   "null"
														   "]")),
		       COLUMN("b", "boolean", 0, 0) "," COLUMN("t", "tinyint", 3, 0) "," COLUMN("l", "bigint",
			       19, 0) "," COLUMN("f", "float", 17, 0) "," COLUMN("d", "double", 17,
			       0) "," COLUMN("n", "decimal", 10, 2) "," COLUMN("v", "varchar", 2147483647,
			       0) "," COLUMN("da", "date", 0, 0) "," COLUMN("ts", "timestamp", 3,
			       0) "," COLUMN("tz", "timestamp with time zone", 3, 0) "," COLUMN("x",
			       "varbinary", 1073741824, 0) "," COLUMN("a", "array", 0, 0)),
		false,
		"b bool; t smallint; l bigint; f float; d double; n decimal(10,2); v string; da date; ts timestamp(3); "
		"tz timestamptz(3); x binary; a string; \n"
		"true,-128,7,0.1,10000000000,12.30,x,2024-02-29,2024-06-17 09:30:00.12,2024-06-17 09:30:00.12+00,"
		"\\x00ff,[1, null]");
}

static void the_header_is_left_out_and_only_it(void **state)
{
	(void)state;
	const char *columns_only = ANSWER("", COLUMN("a", "varchar", 1, 0));
	expect(columns_only, true, "a string; ");
	const char *page = ANSWER(ROW(V("a") "," V("b")) "," ROW(V("a") "," V("b")),
		COLUMN("a", "varchar", 1, 0) "," COLUMN("b", "varchar", 1, 0));
	expect(page, true, "a string; b string; \na,b");
	expect(page, false, "a string; b string; \na,b\na,b");
	/* SHOW TABLES has none. */
	expect(ANSWER(ROW(V("orders")), COLUMN("tab_name", "string", 0, 0)), true,
		"tab_name string; \norders");
}

static void a_value_that_is_not_there_is_null_and_an_empty_one_is_not(void **state)
{
	(void)state;
	expect(ANSWER(ROW("{}," V("")) "," ROW("{\"VarCharValue\":null}," V("x")) "," ROW(V("1")),
		       COLUMN("n", "bigint", 19, 0) "," COLUMN("s", "varchar", 1, 0)),
		true, "n bigint; s string; \nnull,\nnull,x\n1,null");
}

static void a_page_that_is_not_athenas_is_an_error(void **state)
{
	(void)state;
	const char *const pages[] = {
		ANSWER(ROW(V("1") "," V("2")), COLUMN("a", "bigint", 19, 0)),
		ANSWER(ROW("{\"VarCharValue\":1}"), COLUMN("a", "bigint", 19, 0)),
		ANSWER("{}", COLUMN("a", "bigint", 19, 0)),
		ANSWER("7", COLUMN("a", "bigint", 19, 0)),
		ANSWER("", "{\"Name\":\"a\"}"),
		ANSWER("", "[]"),
		ANSWER("", COLUMN("a", "decimal", 0, 0)),
		ANSWER(ROW(V("x")), COLUMN("a", "bigint", 19, 0)),
		"{\"ResultSet\":{\"Rows\":{}}}",
	};
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		struct tr_err err = { 0 };
		assert_null(read_page(pages[i], false, &err));
		assert_true(err.what[0] && err.hint[0]);
	}
}

/* ---- execution ---- */

#define EXECUTION(status, statistics) \
	"{\"QueryExecution\":{\"Status\":{" status "},\"Statistics\":{" statistics "}}}"

static void an_execution_tells_state_and_figures(void **state)
{
	(void)state;
	json_t *answer = parse(EXECUTION("\"State\":\"SUCCEEDED\"",
		"\"DataScannedInBytes\":123,\"QueryQueueTimeInMillis\":5,\"TotalExecutionTimeInMillis\":70,"
		"\"EngineExecutionTimeInMillis\":60,\"ResultReuseInformation\":{\"ReusedPreviousResult\":true}"));
	struct tr_remote_statistics s = { 0 };
	struct tr_err err = { 0 };
	enum tr_athena_state is;
	const char *word;
	assert_ok(tr_athena_execution(answer, &is, &word, &s, &err), err);
	assert_int_equal(is, TR_ATHENA_SUCCEEDED);
	assert_string_equal(word, "SUCCEEDED");
	assert_int_equal(s.scanned_bytes, 123);
	assert_int_equal(s.queued_ms, 5);
	assert_int_equal(s.elapsed_ms, 70);
	assert_true(s.reused);
	json_decref(answer);
	const char *const wrong[] = { "{}", "[]", EXECUTION("\"State\":\"DANCING\"", ""),
		EXECUTION("\"State\":7", "") };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		answer = parse(wrong[i]);
		tr_err_clear(&err);
		assert_false(tr_athena_execution(answer, &is, &word, &s, &err));
		assert_true(err.hint[0]);
		json_decref(answer);
	}
	answer = parse(EXECUTION("\"State\":\"RUNNING\"", "\"DataScannedInBytes\":-5"));
	assert_ok(tr_athena_execution(answer, &is, &word, &s, &err), err);
	assert_int_equal(s.scanned_bytes, 0);
	json_decref(answer);
}

static struct tr_err failure(const char *status, const char *sql)
{
	char text[2048];
	struct tr_err err = { 0 };
	snprintf(text, sizeof text, "{\"QueryExecution\":{\"Status\":{%s}}}", status);
	json_t *answer = parse(text);
	assert_false(tr_athena_failed(answer, sql, &err));
	json_decref(answer);
	assert_true(err.what[0] && err.hint[0]);
	return err;
}

static void a_failed_statement_is_shown_at_its_place(void **state)
{
	(void)state;
	struct tr_err err =
		failure("\"State\":\"FAILED\",\"StateChangeReason\":\"COLUMN_NOT_FOUND: line 2:3: Column "
			"'x' cannot be resolved\",\"AthenaError\":{\"ErrorCategory\":2}",
			"SELECT\n  x FROM t");
	assert_int_equal(err.kind, TR_ERR_USER);
	assert_string_equal(err.what, "Column 'x' cannot be resolved");
	assert_int_equal(err.place.line, 2);
	assert_int_equal(err.place.column, 3);
	assert_string_equal(err.place.excerpt, "  x FROM t");
	err = failure("\"State\":\"FAILED\",\"StateChangeReason\":\"Internal error\",\"AthenaError\":"
		      "{\"ErrorCategory\":1,\"Retryable\":true}",
		"SELECT 1");
	assert_int_equal(err.kind, TR_ERR_TRANSIENT);
	assert_true(err.retry);
	err = failure("\"State\":\"CANCELLED\",\"StateChangeReason\":\"Query cancelled by user\"",
		"SELECT 1");
	assert_string_equal(err.what, "the statement was stopped at Athena, by somebody else");
	err = failure(
		"\"State\":\"CANCELLED\",\"StateChangeReason\":\"Query cancelled! : Bytes scanned limit was "
		"exceeded\"",
		"SELECT 1");
	assert_non_null(strstr(err.hint, "the workgroup limits what one statement may scan"));
	failure("\"State\":\"FAILED\"", "SELECT 1");
	failure("\"State\":\"FAILED\",\"StateChangeReason\":\"line 9:9: far away\"", "SELECT 1");
}

static void a_refused_start_says_what_to_set(void **state)
{
	(void)state;
	const struct {
		const char *message, *what, *hint;
	} cases[] = {
		{ "WorkGroup nope is not found.", "there is no Athena workgroup `wg`",
			"set athena.workgroup" },
		{ "WorkGroup wg is disabled.", "the Athena workgroup `wg` is disabled", "enable it" },
		{ "No output location provided. An output location is required either through the Workgroup result "
		  "configuration setting or as an API input.",
			"Athena has no place for results it can use", "set athena.output_location" },
		{ "OutputLocation cannot be set when managed query results are enabled",
			"the Athena workgroup `wg` manages results itself",
			"take athena.output_location out of the configuration" },
		{ "Unable to verify/create output bucket x",
			"Athena cannot use the bucket of athena.output_location",
			"it must exist in Athena's region" },
		{ "line 1:8: mismatched input 'x'", "mismatched input 'x'", "Athena's SQL is Trino's" },
		{ "something new", "Athena refuses the statement", "see what Athena says" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tr_err err = { 0 };
		assert_false(tr_athena_refused(cases[i].message, "SELECT x y z", "wg", &err));
		assert_int_equal(err.kind, TR_ERR_USER);
		assert_string_equal(err.what, cases[i].what);
		assert_non_null(strstr(err.hint, cases[i].hint));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_reads_with_all_its_types),
		cmocka_unit_test(the_header_is_left_out_and_only_it),
		cmocka_unit_test(a_value_that_is_not_there_is_null_and_an_empty_one_is_not),
		cmocka_unit_test(a_page_that_is_not_athenas_is_an_error),
		cmocka_unit_test(an_execution_tells_state_and_figures),
		cmocka_unit_test(a_failed_statement_is_shown_at_its_place),
		cmocka_unit_test(a_refused_start_says_what_to_set),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
