#include "lake/lake_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "data/name.h"

bool tr_lake_name(const char *dataset, struct tr_err *err)
{
	if (tr_name_is_dataset(dataset))
		return true;
	tr_err_set(err, TR_ERR_USER, "`%.200s` is not a dataset's name", dataset);
	return tr_err_hint(err,
		"names are made of a-z, 0-9 and _, begin with a letter, and have at most %d "
		"bytes; `tailrace datasets` lists what is published",
		TR_NAME_MAX);
}

void tr_lake_manifest_key(const char *dataset, uint64_t version, const char *suffix, char out[TR_KEY_MAX])
{
	snprintf(out, TR_KEY_MAX, TR_META "%s/manifests/%020llu%s", dataset, (unsigned long long)version,
		suffix);
}

uint64_t tr_lake_manifest_number(const char *key, const char *suffix)
{
	const char *slash = strrchr(key, '/');
	const char *name = slash ? slash + 1 : key;
	if (strspn(name, "0123456789") != 20 || strcmp(name + 20, suffix) != 0)
		return 0;
	uint64_t number = 0;
	for (int i = 0; i < 20; i++)
		if (__builtin_mul_overflow(number, 10, &number) ||
			__builtin_add_overflow(number, (uint64_t)(name[i] - '0'), &number))
			return 0;
	return number <= INT64_MAX ? number : 0;
}

void tr_lake_run_key(const char *dataset, const char *run_id, const char *suffix, char out[TR_KEY_MAX])
{
	snprintf(out, TR_KEY_MAX, TR_META "%s/runs/%s%s", dataset, run_id, suffix);
}

void tr_lake_data_prefix(const char *dataset, const char *run_id, char out[TR_KEY_MAX])
{
	snprintf(out, TR_KEY_MAX, "%s/%s/", dataset, run_id);
}

/* `20261122t193827123456z-9f3a01c27b55`: UTC to the microsecond, and chance. */
#define RUN_ID_SHAPE "ddddddddtddddddddddddz-xxxxxxxxxxxx"

void tr_run_id_new(char *buf)
{
	uint64_t chance = 0;
	int64_t now = tr_clock_wall_us();
	time_t seconds = (time_t)(now / 1000000);
	struct tm tm;
	/* Without the kernel's random numbers the clock has to do: commits are safe even
	 * for two runs of one id, since they go by put-if-absent. */
	if (getrandom(&chance, sizeof chance, 0) != (ssize_t)sizeof chance)
		chance = (uint64_t)tr_clock_monotonic_us();
	gmtime_r(&seconds, &tm);
	char text[96]; /* room for any int: tm's fields are no wider than they should be */
	snprintf(text, sizeof text, "%04d%02d%02dt%02d%02d%02d%06dz-%012llx", (tm.tm_year + 1900) % 10000,
		tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(now % 1000000),
		(unsigned long long)(chance & 0xFFFFFFFFFFFFu));
	tr_copy_text(buf, TR_RUN_ID_TEXT, text);
}

static bool has_shape(const char *text, size_t n)
{
	if (n != strlen(RUN_ID_SHAPE))
		return false;
	for (size_t i = 0; i < n; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9', letter = text[i] >= 'a' && text[i] <= 'f';
		char shape = RUN_ID_SHAPE[i];
		if (shape == 'd' ? !digit : shape == 'x' ? !digit && !letter : text[i] != shape)
			return false;
	}
	return true;
}

bool tr_lake_run_of(const char *key, const char *dataset, char out[TR_RUN_ID_TEXT])
{
	size_t n = strlen(dataset);
	if (strncmp(key, dataset, n) != 0 || key[n] != '/')
		return false;
	const char *run = key + n + 1;
	const char *end = strchr(run, '/');
	if (!end || !has_shape(run, (size_t)(end - run)))
		return false;
	memcpy(out, run, (size_t)(end - run));
	out[end - run] = '\0';
	return true;
}
