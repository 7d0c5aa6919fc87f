#include "glue_manifest.h"

#include <jansson.h>

#include "lake/glue_table.h"

#define LAKE "s3://acme-lake/prod"
#define RUN LAKE "/orders/" GLUE_RUN "/"

static const struct tr_glue_table plain = { .dataset = "orders" };
static const struct tr_glue_table registered = { .dataset = "orders", .partitions = TR_GLUE_REGISTERED };

static json_t *input_of(const struct tr_manifest *m, const struct tr_glue_table *table)
{
	struct tr_err err = { 0 };
	json_t *input;
	assert_ok(tr_glue_table_input(m, table, LAKE "/", &input, &err), err);
	return input;
}

/* `a.b.0.c` */
static const json_t *at(const json_t *value, const char *path)
{
	char part[128];
	while (*path) {
		size_t n = strcspn(path, "/");
		snprintf(part, sizeof part, "%.*s", (int)n, path);
		value = json_is_array(value) ? json_array_get(value, strtoul(part, NULL, 10))
					     : json_object_get(value, part);
		path += n + (path[n] == '/');
	}
	return value;
}

static const char *text_at(const json_t *value, const char *path)
{
	const char *text = json_string_value(at(value, path));
	return text ? text : "(none)";
}

static void an_unpartitioned_table_points_at_the_runs_folder(void **state)
{
	(void)state;
	struct tr_manifest m;
	glue_manifest(&m);
	glue_file(&m, NULL);
	glue_file(&m, NULL);
	json_t *input = input_of(&m, &plain);
	char *text = json_dumps(input, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text,
		"{\"Name\":\"orders\",\"Parameters\":{\"EXTERNAL\":\"TRUE\",\"classification\":\"parquet\","
		"\"compressionType\":\"none\",\"objectCount\":\"2\",\"recordCount\":\"20\",\"sizeKey\":\"2000\","
		"\"tailrace.dataset\":\"orders\",\"tailrace.lake\":\"" LAKE
		"\",\"tailrace.run_id\":\"" GLUE_RUN
		"\",\"tailrace.snapshot_lsn\":\"0/16B3748\",\"tailrace.snapshot_time\":\"2024-06-17T09:30:00.000001Z\","
		"\"tailrace.version\":\"7\",\"typeOfData\":\"file\"},\"PartitionKeys\":[],"
		"\"StorageDescriptor\":{\"BucketColumns\":[],\"Columns\":[{\"Name\":\"id\",\"Type\":\"bigint\"},"
		"{\"Comment\":\"when it was made\",\"Name\":\"created_at\",\"Type\":\"timestamp\"}],"
		"\"Compressed\":false,\"InputFormat\":\"org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat\","
		"\"Location\":\"" RUN "\",\"NumberOfBuckets\":-1,"
		"\"OutputFormat\":\"org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat\","
		"\"SerdeInfo\":{\"Parameters\":{\"serialization.format\":\"1\"},\"SerializationLibrary\":"
		"\"org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe\"},\"SortColumns\":[],"
		"\"StoredAsSubDirectories\":false},\"TableType\":\"EXTERNAL_TABLE\"}");
	free(text);
	json_decref(input);
	tr_manifest_clear(&m);
}

static void a_dataset_of_no_rows_points_at_its_own_empty_folder(void **state)
{
	(void)state;
	struct tr_manifest m;
	glue_manifest(&m);
	json_t *input = input_of(&m, &plain);
	assert_string_equal(text_at(input, "StorageDescriptor/Location"), RUN);
	json_decref(input);
	glue_identity(&m, "country", TR_STRING);
	input = input_of(&m, &plain);
	assert_string_equal(text_at(input, "StorageDescriptor/Location"), RUN);
	assert_string_equal(text_at(input, "Parameters/projection.enabled"), "(none)");
	assert_string_equal(text_at(input, "Parameters/tailrace.partitions"), "projection");
	json_decref(input);
	tr_manifest_clear(&m);
}

