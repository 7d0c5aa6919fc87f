#include "check.h"

#include <stdlib.h>

#include "data/datetime.h"
#include "data/gather.h"
#include "lake/partition.h"

#define US INT64_C(1000000)

/* A column of one value. */
static void one_value(struct tr_type type, const void *value, size_t len, char *buf, bool *null,
	enum tr_partition_transform transform)
{
	struct tr_err err = { 0 };
	struct tr_column c;
	tr_column_init(&c, type);
	if (!value)
		assert_ok(tr_column_add_null(&c, &err), err);
	else if (type.kind == TR_BOOL)
		assert_ok(tr_column_add_bool(&c, *(const bool *)value, &err), err);
	else if (tr_type_is_bytes(type))
		assert_ok(tr_column_add_bytes(&c, value, len, &err), err);
	else
		assert_ok(tr_column_add_fixed(&c, value, &err), err);
	struct tr_view v;
	tr_view_column(&v, &c);
	struct tr_partition_key key = { .column = (char *)"c", .name = (char *)"c", .transform = transform };
	assert_ok(tr_partition_value(&key, &v, type, 0, buf, null, &err), err);
	tr_column_clear(&c);
}

static void expect_time(enum tr_kind kind, int64_t micros, enum tr_partition_transform transform,
	const char *expected)
{
	char buf[TR_PARTITION_TEXT];
	bool null;
	one_value((struct tr_type){ .kind = kind }, &micros, 0, buf, &null, transform);
	assert_false(null);
	assert_string_equal(buf, expected);
}

static void expect_date(int32_t days, enum tr_partition_transform transform, const char *expected)
{
	char buf[TR_PARTITION_TEXT];
	bool null;
	one_value((struct tr_type){ .kind = TR_DATE }, &days, 0, buf, &null, transform);
	assert_string_equal(buf, expected);
}

static void timestamps_fall_into_years_months_days_and_hours(void **state)
{
	(void)state;
	int64_t t = tr_days_from_civil(2024, 6, 17) * TR_DAY_US + (9 * 3600 + 59 * 60 + 59) * US + 999999;
	for (int kind = TR_TIMESTAMP; kind <= TR_TIMESTAMPTZ; kind++) {
		expect_time((enum tr_kind)kind, t, TR_PART_YEAR, "2024");
		expect_time((enum tr_kind)kind, t, TR_PART_MONTH, "2024-06");
		expect_time((enum tr_kind)kind, t, TR_PART_DAY, "2024-06-17");
		expect_time((enum tr_kind)kind, t, TR_PART_HOUR, "2024-06-17-09");
	}
	expect_time(TR_TIMESTAMP, t, TR_PART_IDENTITY, "2024-06-17 09:59:59.999999");
	expect_time(TR_TIMESTAMPTZ, t, TR_PART_IDENTITY, "2024-06-17 09:59:59.999999+00");
}

static void times_before_1970_fall_into_the_day_they_are_in(void **state)
{
	(void)state;
	expect_time(TR_TIMESTAMP, -1, TR_PART_YEAR, "1969");
	expect_time(TR_TIMESTAMP, -1, TR_PART_MONTH, "1969-12");
	expect_time(TR_TIMESTAMP, -1, TR_PART_DAY, "1969-12-31");
	expect_time(TR_TIMESTAMP, -1, TR_PART_HOUR, "1969-12-31-23");
	expect_time(TR_TIMESTAMP, -TR_DAY_US, TR_PART_HOUR, "1969-12-31-00");
	expect_time(TR_TIMESTAMP, -TR_DAY_US - 1, TR_PART_HOUR, "1969-12-30-23");
	expect_date(-1, TR_PART_DAY, "1969-12-31");
	expect_date(0, TR_PART_YEAR, "1970");
}

