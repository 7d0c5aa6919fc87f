#include "glue_manifest.h"

#include <jansson.h>

#include "data/datetime.h"
#include "lake/catalog_glue.h"
#include "lake/glue_projection.h"

#define LAKE "s3://acme-lake/prod"

static void expect(struct tr_manifest *m, bool possible, const char *reason)
{
	struct tr_err err = { 0 };
	char *text;
	bool answer;
	assert_ok(tr_glue_projection(m, &answer, &text, &err), err);
	if (!strstr(text, reason))
		fail_msg("`%s` is not in `%s`", reason, text);
	assert_int_equal(answer, possible);
	free(text);
	tr_manifest_clear(m);
}

/* The published partitions, and the keys as they are projected. */
static void find(const struct tr_manifest *m, struct tr_glue_parts *parts, struct tr_glue_axes *axes)
{
	struct tr_err err = { 0 };
	assert_ok(tr_glue_parts_find(m, parts, &err), err);
	assert_ok(tr_glue_axes_find(m, parts, axes, &err), err);
}

/* The parameters, as one line of sorted JSON. */
static char *parameters(const struct tr_manifest *m)
{
	struct tr_err err = { 0 };
	struct tr_glue_parts parts;
	struct tr_glue_axes axes;
	json_t *object = json_object();
	find(m, &parts, &axes);
	assert_true(axes.possible);
	assert_ok(tr_glue_axes_parameters(&axes, m, LAKE, object, &err), err);
	tr_glue_axes_clear(&axes);
	tr_glue_parts_clear(&parts);
	char *text = json_dumps(object, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(object);
	return text;
}

static void expect_parameters(struct tr_manifest *m, const char *expected)
{
	char *text = parameters(m);
	assert_string_equal(text, expected);
	free(text);
	tr_manifest_clear(m);
}

/* A manifest of one identity key with these values. */
static void one_key(struct tr_manifest *m, const char *name, enum tr_kind kind, size_t n,
	const char *const *values)
{
	glue_manifest(m);
	glue_identity(m, name, kind);
	for (size_t i = 0; i < n; i++)
		glue_values(m, values[i]);
}

#define ONE_KEY(m, name, kind, ...)                                                         \
	one_key(m, name, kind, sizeof(const char *const[]){ __VA_ARGS__ } / sizeof(char *), \
		(const char *const[]){ __VA_ARGS__ })

static void day_text(int64_t day, char *buf)
{
	tr_date_format((int32_t)day, buf);
}

/* One more than can be listed, from a day on; the last thousand `gap` days later. */
static void many_days(struct tr_manifest *m, int64_t start, int gap)
{
	char text[TR_DATETIME_TEXT];
	glue_manifest(m);
	glue_key(m, "day", "created_at", TR_STRING, TR_PART_DAY);
	for (int i = 0; i < 5001; i++) {
		day_text(start + i + (i > 4000 ? gap : 0), text);
		glue_values(m, text);
	}
}

/* One more than can be listed, from a day's midnight on. */
static void many_hours(struct tr_manifest *m, int64_t start)
{
	char day[TR_DATETIME_TEXT], text[TR_DATETIME_TEXT + 8];
	glue_manifest(m);
	glue_key(m, "hour", "created_at", TR_STRING, TR_PART_HOUR);
	for (int i = 0; i < 5001; i++) {
		day_text(start + i / 24, day);
		snprintf(text, sizeof text, "%s-%02d", day, i % 24);
		glue_values(m, text);
	}
}

static void days_are_listed_with_their_gaps(void **state)
{
	(void)state;
	struct tr_manifest m;
	glue_manifest(&m);
	glue_key(&m, "created_at_day", "created_at", TR_STRING, TR_PART_DAY);
	glue_values(&m, "2024-06-30");
	glue_values(&m, "2024-06-17");
	glue_values(&m, "2024-06-17");
	glue_values(&m, "1969-12-31");
	expect_parameters(&m,
		"{\"projection.created_at_day.type\":\"enum\","
		"\"projection.created_at_day.values\":\"1969-12-31,2024-06-17,2024-06-30\","
		"\"projection.enabled\":\"true\","
		"\"storage.location.template\":\"" LAKE "/orders/" GLUE_RUN
		"/created_at_day=${created_at_day}/\"}");
	glue_manifest(&m);
	glue_key(&m, "created_at_day", "created_at", TR_STRING, TR_PART_DAY);
	glue_values(&m, "2024-06-17");
	expect(&m, true, "`created_at_day`: enum of 1 value");
}

static void several_keys_are_projected_together(void **state)
{
	(void)state;
	struct tr_manifest m;
	glue_manifest(&m);
	glue_identity(&m, "country", TR_STRING);
	glue_identity(&m, "shard", TR_INT32);
	glue_values(&m, "de", "3");
	glue_values(&m, "at", "1");
	glue_values(&m, "at", "-1");
	expect_parameters(&m,
		"{\"projection.country.type\":\"enum\",\"projection.country.values\":\"at,de\","
		"\"projection.enabled\":\"true\",\"projection.shard.interval\":\"2\","
		"\"projection.shard.range\":\"-1,3\",\"projection.shard.type\":\"integer\","
		"\"storage.location.template\":\"" LAKE "/orders/" GLUE_RUN
		"/country=${country}/shard=${shard}/\"}");
}

static void dates_are_a_range_of_two_at_least(void **state)
{
	(void)state;
	struct tr_manifest m;
	ONE_KEY(&m, "d", TR_DATE, "2024-02-29");
	expect_parameters(&m,
		"{\"projection.d.format\":\"yyyy-MM-dd\",\"projection.d.interval\":\"1\","
		"\"projection.d.interval.unit\":\"DAYS\",\"projection.d.range\":\"2024-02-29,2024-03-01\","
		"\"projection.d.type\":\"date\",\"projection.enabled\":\"true\","
		"\"storage.location.template\":\"" LAKE "/orders/" GLUE_RUN "/d=${d}/\"}");
	ONE_KEY(&m, "d", TR_DATE, "2024-01-01", "2024-01-15", "2024-01-08");
	expect(&m, true, "`d`: the days from 2024-01-01 to 2024-01-15, every 7");
	/* The day after would be in the year 10000. */
	ONE_KEY(&m, "d", TR_DATE, "9999-12-31");
	expect(&m, false, "reach too far");
	ONE_KEY(&m, "d", TR_DATE, "0000-12-31");
	expect(&m, false, "which no range can hold");
}

static void a_range_is_at_most_half_empty(void **state)
{
	(void)state;
	struct tr_manifest m;
	char text[TR_DATETIME_TEXT];
	/* 0..9 and 19: 20 numbers for 11 values; 20 more: 21 of 10. */
	for (int last = 19; last <= 21; last += 2) {
		glue_manifest(&m);
		glue_identity(&m, "n", TR_INT64);
		for (int i = 0; i < (last == 19 ? 10 : 9); i++) {
			snprintf(text, sizeof text, "%d", i);
			glue_values(&m, text);
		}
		snprintf(text, sizeof text, "%d", last);
		glue_values(&m, text);
		if (last == 19)
			expect(&m, true, "`n`: the numbers from 0 to 19");
		else
			expect(&m, false, "`n` has 10 values with gaps between them: a range would name 22");
	}
}

static void numbers_beyond_32_bits_are_not_projected(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		bool possible;
	} cases[] = { { "2147483648", false }, { "2147483647", false }, { "2147483646", true },
		{ "-2147483648", true }, { "-2147483649", false }, { "99999999999999999999", false },
		{ "007", false }, { "+7", false }, { "-0", false }, { "7x", false } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tr_manifest m;
		ONE_KEY(&m, "n", TR_INT64, cases[i].value);
		expect(&m, cases[i].possible, "`n`");
	}
}