static void a_rollback_points_at_the_run_whose_files_it_brings_back(void **state)
{
	(void)state;
	struct tr_manifest m;
	glue_manifest(&m);
	glue_identity(&m, "country", TR_STRING);
	glue_values(&m, "de");
	free(m.run_id);
	free(m.kind);
	m.run_id = strdup("20250101-000000-00000002");
	m.kind = strdup("rollback");
	json_t *input = input_of(&m, &plain);
	assert_string_equal(text_at(input, "StorageDescriptor/Location"), RUN);
	assert_string_equal(text_at(input, "Parameters/storage.location.template"),
		RUN "country=${country}/");
	assert_string_equal(text_at(input, "Parameters/tailrace.run_id"), "20250101-000000-00000002");
	json_decref(input);
	tr_manifest_clear(&m);
}

static void types_are_hives(void **state)
{
	(void)state;
	static const struct {
		struct tr_type type;
		const char *hive;
	} cases[] = { { { .kind = TR_BOOL }, "boolean" }, { { .kind = TR_INT16 }, "smallint" },
		{ { .kind = TR_INT32 }, "int" }, { { .kind = TR_INT64 }, "bigint" },
		{ { .kind = TR_FLOAT }, "float" }, { { .kind = TR_DOUBLE }, "double" },
		{ { .kind = TR_DECIMAL, .precision = 38, .scale = 10 }, "decimal(38,10)" },
		{ { .kind = TR_STRING }, "string" }, { { .kind = TR_BINARY }, "binary" },
		{ { .kind = TR_DATE }, "date" }, { { .kind = TR_TIMESTAMP }, "timestamp" },
		{ { .kind = TR_TIMESTAMPTZ }, "timestamp" },
		{ { .kind = TR_TIMESTAMP, .precision = 3 }, "timestamp" }, { { .kind = TR_UUID }, "binary" },
		{ { .kind = TR_JSON }, "string" } };
	struct tr_manifest m;
	struct tr_err err = { 0 };
	char name[16], path[64];
	glue_manifest(&m);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(name, sizeof name, "c%zu", i);
		assert_ok(tr_schema_add(&m.schema, name, cases[i].type, true, NULL, &err), err);
	}
	json_t *input = input_of(&m, &plain);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(path, sizeof path, "StorageDescriptor/Columns/%zu/Type", i + 2);
		assert_string_equal(text_at(input, path), cases[i].hive);
	}
	json_decref(input);
	tr_manifest_clear(&m);
}

static void comments_are_the_configurations_on_one_line_and_not_too_long(void **state)
{
	(void)state;
	struct tr_manifest m;
	char longer[600];
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	memcpy(longer + 251, "\xC3\xA9\xC3\xA9", 4);
	const struct tr_glue_doc docs[] = { { "id", "the number\n\tof it" }, { "created_at", longer },
		{ "country", "where it went" } };
	const struct tr_glue_table table = { .dataset = "orders",
		.doc = "orders,\nenriched",
		.docs = docs,
		.n_docs = 3 };
	glue_manifest(&m);
	glue_identity(&m, "country", TR_STRING);
	json_t *input = input_of(&m, &table);
	assert_string_equal(text_at(input, "StorageDescriptor/Columns/0/Comment"), "the number  of it");
	const char *cut = text_at(input, "StorageDescriptor/Columns/1/Comment");
	assert_true(strlen(cut) <= 255 && strlen(cut) > 240);
	assert_string_equal(cut + strlen(cut) - 3, "...");
	assert_string_equal(text_at(input, "PartitionKeys/0/Comment"), "where it went");
	assert_string_equal(text_at(input, "Description"), "orders, enriched");
	json_decref(input);
	tr_manifest_clear(&m);
}

