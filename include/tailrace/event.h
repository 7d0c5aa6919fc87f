/*
 * Events: how the library tells of progress and notices. It never prints; the
 * caller gives one callback, which may be called from several threads at once.
 */
#ifndef TAILRACE_EVENT_H
#define TAILRACE_EVENT_H

#include <stdint.h>

enum tr_event_kind {
	TR_EVENT_STAGE,    /* a dataset entered a stage: text is its name (extract, audit, publish ...) */
	TR_EVENT_PROGRESS, /* counters moved */
	TR_EVENT_NOTICE,   /* something worth a line */
	TR_EVENT_WARNING,  /* something to mend */
	TR_EVENT_DONE,     /* a dataset is published: text names the version */
	TR_EVENT_FAILED,   /* a dataset failed: text is the error's `what` */
};

/* Borrowed for the length of the call. */
struct tr_event {
	enum tr_event_kind kind;
	const char *dataset; /* NULL: of the whole run */
	const char *text;    /* one line; NULL for progress */
	uint64_t rows_read, rows_written;
	uint64_t bytes_read, bytes_written;
	uint64_t rows_expected; /* 0: unknown */
};

struct tr_events {
	void (*emit)(void *context, const struct tr_event *event);
	void *context;
};

#endif
