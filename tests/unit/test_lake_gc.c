#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "lake_support.h"

#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)

/* Everything that superseded versions keep, nothing spared by age. */
static const struct tr_gc_options STRICT = { .keep_versions = 1, .keep_days = -1, .grace_us = -1 };

/* As if the object had last been written so many seconds ago. */
static void age(const struct test_lake *t, const char *key, int64_t seconds)
{
	char path[900];
	int64_t now = tr_clock_wall_us() / 1000000;
	struct timespec times[2] = { { .tv_sec = now - seconds }, { .tv_sec = now - seconds } };
	snprintf(path, sizeof path, "%s/%s", t->folder, key);
	assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void age_version(const struct test_lake *t, uint64_t version, int64_t seconds)
{
	char key[200];
	snprintf(key, sizeof key, "_tailrace/orders/manifests/%020llu.json", (unsigned long long)version);
	age(t, key, seconds);
}

static struct tr_gc_report gc(const struct test_lake *t, const struct tr_gc_options *options)
{
	struct tr_gc_report report;
	struct tr_err err = { 0 };
	assert_ok(tr_lake_gc(&t->lake, "orders", options, &report, &err), err);
	return report;
}

static bool exists(const struct test_lake *t, const char *key)
{
	char path[900];
	struct stat st;
	snprintf(path, sizeof path, "%s/%s", t->folder, key);
	return lstat(path, &st) == 0;
}

static void write_file(const struct test_lake *t, const char *key)
{
	struct tr_err err = { 0 };
	assert_ok(t->store->ops->put(t->store, key, "mine", 4, &err), err);
}

/* A run that was killed after its first file; its lease is `seconds` old. */
static void leave_run(const struct test_lake *t, struct tr_manifest *m, int64_t seconds)
{
	struct tr_err err = { 0 };
	char key[200];
	test_manifest(m, "orders", test_version(t, "orders"));
	assert_ok(tr_lake_lease(&t->lake, "orders", m->run_id, &err), err);
	test_stage(t, m, "part-0.parquet", "left");
	snprintf(key, sizeof key, "_tailrace/orders/runs/%s", m->run_id);
	age(t, key, seconds);
}

static void what_a_published_run_left_unfinished_is_removed_and_its_files_stay(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_manifest m;
	struct tr_sink *sink;
	struct tr_err err = { 0 };
	bool found;
	char key[300];
	test_lake_open(&t);
	test_run(&t, "orders", "published");
	assert_ok(tr_lake_load(&t.lake, "orders", 1, &m, &found, &err), err);
	snprintf(key, sizeof key, "orders/%s/part-9.parquet", m.run_id);
	assert_ok(t.store->ops->create(t.store, key, &sink, &err), err);
	struct tr_gc_report report = gc(&t, &(struct tr_gc_options){ 0 });
	assert_int_equal(report.files_removed, 1);
	assert_true(exists(&t, m.files[0].path));
	assert_int_equal(test_whole(&t, "orders", 0), 1);
	tr_sink_free(sink);
	tr_manifest_clear(&m);
	test_lake_close(&t);
}

static void a_killed_run_is_removed_once_its_lease_is_dead(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_manifest dead, live;
	struct tr_sink *sink;
	struct tr_err err = { 0 };
	char key[200], folder[200];
	test_lake_open(&t);
	test_run(&t, "orders", "published");
	leave_run(&t, &dead, TR_LEASE_LIFE_S + 5);
	leave_run(&t, &live, TR_LEASE_LIFE_S - 30);
	snprintf(key, sizeof key, "orders/%s/day=1/part-1.parquet", dead.run_id);
	assert_ok(t.store->ops->create(t.store, key, &sink, &err), err);
	struct tr_gc_report report = gc(&t, &(struct tr_gc_options){ .dry_run = true });
	assert_int_equal(report.files_removed, 2);
	assert_true(exists(&t, dead.files[0].path));
	report = gc(&t, &(struct tr_gc_options){ 0 });
	assert_int_equal(report.files_removed, 2); /* one of them unfinished */
	assert_int_equal(report.bytes_removed, 4);
	assert_int_equal(report.runs_live, 1);
	assert_int_equal(report.versions_expired, 0);
	snprintf(folder, sizeof folder, "orders/%s", dead.run_id);
	assert_false(exists(&t, folder));
	snprintf(key, sizeof key, "_tailrace/orders/runs/%s", dead.run_id);
	assert_false(exists(&t, key));
	strcat(key, ".condemned");
	assert_false(exists(&t, key));
	assert_true(exists(&t, live.files[0].path));
	assert_int_equal(test_whole(&t, "orders", 0), 1);
	/* The dead one wakes up: it finds its files gone, and publishes nothing. */
	assert_false(tr_lake_commit(&t.lake, &dead, NULL, NULL, &err));
	assert_non_null(strstr(err.what, "in the manifest but not in the lake"));
	err = (struct tr_err){ 0 };
	assert_ok(tr_lake_commit(&t.lake, &live, NULL, NULL, &err), err);
	tr_sink_free(sink);
	tr_manifest_clear(&dead);
	tr_manifest_clear(&live);
	test_lake_close(&t);
}

static void the_first_run_of_a_dataset_is_removed_too(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_manifest dead;
	test_lake_open(&t);
	leave_run(&t, &dead, DAY);
	assert_int_equal(gc(&t, &(struct tr_gc_options){ 0 }).files_removed, 1);
	assert_false(exists(&t, "orders"));
	assert_false(exists(&t, "_tailrace"));
	tr_manifest_clear(&dead);
	test_lake_close(&t);
}

static void versions_are_kept_by_number_by_age_and_by_grace(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	struct tr_manifest m;
	bool found;
	test_lake_open(&t);
	for (int i = 0; i < 14; i++)
		test_run(&t, "orders", "x");
	/* All are young: more than 10 are kept. */
	struct tr_gc_report report = gc(&t, &(struct tr_gc_options){ 0 });
	assert_int_equal(report.versions_expired + report.files_removed, 0);
	/* 1 and 2 were superseded long ago, 3 and 4 lately; 1 left the last ten 30 hours ago, 2 12 hours ago. */
	age_version(&t, 1, 90 * DAY);
	age_version(&t, 2, 80 * DAY);
	age_version(&t, 3, 70 * DAY);
	age_version(&t, 4, 6 * DAY);
	age_version(&t, 11, 30 * HOUR);
	age_version(&t, 12, 12 * HOUR);
	report = gc(&t, &(struct tr_gc_options){ .dry_run = true });
	assert_int_equal(report.versions_expired, 2);
	assert_int_equal(report.files_removed, 1);
	report = gc(&t, &(struct tr_gc_options){ 0 });
	assert_int_equal(report.versions_expired, 2);
	assert_int_equal(report.files_removed, 1);
	assert_int_equal(test_whole(&t, "orders", 2), 1);
	assert_int_equal(test_whole(&t, "orders", 3), 1);
	assert_ok(tr_lake_load(&t.lake, "orders", 1, &m, &found, &err), err);
	assert_true(found && m.expired);
	assert_false(exists(&t, m.files[0].path));
	tr_manifest_clear(&m);
	/* Nothing more to do; then a day passes. */
	report = gc(&t, &(struct tr_gc_options){ 0 });
	assert_int_equal(report.versions_expired + report.files_removed, 0);
	age_version(&t, 12, 25 * HOUR);
	assert_int_equal(gc(&t, &(struct tr_gc_options){ 0 }).files_removed, 1);
	report = gc(&t, &STRICT);
	assert_int_equal(report.versions_expired, 11);
	assert_int_equal(report.files_removed, 11);
	assert_int_equal(test_whole(&t, "orders", 0), 1);
	assert_int_equal(test_version(&t, "orders"), 14);
	test_run(&t, "orders", "next");
	assert_int_equal(test_version(&t, "orders"), 15);
	test_lake_close(&t);
}

static void what_the_view_points_at_is_spared(void **state)
{
	(void)state;
	struct test_lake t;
	char path[600], target[256];
	test_lake_open(&t);
	test_run(&t, "orders", "old");
	snprintf(path, sizeof path, "%s/orders/current", t.folder);
	ssize_t n = readlink(path, target, sizeof target - 1);
	assert_true(n > 0);
	target[n] = '\0';
	test_run(&t, "orders", "new");
	/* As if the process had been killed between commit and view. */
	unlink(path);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(gc(&t, &STRICT).files_removed, 0);
	test_run(&t, "orders", "newer");
	assert_int_equal(gc(&t, &STRICT).files_removed, 2);
	assert_int_equal(test_whole(&t, "orders", 0), 1);
	test_lake_close(&t);
}

static void what_tailrace_has_not_made_is_never_touched(void **state)
{
	(void)state;
	struct test_lake t;
	const char *foreign[] = { "orders/notes.txt", "orders/my-notes/a.txt", "orders/20261122/b",
		"orders/_x/c", "orders/20261122t193827123456z-9f3a01c27b5g/d",
		"users/20261122t193827123456z-9f3a01c27b55/e", "f", "_tailrace/orders/g",
		"_tailrace/orders/runs/UPPER", "_tailrace/orders/manifests/7.json" };
	test_lake_open(&t);
	test_run(&t, "orders", "a");
	test_run(&t, "orders", "b");
	for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
		write_file(&t, foreign[i]);
		age(&t, foreign[i], 100 * DAY);
	}
	assert_int_equal(gc(&t, &STRICT).files_removed, 1);
	for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
		assert_true(exists(&t, foreign[i]));
	test_lake_close(&t);
}

