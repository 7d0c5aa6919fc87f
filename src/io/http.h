/*
 * HTTP/1.1 over libcurl, transport only: one pool of connections, one place for timeouts,
 * proxies (the environment's `https_proxy`, `no_proxy`), certificates and the budget of
 * retries. It signs nothing and knows no service: who builds a request classifies its answer.
 * Used by several threads at once.
 */
#ifndef TR_IO_HTTP_H
#define TR_IO_HTTP_H

#include "base/cancel.h"
#include "base/environment.h"
#include "base/mem.h"

struct tr_http;
struct tr_http_options {
	const char *ca_file;            /* NULL: AWS_CA_BUNDLE, SSL_CERT_FILE, else the system's */
	int64_t connect_timeout_ms;     /* 0: 5 s */
	int64_t stall_timeout_ms;       /* no byte moved for so long; 0: 30 s */
	int attempts;                   /* of one call, the first included; 0: 5 */
	int64_t backoff_ms;             /* the longest first wait before a retry; 0: 1 s */
	const struct tr_cancel *cancel; /* borrowed; may be NULL. Ends what is in flight. */
	tr_getenv env;                  /* NULL: the process's */
	void *env_context;
};
bool tr_http_new(const struct tr_http_options *options, struct tr_http **out, struct tr_err *err) TR_CHECKED;
void tr_http_free(struct tr_http *http);

struct tr_http_header {
	const char *name, *value;
};

struct tr_http_request {
	const char *method;
	const char *url; /* complete: scheme, host, encoded path, encoded query */
	const struct tr_http_header *headers;
	size_t n_headers;
	const void *body; /* borrowed while sending; NULL: none */
	size_t n_body;
	size_t response_max;      /* a longer body is an error; 0: 16 MiB */
	int64_t timeout_ms;       /* for all of one attempt; 0: none but the stall's */
	int64_t stall_timeout_ms; /* 0: as the options say (a long poll needs more) */
	bool no_proxy;            /* metadata services are asked directly */
	/* Must not reach the server twice: libcurl's own repetition, when a connection that was
	 * kept turns out to be closed, ends as TR_HTTP_UNKNOWN. */
	bool once;
	/* Takes back what an interrupted run has made: a cancel does not end it; begun after one,
	 * it ends when no byte moves for 5 s. */
	bool cleanup;
};

/* Cleared by tr_http_response_clear, also after a failure; zeroed before the first use. */
struct tr_http_response {
	long status;
	struct tr_buf body;
	struct tr_str headers; /* `name: value\n` each, names in lower case */
};
void tr_http_response_clear(struct tr_http_response *r);
/* A header's value (name in lower case), copied into buf, which is returned; NULL: not there, or
 * longer than buf. */
const char *tr_http_header(const struct tr_http_response *r, const char *name, char *buf, size_t size);

/* What became of an attempt that failed below HTTP: only where nothing was sent may a
 * request that is not idempotent be sent again without asking. */
enum tr_http_fate { TR_HTTP_ANSWERED, TR_HTTP_NOT_SENT, TR_HTTP_UNKNOWN };

/* One attempt, no retry. Any status is success. Failures are transient errors that name the
 * host ("could not reach ...", "no byte for 30 s", "the answer was cut short"), but for a
 * certificate that is not trusted (user). *fate is always set. */
bool tr_http_send(struct tr_http *http, const struct tr_http_request *request,
	struct tr_http_response *response, enum tr_http_fate *fate, struct tr_err *err) TR_CHECKED;

/*
 * Retrying: `attempt` counts from 0. tr_http_again says whether one more attempt is allowed
 * (attempts left, and the pool's budget, which successes refill and retries drain, so that a
 * dead service is not hammered), and if so waits: rand(0,1) * min(2^attempt, 20 s), at least
 * retry_after_s. False without an error: no more attempts. False with TR_ERR_CANCELLED: the
 * cancel was raised while waiting. A server that asks for more than a minute is not waited for.
 */
bool tr_http_again(struct tr_http *http, int attempt, int64_t retry_after_s, bool *again,
	struct tr_err *err) TR_CHECKED;
/* A call succeeded: gives the budget a little back. */
void tr_http_succeeded(struct tr_http *http);
/* Seconds of a Retry-After header, given as a number or as a date; 0: none. */
int64_t tr_http_retry_after(const struct tr_http_response *r);

/* By how much servers' clocks are ahead of ours, as the last answer that complained of it said. */
int64_t tr_http_clock_offset_us(const struct tr_http *http);
void tr_http_set_clock_offset(struct tr_http *http, int64_t offset_us);
/* The Date header; 0: none. */
int64_t tr_http_date_us(const struct tr_http_response *r);

#endif
