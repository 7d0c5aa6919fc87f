/* A stream with a column put behind its own that is true in every row: how the presence of
 * a side travels through an outer join (design.md §1). */
#ifndef TR_RUN_PRESENCE_H
#define TR_RUN_PRESENCE_H

#include "data/stream.h"

/* Add `name` at `position` of the stream's columns. Takes `in` over, also on failure. */
bool tr_presence(struct ArrowArrayStream *in, const char *name, size_t position, struct ArrowArrayStream *out,
	struct tr_err *err) TR_CHECKED;

#endif