static void registered_partitions_have_no_projection(void **state)
{
	(void)state;
	struct tr_manifest m;
	glue_manifest(&m);
	glue_identity(&m, "country", TR_STRING);
	glue_values(&m, NULL);
	glue_values(&m, "New York");
	json_t *input = input_of(&m, &registered);
	assert_string_equal(text_at(input, "Parameters/tailrace.partitions"), "registered");
	assert_string_equal(text_at(input, "Parameters/projection.enabled"), "(none)");
	assert_string_equal(text_at(input, "StorageDescriptor/Location"), RUN);
	assert_string_equal(text_at(input, "PartitionKeys/0/Type"), "string");
	json_decref(input);
	tr_manifest_clear(&m);
}

static void expect_refused(struct tr_manifest *m, const struct tr_glue_table *table, const char *location,
	enum tr_err_kind kind, const char *what, const char *detail, const char *hint)
{
	struct tr_err err = { 0 };
	json_t *input;
	assert_false(tr_glue_table_input(m, table, location, &input, &err));
	assert_null(input);
	assert_int_equal(err.kind, kind);
	if (!strstr(err.what, what) || !strstr(err.detail, detail) || !strstr(err.hint, hint))
		fail_msg("%s; %s; %s", err.what, err.detail, err.hint);
	tr_manifest_clear(m);
}

static void what_projection_cannot_carry_is_refused_unless_registered(void **state)
{
	(void)state;
	struct tr_manifest m;
	glue_manifest(&m);
	glue_identity(&m, "country", TR_STRING);
	glue_values(&m, "New York");
	expect_refused(&m, &plain, LAKE, TR_ERR_DATA,
		"partition projection can't name the partitions of `orders`",
		"`country` has the value `New York`", "partitions: registered");
}

static void values_that_hive_reads_otherwise_are_refused(void **state)
{
	(void)state;
	static const char *const values[] = { "", "__HIVE_DEFAULT_PARTITION__" };
	for (size_t i = 0; i < 2; i++) {
		struct tr_manifest m;
		glue_manifest(&m);
		glue_identity(&m, "country", TR_STRING);
		glue_values(&m, values[i]);
		expect_refused(&m, &registered, LAKE, TR_ERR_DATA, "which engines read as null", "",
			"another text");
	}
	struct tr_manifest m;
	glue_manifest(&m);
	glue_identity(&m, "day", TR_DATE);
	glue_values(&m, "+10000-01-01");
	expect_refused(&m, &registered, LAKE, TR_ERR_DATA, "which engines can't read as a date", "", "");
	glue_manifest(&m);
	glue_identity(&m, "at", TR_TIMESTAMPTZ);
	expect_refused(&m, &registered, LAKE, TR_ERR_USER, "cut timestamps there to milliseconds", "",
		"partition by day(at)");
}

static void files_in_two_folders_are_refused(void **state)
{
	(void)state;
	struct tr_manifest m;
	for (int keys = 0; keys < 2; keys++) {
		glue_manifest(&m);
		if (keys)
			glue_identity(&m, "country", TR_STRING);
		glue_values(&m, "de");
		struct tr_manifest_file *file = glue_values(&m, "de");
		memcpy(strchr(file->path, '/') + 1, "19990101", 8);
		expect_refused(&m, &registered, LAKE, TR_ERR_INTERNAL,
			"its files lie in more than one folder", "orders/19990101", "run it again");
	}
}

static void columns_of_times_are_refused_and_keys_are_texts(void **state)
{
	(void)state;
	struct tr_manifest m;
	struct tr_err err = { 0 };
	char *reason;
	glue_manifest(&m);
	assert_ok(tr_schema_add(&m.schema, "at", (struct tr_type){ .kind = TR_TIME }, true, NULL, &err), err);
	assert_false(tr_glue_plan(&plain, &m.schema, NULL, 0, &reason, &err));
	assert_non_null(strstr(err.hint, "declare it `string`"));
	expect_refused(&m, &plain, LAKE, TR_ERR_USER, "`at` can't be a column in Glue", "",
		"declare it `string`");
	glue_manifest(&m);
	glue_identity(&m, "u", TR_UUID);
	glue_identity(&m, "t", TR_TIME);
	json_t *input = input_of(&m, &registered);
	assert_string_equal(text_at(input, "PartitionKeys/0/Type"), "string");
	assert_string_equal(text_at(input, "PartitionKeys/1/Type"), "string");
	json_decref(input);
	err = (struct tr_err){ 0 };
	assert_ok(tr_schema_add(&m.schema, "t", (struct tr_type){ .kind = TR_TIME }, true, NULL, &err), err);
	assert_ok(tr_glue_plan(&registered, &m.schema, m.keys, m.n_keys, &reason, &err), err);
	free(reason);
	tr_manifest_clear(&m);
}

