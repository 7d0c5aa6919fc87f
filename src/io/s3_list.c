/* Listing a prefix, what is unfinished below it, and removing. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "io/s3.h"
#include "io/s3_xml.h"
#include "io/xml.h"

#define KEYS_MAX ((size_t)1 << 24)
#define PAGE_BYTES_MAX ((size_t)64 << 20)
#define DELETE_MAX 1000 /* keys of one DeleteObjects */
#define TEMP ".tmp-"

/* ---- names of unfinished uploads ---- */

char *tr_s3_upload_key(const char *key, const char *upload_id, struct tr_err *err)
{
	struct tr_str out;
	const char *slash = strrchr(key, '/');
	size_t folder = slash ? (size_t)(slash - key) + 1 : 0;
	tr_str_init(&out, (size_t)16 << 10);
	tr_str_addn(&out, key, folder);
	tr_str_addf(&out, TEMP "%s?", key + folder);
	tr_uri_encode(&out, upload_id, strlen(upload_id), false);
	char *text = tr_str_take(&out, err);
	tr_str_clear(&out);
	return text;
}

bool tr_s3_upload_of(const char *upload_key, char **key, char **upload_id, struct tr_err *err)
{
	const char *slash = strrchr(upload_key, '/'), *mark = strrchr(upload_key, '?');
	size_t folder = slash ? (size_t)(slash - upload_key) + 1 : 0;
	*key = *upload_id = NULL;
	if (strncmp(upload_key + folder, TEMP, strlen(TEMP)) != 0 || !mark || mark < upload_key + folder)
		return false;
	const char *name = upload_key + folder + strlen(TEMP);
	struct tr_str out;
	tr_str_init(&out, (size_t)16 << 10);
	tr_str_addn(&out, upload_key, folder);
	tr_str_addn(&out, name, (size_t)(mark - name));
	*key = tr_str_take(&out, err);
	tr_str_clear(&out);
	*upload_id = *key ? tr_strdup(mark + 1, err) : NULL;
	if (!*upload_id) {
		free(*key);
		*key = NULL;
		return false;
	}
	tr_percent_decode(*upload_id);
	return true;
}

/* ---- listing ---- */

struct listing {
	struct tr_s3 *s3;
	struct tr_str prefix; /* from the bucket's root */
	bool uploads;
	struct tr_store_list *out;
};

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct tr_store_entry *)a)->key, ((const struct tr_store_entry *)b)->key);
}

static bool add_entry(struct listing *l, const struct tr_s3_entry *entry, struct tr_err *err)
{
	struct tr_store_list *out = l->out;
	const char *prefix = l->prefix.ptr ? l->prefix.ptr : "";
	size_t n = strlen(entry->key);
	/* Consoles make empty objects that stand for folders; no reader takes them for data. */
	if (strncmp(entry->key, prefix, strlen(prefix)) != 0 || n == 0 || entry->key[n - 1] == '/')
		return true;
	if (out->n >= KEYS_MAX)
		return tr_err_set(err, TR_ERR_INTERNAL, "more than %zu objects below `%s`", KEYS_MAX,
			l->s3->location);
	if (!tr_array_grow((void **)&out->items, out->n, &out->cap, sizeof *out->items, err))
		return false;
	const char *own = entry->key + strlen(l->s3->prefix);
	char *key = l->uploads ? tr_s3_upload_key(own, entry->upload_id, err) : tr_strdup(own, err);
	if (!key)
		return false;
	out->items[out->n++] = (struct tr_store_entry){ key, entry->bytes, entry->modified_us };
	return true;
}

/* The page that `from` (NULL: the first) says is the next one. */
static bool get_page(struct listing *l, const struct tr_s3_page *from, struct tr_s3_page *page,
	struct tr_err *err)
{
	struct tr_s3_call call = { .method = "GET",
		.action = l->uploads ? "s3:ListBucketMultipartUploads" : "s3:ListBucket",
		.response_max = PAGE_BYTES_MAX };
	struct tr_aws_reply reply = { 0 };
	*page = (struct tr_s3_page){ 0 };
	if (l->uploads)
		tr_s3_query(&call, "uploads", "");
	else
		tr_s3_query(&call, "list-type", "2");
	tr_s3_query(&call, "prefix", l->prefix.ptr ? l->prefix.ptr : "");
	tr_s3_query(&call, "encoding-type", "url");
	if (from && l->uploads) {
		tr_s3_query(&call, "key-marker", from->key_marker);
		tr_s3_query(&call, "upload-id-marker", from->upload_marker);
	} else if (from) {
		tr_s3_query(&call, "continuation-token", from->token);
	}
	bool ok = tr_s3_send(l->s3, &call, &reply, err) &&
		tr_s3_page_parse((const char *)reply.http.body.data, reply.http.body.len, page, err);
	tr_aws_reply_clear(&reply);
	return ok;
}

