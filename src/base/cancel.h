/*
 * Cancelling: one object a run, shared by all its threads. Raising it is safe in
 * a signal handler and from any thread; whoever waits on a socket polls
 * tr_cancel_fd beside it.
 */
#ifndef TR_BASE_CANCEL_H
#define TR_BASE_CANCEL_H

#include <stdatomic.h>

#include "base/err.h"

struct tr_cancel {
	atomic_bool raised;
	int fd; /* an eventfd, readable from the moment it is raised */
};

bool tr_cancel_init(struct tr_cancel *c, struct tr_err *err) TR_CHECKED;
void tr_cancel_clear(struct tr_cancel *c);
void tr_cancel_raise(struct tr_cancel *c); /* async-signal-safe */
void tr_cancel_reset(struct tr_cancel *c); /* for another run; nobody may be waiting on it */
/* NULL is allowed wherever a cancel is borrowed: it is never raised. */
bool tr_cancel_raised(const struct tr_cancel *c);
int tr_cancel_fd(const struct tr_cancel *c); /* -1 for NULL */
/* Sets TR_ERR_CANCELLED, "interrupted". Returns false. */
bool tr_cancel_err(struct tr_err *err);

#endif