static void only_a_lake_in_s3_can_be_shown(void **state)
{
	(void)state;
	static const char *const locations[] = { "/data/lake", "s3:/", "s3://", "s3:///", "" };
	for (size_t i = 0; i < sizeof locations / sizeof *locations; i++) {
		struct tr_manifest m;
		glue_manifest(&m);
		expect_refused(&m, &plain, locations[i], TR_ERR_USER, "Glue can't show a lake at", "",
			"s3://bucket/prefix");
	}
}

/* ---- existing tables ---- */

static void read_seen(const char *json, struct tr_glue_seen *seen)
{
	struct tr_err err = { 0 };
	json_t *answer = json_loads(json, 0, NULL);
	assert_non_null(answer);
	assert_ok(tr_glue_seen_read(answer, "orders", LAKE, seen, &err), err);
	json_decref(answer);
}

#define OURS "\"tailrace.dataset\":\"orders\",\"tailrace.lake\":\"" LAKE "\",\"tailrace.version\":\"6\""

static void our_own_table_is_recognised(void **state)
{
	(void)state;
	struct tr_glue_seen seen;
	struct tr_err err = { 0 };
	read_seen("{\"Table\":{\"Name\":\"orders\",\"VersionId\":\"41\",\"TableType\":\"EXTERNAL_TABLE\","
		  "\"Parameters\":{" OURS ",\"tailrace.run_id\":\"r-1\",\"tailrace.refreshing\":\"7\","
		  "\"tailrace.partitions\":\"registered\"},\"PartitionKeys\":[{\"Name\":\"a\"}]}}",
		&seen);
	assert_true(seen.found && seen.ours && seen.replaceable && seen.partitioned && seen.registered);
	assert_string_equal(seen.version_id, "41");
	assert_string_equal(seen.run_id, "r-1");
	assert_int_equal(seen.version, 6);
	assert_int_equal(seen.mark, 7);
	tr_glue_seen_clear(&seen);
	assert_ok(tr_glue_seen_read(NULL, "orders", LAKE, &seen, &err), err);
	assert_false(seen.found);
}

