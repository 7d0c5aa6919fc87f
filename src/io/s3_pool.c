#include "io/s3_pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pages.h"

#define BUFFER_MIN ((size_t)128 << 10)
/* Requests of small objects at once. */
#define SMALL_AT_ONCE 16

bool tr_s3_pool_init(struct tr_s3_pool *pool, int limit, size_t spare_size, struct tr_err *err)
{
	*pool = (struct tr_s3_pool){ .limit = limit,
		.most = limit > SMALL_AT_ONCE ? limit : SMALL_AT_ONCE,
		.bytes_max = (size_t)limit * spare_size,
		.spare_size = spare_size };
	pool->last = &pool->first;
	pool->threads = tr_calloc((size_t)pool->most, sizeof *pool->threads, err);
	pool->spare = tr_calloc((size_t)limit, sizeof *pool->spare, err);
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pthread_cond_init(&pool->done, NULL);
	return pool->threads && pool->spare;
}

static void free_spare(struct tr_s3_pool *pool)
{
	while (pool->n_spare > 0) {
		struct tr_s3_buffer *b = &pool->spare[--pool->n_spare];
		tr_pages_free(b->bytes, b->cap);
	}
}

void tr_s3_pool_clear(struct tr_s3_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->closing = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (int i = 0; i < pool->n_threads; i++)
		pthread_join(pool->threads[i], NULL);
	free_spare(pool);
	free(pool->spare);
	free(pool->threads);
	pthread_cond_destroy(&pool->work);
	pthread_cond_destroy(&pool->done);
	pthread_mutex_destroy(&pool->lock);
}

/* ---- threads ---- */

static void *work(void *context)
{
	struct tr_s3_pool *pool = context;
	pthread_mutex_lock(&pool->lock);
	for (;;) {
		while (!pool->first && !pool->closing)
			pthread_cond_wait(&pool->work, &pool->lock);
		struct tr_s3_job *job = pool->first;
		if (!job)
			break;
		int *pending = job->pending;
		size_t bytes = job->bytes;
		pool->first = job->next;
		if (!pool->first)
			pool->last = &pool->first;
		pthread_mutex_unlock(&pool->lock);
		job->run(job);
		pthread_mutex_lock(&pool->lock);
		pool->in_flight--;
		pool->bytes -= bytes;
		--*pending;
		pthread_cond_broadcast(&pool->done);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* One more where all are busy: under the lock. */
static bool add_thread(struct tr_s3_pool *pool, struct tr_err *err)
{
	if (pool->n_threads >= pool->in_flight || pool->n_threads == pool->most)
		return true;
	int failed = pthread_create(&pool->threads[pool->n_threads], NULL, work, pool);
	if (failed == 0)
		pool->n_threads++;
	else if (pool->n_threads == 0)
		return tr_err_errno(err, failed, "cannot start a thread to upload with");
	return true;
}

bool tr_s3_pool_submit(struct tr_s3_pool *pool, struct tr_s3_job *job, struct tr_err *err)
{
	pthread_mutex_lock(&pool->lock);
	while (pool->in_flight >= pool->most ||
		(pool->bytes > 0 && pool->bytes + job->bytes > pool->bytes_max))
		pthread_cond_wait(&pool->done, &pool->lock);
	pool->in_flight++;
	pool->bytes += job->bytes;
	bool ok = add_thread(pool, err);
	if (ok) {
		++*job->pending;
		job->next = NULL;
		*pool->last = job;
		pool->last = &job->next;
		pthread_cond_signal(&pool->work);
	} else {
		pool->in_flight--;
		pool->bytes -= job->bytes;
	}
	pthread_mutex_unlock(&pool->lock);
	return ok;
}

void tr_s3_pool_wait(struct tr_s3_pool *pool, const int *pending)
{
	pthread_mutex_lock(&pool->lock);
	while (*pending > 0)
		pthread_cond_wait(&pool->done, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
}

/* ---- buffers ---- */

void tr_s3_pool_enter(struct tr_s3_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->users++;
	pthread_mutex_unlock(&pool->lock);
}

void tr_s3_pool_leave(struct tr_s3_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	if (--pool->users == 0)
		free_spare(pool);
	pthread_mutex_unlock(&pool->lock);
}

static bool take_spare(struct tr_s3_pool *pool, struct tr_s3_buffer *b)
{
	pthread_mutex_lock(&pool->lock);
	bool taken = pool->n_spare > 0;
	if (taken)
		*b = pool->spare[--pool->n_spare];
	pthread_mutex_unlock(&pool->lock);
	return taken;
}

bool tr_s3_buffer_reserve(struct tr_s3_pool *pool, struct tr_s3_buffer *b, size_t need, size_t most,
	struct tr_err *err)
{
	if (!b->bytes && most >= pool->spare_size)
		(void)take_spare(pool, b);
	if (need <= b->cap)
		return true;
	size_t cap = b->cap ? b->cap : BUFFER_MIN;
	while (cap < need)
		cap *= 2;
	cap = cap < most ? cap : most;
	void *bytes = b->bytes ? tr_pages_resize(b->bytes, b->cap, cap, err) : tr_pages_new(cap, err);
	if (!bytes)
		return false;
	b->bytes = bytes;
	b->cap = cap;
	return true;
}

void tr_s3_buffer_release(struct tr_s3_pool *pool, struct tr_s3_buffer *b)
{
	pthread_mutex_lock(&pool->lock);
	if (b->cap == pool->spare_size && pool->users > 0 && pool->n_spare < pool->limit) {
		pool->spare[pool->n_spare++] = (struct tr_s3_buffer){ b->bytes, 0, b->cap };
		b->bytes = NULL;
	}
	pthread_mutex_unlock(&pool->lock);
	tr_pages_free(b->bytes, b->cap);
	*b = (struct tr_s3_buffer){ 0 };
}
