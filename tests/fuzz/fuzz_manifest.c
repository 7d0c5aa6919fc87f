/*
 * Manifests: whatever the text, the parser ends with a manifest or an error that has a
 * hint; and what it takes is written and read again to the same text.
 */
#include <stdlib.h>
#include <string.h>

#include "lake/manifest.h"

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tr_manifest m, again;
	struct tr_err err = { 0 };
	if (!tr_manifest_parse((const char *)data, size, &m, &err)) {
		must(err.kind != TR_ERR_NONE && err.what[0] && err.hint[0]);
		return 0;
	}
	char *first = tr_manifest_format(&m, &err);
	must(first && tr_manifest_parse(first, strlen(first), &again, &err));
	char *second = tr_manifest_format(&again, &err);
	must(second && strcmp(first, second) == 0);
	struct tr_schema columns;
	if (tr_manifest_columns(&m, &columns, &err))
		tr_schema_clear(&columns);
	free(first);
	free(second);
	tr_manifest_clear(&m);
	tr_manifest_clear(&again);
	return 0;
}
