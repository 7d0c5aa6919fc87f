/* Listings and answers to batch deletes, out of S3's XML. */
#include "io/s3_xml.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "io/aws_time.h"
#include "io/xml.h"

#define PAGE_MAX 10000

static bool no_answer(const char *what, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_INTERNAL, "the server's answer is not %s of S3", what);
	return tr_err_hint(err, "check that s3.endpoint is the address of an S3 server");
}

/* The next element; what the answer should be is for the message. */
static bool next(struct tr_xml *xml, bool *ended, const char *what, struct tr_err *err)
{
	struct tr_err cause = { 0 };
	if (tr_xml_next(xml, ended, &cause))
		return true;
	no_answer(what, err);
	return tr_err_detail(err, "%s", cause.what);
}

/* ---- listings ---- */

struct page_parser {
	struct tr_s3_page *page;
	struct tr_s3_entry entry; /* the one being read */
	bool sized, timed;        /* it has a size, and a time */
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

static bool set_flag(bool *flag, const char *name, const char *text, struct tr_err *err)
{
	*flag = strcmp(text, "true") == 0;
	return *flag || strcmp(text, "false") == 0 ||
		tr_err_set(err, TR_ERR_INTERNAL, "%s is `%.100s` in a listing of S3", name, text);
}

static bool entry_field(struct page_parser *x, const struct tr_xml *field, struct tr_err *err)
{
	struct tr_s3_entry *e = &x->entry;
	const char *time = strcmp(field->parent, "Upload") == 0 ? "Initiated" : "LastModified";
	const char *text = field->text;
	if (strcmp(field->name, "Key") == 0)
		return set_text(&e->key, text, err);
	if (strcmp(field->name, "UploadId") == 0)
		return set_text(&e->upload_id, text, err);
	if (strcmp(field->name, time) == 0) {
		x->timed = tr_aws_time(text, &e->modified_us);
		return x->timed ||
			tr_err_set(err, TR_ERR_INTERNAL, "`%.100s` is no time in a listing of S3", text);
	}
	if (strcmp(field->name, "Size") == 0) {
		e->bytes = strtoull(text, NULL, 10);
		x->sized = *text && strspn(text, "0123456789") == strlen(text) && e->bytes <= INT64_MAX;
		return x->sized ||
			tr_err_set(err, TR_ERR_INTERNAL, "`%.100s` is no size in a listing of S3", text);
	}
	return true;
}

/* An object of unknown age or size must not look like an old or empty one. */
static bool end_entry(struct page_parser *x, bool upload, struct tr_err *err)
{
	struct tr_s3_page *page = x->page;
	const char *lacks = !x->entry.key       ? "a key"
		: !x->timed                     ? "a time"
		: upload && !x->entry.upload_id ? "an id"
		: !upload && !x->sized          ? "a size"
						: NULL;
	if (lacks)
		return tr_err_set(err, TR_ERR_INTERNAL, "an entry without %s in a listing of S3", lacks);
	if (page->n >= PAGE_MAX)
		return tr_err_set(err, TR_ERR_INTERNAL, "a page of a listing of S3 has more than %d keys",
			PAGE_MAX);
	if (!tr_array_grow((void **)&page->items, page->n, &page->cap, sizeof *page->items, err))
		return false;
	page->items[page->n++] = x->entry;
	x->entry = (struct tr_s3_entry){ 0 };
	x->sized = x->timed = false;
	return true;
}

static bool page_field(struct page_parser *x, const struct tr_xml *field, struct tr_err *err)
{
	if (strcmp(field->name, "IsTruncated") == 0)
		return set_flag(&x->page->truncated, field->name, field->text, err);
	if (strcmp(field->name, "EncodingType") == 0)
		x->url = strcmp(field->text, "url") == 0;
	else if (strcmp(field->name, "NextContinuationToken") == 0)
		return set_text(&x->page->token, field->text, err);
	else if (strcmp(field->name, "NextKeyMarker") == 0)
		return set_text(&x->page->key_marker, field->text, err);
	else if (strcmp(field->name, "NextUploadIdMarker") == 0)
		return set_text(&x->page->upload_marker, field->text, err);
	return true;
}

static bool page_element(struct page_parser *x, const struct tr_xml *ended, struct tr_err *err)
{
	bool upload = strcmp(ended->name, "Upload") == 0;
	if (!*ended->parent)
		x->listing = is_listing(ended->name);
	if (upload || strcmp(ended->name, "Contents") == 0)
		return end_entry(x, upload, err);
	if (!ended->text)
		return true;
	if (strcmp(ended->parent, "Upload") == 0 || strcmp(ended->parent, "Contents") == 0)
		return entry_field(x, ended, err);
	return !is_listing(ended->parent) || page_field(x, ended, err);
}

/* As encoding-type=url has it: a space is `+`. */
static void decode(char *text)
{
	for (char *p = text; *p; p++)
		if (*p == '+')
			*p = ' ';
	tr_percent_decode(text);
}

static bool read_page(struct page_parser *x, const char *text, size_t n, struct tr_err *err)
{
	static const char what[] = "a listing";
	struct tr_xml xml;
	bool ok = true, ended = true;
	tr_xml_init(&xml, text, n);
	while (ok && ended)
		ok = next(&xml, &ended, what, err) && (!ended || page_element(x, &xml, err));
	tr_xml_clear(&xml);
	free(x->entry.key);
	free(x->entry.upload_id);
	return ok && (x->listing || no_answer(what, err));
}

bool tr_s3_page_parse(const char *xml, size_t n, struct tr_s3_page *out, struct tr_err *err)
{
	*out = (struct tr_s3_page){ 0 };
	struct page_parser x = { .page = out };
	bool ok = read_page(&x, xml, n, err) && (out->token || (out->token = tr_strdup("", err)) != NULL) &&
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

static void error_field(struct tr_s3_delete_error *out, const struct tr_xml *field)
{
	if (strcmp(field->name, "Key") == 0)
		tr_copy_text(out->key, sizeof out->key, field->text);
	else if (strcmp(field->name, "Code") == 0)
		tr_copy_text(out->code, sizeof out->code, field->text);
	else if (strcmp(field->name, "Message") == 0)
		tr_copy_text(out->message, sizeof out->message, field->text);
}

bool tr_s3_delete_result(const char *text, size_t n, struct tr_s3_delete_error *out, struct tr_err *err)
{
	static const char what[] = "that to a batch delete";
	*out = (struct tr_s3_delete_error){ 0 };
	struct tr_xml xml;
	bool ok = true, ended = true, result = false;
	tr_xml_init(&xml, text, n);
	while (ok && ended) {
		ok = next(&xml, &ended, what, err);
		if (!ok || !ended)
			break;
		if (!*xml.parent)
			result = strcmp(xml.name, "DeleteResult") == 0;
		if (!out->failed && xml.text && strcmp(xml.parent, "Error") == 0)
			error_field(out, &xml);
		out->failed = out->failed || strcmp(xml.name, "Error") == 0;
	}
	tr_xml_clear(&xml);
	return ok && (result || no_answer(what, err));
}
