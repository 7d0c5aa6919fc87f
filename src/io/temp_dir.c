#include "io/temp_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PREFIX "tailrace-spill-"
/* A folder without a lock is being made, or was when its process was killed. */
#define UNBORN_S 3600

/* Remove a folder of plain files (the engine makes no others). */
static void remove_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(path);
}

static int open_lock(const char *path, int flags)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int failure = errno;
		close(fd);
		errno = failure;
		return -1;
	}
	return fd;
}

/* The lock is held before it gets its name: no sweep finds it free. */
static int make_lock(const char *folder)
{
	char fresh[1100], path[1100];
	snprintf(fresh, sizeof fresh, "%s/lock.new", folder);
	snprintf(path, sizeof path, "%s/lock", folder);
	int fd = open_lock(fresh, O_CREAT | O_EXCL);
	if (fd >= 0 && rename(fresh, path) == 0)
		return fd;
	int failure = errno;
	unlink(fresh);
	if (fd >= 0)
		close(fd);
	errno = failure;
	return -1;
}

/* Neighbours of ours whose owner no longer holds the lock. */
static void sweep(const char *parent)
{
	DIR *dir = opendir(parent);
	struct dirent *entry;
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		char path[1024], name[1100];
		struct stat st;
		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0 ||
			(size_t)snprintf(path, sizeof path, "%s/%s", parent, entry->d_name) >= sizeof path)
			continue;
		if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
			continue;
		snprintf(name, sizeof name, "%s/lock", path);
		int lock = open_lock(name, 0);
		bool unborn = lock < 0 && errno == ENOENT && st.st_mtime < time(NULL) - UNBORN_S;
		if (lock >= 0 || unborn)
			remove_folder(path);
		if (lock >= 0)
			close(lock);
	}
	closedir(dir);
}

bool tr_temp_dir_check(const char *parent, struct tr_err *err)
{
	struct stat st;
	int failure = stat(parent, &st) != 0  ? errno
		: !S_ISDIR(st.st_mode)        ? ENOTDIR
		: access(parent, W_OK | X_OK) ? errno
					      : 0;
	if (!failure)
		return true;
	tr_err_set(err, TR_ERR_USER, "there is no folder %s for temporary files that can be written to",
		parent);
	tr_err_detail(err, "%s", strerror(failure));
	return tr_err_hint(err,
		"make that folder, or set limits.temp_dir (without it, the variable TMPDIR) to one that can "
		"be written to");
}

bool tr_temp_dir_init(struct tr_temp_dir *t, const char *parent, const char *name, struct tr_err *err)
{
	t->lock = -1;
	t->path[0] = '\0';
	sweep(parent);
	char path[1024];
	if ((size_t)snprintf(path, sizeof path, "%s/" PREFIX "%s-%ld", parent, name, (long)getpid()) >=
		sizeof path)
		return tr_err_set(err, TR_ERR_USER, "the path of the temporary folder is too long");
	if (mkdir(path, 0700) != 0) {
		tr_err_errno(err, errno, "the temporary folder %s can't be made", path);
		return tr_err_hint(err, "set limits.temp_dir to a folder that can be written");
	}
	t->lock = make_lock(path);
	if (t->lock < 0) {
		tr_err_errno(err, errno, "the temporary folder %s can't be locked", path);
		rmdir(path);
		return false;
	}
	memcpy(t->path, path, sizeof path);
	return true;
}

void tr_temp_dir_clear(struct tr_temp_dir *t)
{
	if (t->path[0])
		remove_folder(t->path);
	if (t->lock >= 0)
		close(t->lock);
	t->lock = -1;
	t->path[0] = '\0';
}
