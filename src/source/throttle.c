#include "source/throttle.h"

#include <poll.h>

#include "base/clock.h"

/* What an idle moment may be made up for with: a tenth of a second's bytes. */
#define BURST_US 100000

void tr_throttle_init(struct tr_throttle *t, uint64_t rate)
{
	*t = (struct tr_throttle){ .rate = rate };
	pthread_mutex_init(&t->lock, NULL);
}

void tr_throttle_clear(struct tr_throttle *t)
{
	pthread_mutex_destroy(&t->lock);
}

static int64_t wait_until(struct tr_throttle *t, uint64_t n)
{
	pthread_mutex_lock(&t->lock);
	int64_t now = tr_clock_monotonic_us();
	if (t->free_us < now - BURST_US)
		t->free_us = now - BURST_US;
	t->free_us += (int64_t)((double)n * 1e6 / (double)t->rate);
	int64_t until = t->free_us;
	pthread_mutex_unlock(&t->lock);
	return until;
}

bool tr_throttle_take(struct tr_throttle *t, uint64_t n, const struct tr_cancel *cancel, struct tr_err *err)
{
	if (t->rate == 0)
		return true;
	int64_t until = wait_until(t, n);
	for (;;) {
		if (tr_cancel_raised(cancel))
			return tr_cancel_err(err);
		int64_t left = until - tr_clock_monotonic_us();
		if (left <= 0)
			return true;
		struct pollfd fd = { .fd = tr_cancel_fd(cancel), .events = POLLIN };
		poll(&fd, 1, left > 60000000 ? 60000 : (int)(left / 1000) + 1);
	}
}