static void years_beyond_four_digits_have_a_sign(void **state)
{
	(void)state;
	int64_t bc = tr_days_from_civil(-43, 3, 15);
	expect_time(TR_TIMESTAMP, bc * TR_DAY_US, TR_PART_YEAR, "-0043");
	expect_time(TR_TIMESTAMP, bc * TR_DAY_US, TR_PART_HOUR, "-0043-03-15-00");
	expect_date((int32_t)bc, TR_PART_MONTH, "-0043-03");
	int64_t far = tr_days_from_civil(10000, 1, 1);
	expect_time(TR_TIMESTAMP, far * TR_DAY_US, TR_PART_DAY, "+10000-01-01");
	expect_time(TR_TIMESTAMP, far * TR_DAY_US - 1, TR_PART_DAY, "9999-12-31");
	expect_date((int32_t)tr_days_from_civil(0, 1, 1), TR_PART_YEAR, "0000");
	expect_date((int32_t)tr_days_from_civil(7, 1, 1), TR_PART_YEAR, "0007");
	expect_time(TR_TIMESTAMP, INT64_MIN, TR_PART_YEAR, "-290308");
	expect_time(TR_TIMESTAMP, INT64_MAX, TR_PART_HOUR, "+294247-01-10-04");
}

static void expect_identity(struct tr_type type, const void *value, size_t len, const char *expected)
{
	char buf[TR_PARTITION_TEXT];
	bool null;
	one_value(type, value, len, buf, &null, TR_PART_IDENTITY);
	assert_false(null);
	assert_string_equal(buf, expected);
}

static void identity_keys_of_every_type_have_their_exact_text(void **state)
{
	(void)state;
	bool yes = true, no = false;
	expect_identity((struct tr_type){ .kind = TR_BOOL }, &yes, 0, "true");
	expect_identity((struct tr_type){ .kind = TR_BOOL }, &no, 0, "false");
	int16_t i16 = INT16_MIN;
	expect_identity((struct tr_type){ .kind = TR_INT16 }, &i16, 0, "-32768");
	int32_t i32 = INT32_MAX;
	expect_identity((struct tr_type){ .kind = TR_INT32 }, &i32, 0, "2147483647");
	int64_t i64 = INT64_MIN;
	expect_identity((struct tr_type){ .kind = TR_INT64 }, &i64, 0, "-9223372036854775808");
	tr_i128 units = -12340;
	expect_identity((struct tr_type){ TR_DECIMAL, 10, 3 }, &units, 0, "-12.340");
	int32_t day = -1;
	expect_identity((struct tr_type){ .kind = TR_DATE }, &day, 0, "1969-12-31");
	int64_t time = 34200500000;
	expect_identity((struct tr_type){ .kind = TR_TIME }, &time, 0, "09:30:00.5");
	const uint8_t uuid[16] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba, 0x98,
		0x76, 0x54, 0x32, 0x10 };
	expect_identity((struct tr_type){ .kind = TR_UUID }, uuid, 16,
		"01234567-89ab-cdef-fedc-ba9876543210");
	expect_identity((struct tr_type){ .kind = TR_STRING }, "007", 3, "007");
	expect_identity((struct tr_type){ .kind = TR_STRING }, "", 0, "");
}

static void null_is_not_the_empty_text(void **state)
{
	(void)state;
	char buf[TR_PARTITION_TEXT];
	bool null = false;
	one_value((struct tr_type){ .kind = TR_STRING }, NULL, 0, buf, &null, TR_PART_IDENTITY);
	assert_true(null);
	one_value((struct tr_type){ .kind = TR_TIMESTAMP }, NULL, 0, buf, &null, TR_PART_DAY);
	assert_true(null);
	one_value((struct tr_type){ .kind = TR_STRING }, "", 0, buf, &null, TR_PART_IDENTITY);
	assert_false(null);
}

