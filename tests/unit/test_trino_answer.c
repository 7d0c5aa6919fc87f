/* Answers of Trino 476, recorded and then spoilt. */
#include "check.h"

#include <stdlib.h>

#include "data/value.h"
#include "engine/trino_answer.h"

#define HEAD "{\"id\":\"20261122_230804_00101_m64r4\",\"infoUri\":\"http://h:1/ui/query.html?x\","
#define STATS                                                                                                 \
	"\"stats\":{\"state\":\"FINISHED\",\"queued\":false,\"queuedTimeMillis\":1,\"elapsedTimeMillis\":42," \
	"\"processedRows\":5,\"processedBytes\":100,\"physicalInputBytes\":77}"
#define COLUMNS                                                                                                  \
	"\"columns\":[{\"name\":\"n\",\"type\":\"bigint\",\"typeSignature\":{\"rawType\":\"bigint\","            \
	"\"arguments\":[]}},{\"name\":\"s\",\"type\":\"varchar(3)\",\"typeSignature\":{\"rawType\":\"varchar\"," \
	"\"arguments\":[{\"kind\":\"LONG\",\"value\":3}]}}],"

static bool parse(const char *text, struct tr_trino_answer *out, struct tr_err *err)
{
	memset(out, 0, sizeof *out);
	return tr_trino_answer_parse(text, strlen(text), out, err);
}

static void an_answer_reads_with_rows_and_figures(void **state)
{
	(void)state;
	struct tr_trino_answer a;
	struct tr_err err = { 0 };
	struct tr_remote_result result;
	struct tr_remote_statistics s = { 0 };
	struct ArrowArray batch;
	struct tr_view view;
	int64_t rows;
	tr_remote_result_init(&result);
	assert_ok(parse(HEAD "\"nextUri\":\"http://h:1/v1/x\"," COLUMNS
			     "\"data\":[[1,\"a\"],[null,\"\"],[3,null]]," STATS "}",
			  &a, &err),
		err);
	assert_string_equal(a.id, "20261122_230804_00101_m64r4");
	assert_string_equal(a.next_uri, "http://h:1/v1/x");
	assert_string_equal(a.state, "FINISHED");
	assert_null(a.error);
	tr_trino_figures(&a, &s);
	assert_int_equal(s.processed_rows, 5);
	assert_int_equal(s.scanned_bytes, 77);
	assert_int_equal(s.elapsed_ms, 42);
	assert_ok(tr_trino_columns(a.columns, &result, &err), err);
	assert_ok(tr_trino_rows(a.data, &result, &rows, &err), err);
	assert_int_equal(rows, 3);
	assert_ok(tr_remote_result_take(&result, rows, &batch, &err), err);
	tr_view_init(&view, &batch, 0, result.schema.fields[0].type);
	assert_true(tr_view_is_null(&view, 1) && !tr_view_is_null(&view, 0));
	tr_view_init(&view, &batch, 1, result.schema.fields[1].type);
	assert_true(tr_view_is_null(&view, 2) && !tr_view_is_null(&view, 1));
	tr_batch_clear(&batch);
	tr_remote_result_clear(&result);
	tr_trino_answer_clear(&a);
}

static void the_last_answer_leads_nowhere(void **state)
{
	(void)state;
	struct tr_trino_answer a;
	struct tr_err err = { 0 };
	assert_ok(parse(HEAD "\"columns\":null,\"data\":null,\"error\":null,\"nextUri\":null," STATS "}", &a,
			  &err),
		err);
	assert_null(a.next_uri);
	assert_null(a.columns);
	assert_null(a.data);
	assert_null(a.error);
	tr_trino_answer_clear(&a);
}

static void what_is_not_trinos_answer_is_an_error(void **state)
{
	(void)state;
	const char *const texts[] = { "", "<html>", "[]", "{}", "{\"id\":7}", HEAD "\"columns\":7}",
		HEAD "\"data\":{}}", HEAD "\"data\":[[1,2]" };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct tr_trino_answer a;
		struct tr_err err = { 0 };
		assert_false(parse(texts[i], &a, &err));
		assert_true(err.what[0] && err.hint[0]);
		tr_trino_answer_clear(&a);
	}
}