static void old_temporary_files_are_swept_and_young_ones_are_not(void **state)
{
	(void)state;
	struct test_lake t;
	const char *keys[] = { "_tailrace/orders/manifests/.tmp-1", "orders/.tmp-2",
		"_tailrace/orders/runs/.tmp-3" };
	char path[600];
	test_lake_open(&t);
	test_run(&t, "orders", "a");
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < 3; i++) {
			snprintf(path, sizeof path, "%s/_tailrace/orders/runs", t.folder);
			mkdir(path, 0700);
			snprintf(path, sizeof path, "%s/%s", t.folder, keys[i]);
			close(creat(path, 0600));
			age(&t, keys[i], round ? TR_LEASE_LIFE_S + 5 : TR_LEASE_LIFE_S - 30);
		}
		assert_int_equal(gc(&t, &STRICT).files_removed, round ? 3 : 0);
	}
	assert_int_equal(test_whole(&t, "orders", 0), 1);
	test_lake_close(&t);
}

static void a_manifest_that_cannot_be_read_stops_gc(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_manifest dead;
	struct tr_gc_report report;
	struct tr_err err = { 0 };
	test_lake_open(&t);
	for (int i = 0; i < 3; i++)
		test_run(&t, "orders", "a");
	leave_run(&t, &dead, DAY);
	write_file(&t, "_tailrace/orders/manifests/00000000000000000004.json");
	assert_false(tr_lake_gc(&t.lake, "orders", &STRICT, &report, &err));
	assert_non_null(strstr(err.what, "the manifest is damaged"));
	assert_int_equal(report.files_removed + report.versions_expired, 0);
	assert_true(exists(&t, dead.files[0].path));
	for (uint64_t v = 1; v <= 3; v++)
		assert_int_equal(test_whole(&t, "orders", v), 1);
	tr_manifest_clear(&dead);
	test_lake_close(&t);
}

