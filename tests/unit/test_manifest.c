#include <float.h>
#include <math.h>

#include "data/column.h"
#include "lake_support.h"

/* ---- bounds ---- */

static struct tr_bound bound_of(const void *bytes, size_t n)
{
	struct tr_bound b = { .set = true, .exact = true, .len = (uint8_t)n };
	memcpy(b.bytes, bytes, n);
	return b;
}

static void assert_bound(const void *bytes, size_t n, struct tr_type type, const char *want)
{
	struct tr_err err = { 0 };
	struct tr_bound b = bound_of(bytes, n), again;
	bool hex;
	char *text = tr_bound_format(&b, type, &hex, &err);
	assert_ok(text != NULL, err);
	if (want)
		assert_string_equal(text, want);
	if (!tr_bound_parse(text, type, hex, &again))
		fail_msg("`%s` does not read back", text);
	assert_int_equal(again.len, n);
	assert_memory_equal(again.bytes, bytes, n);
	free(text);
}

static void bounds_are_texts_for_people(void **state)
{
	(void)state;
	int16_t i16 = INT16_MIN;
	int32_t i32 = -7, day = 19891;
	int64_t i64 = INT64_MAX, us = INT64_C(1718616600500000), time = INT64_C(86400000000);
	float f = 0.1f;
	double d = 0.1, zero = -0.0, inf = -INFINITY;
	uint8_t yes = 1, uuid[16] = { 0xde, 0xad };
	tr_i128 units = -12340;
	assert_bound(&yes, 1, (struct tr_type){ .kind = TR_BOOL }, "true");
	assert_bound(&i16, 2, (struct tr_type){ .kind = TR_INT16 }, "-32768");
	assert_bound(&i32, 4, (struct tr_type){ .kind = TR_INT32 }, "-7");
	assert_bound(&i64, 8, (struct tr_type){ .kind = TR_INT64 }, "9223372036854775807");
	assert_bound(&f, 4, (struct tr_type){ .kind = TR_FLOAT }, "0.100000001");
	assert_bound(&d, 8, (struct tr_type){ .kind = TR_DOUBLE }, "0.10000000000000001");
	assert_bound(&zero, 8, (struct tr_type){ .kind = TR_DOUBLE }, "-0");
	assert_bound(&inf, 8, (struct tr_type){ .kind = TR_DOUBLE }, "-inf");
	assert_bound(&units, 16, (struct tr_type){ TR_DECIMAL, 12, 3 }, "-12.340");
	assert_bound(&day, 4, (struct tr_type){ .kind = TR_DATE }, "2024-06-17");
	assert_bound(&us, 8, (struct tr_type){ .kind = TR_TIMESTAMP }, "2024-06-17T09:30:00.5");
	assert_bound(&us, 8, (struct tr_type){ .kind = TR_TIMESTAMPTZ }, "2024-06-17T09:30:00.5Z");
	assert_bound(&time, 8, (struct tr_type){ .kind = TR_TIME }, "24:00:00");
	assert_bound(uuid, 16, (struct tr_type){ .kind = TR_UUID }, "dead0000000000000000000000000000");
	assert_bound("Zo\xc3\xab \"q\"", 8, (struct tr_type){ .kind = TR_STRING }, "Zo\xc3\xab \"q\"");
	assert_bound("a\xc3", 2, (struct tr_type){ .kind = TR_STRING }, "61c3");
	assert_bound("a\0b", 3, (struct tr_type){ .kind = TR_JSON }, "610062");
	assert_bound("", 0, (struct tr_type){ .kind = TR_STRING }, "");
	assert_bound("\xff", 1, (struct tr_type){ .kind = TR_BINARY }, "ff");
}

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed ^ *seed >> 29;
}

