#include "data/column.h"
#include "fmt/parquet_writer.h"
#include "lake_support.h"

/* A batch of rows 0 .. n-1: `id` is base + i, `name` is null for every third row. */
static void fill(const struct tr_schema *schema, int64_t base, int64_t n, struct ArrowArray *out)
{
	struct tr_err err = { 0 };
	struct tr_column columns[2];
	for (size_t i = 0; i < 2; i++)
		tr_column_init(&columns[i], schema->fields[i].type);
	for (int64_t i = 0; i < n; i++) {
		int64_t id = base + i;
		char name[40];
		int len = snprintf(name, sizeof name, "name %d", (int)(id % 1000));
		assert_ok(tr_column_add_fixed(&columns[0], &id, &err), err);
		if (i % 3 == 0)
			assert_ok(tr_column_add_null(&columns[1], &err), err);
		else
			assert_ok(tr_column_add_bytes(&columns[1], name, (size_t)len, &err), err);
	}
	assert_ok(tr_batch_take(columns, 2, n, out, &err), err);
	for (size_t i = 0; i < 2; i++)
		tr_column_clear(&columns[i]);
}

/* A Parquet file of the run, with what its writer knows in the manifest. */
static void stage_parquet(const struct test_lake *t, struct tr_manifest *m, const char *name, int64_t base)
{
	struct tr_err err = { 0 };
	struct tr_sink *sink;
	struct tr_parquet_writer *writer;
	struct tr_parquet_stats stats;
	struct ArrowArray batch;
	char key[400];
	snprintf(key, sizeof key, "%s/%s/%s", m->dataset, m->run_id, name);
	assert_ok(t->store->ops->create(t->store, key, &sink, &err), err);
	struct tr_parquet_options options = { .row_group_rows = 700 };
	assert_ok(tr_parquet_writer_new(&m->schema, &options, sink, &writer, &err), err);
	fill(&m->schema, base, 1000, &batch);
	assert_ok(tr_parquet_writer_append(writer, &batch, 0, 1000, &err), err);
	assert_ok(tr_parquet_writer_close(writer, &stats, &err), err);
	assert_ok(tr_sink_commit(sink, &err), err);
	struct tr_manifest_file *file = tr_manifest_add_file(m, &err);
	assert_ok(file != NULL, err);
	file->path = strdup(key);
	file->rows = stats.rows;
	file->row_groups = stats.row_groups;
	file->bytes = sink->bytes;
	memcpy(file->checksum, sink->checksum, sizeof file->checksum);
	for (size_t i = 0; i < 2; i++) {
		file->nulls[i] = stats.columns[i].nulls;
		file->min[i] = stats.columns[i].min;
		file->max[i] = stats.columns[i].max;
	}
	m->rows += file->rows;
	m->bytes += file->bytes;
	batch.release(&batch);
	tr_parquet_stats_clear(&stats);
	tr_parquet_writer_free(writer);
	tr_sink_free(sink);
}

static void publish_three(struct test_lake *t, struct tr_manifest *m)
{
	struct tr_err err = { 0 };
	test_lake_open(t);
	test_manifest(m, "orders", 0);
	stage_parquet(t, m, "part-0.parquet", 0);
	stage_parquet(t, m, "part-1.parquet", INT64_C(1) << 60);
	stage_parquet(t, m, "part-2.parquet", -5000);
	assert_ok(tr_lake_commit(&t->lake, m, NULL, &err), err);
}

static void finish(struct test_lake *t, struct tr_manifest *m, struct tr_errs *findings)
{
	tr_errs_clear(findings);
	tr_manifest_clear(m);
	test_lake_close(t);
}

static void a_version_as_published_has_no_findings(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_manifest m;
	struct tr_verify_report report;
	struct tr_errs findings;
	struct tr_err err = { 0 };
	publish_three(&t, &m);
	tr_errs_init(&findings);
	assert_ok(tr_lake_verify(&t.lake, "orders", 0, &report, &findings, &err), err);
	if (findings.n)
		fail_msg("%s (%s)", findings.items[0].what, findings.items[0].detail);
	assert_int_equal(report.version, 1);
	assert_int_equal(report.files, 3);
	assert_int_equal(report.rows, 3000);
	assert_int_equal(report.bytes, m.bytes);
	assert_int_equal(report.unreferenced, 0);
	finish(&t, &m, &findings);
}

