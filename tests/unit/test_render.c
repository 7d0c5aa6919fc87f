#include "check.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/console.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/statement.h"
#include "cli/table.h"
#include "cli/units.h"
#include "cli/width.h"
#include "data/stream.h"

/* ---- width ---- */

static void wide_and_combining_characters_are_measured_as_terminals_show_them(void **state)
{
	(void)state;
	const struct {
		const char *text;
		size_t width;
	} cases[] = { { "", 0 }, { "abc", 3 }, { "Zo\xC3\xAB", 3 }, { "\xE5\x90\x8D\xE5\x89\x8D", 4 },
		{ "e\xCC\x81", 1 }, { "\xF0\x9F\x9A\xB0", 2 }, { "\xFF\xFE", 2 }, { "\xE5\x90", 2 } };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(tr_width(cases[i].text, strlen(cases[i].text)), cases[i].width);
}

static void a_cut_never_splits_a_character(void **state)
{
	(void)state;
	size_t width;
	const char *wide = "\xE5\x90\x8D\xE5\x89\x8D";
	assert_int_equal(tr_width_cut(wide, 6, 3, &width), 3);
	assert_int_equal(width, 2);
	assert_int_equal(tr_width_cut("e\xCC\x81x", 4, 1, &width), 3); /* the accent stays with its letter */
	assert_int_equal(tr_width_cut("abc", 3, 0, &width), 0);
}

static void controls_and_overrides_are_made_visible(void **state)
{
	(void)state;
	struct tr_str out;
	tr_str_init(&out, 1000);
	const char text[] = "a\nb\tc\x1b[31m\x7f\xC2\x85\xE2\x80\xAE\xFF";
	tr_width_printable(text, sizeof text - 1, &out);
	assert_string_equal(out.ptr, "a\\nb\\tc\\x1b[31m\\x7f\\x85\\u202e\\xff");
	tr_str_clear(&out);
}

/* ---- errors ---- */

static char *error_text(const struct tr_err *err)
{
	struct tr_console c;
	struct tr_str out;
	struct tr_err failed = { 0 };
	memset(&c, 0, sizeof c);
	tr_str_init(&out, 100000);
	tr_console_format_error(&c, err, false, &out);
	return tr_str_take(&out, &failed);
}

static void the_caret_stands_under_its_column_behind_tabs_and_wide_characters(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	tr_err_set(&err, TR_ERR_USER, "unknown key `x`");
	tr_err_hint(&err, "did you mean `y`?");
	tr_err_at_file(&err, "tailrace.yaml", 12, 8,
		"\t\xE5\x90\x8D"
		"ab: x");
	char *text = error_text(&err);
	assert_string_equal(text,
		"error: unknown key `x`\n"
		"  --> tailrace.yaml:12:8\n"
		"   12 |     \xE5\x90\x8D"
		"ab: x\n"
		"      |          ^\n"
		"hint: did you mean `y`?\n");
	free(text);
}

static void a_column_beyond_the_excerpt_has_no_caret(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	tr_err_set(&err, TR_ERR_USER, "wrong");
	tr_err_at_file(&err, "", 3, 900, "short...");
	char *text = error_text(&err);
	assert_string_equal(text, "error: wrong\n  --> SQL:3:900\n    3 | short...\n");
	free(text);
}

static void a_row_is_named_by_table_column_and_key(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	tr_err_set(&err, TR_ERR_DATA, "NaN in a decimal column");
	tr_err_detail(&err, "first\nsecond\x1b[2J");
	tr_err_at_row(&err, "public.orders", "amount", "order_id=7");
	char *text = error_text(&err);
	assert_string_equal(text,
		"error: NaN in a decimal column\n"
		"  --> table public.orders, column amount, row order_id=7\n"
		"  first\n  second\\x1b[2J\n");
	free(text);
}

static void exit_codes_follow_the_kind(void **state)
{
	(void)state;
	assert_int_equal(tr_console_exit_code(TR_ERR_USER), 2);
	assert_int_equal(tr_console_exit_code(TR_ERR_TRANSIENT), 3);
	assert_int_equal(tr_console_exit_code(TR_ERR_DATA), 4);
	assert_int_equal(tr_console_exit_code(TR_ERR_INTERNAL), 1);
	assert_int_equal(tr_console_exit_code(TR_ERR_CANCELLED), 130);
}

/* ---- secrets ---- */

static void scrub_to(const char *const *secrets, const char *text, const char *expected)
{
	struct tr_secrets s = { 0 };
	struct tr_err err = { 0 };
	char buf[256];
	for (; *secrets; secrets++)
		assert_ok(tr_secrets_add_conninfo(&s, *secrets, &err), err);
	snprintf(buf, sizeof buf, "%s", text);
	tr_secrets_scrub(&s, buf, sizeof buf);
	assert_string_equal(buf, expected);
	tr_secrets_clear(&s);
}

