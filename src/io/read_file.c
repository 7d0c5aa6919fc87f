#include "io/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool unreadable(const char *path, int code, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER, "%s can't be read", path);
	tr_err_detail(err, "%s", strerror(code));
	return tr_err_hint(err, "check that it is a file and its permissions");
}

static bool read_all(int fd, const char *path, struct tr_buf *out, struct tr_err *err)
{
	char chunk[4096];
	for (;;) {
		ssize_t n = read(fd, chunk, sizeof chunk);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return unreadable(path, errno, err);
		if (n == 0)
			break;
		if (out->len + (size_t)n >= out->max) {
			tr_err_set(err, TR_ERR_USER, "%s is longer than %zu bytes", path, out->max - 1);
			return tr_err_hint(err, "check that it is the file that was meant");
		}
		bool ok = tr_buf_append(out, chunk, (size_t)n, err);
		explicit_bzero(chunk, sizeof chunk);
		if (!ok)
			return false;
	}
	if (out->len && memchr(out->data, '\0', out->len)) {
		tr_err_set(err, TR_ERR_USER, "%s holds a NUL byte: it is not a text file", path);
		return tr_err_hint(err, "check that it is the file that was meant");
	}
	if (!tr_buf_append(out, "", 1, err))
		return false;
	out->len--;
	return true;
}

bool tr_read_file(const char *path, struct tr_buf *out, bool *found, struct tr_err *err)
{
	*found = false;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || unreadable(path, errno, err);
	*found = read_all(fd, path, out, err);
	close(fd);
	return *found;
}