/* Whether a page says where the next one begins, other than where it began itself. */
static bool goes_on(const struct listing *l, const struct tr_s3_page *from, const struct tr_s3_page *page)
{
	if (l->uploads)
		return (page->key_marker[0] || page->upload_marker[0]) &&
			!(from && strcmp(from->key_marker, page->key_marker) == 0 &&
				strcmp(from->upload_marker, page->upload_marker) == 0);
	return page->token[0] && !(from && strcmp(from->token, page->token) == 0);
}

static bool list_pages(struct listing *l, struct tr_err *err)
{
	struct tr_s3_page last = { 0 };
	bool ok = true, more = true, first = true;
	while (ok && more) {
		struct tr_s3_page page;
		ok = get_page(l, first ? NULL : &last, &page, err);
		for (size_t i = 0; ok && i < page.n; i++)
			ok = add_entry(l, &page.items[i], err);
		more = ok && page.truncated;
		if (more && !goes_on(l, first ? NULL : &last, &page))
			ok = tr_err_set(err, TR_ERR_INTERNAL,
				"a listing of `%s` does not say where it goes on", l->s3->location);
		tr_s3_page_clear(&last);
		last = page;
		first = false;
	}
	tr_s3_page_clear(&last);
	return ok;
}

static bool list(struct tr_store *store, const char *prefix, bool uploads, struct tr_store_list *out,
	struct tr_err *err)
{
	struct listing l = { .s3 = (struct tr_s3 *)store, .uploads = uploads, .out = out };
	size_t n = strlen(prefix);
	char key[TR_KEY_MAX + 1];
	*out = (struct tr_store_list){ 0 };
	if (n > TR_KEY_MAX || (n > 0 && prefix[n - 1] != '/'))
		return tr_err_set(err, TR_ERR_INTERNAL, "`%.200s` is not a prefix of keys", prefix);
	if (n > 0) {
		memcpy(key, prefix, n - 1);
		key[n - 1] = '\0';
		if (!tr_s3_check_key(l.s3, key, err))
			return false;
	}
	tr_str_init(&l.prefix, TR_KEY_MAX * 2);
	tr_str_addf(&l.prefix, "%s%s", l.s3->prefix, prefix);
	bool ok = tr_str_ok(&l.prefix, err) && list_pages(&l, err);
	tr_str_clear(&l.prefix);
	if (!ok)
		tr_store_list_clear(out);
	/* Not every server sorts by the bytes of the whole key. */
	if (ok && out->n > 1)
		qsort(out->items, out->n, sizeof *out->items, by_key);
	return ok;
}

bool tr_s3_list(struct tr_store *store, const char *prefix, struct tr_store_list *out, struct tr_err *err)
{
	return list(store, prefix, false, out, err);
}

bool tr_s3_unfinished(struct tr_store *store, const char *prefix, struct tr_store_list *out,
	struct tr_err *err)
{
	return list(store, prefix, true, out, err);
}

/* ---- removing ---- */