static void passwords_of_urls_and_key_value_strings_are_scrubbed(void **state)
{
	(void)state;
	const char *none[] = { NULL };
	scrub_to(none, "postgres://app:s3cret@db/shop", "postgres://app:****@db/shop");
	scrub_to(none, "postgres://app:a@b:c@db/shop", "postgres://app:****@db/shop");
	scrub_to(none, "postgres://app@db/shop", "postgres://app@db/shop");
	scrub_to(none, "postgres://app@db:5432/shop?x=a@b", "postgres://app@db:5432/shop?x=a@b");
	scrub_to(none, "host=db password=s3cret user=app", "host=db password=**** user=app");
	scrub_to(none, "host=db password = 'a b\\'c' user=app", "host=db password = '****' user=app");
	scrub_to(none, "x?sslpassword=abc&y=1 and postgres://u:p@h",
		"x?sslpassword=****&y=1 and postgres://u:****@h");
	scrub_to(none, "password= ", "password= ");
	const char *url[] = { "postgres://app:p%40ss%20word@db/shop", NULL };
	scrub_to(url, "it was p@ss word or p%40ss%20word", "it was **** or ****");
	const char *raw[] = { "postgres://app:s3cr/et:pass@db/shop", NULL };
	scrub_to(raw, "invalid port \"s3cr\" (pass) of postgres://app:s3cr/et:pass@db",
		"invalid port \"****\" (****) of postgres://app:****@db");
	const char *pair[] = { "host=db password=hunter22", NULL };
	scrub_to(pair, "hunter22hunter22", "********");
}

static void scrubbing_stays_inside_the_buffer(void **state)
{
	(void)state;
	struct tr_secrets s = { 0 };
	struct tr_err err = { 0 };
	assert_ok(tr_secrets_add(&s, "abcd", &err), err);
	char full[12] = "x?password=";
	tr_secrets_scrub(&s, full, sizeof full);
	char grows[] = "postgres://u:p@h/d"; /* no room for a longer mask */
	tr_secrets_scrub(&s, grows, sizeof grows);
	assert_null(strstr(grows, ":p@"));
	assert_true(strlen(grows) < sizeof grows);
	tr_secrets_clear(&s);
}

/* ---- tables and formats ---- */

static char *printed(struct tr_table *t, size_t columns)
{
	struct tr_console c;
	struct tr_err err = { 0 };
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	memset(&c, 0, sizeof c);
	c.out = f;
	assert_ok(tr_table_print(t, &c, f, columns, &err), err);
	fclose(f);
	return text;
}

static void a_table_aligns_wide_text_and_numbers(void **state)
{
	(void)state;
	struct tr_table t;
	tr_table_init(&t, 100000);
	tr_table_column(&t, "name", "string", false);
	tr_table_column(&t, "n", "int", true);
	tr_table_text(&t, "\xE5\x90\x8D\xE5\x89\x8D\xE5\x90\x8D\xE5\x89\x8D");
	tr_table_text(&t, "1");
	tr_table_null(&t);
	tr_table_text(&t, "-1000");
	char *text = printed(&t, 0);
	assert_string_equal(text,
		" name     |     n\n"
		" string   |   int\n"
		"----------+-------\n"
		" \xE5\x90\x8D\xE5\x89\x8D\xE5\x90\x8D\xE5\x89\x8D |     1\n"
		" NULL     | -1000\n");
	free(text);
	tr_table_clear(&t);
}

static void long_values_are_cut_only_where_a_width_is_given(void **state)
{
	(void)state;
	for (int cut = 0; cut < 2; cut++) {
		struct tr_table t;
		char value[101];
		memset(value, 'x', 100);
		value[100] = '\0';
		tr_table_init(&t, 100000);
		tr_table_column(&t, "v", NULL, false);
		tr_table_text(&t, value);
		char *text = printed(&t, cut ? 20 : 0);
		const char *row = strrchr(text, ' ');
		assert_int_equal(tr_width(row, strcspn(row, "\n")), cut ? 19 : 101);
		assert_true((strstr(row, "\xE2\x80\xA6") != NULL) == cut);
		free(text);
		tr_table_clear(&t);
	}
}

/* One batch of every kind, in a format. */
static char *formatted(const char *format, struct tr_schema *schema, struct tr_column *columns, int64_t rows)
{
	struct tr_err err = { 0 };
	struct ArrowArray batch;
	struct tr_console c;
	struct tr_output *out;
	char *text = NULL;
	size_t size;
	memset(&c, 0, sizeof c);
	struct tr_target target = { .file = open_memstream(&text, &size) };
	c.out = target.file;
	assert_ok(tr_batch_take(columns, schema->n, rows, &batch, &err), err);
	assert_ok(tr_output_new(format, &c, schema, &target, &out, &err), err);
	assert_ok(tr_output_rows(out, &batch, rows, &err), err);
	assert_ok(tr_output_finish(out, &err), err);
	tr_output_free(out);
	fclose(target.file);
	tr_batch_clear(&batch);
	return text;
}