static void any_bound_reads_back_exactly(void **state)
{
	(void)state;
	const enum tr_kind fixed[] = { TR_INT16, TR_INT32, TR_INT64, TR_FLOAT, TR_DOUBLE, TR_DATE,
		TR_TIMESTAMP, TR_TIMESTAMPTZ, TR_UUID };
	const int64_t edges[] = { 0, -1, 1, INT64_MIN, INT64_MAX, INT64_MIN + 1, INT32_MIN, INT32_MAX,
		(INT64_C(1) << 53) + 1, -62135596800000000, 253402300799999999, 253402300800000000 };
	uint64_t seed = 42;
	for (int round = 0; round < 3000; round++) {
		uint8_t bytes[TR_BOUND_MAX];
		for (size_t i = 0; i < sizeof bytes; i += 8) {
			uint64_t word = next_random(&seed);
			memcpy(bytes + i, &word, 8);
		}
		if (round < (int)(sizeof edges / sizeof edges[0]))
			memcpy(bytes, &edges[round], 8);
		for (size_t k = 0; k < sizeof fixed / sizeof fixed[0]; k++) {
			struct tr_type type = { .kind = fixed[k] };
			float f;
			double d;
			memcpy(&f, bytes, sizeof f);
			memcpy(&d, bytes, sizeof d);
			if ((type.kind == TR_FLOAT && isnan(f)) || (type.kind == TR_DOUBLE && isnan(d)))
				continue;
			assert_bound(bytes, tr_type_width(type), type, NULL);
		}
		size_t n = bytes[1] % (TR_BOUND_MAX + 1);
		assert_bound(bytes, n, (struct tr_type){ .kind = TR_BINARY }, NULL);
		for (size_t i = 0; round % 2 && i < n; i++)
			bytes[i] &= 0x7f;
		assert_bound(bytes, n, (struct tr_type){ .kind = TR_STRING }, NULL);
	}
}

static void texts_that_are_no_bounds_are_refused(void **state)
{
	(void)state;
	const struct {
		enum tr_kind kind;
		bool hex;
		const char *text;
	} bad[] = { { TR_BOOL, false, "yes" }, { TR_BOOL, false, "t" }, { TR_INT16, false, "32768" },
		{ TR_INT32, false, "2147483648" }, { TR_INT64, false, "9223372036854775808" },
		{ TR_INT64, false, "" }, { TR_INT64, false, " 1" }, { TR_INT64, false, "01" },
		{ TR_INT64, false, "1x" }, { TR_DOUBLE, false, "nan" }, { TR_DOUBLE, false, "0x1p3" },
		{ TR_DOUBLE, false, "0.1" }, { TR_DATE, false, "2024-02-30" },
		{ TR_DATE, false, "2024-6-17" }, { TR_DATE, false, "999999999-01-01" },
		{ TR_TIMESTAMP, false, "2024-06-17 09:30:00" },
		{ TR_TIMESTAMP, false, "2024-06-17T09:30:00Z" },
		{ TR_TIMESTAMPTZ, false, "2024-06-17T09:30:00" },
		{ TR_TIMESTAMP, false, "400000-01-01T00:00:00" }, { TR_TIME, false, "9:30" },
		{ TR_TIME, false, "09:30:00.0" }, { TR_UUID, true, "dead" },
		{ TR_UUID, false, "0123456789abcdef" }, { TR_BINARY, true, "abc" }, { TR_BINARY, true, "AB" },
		{ TR_BINARY, false, "ab" }, { TR_STRING, true, "61" },
		{ TR_INT64, true, "0000000000000000" } };
	struct tr_bound out;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (tr_bound_parse(bad[i].text, (struct tr_type){ .kind = bad[i].kind }, bad[i].hex, &out))
			fail_msg("`%s` was taken", bad[i].text);
	assert_false(tr_bound_parse("1.2345", (struct tr_type){ TR_DECIMAL, 12, 3 }, false, &out));
	assert_false(tr_bound_parse("1234.000", (struct tr_type){ TR_DECIMAL, 6, 3 }, false, &out));
	assert_false(tr_bound_parse("1.2", (struct tr_type){ TR_DECIMAL, 12, 3 }, false, &out));
}

/* ---- whole manifests ---- */

static const char RUN[] = "20261122t193827123456z-9f3a01c27b55";

