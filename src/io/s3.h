/*
 * What the files of the S3 store share: the store, one call of S3, and the threads that
 * upload parts. Internal to s3_*.c and store_s3.c.
 */
#ifndef TR_IO_S3_H
#define TR_IO_S3_H

#include "io/crc64.h"
#include "io/s3_pool.h"
#include "io/store_s3.h"

#define TR_S3_BUCKET_MAX 64
#define TR_S3_PREFIX_MAX 512

struct tr_s3 {
	struct tr_store base;
	const struct tr_aws *aws; /* borrowed */
	struct tr_crc64 crc;
	struct tr_s3_pool pool;
	uint64_t part_size;
	bool tls; /* a body need not be hashed for the signature */
	/* Owned. */
	char *location, *prefix; /* prefix: "" or ends in `/` */
	char *endpoint, *path; /* of the bucket: `https://bucket.host`, `/`; or `https://host`, `/bucket/` */
	char *encryption, *kms_key, *storage_class, *expected_owner, *tagging; /* each may be NULL */
};

/* ---- one call ---- */

#define TR_S3_QUERY_MAX 8
#define TR_S3_HEADERS_MAX 16
struct tr_s3_call {
	const char *method, *action;
	const char *key; /* of the store; NULL: the bucket */
	const void *body;
	size_t n_body, response_max;
	bool cleanup; /* goes on after a cancel: it takes back what was made */
	tr_aws_accept accept;
	struct tr_sigv4_pair query[TR_S3_QUERY_MAX];
	struct tr_http_header headers[TR_S3_HEADERS_MAX];
	size_t n_query, n_headers;
};
void tr_s3_query(struct tr_s3_call *call, const char *name, const char *value);
/* value NULL: not sent. */
void tr_s3_header(struct tr_s3_call *call, const char *name, const char *value);
/* How new objects are kept: encryption and tags, and for data the storage class. */
void tr_s3_header_new(struct tr_s3_call *call, const struct tr_s3 *s3, bool data);
bool tr_s3_send(const struct tr_s3 *s3, const struct tr_s3_call *call, struct tr_aws_reply *reply,
	struct tr_err *err) TR_CHECKED;
/* Keys that S3 takes, below the prefix (1024 bytes in all). */
bool tr_s3_check_key(const struct tr_s3 *s3, const char *key, struct tr_err *err) TR_CHECKED;
/* Set err: there is no such object. */
bool tr_s3_missing(const struct tr_s3 *s3, const char *key, struct tr_err *err);

/* Size and checksum by HEAD; *checksum is "" where the server keeps none of the whole object. */
bool tr_s3_head(const struct tr_s3 *s3, const char *key, bool *found, uint64_t *bytes,
	char checksum[TR_CHECKSUM_TEXT], struct tr_err *err) TR_CHECKED;
void tr_s3_checksum_text(uint64_t sum, char out[TR_CHECKSUM_TEXT]);

/* ---- the ops ---- */

bool tr_s3_create(struct tr_store *store, const char *key, struct tr_sink **out, struct tr_err *err);
bool tr_s3_list(struct tr_store *store, const char *prefix, struct tr_store_list *out, struct tr_err *err);
bool tr_s3_unfinished(struct tr_store *store, const char *prefix, struct tr_store_list *out,
	struct tr_err *err);
bool tr_s3_remove(struct tr_store *store, const char *key, struct tr_err *err);
bool tr_s3_remove_many(struct tr_store *store, const char *const *keys, size_t n, struct tr_err *err);
bool tr_s3_get(struct tr_store *store, const char *key, uint64_t offset, size_t n, struct tr_buf *out,
	bool *found, struct tr_err *err);
bool tr_s3_checksum(struct tr_store *store, const char *key, char out[TR_CHECKSUM_TEXT], struct tr_err *err);
bool tr_s3_put(struct tr_store *store, const char *key, const void *bytes, size_t n, struct tr_err *err);
bool tr_s3_put_if_absent(struct tr_store *store, const char *key, const void *bytes, size_t n, bool *won,
	struct tr_err *err);

/* ---- pure parts ---- */

/* Of part `number` (from 1): so that 10,000 parts suffice for the largest object. */
uint64_t tr_s3_part_size(uint64_t first, int number);
/* base: scheme and host; path: `/`, or `/bucket/`. False: memory ran out. */
bool tr_s3_address(const char *endpoint, const char *bucket, bool path_style, struct tr_str *base,
	struct tr_str *path) TR_CHECKED;
/* The store's key of an unfinished upload: `<folder>/.tmp-<name>?<upload id>`, and back. */
char *tr_s3_upload_key(const char *key, const char *upload_id, struct tr_err *err);
/* False: it is no such key. Owned texts. */
bool tr_s3_upload_of(const char *upload_key, char **key, char **upload_id, struct tr_err *err);

#endif
