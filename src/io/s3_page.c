/* Pages of listings, out of S3's XML. */
#include "io/s3_xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/datetime.h"

#define PAGE_MAX 10000

bool tr_s3_time(const char *text, int64_t *us)
{
	int year, month, day, hour, minute, second, used = 0;
	if (strspn(text, "0123456789-") != 10 ||
		sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second,
			&used) != 6 ||
		used != 19)
		return false;
	if (month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 ||
		minute > 59 || second < 0 || second > 60)
		return false;
	int64_t fraction = 0, unit = 100000;
	const char *p = text + used;
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9'; p++, unit /= 10)
			fraction += (*p - '0') * unit;
	if (strcmp(p, "Z") != 0)
		return false;
	*us = tr_days_from_civil(year, month, day) * TR_DAY_US +
		((hour * INT64_C(60) + minute) * 60 + second) * 1000000 + fraction;
	return true;
}

struct page_parser {
	struct tr_s3_page *page;
	struct tr_s3_entry entry; /* the one being read */
	bool url;                 /* keys are percent-encoded */
	bool listing;             /* it is one, be it empty: gc must not take a proxy's page for that */
};

static bool is_listing(const char *name)
{
	return strcmp(name, "ListBucketResult") == 0 || strcmp(name, "ListMultipartUploadsResult") == 0;
}

static bool set_text(char **field, const char *text, struct tr_err *err)
{
	free(*field);
	*field = tr_strdup(text, err);
	return *field != NULL;
}

static bool entry_leaf(struct page_parser *x, bool upload, const char *name, const char *text,
	struct tr_err *err)
{
	struct tr_s3_entry *e = &x->entry;
	if (strcmp(name, "Key") == 0)
		return set_text(&e->key, text, err);
	if (strcmp(name, "UploadId") == 0)
		return set_text(&e->upload_id, text, err);
	if (strcmp(name, upload ? "Initiated" : "LastModified") == 0 && !tr_s3_time(text, &e->modified_us))
		return tr_err_set(err, TR_ERR_INTERNAL, "`%.100s` is no time in a listing of S3", text);
	if (strcmp(name, "Size") == 0) {
		char *rest;
		e->bytes = strtoull(text, &rest, 10);
		if (strspn(text, "0123456789") != strlen(text) || !*text || e->bytes > INT64_MAX)
			return tr_err_set(err, TR_ERR_INTERNAL, "`%.100s` is no size in a listing of S3",
				text);
	}
	return true;
}

static bool page_leaf(void *context, const char *parent, const char *name, const char *text,
	struct tr_err *err)
{
	struct page_parser *x = context;
	bool upload = strcmp(parent, "Upload") == 0;
	if (upload || strcmp(parent, "Contents") == 0)
		return entry_leaf(x, upload, name, text, err);
	x->listing = x->listing || is_listing(name);
	if (!is_listing(parent))
		return true;
	if (strcmp(name, "IsTruncated") == 0)
		x->page->truncated = strcmp(text, "true") == 0;
	else if (strcmp(name, "EncodingType") == 0)
		x->url = strcmp(text, "url") == 0;
	else if (strcmp(name, "NextContinuationToken") == 0)
		return set_text(&x->page->token, text, err);
	else if (strcmp(name, "NextKeyMarker") == 0)
		return set_text(&x->page->key_marker, text, err);
	else if (strcmp(name, "NextUploadIdMarker") == 0)
		return set_text(&x->page->upload_marker, text, err);
	return true;
}

