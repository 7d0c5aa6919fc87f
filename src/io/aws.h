/*
 * Calls of AWS services: the endpoint, the signature, retries, and what an error answer means.
 * Knows no operation: S3, Glue, Athena, STS and Secrets Manager build on it.
 */
#ifndef TR_IO_AWS_H
#define TR_IO_AWS_H

#include <jansson.h>

#include "io/aws_credentials.h"
#include "io/sigv4.h"

/* Borrowed parts; a plain value that many clients share. */
struct tr_aws {
	struct tr_http *http;
	struct tr_aws_credentials *credentials;
	const char *region;
	const char *endpoint; /* of every service; NULL: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the
	                         profile's, else AWS's own */
	const char *profile;  /* NULL: AWS_PROFILE, `default` */
	tr_getenv env;        /* NULL: the process's */
	void *env_context;
};

/* `https://glue.eu-west-1.amazonaws.com` (or `.com.cn`), without a slash at the end. Owned.
 * service: `s3`, `glue`, `athena`, `sts`, `secretsmanager`. `own`: an endpoint configured for
 * just this service, or NULL. */
bool tr_aws_endpoint(const struct tr_aws *aws, const char *service, const char *own, char **out,
	struct tr_err *err) TR_CHECKED;
/* Is a URL's host one of AWS's own, in any of its partitions? */
bool tr_aws_endpoint_is_own(const char *url);

struct tr_aws_request {
	const char *service; /* signing name */
	const char *action;  /* for messages: `s3:PutObject`, `glue:GetTable` */
	const char *subject; /* for messages: what it is about, `s3://bucket/key`; may be NULL */
	const char *endpoint;
	const char *method, *path; /* path not encoded */
	const struct tr_sigv4_pair *query;
	size_t n_query;
	const struct tr_http_header *headers; /* content-type, x-amz-*; all are signed */
	size_t n_headers;
	const void *body;
	size_t n_body;
	const char *body_sha256; /* hex; NULL: computed. S3 over https may pass UNSIGNED-PAYLOAD. */
	size_t response_max;
	/* Sending it twice is as good as once: lost replies are then retried. Where it is not,
	 * an unknown fate is returned as a transient error with *reply->lost set. */
	bool idempotent;
	bool s3, unsigned_;
	bool cleanup; /* as in struct tr_http_request */
};

struct tr_aws_reply {
	struct tr_http_response http;
	char code[96];     /* of an error answer: `NoSuchKey`, `ConcurrentModificationException`; "" */
	char message[512]; /* its text */
	bool lost;         /* the request may or may not have been done */
	int attempts;
};
void tr_aws_reply_clear(struct tr_aws_reply *r);

/*
 * Send, signed at each attempt with fresh keys, retried where the failure is transient (5xx,
 * broken connection, RequestTimeout, throttling codes, an S3 200 whose body is an <Error>) and
 * the request may be repeated; an expired token renews the credentials once. A clock that is
 * off is corrected by the server's Date once.
 * True: status 2xx, or a status/code that `accept` takes as an answer (not found, 412, ...);
 * NULL takes none. False: *err with action, subject, code, the service's message, a request id
 * and a hint (access denied: the missing action; signature: wrong secret; skew: the clock;
 * region: the right one; expired token ...).
 */
typedef bool (*tr_aws_accept)(const struct tr_aws_reply *reply);
bool tr_aws_send(const struct tr_aws *aws, const struct tr_aws_request *request, tr_aws_accept accept,
	struct tr_aws_reply *reply, struct tr_err *err) TR_CHECKED;

/* The error is a refusal of permission, and its hint names the action to allow. */
bool tr_aws_is_denied(const struct tr_err *err);

/* A JSON 1.1 call: `target` is `AWSGlue.GetTable`; body is borrowed. *out (owned; NULL where
 * the answer was an accepted error) is the parsed answer. The rest as tr_aws_send. */
struct tr_aws_json_call {
	const char *service, *target, *action, *subject, *endpoint;
	json_t *body;
	bool idempotent;
	size_t response_max;
};
bool tr_aws_json(const struct tr_aws *aws, const struct tr_aws_json_call *call, tr_aws_accept accept,
	json_t **out, struct tr_aws_reply *reply, struct tr_err *err) TR_CHECKED;

#endif
