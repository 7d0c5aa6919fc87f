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

/* A lake, its first version, and what verifying it said. */
struct verified {
	struct test_lake t;
	struct tr_manifest m;
	struct tr_verify_report report;
	struct tr_errs findings;
	struct tr_err err;
};

static void open_lake(struct verified *v)
{
	v->err = (struct tr_err){ 0 };
	tr_errs_init(&v->findings);
	test_lake_open(&v->t);
	test_manifest(&v->m, "orders", 0);
}

static void publish_three(struct verified *v)
{
	open_lake(v);
	stage_parquet(&v->t, &v->m, "part-0.parquet", 0);
	stage_parquet(&v->t, &v->m, "part-1.parquet", INT64_C(1) << 60);
	stage_parquet(&v->t, &v->m, "part-2.parquet", -5000);
	assert_ok(tr_lake_commit(&v->t.lake, &v->m, NULL, NULL, &v->err), v->err);
}

/* 0: the newest version */
static bool verify(struct verified *v, const char *dataset, uint64_t version)
{
	tr_err_clear(&v->err);
	return tr_lake_verify(&v->t.lake, dataset, version, &v->report, &v->findings, &v->err);
}

static void put(struct verified *v, const char *key, const char *text)
{
	assert_ok(v->t.store->ops->put(v->t.store, key, text, strlen(text), &v->err), v->err);
}

static void finish(struct verified *v)
{
	tr_errs_clear(&v->findings);
	tr_manifest_clear(&v->m);
	test_lake_close(&v->t);
}

static void a_version_as_published_has_no_findings(void **state)
{
	(void)state;
	struct verified v;
	publish_three(&v);
	assert_ok(verify(&v, "orders", 0), v.err);
	if (v.findings.n)
		fail_msg("%s (%s)", v.findings.items[0].what, v.findings.items[0].detail);
	assert_int_equal(v.report.version, 1);
	assert_int_equal(v.report.files, 3);
	assert_int_equal(v.report.rows, 3000);
	assert_int_equal(v.report.bytes, v.m.bytes);
	assert_int_equal(v.report.unreferenced, 0);
	finish(&v);
}

static void every_damaged_file_is_found_with_its_place_and_a_hint(void **state)
{
	(void)state;
	struct verified v;
	char path[600];
	publish_three(&v);
	assert_ok(v.t.store->ops->remove(v.t.store, v.m.files[0].path, &v.err), v.err);
	snprintf(path, sizeof path, "%s/%s", v.t.folder, v.m.files[1].path);
	FILE *f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(fseek(f, 100, SEEK_SET), 0);
	int c = fgetc(f);
	assert_int_equal(fseek(f, 100, SEEK_SET), 0);
	fputc(c ^ 1, f);
	fclose(f);
	snprintf(path, sizeof path, "%s/%s", v.t.folder, v.m.files[2].path);
	assert_int_equal(truncate(path, (off_t)v.m.files[2].bytes - 1), 0);
	assert_ok(verify(&v, "orders", 1), v.err);
	const char *want[] = { "is missing", "its manifest says xxh3:", "bytes, its manifest says" };
	assert_int_equal(v.findings.n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(v.findings.items[i].kind, TR_ERR_DATA);
		assert_non_null(strstr(v.findings.items[i].what, want[i]));
		assert_non_null(strstr(v.findings.items[i].place.file, v.m.files[i].path));
		assert_string_equal(v.findings.items[i].place.table, "orders");
		assert_non_null(strstr(v.findings.items[i].hint, "tailrace rollback orders"));
	}
	finish(&v);
}

/* A version whose manifest tells other figures than its files' footers. */
static void a_manifest_that_does_not_match_the_footers_is_found(void **state)
{
	(void)state;
	struct verified v;
	open_lake(&v);
	for (int i = 0; i < 4; i++) {
		char name[40];
		snprintf(name, sizeof name, "part-%d.parquet", i);
		stage_parquet(&v.t, &v.m, name, i);
	}
	v.m.files[0].rows++;
	v.m.rows++;
	v.m.files[1].nulls[1]--;
	v.m.files[2].max[0].bytes[0] ^= 1;
	test_stage(&v.t, &v.m, "part-4.parquet", "not a Parquet file, but long enough for a footer's length");
	assert_ok(tr_lake_commit(&v.t.lake, &v.m, NULL, NULL, &v.err), v.err);
	assert_ok(verify(&v, "orders", 1), v.err);
	const char *want[] = { "has 1000 rows in 2 row groups, its manifest says 1001 in 2",
		"has 334 nulls in column `name`, its manifest says 333", "has other bounds of column `id`",
		"cannot be read" };
	assert_int_equal(v.findings.n, 4);
	for (size_t i = 0; i < 4; i++)
		assert_non_null(strstr(v.findings.items[i].what, want[i]));
	finish(&v);
}

static void files_beside_the_manifest_s_are_told_but_are_no_error(void **state)
{
	(void)state;
	struct verified v;
	char key[400];
	publish_three(&v);
	snprintf(key, sizeof key, "orders/%s/stray.parquet", v.m.run_id);
	put(&v, key, "stray");
	put(&v, "orders/elsewhere/x", "x");
	assert_ok(verify(&v, "orders", 1), v.err);
	assert_int_equal(v.findings.n, 0);
	assert_int_equal(v.report.unreferenced, 1);
	assert_int_equal(v.report.unreferenced_bytes, 5);
	assert_non_null(strstr(v.t.heard, "stray.parquet` is not a file of version 1"));
	finish(&v);
}

static void versions_that_cannot_be_verified_are_explained(void **state)
{
	(void)state;
	struct verified v;
	publish_three(&v);
	assert_false(verify(&v, "orders", 2));
	assert_string_equal(v.err.what, "`orders` has no version 2");
	assert_false(verify(&v, "users", 0));
	assert_string_equal(v.err.what, "`users` is not published");
	test_run(&v.t, "orders", "x");
	const char *mark = "_tailrace/orders/manifests/00000000000000000001.expired";
	put(&v, mark, "");
	assert_false(verify(&v, "orders", 1));
	assert_non_null(strstr(v.err.what, "version 1 of `orders` has expired"));
	assert_int_equal(v.findings.n, 0);
	finish(&v);
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