static bool string_value(const char *text, size_t len, struct tr_err *err)
{
	struct tr_err add = { 0 };
	struct tr_column c;
	tr_column_init(&c, (struct tr_type){ .kind = TR_STRING });
	assert_ok(tr_column_add_bytes(&c, text, len, &add), add);
	struct tr_view v;
	tr_view_column(&v, &c);
	struct tr_partition_key key = { .column = (char *)"country", .name = (char *)"country" };
	char buf[TR_PARTITION_TEXT];
	bool null;
	bool ok = tr_partition_value(&key, &v, c.type, 0, buf, &null, err);
	tr_column_clear(&c);
	return ok;
}

static void long_texts_and_nul_bytes_are_errors_that_name_the_column(void **state)
{
	(void)state;
	char text[TR_PARTITION_TEXT];
	memset(text, 'x', sizeof text);
	struct tr_err err = { 0 };
	assert_true(string_value(text, TR_PARTITION_TEXT - 1, &err));
	assert_false(string_value(text, TR_PARTITION_TEXT, &err));
	assert_int_equal(err.kind, TR_ERR_DATA);
	assert_string_equal(err.what, "a value of partition column `country` has 1024 bytes, more than 1023");
	assert_non_null(strstr(err.hint, "short values"));
	assert_string_equal(err.place.field, "country");
	tr_err_clear(&err);
	assert_false(string_value("a\0b", 3, &err));
	assert_string_equal(err.what, "a value of partition column `country` contains a NUL byte");
}

static void keys_that_cannot_be_are_refused(void **state)
{
	(void)state;
	const enum tr_kind never[] = { TR_FLOAT, TR_DOUBLE, TR_BINARY, TR_JSON };
	for (size_t i = 0; i < 4; i++)
		for (int t = TR_PART_IDENTITY; t <= TR_PART_HOUR; t++)
			assert_false(tr_partition_allowed((struct tr_type){ .kind = never[i] },
				(enum tr_partition_transform)t));
	struct tr_type date = { .kind = TR_DATE };
	struct tr_type timestamp = { .kind = TR_TIMESTAMPTZ };
	struct tr_type text = { .kind = TR_STRING };
	assert_true(tr_partition_allowed(date, TR_PART_DAY));
	assert_false(tr_partition_allowed(date, TR_PART_HOUR));
	assert_true(tr_partition_allowed(timestamp, TR_PART_HOUR));
	assert_true(tr_partition_allowed(text, TR_PART_IDENTITY));
	assert_false(tr_partition_allowed(text, TR_PART_YEAR));
}

static void expect_folder(const char *value, const char *expected)
{
	struct tr_partition_key key = { .column = (char *)"k", .name = (char *)"k" };
	struct tr_str out;
	tr_str_init(&out, 4096);
	tr_partition_folder(&key, value ? value : "", !value, &out);
	assert_string_equal(out.ptr, expected);
	tr_str_clear(&out);
}

static void folders_are_escaped_as_hive_does(void **state)
{
	(void)state;
	expect_folder("2024-06-17", "k=2024-06-17");
	expect_folder("a b.c_d-e", "k=a b.c_d-e");
	expect_folder("a/b", "k=a%2Fb");
	expect_folder("50%", "k=50%25");
	expect_folder("x=y:z", "k=x%3Dy%3Az");
	expect_folder("..", "k=..");
	expect_folder("\x01\x1f\x7f", "k=%01%1F%7F");
	expect_folder("\"#'*?\\{}[]^", "k=%22%23%27%2A%3F%5C%7B%7D%5B%5D%5E");
	expect_folder("\xc3\xbc\xe2\x82\xac\xf0\x9f\x90\x98", "k=\xc3\xbc\xe2\x82\xac\xf0\x9f\x90\x98");
}

static void null_the_empty_text_and_nulls_own_name_have_three_folders(void **state)
{
	(void)state;
	expect_folder(NULL, "k=__HIVE_DEFAULT_PARTITION__");
	expect_folder("", "k=");
	expect_folder("__HIVE_DEFAULT_PARTITION__", "k=%5F_HIVE_DEFAULT_PARTITION__");
	expect_folder("__HIVE_DEFAULT_PARTITION__2", "k=__HIVE_DEFAULT_PARTITION__2");
}

