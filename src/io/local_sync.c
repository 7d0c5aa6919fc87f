#include "io/local_sync.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define SYNC_THREADS 16

struct pass {
	const struct tr_local_root *root;
	const char *const *keys;
	size_t n;
	bool (*sync)(const struct pass *p, size_t i, struct tr_err *err);
	_Atomic size_t next;
	atomic_bool failed;
	pthread_mutex_t lock;
	struct tr_err err; /* the first */
};

static bool sync_file(const struct pass *p, size_t i, struct tr_err *err)
{
	int fd = openat(p->root->fd, p->keys[i], O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return tr_local_errno(p->root, errno, "cannot open", p->keys[i], err);
	/* Some file systems tell of a full disk only here. */
	bool ok = fsync(fd) == 0 || tr_local_errno(p->root, errno, "cannot sync", p->keys[i], err);
	close(fd);
	return ok;
}

static size_t folder_of(const char *key)
{
	const char *slash = strrchr(key, '/');
	return slash ? (size_t)(slash - key) : 0;
}

/* Once a folder: keys are sorted, neighbours share theirs. */
static bool sync_above(const struct pass *p, size_t i, struct tr_err *err)
{
	size_t n = folder_of(p->keys[i]);
	if (i > 0 && folder_of(p->keys[i - 1]) == n && strncmp(p->keys[i - 1], p->keys[i], n) == 0)
		return true;
	return tr_local_sync_folders(p->root, p->keys[i], err);
}

static void *work(void *arg)
{
	struct pass *p = arg;
	for (;;) {
		size_t i = atomic_fetch_add(&p->next, 1);
		struct tr_err err = { 0 };
		if (i >= p->n || atomic_load(&p->failed))
			return NULL;
		if (p->sync(p, i, &err))
			continue;
		pthread_mutex_lock(&p->lock);
		if (!atomic_exchange(&p->failed, true))
			p->err = err;
		pthread_mutex_unlock(&p->lock);
	}
}

static bool run_pass(struct pass *p, struct tr_err *err)
{
	pthread_t threads[SYNC_THREADS];
	size_t started = 0;
	pthread_mutex_init(&p->lock, NULL);
	/* This thread works too: it alone where no other can be started. */
	while (started < SYNC_THREADS && started + 1 < p->n &&
		pthread_create(&threads[started], NULL, work, p) == 0)
		started++;
	work(p);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_mutex_destroy(&p->lock);
	if (atomic_load(&p->failed))
		*err = p->err;
	return !atomic_load(&p->failed);
}

bool tr_local_sync(const struct tr_local_root *root, const char *const *keys, size_t n, struct tr_err *err)
{
	struct pass files = { .root = root, .keys = keys, .n = n, .sync = sync_file };
	struct pass folders = { .root = root, .keys = keys, .n = n, .sync = sync_above };
	return run_pass(&files, err) && run_pass(&folders, err);
}
