/* What the files of the AWS layer share (aws.c: sending; aws_answer.c: reading an error answer;
 * aws_error.c: saying what it means). */
#ifndef TR_IO_AWS_INTERNAL_H
#define TR_IO_AWS_INTERNAL_H

#include "io/aws.h"

/* What an answer asks of us. */
enum tr_aws_class {
	TR_AWS_DONE,         /* a 2xx without an error in its body */
	TR_AWS_REFUSED,      /* the request as it is will never be served */
	TR_AWS_THROTTLED,    /* not done; later */
	TR_AWS_TRANSIENT,    /* may be repeated; whether it was done is not known */
	TR_AWS_NOT_RECEIVED, /* may be repeated; it was not done */
	TR_AWS_EXPIRED_KEYS,
	TR_AWS_SKEWED_CLOCK,
};

/* Fill reply->code and ->message from headers and body, and say what they ask. `keys` (NULL for
 * an unsigned request) only to keep them out of the text. */
enum tr_aws_class tr_aws_read_answer(const struct tr_aws_request *request, const struct tr_aws_keys *keys,
	struct tr_aws_reply *reply);

/* *err for an answer that is none of what the caller accepts. Returns false. */
bool tr_aws_answer_error(const struct tr_aws *aws, const struct tr_aws_request *request,
	const struct tr_aws_reply *reply, enum tr_aws_class class, struct tr_err *err);
/* Put action and subject before an error of the HTTP layer, and the attempts behind it. Returns false. */
bool tr_aws_transport_error(const struct tr_aws_request *request, const struct tr_aws_reply *reply,
	struct tr_err *err);

#endif
