#include "base/each.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS_MAX 64

struct each {
	tr_each_fn fn;
	void *context;
	size_t n;
	_Atomic size_t next;
	atomic_bool stop;
	pthread_mutex_t lock; /* of what follows */
	size_t failed;        /* the smallest number that failed; n: none */
	struct tr_err err;
};

static void *work(void *arg)
{
	struct each *e = arg;
	for (size_t i; !atomic_load(&e->stop) && (i = atomic_fetch_add(&e->next, 1)) < e->n;) {
		struct tr_err err = { 0 };
		if (e->fn(e->context, i, &err))
			continue;
		atomic_store(&e->stop, true);
		pthread_mutex_lock(&e->lock);
		if (i < e->failed) {
			e->failed = i;
			e->err = err;
		}
		pthread_mutex_unlock(&e->lock);
	}
	return NULL;
}

bool tr_each(size_t n, int threads, tr_each_fn fn, void *context, struct tr_err *err)
{
	struct each e = { .fn = fn, .context = context, .n = n, .failed = n };
	pthread_t started[THREADS_MAX];
	int n_started = 0;
	pthread_mutex_init(&e.lock, NULL);
	for (int i = 1; i < threads && i < THREADS_MAX && (size_t)i < n; i++)
		if (pthread_create(&started[n_started], NULL, work, &e) == 0)
			n_started++;
	work(&e);
	for (int i = 0; i < n_started; i++)
		pthread_join(started[i], NULL);
	pthread_mutex_destroy(&e.lock);
	if (e.failed < n)
		*err = e.err;
	return e.failed == n;
}
