#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/temp_dir.h"
#include "remove_folder.h"

static int setup(void **state)
{
	char *parent = strdup("/tmp/tr-temp-dir-XXXXXX");
	assert_non_null(mkdtemp(parent));
	*state = parent;
	return 0;
}

static int teardown(void **state)
{
	remove_folder(*state);
	free(*state);
	return 0;
}

static void put(const char *folder, const char *name)
{
	char path[1200];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	int fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static bool there(const char *folder, const char *name)
{
	char path[1200];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

static void folder_is_private_and_goes_with_its_files(void **state)
{
	struct tr_temp_dir t;
	struct tr_err err = { 0 };
	struct stat st;
	assert_ok(tr_temp_dir_init(&t, *state, "run-1", &err), err);
	assert_int_equal(stat(t.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_true(there(t.path, "lock"));
	put(t.path, "spilled");
	char path[1024];
	memcpy(path, t.path, sizeof path);
	tr_temp_dir_clear(&t);
	assert_int_not_equal(stat(path, &st), 0);
	tr_temp_dir_clear(&t);
}

/* What a process leaves that is killed: its folder, a file, and a lock that nobody holds. */
static void leave(const char *parent, const char *name)
{
	char path[1100];
	snprintf(path, sizeof path, "%s/%s", parent, name);
	assert_int_equal(mkdir(path, 0700), 0);
	put(path, "lock");
	put(path, "spilled");
}

static void dead_neighbours_are_swept_and_nobody_else(void **state)
{
	struct tr_temp_dir alive, t;
	struct tr_err err = { 0 };
	int ready[2], done[2];
	char byte;
	leave(*state, "tailrace-spill-dead-1");
	leave(*state, "of-someone-else");
	assert_int_equal(pipe(ready) | pipe(done), 0);
	pid_t child = fork();
	if (child == 0) {
		bool ok = tr_temp_dir_init(&alive, *state, "alive", &err);
		if (!ok || write(ready[1], "x", 1) != 1 || read(done[0], &byte, 1) < 0)
			_exit(1);
		_exit(there(alive.path, "lock") ? 0 : 2);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_ok(tr_temp_dir_init(&t, *state, "mine", &err), err);
	assert_false(there(*state, "tailrace-spill-dead-1"));
	assert_true(there(*state, "of-someone-else"));
	assert_int_equal(write(done[1], "x", 1), 1);
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	tr_temp_dir_clear(&t);
	/* It ended without clearing up: the next one does. */
	assert_ok(tr_temp_dir_init(&t, *state, "next", &err), err);
	DIR *dir = opendir(*state);
	int folders = 0;
	for (struct dirent *entry; (entry = readdir(dir));)
		folders += strncmp(entry->d_name, "tailrace-spill-", 15) == 0;
	closedir(dir);
	assert_int_equal(folders, 1);
	tr_temp_dir_clear(&t);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(done[i]);
	}
}

static void folder_that_is_being_made_is_spared_until_it_is_old(void **state)
{
	struct tr_temp_dir t;
	struct tr_err err = { 0 };
	char path[1100], command[1200];
	snprintf(path, sizeof path, "%s/tailrace-spill-unborn-1", (char *)*state);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_ok(tr_temp_dir_init(&t, *state, "a", &err), err);
	assert_true(there(path, "."));
	tr_temp_dir_clear(&t);
	snprintf(command, sizeof command, "touch -d '2 hours ago' %s", path);
	assert_int_equal(system(command), 0);
	assert_ok(tr_temp_dir_init(&t, *state, "a", &err), err);
	assert_false(there(path, "."));
	tr_temp_dir_clear(&t);
}

static void link_that_looks_like_a_neighbour_is_not_followed(void **state)
{
	struct tr_temp_dir t;
	struct tr_err err = { 0 };
	char target[1100], link[1100];
	leave(*state, "target");
	snprintf(target, sizeof target, "%s/target", (char *)*state);
	snprintf(link, sizeof link, "%s/tailrace-spill-link-1", (char *)*state);
	assert_int_equal(symlink(target, link), 0);
	assert_ok(tr_temp_dir_init(&t, *state, "a", &err), err);
	assert_true(there(target, "spilled"));
	tr_temp_dir_clear(&t);
}

static void parent_that_is_missing_says_which_limit_to_set(void **state)
{
	struct tr_temp_dir t;
	struct tr_err err = { 0 };
	char parent[1100];
	snprintf(parent, sizeof parent, "%s/nowhere", (char *)*state);
	assert_false(tr_temp_dir_init(&t, parent, "a", &err));
	assert_non_null(strstr(err.what, "can't be made"));
	assert_non_null(strstr(err.hint, "limits.temp_dir"));
	tr_temp_dir_clear(&t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(folder_is_private_and_goes_with_its_files),
		TEST(dead_neighbours_are_swept_and_nobody_else),
		TEST(folder_that_is_being_made_is_spared_until_it_is_old),
		TEST(link_that_looks_like_a_neighbour_is_not_followed),
		TEST(parent_that_is_missing_says_which_limit_to_set),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
