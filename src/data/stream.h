/*
 * Streams: ArrowArrayStream with our errors carried through.
 *
 * A producer implements tr_stream_ops; tr_stream_init wraps it in the Arrow ABI.
 * A consumer calls tr_stream_next, which hands back the producer's whole tr_err
 * where the stream is one of ours, and its text where it is someone else's.
 */
#ifndef TR_DATA_STREAM_H
#define TR_DATA_STREAM_H

#include "data/schema.h"

struct tr_stream_ops {
	/* The next batch, owned by the caller. End of stream: true with out->release == NULL. */
	bool (*next)(void *self, struct ArrowArray *out, struct tr_err *err);
	void (*free)(void *self);
};

/* Make *out a stream over `self`, which it owns from then on (also on failure).
 * The schema is copied. */
bool tr_stream_init(struct ArrowArrayStream *out, const struct tr_schema *schema,
	const struct tr_stream_ops *ops, void *self, struct tr_err *err) TR_CHECKED;

/* Pull a batch. End: true with out->release == NULL. */
bool tr_stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out, struct tr_err *err) TR_CHECKED;
/* The stream's columns into an initialised, empty schema. */
bool tr_stream_schema(struct ArrowArrayStream *stream, struct tr_schema *out, struct tr_err *err) TR_CHECKED;
/* Release it if it is not released yet; safe to repeat. */
void tr_stream_clear(struct ArrowArrayStream *stream);
void tr_batch_clear(struct ArrowArray *batch);
/* *dst takes over, *src is empty afterwards (C data interface: "moving an array"). */
void tr_batch_move(struct ArrowArray *dst, struct ArrowArray *src);

#endif
