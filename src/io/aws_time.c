#include "io/aws_time.h"

#include <string.h>

#include "data/literal.h"

#define TEXT_MAX 64
#define FRACTION_DIGITS 6

bool tr_aws_time(const char *text, int64_t *us)
{
	char zulu[TEXT_MAX];
	union tr_literal value;
	size_t n = strlen(text);
	if (n >= sizeof zulu)
		return false;
	memcpy(zulu, text, n + 1);
	char *dot = strchr(zulu, '.');
	size_t digits = dot ? strspn(dot + 1, "0123456789") : 0;
	if (digits > FRACTION_DIGITS) {
		char *from = dot + 1 + digits;
		memmove(dot + 1 + FRACTION_DIGITS, from, strlen(from) + 1);
		n -= digits - FRACTION_DIGITS;
	}
	if (n > 3 && strcmp(zulu + n - 3, "UTC") == 0) { /* as early CLIs wrote it */
		n -= 2;
		zulu[n - 1] = 'Z';
	}
	if (!tr_literal_parse((struct tr_type){ .kind = TR_TIMESTAMPTZ }, zulu, n, &value))
		return false;
	*us = value.int64;
	return true;
}
