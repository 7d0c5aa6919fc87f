#include <errno.h>
#include <poll.h>
#include <sys/random.h>

#include "base/clock.h"
#include "io/http_internal.h"

#define LONGEST_WAIT_MS 20000
#define LONGEST_RETRY_AFTER_S 60

/* A number below `limit`, evenly spread; many processes that failed together must not agree. */
static int64_t random_below(int64_t limit)
{
	uint64_t bits;
	if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits)
		bits = (uint64_t)tr_clock_monotonic_us() * 0x9E3779B97F4A7C15u;
	return limit > 0 ? (int64_t)(bits % (uint64_t)limit) : 0;
}

static bool take_budget(struct tr_http *http)
{
	int left = atomic_load(&http->budget);
	do {
		if (left < TR_HTTP_RETRY_COST)
			return false;
	} while (!atomic_compare_exchange_weak(&http->budget, &left, left - TR_HTTP_RETRY_COST));
	return true;
}

void tr_http_succeeded(struct tr_http *http)
{
	int left = atomic_load(&http->budget), full;
	do {
		full = left + TR_HTTP_RETRY_COST;
		if (full > TR_HTTP_BUDGET)
			full = TR_HTTP_BUDGET;
	} while (!atomic_compare_exchange_weak(&http->budget, &left, full));
}

bool tr_http_again(struct tr_http *http, int attempt, int64_t retry_after_s, bool *again, struct tr_err *err)
{
	*again = false;
	if (attempt + 1 >= http->attempts || retry_after_s > LONGEST_RETRY_AFTER_S || !take_budget(http))
		return true;
	int64_t most_ms = http->backoff_ms << (attempt < 16 ? attempt : 16);
	int64_t wait_us = random_below((most_ms < LONGEST_WAIT_MS ? most_ms : LONGEST_WAIT_MS) * 1000);
	if (wait_us < retry_after_s * 1000000)
		wait_us = retry_after_s * 1000000;
	int64_t until_us = tr_clock_monotonic_us() + wait_us;
	struct pollfd fd = { .fd = tr_cancel_fd(http->cancel), .events = POLLIN };
	for (int64_t left_us = wait_us; left_us > 0; left_us = until_us - tr_clock_monotonic_us()) {
		if (tr_cancel_raised(http->cancel))
			break;
		if (poll(&fd, fd.fd >= 0, (int)((left_us + 999) / 1000)) < 0 && errno != EINTR)
			break;
	}
	if (tr_cancel_raised(http->cancel))
		return tr_cancel_err(err);
	*again = true;
	return true;
}

int64_t tr_http_clock_offset_us(const struct tr_http *http)
{
	return atomic_load(&http->clock_offset_us);
}

void tr_http_set_clock_offset(struct tr_http *http, int64_t offset_us)
{
	atomic_store(&http->clock_offset_us, offset_us);
}
