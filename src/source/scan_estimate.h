/*
 * What Postgres's planner says of a scan before it is run: how much it would send, and whether its
 * condition is understood, and is one. Reads no rows.
 */
#ifndef TR_SOURCE_SCAN_ESTIMATE_H
#define TR_SOURCE_SCAN_ESTIMATE_H

#include "source/session.h"

struct tr_scan_estimate {
	double rows;   /* 0 .. 1e11 */
	int64_t width; /* bytes of a row's values, on average; 0 .. 1e6 */
};

/* `pg` is idle, and idle again afterwards. A lock is waited for as long as a session would. Errors:
 * what Postgres says of the condition or the view (user), a lock (transient). */
bool tr_scan_estimate(struct tr_pg *pg, const struct tr_scan *scan, int64_t lock_timeout_ms,
	struct tr_scan_estimate *out, struct tr_err *err) TR_CHECKED;

#endif