static void rows_that_do_not_fit_the_columns_are_an_error(void **state)
{
	(void)state;
	const char *const data[] = { "[[1]]", "[[1,\"a\",2]]", "[7]", "[{}]", "[[\"1\",\"a\"]]",
		"[[1,{\"a\":[]}],[1]]" };
	for (size_t i = 0; i < sizeof data / sizeof *data; i++) {
		struct tr_trino_answer a;
		struct tr_err err = { 0 };
		struct tr_remote_result result;
		char text[2048];
		int64_t rows;
		tr_remote_result_init(&result);
		snprintf(text, sizeof text, HEAD COLUMNS "\"data\":%s}", data[i]);
		assert_ok(parse(text, &a, &err), err);
		assert_ok(tr_trino_columns(a.columns, &result, &err), err);
		assert_false(tr_trino_rows(a.data, &result, &rows, &err));
		assert_true(err.hint[0]);
		tr_remote_result_clear(&result);
		tr_trino_answer_clear(&a);
	}
}

static struct tr_err failure(const char *error, const char *sql)
{
	struct tr_err err = { 0 };
	json_t *json = json_loads(error, 0, NULL);
	assert_non_null(json);
	assert_false(tr_trino_failed(json, sql, &err));
	assert_true(err.what[0] && err.hint[0]);
	json_decref(json);
	return err;
}

static void a_failed_statement_has_a_kind_and_a_place(void **state)
{
	(void)state;
	struct tr_err err =
		failure("{\"message\":\"line 1:19: Column 'nme' cannot be resolved\",\"errorCode\":47,"
			"\"errorName\":\"COLUMN_NOT_FOUND\",\"errorType\":\"USER_ERROR\",\"errorLocation\":"
			"{\"lineNumber\":1,\"columnNumber\":19}}",
			"select 'äö', k, nme from region");
	assert_int_equal(err.kind, TR_ERR_USER);
	assert_string_equal(err.what, "Column 'nme' cannot be resolved");
	assert_int_equal(err.place.line, 1);
	assert_int_equal(err.place.column, 21);
	const struct {
		const char *type, *name;
		enum tr_err_kind kind;
	} kinds[] = {
		{ "USER_ERROR", "SYNTAX_ERROR", TR_ERR_USER },
		{ "INTERNAL_ERROR", "GENERIC_INTERNAL_ERROR", TR_ERR_INTERNAL },
		{ "INTERNAL_ERROR", "REMOTE_TASK_ERROR", TR_ERR_TRANSIENT },
		{ "EXTERNAL", "HIVE_CANNOT_OPEN_SPLIT", TR_ERR_TRANSIENT },
		{ "INSUFFICIENT_RESOURCES", "EXCEEDED_LOCAL_MEMORY_LIMIT", TR_ERR_USER },
		{ "INSUFFICIENT_RESOURCES", "QUERY_QUEUE_FULL", TR_ERR_TRANSIENT },
		{ "INSUFFICIENT_RESOURCES", "CLUSTER_OUT_OF_MEMORY", TR_ERR_TRANSIENT },
		{ "USER_ERROR", "USER_CANCELED", TR_ERR_USER },
		{ "", "", TR_ERR_USER },
	};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		char text[512];
		snprintf(text, sizeof text, "{\"message\":\"no\",\"errorName\":\"%s\",\"errorType\":\"%s\"}",
			kinds[i].name, kinds[i].type);
		err = failure(text, "SELECT 1");
		assert_int_equal(err.kind, kinds[i].kind);
		assert_int_equal(err.place.line, 0);
	}
	failure("{}", "SELECT 1");
	err = failure(
		"{\"message\":\"first\\nsecond\",\"errorLocation\":{\"lineNumber\":-1,\"columnNumber\":1e99}}",
		"x");
	assert_string_equal(err.what, "first");
	assert_string_equal(err.detail, "first\nsecond");
}

static void the_way_on_must_be_the_server_that_was_asked(void **state)
{
	(void)state;
	struct tr_url server;
	struct tr_err err = { 0 };
	assert_true(tr_url_parse("https://trino:8443", &server));
	assert_ok(tr_trino_check_next("https://TRINO:8443/v1/statement/executing/x/y/1", &server, &err), err);
	const char *const others[] = { "http://trino:8443/x", "https://trino/x", "https://evil:8443/x",
		"https://trino:8443@evil/x", "/v1/statement", "", "file:///etc/passwd",
		"https://trino:8443\\@evil/" };
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		tr_err_clear(&err);
		assert_false(tr_trino_check_next(others[i], &server, &err));
		assert_non_null(strstr(err.hint, "process-forwarded"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_reads_with_rows_and_figures),
		cmocka_unit_test(the_last_answer_leads_nowhere),
		cmocka_unit_test(what_is_not_trinos_answer_is_an_error),
		cmocka_unit_test(rows_that_do_not_fit_the_columns_are_an_error),
		cmocka_unit_test(a_failed_statement_has_a_kind_and_a_place),
		cmocka_unit_test(the_way_on_must_be_the_server_that_was_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