static void folders_of_long_values_fit_and_stay_apart(void **state)
{
	(void)state;
	struct tr_partition_key key = { .column = (char *)"k", .name = (char *)"k" };
	char value[900];
	struct tr_str a, b;
	tr_str_init(&a, 4096);
	tr_str_init(&b, 4096);
	/* Three-byte characters: the cut may not fall into one. */
	for (size_t i = 0; i + 3 < sizeof value; i += 3)
		memcpy(value + i, "\xe2\x82\xac", 4);
	tr_partition_folder(&key, value, false, &a);
	value[strlen(value) - 3] = '\0';
	tr_partition_folder(&key, value, false, &b);
	assert_true(a.len <= 255);
	assert_true(a.len > 240);
	assert_string_not_equal(a.ptr, b.ptr);
	assert_non_null(strstr(a.ptr, "\xe2\x82\xac%~"));
	tr_str_clear(&a);
	tr_str_clear(&b);
	/* The longest that needs no cut. */
	memset(value, 'x', 253);
	value[253] = '\0';
	tr_partition_folder(&key, value, false, &a);
	assert_int_equal(a.len, 255);
	assert_null(strchr(a.ptr, '%'));
	tr_str_clear(&a);
}

/* The image must distinguish exactly what the text distinguishes. */
static void images_are_equal_where_texts_are(void **state)
{
	(void)state;
	static const int64_t times[] = { INT64_MIN, -TR_DAY_US * 400, -TR_DAY_US - 1, -TR_DAY_US,
		-3600 * US - 1, -3600 * US, -1, 0, 1, 3600 * US - 1, 3600 * US, TR_DAY_US - 1, TR_DAY_US,
		TR_DAY_US * 31, TR_DAY_US * 365, INT64_MAX };
	size_t n = sizeof times / sizeof times[0];
	struct tr_view v = { .data = (const uint8_t *)times, .length = (int64_t)n };
	struct tr_type type = { .kind = TR_TIMESTAMP };
	for (int t = TR_PART_IDENTITY; t <= TR_PART_HOUR; t++) {
		struct tr_partition_key key = { .column = (char *)"c",
			.name = (char *)"c",
			.transform = (enum tr_partition_transform)t };
		tr_partition_image_fn *image = tr_partition_image(type, key.transform);
		for (size_t i = 0; i < n; i++) {
			for (size_t j = 0; j < n; j++) {
				struct tr_err err = { 0 };
				char a[TR_PARTITION_TEXT], b[TR_PARTITION_TEXT];
				uint8_t x[TR_PARTITION_IMAGE], y[TR_PARTITION_IMAGE];
				bool null;
				assert_ok(tr_partition_value(&key, &v, type, (int64_t)i, a, &null, &err),
					err);
				assert_ok(tr_partition_value(&key, &v, type, (int64_t)j, b, &null, &err),
					err);
				size_t xn = image(&v, (int64_t)i, x);
				size_t yn = image(&v, (int64_t)j, y);
				bool same = xn == yn && memcmp(x, y, xn) == 0;
				assert_int_equal(same, strcmp(a, b) == 0);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timestamps_fall_into_years_months_days_and_hours),
		cmocka_unit_test(times_before_1970_fall_into_the_day_they_are_in),
		cmocka_unit_test(years_beyond_four_digits_have_a_sign),
		cmocka_unit_test(identity_keys_of_every_type_have_their_exact_text),
		cmocka_unit_test(null_is_not_the_empty_text),
		cmocka_unit_test(long_texts_and_nul_bytes_are_errors_that_name_the_column),
		cmocka_unit_test(keys_that_cannot_be_are_refused),
		cmocka_unit_test(folders_are_escaped_as_hive_does),
		cmocka_unit_test(null_the_empty_text_and_nulls_own_name_have_three_folders),
		cmocka_unit_test(folders_of_long_values_fit_and_stay_apart),
		cmocka_unit_test(images_are_equal_where_texts_are),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
