#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lake_support.h"

static void link_target(const struct test_lake *t, const char *dataset, char target[256])
{
	char path[600];
	snprintf(path, sizeof path, "%s/%s/current", t->folder, dataset);
	ssize_t n = readlink(path, target, 255);
	target[n > 0 ? n : 0] = '\0';
}

/* `current` leads to the newest version's files. */
static void assert_current(const struct test_lake *t, const char *dataset)
{
	struct tr_err err = { 0 };
	struct tr_manifest m;
	bool found;
	char target[256], prefix[600];
	assert_ok(tr_lake_load(&t->lake, dataset, 0, &m, &found, &err), err);
	link_target(t, dataset, target);
	snprintf(prefix, sizeof prefix, "%s/%s/", dataset, target);
	assert_true(m.n_files > 0);
	assert_memory_equal(m.files[0].path, prefix, strlen(prefix));
	tr_manifest_clear(&m);
}

static void a_first_version_is_published_and_read_back(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	struct tr_manifest m;
	struct tr_store_list list;
	bool found;
	test_lake_open(&t);
	assert_int_equal(test_version(&t, "orders"), 0);
	assert_ok(tr_lake_load(&t.lake, "orders", 0, &m, &found, &err), err);
	assert_false(found);
	test_run(&t, "orders", "one");
	assert_int_equal(test_version(&t, "orders"), 1);
	assert_int_equal(test_whole(&t, "orders", 1), 1);
	assert_current(&t, "orders");
	assert_ok(tr_lake_load(&t.lake, "orders", 0, &m, &found, &err), err);
	assert_string_equal(m.kind, "run");
	assert_string_equal(m.tailrace, TR_VERSION);
	assert_int_equal(m.parent, 0);
	assert_int_equal(m.last_field_id, 2);
	assert_false(m.expired);
	tr_manifest_clear(&m);
	/* The lease has ended. */
	assert_ok(t.store->ops->list(t.store, "_tailrace/", &list, &err), err);
	assert_int_equal(list.n, 1);
	assert_string_equal(list.items[0].key, "_tailrace/orders/manifests/00000000000000000001.json");
	tr_store_list_clear(&list);
	assert_string_equal(t.heard, "");
	test_lake_close(&t);
}

static void a_version_without_files_is_published_and_has_no_link(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	struct tr_manifest m;
	char target[256];
	test_lake_open(&t);
	for (uint64_t parent = 0; parent < 3; parent++) {
		if (parent == 1) {
			test_run(&t, "orders", "rows");
			assert_current(&t, "orders");
			continue;
		}
		test_manifest(&m, "orders", parent);
		assert_ok(tr_lake_commit(&t.lake, &m, NULL, NULL, &err), err);
		tr_manifest_clear(&m);
		assert_int_equal(test_whole(&t, "orders", 0), 0);
		link_target(&t, "orders", target);
		assert_string_equal(target, "");
	}
	assert_int_equal(test_version(&t, "orders"), 3);
	assert_string_equal(t.heard, "");
	test_lake_close(&t);
}

static void history_and_datasets_are_listed_in_order(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	struct tr_manifest *versions;
	char **names;
	size_t n;
	test_lake_open(&t);
	assert_ok(tr_lake_datasets(&t.lake, &names, &n, &err), err);
	assert_int_equal(n, 0);
	free(names);
	for (int i = 0; i < 12; i++)
		test_run(&t, "orders", "x");
	test_run(&t, "orders_old", "x");
	test_run(&t, "a", "x");
	assert_ok(tr_lake_lease(&t.lake, "never_published", "r-1", &err), err);
	assert_ok(tr_lake_datasets(&t.lake, &names, &n, &err), err);
	assert_int_equal(n, 3);
	const char *want[] = { "a", "orders", "orders_old" };
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(names[i], want[i]);
		free(names[i]);
	}
	free(names);
	assert_ok(tr_lake_known(&t.lake, &names, &n, &err), err);
	assert_int_equal(n, 4);
	assert_string_equal(names[1], "never_published");
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
	assert_ok(tr_lake_history(&t.lake, "orders", 3, &versions, &n, &err), err);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(versions[i].version, 12 - i);
		tr_manifest_clear(&versions[i]);
	}
	free(versions);
	assert_false(tr_lake_history(&t.lake, "../x", 3, &versions, &n, &err));
	assert_int_equal(err.kind, TR_ERR_USER);
	assert_non_null(strstr(err.hint, "tailrace datasets"));
	test_lake_close(&t);
}