static void formats_tell_null_from_empty_and_keep_every_digit(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	const struct {
		const char *format, *expected;
	} cases[] = {
		{ "csv", "s,d,n\n,0.1,1.50\n\"\",NaN,\n\"a,\"\"b\n\",1e+300,-0.01\n\" x\",-Infinity,0.00\n" },
		{ "json",
			"[\n{\"s\":null,\"d\":0.1,\"n\":\"1.50\"},\n{\"s\":\"\",\"d\":\"NaN\",\"n\":null},\n"
			"{\"s\":\"a,\\\"b\\n\",\"d\":1e+300,\"n\":\"-0.01\"},\n{\"s\":\" "
			"x\",\"d\":\"-Infinity\",\"n\":\"0.00\"}\n]\n" },
		{ "jsonl",
			"{\"s\":null,\"d\":0.1,\"n\":\"1.50\"}\n{\"s\":\"\",\"d\":\"NaN\",\"n\":null}\n"
			"{\"s\":\"a,\\\"b\\n\",\"d\":1e+300,\"n\":\"-0.01\"}\n{\"s\":\" "
			"x\",\"d\":\"-Infinity\",\"n\":\"0.00\"}\n" },
		{ "markdown",
			"| s | d | n |\n| --- | ---: | ---: |\n| *NULL* | 0.1 | 1.50 |\n|  | NaN | *NULL* |\n"
			"| a,\"b<br> | 1e+300 | -0.01 |\n|  x | -Infinity | 0.00 |\n" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct tr_type types[] = { { .kind = TR_STRING }, { .kind = TR_DOUBLE },
			{ TR_DECIMAL, 10, 2 } };
		const double doubles[] = { 0.1, (double)NAN, 1e300, -(double)INFINITY };
		const tr_i128 units[] = { 150, 0, -1, 0 };
		const char *texts[] = { NULL, "", "a,\"b\n", " x" };
		struct tr_schema schema;
		struct tr_column columns[3];
		tr_schema_init(&schema);
		for (size_t k = 0; k < 3; k++) {
			const char *const names[] = { "s", "d", "n" };
			assert_ok(tr_schema_add(&schema, names[k], types[k], true, NULL, &err), err);
			tr_column_init(&columns[k], types[k]);
		}
		for (int row = 0; row < 4; row++) {
			bool ok = texts[row]
				? tr_column_add_bytes(&columns[0], texts[row], strlen(texts[row]), &err)
				: tr_column_add_null(&columns[0], &err);
			ok = ok && tr_column_add_fixed(&columns[1], &doubles[row], &err);
			ok = ok &&
				(row == 1 ? tr_column_add_null(&columns[2], &err)
					  : tr_column_add_fixed(&columns[2], &units[row], &err));
			assert_ok(ok, err);
		}
		char *text = formatted(cases[i].format, &schema, columns, 4);
		assert_string_equal(text, cases[i].expected);
		free(text);
		for (size_t k = 0; k < 3; k++)
			tr_column_clear(&columns[k]);
		tr_schema_clear(&schema);
	}
}

static void no_rows_is_still_a_document(void **state)
{
	(void)state;
	const char *cases[][2] = { { "csv", "s\n" }, { "json", "[]\n" }, { "jsonl", "" },
		{ "markdown", "| s |\n| --- |\n" }, { "table", " s\n string\n--------\n(0 rows)\n" } };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct tr_err err = { 0 };
		struct tr_schema schema;
		struct tr_column column;
		tr_schema_init(&schema);
		assert_ok(tr_schema_add(&schema, "s", (struct tr_type){ .kind = TR_STRING }, true, NULL,
				  &err),
			err);
		tr_column_init(&column, schema.fields[0].type);
		char *text = formatted(cases[i][0], &schema, &column, 0);
		assert_string_equal(text, cases[i][1]);
		free(text);
		tr_column_clear(&column);
		tr_schema_clear(&schema);
	}
}

/* ---- numbers for people ---- */

