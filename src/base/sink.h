/*
 * A sink takes a stream of bytes and makes it one object. Nothing is visible under
 * the object's name before commit; abort (or free without commit) leaves nothing.
 * Encoders write to sinks; stores hand them out.
 */
#ifndef TR_BASE_SINK_H
#define TR_BASE_SINK_H

#include <stdint.h>

#include "base/err.h"

/* A checksum with its algorithm: `xxh3:0123456789abcdef`, `crc64nvme:AAAAAAAAAAA=`. */
#define TR_CHECKSUM_TEXT 96

struct tr_sink;
struct tr_sink_ops {
	bool (*write)(struct tr_sink *sink, const void *bytes, size_t n, struct tr_err *err);
	bool (*commit)(struct tr_sink *sink, struct tr_err *err);
	void (*free)(struct tr_sink *sink); /* aborts what is not committed */
	/* Begin to commit, without waiting for it: nothing is written any more, and commit waits
	 * for the end and tells it. Freed instead, the object may be there: who named it removes
	 * it. NULL: commit does all. */
	bool (*start_commit)(struct tr_sink *sink, struct tr_err *err);
};

/* Embedded as the first member of an implementation. */
struct tr_sink {
	const struct tr_sink_ops *ops;
	uint64_t bytes; /* written so far; kept by tr_sink_write */
	size_t memory;  /* that it holds now, about; kept by the implementation */
	/* Set by commit: the store's checksum over what was written; "" where it has none. */
	char checksum[TR_CHECKSUM_TEXT];
};

static inline bool tr_sink_write(struct tr_sink *sink, const void *bytes, size_t n, struct tr_err *err)
{
	if (!sink->ops->write(sink, bytes, n, err))
		return false;
	sink->bytes += n;
	return true;
}

static inline bool tr_sink_commit(struct tr_sink *sink, struct tr_err *err)
{
	return sink->ops->commit(sink, err);
}

static inline void tr_sink_free(struct tr_sink *sink)
{
	if (sink)
		sink->ops->free(sink);
}

#endif
