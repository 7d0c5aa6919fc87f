/* Holding all scans of a session together below a number of bytes a second. */
#ifndef TR_SOURCE_THROTTLE_H
#define TR_SOURCE_THROTTLE_H

#include <pthread.h>
#include <stdint.h>

#include "base/cancel.h"

struct tr_throttle {
	pthread_mutex_t lock;
	uint64_t rate;   /* bytes a second; 0: unlimited */
	int64_t free_us; /* monotonic time at which all that was taken so far is paid for */
};

void tr_throttle_init(struct tr_throttle *t, uint64_t rate);
void tr_throttle_clear(struct tr_throttle *t);
/* Account for n bytes that were read, and wait until the rate allows for more. A wait ends
 * at once when the run is cancelled: TR_ERR_CANCELLED. */
bool tr_throttle_take(struct tr_throttle *t, uint64_t n, const struct tr_cancel *cancel,
	struct tr_err *err) TR_CHECKED;

#endif
