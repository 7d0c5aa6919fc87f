#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "io/local_list.h"
#include "io/local_sync.h"
#include "io/write_all.h"

/* Small enough that many sinks of a partitioned dataset may be open at once, large
 * enough that a system call costs nothing beside it. Larger writes go past it. */
#define SINK_BUFFER ((size_t)256 << 10)
/* The kernel is told to begin writing out every so many bytes, so that the sync at the
 * end has little left to wait for. */
#define WRITE_OUT_STEP ((uint64_t)8 << 20)
#define READ_BUFFER ((size_t)256 << 10)

struct local_store {
	struct tr_store base;
	struct tr_local_root root;
};

struct local_sink {
	struct tr_sink base;
	const struct local_store *store;
	XXH3_state_t *hash;
	uint8_t *buffer;
	size_t n;
	uint64_t flushed, written_out;
	int fd;
	bool committed;
	char temp[TR_TEMP_MAX]; /* empty once there is none */
	char key[TR_KEY_MAX + 1];
};

/* One part of a key, n bytes. */
static bool is_part(const char *part, size_t n)
{
	size_t dots = strspn(part, ".");
	return n > 0 && n <= NAME_MAX && !(dots == n && n <= 2) &&
		strncmp(part, TR_TEMP_PREFIX, strlen(TR_TEMP_PREFIX)) != 0;
}

bool tr_store_key_is(const char *key)
{
	if (strnlen(key, TR_KEY_MAX + 1) > TR_KEY_MAX)
		return false;
	for (;;) {
		size_t n = strcspn(key, "/");
		if (!is_part(key, n))
			return false;
		if (!key[n])
			return true;
		key += n + 1;
	}
}

/* A part is at most a file's name: partition values, which come from data, may be longer. */
static bool has_long_part(const char *key)
{
	for (size_t i = 0, start = 0;; i++) {
		if (key[i] && key[i] != '/')
			continue;
		if (i - start > NAME_MAX)
			return true;
		if (!key[i])
			return i > TR_KEY_MAX;
		start = i + 1;
	}
}

static bool check_key(const char *key, struct tr_err *err)
{
	if (tr_store_key_is(key))
		return true;
	if (!has_long_part(key))
		return tr_err_set(err, TR_ERR_INTERNAL, "`%.200s` is not a key of a store", key);
	tr_err_set(err, TR_ERR_DATA, "`%.200s...` is too long for the name of a file or folder", key);
	return tr_err_hint(err, "names have at most %d bytes: partition by a column of shorter values",
		NAME_MAX);
}

static struct local_store *local(struct tr_store *s)
{
	return (struct local_store *)s;
}

/* ---- sink ---- */

static struct local_sink *sink_of(struct tr_sink *sink)
{
	return (struct local_sink *)sink;
}

static bool sink_out(struct local_sink *s, const void *bytes, size_t n, struct tr_err *err)
{
	if (!tr_write_all(s->fd, bytes, n))
		return tr_local_errno(&s->store->root, errno, "cannot write", s->key, err);
	s->flushed += n;
	if (s->flushed - s->written_out >= WRITE_OUT_STEP) {
		/* A hint only: what it could not do, the sync at the end does. */
		(void)sync_file_range(s->fd, (off_t)s->written_out, (off_t)(s->flushed - s->written_out),
			SYNC_FILE_RANGE_WRITE);
		s->written_out = s->flushed;
	}
	return true;
}

static bool sink_flush(struct local_sink *s, struct tr_err *err)
{
	size_t n = s->n;
	s->n = 0;
	return n == 0 || sink_out(s, s->buffer, n, err);
}