static void every_damaged_file_is_found_with_its_place_and_a_hint(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_manifest m;
	struct tr_verify_report report;
	struct tr_errs findings;
	struct tr_err err = { 0 };
	char path[600];
	publish_three(&t, &m);
	tr_errs_init(&findings);
	assert_ok(t.store->ops->remove(t.store, m.files[0].path, &err), err);
	snprintf(path, sizeof path, "%s/%s", t.folder, m.files[1].path);
	FILE *f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(fseek(f, 100, SEEK_SET), 0);
	int c = fgetc(f);
	assert_int_equal(fseek(f, 100, SEEK_SET), 0);
	fputc(c ^ 1, f);
	fclose(f);
	snprintf(path, sizeof path, "%s/%s", t.folder, m.files[2].path);
	assert_int_equal(truncate(path, (off_t)m.files[2].bytes - 1), 0);
	assert_ok(tr_lake_verify(&t.lake, "orders", 1, &report, &findings, &err), err);
	const char *want[] = { "is missing", "its manifest says xxh3:", "bytes, its manifest says" };
	assert_int_equal(findings.n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(findings.items[i].kind, TR_ERR_DATA);
		assert_non_null(strstr(findings.items[i].what, want[i]));
		assert_non_null(strstr(findings.items[i].place.file, m.files[i].path));
		assert_string_equal(findings.items[i].place.table, "orders");
		assert_non_null(strstr(findings.items[i].hint, "tailrace rollback orders"));
	}
	finish(&t, &m, &findings);
}

/* A version whose manifest tells other figures than its files' footers. */
static void a_manifest_that_does_not_match_the_footers_is_found(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_manifest m;
	struct tr_verify_report report;
	struct tr_errs findings;
	struct tr_err err = { 0 };
	test_lake_open(&t);
	test_manifest(&m, "orders", 0);
	for (int i = 0; i < 4; i++) {
		char name[40];
		snprintf(name, sizeof name, "part-%d.parquet", i);
		stage_parquet(&t, &m, name, i);
	}
	m.files[0].rows++;
	m.rows++;
	m.files[1].nulls[1]--;
	m.files[2].max[0].bytes[0] ^= 1;
	test_stage(&t, &m, "part-4.parquet", "not a Parquet file, but long enough for a footer's length");
	assert_ok(tr_lake_commit(&t.lake, &m, NULL, &err), err);
	tr_errs_init(&findings);
	assert_ok(tr_lake_verify(&t.lake, "orders", 1, &report, &findings, &err), err);
	const char *want[] = { "has 1000 rows in 2 row groups, its manifest says 1001 in 2",
		"has 334 nulls in column `name`, its manifest says 333", "has other bounds of column `id`",
		"cannot be read" };
	assert_int_equal(findings.n, 4);
	for (size_t i = 0; i < 4; i++)
		assert_non_null(strstr(findings.items[i].what, want[i]));
	finish(&t, &m, &findings);
}

static void files_beside_the_manifest_s_are_told_but_are_no_error(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_manifest m;
	struct tr_verify_report report;
	struct tr_errs findings;
	struct tr_err err = { 0 };
	char key[400];
	publish_three(&t, &m);
	tr_errs_init(&findings);
	snprintf(key, sizeof key, "orders/%s/stray.parquet", m.run_id);
	assert_ok(t.store->ops->put(t.store, key, "stray", 5, &err), err);
	assert_ok(t.store->ops->put(t.store, "orders/elsewhere/x", "x", 1, &err), err);
	assert_ok(tr_lake_verify(&t.lake, "orders", 1, &report, &findings, &err), err);
	assert_int_equal(findings.n, 0);
	assert_int_equal(report.unreferenced, 1);
	assert_int_equal(report.unreferenced_bytes, 5);
	assert_non_null(strstr(t.heard, "stray.parquet` is not a file of version 1"));
	finish(&t, &m, &findings);
}

static void versions_that_cannot_be_verified_are_explained(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_manifest m;
	struct tr_verify_report report;
	struct tr_errs findings;
	struct tr_err err = { 0 };
	publish_three(&t, &m);
	tr_errs_init(&findings);
	assert_false(tr_lake_verify(&t.lake, "orders", 2, &report, &findings, &err));
	assert_string_equal(err.what, "`orders` has no version 2");
	err = (struct tr_err){ 0 };
	assert_false(tr_lake_verify(&t.lake, "users", 0, &report, &findings, &err));
	assert_string_equal(err.what, "`users` is not published");
	err = (struct tr_err){ 0 };
	test_run(&t, "orders", "x");
	const char *mark = "_tailrace/orders/manifests/00000000000000000001.expired";
	assert_ok(t.store->ops->put(t.store, mark, "", 0, &err), err);
	assert_false(tr_lake_verify(&t.lake, "orders", 1, &report, &findings, &err));
	assert_non_null(strstr(err.what, "version 1 of `orders` has expired"));
	assert_int_equal(findings.n, 0);
	finish(&t, &m, &findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_version_as_published_has_no_findings),
		cmocka_unit_test(every_damaged_file_is_found_with_its_place_and_a_hint),
		cmocka_unit_test(a_manifest_that_does_not_match_the_footers_is_found),
		cmocka_unit_test(files_beside_the_manifest_s_are_told_but_are_no_error),
		cmocka_unit_test(versions_that_cannot_be_verified_are_explained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
