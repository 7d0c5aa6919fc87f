/* Threads of a writer: the same job for every column of a batch, several at once. */
#ifndef TR_FMT_PARQUET_THREADS_H
#define TR_FMT_PARQUET_THREADS_H

#include "base/err.h"

/* Do item i with worker `worker` (0 is the calling thread). */
typedef bool tr_pq_job(void *context, size_t item, size_t worker, struct tr_err *err);

struct tr_pq_threads;

/* `n` workers in all, the caller among them; n >= 1. */
bool tr_pq_threads_new(size_t n, struct tr_pq_threads **out, struct tr_err *err) TR_CHECKED;
void tr_pq_threads_free(struct tr_pq_threads *t);
/* Do items 0 .. items - 1 and return when all are done. Of several errors the one of the
 * lowest item is reported, whatever the timing; after an error items may be left out. */
bool tr_pq_threads_run(struct tr_pq_threads *t, tr_pq_job *job, void *context, size_t items,
	struct tr_err *err) TR_CHECKED;

#endif
