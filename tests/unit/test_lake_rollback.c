#include "lake_support.h"

static char *file_of(const struct test_lake *t, uint64_t version)
{
	struct tr_err err = { 0 };
	struct tr_manifest m;
	bool found;
	assert_ok(tr_lake_load(&t->lake, "orders", version, &m, &found, &err), err);
	assert_true(found && m.n_files == 1);
	char *path = strdup(m.files[0].path);
	tr_manifest_clear(&m);
	return path;
}

static void an_older_version_becomes_the_newest(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	struct tr_manifest m;
	struct tr_store_list list;
	test_lake_open(&t);
	for (int i = 0; i < 3; i++)
		test_run(&t, "orders", i == 0 ? "one" : "more");
	char *first = file_of(&t, 1);
	assert_ok(tr_lake_rollback(&t.lake, "orders", 1, &m, &err), err);
	assert_int_equal(m.version, 4);
	assert_int_equal(m.parent, 3);
	assert_int_equal(m.rollback_of, 1);
	assert_string_equal(m.kind, "rollback");
	tr_manifest_clear(&m);
	char *now = file_of(&t, 4);
	assert_string_equal(now, first);
	char path[600], target[256];
	snprintf(path, sizeof path, "%s/orders/current", t.folder);
	ssize_t n = readlink(path, target, sizeof target - 1);
	assert_true(n > 0);
	assert_memory_equal(first + strlen("orders/"), target, (size_t)n);
	assert_ok(t.store->ops->list(t.store, "_tailrace/orders/runs/", &list, &err), err);
	assert_int_equal(list.n, 0);
	tr_store_list_clear(&list);
	/* And back again, to a rollback's own version after another run. */
	test_run(&t, "orders", "five");
	assert_ok(tr_lake_rollback(&t.lake, "orders", 4, &m, &err), err);
	assert_int_equal(m.version, 6);
	assert_int_equal(m.rollback_of, 4);
	tr_manifest_clear(&m);
	free(first);
	free(now);
	test_lake_close(&t);
}

static void assert_refused(struct test_lake *t, uint64_t version, enum tr_err_kind kind, const char *what,
	const char *hint)
{
	struct tr_err err = { 0 };
	struct tr_manifest m;
	uint64_t before = test_version(t, "orders");
	assert_false(tr_lake_rollback(&t->lake, "orders", version, &m, &err));
	if (!strstr(err.what, what) || !strstr(err.hint, hint))
		fail_msg("%s (%s)", err.what, err.hint);
	assert_int_equal(err.kind, kind);
	assert_int_equal(test_version(t, "orders"), before);
}

static void a_version_with_a_missing_or_changed_file_is_refused(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	struct tr_store_list list;
	test_lake_open(&t);
	for (int i = 0; i < 4; i++)
		test_run(&t, "orders", "text");
	char *first = file_of(&t, 1), *second = file_of(&t, 2), *third = file_of(&t, 3);
	assert_ok(t.store->ops->remove(t.store, first, &err), err);
	assert_ok(t.store->ops->put(t.store, second, "texts", 5, &err), err);
	assert_ok(t.store->ops->put(t.store, third, "test", 4, &err), err);
	assert_refused(&t, 1, TR_ERR_INTERNAL, "is in the manifest but not in the lake",
		"version 1 cannot be published again");
	assert_refused(&t, 2, TR_ERR_INTERNAL, "has 5 bytes where its manifest says 4",
		"tailrace verify orders");
	assert_refused(&t, 3, TR_ERR_INTERNAL, "has another checksum", "nothing was published");
	assert_ok(t.store->ops->list(t.store, "_tailrace/orders/runs/", &list, &err), err);
	assert_int_equal(list.n, 0);
	tr_store_list_clear(&list);
	assert_int_equal(test_whole(&t, "orders", 0), 1);
	free(first);
	free(second);
	free(third);
	test_lake_close(&t);
}

static void versions_that_make_no_sense_are_refused(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	struct tr_manifest m;
	test_lake_open(&t);
	assert_refused(&t, 1, TR_ERR_USER, "`orders` is not published", "tailrace history");
	test_run(&t, "orders", "a");
	test_run(&t, "orders", "b");
	assert_refused(&t, 2, TR_ERR_USER, "version 2 of `orders` is the current one",
		"tailrace history orders");
	assert_refused(&t, 3, TR_ERR_USER, "`orders` has no version 3", "tailrace history orders");
	const char *mark = "_tailrace/orders/manifests/00000000000000000001.expired";
	assert_ok(t.store->ops->put(t.store, mark, "", 0, &err), err);
	assert_refused(&t, 1, TR_ERR_USER, "version 1 of `orders` has expired",
		"lists the versions that are kept");
	assert_false(tr_lake_rollback(&t.lake, "a/b", 1, &m, &err));
	test_lake_close(&t);
}

static void field_ids_given_after_the_restored_version_stay_used(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	struct tr_manifest m, parent;
	bool found;
	test_lake_open(&t);
	test_run(&t, "orders", "a");
	test_manifest(&m, "orders", 1);
	assert_ok(tr_schema_add(&m.schema, "extra", (struct tr_type){ .kind = TR_INT32 }, true, NULL, &err),
		err);
	m.schema.fields[2].field_id = 3;
	assert_ok(tr_lake_commit(&t.lake, &m, NULL, NULL, &err), err);
	tr_manifest_clear(&m);
	assert_ok(tr_lake_rollback(&t.lake, "orders", 1, &m, &err), err);
	tr_manifest_clear(&m);
	assert_ok(tr_lake_load(&t.lake, "orders", 0, &parent, &found, &err), err);
	assert_int_equal(parent.schema.n, 2);
	assert_int_equal(parent.last_field_id, 3);
	tr_manifest_clear(&parent);
	test_lake_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_older_version_becomes_the_newest),
		cmocka_unit_test(a_version_with_a_missing_or_changed_file_is_refused),
		cmocka_unit_test(versions_that_make_no_sense_are_refused),
		cmocka_unit_test(field_ids_given_after_the_restored_version_stay_used),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
