/*
 * S3's listings: whatever the text, the parser ends with a page whose entries all have keys, or
 * with an error; a batch delete's answer likewise.
 */
#include <stdlib.h>
#include <string.h>

#include "io/s3_xml.h"

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tr_err err = { 0 };
	struct tr_s3_page page;
	struct tr_s3_delete_error failed;
	if (tr_s3_page_parse((const char *)data, size, &page, &err)) {
		must(err.kind == TR_ERR_NONE && page.token && page.key_marker && page.upload_marker);
		for (size_t i = 0; i < page.n; i++)
			must(page.items[i].key && page.items[i].bytes <= INT64_MAX);
	} else {
		must(err.kind != TR_ERR_NONE && err.what[0]);
	}
	tr_s3_page_clear(&page);
	memset(&err, 0, sizeof err);
	if (!tr_s3_delete_result((const char *)data, size, &failed, &err))
		must(err.kind != TR_ERR_NONE && err.what[0]);
	return 0;
}
