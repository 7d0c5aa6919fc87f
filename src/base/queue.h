/*
 * A bounded queue of pointers between threads: back-pressure from the consumer to
 * the producer. Items that are still queued at clear are given to `drop`.
 */
#ifndef TR_BASE_QUEUE_H
#define TR_BASE_QUEUE_H

#include <pthread.h>

#include "base/err.h"

struct tr_queue {
	pthread_mutex_t lock;
	pthread_cond_t not_full, not_empty;
	void **items;
	size_t cap, head, n;
	bool closed;  /* the producer is done: pops drain, then answer false */
	bool aborted; /* the consumer is gone: pushes answer false at once */
	void (*drop)(void *item);
};

bool tr_queue_init(struct tr_queue *q, size_t cap, void (*drop)(void *item), struct tr_err *err) TR_CHECKED;
void tr_queue_clear(struct tr_queue *q);
/* Wait for room, then hand the item over. False: aborted or closed, the item stays the caller's. */
bool tr_queue_push(struct tr_queue *q, void *item);
/* Wait for an item. False: closed (or aborted) and empty. */
bool tr_queue_pop(struct tr_queue *q, void **item);
void tr_queue_close(struct tr_queue *q); /* by the producer */
void tr_queue_abort(struct tr_queue *q); /* by the consumer: wakes everybody, drops what is queued */

#endif
