/* What the files of the HTTP layer share (http.c: sending; http_retry.c: waiting; http_answer.c:
 * reading headers). */
#ifndef TR_IO_HTTP_INTERNAL_H
#define TR_IO_HTTP_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "io/http.h"

struct tr_http_line;
struct tr_http {
	char *ca_file;                              /* NULL: the system's */
	char *proxy_http, *proxy_https, *proxy_not; /* "": none */
	int64_t connect_timeout_ms, stall_timeout_ms, backoff_ms;
	int attempts;
	const struct tr_cancel *cancel;
	pthread_mutex_t lock; /* idle */
	struct tr_http_line *idle;
	_Atomic int budget;
	_Atomic int64_t clock_offset_us;
};

/* Tokens, as the SDKs' standard mode has them: a retry takes some, a success gives as many back. */
#define TR_HTTP_BUDGET 500
#define TR_HTTP_RETRY_COST 5

#endif
