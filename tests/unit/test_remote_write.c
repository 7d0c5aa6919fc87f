#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "engine/remote_write.h"

#define TYPE(k) ((struct tr_type){ .kind = (k) })

static const struct tr_engine_param params[] = {
	{ "rate", { .kind = TR_DOUBLE }, "0.19" },
	{ "n", { .kind = TR_INT32 }, "-5" },
	{ "big", { .kind = TR_INT64 }, "9000000000" },
	{ "yes", { .kind = TR_BOOL }, "true" },
	{ "text", { .kind = TR_STRING }, "it's $n" },
	{ "price", { TR_DECIMAL, 12, 2 }, "100.50" },
	{ "day", { .kind = TR_DATE }, "2024-02-29" },
	{ "at", { .kind = TR_TIMESTAMP }, "2024-02-29 09:30:00.5" },
	{ "inf", { .kind = TR_DOUBLE }, "-inf" },
	{ "nan", { .kind = TR_DOUBLE }, "nan" },
};

static void expect_params(const char *sql, const char *expected)
{
	struct tr_err err = { 0 };
	char *text = tr_remote_with_params(sql, params, sizeof params / sizeof *params, &err);
	assert_ok(text, err);
	assert_string_equal(text, expected);
	free(text);
}

static void parameters_become_literals_of_their_types(void **state)
{
	(void)state;
	expect_params("SELECT $rate, $n+$big", "SELECT DOUBLE '0.19', INTEGER '-5'+BIGINT '9000000000'");
	expect_params("$yes", "true");
	expect_params("$text", "CAST('it''s $n' AS varchar)");
	expect_params("$price", "CAST('100.50' AS decimal(12,2))");
	expect_params("$day $at", "DATE '2024-02-29' TIMESTAMP '2024-02-29 09:30:00.5'");
	expect_params("$inf $nan", "(-infinity()) nan()");
}

static void what_is_quoted_or_a_comment_is_left_alone(void **state)
{
	(void)state;
	expect_params("'$n' \"$n\" 'it''s $n' $n", "'$n' \"$n\" 'it''s $n' INTEGER '-5'");
	expect_params("-- $n\n$n /* $n\n$n */ $n", "-- $n\nINTEGER '-5' /* $n\n$n */ INTEGER '-5'");
	expect_params("'unclosed $n", "'unclosed $n");
	expect_params("/* unclosed $n", "/* unclosed $n");
	expect_params("$ $1 a$", "$ $1 a$");
	expect_params("SELECT 1 ;\n; ", "SELECT 1");
	expect_params("", "");
}

static void an_unknown_parameter_is_named_at_its_place(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	assert_null(tr_remote_with_params("SELECT 1,\n 'ü' + $rat", params, 3, &err));
	assert_int_equal(err.kind, TR_ERR_USER);
	assert_non_null(strstr(err.what, "the parameter `$rat`"));
	assert_string_equal(err.hint, "did you mean `$rate`?");
	assert_int_equal(err.place.line, 2);
	assert_int_equal(err.place.column, 9); /* in bytes */
	tr_err_clear(&err);
	assert_null(tr_remote_with_params("$whatever", NULL, 0, &err));
	assert_non_null(strstr(err.hint, "declare it"));
}

static const struct tr_remote_column columns[] = {
	{ .source = "ID", .name = "id", .type = { .kind = TR_INT64 }, .cast = true },
	{ .source = "country", .name = "country", .type = { .kind = TR_STRING } },
	{ .source = "at", .name = "at", .type = { TR_TIMESTAMP, 3, 0 }, .truncate = true },
	{ .source = "day", .name = "day", .type = { .kind = TR_DATE } },
	{ .source = "k", .name = "k", .type = { .kind = TR_INT32 } },
};

static struct tr_remote_write write_of(struct tr_partition_key *keys, size_t n)
{
	return (struct tr_remote_write){ .sql = "SELECT *\nFROM t -- end",
		.columns = columns,
		.n_columns = 5,
		.keys = keys,
		.n_keys = n,
		.location = "s3://b/it's/",
		.compression = "zstd",
		.catalog = "hive",
		.schema = "db",
		.table = "_tmp" };
}

static void a_table_is_made_of_the_contracts_columns(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	const struct tr_remote_write w = write_of(NULL, 0);
	char *sql = tr_remote_create_sql(&w, &err);
	assert_ok(sql, err);
	assert_string_equal(sql,
		"CREATE TABLE \"hive\".\"db\".\"_tmp\" WITH (format = 'PARQUET', external_location = "
		"'s3://b/it''s/') AS\n"
		"SELECT CAST(t.\"ID\" AS bigint) AS \"id\", t.\"country\" AS \"country\", "
		"date_trunc('millisecond', t.\"at\") AS \"at\", t.\"day\" AS \"day\", t.\"k\" AS \"k\" FROM (\n"
		"SELECT *\nFROM t -- end\n) AS t");
	free(sql);
	sql = tr_remote_drop_sql(&w, &err);
	assert_string_equal(sql, "DROP TABLE IF EXISTS \"hive\".\"db\".\"_tmp\"");
	free(sql);
	sql = tr_remote_probe_sql(w.sql, &err);
	assert_string_equal(sql, "SELECT * FROM (\nSELECT *\nFROM t -- end\n) AS t LIMIT 0");
	free(sql);
}

