#include "io/local_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_MAX ((size_t)1 << 24)
#define DEPTH_MAX 64

struct walk {
	const struct tr_local_root *root;
	bool unfinished;
	struct tr_store_list *out;
	char path[TR_KEY_MAX + 256 + 2];
};

static bool add_entry(struct walk *w, uint64_t bytes, const struct timespec *modified, struct tr_err *err)
{
	struct tr_store_list *out = w->out;
	if (out->n >= LIST_MAX)
		return tr_err_set(err, TR_ERR_INTERNAL, "more than %zu files below `%s`", LIST_MAX,
			w->root->path);
	if (!tr_array_grow((void **)&out->items, out->n, &out->cap, sizeof *out->items, err))
		return false;
	char *key = tr_strdup(w->path, err);
	if (!key)
		return false;
	out->items[out->n++] = (struct tr_store_entry){ .key = key,
		.bytes = bytes,
		.modified_us = (int64_t)modified->tv_sec * 1000000 + modified->tv_nsec / 1000 };
	return true;
}

static bool walk_folder(struct walk *w, int parent, const char *name, size_t len, int depth, bool *empty,
	struct tr_err *err);

/* One name of a folder; w->path holds the folder with its `/`, len bytes. */
static bool walk_entry(struct walk *w, int folder, const char *name, size_t len, int depth,
	struct tr_err *err)
{
	size_t n = strlen(name);
	if (len + n + 2 > sizeof w->path)
		return tr_local_errno(w->root, ENAMETOOLONG, "cannot list", w->path, err);
	struct stat st;
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		/* Removed since readdir: it is not there. */
		return errno == ENOENT || tr_local_errno(w->root, errno, "cannot list", w->path, err);
	memcpy(w->path + len, name, n + 1);
	bool temp = strncmp(name, TR_TEMP_PREFIX, strlen(TR_TEMP_PREFIX)) == 0;
	if (!S_ISDIR(st.st_mode))
		return temp != w->unfinished || add_entry(w, (uint64_t)st.st_size, &st.st_mtim, err);
	memcpy(w->path + len + n, "/", 2);
	bool empty;
	if (!walk_folder(w, folder, name, len + n + 1, depth + 1, &empty, err))
		return false;
	if (!empty || !w->unfinished)
		return true;
	w->path[len + n + 1] = '\0';
	return add_entry(w, 0, &st.st_mtim, err);
}

static bool walk_folder(struct walk *w, int parent, const char *name, size_t len, int depth, bool *empty,
	struct tr_err *err)
{
	*empty = false;
	if (depth > DEPTH_MAX)
		return tr_err_set(err, TR_ERR_USER, "folders lie more than %d deep in `%s`", DEPTH_MAX,
			w->root->path);
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT || tr_local_errno(w->root, errno, "cannot list", w->path, err);
	DIR *dir = fdopendir(fd);
	if (!dir) {
		int saved = errno;
		close(fd);
		return tr_local_errno(w->root, saved, "cannot list", w->path, err);
	}
	bool ok = true;
	*empty = true;
	while (ok) {
		errno = 0;
		struct dirent *entry = readdir(dir);
		if (!entry)
			break;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		*empty = false;
		ok = walk_entry(w, dirfd(dir), entry->d_name, len, depth, err);
		w->path[len] = '\0';
	}
	if (ok && errno != 0)
		ok = tr_local_errno(w->root, errno, "cannot list", w->path, err);
	closedir(dir);
	return ok;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct tr_store_entry *)a)->key, ((const struct tr_store_entry *)b)->key);
}

bool tr_local_list(const struct tr_local_root *root, const char *prefix, bool unfinished,
	struct tr_store_list *out, struct tr_err *err)
{
	*out = (struct tr_store_list){ 0 };
	struct walk w = { .root = root, .unfinished = unfinished, .out = out };
	size_t len = strlen(prefix);
	memcpy(w.path, prefix, len + 1);
	bool empty;
	if (!walk_folder(&w, root->fd, len ? prefix : ".", len, 0, &empty, err)) {
		tr_store_list_clear(out);
		return false;
	}
	if (out->n > 1)
		qsort(out->items, out->n, sizeof *out->items, by_key);
	return true;
}

void tr_store_list_clear(struct tr_store_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i].key);
	free(list->items);
	*list = (struct tr_store_list){ 0 };
}