static void five_thousand_values_are_listed_and_one_more_is_not(void **state)
{
	(void)state;
	char text[TR_DATETIME_TEXT];
	for (int n = 5000; n <= 5001; n++) {
		struct tr_manifest m;
		glue_manifest(&m);
		glue_identity(&m, "customer", TR_STRING);
		for (int i = 0; i < n; i++) {
			snprintf(text, sizeof text, "c-%d", i);
			glue_values(&m, text);
		}
		if (n == 5000)
			expect(&m, true, "`customer`: enum of 5000 values");
		else
			expect(&m, false,
				"`customer` has 5001 values in 33897 bytes: at most 5000 in 500000");
	}
}

static void many_days_and_hours_are_ranges(void **state)
{
	(void)state;
	struct tr_manifest m;
	int64_t start = tr_days_from_civil(2001, 1, 1);
	many_days(&m, start, 1000);
	expect(&m, true, "`day`: the days from 2001-01-01 to 2017-06-06");
	/* With gaps as large as what is there. */
	many_days(&m, start, 6000);
	expect(&m, false, "more than half of them empty");
	many_hours(&m, start);
	expect_parameters(&m,
		"{\"projection.enabled\":\"true\",\"projection.hour.format\":\"yyyy-MM-dd-HH\","
		"\"projection.hour.interval\":\"1\",\"projection.hour.interval.unit\":\"HOURS\","
		"\"projection.hour.range\":\"2001-01-01-00,2001-07-28-08\",\"projection.hour.type\":\"date\","
		"\"storage.location.template\":\"" LAKE "/orders/" GLUE_RUN "/hour=${hour}/\"}");
}

