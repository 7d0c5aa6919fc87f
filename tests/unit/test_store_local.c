#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "lake_support.h"

static void put_file(const struct test_lake *t, const char *key, const void *bytes, size_t n, size_t part)
{
	struct tr_err err = { 0 };
	struct tr_sink *sink;
	assert_ok(t->store->ops->create(t->store, key, &sink, &err), err);
	for (size_t i = 0; i < n; i += part)
		assert_ok(tr_sink_write(sink, (const char *)bytes + i, n - i < part ? n - i : part, &err),
			err);
	assert_int_equal(sink->bytes, n);
	assert_ok(tr_sink_commit(sink, &err), err);
	tr_sink_free(sink);
}

static size_t count(const struct test_lake *t, const char *prefix, bool unfinished)
{
	struct tr_err err = { 0 };
	struct tr_store_list list;
	if (unfinished)
		assert_ok(t->store->ops->unfinished(t->store, prefix, &list, &err), err);
	else
		assert_ok(t->store->ops->list(t->store, prefix, &list, &err), err);
	size_t n = list.n;
	tr_store_list_clear(&list);
	return n;
}

static void a_file_appears_whole_at_commit_and_not_before(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	struct tr_sink *sink;
	struct tr_buf out;
	bool found;
	test_lake_open(&t);
	tr_buf_init(&out, 100);
	assert_ok(t.store->ops->create(t.store, "a/b/c", &sink, &err), err);
	assert_ok(tr_sink_write(sink, "hello", 5, &err), err);
	assert_int_equal(count(&t, "", false), 0);
	assert_int_equal(count(&t, "", true), 1);
	assert_ok(t.store->ops->get(t.store, "a/b/c", 0, SIZE_MAX, &out, &found, &err), err);
	assert_false(found);
	assert_ok(tr_sink_commit(sink, &err), err);
	assert_false(tr_sink_write(sink, "x", 1, &err));
	tr_sink_free(sink);
	assert_int_equal(count(&t, "", true), 0);
	assert_int_equal(count(&t, "a/", false), 1);
	assert_ok(t.store->ops->get(t.store, "a/b/c", 1, 3, &out, &found, &(struct tr_err){ 0 }), err);
	assert_true(found);
	assert_int_equal(out.len, 3);
	assert_memory_equal(out.data, "ell", 3);
	tr_buf_clear(&out);
	test_lake_close(&t);
}

static void an_aborted_file_leaves_nothing(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	struct tr_sink *sink;
	struct stat st;
	char path[400];
	test_lake_open(&t);
	assert_ok(t.store->ops->create(t.store, "a/b/c", &sink, &err), err);
	assert_ok(tr_sink_write(sink, "hello", 5, &err), err);
	tr_sink_free(sink);
	assert_int_equal(count(&t, "", false) + count(&t, "", true), 0);
	snprintf(path, sizeof path, "%s/a", t.folder);
	assert_int_equal(stat(path, &st), -1);
	test_lake_close(&t);
}

static void checksums_do_not_depend_on_how_a_file_was_written(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	size_t n = 3 * 1000 * 1000 + 7, parts[] = { 1000, 256 << 10, (256 << 10) - 1, 3 << 20 };
	char *bytes = malloc(n), first[TR_CHECKSUM_TEXT], other[TR_CHECKSUM_TEXT];
	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)(i * 31 + i / 251);
	test_lake_open(&t);
	put_file(&t, "first", bytes, n, 77777);
	assert_ok(t.store->ops->checksum(t.store, "first", first, &err), err);
	assert_memory_equal(first, "xxh3:", 5);
	assert_int_equal(strlen(first), 21);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		struct tr_sink *sink;
		assert_ok(t.store->ops->create(t.store, "other", &sink, &err), err);
		for (size_t k = 0; k < n; k += parts[i])
			assert_ok(tr_sink_write(sink, bytes + k, n - k < parts[i] ? n - k : parts[i], &err),
				err);
		assert_ok(tr_sink_commit(sink, &err), err);
		assert_string_equal(sink->checksum, first);
		tr_sink_free(sink);
		assert_ok(t.store->ops->checksum(t.store, "other", other, &err), err);
		assert_string_equal(other, first);
	}
	struct tr_buf out;
	bool found;
	tr_buf_init(&out, n);
	assert_ok(t.store->ops->get(t.store, "first", 0, SIZE_MAX, &out, &found, &err), err);
	assert_int_equal(out.len, n);
	assert_memory_equal(out.data, bytes, n);
	tr_buf_clear(&out);
	free(bytes);
	test_lake_close(&t);
}

