#include "io/local_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

bool tr_local_errno(const struct tr_local_root *root, int errno_value, const char *action, const char *key,
	struct tr_err *err)
{
	if (err->kind != TR_ERR_NONE)
		return false;
	tr_err_errno(err, errno_value, "%s `%s/%s`", action, root->path, key);
	switch (errno_value) {
	case EACCES:
	case EPERM:
		err->kind = TR_ERR_USER;
		return tr_err_hint(err,
			"give this user the right to read and write below `%s`, or point "
			"lake.location elsewhere",
			root->path);
	case EROFS:
		err->kind = TR_ERR_USER;
		return tr_err_hint(err,
			"that file system is mounted read-only: remount it, or point "
			"lake.location elsewhere");
	case ENOTDIR:
	case EISDIR:
	case ELOOP:
		err->kind = TR_ERR_USER;
		return tr_err_hint(err,
			"something that is not of tailrace lies in the way below `%s`: move it away",
			root->path);
	case EFBIG:
		return tr_err_hint(err,
			"files may not grow that large here: raise `ulimit -f`, or lower the "
			"target size of a file; nothing was published");
	case ENOSPC:
	case EDQUOT:
		return tr_err_hint(err,
			"free space on that disk, or point lake.location elsewhere; nothing was published");
	case EMFILE:
	case ENFILE: return tr_err_hint(err, "too many files are open: raise `ulimit -n`");
	case EIO:
		return tr_err_hint(err,
			"the disk or its connection fails: see the system's log; nothing was "
			"published");
	default: return false;
	}
}

/* The length of a key's folder, without the `/`; 0: the root itself. */
static size_t folder_length(const char *key)
{
	const char *slash = strrchr(key, '/');
	return slash ? (size_t)(slash - key) : 0;
}

static bool make_folders(const struct tr_local_root *root, const char *key, struct tr_err *err)
{
	char path[TR_TEMP_MAX];
	size_t end = folder_length(key);
	memcpy(path, key, end);
	for (size_t i = 1; i <= end; i++) {
		if (i < end && key[i] != '/')
			continue;
		path[i] = '\0';
		if (mkdirat(root->fd, path, 0777) != 0 && errno != EEXIST)
			return errno == ENOENT ||
				tr_local_errno(root, errno, "cannot make the folder", path, err);
		path[i] = '/';
	}
	return true;
}

bool tr_local_temp(const struct tr_local_root *root, const char *key, char *temp, int *fd, struct tr_err *err)
{
	size_t folder = folder_length(key);
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
	/* Whoever removes a file prunes the folders it leaves empty: one that was just made
	 * may be gone again, hence more than one attempt. */
	for (int attempt = 0; attempt < 16; attempt++) {
		uint64_t random;
		if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
			return tr_local_errno(root, errno, "cannot name a temporary file for", key, err);
		snprintf(temp, TR_TEMP_MAX, "%.*s%s" TR_TEMP_PREFIX "%016llx", (int)folder, key,
			folder ? "/" : "", (unsigned long long)random);
		*fd = openat(root->fd, temp, flags, 0666);
		if (*fd >= 0)
			return true;
		if (errno == ENOENT && !make_folders(root, key, err))
			return false;
		if (errno != ENOENT && errno != EEXIST && errno != EINTR)
			break;
	}
	return tr_local_errno(root, errno, "cannot create", key, err);
}

static bool sync_folder(const struct tr_local_root *root, const char *path)
{
	int fd = openat(root->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	/* Some file systems have no sync of folders and say EINVAL: their entries are as
	 * durable as they get. */
	bool ok = fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP;
	int saved = errno;
	close(fd);
	errno = saved;
	return ok;
}

bool tr_local_sync_folders(const struct tr_local_root *root, const char *key, struct tr_err *err)
{
	/* The whole chain, not just what this call made: a folder that a neighbour made a
	 * moment ago may not be durable yet. Syncing a clean folder costs next to nothing. */
	char path[TR_TEMP_MAX];
	snprintf(path, sizeof path, "%s", key);
	for (;;) {
		size_t end = folder_length(path);
		path[end] = '\0';
		if (!sync_folder(root, end ? path : "."))
			return tr_local_errno(root, errno, "cannot sync the folder", path, err);
		if (end == 0)
			return true;
	}
}

void tr_local_prune(const struct tr_local_root *root, const char *key)
{
	char path[TR_TEMP_MAX];
	snprintf(path, sizeof path, "%s", key);
	for (;;) {
		size_t end = folder_length(path);
		path[end] = '\0';
		if (end == 0 || unlinkat(root->fd, path, AT_REMOVEDIR) != 0)
			return;
	}
}