static void timestamps_of_any_precision_become_microseconds_exactly(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	const struct tr_remote_column at = { .source = "At",
		.name = "at",
		.type = { .kind = TR_TIMESTAMP },
		.micros = true };
	struct tr_remote_write w = write_of(NULL, 0);
	w.columns = &at;
	w.n_columns = 1;
	char *sql = tr_remote_create_sql(&w, &err);
	assert_ok(sql, err);
	assert_non_null(strstr(sql,
		"AS\nSELECT CASE WHEN CAST(t.\"At\" AS timestamp(6)) = t.\"At\" THEN "
		"CAST(t.\"At\" AS timestamp(6)) ELSE CAST(from_unixtime(CAST(concat('more than 6 digits of a "
		"second in the column at: ', CAST(t.\"At\" AS varchar)) AS integer)) AS timestamp(6)) END AS "
		"\"at\" FROM (\n"));
	free(sql);
}

static void partition_columns_come_last_and_identity_ones_once(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_partition_key keys[] = {
		{ "k", TR_PART_IDENTITY, "k", { .kind = TR_INT32 } },
		{ "country", TR_PART_IDENTITY, "country", { .kind = TR_STRING } },
		{ "at", TR_PART_HOUR, "at_hour", { .kind = TR_STRING } },
		{ "day", TR_PART_MONTH, "day_month", { .kind = TR_STRING } },
	};
	const struct tr_remote_write w = write_of(keys, 4);
	char *sql = tr_remote_unload_sql(&w, &err);
	assert_ok(sql, err);
	assert_string_equal(sql,
		"UNLOAD (\n"
		"SELECT CAST(t.\"ID\" AS bigint) AS \"id\", date_trunc('millisecond', t.\"at\") AS \"at\", "
		"t.\"day\" AS \"day\", t.\"k\" AS \"k\", "
		"CASE WHEN t.\"country\" = '' THEN CAST(CAST(concat('an empty text in the partition column "
		"country', t.\"country\") AS integer) AS varchar) ELSE t.\"country\" END AS \"country\", "
		"date_format(date_trunc('millisecond', t.\"at\"), '%Y-%m-%d-%H') AS \"at_hour\", "
		"date_format(CAST(t.\"day\" AS timestamp), '%Y-%m') AS \"day_month\" FROM (\n"
		"SELECT *\nFROM t -- end\n) AS t\n"
		") TO 's3://b/it''s/' WITH (format = 'PARQUET', compression = 'ZSTD', partitioned_by = "
		"ARRAY['k', 'country', 'at_hour', 'day_month'])");
	/* The user's statement begins where errors are counted from. */
	const char *start = sql;
	for (int i = 0; i < TR_REMOTE_WRITE_LINES; i++)
		start = strchr(start, '\n') + 1;
	assert_memory_equal(start, w.sql, strlen(w.sql));
	free(sql);
}

static void a_temporary_tables_name_tells_its_run_and_dataset(void **state)
{
	(void)state;
	char table[TR_REMOTE_TABLE_TEXT], run[TR_RUN_ID_MAX + 1];
	tr_remote_table_name("20261122t225141000000z-abcdef012345", "daily__totals", table);
	assert_string_equal(table, "_tailrace_tmp_20261122t225141000000z_abcdef012345__daily__totals");
	assert_true(tr_remote_table_run(table, "daily__totals", run));
	assert_string_equal(run, "20261122t225141000000z-abcdef012345");
	assert_false(tr_remote_table_run(table, "totals", run));
	assert_false(tr_remote_table_run("_tailrace_tmp___daily", "daily", run));
	assert_false(tr_remote_table_run("_tailrace_tmp_daily", "daily", run));
	assert_false(tr_remote_table_run("tailrace_tmp_1__daily", "daily", run));
	assert_false(tr_remote_table_run("_tailrace_tmp_UPPER__daily", "daily", run));
	char longer[300] = "_tailrace_tmp_";
	memset(longer + 14, '1', 200);
	strcpy(longer + 214, "__daily");
	assert_false(tr_remote_table_run(longer, "daily", run));
}

static void some_types_cannot_be_written_there(void **state)
{
	(void)state;
	for (int kind = TR_BOOL; kind <= TR_JSON; kind++) {
		bool none = kind == TR_TIME || kind == TR_TIMESTAMPTZ || kind == TR_UUID || kind == TR_JSON;
		assert_int_equal(tr_remote_writes_type(TYPE((enum tr_kind)kind)), !none);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_become_literals_of_their_types),
		cmocka_unit_test(what_is_quoted_or_a_comment_is_left_alone),
		cmocka_unit_test(an_unknown_parameter_is_named_at_its_place),
		cmocka_unit_test(a_table_is_made_of_the_contracts_columns),
		cmocka_unit_test(timestamps_of_any_precision_become_microseconds_exactly),
		cmocka_unit_test(partition_columns_come_last_and_identity_ones_once),
		cmocka_unit_test(a_temporary_tables_name_tells_its_run_and_dataset),
		cmocka_unit_test(some_types_cannot_be_written_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