static void tables_of_others_are_told_apart(void **state)
{
	(void)state;
	static const struct {
		const char *table, *why;
		bool replaceable;
	} cases[] = {
		{ "{}", "was not created by tailrace", true },
		{ "{\"Parameters\":{\"tailrace.dataset\":\"orders\",\"tailrace.lake\":\"s3://other\"}}",
			"is that of `orders` in the lake `s3://other`", true },
		{ "{\"Parameters\":{\"tailrace.dataset\":\"users\",\"tailrace.lake\":\"" LAKE "\"}}",
			"is that of `users`", true },
		{ "{\"TableType\":\"EXTERNAL_TABLE\",\"Parameters\":{\"table_type\":\"ICEBERG\"}}",
			"is a table of the format ICEBERG", false },
		{ "{\"Parameters\":{" OURS ",\"TABLE_TYPE\":\"delta\"}}", "is a table of the format delta",
			false },
		{ "{\"Parameters\":{\"spark.sql.sources.provider\":\"hudi\"}}",
			"is a table of the format hudi", false },
		{ "{\"Parameters\":{\"spark.sql.sources.provider\":\"parquet\"}}", "was not created", true },
		{ "{\"Parameters\":{\"metadata_location\":\"s3://x/y.json\"}}", "ICEBERG", false },
		{ "{\"TableType\":\"VIRTUAL_VIEW\"}", "is not a table but a VIRTUAL_VIEW", false },
		{ "{\"TargetTable\":{\"Name\":\"x\"}}", "is a link to a table elsewhere", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tr_glue_seen seen;
		char json[600];
		snprintf(json, sizeof json, "{\"Table\":%s}", cases[i].table);
		read_seen(json, &seen);
		assert_false(seen.ours);
		assert_int_equal(seen.replaceable, cases[i].replaceable);
		if (!strstr(seen.why, cases[i].why))
			fail_msg("%s", seen.why);
		tr_glue_seen_clear(&seen);
	}
}

static void odd_answers_are_read_safely(void **state)
{
	(void)state;
	static const char *const tables[] = { "{\"Parameters\":7}", "{\"Parameters\":[1]}",
		"{\"Parameters\":{\"tailrace.version\":9,\"table_type\":null}}",
		"{\"Parameters\":{\"tailrace.version\":\"-1\",\"tailrace.refreshing\":\"99999999999999999999\"}}",
		"{\"PartitionKeys\":{},\"VersionId\":3,\"TableType\":[]}",
		"{\"Parameters\":{\"tailrace.run_id\":\"../../etc\"}}" };
	struct tr_glue_seen seen;
	struct tr_err err = { 0 };
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		char json[600];
		snprintf(json, sizeof json, "{\"Table\":%s}", tables[i]);
		read_seen(json, &seen);
		assert_true(seen.found && !seen.ours);
		assert_int_equal(seen.version, 0);
		assert_int_equal(seen.mark, 0);
		assert_string_equal(seen.run_id, "");
		tr_glue_seen_clear(&seen);
	}
	json_t *answer = json_loads("{\"Table\":[]}", 0, NULL);
	assert_false(tr_glue_seen_read(answer, "orders", LAKE, &seen, &err));
	assert_non_null(strstr(err.what, "can't be read"));
	assert_true(err.hint[0]);
	json_decref(answer);
}

static void what_people_put_there_stays(void **state)
{
	(void)state;
	struct tr_glue_seen seen;
	struct tr_err err = { 0 };
	struct tr_manifest m;
	read_seen(
		"{\"Table\":{\"Name\":\"orders\",\"Owner\":\"ann\",\"Retention\":3,\"Description\":\"theirs\","
		"\"CreateTime\":1.5,\"Parameters\":{" OURS
		",\"team\":\"sales\",\"projection.enabled\":\"true\","
		"\"projection.old.type\":\"enum\",\"storage.location.template\":\"s3://old\",\"numRows\":\"5\","
		"\"classification\":\"csv\",\"tailrace.refreshing\":\"7\",\"Classification\":\"x\","
		"\"parquet.mr\":\"1\"}}}",
		&seen);
	glue_manifest(&m);
	json_t *input = input_of(&m, &plain);
	assert_ok(tr_glue_keep(&seen, input, &err), err);
	assert_string_equal(text_at(input, "Owner"), "ann");
	assert_int_equal(json_integer_value(at(input, "Retention")), 3);
	assert_string_equal(text_at(input, "Description"), "theirs");
	assert_null(at(input, "CreateTime"));
	assert_string_equal(text_at(input, "Parameters/team"), "sales");
	assert_string_equal(text_at(input, "Parameters/parquet.mr"), "1");
	assert_string_equal(text_at(input, "Parameters/classification"), "parquet");
	assert_string_equal(text_at(input, "Parameters/tailrace.version"), "7");
	static const char *const gone[] = { "projection.enabled", "projection.old.type",
		"storage.location.template", "numRows", "tailrace.refreshing", "Classification" };
	for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
		assert_null(json_object_get(at(input, "Parameters"), gone[i]));
	json_decref(input);
	/* Where the contract documents the dataset, that is the description. */
	const struct tr_glue_table documented = { .dataset = "orders", .doc = "ours" };
	input = input_of(&m, &documented);
	assert_ok(tr_glue_keep(&seen, input, &err), err);
	assert_string_equal(text_at(input, "Description"), "ours");
	json_decref(input);
	tr_manifest_clear(&m);
	tr_glue_seen_clear(&seen);
}

