#include "base/emit.h"

#include <stdio.h>

void tr_emit(const struct tr_events *events, const struct tr_event *event)
{
	if (events && events->emit)
		events->emit(events->context, event);
}

void tr_emit_text(const struct tr_events *events, enum tr_event_kind kind, const char *dataset,
	const char *fmt, ...)
{
	char text[1024];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	tr_emit(events, &(struct tr_event){ .kind = kind, .dataset = dataset, .text = text });
}
