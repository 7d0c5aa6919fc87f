/*
 * The threads that upload for all sinks of a store, started as they are needed. At most the
 * bytes of `limit` parts are queued or in flight, and of small objects some more than `limit`,
 * since a request takes its time whatever it carries. Who has one more waits, so that memory
 * is bounded and a slow server slows the writers.
 */
#ifndef TR_IO_S3_POOL_H
#define TR_IO_S3_POOL_H

#include <pthread.h>
#include <stdint.h>

#include "base/err.h"

struct tr_s3_buffer {
	uint8_t *bytes; /* pages of the system */
	size_t n, cap;
};

struct tr_s3_job {
	struct tr_s3_job *next;
	void (*run)(struct tr_s3_job *job); /* it may free the job; without the lock */
	int *pending;                       /* its owner's jobs, counted down after it */
	size_t bytes;                       /* that it holds */
};

struct tr_s3_pool {
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	struct tr_s3_job *first, **last;
	pthread_t *threads;
	int limit; /* full parts */
	int most;  /* jobs, and threads */
	int n_threads, in_flight;
	size_t bytes_max, bytes; /* of what is in flight */
	bool closing;
	/* Buffers of `spare_size` bytes to be used again while sinks are open. */
	struct tr_s3_buffer *spare;
	size_t spare_size;
	int n_spare, users;
};

bool tr_s3_pool_init(struct tr_s3_pool *pool, int limit, size_t spare_size, struct tr_err *err) TR_CHECKED;
/* Every job is done, every sink freed. */
void tr_s3_pool_clear(struct tr_s3_pool *pool);
/* Wait for room, count *pending up, hand over: jobs begin in that order. Fails where not a
 * single thread can be started; the job stays the caller's. */
bool tr_s3_pool_submit(struct tr_s3_pool *pool, struct tr_s3_job *job, struct tr_err *err) TR_CHECKED;
/* Until *pending is 0. */
void tr_s3_pool_wait(struct tr_s3_pool *pool, const int *pending);

/* A sink is opened / freed: buffers are kept for others in between. */
void tr_s3_pool_enter(struct tr_s3_pool *pool);
void tr_s3_pool_leave(struct tr_s3_pool *pool);
/* Room for `need` bytes, at most `most` in all: a spare buffer where there is one, else it
 * grows as data comes. */
bool tr_s3_buffer_reserve(struct tr_s3_pool *pool, struct tr_s3_buffer *b, size_t need, size_t most,
	struct tr_err *err) TR_CHECKED;
/* Give it back; it is empty then. */
void tr_s3_buffer_release(struct tr_s3_pool *pool, struct tr_s3_buffer *b);

#endif