static bool page_end(void *context, const char *name, struct tr_err *err)
{
	struct page_parser *x = context;
	struct tr_s3_page *page = x->page;
	bool upload = strcmp(name, "Upload") == 0;
	x->listing = x->listing || is_listing(name);
	if (!upload && strcmp(name, "Contents") != 0)
		return true;
	if (!x->entry.key || (upload && !x->entry.upload_id))
		return tr_err_set(err, TR_ERR_INTERNAL, "an entry without a key in a listing of S3");
	if (page->n >= PAGE_MAX)
		return tr_err_set(err, TR_ERR_INTERNAL, "a page of a listing of S3 has more than %d keys",
			PAGE_MAX);
	if (!tr_array_grow((void **)&page->items, page->n, &page->cap, sizeof *page->items, err))
		return false;
	page->items[page->n++] = x->entry;
	x->entry = (struct tr_s3_entry){ 0 };
	return true;
}

static int hex(char c)
{
	return c >= '0' && c <= '9'    ? c - '0'
		: c >= 'a' && c <= 'f' ? c - 'a' + 10
		: c >= 'A' && c <= 'F' ? c - 'A' + 10
				       : -1;
}

/* Percent-decode in place, as encoding-type=url has it: a space is `+`. */
static void decode(char *text)
{
	char *out = text;
	for (; *text; text++) {
		int high = *text == '%' ? hex(text[1]) : -1, low = high >= 0 ? hex(text[2]) : -1;
		if (low >= 0 && (high | low) != 0) {
			*out++ = (char)(high << 4 | low);
			text += 2;
		} else {
			*out++ = *text == '+' ? ' ' : *text;
		}
	}
	*out = '\0';
}

bool tr_s3_page_parse(const char *xml, size_t n, struct tr_s3_page *out, struct tr_err *err)
{
	*out = (struct tr_s3_page){ 0 };
	struct page_parser x = { .page = out };
	const struct tr_xml_walk walk = { page_leaf, page_end, &x };
	bool ok = tr_xml_walk(xml, n, &walk, err);
	free(x.entry.key);
	free(x.entry.upload_id);
	if (ok && !x.listing) {
		ok = tr_err_set(err, TR_ERR_INTERNAL, "the server's answer is not a listing of S3");
		tr_err_hint(err, "check that s3.endpoint is the address of an S3 server");
	}
	ok = ok && (out->token || (out->token = tr_strdup("", err)) != NULL) &&
		(out->key_marker || (out->key_marker = tr_strdup("", err)) != NULL) &&
		(out->upload_marker || (out->upload_marker = tr_strdup("", err)) != NULL);
	if (ok && x.url) {
		for (size_t i = 0; i < out->n; i++)
			decode(out->items[i].key);
		decode(out->key_marker);
	}
	return ok;
}

void tr_s3_page_clear(struct tr_s3_page *page)
{
	for (size_t i = 0; i < page->n; i++) {
		free(page->items[i].key);
		free(page->items[i].upload_id);
	}
	free(page->items);
	free(page->token);
	free(page->key_marker);
	free(page->upload_marker);
	*page = (struct tr_s3_page){ 0 };
}

/* ---- DeleteObjects ---- */

static bool delete_leaf(void *context, const char *parent, const char *name, const char *text,
	struct tr_err *err)
{
	struct tr_s3_delete_error *out = context;
	(void)err;
	if (out->failed || strcmp(parent, "Error") != 0)
		return true;
	if (strcmp(name, "Key") == 0)
		tr_copy_text(out->key, sizeof out->key, text);
	else if (strcmp(name, "Code") == 0)
		tr_copy_text(out->code, sizeof out->code, text);
	else if (strcmp(name, "Message") == 0)
		tr_copy_text(out->message, sizeof out->message, text);
	return true;
}

static bool delete_end(void *context, const char *name, struct tr_err *err)
{
	struct tr_s3_delete_error *out = context;
	(void)err;
	if (strcmp(name, "Error") == 0 && !out->failed)
		out->failed = true;
	return true;
}

bool tr_s3_delete_result(const char *xml, size_t n, struct tr_s3_delete_error *out, struct tr_err *err)
{
	*out = (struct tr_s3_delete_error){ 0 };
	const struct tr_xml_walk walk = { delete_leaf, delete_end, out };
	return tr_xml_walk(xml, n, &walk, err);
}