static void add_key(struct tr_manifest *m, const char *column, enum tr_partition_transform transform,
	const char *name, enum tr_kind kind)
{
	m->keys = realloc(m->keys, (m->n_keys + 1) * sizeof *m->keys);
	m->keys[m->n_keys++] = (struct tr_partition_key){ .column = strdup(column),
		.transform = transform,
		.name = strdup(name),
		.type = { .kind = kind } };
}

/* Two files, all kinds of members. */
static void make(struct tr_manifest *m)
{
	struct tr_err err = { 0 };
	test_manifest(m, "orders", 6);
	free(m->run_id);
	m->run_id = strdup(RUN);
	m->kind = strdup("run");
	m->tailrace = strdup("0.1.0");
	m->version = 7;
	m->committed_us = INT64_C(1795376307654321);
	m->standby = true;
	assert_ok(tr_schema_add(&m->schema, "at", (struct tr_type){ .kind = TR_TIMESTAMPTZ, .precision = 3 },
			  true, NULL, &err),
		err);
	m->schema.fields[2].field_id = 9;
	m->last_field_id = 11;
	add_key(m, "country", TR_PART_IDENTITY, "country", TR_STRING);
	add_key(m, "at", TR_PART_DAY, "at_day", TR_STRING);
	for (int i = 0; i < 2; i++) {
		struct tr_manifest_file *f = tr_manifest_add_file(m, &err);
		char path[200];
		int64_t id = i ? INT64_MIN : (INT64_C(1) << 53) + 1;
		assert_ok(f != NULL, err);
		snprintf(path, sizeof path, "orders/%s/country=N%%2FA/part-%d.parquet", RUN, i);
		f->path = strdup(path);
		f->rows = INT64_C(5000000000);
		f->bytes = UINT64_C(1) << 53 | 1;
		f->row_groups = 3;
		f->nulls[1] = 17;
		f->column_bytes[0] = i ? f->bytes : 12345;
		strcpy(f->checksum, "xxh3:0123456789abcdef");
		f->partition[0] = i ? NULL : strdup("N/A \"quoted\"\n\xe2\x82\xac");
		f->partition[1] = strdup("2024-06-17");
		f->min[0] = f->max[0] = bound_of(&id, 8);
		f->min[1] = bound_of("", 0);
		f->max[1] = bound_of("a\xc3", 2);
		f->max[1].exact = false;
		m->rows += f->rows;
		m->bytes += f->bytes;
	}
}

static char *text_of(const struct tr_manifest *m)
{
	struct tr_err err = { 0 };
	char *text = tr_manifest_format(m, &err);
	assert_ok(text != NULL, err);
	return text;
}

static void a_manifest_reads_back_to_the_same_text_and_values(void **state)
{
	(void)state;
	struct tr_manifest m, again;
	struct tr_err err = { 0 };
	make(&m);
	char *text = text_of(&m);
	assert_ok(tr_manifest_parse(text, strlen(text), &again, &err), err);
	char *second = text_of(&again);
	assert_string_equal(text, second);
	assert_int_equal(again.version, 7);
	assert_int_equal(again.last_field_id, 11);
	assert_int_equal(again.committed_us, m.committed_us);
	assert_int_equal(again.snapshot_us, m.snapshot_us);
	assert_string_equal(again.snapshot_lsn, m.snapshot_lsn);
	assert_true(again.standby);
	assert_int_equal(again.rows, INT64_C(10000000000));
	assert_int_equal(again.bytes, (UINT64_C(1) << 54) + 2);
	assert_string_equal(again.schema.fields[1].doc, "who");
	assert_int_equal(again.schema.fields[2].type.precision, 3);
	assert_int_equal(again.schema.fields[2].field_id, 9);
	assert_string_equal(again.files[0].partition[0], m.files[0].partition[0]);
	assert_null(again.files[1].partition[0]);
	assert_false(again.files[0].max[1].exact);
	assert_memory_equal(&again.files[0].min[0], &m.files[0].min[0], sizeof(struct tr_bound));
	assert_memory_equal(&again.files[1].max[1], &m.files[1].max[1], sizeof(struct tr_bound));
	assert_false(again.files[0].min[2].set);
	assert_int_equal(again.files[0].column_bytes[0], 12345);
	assert_int_equal(again.files[1].column_bytes[0], m.files[1].bytes);
	assert_int_equal(again.files[0].column_bytes[1], 0);
	free(text);
	free(second);
	tr_manifest_clear(&m);
	tr_manifest_clear(&again);
}