static void a_mark_changes_nothing_else(void **state)
{
	(void)state;
	struct tr_glue_seen seen;
	struct tr_err err = { 0 };
	json_t *same;
	read_seen(
		"{\"Table\":{\"Name\":\"orders\",\"VersionId\":\"1\",\"DatabaseName\":\"shop\",\"Parameters\":{" OURS
		"},\"PartitionKeys\":[],\"StorageDescriptor\":{\"Location\":\"s3://a/b\"}}}",
		&seen);
	assert_ok(tr_glue_same(&seen, &same, &err), err);
	assert_ok(tr_glue_mark(same, 8, &err), err);
	assert_string_equal(text_at(same, "Parameters/tailrace.refreshing"), "8");
	assert_string_equal(text_at(same, "Parameters/tailrace.version"), "6");
	assert_string_equal(text_at(same, "StorageDescriptor/Location"), "s3://a/b");
	assert_null(at(same, "DatabaseName"));
	assert_null(at(seen.table, "Parameters/tailrace.refreshing"));
	json_decref(same);
	tr_glue_seen_clear(&seen);
}

static void other_partition_columns_are_noticed(void **state)
{
	(void)state;
	struct tr_glue_seen seen;
	struct tr_manifest m;
	static const struct {
		const char *keys;
		bool differ;
	} cases[] = { { "[{\"Name\":\"country\",\"Type\":\"string\",\"Comment\":\"x\"}]", false },
		{ "[]", true }, { "[{\"Name\":\"country\",\"Type\":\"int\"}]", true },
		{ "[{\"Name\":\"city\",\"Type\":\"string\"}]", true },
		{ "[{\"Name\":\"country\",\"Type\":\"string\"},{\"Name\":\"b\",\"Type\":\"int\"}]", true },
		{ "7", true } };
	glue_manifest(&m);
	glue_identity(&m, "country", TR_STRING);
	json_t *input = input_of(&m, &plain);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char json[300];
		snprintf(json, sizeof json, "{\"Table\":{\"PartitionKeys\":%s}}", cases[i].keys);
		read_seen(json, &seen);
		assert_int_equal(tr_glue_keys_differ(&seen, input), cases[i].differ);
		tr_glue_seen_clear(&seen);
	}
	json_decref(input);
	tr_manifest_clear(&m);
}

static void the_run_of_a_location_is_known_in_this_lake_only(void **state)
{
	(void)state;
	char run[TR_RUN_ID_TEXT], id[TR_RUN_ID_TEXT], text[300];
	tr_run_id_new(id);
	static const char *const yes[] = { LAKE "/orders/%s/", LAKE "/orders/%s",
		LAKE "/orders/%s/country=de/", LAKE "/orders/%s/country=${country}/" };
	static const char *const no[] = { "s3://acme-lake/prod2/orders/%s/", LAKE "/users/%s/",
		LAKE "orders/%s/", "%s", LAKE "/orders/x%s/" };
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
		snprintf(text, sizeof text, yes[i], id);
		assert_true(tr_glue_run_of(text, LAKE, "orders", run));
		assert_string_equal(run, id);
	}
	for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
		snprintf(text, sizeof text, no[i], id);
		assert_false(tr_glue_run_of(text, LAKE, "orders", run));
	}
	assert_false(tr_glue_run_of(LAKE, LAKE, "orders", run));
}

/* ---- planning ---- */

static bool plan(const struct tr_glue_table *table, enum tr_kind kind, bool nullable,
	enum tr_partition_transform transform, char **reason, struct tr_err *err)
{
	struct tr_schema columns;
	struct tr_type source = { .kind = transform == TR_PART_IDENTITY ? kind : TR_TIMESTAMP };
	struct tr_err first = { 0 };
	tr_schema_init(&columns);
	assert_ok(tr_schema_add(&columns, "c", source, nullable, NULL, &first), first);
	const struct tr_partition_key key = { .column = (char *)"c",
		.name = (char *)(transform == TR_PART_IDENTITY ? "c" : "c_day"),
		.transform = transform,
		.type = { .kind = kind } };
	bool ok = tr_glue_plan(table, &columns, &key, 1, reason, err);
	tr_schema_clear(&columns);
	return ok;
}

