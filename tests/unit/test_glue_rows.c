#include "glue_manifest.h"

#include "lake/glue_rows.h"

#define LAKE "s3://acme-lake/prod"
#define RUN LAKE "/orders/" GLUE_RUN "/"
#define HASH "0123456789abcdef"

static void wanted_of(const struct tr_manifest *m, const char *hash, struct tr_glue_rows *out)
{
	struct tr_err err = { 0 };
	struct tr_glue_parts parts;
	assert_ok(tr_glue_parts_find(m, &parts, &err), err);
	assert_ok(tr_glue_rows_wanted(m, &parts, LAKE, hash, out, &err), err);
	tr_glue_parts_clear(&parts);
}

static void read_page(const char *json, struct tr_glue_rows *out)
{
	struct tr_err err = { 0 };
	json_t *page = json_loads(json, 0, NULL);
	assert_non_null(page);
	assert_ok(tr_glue_rows_read(page, out, &err), err);
	json_decref(page);
}

static void one_row_is_wanted_for_each_partition(void **state)
{
	(void)state;
	struct tr_manifest m;
	struct tr_glue_rows rows;
	glue_manifest(&m);
	glue_identity(&m, "country", TR_STRING);
	glue_identity(&m, "n", TR_INT32);
	glue_values(&m, "de", "1");
	glue_values(&m, "New York", "2");
	glue_values(&m, "de", "1");
	glue_values(&m, NULL, "1");
	wanted_of(&m, HASH, &rows);
	assert_int_equal(rows.n, 3);
	static const char *const ids[] = { "26:__HIVE_DEFAULT_PARTITION__1:1", "2:de1:1", "8:New York1:2" };
	static const char *const values[] = { "[\"__HIVE_DEFAULT_PARTITION__\",\"1\"]", "[\"de\",\"1\"]",
		"[\"New York\",\"2\"]" };
	static const char *const locations[] = { RUN "country=__HIVE_DEFAULT_PARTITION__/n=1/",
		RUN "country=de/n=1/", RUN "country=New York/n=2/" };
	json_t *columns = json_loads("[{\"Name\":\"id\",\"Type\":\"bigint\"}]", 0, NULL);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(rows.items[i].id, ids[i]);
		json_t *input = tr_glue_row_input(&rows.items[i], LAKE, columns, HASH);
		char *text = json_dumps(json_object_get(input, "Values"), JSON_COMPACT);
		assert_string_equal(text, values[i]);
		free(text);
		const json_t *sd = json_object_get(input, "StorageDescriptor");
		assert_string_equal(json_string_value(json_object_get(sd, "Location")), locations[i]);
		assert_int_equal(json_array_size(json_object_get(sd, "Columns")), 1);
		assert_string_equal(json_string_value(json_object_get(json_object_get(input, "Parameters"),
					    "tailrace.columns")),
			HASH);
		json_decref(input);
	}
	json_decref(columns);
	tr_glue_rows_clear(&rows);
	tr_manifest_clear(&m);
}

/* Values that run into each other would be one partition if they were just joined. */
static void values_with_digits_and_colons_stay_apart(void **state)
{
	(void)state;
	struct tr_glue_rows rows = { 0 };
	read_page(
		"{\"Partitions\":[{\"Values\":[\"1:a\",\"\"]},{\"Values\":[\"1\",\"a\"]},{\"Values\":[\"\",\"1:a\"]}]}",
		&rows);
	for (size_t i = 0; i < rows.n; i++) {
		static const char *const values[] = { "[\"1:a\",\"\"]", "[\"1\",\"a\"]", "[\"\",\"1:a\"]" };
		json_t *array = tr_glue_row_values(&rows.items[i]);
		char *text = json_dumps(array, JSON_COMPACT);
		assert_string_equal(text, values[i]);
		free(text);
		json_decref(array);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(rows.items[i].id, rows.items[k].id);
	}
	tr_glue_rows_clear(&rows);
}

static void made_changed_and_removed_rows_are_found(void **state)
{
	(void)state;
	struct tr_manifest m;
	struct tr_glue_rows wanted, there = { 0 };
	struct tr_glue_changes changes;
	struct tr_err err = { 0 };
	glue_manifest(&m);
	glue_identity(&m, "country", TR_STRING);
	glue_values(&m, "same");
	glue_values(&m, "slashless");
	glue_values(&m, "moved");
	glue_values(&m, "columns");
	glue_values(&m, "new");
	wanted_of(&m, HASH, &wanted);
#define ROW(value, location, hash)                                                                          \
	"{\"Values\":[\"" value "\"],\"StorageDescriptor\":{\"Location\":\"" location "\"},\"Parameters\":" \
	"{\"tailrace.columns\":\"" hash "\"}}"
	read_page("{\"Partitions\":[" ROW("same", RUN "country=same/", HASH) "," ROW("slashless",
			  RUN "country=slashless",
			  HASH) "," ROW("moved", "s3://elsewhere/country=moved/", HASH) "]}",
		&there);
	read_page("{\"Partitions\":[" ROW("columns", RUN "country=columns/",
			  "other") ",{\"Values\":[\"old\"]}]}",
		&there);
	tr_glue_rows_sort(&there);
	assert_ok(tr_glue_rows_compare(&wanted, &there, &changes, &err), err);
	assert_int_equal(changes.n_create, 1);
	assert_string_equal(changes.create[0]->id, "3:new");
	assert_int_equal(changes.n_update, 2);
	assert_string_equal(changes.update[0]->id, "5:moved");
	assert_string_equal(changes.update[1]->id, "7:columns");
	assert_int_equal(changes.n_remove, 1);
	assert_string_equal(changes.remove[0]->id, "3:old");
	tr_glue_changes_clear(&changes);
	tr_glue_rows_clear(&wanted);
	tr_glue_rows_clear(&there);
	tr_manifest_clear(&m);
}

