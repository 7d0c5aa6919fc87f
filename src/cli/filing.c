#include "cli/filing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/write_all.h"

#define PATH_MAX_BYTES 8192
#define FILE_MAX_BYTES ((size_t)256 << 20)

char *tr_filing_path(const char *folder, const char *name, struct tr_err *err)
{
	struct tr_str path;
	tr_str_init(&path, PATH_MAX_BYTES);
	tr_str_addf(&path, "%s/%s", folder, name);
	char *text = tr_str_take(&path, err);
	tr_str_clear(&path);
	return text;
}

static bool make_folders(const char *path, struct tr_err *err)
{
	char *copy = tr_strdup(path, err);
	if (!copy)
		return false;
	bool ok = true;
	for (char *slash = strchr(copy + 1, '/'); ok && slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0777) != 0 && errno != EEXIST) {
			int failure = errno;
			tr_err_set(err, TR_ERR_USER, "the folder %s could not be made", copy);
			tr_err_detail(err, "%s", strerror(failure));
			ok = tr_err_hint(err, "check the permissions of the folder above it");
		}
		*slash = '/';
	}
	free(copy);
	return ok;
}

bool tr_filing_write(const char *path, const char *text, size_t n, unsigned mode, struct tr_err *err)
{
	char temp[PATH_MAX_BYTES];
	if (!make_folders(path, err))
		return false;
	int len = snprintf(temp, sizeof temp, "%s.%ld.tmp", path, (long)getpid());
	if (len < 0 || (size_t)len >= sizeof temp)
		return tr_err_set(err, TR_ERR_USER, "the path %s is too long", path);
	int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0) {
		int failure = errno;
		tr_err_set(err, TR_ERR_USER, "%s could not be written", path);
		tr_err_detail(err, "%s", strerror(failure));
		return tr_err_hint(err, "check the permissions of its folder");
	}
	bool ok = tr_write_all(fd, text, n);
	int failure = errno;
	if (close(fd) != 0 && ok) {
		ok = false;
		failure = errno;
	}
	if (ok && rename(temp, path) != 0) {
		ok = false;
		failure = errno;
	}
	if (ok)
		return true;
	unlink(temp);
	return tr_err_errno(err, failure, "%s could not be written", path);
}

/* The whole file into a buffer. *found false: it is not there. */
static bool read_whole(const char *path, struct tr_buf *out, bool *found, struct tr_err *err)
{
	FILE *f = fopen(path, "re");
	*found = f != NULL;
	if (!f)
		return errno == ENOENT || tr_err_errno(err, errno, "%s could not be read", path);
	bool ok = true;
	size_t n = 1;
	while (ok && n > 0) {
		ok = tr_buf_reserve(out, 65536, err);
		n = ok ? fread(out->data + out->len, 1, 65536, f) : 0;
		out->len += n;
	}
	if (ok && ferror(f))
		ok = tr_err_errno(err, errno, "%s could not be read", path);
	fclose(f);
	return ok;
}

bool tr_filing_equals(const char *path, const char *text, size_t n)
{
	struct tr_buf there;
	struct tr_err err = { 0 };
	bool found;
	tr_buf_init(&there, FILE_MAX_BYTES);
	bool same = read_whole(path, &there, &found, &err) && found && there.len == n &&
		(n == 0 || memcmp(there.data, text, n) == 0);
	tr_buf_clear(&there);
	return same;
}

bool tr_filing_exists(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0;
}

bool tr_filing_copy(const char *from, const char *to, unsigned mode, struct tr_err *err)
{
	struct tr_buf bytes;
	bool found;
	tr_buf_init(&bytes, FILE_MAX_BYTES);
	bool ok = read_whole(from, &bytes, &found, err);
	if (ok && !found)
		ok = tr_err_set(err, TR_ERR_INTERNAL, "%s is gone", from);
	ok = ok && tr_filing_write(to, (const char *)bytes.data, bytes.len, mode, err);
	tr_buf_clear(&bytes);
	return ok;
}