static void a_damaged_manifest_is_named_with_its_place(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	struct tr_manifest m;
	bool found;
	test_lake_open(&t);
	test_run(&t, "orders", "x");
	const char *key = "_tailrace/orders/manifests/00000000000000000002.json";
	assert_ok(t.store->ops->put(t.store, key, "{\n\"format_version\": 1,\n oops", 29, &err), err);
	assert_false(tr_lake_load(&t.lake, "orders", 0, &m, &found, &err));
	assert_non_null(strstr(err.place.file, key));
	assert_int_equal(err.place.line, 3);
	err = (struct tr_err){ 0 };
	assert_int_equal(test_whole(&t, "orders", 1), 1);
	test_lake_close(&t);
}

/* ---- what stops a commit ---- */

static void assert_stopped(struct test_lake *t, struct tr_manifest *m, const char *what)
{
	struct tr_err err = { 0 };
	assert_false(tr_lake_commit(&t->lake, m, NULL, NULL, &err));
	if (!strstr(err.what, what))
		fail_msg("%s", err.what);
	assert_int_equal(err.kind, TR_ERR_INTERNAL);
	assert_non_null(strstr(err.hint, "nothing was published"));
	assert_int_equal(test_version(t, m->dataset), 0);
	tr_manifest_clear(m);
	test_lake_close(t);
}

static void staged(struct test_lake *t, struct tr_manifest *m)
{
	test_lake_open(t);
	test_manifest(m, "orders", 0);
	test_stage(t, m, "k=1/part-0.parquet", "zero");
	test_stage(t, m, "k=2/part-1.parquet", "one");
	test_stage(t, m, "k=10/part-2.parquet", "two");
}

