#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t tr_clock_wall_us(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t tr_clock_monotonic_us(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void tr_clock_iso(int64_t wall_us, char *buf)
{
	int64_t micros = wall_us % 1000000;
	time_t seconds = (time_t)(wall_us / 1000000);
	if (micros < 0) {
		micros += 1000000;
		seconds--;
	}
	struct tm tm;
	char date[32];
	gmtime_r(&seconds, &tm);
	strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf, TR_CLOCK_TEXT, "%s.%06dZ", date, (int)micros);
}