static void a_manifest_without_files_keeps_its_schema(void **state)
{
	(void)state;
	struct tr_manifest m, again;
	struct tr_err err = { 0 };
	struct tr_schema columns;
	make(&m);
	char *whole = text_of(&m);
	char *files = strstr(whole, "\"files\": [");
	strcpy(files, "\"files\": []\n}\n");
	free(m.kind);
	m.kind = NULL;
	assert_false(tr_manifest_parse(whole, strlen(whole), &again, &err));
	assert_non_null(strstr(err.what, "its files have 0 rows"));
	tr_manifest_clear(&m);
	free(whole);
	test_manifest(&m, "orders", 0);
	m.version = 1;
	m.kind = strdup("run");
	m.tailrace = strdup("0.1.0");
	add_key(&m, "country", TR_PART_IDENTITY, "country", TR_INT32);
	whole = text_of(&m);
	err = (struct tr_err){ 0 };
	assert_ok(tr_manifest_parse(whole, strlen(whole), &again, &err), err);
	assert_int_equal(again.n_files, 0);
	assert_ok(tr_manifest_columns(&again, &columns, &err), err);
	assert_int_equal(columns.n, 3);
	assert_string_equal(columns.fields[2].name, "country");
	assert_int_equal(columns.fields[2].type.kind, TR_INT32);
	tr_schema_clear(&columns);
	free(whole);
	tr_manifest_clear(&m);
	tr_manifest_clear(&again);
}

/* The good manifest's text with the first `from` replaced by `to`. */
static char *altered(const char *from, const char *to)
{
	struct tr_manifest m;
	make(&m);
	char *text = text_of(&m), *at = strstr(text, from);
	if (!at)
		fail_msg("`%s` is not in %s", from, text);
	char *out = calloc(1, strlen(text) + strlen(to) + 1);
	memcpy(out, text, (size_t)(at - text));
	strcat(out, to);
	strcat(out, at + strlen(from));
	free(text);
	tr_manifest_clear(&m);
	return out;
}

