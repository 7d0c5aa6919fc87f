#include "cli/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *tr_units_count(int64_t n, char *buf)
{
	char digits[24];
	snprintf(digits, sizeof digits, "%" PRId64, n);
	size_t len = strlen(digits), sign = n < 0, at = 0;
	for (size_t i = 0; i < len; i++) {
		if (i > sign && (len - i) % 3 == 0)
			buf[at++] = ',';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
	return buf;
}

const char *tr_units_bytes(uint64_t bytes, char *buf)
{
	static const char *const UNITS[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)bytes;
	size_t unit = 0;
	while (value >= 999.95 && unit + 1 < sizeof UNITS / sizeof UNITS[0]) {
		value /= 1000;
		unit++;
	}
	snprintf(buf, TR_UNITS_TEXT, unit == 0 ? "%.0f %s" : "%.1f %s", value, UNITS[unit]);
	return buf;
}

const char *tr_units_memory(uint64_t bytes, char *buf)
{
	snprintf(buf, TR_UNITS_TEXT, "%" PRIu64 " MiB", (bytes + ((uint64_t)1 << 19)) >> 20);
	return buf;
}

const char *tr_units_seconds(double seconds, char *buf)
{
	if (seconds < 0)
		seconds = 0;
	if (seconds < 9.995)
		snprintf(buf, TR_UNITS_TEXT, "%.2f s", seconds);
	else if (seconds < 59.95)
		snprintf(buf, TR_UNITS_TEXT, "%.1f s", seconds);
	else if (seconds < 3600)
		snprintf(buf, TR_UNITS_TEXT, "%d min %d s", (int)(seconds / 60), (int)seconds % 60);
	else
		snprintf(buf, TR_UNITS_TEXT, "%.0f h %d min", (double)(int64_t)(seconds / 3600),
			(int)((int64_t)seconds / 60 % 60));
	return buf;
}

const char *tr_units_ago(int64_t seconds, char *buf)
{
	if (seconds < 0)
		snprintf(buf, TR_UNITS_TEXT, "in the future");
	else if (seconds < 60)
		snprintf(buf, TR_UNITS_TEXT, "%d s ago", (int)seconds);
	else if (seconds < 3600)
		snprintf(buf, TR_UNITS_TEXT, "%d min ago", (int)(seconds / 60));
	else if (seconds < 2 * 86400)
		snprintf(buf, TR_UNITS_TEXT, "%d h ago", (int)(seconds / 3600));
	else
		snprintf(buf, TR_UNITS_TEXT, "%" PRId64 " days ago", seconds / 86400);
	return buf;
}

bool tr_units_parse_bytes(const char *text, uint64_t *out)
{
	static const struct {
		const char *name;
		double factor;
	} units[] = { { "", 1 }, { "B", 1 }, { "kB", 1e3 }, { "KB", 1e3 }, { "MB", 1e6 }, { "GB", 1e9 },
		{ "TB", 1e12 }, { "KiB", 0x1p10 }, { "MiB", 0x1p20 }, { "GiB", 0x1p30 }, { "TiB", 0x1p40 } };
	if (*text < '0' || *text > '9' || strpbrk(text, "xXeEpP"))
		return false;
	char *end;
	double number = strtod(text, &end);
	end += strspn(end, " ");
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		double bytes = number * units[i].factor;
		if (strcmp(end, units[i].name) != 0 || bytes < 1 || bytes > 0x1p62)
			continue;
		*out = (uint64_t)ceil(bytes);
		return true;
	}
	return false;
}