/* Listings show keys that others made, which may have any form but these. */
static bool removable(const char *key, struct tr_err *err)
{
	for (const char *part = key;; part++) {
		size_t n = strcspn(part, "/");
		if ((n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.') ||
			(part == key && n == 0))
			return tr_err_set(err, TR_ERR_INTERNAL, "`%.200s` is not a key of a store", key);
		part += n;
		if (!*part)
			return true;
	}
}

static bool accept_absent(const struct tr_aws_reply *reply)
{
	return reply->http.status == 404 && strcmp(reply->code, "NoSuchBucket") != 0;
}

static bool remove_object(struct tr_s3 *s3, const char *key, const char *upload_id, struct tr_err *err)
{
	struct tr_s3_call call = { .method = "DELETE",
		.action = upload_id ? "s3:AbortMultipartUpload" : "s3:DeleteObject",
		.key = key,
		.cleanup = true,
		.accept = accept_absent };
	struct tr_aws_reply reply = { 0 };
	if (upload_id)
		tr_s3_query(&call, "uploadId", upload_id);
	bool ok = tr_s3_send(s3, &call, &reply, err);
	tr_aws_reply_clear(&reply);
	return ok;
}

bool tr_s3_remove(struct tr_store *store, const char *key, struct tr_err *err)
{
	struct tr_s3 *s3 = (struct tr_s3 *)store;
	char *object, *upload_id;
	if (!removable(key, err))
		return false;
	bool upload = tr_s3_upload_of(key, &object, &upload_id, err);
	if (!upload && err->kind != TR_ERR_NONE)
		return false;
	bool ok = remove_object(s3, upload ? object : key, upload_id, err);
	free(object);
	free(upload_id);
	return ok;
}

static bool content_md5(const struct tr_str *body, char out[32])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	if (EVP_Digest(body->ptr, body->len, hash, &n, EVP_md5(), NULL) != 1 || n != 16)
		return false;
	EVP_EncodeBlock((unsigned char *)out, hash, (int)n);
	return true;
}

static bool delete_batch(struct tr_s3 *s3, const struct tr_str *body, struct tr_err *err)
{
	char md5[32], sum[TR_CRC64_TEXT];
	struct tr_s3_delete_error failed;
	struct tr_s3_call call = { .method = "POST",
		.action = "s3:DeleteObject",
		.cleanup = true,
		.body = body->ptr,
		.n_body = body->len };
	struct tr_aws_reply reply = { 0 };
	tr_s3_query(&call, "delete", "");
	tr_s3_header(&call, "content-type", "application/xml");
	/* AWS takes either; other servers ask for MD5, which a strict libcrypto may refuse. */
	if (content_md5(body, md5))
		tr_s3_header(&call, "content-md5", md5);
	tr_crc64_text(tr_crc64_update(&s3->crc, 0, body->ptr, body->len), sum);
	tr_s3_header(&call, "x-amz-checksum-crc64nvme", sum);
	bool ok = tr_s3_send(s3, &call, &reply, err) &&
		tr_s3_delete_result((const char *)reply.http.body.data, reply.http.body.len, &failed, err);
	if (ok && failed.failed) {
		ok = tr_err_set(err, TR_ERR_INTERNAL, "could not remove `%.200s`", failed.key);
		tr_err_detail(err, "%.100s: %.200s", failed.code, failed.message);
		tr_err_hint(err, "s3:DeleteObject must be allowed below %s", s3->location);
	}
	tr_aws_reply_clear(&reply);
	return ok;
}

/* Whether a batch, which is XML, can name it: an object, without control characters. */
static bool in_batch(const char *key)
{
	const char *name = strrchr(key, '/');
	for (const char *p = key; *p; p++)
		if ((unsigned char)*p < 0x20)
			return false;
	return strncmp(name ? name + 1 : key, TEMP, strlen(TEMP)) != 0;
}

bool tr_s3_remove_many(struct tr_store *store, const char *const *keys, size_t n, struct tr_err *err)
{
	struct tr_s3 *s3 = (struct tr_s3 *)store;
	bool ok = true;
	for (size_t i = 0; ok && i < n;) {
		struct tr_str body;
		size_t in = 0;
		tr_str_init(&body, PAGE_BYTES_MAX);
		tr_str_add(&body,
			"<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
			"<Quiet>true</Quiet>");
		for (; ok && i < n && in < DELETE_MAX; i++) {
			if (!in_batch(keys[i])) {
				ok = tr_s3_remove(store, keys[i], err);
				continue;
			}
			ok = removable(keys[i], err);
			tr_str_add(&body, "<Object><Key>");
			tr_xml_escape(&body, s3->prefix);
			tr_xml_escape(&body, keys[i]);
			tr_str_add(&body, "</Key></Object>");
			in++;
		}
		tr_str_add(&body, "</Delete>");
		ok = ok && tr_str_ok(&body, err) && (in == 0 || delete_batch(s3, &body, err));
		tr_str_clear(&body);
	}
	return ok;
}
