#include "io/spill_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/write_all.h"

void tr_spill_file_init(struct tr_spill_file *f, const char *folder, uint64_t limit)
{
	*f = (struct tr_spill_file){ .fd = -1, .folder = folder, .limit = limit };
	tr_buf_init(&f->pending, TR_SPILL_WRITE);
}

void tr_spill_file_clear(struct tr_spill_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	tr_buf_clear(&f->pending);
	tr_spill_file_init(f, f->folder, f->limit);
}

static bool open_file(struct tr_spill_file *f, struct tr_err *err)
{
	f->fd = open(f->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (f->fd >= 0)
		return true;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) {
		tr_err_errno(err, errno, "cannot create a spill file in %s", f->folder);
		return tr_err_hint(err, "point limits.temp_dir at a folder that can be written to");
	}
	/* A file system without O_TMPFILE: a name for an instant. */
	char path[4096];
	int n = snprintf(path, sizeof path, "%s/tailrace-spill-XXXXXX", f->folder);
	if (n < 0 || (size_t)n >= sizeof path)
		return tr_err_set(err, TR_ERR_USER, "limits.temp_dir is too long");
	f->fd = mkostemp(path, O_CLOEXEC);
	if (f->fd < 0)
		return tr_err_errno(err, errno, "cannot create a spill file in %s", f->folder);
	unlink(path);
	return true;
}

static bool write_out(struct tr_spill_file *f, const uint8_t *p, size_t n, struct tr_err *err)
{
	if (n > 0 && f->fd < 0 && !open_file(f, err))
		return false;
	return tr_write_all(f->fd, p, n) ||
		tr_err_errno(err, errno, "cannot write to the spill file in %s", f->folder);
}

bool tr_spill_file_flush(struct tr_spill_file *f, struct tr_err *err)
{
	bool ok = write_out(f, f->pending.data, f->pending.len, err);
	f->pending.len = 0;
	return ok;
}

bool tr_spill_file_append(struct tr_spill_file *f, const void *bytes, size_t n, uint64_t *offset,
	struct tr_err *err)
{
	if (f->limit && (n > f->limit || f->size > f->limit - n)) {
		tr_err_set(err, TR_ERR_USER,
			"splitting by partition needs more temporary disk than limits.disk "
			"allows (%llu bytes)",
			(unsigned long long)f->limit);
		return tr_err_hint(err,
			"raise limits.disk or limits.memory, or partition by a key with fewer values");
	}
	*offset = f->size;
	if (n > TR_SPILL_WRITE - f->pending.len && !tr_spill_file_flush(f, err))
		return false;
	bool ok =
		n > TR_SPILL_WRITE ? write_out(f, bytes, n, err) : tr_buf_append(&f->pending, bytes, n, err);
	if (ok)
		f->size += n;
	return ok;
}

bool tr_spill_file_read(const struct tr_spill_file *f, uint64_t offset, void *out, size_t n,
	struct tr_err *err)
{
	uint8_t *to = out;
	while (n > 0) {
		ssize_t got = pread(f->fd, to, n, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return tr_err_errno(err, errno, "cannot read from the spill file in %s", f->folder);
		if (got == 0)
			return tr_err_set(err, TR_ERR_INTERNAL, "the spill file in %s ends too early",
				f->folder);
		to += got;
		offset += (uint64_t)got;
		n -= (size_t)got;
	}
	return true;
}
