#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/spill_file.h"

static int set_up(void **state)
{
	char *folder = strdup("/tmp/tailrace-test-XXXXXX");
	*state = folder;
	return folder && mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	rmdir(*state);
	free(*state);
	return 0;
}

static void what_was_appended_is_read_back(void **state)
{
	struct tr_err err = { 0 };
	struct tr_spill_file f;
	tr_spill_file_init(&f, *state, 0);
	/* Small ones, one beyond the buffer, small ones again. */
	enum { N = 2000 };
	uint64_t offsets[N];
	size_t big = TR_SPILL_WRITE * 2 + 13;
	char *block = malloc(big);
	memset(block, 'b', big);
	for (int i = 0; i < N; i++) {
		if (i == N / 2)
			assert_ok(tr_spill_file_append(&f, block, big, &offsets[i], &err), err);
		else
			assert_ok(tr_spill_file_append(&f, &i, sizeof i, &offsets[i], &err), err);
	}
	assert_int_equal(f.size, (N - 1) * sizeof(int) + big);
	assert_ok(tr_spill_file_flush(&f, &err), err);
	for (int i = N - 1; i >= 0; i--) {
		int value;
		assert_ok(tr_spill_file_read(&f, offsets[i], &value, sizeof value, &err), err);
		assert_int_equal(value, i == N / 2 ? 0x62626262 : i);
	}
	char past[16];
	assert_false(tr_spill_file_read(&f, f.size - 8, past, sizeof past, &err));
	assert_non_null(strstr(err.what, "ends too early"));
	free(block);
	tr_spill_file_clear(&f);
	tr_spill_file_clear(&f);
}

static void the_file_has_no_name(void **state)
{
	struct tr_err err = { 0 };
	struct tr_spill_file f;
	uint64_t offset;
	tr_spill_file_init(&f, *state, 0);
	assert_int_equal(f.fd, -1);
	assert_ok(tr_spill_file_append(&f, "x", 1, &offset, &err), err);
	assert_ok(tr_spill_file_flush(&f, &err), err);
	assert_true(f.fd >= 0);
	DIR *dir = opendir(*state);
	int entries = 0;
	for (struct dirent *e; (e = readdir(dir));)
		entries += e->d_name[0] != '.';
	closedir(dir);
	assert_int_equal(entries, 0);
	tr_spill_file_clear(&f);
}

static void the_disk_limit_is_an_error_that_says_what_to_change(void **state)
{
	struct tr_err err = { 0 };
	struct tr_spill_file f;
	uint64_t offset;
	tr_spill_file_init(&f, *state, 10);
	assert_ok(tr_spill_file_append(&f, "12345678", 8, &offset, &err), err);
	assert_ok(tr_spill_file_append(&f, "90", 2, &offset, &err), err);
	assert_int_equal(offset, 8);
	assert_false(tr_spill_file_append(&f, "x", 1, &offset, &err));
	assert_int_equal(err.kind, TR_ERR_USER);
	assert_non_null(strstr(err.what, "limits.disk"));
	assert_non_null(strstr(err.hint, "raise limits.disk or limits.memory"));
	tr_spill_file_clear(&f);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_spill_file f;
	uint64_t offset;
	tr_spill_file_init(&f, "/nonexistent/tailrace", 0);
	assert_ok(tr_spill_file_append(&f, "x", 1, &offset, &err), err);
	assert_false(tr_spill_file_flush(&f, &err));
	assert_string_equal(err.what, "cannot create a spill file in /nonexistent/tailrace");
	assert_string_equal(err.detail, strerror(ENOENT));
	assert_non_null(strstr(err.hint, "limits.temp_dir"));
	tr_spill_file_clear(&f);
}

/* The file size limit stands in for a full disk: write(2) fails in the middle. */
static void a_write_that_fails_is_reported_with_its_cause(void **state)
{
	struct tr_err err = { 0 };
	struct tr_spill_file f;
	uint64_t offset;
	struct rlimit old, small;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 4096;
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	tr_spill_file_init(&f, *state, 0);
	char *block = calloc(1, TR_SPILL_WRITE + 1);
	bool ok = tr_spill_file_append(&f, block, TR_SPILL_WRITE + 1, &offset, &err);
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, handler);
	assert_false(ok);
	assert_non_null(strstr(err.what, "cannot write to the spill file"));
	assert_string_equal(err.detail, strerror(EFBIG));
	free(block);
	tr_spill_file_clear(&f);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_was_appended_is_read_back),
		TEST(the_file_has_no_name),
		TEST(the_disk_limit_is_an_error_that_says_what_to_change),
		TEST(a_folder_that_is_not_there_is_named),
		TEST(a_write_that_fails_is_reported_with_its_cause),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
