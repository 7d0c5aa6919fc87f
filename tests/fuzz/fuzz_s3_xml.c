/*
 * S3's listings: whatever the text, the reader ends with a page whose entries all have keys, or
 * with an error; a batch delete's answer likewise. What is taken is not taken without its last byte.
 */
#include <stdlib.h>
#include <string.h>

#include "io/s3_xml.h"
#include "io/xml.h"

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Whether it is a whole document. */
static bool walk(const char *xml, size_t n)
{
	struct tr_xml x;
	struct tr_err err = { 0 };
	bool ok = true, ended = true;
	size_t elements = 0;
	tr_xml_init(&x, xml, n);
	for (; ok && ended; elements++) {
		ok = tr_xml_next(&x, &ended, &err);
		must(ok == (err.kind == TR_ERR_NONE) && (ok || !ended));
		if (!ended)
			continue;
		must(x.name[0] && strlen(x.name) < TR_XML_NAME && strlen(x.parent) < TR_XML_NAME);
		must(!x.text || strlen(x.text) < TR_XML_TEXT);
	}
	/* Each takes two tags, or one of four bytes. */
	must(elements <= n / 4 + 1);
	must(tr_xml_next(&x, &ended, &err) == ok && !ended);
	tr_xml_clear(&x);
	return ok;
}

static bool list(const char *xml, size_t n)
{
	struct tr_err err = { 0 };
	struct tr_s3_page page;
	bool ok = tr_s3_page_parse(xml, n, &page, &err);
	must(ok == (err.kind == TR_ERR_NONE) && (ok || err.what[0]));
	must(!ok || (page.token && page.key_marker && page.upload_marker));
	for (size_t i = 0; ok && i < page.n; i++)
		must(page.items[i].key && page.items[i].bytes <= INT64_MAX);
	tr_s3_page_clear(&page);
	return ok;
}

static bool removed(const char *xml, size_t n)
{
	struct tr_err err = { 0 };
	struct tr_s3_delete_error failed;
	bool ok = tr_s3_delete_result(xml, n, &failed, &err);
	must(ok == (err.kind == TR_ERR_NONE) && (ok || err.what[0]));
	return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *xml = (const char *)data;
	bool whole = walk(xml, size), listing = list(xml, size), result = removed(xml, size);
	must(whole || !(listing || result));
	must(!(listing && result));
	while (size && strchr(" \t\r\n", data[size - 1]) && data[size - 1])
		size--;
	must(!whole || (size && !walk(xml, size - 1)));
	must(!listing || !list(xml, size - 1));
	must(!result || !removed(xml, size - 1));
	return 0;
}