static void an_object_larger_than_the_buffer_allows_is_an_error(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	struct tr_buf out;
	bool found;
	test_lake_open(&t);
	put_file(&t, "k", "0123456789", 10, 10);
	tr_buf_init(&out, 9);
	assert_false(t.store->ops->get(t.store, "k", 0, SIZE_MAX, &out, &found, &err));
	assert_non_null(strstr(err.what, "larger than 9 bytes"));
	tr_buf_clear(&out);
	test_lake_close(&t);
}

static void keys_that_leave_the_folder_are_refused(void **state)
{
	(void)state;
	struct test_lake t;
	char longest[TR_KEY_MAX + 2];
	test_lake_open(&t);
	for (size_t i = 0; i < sizeof longest; i++)
		longest[i] = i % 200 == 199 ? '/' : 'x';
	longest[sizeof longest - 1] = '\0';
	const char *bad[] = { "", "/etc/passwd", "..", "../x", "a/../b", "a/./b", ".", "a//b", "a/", "a/..",
		".tmp-1", "a/.tmp-x/b", longest };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct tr_err err = { 0 };
		struct tr_sink *sink;
		bool won;
		assert_false(tr_store_key_is(bad[i]));
		assert_false(t.store->ops->create(t.store, bad[i], &sink, &err));
		assert_false(t.store->ops->put(t.store, bad[i], "", 0, &(struct tr_err){ 0 }));
		assert_false(
			t.store->ops->put_if_absent(t.store, bad[i], "", 0, &won, &(struct tr_err){ 0 }));
	}
	const char *never[] = { "/x", "../x", "a/../", "../.tmp-x", "/.tmp-x" };
	for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
		struct tr_store_list list;
		assert_false(t.store->ops->remove(t.store, never[i], &(struct tr_err){ 0 }));
		assert_false(t.store->ops->list(t.store, never[i], &list, &(struct tr_err){ 0 }));
	}
	longest[TR_KEY_MAX - 1] = '\0';
	assert_true(tr_store_key_is(longest));
	assert_true(tr_store_key_is("a/..b/c..=%2F"));
	test_lake_close(&t);
}

static void a_partition_value_too_long_for_a_folder_is_explained(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	struct tr_sink *sink;
	char key[400] = "d/r/";
	test_lake_open(&t);
	memset(key + 4, 'v', 300);
	assert_false(t.store->ops->create(t.store, key, &sink, &err));
	assert_int_equal(err.kind, TR_ERR_DATA);
	assert_non_null(strstr(err.what, "too long for the name"));
	assert_non_null(strstr(err.hint, "at most 255 bytes"));
	test_lake_close(&t);
}

static void lists_are_sorted_whole_and_without_what_is_unfinished(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	struct tr_store_list list;
	const char *keys[] = { "b/z", "a/c=2/y", "a/c=10/x", "a/_x", "a/.hidden", "a0", "c" };
	const char *want[] = { "a/.hidden", "a/_x", "a/c=10/x", "a/c=2/y" };
	char path[400];
	test_lake_open(&t);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		put_file(&t, keys[i], keys[i], strlen(keys[i]), 100);
	snprintf(path, sizeof path, "%s/a/.tmp-1", t.folder);
	close(creat(path, 0600));
	snprintf(path, sizeof path, "%s/a/empty", t.folder);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_ok(t.store->ops->list(t.store, "a/", &list, &err), err);
	assert_int_equal(list.n, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(list.items[i].key, want[i]);
		assert_int_equal(list.items[i].bytes, strlen(want[i]));
		assert_true(list.items[i].modified_us > 0);
	}
	tr_store_list_clear(&list);
	assert_ok(t.store->ops->unfinished(t.store, "", &list, &err), err);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.items[0].key, "a/.tmp-1");
	assert_string_equal(list.items[1].key, "a/empty/");
	for (size_t i = 0; i < 2; i++)
		assert_ok(t.store->ops->remove(t.store, list.items[i].key, &err), err);
	tr_store_list_clear(&list);
	assert_int_equal(count(&t, "", true), 0);
	assert_int_equal(count(&t, "", false), 7);
	assert_int_equal(count(&t, "nowhere/", false), 0);
	test_lake_close(&t);
}

