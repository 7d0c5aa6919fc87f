/* Sending events; a NULL receiver, or one without a callback, hears nothing. */
#ifndef TR_BASE_EMIT_H
#define TR_BASE_EMIT_H

#include "base/err.h"
#include "tailrace/event.h"

void tr_emit(const struct tr_events *events, const struct tr_event *event);
void tr_emit_text(const struct tr_events *events, enum tr_event_kind kind, const char *dataset,
	const char *fmt, ...) TR_PRINTF(4, 5);

#endif