static void numbers_are_written_for_people(void **state)
{
	(void)state;
	char buf[TR_UNITS_TEXT];
	assert_string_equal(tr_units_count(0, buf), "0");
	assert_string_equal(tr_units_count(999, buf), "999");
	assert_string_equal(tr_units_count(1000, buf), "1,000");
	assert_string_equal(tr_units_count(-1234567, buf), "-1,234,567");
	assert_string_equal(tr_units_count(INT64_MIN, buf), "-9,223,372,036,854,775,808");
	assert_string_equal(tr_units_bytes(999, buf), "999 B");
	assert_string_equal(tr_units_bytes(999999, buf), "1.0 MB");
	assert_string_equal(tr_units_bytes(UINT64_MAX, buf), "18.4 EB");
	assert_string_equal(tr_units_memory((uint64_t)512 << 20, buf), "512 MiB");
	assert_string_equal(tr_units_seconds(0.424, buf), "0.42 s");
	assert_string_equal(tr_units_seconds(200, buf), "3 min 20 s");
	assert_string_equal(tr_units_seconds(7500, buf), "2 h 5 min");
	assert_string_equal(tr_units_ago(59, buf), "59 s ago");
	assert_string_equal(tr_units_ago(3 * 86400, buf), "3 days ago");
}

static void progress_tells_share_rate_and_time_left(void **state)
{
	(void)state;
	struct tr_progress_dataset d = { .started_us = 1000000,
		.rows_read = 250000,
		.bytes_read = 10000000,
		.rows_expected = 1000000 };
	struct tr_str out;
	tr_str_init(&out, 1000);
	tr_progress_describe(&d, 3000000, 10, &out);
	assert_string_equal(out.ptr, "[##>.......] 25%  250,000 rows  10.0 MB  5.0 MB/s  ETA 6.00 s");
	out.len = 0;
	d.rows_read = 2000000; /* the estimate was too low: it never claims to be done */
	tr_progress_describe(&d, 3000000, 0, &out);
	assert_string_equal(out.ptr, "99%  2,000,000 rows  10.0 MB  5.0 MB/s");
	out.len = 0;
	d.rows_expected = 0;
	tr_progress_describe(&d, 3000000, 0, &out);
	assert_string_equal(out.ptr, "2,000,000 rows  10.0 MB  5.0 MB/s");
	tr_str_clear(&out);
}

/* ---- SQL's surface ---- */

static bool gather(void *context, const char *name, struct tr_err *err)
{
	(void)err;
	struct tr_str *out = context;
	tr_str_addf(out, "%s|", name);
	return true;
}

static void identifiers_are_found_outside_of_literals_and_comments(void **state)
{
	(void)state;
	const char *cases[][2] = {
		{ "SELECT a.\"b\"\"c\" FROM orders", "SELECT|a|b\"c|FROM|orders|" },
		{ "-- users\n/* users */ 'users' orders", "orders|" },
		{ "$$users$$ $x$users $$ $x$ $1 $name orders@3 \"orders@3\"", "name|orders|orders@3|" },
		{ "1e5 0x1F 'it''s' x", "x|" },
		{ "'open orders", "" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct tr_err err = { 0 };
		struct tr_str out;
		tr_str_init(&out, 1000);
		tr_str_add(&out, "");
		assert_ok(tr_statement_identifiers(cases[i][0], gather, &out, &err), err);
		assert_string_equal(out.ptr, cases[i][1]);
		tr_str_clear(&out);
	}
}

static void a_statement_ends_at_its_own_semicolon(void **state)
{
	(void)state;
	size_t end;
	assert_false(tr_statement_complete("SELECT 1", &end));
	assert_false(tr_statement_complete("SELECT ';' -- ;\n /* ; */ \";\" $$ ; $$", &end));
	assert_false(tr_statement_complete("SELECT 'open ;", &end));
	assert_true(tr_statement_complete("SELECT ';';x", &end));
	assert_int_equal(end, 10);
}

int main(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wide_and_combining_characters_are_measured_as_terminals_show_them),
		cmocka_unit_test(a_cut_never_splits_a_character),
		cmocka_unit_test(controls_and_overrides_are_made_visible),
		cmocka_unit_test(the_caret_stands_under_its_column_behind_tabs_and_wide_characters),
		cmocka_unit_test(a_column_beyond_the_excerpt_has_no_caret),
		cmocka_unit_test(a_row_is_named_by_table_column_and_key),
		cmocka_unit_test(exit_codes_follow_the_kind),
		cmocka_unit_test(passwords_of_urls_and_key_value_strings_are_scrubbed),
		cmocka_unit_test(scrubbing_stays_inside_the_buffer),
		cmocka_unit_test(a_table_aligns_wide_text_and_numbers),
		cmocka_unit_test(long_values_are_cut_only_where_a_width_is_given),
		cmocka_unit_test(formats_tell_null_from_empty_and_keep_every_digit),
		cmocka_unit_test(no_rows_is_still_a_document),
		cmocka_unit_test(numbers_are_written_for_people),
		cmocka_unit_test(progress_tells_share_rate_and_time_left),
		cmocka_unit_test(identifiers_are_found_outside_of_literals_and_comments),
		cmocka_unit_test(a_statement_ends_at_its_own_semicolon),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