static void links_are_listed_but_never_followed(void **state)
{
	(void)state;
	struct test_lake t;
	char path[400];
	test_lake_open(&t);
	put_file(&t, "d/run/f", "x", 1, 1);
	snprintf(path, sizeof path, "%s/d/current", t.folder);
	assert_int_equal(symlink("run", path), 0);
	assert_int_equal(count(&t, "d/", false), 2);
	test_lake_close(&t);
}

static void removing_takes_emptied_folders_along_and_forgives_absence(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	struct stat st;
	char path[400];
	test_lake_open(&t);
	put_file(&t, "a/b/c/f", "x", 1, 1);
	put_file(&t, "a/g", "x", 1, 1);
	assert_ok(t.store->ops->remove(t.store, "a/b/c/f", &err), err);
	assert_ok(t.store->ops->remove(t.store, "a/b/c/f", &err), err);
	snprintf(path, sizeof path, "%s/a/b", t.folder);
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(count(&t, "", false), 1);
	test_lake_close(&t);
}

static void settling_needs_every_file_and_syncs_them_all(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	const char *keys[40];
	char names[40][32];
	test_lake_open(&t);
	for (int i = 0; i < 40; i++) {
		snprintf(names[i], sizeof names[i], "d/r/k=%d/f%02d", i / 10, i);
		keys[i] = names[i];
		put_file(&t, keys[i], "x", 1, 1);
	}
	assert_ok(t.store->ops->settle(t.store, keys, 0, &err), err);
	assert_ok(t.store->ops->settle(t.store, keys, 40, &err), err);
	assert_ok(t.store->ops->remove(t.store, keys[23], &err), err);
	assert_false(t.store->ops->settle(t.store, keys, 40, &err));
	assert_non_null(strstr(err.what, keys[23]));
	test_lake_close(&t);
}

static void put_replaces_and_put_if_absent_does_not(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	struct tr_buf out;
	bool won, found;
	test_lake_open(&t);
	assert_ok(t.store->ops->put(t.store, "x/k", "one", 3, &err), err);
	assert_ok(t.store->ops->put(t.store, "x/k", "two", 3, &err), err);
	assert_ok(t.store->ops->put_if_absent(t.store, "x/k", "three", 5, &won, &err), err);
	assert_false(won);
	assert_ok(t.store->ops->put_if_absent(t.store, "x/l", "three", 5, &won, &err), err);
	assert_true(won);
	tr_buf_init(&out, 100);
	assert_ok(t.store->ops->get(t.store, "x/k", 0, SIZE_MAX, &out, &found, &err), err);
	assert_ok(t.store->ops->get(t.store, "x/l", 0, SIZE_MAX, &out, &found, &err), err);
	assert_int_equal(out.len, 8);
	assert_memory_equal(out.data, "twothree", 8);
	assert_int_equal(count(&t, "", true), 0);
	tr_buf_clear(&out);
	test_lake_close(&t);
}

/* ---- processes against each other ---- */

#define RACERS 4
#define ROUNDS 100

static void race(const struct test_lake *t)
{
	for (int round = 0; round < ROUNDS; round++) {
		pid_t pids[RACERS];
		int go[2], winners = 0, winner = -1;
		char key[64];
		snprintf(key, sizeof key, "m/n/%d", round);
		assert_int_equal(pipe(go), 0);
		for (int i = 0; i < RACERS; i++) {
			pids[i] = fork();
			if (pids[i] == 0) {
				struct tr_err err = { 0 };
				bool won;
				char text[1] = { (char)('0' + i) }, c;
				close(go[1]);
				(void)!read(go[0], &c, 1); /* all start when the parent closes its end */
				if (!t->store->ops->put_if_absent(t->store, key, text, 1, &won, &err))
					_exit(2);
				_exit(won ? 1 : 0);
			}
		}
		close(go[0]);
		close(go[1]);
		for (int i = 0; i < RACERS; i++) {
			int status;
			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
			winners += WEXITSTATUS(status);
			winner = WEXITSTATUS(status) ? i : winner;
		}
		assert_int_equal(winners, 1);
		struct tr_buf out;
		struct tr_err err = { 0 };
		bool found;
		tr_buf_init(&out, 10);
		assert_ok(t->store->ops->get(t->store, key, 0, SIZE_MAX, &out, &found, &err), err);
		assert_int_equal(out.len, 1);
		assert_int_equal(out.data[0], '0' + winner);
		tr_buf_clear(&out);
	}
	assert_int_equal(count(t, "", true), 0);
}

