#include "fmt/parquet_threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <signal.h>

#include "base/mem.h"

struct worker {
	struct tr_pq_threads *threads;
	size_t index;
	pthread_t thread;
	bool started;
	bool failed;
	size_t failed_item;
	struct tr_err err;
};

struct tr_pq_threads {
	pthread_mutex_t lock;
	pthread_cond_t work, idle;
	uint64_t round; /* counts runs: a worker that sees a new one takes part in it */
	size_t busy;    /* workers still in the round */
	bool stop;
	tr_pq_job *job;
	void *context;
	size_t items;
	atomic_size_t next;
	size_t n;
	struct worker workers[];
};

/* Items are handed out in order, so all below a failed one have been started and the
 * lowest failure of all is found whoever is faster. */
static void take_items(struct worker *w)
{
	struct tr_pq_threads *t = w->threads;
	for (;;) {
		size_t item = atomic_fetch_add(&t->next, 1);
		if (item >= t->items)
			return;
		if (!t->job(t->context, item, w->index, &w->err)) {
			w->failed = true;
			w->failed_item = item;
			atomic_store(&t->next, t->items);
			return;
		}
	}
}

static void *work(void *context)
{
	struct worker *w = context;
	struct tr_pq_threads *t = w->threads;
	uint64_t seen = 0;
	pthread_mutex_lock(&t->lock);
	for (;;) {
		while (!t->stop && t->round == seen)
			pthread_cond_wait(&t->work, &t->lock);
		if (t->stop)
			break;
		seen = t->round;
		pthread_mutex_unlock(&t->lock);
		take_items(w);
		pthread_mutex_lock(&t->lock);
		if (--t->busy == 0)
			pthread_cond_signal(&t->idle);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

bool tr_pq_threads_new(size_t n, struct tr_pq_threads **out, struct tr_err *err)
{
	struct tr_pq_threads *t = tr_calloc(1, sizeof *t + n * sizeof *t->workers, err);
	if (!t)
		return false;
	t->n = n;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->work, NULL);
	pthread_cond_init(&t->idle, NULL);
	/* Signals are the caller's business: its threads have them blocked. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int code = 0;
	for (size_t i = 0; i < n && !code; i++) {
		struct worker *w = &t->workers[i];
		w->threads = t;
		w->index = i;
		if (i == 0)
			continue;
		code = pthread_create(&w->thread, NULL, work, w);
		w->started = code == 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (code) {
		tr_pq_threads_free(t);
		return tr_err_errno(err, code, "cannot start a thread");
	}
	*out = t;
	return true;
}

void tr_pq_threads_free(struct tr_pq_threads *t)
{
	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	t->stop = true;
	pthread_cond_broadcast(&t->work);
	pthread_mutex_unlock(&t->lock);
	for (size_t i = 1; i < t->n; i++)
		if (t->workers[i].started)
			pthread_join(t->workers[i].thread, NULL);
	pthread_cond_destroy(&t->work);
	pthread_cond_destroy(&t->idle);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

bool tr_pq_threads_run(struct tr_pq_threads *t, tr_pq_job *job, void *context, size_t items,
	struct tr_err *err)
{
	pthread_mutex_lock(&t->lock);
	t->job = job;
	t->context = context;
	t->items = items;
	atomic_store(&t->next, 0);
	for (size_t i = 0; i < t->n; i++) {
		t->workers[i].failed = false;
		tr_err_clear(&t->workers[i].err);
	}
	t->busy = t->n - 1;
	t->round++;
	pthread_cond_broadcast(&t->work);
	pthread_mutex_unlock(&t->lock);
	take_items(&t->workers[0]);
	pthread_mutex_lock(&t->lock);
	while (t->busy)
		pthread_cond_wait(&t->idle, &t->lock);
	pthread_mutex_unlock(&t->lock);
	const struct worker *first = NULL;
	for (size_t i = 0; i < t->n; i++)
		if (t->workers[i].failed && (!first || t->workers[i].failed_item < first->failed_item))
			first = &t->workers[i];
	if (first)
		*err = first->err;
	return !first;
}