static void hours_before_1970_are_ranges_too(void **state)
{
	(void)state;
	struct tr_manifest m;
	many_hours(&m, tr_days_from_civil(1969, 12, 1));
	expect(&m, true, "`hour`: the hours from 1969-12-01-00 to 1970-06-27-08");
}

static void long_values_count_by_their_bytes(void **state)
{
	(void)state;
	struct tr_manifest m;
	char text[128];
	glue_manifest(&m);
	glue_identity(&m, "k", TR_STRING);
	for (int i = 0; i < 5000; i++) {
		snprintf(text, sizeof text, "%0100d", i);
		glue_values(&m, text);
	}
	expect(&m, false, "`k` has 5000 values in 505000 bytes");
}

static void what_projection_has_no_word_for_is_refused(void **state)
{
	(void)state;
	struct tr_manifest m;
	static const char *const values[] = { "New York", "a/b", "a,b", "", "50%", "a=b", "\xC3\xA9", "a\nb",
		"a:b" };
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		ONE_KEY(&m, "city", TR_STRING, "berlin", values[i]);
		expect(&m, false, "`city` has the value `");
	}
	ONE_KEY(&m, "city", TR_STRING, NULL, "berlin");
	expect(&m, false, "`city` is null in some rows");
	/* Its folder is not the one that a template names: it would be null's. */
	ONE_KEY(&m, "city", TR_STRING, "__HIVE_DEFAULT_PARTITION__");
	expect(&m, false, "does not lie where a template would find it");
	/* Cut short, with a hash. */
	char longer[400];
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	ONE_KEY(&m, "city", TR_STRING, longer);
	expect(&m, false, "does not lie where a template would find it");
	longer[200] = '\0';
	ONE_KEY(&m, "city", TR_STRING, longer);
	expect(&m, true, "`city`: enum of 1 value");
}

static void files_of_another_run_are_refused(void **state)
{
	(void)state;
	struct tr_manifest m;
	/* Another partition, or the same one in two folders. */
	static const char *const others[] = { "berlin", "graz" };
	for (size_t i = 0; i < 2; i++) {
		ONE_KEY(&m, "city", TR_STRING, others[i]);
		struct tr_manifest_file *file = glue_values(&m, "graz");
		memcpy(strchr(file->path, '/') + 1, "19990101", 8);
		expect(&m, false, "does not lie where a template would find it");
	}
}

static void types_that_engines_do_not_project_are_refused(void **state)
{
	(void)state;
	static const struct {
		enum tr_kind kind;
		const char *value;
		bool possible;
	} cases[] = { { TR_BOOL, "true", false }, { TR_INT16, "1", false }, { TR_INT32, "1", true },
		{ TR_INT64, "1", true }, { TR_DECIMAL, "1", false }, { TR_STRING, "1", true },
		{ TR_DATE, "2024-01-01", true }, { TR_TIMESTAMP, "2024-01-01", false },
		{ TR_TIME, "09", false }, { TR_UUID, "5b0f2a34-6a3f-4f6e-8d9c-0a1b2c3d4e5f", true } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tr_manifest m;
		ONE_KEY(&m, "k", cases[i].kind, cases[i].value);
		expect(&m, cases[i].possible, "`k`");
	}
}