static void of_racing_processes_exactly_one_creates(void **state)
{
	(void)state;
	struct test_lake t;
	test_lake_open(&t);
	race(&t);
	test_lake_close(&t);
}

/* From now on these two system calls of this process fail with that errno. */
static bool forbid(unsigned first, unsigned second, unsigned errno_value)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, first, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, second, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errno_value),
	};
	struct sock_fprog program = { sizeof filter / sizeof filter[0], filter };
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void race_without(unsigned first, unsigned second)
{
	struct test_lake t;
	test_lake_open(&t);
	pid_t pid = fork();
	if (pid == 0) {
		if (!forbid(first, second, EPERM))
			_exit(3);
		race(&t);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	test_lake_close(&t);
}

static void exactly_one_creates_without_hard_links_too(void **state)
{
	(void)state;
	race_without(SYS_linkat, SYS_linkat);
}

static void exactly_one_creates_by_exclusive_open_alone(void **state)
{
	(void)state;
	race_without(SYS_linkat, SYS_renameat2);
}

/* ---- faults ---- */

static void a_file_that_may_not_grow_is_an_error_and_leaves_nothing(void **state)
{
	(void)state;
	struct test_lake t;
	test_lake_open(&t);
	pid_t pid = fork();
	if (pid == 0) {
		struct rlimit limit = { 1 << 20, 1 << 20 };
		struct tr_err err = { 0 };
		struct tr_sink *sink;
		char *bytes = calloc(1, 3 << 20);
		signal(SIGXFSZ, SIG_IGN);
		if (setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
			!t.store->ops->create(t.store, "d/r/f", &sink, &err))
			_exit(1);
		if (tr_sink_write(sink, bytes, 3 << 20, &err) && tr_sink_commit(sink, &err))
			_exit(2);
		if (!strstr(err.what, "cannot write") || !strstr(err.hint, "ulimit -f"))
			_exit(3);
		tr_sink_free(sink);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(count(&t, "", false) + count(&t, "", true), 0);
	test_lake_close(&t);
}

/* Write and publish a file of two folders while a system call fails: which error comes of it? */
static void write_while_failing(const struct test_lake *t, unsigned call, unsigned errno_value,
	struct tr_err *err)
{
	struct tr_sink *sink;
	bool won;
	if (!forbid(call, call, errno_value) || !t->store->ops->create(t->store, "d/r/f", &sink, err))
		return;
	if (tr_sink_write(sink, "bytes", 5, err) && tr_sink_commit(sink, err))
		(void)!t->store->ops->put_if_absent(t->store, "m", "bytes", 5, &won, err);
	tr_sink_free(sink);
}

static void faults_of_the_disk_are_errors_that_say_what_to_do(void **state)
{
	(void)state;
	const struct {
		unsigned call, errno_value;
		enum tr_err_kind kind;
		const char *what, *hint;
	} faults[] = {
		{ SYS_write, ENOSPC, TR_ERR_INTERNAL, "cannot write", "free space on that disk" },
		{ SYS_write, EDQUOT, TR_ERR_INTERNAL, "cannot write", "nothing was published" },
		{ SYS_fsync, ENOSPC, TR_ERR_INTERNAL, "cannot sync", "free space on that disk" },
		{ SYS_fsync, EIO, TR_ERR_INTERNAL, "cannot sync", "see the system's log" },
		{ SYS_mkdirat, EACCES, TR_ERR_USER, "cannot make the folder", "give this user the right" },
		{ SYS_mkdirat, EROFS, TR_ERR_USER, "cannot make the folder", "mounted read-only" },
		{ SYS_openat, EMFILE, TR_ERR_INTERNAL, "cannot create", "ulimit -n" },
		{ SYS_renameat, ENOSPC, TR_ERR_INTERNAL, "cannot create", "free space on that disk" },
		{ SYS_linkat, ENOSPC, TR_ERR_INTERNAL, "cannot create", "free space on that disk" },
	};
	struct tr_err *err =
		mmap(NULL, sizeof *err, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(err != MAP_FAILED);
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		struct test_lake t;
		int status;
		test_lake_open(&t);
		*err = (struct tr_err){ 0 };
		pid_t pid = fork();
		if (pid == 0) {
			write_while_failing(&t, faults[i].call, faults[i].errno_value, err);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		if (!strstr(err->what, faults[i].what) || !strstr(err->hint, faults[i].hint) ||
			!err->detail[0])
			fail_msg("errno %u: %s (%s) %s", faults[i].errno_value, err->what, err->detail,
				err->hint);
		assert_int_equal(err->kind, faults[i].kind);
		assert_int_equal(count(&t, "m/", false) + count(&t, "", true), 0);
		test_lake_close(&t);
	}
	munmap(err, sizeof *err);
}

static void a_file_in_the_way_of_a_folder_is_explained(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	struct tr_sink *sink;
	char path[400];
	test_lake_open(&t);
	put_file(&t, "orders", "x", 1, 1);
	assert_false(t.store->ops->create(t.store, "orders/run/f", &sink, &err));
	assert_int_equal(err.kind, TR_ERR_USER);
	assert_non_null(strstr(err.what, "orders/run"));
	assert_non_null(strstr(err.hint, "move it away"));
	err = (struct tr_err){ 0 };
	snprintf(path, sizeof path, "%s/orders/lake", t.folder);
	struct tr_store *store;
	assert_false(tr_store_local_open(path, true, &store, &err));
	assert_int_equal(err.kind, TR_ERR_USER);
	assert_null(store);
	test_lake_close(&t);
}

static void a_lake_that_is_not_there_is_explained(void **state)
{
	(void)state;
	struct test_lake t;
	struct tr_err err = { 0 };
	struct tr_store *store;
	char path[400];
	test_lake_open(&t);
	snprintf(path, sizeof path, "%s/none/such", t.folder);
	assert_false(tr_store_local_open(path, false, &store, &err));
	assert_int_equal(err.kind, TR_ERR_USER);
	assert_non_null(strstr(err.hint, "tailrace run"));
	err = (struct tr_err){ 0 };
	assert_ok(tr_store_local_open(path, true, &store, &err), err);
	assert_true(store->local_root[0] == '/');
	tr_store_free(store);
	assert_false(tr_store_local_open("", true, &store, &err));
	test_lake_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_appears_whole_at_commit_and_not_before),
		cmocka_unit_test(an_aborted_file_leaves_nothing),
		cmocka_unit_test(checksums_do_not_depend_on_how_a_file_was_written),
		cmocka_unit_test(an_object_larger_than_the_buffer_allows_is_an_error),
		cmocka_unit_test(keys_that_leave_the_folder_are_refused),
		cmocka_unit_test(a_partition_value_too_long_for_a_folder_is_explained),
		cmocka_unit_test(lists_are_sorted_whole_and_without_what_is_unfinished),
		cmocka_unit_test(links_are_listed_but_never_followed),
		cmocka_unit_test(removing_takes_emptied_folders_along_and_forgives_absence),
		cmocka_unit_test(settling_needs_every_file_and_syncs_them_all),
		cmocka_unit_test(put_replaces_and_put_if_absent_does_not),
		cmocka_unit_test(of_racing_processes_exactly_one_creates),
		cmocka_unit_test(exactly_one_creates_without_hard_links_too),
		cmocka_unit_test(exactly_one_creates_by_exclusive_open_alone),
		cmocka_unit_test(a_file_that_may_not_grow_is_an_error_and_leaves_nothing),
		cmocka_unit_test(faults_of_the_disk_are_errors_that_say_what_to_do),
		cmocka_unit_test(a_file_in_the_way_of_a_folder_is_explained),
		cmocka_unit_test(a_lake_that_is_not_there_is_explained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