static void nothing_to_compare_is_no_change(void **state)
{
	(void)state;
	struct tr_glue_rows none = { 0 };
	struct tr_glue_changes changes;
	struct tr_err err = { 0 };
	read_page("{}", &none);
	read_page("{\"Partitions\":[],\"NextToken\":\"x\"}", &none);
	tr_glue_rows_sort(&none);
	assert_ok(tr_glue_rows_compare(&none, &none, &changes, &err), err);
	assert_int_equal(changes.n_create + changes.n_update + changes.n_remove, 0);
	tr_glue_changes_clear(&changes);
}

static void odd_pages_are_errors(void **state)
{
	(void)state;
	static const char *const pages[] = { "{\"Partitions\":7}", "{\"Partitions\":[7]}",
		"{\"Partitions\":[{}]}", "{\"Partitions\":[{\"Values\":[]}]}",
		"{\"Partitions\":[{\"Values\":[7]}]}", "{\"Partitions\":[{\"Values\":\"a\"}]}" };
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		struct tr_glue_rows rows = { 0 };
		struct tr_err err = { 0 };
		json_t *page = json_loads(pages[i], 0, NULL);
		assert_false(tr_glue_rows_read(page, &rows, &err));
		assert_non_null(strstr(err.what, "GetPartitions"));
		assert_true(err.hint[0]);
		json_decref(page);
		tr_glue_rows_clear(&rows);
	}
}

static void the_hash_tells_columns_apart(void **state)
{
	(void)state;
	char a[TR_GLUE_HASH_TEXT], b[TR_GLUE_HASH_TEXT];
	struct tr_err err = { 0 };
	json_t *x = json_loads("[{\"Name\":\"id\",\"Type\":\"int\"}]", 0, NULL);
	json_t *y = json_loads("[{\"Name\":\"id\",\"Type\":\"bigint\"}]", 0, NULL);
	assert_ok(tr_glue_columns_hash(x, a, &err) && tr_glue_columns_hash(y, b, &err), err);
	assert_int_equal(strlen(a), 16);
	assert_string_not_equal(a, b);
	assert_ok(tr_glue_columns_hash(x, b, &err), err);
	assert_string_equal(a, b);
	json_decref(x);
	json_decref(y);
}

static void read_errors(const char *json, struct tr_glue_item_errors *out)
{
	json_t *answer = json_loads(json, 0, NULL);
	tr_glue_item_errors(answer, out);
	json_decref(answer);
}

#define ITEM(field, value, code)                                                \
	"{\"" field "\":[\"" value "\"],\"ErrorDetail\":{\"ErrorCode\":\"" code \
	"\",\"ErrorMessage\":\"m-" code "\"}}"

static void the_worst_error_of_a_batch_is_kept(void **state)
{
	(void)state;
	struct tr_glue_item_errors e;
	read_errors("{}", &e);
	assert_int_equal(e.n, 0);
	read_errors("{\"Errors\":[]}", &e);
	assert_int_equal(e.n, 0);
	read_errors("{\"Errors\":[" ITEM("PartitionValues", "de",
			    "AlreadyExistsException") "," ITEM("PartitionValueList", "at",
			    "InternalServiceException") "]}",
		&e);
	assert_int_equal(e.n, 2);
	assert_false(e.fatal);
	assert_string_equal(e.code, "AlreadyExistsException");
	assert_string_equal(e.values, "[\"de\"]");
	read_errors("{\"Errors\":[" ITEM("PartitionValues", "de",
			    "EntityNotFoundException") "," ITEM("PartitionValueList", "at",
			    "InvalidInputException") "," ITEM("PartitionValues", "fr",
			    "ResourceNumberLimitExceededException") "]}",
		&e);
	assert_int_equal(e.n, 3);
	assert_true(e.fatal);
	assert_string_equal(e.code, "InvalidInputException");
	assert_string_equal(e.message, "m-InvalidInputException");
	assert_string_equal(e.values, "[\"at\"]");
	/* An item that says nothing is no success. */
	read_errors("{\"Errors\":[7]}", &e);
	assert_int_equal(e.n, 1);
	assert_true(e.fatal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_row_is_wanted_for_each_partition),
		cmocka_unit_test(values_with_digits_and_colons_stay_apart),
		cmocka_unit_test(made_changed_and_removed_rows_are_found),
		cmocka_unit_test(nothing_to_compare_is_no_change),
		cmocka_unit_test(odd_pages_are_errors),
		cmocka_unit_test(the_hash_tells_columns_apart),
		cmocka_unit_test(the_worst_error_of_a_batch_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