/* Ten of a and of b, as a diagonal: 10 x 10 or, with 100 each, 100 x 100 locations. */
static void the_product_of_keys_is_bounded(void **state)
{
	(void)state;
	for (int n = 10; n <= 1000; n *= 10) {
		struct tr_manifest m;
		char text[16];
		glue_manifest(&m);
		glue_identity(&m, "a", TR_STRING);
		glue_identity(&m, "b", TR_STRING);
		for (int i = 0; i < n; i++) {
			snprintf(text, sizeof text, "v%d", i);
			glue_values(&m, text, text);
		}
		if (n == 10)
			expect(&m, true, "`a`: enum of 10 values; `b`: enum of 10 values");
		else if (n == 100)
			expect(&m, false,
				"its 2 keys together would name 10000 partitions, where 100 are published");
		else
			expect(&m, false, "would name 1000000 partitions, where 1000 are");
	}
}

static void a_dataset_without_partitions_needs_no_projection(void **state)
{
	(void)state;
	struct tr_manifest m;
	one_key(&m, "city", TR_STRING, 0, NULL);
	expect_parameters(&m, "{}");
	one_key(&m, "city", TR_STRING, 0, NULL);
	expect(&m, true, "no partition is published");
}

/* Whatever the values: what is projected names each published partition, by the template. */
static void every_partition_is_named_exactly_once(void **state)
{
	(void)state;
	unsigned seed = 7;
	for (int round = 0; round < 300; round++) {
		struct tr_manifest m;
		char number[32], day[TR_DATETIME_TEXT];
		glue_manifest(&m);
		glue_identity(&m, "n", TR_INT32);
		glue_identity(&m, "d", TR_DATE);
		int values = 1 + rand_r(&seed) % 12, step = 1 + rand_r(&seed) % 5;
		int base = rand_r(&seed) % 100000 - 50000;
		for (int i = 0; i < values; i++) {
			snprintf(number, sizeof number, "%d", base + step * (rand_r(&seed) % 6));
			day_text(base + step * (rand_r(&seed) % 4), day);
			glue_values(&m, number, day);
		}
		struct tr_glue_parts parts;
		struct tr_glue_axes axes;
		find(&m, &parts, &axes);
		for (size_t i = 0; axes.possible && i < parts.n; i++) {
			int64_t n = strtoll(parts.items[i]->partition[0], NULL, 10);
			const struct tr_glue_axis *a = &axes.items[0], *b = &axes.items[1];
			bool found = false;
			assert_true(n >= a->low && n <= a->high && (n - a->low) % a->step == 0);
			for (int64_t at = b->low; at <= b->high; at += b->step) {
				day_text(at, day);
				found = found || strcmp(day, parts.items[i]->partition[1]) == 0;
			}
			assert_true(found);
		}
		tr_glue_axes_clear(&axes);
		tr_glue_parts_clear(&parts);
		tr_manifest_clear(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_are_listed_with_their_gaps),
		cmocka_unit_test(several_keys_are_projected_together),
		cmocka_unit_test(dates_are_a_range_of_two_at_least),
		cmocka_unit_test(a_range_is_at_most_half_empty),
		cmocka_unit_test(numbers_beyond_32_bits_are_not_projected),
		cmocka_unit_test(five_thousand_values_are_listed_and_one_more_is_not),
		cmocka_unit_test(many_days_and_hours_are_ranges),
		cmocka_unit_test(hours_before_1970_are_ranges_too),
		cmocka_unit_test(long_values_count_by_their_bytes),
		cmocka_unit_test(what_projection_has_no_word_for_is_refused),
		cmocka_unit_test(files_of_another_run_are_refused),
		cmocka_unit_test(types_that_engines_do_not_project_are_refused),
		cmocka_unit_test(the_product_of_keys_is_bounded),
		cmocka_unit_test(a_dataset_without_partitions_needs_no_projection),
		cmocka_unit_test(every_partition_is_named_exactly_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