static void damaged_manifests_are_refused_with_a_reason(void **state)
{
	(void)state;
	const char *cases[][3] = {
		{ "\"format_version\": 1", "\"format_version\": 2", "this tailrace reads format 1" },
		{ "\"format_version\": 1", "\"format_version\": \"1\"", "`format_version` is not a number" },
		{ "\"orders\"", "\"_orders\"", "not a dataset's name" },
		{ "\"orders\"", "\"../orders\"", "not a dataset's name" },
		{ "\"orders\"", "\"users\"", "not a place for a file of `users`" },
		{ "\"version\": 7", "\"version\": 0", "version 0" },
		{ "\"version\": 7", "\"version\": 9", "version 9 with parent 6" },
		{ "\"version\": 7", "\"version\": -7", "`version` is not a number" },
		{ "\"version\": 7", "\"version\": 7.0", "`version` is not a number" },
		{ "\"version\": 7", "\"version\": 99999999999999999999", "too big" },
		{ "\"kind\": \"run\"", "\"kind\": \"walk\"", "neither `run` nor `rollback`" },
		{ "\"rollback_of\": 0", "\"rollback_of\": 3", "rolls back" },
		{ "\"kind\": \"run\",\n\"rollback_of\": 0", "\"kind\": \"rollback\",\n\"rollback_of\": 7",
			"rolls back" },
		{ "\"run_id\": \"2026", "\"run_id\": \"X026", "is not a run id" },
		{ "\"run_id\": \"2026", "\"run_id\": \"3026", "is not a place for a file" },
		{ "\"committed\": \"2026-11", "\"committed\": \"2026-13", "is not a time" },
		{ "\"committed\": \"2026-11", "\"committed\": \"yesterday", "is not a time" },
		{ "\"rows\": 10000000000", "\"rows\": 10000000001", "its files have 10000000000 rows" },
		{ "\"rows\": 5000000000", "\"rows\": 9223372036854775807", "pass 2^63" },
		{ "\"rows\": 5000000000", "\"rows\": 16", "`nulls` is not a number from 0 to 16" },
		{ "\"last_field_id\": 11", "\"last_field_id\": 8", "has field id 9, the last is 8" },
		{ "\"field_id\": 2", "\"field_id\": 1", "share a name or field id" },
		{ "\"name\": \"name\"", "\"name\": \"id\"", "share a name or field id" },
		{ "\"name\": \"name\"", "\"name\": \"Na me\"", "is not a column's name" },
		{ "\"type\": \"bigint\"", "\"type\": \"integer\"", "`integer` is not a type" },
		{ "\"nullable\": false", "\"nullable\": 0", "neither true nor false" },
		{ "\"transform\": \"day\"", "\"transform\": \"week\"", "is not a partition transform" },
		{ "\"name\": \"at_day\"", "\"name\": \"country\"", "stands twice" },
		{ "\"name\": \"at_day\"", "\"name\": \"at\"", "is a column of the files too" },
		{ "\"column\": \"at\"", "\"column\": \"then\"", "does not follow from `then`" },
		{ "\"column\": \"at\"", "\"column\": \"country\"", "does not follow from `country`" },
		{ "part-1.parquet", "part-0.parquet", "stands twice" },
		{ "part-0.parquet", "../../x", "is not a place" },
		{ "\"path\": \"orders/2026", "\"path\": \"/orders/2026", "is not a place" },
		{ "\"path\": \"orders/2026", "\"path\": \"users/2026", "is not a place" },
		{ "\"path\": \"orders/2026", "\"path\": \"orders/a-run/2026", "is not a place" },
		{ "\"path\": \"orders/2026", "\"path\": \"orders/\\u00002026", "NUL" },
		{ "xxh3:0123456789abcdef", "0123456789abcdef", "has no checksum" },
		{ "\"2024-06-17\"]", "\"2024-06-17\", null]", "has 3 partition values" },
		{ "\"2024-06-17\"]", "17]", "is not a text" },
		{ "\"min\": \"9007199254740993\"", "\"min\": \"9007199254740993.0\"",
			"is not a value of its column" },
		{ "\"min\": \"9007199254740993\"", "\"min\": 9007199254740993",
			"is not a value of its column" },
		{ "\"hex\": \"61c3\"", "\"hex\": \"61C3\"", "is not a value of its column" },
		{ ", {\"nulls\": 0}]", "]", "tells of 2 columns where there are 3" },
		{ "\"bytes\": 12345", "\"bytes\": 9007199254740994", "`bytes` is not a number from 0 to" },
		{ "\"bytes\": 12345", "\"bytes\": \"12345\"", "`bytes` is not a number from 0 to" },
		{ "\"columns\": [", "\"columns\": {}, \"x\": [", "`columns` is not a list" },
		{ "\"snapshot\": {", "\"snapshot\": 3, \"x\": {", "`snapshot` is missing" },
		{ "\"version\": 7", "\"version\": 7, \"version\": 8", "duplicate" },
		{ "]\n}\n", "]\n", "the manifest is damaged" },
		{ "{\n\"format", "[\n\"format", "the manifest is damaged" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct tr_manifest m;
		struct tr_err err = { 0 };
		char *text = altered(cases[i][0], cases[i][1]);
		if (tr_manifest_parse(text, strlen(text), &m, &err))
			fail_msg("%s -> %s was taken", cases[i][0], cases[i][1]);
		if (!strstr(err.what, cases[i][2]))
			fail_msg("%s -> %s: %s", cases[i][0], cases[i][1], err.what);
		assert_true(err.hint[0] != '\0');
		assert_null(m.files);
		free(text);
	}
}

static void what_a_newer_tailrace_adds_is_ignored(void **state)
{
	(void)state;
	struct tr_manifest m;
	struct tr_err err = { 0 };
	char *text = altered("\"dataset\"", "\"colour\": {\"deep\": [1, 2]},\n\"dataset\"");
	assert_ok(tr_manifest_parse(text, strlen(text), &m, &err), err);
	tr_manifest_clear(&m);
	free(text);
}

static void what_an_older_tailrace_does_not_tell_is_not_known(void **state)
{
	(void)state;
	struct tr_manifest m;
	struct tr_err err = { 0 };
	char *text = altered(", \"bytes\": 12345", "");
	assert_ok(tr_manifest_parse(text, strlen(text), &m, &err), err);
	assert_int_equal(m.files[0].column_bytes[0], 0);
	tr_manifest_clear(&m);
	free(text);
}

static void a_manifest_cut_or_changed_anywhere_never_does_harm(void **state)
{
	(void)state;
	struct tr_manifest m, out;
	make(&m);
	char *text = text_of(&m);
	size_t n = strlen(text);
	uint64_t seed = 7;
	for (size_t i = 0; i < n - 2; i++) {
		struct tr_err err = { 0 };
		assert_false(tr_manifest_parse(text, i, &out, &err));
		assert_true(err.kind != TR_ERR_NONE);
		char kept = text[i];
		text[i] = (char)next_random(&seed);
		err = (struct tr_err){ 0 };
		if (tr_manifest_parse(text, n, &out, &err))
			tr_manifest_clear(&out);
		else
			assert_true(err.what[0] && err.hint[0]);
		text[i] = kept;
	}
	free(text);
	tr_manifest_clear(&m);
}

static void an_empty_manifest_is_named_as_such(void **state)
{
	(void)state;
	struct tr_manifest m;
	struct tr_err err = { 0 };
	assert_false(tr_manifest_parse("", 0, &m, &err));
	assert_non_null(strstr(err.what, "is empty"));
	assert_non_null(strstr(err.hint, "delete the empty file"));
}

static void field_ids_stay_with_their_names_and_are_never_used_again(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_manifest parent;
	struct tr_schema schema;
	struct tr_type type = { .kind = TR_INT32 };
	int32_t last;
	test_manifest(&parent, "orders", 0);
	assert_ok(tr_manifest_field_ids(&parent.schema, NULL, &last, &err), err);
	assert_int_equal(last, 2);
	parent.last_field_id = 5; /* 3 to 5 were dropped columns' */
	tr_schema_init(&schema);
	assert_ok(tr_schema_add(&schema, "new", type, true, NULL, &err), err);
	assert_ok(tr_schema_add(&schema, "name", type, true, NULL, &err), err);
	assert_ok(tr_schema_add(&schema, "newer", type, true, NULL, &err), err);
	assert_ok(tr_manifest_field_ids(&schema, &parent, &last, &err), err);
	assert_int_equal(schema.fields[0].field_id, 6);
	assert_int_equal(schema.fields[1].field_id, 2);
	assert_int_equal(schema.fields[2].field_id, 7);
	assert_int_equal(last, 7);
	parent.last_field_id = INT32_MAX;
	schema.fields[0].field_id = 0;
	assert_false(tr_manifest_field_ids(&schema, &parent, &last, &err));
	tr_schema_clear(&schema);
	tr_manifest_clear(&parent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_are_texts_for_people),
		cmocka_unit_test(any_bound_reads_back_exactly),
		cmocka_unit_test(texts_that_are_no_bounds_are_refused),
		cmocka_unit_test(a_manifest_reads_back_to_the_same_text_and_values),
		cmocka_unit_test(a_manifest_without_files_keeps_its_schema),
		cmocka_unit_test(damaged_manifests_are_refused_with_a_reason),
		cmocka_unit_test(what_a_newer_tailrace_adds_is_ignored),
		cmocka_unit_test(what_an_older_tailrace_does_not_tell_is_not_known),
		cmocka_unit_test(a_manifest_cut_or_changed_anywhere_never_does_harm),
		cmocka_unit_test(an_empty_manifest_is_named_as_such),
		cmocka_unit_test(field_ids_stay_with_their_names_and_are_never_used_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
