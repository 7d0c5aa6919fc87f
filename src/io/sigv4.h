/*
 * AWS Signature Version 4, a pure function of the request, the credentials and the time
 * (AWS General Reference, "Signing AWS API requests"; vectors: aws4_testsuite).
 */
#ifndef TR_IO_SIGV4_H
#define TR_IO_SIGV4_H

#include "base/mem.h"
#include "io/http.h"

struct tr_sigv4_keys {
	const char *access_key, *secret_key;
	const char *session_token; /* NULL: none */
};

struct tr_sigv4_pair {
	const char *name, *value; /* not encoded */
};

struct tr_sigv4_request {
	const char *method, *host; /* host with its port where that is not the scheme's own */
	const char *path;          /* not encoded, begins with `/` */
	bool path_encoded;         /* path is given as it goes on the wire */
	const struct tr_sigv4_pair *query;
	size_t n_query;
	const struct tr_http_header *headers; /* to sign beside host and x-amz-date */
	size_t n_headers;
	/* SHA-256 of the body in lower-case hex, or `UNSIGNED-PAYLOAD`. */
	const char *payload_hash;
	const char *region, *service;
	/* S3: the path is encoded once and not normalised, and x-amz-content-sha256 is sent.
	 * Every other service: normalised, encoded twice. */
	bool s3;
	int64_t time_us;
};

/* Lower-case hex SHA-256 of bytes; out has 65 bytes. */
void tr_sha256_hex(const void *bytes, size_t n, char out[65]);
/* Append text percent-encoded: all but A-Z a-z 0-9 - _ . ~ (and `/`, where keep_slash). */
void tr_uri_encode(struct tr_str *out, const char *text, size_t n, bool keep_slash);
/* The path as it goes on the wire (encoded once), and the query with its `?` (sorted as it is
 * signed); "" where there is none. */
void tr_sigv4_target(const struct tr_sigv4_request *r, struct tr_str *out);

/* The values of the headers that signing adds. Names: Authorization, X-Amz-Date,
 * X-Amz-Security-Token (empty: do not send), X-Amz-Content-Sha256 (s3 only). */
struct tr_sigv4_signed {
	char *authorization, *security_token;
	char date[17];
	/* For tests with the public vectors. */
	char *canonical_request, *string_to_sign;
};
void tr_sigv4_signed_clear(struct tr_sigv4_signed *s);
bool tr_sigv4_sign(const struct tr_sigv4_request *r, const struct tr_sigv4_keys *keys,
	struct tr_sigv4_signed *out, struct tr_err *err) TR_CHECKED;
/* Presign: path and query with the X-Amz-* parameters, valid for expires_s. Owned text. */
bool tr_sigv4_presign(const struct tr_sigv4_request *r, const struct tr_sigv4_keys *keys, int expires_s,
	char **target, struct tr_err *err) TR_CHECKED;

#endif