static void write_beside(const struct test_lake *t, const struct tr_manifest *m, const char *name,
	const char *text)
{
	char path[800];
	snprintf(path, sizeof path, "%s/orders/%s/%s", t->folder, m->run_id, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void a_file_too_many_stops_the_commit(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_manifest m;
	staged(&t, &m);
	write_beside(&t, &m, "k=2/part-9.parquet", "stray");
	assert_stopped(&t, &m, "part-9.parquet` is not a file of this run");
}

static void a_missing_file_stops_the_commit(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_manifest m;
	struct tr_err err = { 0 };
	staged(&t, &m);
	assert_ok(t.store->ops->remove(t.store, m.files[2].path, &err), err);
	assert_stopped(&t, &m, "part-2.parquet` is in the manifest but not in the lake");
}

static void a_file_of_another_size_stops_the_commit(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_manifest m;
	staged(&t, &m);
	write_beside(&t, &m, "k=1/part-0.parquet", "zero!");
	assert_stopped(&t, &m, "has 5 bytes where its manifest says 4");
}

static void a_file_of_other_bytes_stops_the_commit(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_manifest m;
	staged(&t, &m);
	write_beside(&t, &m, "k=1/part-0.parquet", "zerO");
	assert_stopped(&t, &m, "has another checksum than its manifest says");
}

static void a_run_that_gc_has_given_up_is_told_so(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_manifest m;
	struct tr_err err = { 0 };
	char key[200];
	staged(&t, &m);
	snprintf(key, sizeof key, "_tailrace/orders/runs/%s.condemned", m.run_id);
	assert_ok(t.store->ops->put(t.store, key, "", 0, &err), err);
	assert_false(tr_lake_commit(&t.lake, &m, NULL, NULL, &err));
	assert_int_equal(err.kind, TR_ERR_TRANSIENT);
	assert_non_null(strstr(err.what, "given it up"));
	assert_int_equal(test_version(&t, "orders"), 0);
	tr_manifest_clear(&m);
	test_lake_close(&t);
}

/* ---- a store that fails ---- */

static const struct tr_store_ops *real_ops;

static bool put_and_lose_the_reply(struct tr_store *s, const char *key, const void *bytes, size_t n,
	bool *won, struct tr_err *err)
{
	if (!real_ops->put_if_absent(s, key, bytes, n, won, err))
		return false;
	*won = false;
	return tr_err_set(err, TR_ERR_TRANSIENT, "the reply was lost");
}

static bool put_twice(struct tr_store *s, const char *key, const void *bytes, size_t n, bool *won,
	struct tr_err *err)
{
	return real_ops->put_if_absent(s, key, bytes, n, won, err) &&
		real_ops->put_if_absent(s, key, bytes, n, won, err);
}

static bool put_nothing(struct tr_store *s, const char *key, const void *bytes, size_t n, bool *won,
	struct tr_err *err)
{
	(void)s;
	(void)key;
	(void)bytes;
	(void)n;
	*won = false;
	return tr_err_set(err, TR_ERR_TRANSIENT, "no route to the store");
}

static bool get_nothing(struct tr_store *s, const char *key, uint64_t offset, size_t n, struct tr_buf *out,
	bool *found, struct tr_err *err)
{
	if (!strstr(key, ".json"))
		return real_ops->get(s, key, offset, n, out, found, err);
	return tr_err_set(err, TR_ERR_TRANSIENT, "no route for reading either");
}

static void lost_replies_are_settled_by_reading_back(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	test_lake_open(&t);
	real_ops = t.store->ops;
	struct tr_store_ops lossy = *real_ops;
	t.store->ops = &lossy;
	lossy.put_if_absent = put_and_lose_the_reply;
	assert_ok(test_try_run(&t, "orders", "one", 0, NULL, &err), err);
	lossy.put_if_absent = put_twice;
	assert_ok(test_try_run(&t, "orders", "two", 1, NULL, &err), err);
	assert_int_equal(test_version(&t, "orders"), 2);
	assert_current(&t, "orders");
	/* The reply to a put that lost is lost: the other's manifest is there. */
	lossy.put_if_absent = put_and_lose_the_reply;
	assert_false(test_try_run(&t, "orders", "late", 1, NULL, &err));
	assert_string_equal(err.what, "version 2 was published meanwhile; nothing of this run is visible");
	err = (struct tr_err){ 0 };
	lossy.put_if_absent = put_nothing;
	assert_false(test_try_run(&t, "orders", "three", 2, NULL, &err));
	assert_string_equal(err.what, "no route to the store");
	err = (struct tr_err){ 0 };
	lossy.get = get_nothing;
	assert_false(test_try_run(&t, "orders", "three", 2, NULL, &err));
	assert_string_equal(err.what, "it is not known whether version 3 of `orders` was published");
	assert_int_equal(err.kind, TR_ERR_TRANSIENT);
	assert_non_null(strstr(err.hint, "tailrace history orders"));
	t.store->ops = real_ops;
	assert_int_equal(test_version(&t, "orders"), 2);
	test_lake_close(&t);
}

/* Of a run on `parent`, which fails. */
static bool is_refused(const struct test_lake *t, uint64_t parent)
{
	struct tr_manifest m;
	struct tr_err err = { 0 };
	bool refused;
	test_manifest(&m, "orders", parent);
	test_stage(t, &m, "part-0.parquet", "rows");
	assert_false(tr_lake_commit(&t->lake, &m, NULL, &refused, &err));
	tr_manifest_clear(&m);
	return refused;
}

static void only_a_commit_that_cannot_come_later_counts_as_refused(void **state)
{
	(void)state;
	struct test_lake t;
	test_lake_open(&t);
	test_run(&t, "orders", "one");
	real_ops = t.store->ops;
	struct tr_store_ops lossy = *real_ops;
	t.store->ops = &lossy;
	assert_true(is_refused(&t, 0));
	lossy.put_if_absent = put_and_lose_the_reply;
	assert_true(is_refused(&t, 0));
	/* A put of which nothing is known may still arrive. */
	lossy.put_if_absent = put_nothing;
	assert_false(is_refused(&t, 1));
	/* A put that lost, by its reply, may have lost to its own first sending. */
	lossy.get = get_nothing;
	lossy.put_if_absent = put_twice;
	assert_false(is_refused(&t, 1));
	t.store->ops = real_ops;
	assert_int_equal(test_version(&t, "orders"), 2);
	test_lake_close(&t);
}

static void a_view_that_fails_is_a_warning_and_the_next_commit_repairs_it(void **state)
{
	(void)state;
	struct test_lake t;
	char path[600];
	test_lake_open(&t);
	snprintf(path, sizeof path, "%s/orders", t.folder);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/orders/current", t.folder);
	assert_int_equal(mkdir(path, 0700), 0);
	test_run(&t, "orders", "one");
	assert_int_equal(test_version(&t, "orders"), 1);
	assert_non_null(strstr(t.heard, "version 1 is published, but its view is not up to date"));
	assert_non_null(strstr(t.heard, "move what is there away"));
	assert_int_equal(rmdir(path), 0);
	t.heard[0] = '\0';
	test_run(&t, "orders", "two");
	assert_current(&t, "orders");
	assert_string_equal(t.heard, "");
	test_lake_close(&t);
}

/* ---- races ---- */

static void of_two_runs_one_is_published_a_hundred_times(void **state)
{
	(void)state;
	struct test_lake t;
	test_lake_open(&t);
	for (uint64_t round = 0; round < 100; round++) {
		int go[2], published = 0, lost = 0;
		pid_t pids[2];
		char want[200];
		snprintf(want, sizeof want,
			"version %d was published meanwhile; nothing of this run is visible", (int)round + 1);
		assert_int_equal(pipe(go), 0);
		for (int i = 0; i < 2; i++) {
			pids[i] = fork();
			if (pids[i] == 0) {
				struct tr_err err = { 0 };
				char c;
				close(go[1]);
				(void)!read(go[0], &c, 1);
				if (test_try_run(&t, "orders", i ? "right" : "left", round, NULL, &err))
					_exit(0);
				_exit(err.kind == TR_ERR_TRANSIENT && strcmp(err.what, want) == 0 ? 3 : 1);
			}
		}
		close(go[0]);
		close(go[1]);
		for (int i = 0; i < 2; i++) {
			int status;
			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_true(WIFEXITED(status));
			published += WEXITSTATUS(status) == 0;
			lost += WEXITSTATUS(status) == 3;
		}
		assert_int_equal(published, 1);
		assert_int_equal(lost, 1);
		assert_int_equal(test_version(&t, "orders"), round + 1);
		assert_int_equal(test_whole(&t, "orders", 0), 1);
		assert_current(&t, "orders");
	}
	test_lake_close(&t);
}

static void runs_of_several_processes_leave_the_view_at_the_newest(void **state)
{
	(void)state;
	struct test_lake t;
	pid_t pids[4];
	test_lake_open(&t);
	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			for (int done = 0; done < 8;) {
				struct tr_err err = { 0 };
				uint64_t version;
				if (!tr_lake_version(&t.lake, "orders", &version, &err))
					_exit(1);
				bool ok = test_try_run(&t, "orders", "x", version, NULL, &err);
				if (!ok && err.kind != TR_ERR_TRANSIENT)
					_exit(1);
				done += ok;
			}
			_exit(t.heard[0] ? 2 : 0);
		}
	}
	for (int i = 0; i < 4; i++) {
		int status;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(test_version(&t, "orders"), 32);
	assert_current(&t, "orders");
	test_lake_close(&t);
}

/* ---- kill -9 ---- */

static void kill_at(void *context, const char *name)
{
	if (strcmp(name, context) == 0)
		raise(SIGKILL);
}

static void a_run_killed_at_any_step_leaves_a_whole_version_and_a_free_way(void **state)
{
	(void)state;
	static char *const steps[] = { "lease", "check", "settle", "manifest", "view", "done" };
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		struct test_lake t;
		int status;
		bool published = i >= 4;
		test_lake_open(&t);
		test_run(&t, "orders", "before");
		pid_t pid = fork();
		if (pid == 0) {
			struct tr_publish_steps at = { kill_at, steps[i] };
			struct tr_err err = { 0 };
			(void)!test_try_run(&t, "orders", "killed", 1, &at, &err);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		assert_int_equal(test_version(&t, "orders"), published ? 2 : 1);
		assert_int_equal(test_whole(&t, "orders", 0), 1);
		test_run(&t, "orders", "after");
		assert_int_equal(test_version(&t, "orders"), published ? 3 : 2);
		assert_int_equal(test_whole(&t, "orders", 0), 1);
		assert_current(&t, "orders");
		test_lake_close(&t);
	}
}

/* Let the child run up to its stop number `stops` (one at the entry and one at the end of
 * each system call) and kill it there; false if it ended before. */
static bool run_and_kill(pid_t pid, int stops)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	for (int i = 0; i < stops; i++) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			return false;
		}
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return true;
}

