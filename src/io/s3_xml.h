/*
 * The answers of S3 that list things, as plain values: objects, multipart uploads, and what
 * a batch delete could not delete (S3 API Reference: ListObjectsV2, ListMultipartUploads,
 * DeleteObjects). Pure functions; the text may be anything. Strict: what is cut short, malformed
 * or some other document is an error (internal), never an empty listing or a delete that went well.
 */
#ifndef TR_IO_S3_XML_H
#define TR_IO_S3_XML_H

#include "base/mem.h"

struct tr_s3_entry {
	char *key;       /* from the bucket's root, decoded */
	char *upload_id; /* of an unfinished upload; NULL */
	uint64_t bytes;
	int64_t modified_us; /* last modified, or the upload's begin */
};
struct tr_s3_page {
	struct tr_s3_entry *items;
	size_t n, cap;
	bool truncated;
	/* Where the next page begins; "" where there is none. */
	char *token, *key_marker, *upload_marker;
};
/* A page of ListObjectsV2 or ListMultipartUploads. Each entry has its key and time, an object its
 * size, an upload its id. Cleared by the caller, also on failure. */
bool tr_s3_page_parse(const char *xml, size_t n, struct tr_s3_page *out, struct tr_err *err) TR_CHECKED;
void tr_s3_page_clear(struct tr_s3_page *page);

/* The first error of a DeleteResult; *failed false: there is none. Each text has 512 bytes. */
#define TR_S3_TEXT 512
struct tr_s3_delete_error {
	bool failed;
	char key[TR_S3_TEXT], code[TR_S3_TEXT], message[TR_S3_TEXT];
};
bool tr_s3_delete_result(const char *xml, size_t n, struct tr_s3_delete_error *out,
	struct tr_err *err) TR_CHECKED;

#endif
