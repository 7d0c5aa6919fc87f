#include "base/queue.h"

#include <stdlib.h>

#include "base/mem.h"

bool tr_queue_init(struct tr_queue *q, size_t cap, void (*drop)(void *item), struct tr_err *err)
{
	*q = (struct tr_queue){ .cap = cap, .drop = drop };
	q->items = tr_calloc(cap, sizeof *q->items, err);
	if (!q->items)
		return false;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->not_full, NULL);
	pthread_cond_init(&q->not_empty, NULL);
	return true;
}

static void drop_all(struct tr_queue *q)
{
	for (; q->n > 0; q->n--) {
		if (q->drop)
			q->drop(q->items[q->head]);
		q->head = (q->head + 1) % q->cap;
	}
}

void tr_queue_clear(struct tr_queue *q)
{
	if (!q->items)
		return;
	drop_all(q);
	free(q->items);
	q->items = NULL;
	pthread_cond_destroy(&q->not_empty);
	pthread_cond_destroy(&q->not_full);
	pthread_mutex_destroy(&q->lock);
}

bool tr_queue_push(struct tr_queue *q, void *item)
{
	pthread_mutex_lock(&q->lock);
	while (q->n == q->cap && !q->aborted && !q->closed)
		pthread_cond_wait(&q->not_full, &q->lock);
	bool open = !q->aborted && !q->closed;
	if (open) {
		q->items[(q->head + q->n) % q->cap] = item;
		q->n++;
		pthread_cond_signal(&q->not_empty);
	}
	pthread_mutex_unlock(&q->lock);
	return open;
}

bool tr_queue_pop(struct tr_queue *q, void **item)
{
	pthread_mutex_lock(&q->lock);
	while (q->n == 0 && !q->closed && !q->aborted)
		pthread_cond_wait(&q->not_empty, &q->lock);
	bool got = q->n > 0;
	if (got) {
		*item = q->items[q->head];
		q->head = (q->head + 1) % q->cap;
		q->n--;
		pthread_cond_signal(&q->not_full);
	}
	pthread_mutex_unlock(&q->lock);
	return got;
}

void tr_queue_close(struct tr_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_cond_broadcast(&q->not_empty);
	pthread_cond_broadcast(&q->not_full);
	pthread_mutex_unlock(&q->lock);
}

void tr_queue_abort(struct tr_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->aborted = true;
	drop_all(q);
	pthread_cond_broadcast(&q->not_empty);
	pthread_cond_broadcast(&q->not_full);
	pthread_mutex_unlock(&q->lock);
}
