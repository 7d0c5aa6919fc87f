/*
 * Prefetching: a stream pulled by a thread of its own, some batches ahead, so that its
 * producer (Postgres, the engine) and its consumer (the encoder) work at the same time.
 */
#ifndef TR_RUN_PREFETCH_H
#define TR_RUN_PREFETCH_H

#include "base/cancel.h"
#include "data/stream.h"

/* One waits while one is made and one is used: more costs memory (docs, "Memory") and no
 * time was gained by it. */
#define TR_PREFETCH_BATCHES 1

/* Wrap a stream; takes `in` over, also on failure. Errors come out whole, behind the
 * batches that were read before them. Releasing the result ends the thread: `stop`, where
 * not NULL, is called first to unblock a producer that may be waiting. */
struct tr_prefetch_stop {
	void (*stop)(void *context);
	void *context;
};
bool tr_prefetch(struct ArrowArrayStream *in, const struct tr_prefetch_stop *stop,
	struct ArrowArrayStream *out, struct tr_err *err) TR_CHECKED;

#endif
