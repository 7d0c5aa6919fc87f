#include "fmt/json_text.h"

#include <stdlib.h>

#include "base/mem.h"

char *tr_json_text(const json_t *value, size_t flags, struct tr_err *err)
{
	size_t n = value ? json_dumpb(value, NULL, 0, flags | JSON_ENCODE_ANY) : 0;
	if (n == 0) {
		tr_err_memory(err, n);
		return NULL;
	}
	char *text = tr_malloc(n + 1, err);
	if (!text)
		return NULL;
	if (json_dumpb(value, text, n, flags | JSON_ENCODE_ANY) != n) {
		free(text);
		tr_err_memory(err, n);
		return NULL;
	}
	text[n] = '\0';
	return text;
}