/* ---- beside live processes ---- */

/* Collect as strictly as can be until *stop. */
static pid_t start_gc(const struct test_lake *t, const atomic_int *stop)
{
	pid_t pid = fork();
	if (pid == 0) {
		int rounds = 0;
		for (; !atomic_load(stop) || rounds < 3; rounds++) {
			struct tr_gc_report report;
			struct tr_err err = { 0 };
			if (!tr_lake_gc(&t->lake, "orders", &STRICT, &report, &err))
				_exit(1);
		}
		_exit(0);
	}
	return pid;
}

static void end_gc(pid_t pid, atomic_int *stop)
{
	int status;
	atomic_store(stop, 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	munmap(stop, sizeof *stop);
}

static atomic_int *shared_flag(void)
{
	atomic_int *flag =
		mmap(NULL, sizeof *flag, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(flag != MAP_FAILED);
	return flag;
}

static void gc_during_runs_removes_nothing_that_is_needed(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	atomic_int *stop = shared_flag();
	test_lake_open(&t);
	pid_t pids[2] = { start_gc(&t, stop), start_gc(&t, stop) };
	for (uint64_t i = 0; i < 25; i++) {
		struct tr_manifest m;
		test_manifest(&m, "orders", i);
		assert_ok(tr_lake_lease(&t.lake, "orders", m.run_id, &err), err);
		for (int k = 0; k < 5; k++) {
			char name[40];
			snprintf(name, sizeof name, "day=%d/part-%d.parquet", k % 2, k);
			test_stage(&t, &m, name, name);
		}
		assert_ok(tr_lake_commit(&t.lake, &m, NULL, NULL, &err), err);
		tr_manifest_clear(&m);
		assert_int_equal(test_whole(&t, "orders", 0), 5);
	}
	int status;
	atomic_store(stop, 1);
	assert_int_equal(waitpid(pids[0], &status, 0), pids[0]);
	assert_int_equal(status, 0);
	end_gc(pids[1], stop);
	assert_int_equal(test_whole(&t, "orders", 0), 5);
	assert_string_equal(t.heard, "");
	test_lake_close(&t);
}

static void gc_during_rollbacks_removes_nothing_that_is_needed(void **state)
{
	(void)state;
	struct test_lake t;
	atomic_int *stop = shared_flag();
	int done = 0, refused = 0;
	test_lake_open(&t);
	test_run(&t, "orders", "first");
	pid_t pid = start_gc(&t, stop);
	for (int i = 0; i < 40; i++) {
		struct tr_manifest m;
		struct tr_err err = { 0 };
		test_run(&t, "orders", "again");
		if (tr_lake_rollback(&t.lake, "orders", test_version(&t, "orders") - 1, &m, &err)) {
			done++;
			assert_string_equal(m.kind, "rollback");
			tr_manifest_clear(&m);
		} else {
			refused++;
			assert_int_equal(err.kind, TR_ERR_USER);
			assert_non_null(strstr(err.what, "has expired"));
		}
		assert_int_equal(test_whole(&t, "orders", 0), 1);
	}
	end_gc(pid, stop);
	assert_int_equal(done + refused, 40);
	test_lake_close(&t);
}

/* A run that is suspended, given up by gc meanwhile, and wakes up at its commit. */
struct asleep {
	const struct test_lake *t;
	const struct tr_manifest *m;
	const char *at;
};

static void sleep_and_gc(void *context, const char *name)
{
	struct asleep *a = context;
	char key[200];
	if (strcmp(name, a->at) != 0)
		return;
	snprintf(key, sizeof key, "_tailrace/orders/runs/%s", a->m->run_id);
	age(a->t, key, DAY);
	assert_int_equal(gc(a->t, &STRICT).files_removed, 1);
}

static void a_run_that_slept_through_a_gc_publishes_nothing(void **state)
{
	(void)state;
	static const char *const at[] = { "lease", "check" };
	for (size_t i = 0; i < 2; i++) {
		struct test_lake t;
		struct tr_manifest m;
		struct tr_err err = { 0 };
		test_lake_open(&t);
		test_run(&t, "orders", "before");
		leave_run(&t, &m, DAY);
		struct asleep a = { &t, &m, at[i] };
		assert_false(tr_lake_commit(&t.lake, &m, &(struct tr_publish_steps){ sleep_and_gc, &a }, NULL,
			&err));
		assert_int_equal(test_version(&t, "orders"), 1);
		assert_int_equal(test_whole(&t, "orders", 0), 1);
		tr_manifest_clear(&m);
		test_lake_close(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_published_run_left_unfinished_is_removed_and_its_files_stay),
		cmocka_unit_test(a_killed_run_is_removed_once_its_lease_is_dead),
		cmocka_unit_test(the_first_run_of_a_dataset_is_removed_too),
		cmocka_unit_test(versions_are_kept_by_number_by_age_and_by_grace),
		cmocka_unit_test(what_the_view_points_at_is_spared),
		cmocka_unit_test(what_tailrace_has_not_made_is_never_touched),
		cmocka_unit_test(old_temporary_files_are_swept_and_young_ones_are_not),
		cmocka_unit_test(a_manifest_that_cannot_be_read_stops_gc),
		cmocka_unit_test(gc_during_runs_removes_nothing_that_is_needed),
		cmocka_unit_test(gc_during_rollbacks_removes_nothing_that_is_needed),
		cmocka_unit_test(a_run_that_slept_through_a_gc_publishes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
