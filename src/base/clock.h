/* Time: the wall clock for stamps, the monotonic clock for durations. */
#ifndef TR_BASE_CLOCK_H
#define TR_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t tr_clock_wall_us(void);      /* microseconds since 1970-01-01 UTC */
int64_t tr_clock_monotonic_us(void); /* microseconds since some start */

/* `2026-11-22T19:12:49.123456Z`; buf has TR_CLOCK_TEXT bytes. */
#define TR_CLOCK_TEXT 40
void tr_clock_iso(int64_t wall_us, char *buf);

#endif