static bool sink_write(struct tr_sink *sink, const void *bytes, size_t n, struct tr_err *err)
{
	struct local_sink *s = sink_of(sink);
	if (s->fd < 0)
		return tr_err_set(err, TR_ERR_INTERNAL, "`%s` was written to after its end", s->key);
	XXH3_64bits_update(s->hash, bytes, n);
	if (n > SINK_BUFFER - s->n && !sink_flush(s, err))
		return false;
	if (n >= SINK_BUFFER)
		return sink_out(s, bytes, n, err);
	memcpy(s->buffer + s->n, bytes, n);
	s->n += n;
	return true;
}

static void format_checksum(const XXH3_state_t *hash, char out[TR_CHECKSUM_TEXT])
{
	snprintf(out, TR_CHECKSUM_TEXT, "xxh3:%016llx", (unsigned long long)XXH3_64bits_digest(hash));
}

/* Sync and close; the file keeps its temporary name. */
static bool finish_file(const struct tr_local_root *root, int *fd, const char *key, struct tr_err *err)
{
	bool ok = fsync(*fd) == 0 || tr_local_errno(root, errno, "cannot sync", key, err);
	/* Some file systems tell of a full disk only here. */
	if (close(*fd) != 0 && ok && errno != EINTR)
		ok = tr_local_errno(root, errno, "cannot close", key, err);
	*fd = -1;
	return ok;
}