static void a_run_killed_at_any_system_call_leaves_a_whole_version_and_a_free_way(void **state)
{
	(void)state;
	struct test_lake t;
	int stops = 1, unpublished = 0, published = 0;
	test_lake_open(&t);
	for (bool killed = true; killed; stops += 7) {
		char dataset[32];
		snprintf(dataset, sizeof dataset, "killed_at_%d", stops);
		test_run(&t, dataset, "first");
		pid_t pid = fork();
		if (pid == 0) {
			struct tr_err err = { 0 };
			if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 || raise(SIGSTOP) != 0)
				_exit(9);
			_exit(test_try_run(&t, dataset, "killed", 1, NULL, &err) ? 0 : 1);
		}
		killed = run_and_kill(pid, stops);
		uint64_t version = test_version(&t, dataset);
		unpublished += version == 1;
		published += killed && version == 2;
		assert_in_range(version, 1, 2);
		assert_int_equal(test_whole(&t, dataset, 0), 1);
		test_run(&t, dataset, "next");
		assert_int_equal(test_version(&t, dataset), version + 1);
		assert_current(&t, dataset);
	}
	assert_true(unpublished > 10 && published > 3);
	test_lake_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_version_is_published_and_read_back),
		cmocka_unit_test(a_version_without_files_is_published_and_has_no_link),
		cmocka_unit_test(history_and_datasets_are_listed_in_order),
		cmocka_unit_test(a_damaged_manifest_is_named_with_its_place),
		cmocka_unit_test(a_file_too_many_stops_the_commit),
		cmocka_unit_test(a_missing_file_stops_the_commit),
		cmocka_unit_test(a_file_of_another_size_stops_the_commit),
		cmocka_unit_test(a_file_of_other_bytes_stops_the_commit),
		cmocka_unit_test(a_run_that_gc_has_given_up_is_told_so),
		cmocka_unit_test(lost_replies_are_settled_by_reading_back),
		cmocka_unit_test(only_a_commit_that_cannot_come_later_counts_as_refused),
		cmocka_unit_test(a_view_that_fails_is_a_warning_and_the_next_commit_repairs_it),
		cmocka_unit_test(of_two_runs_one_is_published_a_hundred_times),
		cmocka_unit_test(runs_of_several_processes_leave_the_view_at_the_newest),
		cmocka_unit_test(a_run_killed_at_any_step_leaves_a_whole_version_and_a_free_way),
		cmocka_unit_test(a_run_killed_at_any_system_call_leaves_a_whole_version_and_a_free_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
