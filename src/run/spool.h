/*
 * A spool: an input that several datasets use, read from Postgres once and kept in a
 * nameless file until the run ends. Postgres is asked for the union of the columns.
 */
#ifndef TR_RUN_SPOOL_H
#define TR_RUN_SPOOL_H

#include "base/cancel.h"
#include "data/stream.h"

struct tr_spool;

/* Read the stream to its end into a file in `folder` of at most `limit` bytes (0: no limit).
 * Takes `in` over, also on failure. */
bool tr_spool_fill(struct ArrowArrayStream *in, const char *folder, uint64_t limit,
	const struct tr_cancel *cancel, struct tr_spool **out, struct tr_err *err) TR_CHECKED;
void tr_spool_free(struct tr_spool *s);

/* A stream of some of its columns, in the order given. Any number may be open at once;
 * rows and bytes (may be NULL) are added to as batches are read. */
bool tr_spool_open(struct tr_spool *s, const size_t *columns, size_t n, _Atomic uint64_t *rows,
	_Atomic uint64_t *bytes, struct ArrowArrayStream *out, struct tr_err *err) TR_CHECKED;

#endif