static bool sink_commit(struct tr_sink *sink, struct tr_err *err)
{
	struct local_sink *s = sink_of(sink);
	const struct tr_local_root *root = &s->store->root;
	if (s->fd < 0)
		return tr_err_set(err, TR_ERR_INTERNAL, "`%s` was committed after its end", s->key);
	if (!sink_flush(s, err))
		return false;
	/* Durable at settle, with all its neighbours: let the kernel begin. */
	(void)sync_file_range(s->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	bool closed = close(s->fd) == 0 || errno == EINTR;
	s->fd = -1;
	if (!closed)
		return tr_local_errno(root, errno, "cannot close", s->key, err);
	if (renameat(root->fd, s->temp, root->fd, s->key) != 0)
		return tr_local_errno(root, errno, "cannot create", s->key, err);
	s->temp[0] = '\0';
	format_checksum(s->hash, s->base.checksum);
	return true;
}

static void sink_free(struct tr_sink *sink)
{
	struct local_sink *s = sink_of(sink);
	if (s->fd >= 0)
		close(s->fd);
	if (s->temp[0]) {
		unlinkat(s->store->root.fd, s->temp, 0);
		tr_local_prune(&s->store->root, s->temp);
	}
	XXH3_freeState(s->hash);
	free(s->buffer);
	free(s);
}

static const struct tr_sink_ops sink_ops = { .write = sink_write, .commit = sink_commit, .free = sink_free };

static bool local_create(struct tr_store *store, const char *key, struct tr_sink **out, struct tr_err *err)
{
	*out = NULL;
	if (!check_key(key, err))
		return false;
	struct local_sink *s = tr_calloc(1, sizeof *s, err);
	if (!s)
		return false;
	s->base.ops = &sink_ops;
	s->base.memory = SINK_BUFFER;
	s->store = local(store);
	s->fd = -1;
	memcpy(s->key, key, strlen(key) + 1);
	s->hash = XXH3_createState();
	if (!s->hash || XXH3_64bits_reset(s->hash) != XXH_OK)
		tr_err_memory(err, SINK_BUFFER);
	else if ((s->buffer = tr_malloc(SINK_BUFFER, err)) != NULL &&
		tr_local_temp(&s->store->root, key, s->temp, &s->fd, err)) {
		*out = &s->base;
		return true;
	}
	if (s->fd < 0)
		s->temp[0] = '\0';
	sink_free(&s->base);
	return false;
}

/* ---- small objects ---- */

/* A complete, synced file under a temporary name in the key's folder. */
static bool write_temp(const struct tr_local_root *root, const char *key, const void *bytes, size_t n,
	char temp[TR_TEMP_MAX], struct tr_err *err)
{
	int fd;
	if (!tr_local_temp(root, key, temp, &fd, err))
		return false;
	bool ok = tr_write_all(fd, bytes, n) || tr_local_errno(root, errno, "cannot write", key, err);
	if (ok)
		ok = finish_file(root, &fd, key, err);
	else
		close(fd);
	if (!ok)
		unlinkat(root->fd, temp, 0);
	return ok;
}

static bool local_put(struct tr_store *store, const char *key, const void *bytes, size_t n,
	struct tr_err *err)
{
	const struct tr_local_root *root = &local(store)->root;
	char temp[TR_TEMP_MAX];
	if (!check_key(key, err) || !write_temp(root, key, bytes, n, temp, err))
		return false;
	if (renameat(root->fd, temp, root->fd, key) != 0) {
		tr_local_errno(root, errno, "cannot create", key, err);
		unlinkat(root->fd, temp, 0);
		return false;
	}
	return true;
}

static bool no_such_call(int errno_value)
{
	return errno_value == EPERM || errno_value == EOPNOTSUPP || errno_value == ENOTSUP ||
		errno_value == ENOSYS || errno_value == EINVAL || errno_value == EMLINK;
}

/* Give the finished temporary file its name unless that is taken. 0, or errno: EEXIST
 * where it is taken. The temporary name may be gone afterwards. */
static int claim_name(const struct tr_local_root *root, const char *temp, const char *key)
{
	if (linkat(root->fd, temp, root->fd, key, 0) == 0)
		return 0;
	if (!no_such_call(errno))
		return errno;
	/* A file system without hard links. */
	if (renameat2(root->fd, temp, root->fd, key, RENAME_NOREPLACE) == 0)
		return 0;
	if (!no_such_call(errno))
		return errno;
	/* Nor that: take the name with an empty file, then put the whole one over it. A kill
	 * between the two leaves an empty object, which readers name as such. */
	int fd = openat(root->fd, key, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return errno;
	close(fd);
	if (renameat(root->fd, temp, root->fd, key) == 0)
		return 0;
	int saved = errno;
	unlinkat(root->fd, key, 0);
	return saved;
}

static bool local_put_if_absent(struct tr_store *store, const char *key, const void *bytes, size_t n,
	bool *won, struct tr_err *err)
{
	const struct tr_local_root *root = &local(store)->root;
	char temp[TR_TEMP_MAX];
	*won = false;
	if (!check_key(key, err) || !write_temp(root, key, bytes, n, temp, err))
		return false;
	int failed = claim_name(root, temp, key);
	unlinkat(root->fd, temp, 0);
	if (failed && failed != EEXIST)
		return tr_local_errno(root, failed, "cannot create", key, err);
	*won = failed == 0;
	return tr_local_sync_folders(root, key, err);
}

/* ---- reading ---- */

/* *fd is -1 where there is no such file. */
static bool open_file(const struct tr_local_root *root, const char *key, int *fd, struct tr_err *err)
{
	*fd = -1;
	if (!check_key(key, err))
		return false;
	*fd = openat(root->fd, key, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (*fd >= 0 || errno == ENOENT || errno == ENOTDIR)
		return true;
	return tr_local_errno(root, errno, "cannot open", key, err);
}

/* At most n bytes at offset; *got 0 at the end. */
static bool read_at(const struct tr_local_root *root, int fd, const char *key, uint64_t offset, void *out,
	size_t n, size_t *got, struct tr_err *err)
{
	ssize_t done;
	do
		done = pread(fd, out, n, (off_t)offset);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return tr_local_errno(root, errno, "cannot read", key, err);
	*got = (size_t)done;
	return true;
}

static bool local_get(struct tr_store *store, const char *key, uint64_t offset, size_t n, struct tr_buf *out,
	bool *found, struct tr_err *err)
{
	const struct tr_local_root *root = &local(store)->root;
	int fd;
	*found = false;
	if (!open_file(root, key, &fd, err))
		return false;
	if (fd < 0)
		return true;
	*found = true;
	bool ok = true;
	while (ok && n > 0) {
		size_t part = n < READ_BUFFER ? n : READ_BUFFER, got = 0;
		/* The buffer's maximum bounds what a hostile file may take; at its end one byte
		 * is asked for, so that a file of exactly that size still fits. */
		size_t room = out->max - out->len;
		uint8_t end;
		if (room == 0) {
			ok = read_at(root, fd, key, offset, &end, 1, &got, err);
			if (ok && got > 0)
				ok = tr_err_set(err, TR_ERR_INTERNAL,
					"`%s/%s` is larger than %zu bytes, the most that "
					"is read of it",
					root->path, key, out->max);
			break;
		}
		part = part < room ? part : room;
		ok = tr_buf_reserve(out, part, err) &&
			read_at(root, fd, key, offset, out->data + out->len, part, &got, err);
		if (got == 0)
			break;
		out->len += got;
		offset += got;
		n -= n == SIZE_MAX ? 0 : got;
	}
	close(fd);
	return ok;
}

static bool local_checksum(struct tr_store *store, const char *key, char out[TR_CHECKSUM_TEXT],
	struct tr_err *err)
{
	const struct tr_local_root *root = &local(store)->root;
	int fd;
	if (!open_file(root, key, &fd, err))
		return false;
	if (fd < 0) {
		tr_err_set(err, TR_ERR_INTERNAL, "`%s/%s` is not there", root->path, key);
		return tr_err_hint(err, "files of a published version may only be removed by `tailrace gc`");
	}
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	XXH3_state_t *hash = XXH3_createState();
	uint8_t *buffer = tr_malloc(READ_BUFFER, err);
	bool ok = buffer && hash && XXH3_64bits_reset(hash) == XXH_OK;
	if (!ok)
		tr_err_memory(err, READ_BUFFER);
	uint64_t offset = 0;
	for (size_t got = 1; ok && got > 0; offset += got) {
		got = 0;
		ok = read_at(root, fd, key, offset, buffer, READ_BUFFER, &got, err);
		if (ok)
			XXH3_64bits_update(hash, buffer, got);
	}
	if (ok)
		format_checksum(hash, out);
	XXH3_freeState(hash);
	free(buffer);
	close(fd);
	return ok;
}

/* ---- listing and removing ---- */

static bool check_prefix(const char *prefix, struct tr_err *err)
{
	size_t len = strlen(prefix);
	char key[TR_KEY_MAX + 1];
	if (len == 0)
		return true;
	if (len > TR_KEY_MAX || prefix[len - 1] != '/')
		return tr_err_set(err, TR_ERR_INTERNAL, "`%.200s` is not a prefix of keys", prefix);
	memcpy(key, prefix, len - 1);
	key[len - 1] = '\0';
	return check_key(key, err);
}

static bool local_list(struct tr_store *store, const char *prefix, struct tr_store_list *out,
	struct tr_err *err)
{
	*out = (struct tr_store_list){ 0 };
	return check_prefix(prefix, err) && tr_local_list(&local(store)->root, prefix, false, out, err);
}

static bool local_unfinished(struct tr_store *store, const char *prefix, struct tr_store_list *out,
	struct tr_err *err)
{
	*out = (struct tr_store_list){ 0 };
	return check_prefix(prefix, err) && tr_local_list(&local(store)->root, prefix, true, out, err);
}

/* As tr_store_key_is, but the last part may be a temporary name or the `/` of a folder. */
static bool removable(const char *key, struct tr_err *err)
{
	size_t len = strlen(key);
	char folder[TR_KEY_MAX + 1];
	const char *name = strrchr(key, '/');
	if (len > 0 && key[len - 1] == '/')
		return check_prefix(key, err);
	name = name ? name + 1 : key;
	if (strncmp(name, TR_TEMP_PREFIX, strlen(TR_TEMP_PREFIX)) != 0)
		return check_key(key, err);
	size_t n = (size_t)(name - key);
	if (n > TR_KEY_MAX)
		return check_key(key, err);
	memcpy(folder, key, n);
	folder[n] = '\0';
	return check_prefix(folder, err);
}

static bool local_remove(struct tr_store *store, const char *key, struct tr_err *err)
{
	const struct tr_local_root *root = &local(store)->root;
	if (!removable(key, err))
		return false;
	bool folder = key[strlen(key) - 1] == '/';
	if (unlinkat(root->fd, key, folder ? AT_REMOVEDIR : 0) != 0) {
		if (errno == ENOENT || errno == ENOTDIR || (folder && errno == ENOTEMPTY))
			return true;
		return tr_local_errno(root, errno, "cannot remove", key, err);
	}
	char pruned[TR_TEMP_MAX];
	snprintf(pruned, sizeof pruned, "%.*s", (int)(strlen(key) - folder), key);
	tr_local_prune(root, pruned);
	return true;
}

static bool local_remove_many(struct tr_store *store, const char *const *keys, size_t n, struct tr_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (!local_remove(store, keys[i], err))
			return false;
	return true;
}

/* ---- opening ---- */

static void local_free(struct tr_store *store)
{
	struct local_store *s = local(store);
	if (s->root.fd >= 0)
		close(s->root.fd);
	free(s->root.path);
	free(s);
}

static bool local_settle(struct tr_store *store, const char *const *keys, size_t n, struct tr_err *err)
{
	return tr_local_sync(&local(store)->root, keys, n, err);
}

static const struct tr_store_ops store_ops = {
	.create = local_create,
	.put_if_absent = local_put_if_absent,
	.put = local_put,
	.get = local_get,
	.list = local_list,
	.unfinished = local_unfinished,
	.remove = local_remove,
	.remove_many = local_remove_many,
	.checksum = local_checksum,
	.settle = local_settle,
	.free = local_free,
};

/* `folder` and its parents, as mkdir -p. */
static bool make_root(const char *folder, struct tr_err *err)
{
	char *path = tr_strdup(folder, err);
	if (!path)
		return false;
	bool ok = true;
	for (char *p = path + 1; ok && *path; p++) {
		char c = *p;
		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(path, 0777) != 0 && errno != EEXIST && errno != EISDIR) {
			ok = tr_err_errno(err, errno, "cannot make the lake's folder `%s`", path);
			err->kind = errno == ENOSPC || errno == EDQUOT ? TR_ERR_INTERNAL : TR_ERR_USER;
			if (!err->hint[0])
				tr_err_hint(err, "check lake.location and the rights of the folder above it");
		}
		*p = c;
		if (c == '\0')
			break;
	}
	free(path);
	return ok;
}

bool tr_store_local_open(const char *folder, bool create, struct tr_store **out, struct tr_err *err)
{
	*out = NULL;
	if (!*folder) {
		tr_err_set(err, TR_ERR_USER, "the lake's folder has an empty name");
		return tr_err_hint(err, "set lake.location, as `location: ./lake`");
	}
	if (create && !make_root(folder, err))
		return false;
	struct local_store *s = tr_calloc(1, sizeof *s, err);
	if (!s)
		return false;
	s->root.fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->root.path = s->root.fd < 0 ? NULL : realpath(folder, NULL);
	if (!s->root.path) {
		int failed = errno;
		tr_err_errno(err, failed, "cannot open the lake `%s`", folder);
		err->kind = TR_ERR_USER;
		if (failed == ENOENT)
			tr_err_hint(err,
				"nothing has been published there yet: `tailrace run` makes it; or "
				"correct lake.location");
		else if (failed == ENOTDIR)
			tr_err_hint(err, "lake.location must name a folder");
		else
			tr_err_hint(err, "check lake.location and its rights");
		local_free(&s->base);
		return false;
	}
	s->base.ops = &store_ops;
	s->base.location = s->base.local_root = s->root.path;
	*out = &s->base;
	return true;
}