static void planning_stops_at_what_projection_never_carries(void **state)
{
	(void)state;
	static const struct {
		enum tr_kind kind;
		bool nullable;
		enum tr_partition_transform transform;
		const char *detail, *hint;
	} cases[] = { { TR_STRING, false, TR_PART_IDENTITY, NULL, NULL },
		{ TR_STRING, false, TR_PART_DAY, NULL, NULL },
		{ TR_DATE, false, TR_PART_IDENTITY, NULL, NULL },
		{ TR_STRING, true, TR_PART_IDENTITY, "its column may be null", "not_null: true" },
		{ TR_STRING, true, TR_PART_DAY, "its column may be null", "partitions: registered" },
		{ TR_INT16, false, TR_PART_IDENTITY, "make it int", "partition by another column" },
		{ TR_BOOL, false, TR_PART_IDENTITY, "can be projected", "partitions: registered" } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tr_err err = { 0 };
		char *reason;
		bool ok = plan(&plain, cases[i].kind, cases[i].nullable, cases[i].transform, &reason, &err);
		assert_int_equal(ok, cases[i].detail == NULL);
		if (ok) {
			assert_non_null(strstr(reason, "partition projection: a refresh is atomic"));
		} else {
			assert_int_equal(err.kind, TR_ERR_USER);
			if (!strstr(err.detail, cases[i].detail) || !strstr(err.hint, cases[i].hint))
				fail_msg("%s; %s; %s", err.what, err.detail, err.hint);
		}
		free(reason);
		err = (struct tr_err){ 0 };
		assert_ok(plan(&registered, cases[i].kind, cases[i].nullable, cases[i].transform, &reason,
				  &err),
			err);
		assert_non_null(strstr(reason, "not atomic for readers"));
		free(reason);
	}
}

static void planning_stops_at_partitions_by_the_microsecond(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	char *reason;
	assert_false(plan(&registered, TR_TIMESTAMP, false, TR_PART_IDENTITY, &reason, &err));
	assert_null(reason);
	assert_non_null(strstr(err.hint, "partition by day(c), month(c) or hour(c)"));
	err = (struct tr_err){ 0 };
	assert_ok(tr_glue_plan(&plain, &(struct tr_schema){ 0 }, NULL, 0, &reason, &err), err);
	assert_non_null(strstr(reason, "one location"));
	free(reason);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unpartitioned_table_points_at_the_runs_folder),
		cmocka_unit_test(a_dataset_of_no_rows_points_at_its_own_empty_folder),
		cmocka_unit_test(a_rollback_points_at_the_run_whose_files_it_brings_back),
		cmocka_unit_test(types_are_hives),
		cmocka_unit_test(comments_are_the_configurations_on_one_line_and_not_too_long),
		cmocka_unit_test(registered_partitions_have_no_projection),
		cmocka_unit_test(what_projection_cannot_carry_is_refused_unless_registered),
		cmocka_unit_test(values_that_hive_reads_otherwise_are_refused),
		cmocka_unit_test(files_in_two_folders_are_refused),
		cmocka_unit_test(columns_of_times_are_refused_and_keys_are_texts),
		cmocka_unit_test(only_a_lake_in_s3_can_be_shown),
		cmocka_unit_test(our_own_table_is_recognised),
		cmocka_unit_test(tables_of_others_are_told_apart),
		cmocka_unit_test(odd_answers_are_read_safely),
		cmocka_unit_test(what_people_put_there_stays),
		cmocka_unit_test(a_mark_changes_nothing_else),
		cmocka_unit_test(other_partition_columns_are_noticed),
		cmocka_unit_test(the_run_of_a_location_is_known_in_this_lake_only),
		cmocka_unit_test(planning_stops_at_what_projection_never_carries),
		cmocka_unit_test(planning_stops_at_partitions_by_the_microsecond),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
