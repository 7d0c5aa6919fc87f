/* One call of S3: where it goes, the headers that all have, and HEAD. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/s3.h"

#define KEY_MAX_BYTES 1024 /* S3 User Guide, "Naming Amazon S3 objects" */
#define SUBJECT_MAX ((size_t)8192)
#define RESPONSE_MAX ((size_t)1 << 20)

void tr_s3_query(struct tr_s3_call *call, const char *name, const char *value)
{
	call->query[call->n_query++] = (struct tr_sigv4_pair){ name, value };
}

void tr_s3_header(struct tr_s3_call *call, const char *name, const char *value)
{
	if (value)
		call->headers[call->n_headers++] = (struct tr_http_header){ name, value };
}

void tr_s3_header_new(struct tr_s3_call *call, const struct tr_s3 *s3, bool data)
{
	tr_s3_header(call, "x-amz-server-side-encryption", s3->encryption);
	tr_s3_header(call, "x-amz-server-side-encryption-aws-kms-key-id", s3->kms_key);
	tr_s3_header(call, "x-amz-tagging", s3->tagging);
	/* Leases and manifests are read at every run: never in a class that charges for it. */
	if (data)
		tr_s3_header(call, "x-amz-storage-class", s3->storage_class);
}

bool tr_s3_check_key(const struct tr_s3 *s3, const char *key, struct tr_err *err)
{
	if (!tr_store_key_is(key))
		return tr_err_set(err, TR_ERR_INTERNAL, "`%.200s` is not a key of a store", key);
	if (strlen(s3->prefix) + strlen(key) <= KEY_MAX_BYTES)
		return true;
	tr_err_set(err, TR_ERR_DATA, "`%.200s...` is too long for a key of S3", key);
	return tr_err_hint(err, "keys have at most %d bytes: partition by a column of shorter values",
		KEY_MAX_BYTES);
}

bool tr_s3_missing(const struct tr_s3 *s3, const char *key, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_INTERNAL, "`%s/%s` is not there", s3->location, key);
	return tr_err_hint(err,
		"files of a published version may only be removed by `tailrace gc`: look for a lifecycle "
		"rule of the bucket");
}

bool tr_s3_send(const struct tr_s3 *s3, const struct tr_s3_call *call, struct tr_aws_reply *reply,
	struct tr_err *err)
{
	struct tr_s3_call all = *call;
	struct tr_str path, subject;
	tr_str_init(&path, SUBJECT_MAX);
	tr_str_init(&subject, SUBJECT_MAX);
	tr_s3_header(&all, "x-amz-expected-bucket-owner", s3->expected_owner);
	tr_str_add(&path, s3->path);
	tr_str_add(&subject, s3->location);
	if (call->key) {
		tr_str_addf(&path, "%s%s", s3->prefix, call->key);
		tr_str_addf(&subject, "/%s", call->key);
	} else if (path.len > 1) {
		path.ptr[--path.len] = '\0'; /* a bucket's own address is `/bucket` */
	}
	bool ok = tr_str_ok(&path, err) && tr_str_ok(&subject, err);
	const struct tr_aws_request request = {
		.service = "s3",
		.action = call->action,
		.subject = subject.ptr,
		.endpoint = s3->endpoint,
		.method = call->method,
		.path = path.ptr,
		.query = all.query,
		.n_query = all.n_query,
		.headers = all.headers,
		.n_headers = all.n_headers,
		.body = call->body,
		.n_body = call->n_body,
		/* Over TLS nobody can change the body, and its checksum is signed all the same. */
		.body_sha256 = s3->tls && call->n_body > 0 ? "UNSIGNED-PAYLOAD" : NULL,
		.response_max = call->response_max ? call->response_max : RESPONSE_MAX,
		.idempotent = true, /* every call of ours leaves the same when it is sent again */
		.cleanup = call->cleanup,
		.s3 = true,
	};
	ok = ok && tr_aws_send(s3->aws, &request, call->accept, reply, err);
	tr_str_clear(&path);
	tr_str_clear(&subject);
	return ok;
}

void tr_s3_checksum_text(uint64_t sum, char out[TR_CHECKSUM_TEXT])
{
	char text[TR_CRC64_TEXT];
	tr_crc64_text(sum, text);
	snprintf(out, TR_CHECKSUM_TEXT, "crc64nvme:%s", text);
}

static bool accept_absent(const struct tr_aws_reply *reply)
{
	/* An answer to HEAD has no body that could name a missing bucket: who writes or lists
	 * hears of that. */
	return reply->http.status == 404;
}

bool tr_s3_head(const struct tr_s3 *s3, const char *key, bool *found, uint64_t *bytes,
	char checksum[TR_CHECKSUM_TEXT], struct tr_err *err)
{
	struct tr_s3_call call = { .method = "HEAD",
		.action = "s3:GetObject",
		.key = key,
		.accept = accept_absent };
	struct tr_aws_reply reply = { 0 };
	char sum[64], type[32], length[32];
	*found = false;
	checksum[0] = '\0';
	tr_s3_header(&call, "x-amz-checksum-mode", "ENABLED");
	bool ok = tr_s3_send(s3, &call, &reply, err);
	if (ok && reply.http.status != 404) {
		*found = true;
		*bytes = tr_http_header(&reply.http, "content-length", length, sizeof length)
			? strtoull(length, NULL, 10)
			: 0;
		/* A checksum of the parts' checksums is not the object's, nor is (of a server that
		 * only pretends) one of another length. */
		if (tr_http_header(&reply.http, "x-amz-checksum-crc64nvme", sum, sizeof sum) &&
			strlen(sum) == TR_CRC64_TEXT - 1 &&
			!(tr_http_header(&reply.http, "x-amz-checksum-type", type, sizeof type) &&
				strcmp(type, "COMPOSITE") == 0)) {
			snprintf(checksum, TR_CHECKSUM_TEXT, "crc64nvme:%s", sum);
		}
	}
	tr_aws_reply_clear(&reply);
	return ok;
}
