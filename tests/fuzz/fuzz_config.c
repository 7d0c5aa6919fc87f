/* The configuration from any bytes: no crash, no leak; an answer, and mistakes in the file's bounds. */
#include <stdlib.h>
#include <string.h>

#include "plan/config.h"

/* libfyaml 0.7 leaks 1 KiB for a text of nothing but doubled quotes (`''''''''''''`): its own memory. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml";
}

/* Some variables are set, one of them with content that must not become structure. */
static const char *environment(void *context, const char *name)
{
	(void)context;
	if (strlen(name) % 3 == 0)
		return NULL;
	return strlen(name) % 3 == 1 ? "" : "x: [ ${A} }\n- \"";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tr_config config;
	struct tr_errs errs;
	tr_errs_init(&errs);
	bool ok = tr_config_parse((const char *)data, size, "/project/tailrace.yaml", environment, NULL,
		&config, &errs);
	if (ok != (errs.n == 0))
		abort();
	for (size_t i = 0; i < errs.n; i++)
		if (errs.items[i].kind != TR_ERR_USER || !errs.items[i].what[0] || !errs.items[i].hint[0] ||
			errs.items[i].place.line < 1 || errs.items[i].place.column < 1)
			abort();
	if (ok)
		tr_config_clear(&config);
	tr_errs_clear(&errs);
	return 0;
}
