/* Whole objects: small ones put, with and without a condition; ranges read; checksums. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "io/s3.h"

/* Held twice while it is read, by as many threads as files are looked at side by side. */
#define READ_STEP ((size_t)4 << 20)
/* What a range asks for at most: the answer is held beside the caller's buffer. */
#define RANGE_STEP ((size_t)64 << 20)
#define ATTEMPT_HEADER "x-amz-meta-tailrace-attempt"
#define ATTEMPT_TEXT 33

/* ---- putting ---- */

static void put_call(const struct tr_s3 *s3, struct tr_s3_call *call, const char *key, const void *bytes,
	size_t n, char sum[TR_CRC64_TEXT])
{
	*call = (struct tr_s3_call){ .method = "PUT",
		.action = "s3:PutObject",
		.key = key,
		.body = bytes,
		.n_body = n };
	tr_crc64_text(tr_crc64_update(&s3->crc, 0, bytes, n), sum);
	tr_s3_header(call, "x-amz-checksum-crc64nvme", sum);
	tr_s3_header_new(call, s3, false);
}

bool tr_s3_put(struct tr_store *store, const char *key, const void *bytes, size_t n, struct tr_err *err)
{
	const struct tr_s3 *s3 = (const struct tr_s3 *)store;
	struct tr_s3_call call;
	struct tr_aws_reply reply = { 0 };
	char sum[TR_CRC64_TEXT];
	if (!tr_s3_check_key(s3, key, err))
		return false;
	put_call(s3, &call, key, bytes, n, sum);
	bool ok = tr_s3_send(s3, &call, &reply, err);
	tr_aws_reply_clear(&reply);
	return ok;
}

static bool accept_refused(const struct tr_aws_reply *reply)
{
	return reply->http.status == 412 ||
		(reply->http.status == 409 && strcmp(reply->code, "ConditionalRequestConflict") == 0);
}

static void new_attempt(char out[ATTEMPT_TEXT])
{
	uint64_t words[2] = { 0 };
	if (getrandom(words, sizeof words, 0) != (ssize_t)sizeof words)
		words[0] = (uint64_t)tr_clock_monotonic_us(), words[1] = (uint64_t)(uintptr_t)out;
	snprintf(out, ATTEMPT_TEXT, "%016llx%016llx", (unsigned long long)words[0],
		(unsigned long long)words[1]);
}

static bool accept_missing(const struct tr_aws_reply *reply)
{
	return reply->http.status == 404;
}

/* Whether the object that is there was made by this attempt. */
static bool is_ours(const struct tr_s3 *s3, const char *key, const char *attempt, bool *ours,
	struct tr_err *err)
{
	struct tr_s3_call call = { .method = "HEAD",
		.action = "s3:GetObject",
		.key = key,
		.accept = accept_missing };
	struct tr_aws_reply reply = { 0 };
	char there[ATTEMPT_TEXT + 1];
	bool ok = tr_s3_send(s3, &call, &reply, err);
	*ours = ok && reply.http.status != 404 &&
		tr_http_header(&reply.http, ATTEMPT_HEADER, there, sizeof there) &&
		strcmp(there, attempt) == 0;
	tr_aws_reply_clear(&reply);
	return ok;
}

/* A put whose reply was lost is sent again, and then finds its own first one: so each call
 * leaves a mark in the object by which it knows its own. */
bool tr_s3_put_if_absent(struct tr_store *store, const char *key, const void *bytes, size_t n, bool *won,
	struct tr_err *err)
{
	const struct tr_s3 *s3 = (const struct tr_s3 *)store;
	struct tr_s3_call call;
	char sum[TR_CRC64_TEXT], attempt[ATTEMPT_TEXT];
	*won = false;
	if (!tr_s3_check_key(s3, key, err))
		return false;
	put_call(s3, &call, key, bytes, n, sum);
	new_attempt(attempt);
	tr_s3_header(&call, "if-none-match", "*");
	tr_s3_header(&call, ATTEMPT_HEADER, attempt);
	call.accept = accept_refused;
	bool repeated = false, again = true, ok = true;
	for (int i = 0; ok && again; i++) {
		struct tr_aws_reply reply = { 0 };
		ok = tr_s3_send(s3, &call, &reply, err);
		long status = reply.http.status;
		repeated = repeated || reply.attempts > 1;
		tr_aws_reply_clear(&reply);
		if (!ok)
			break;
		again = status == 409;
		if (status / 100 == 2)
			*won = true;
		else if (status == 412 && repeated)
			ok = is_ours(s3, key, attempt, won, err);
		else if (again && !tr_http_again(s3->aws->http, i, 0, &again, err))
			ok = false;
		else if (status == 409 && !again) {
			ok = tr_err_set(err, TR_ERR_TRANSIENT, "s3:PutObject of %s/%s met with another one",
				s3->location, key);
			tr_err_detail(err, "ConditionalRequestConflict at every attempt");
			tr_err_hint(err, "try again");
		}
	}
	return ok;
}

/* ---- reading ---- */

static bool accept_no_range(const struct tr_aws_reply *reply)
{
	return reply->http.status == 416 ||
		(reply->http.status == 404 && strcmp(reply->code, "NoSuchBucket") != 0);
}

/* [offset, offset + n), n > 0; *got less than n only at the object's end. */
static bool get_range(const struct tr_s3 *s3, const char *key, uint64_t offset, size_t n, struct tr_buf *out,
	size_t *got, bool *found, struct tr_err *err)
{
	char range[64];
	struct tr_s3_call call = { .method = "GET",
		.action = "s3:GetObject",
		.key = key,
		.accept = accept_no_range,
		.response_max = n > ((size_t)64 << 10) ? n : (size_t)64 << 10 };
	struct tr_aws_reply reply = { 0 };
	snprintf(range, sizeof range, "bytes=%llu-%llu", (unsigned long long)offset,
		(unsigned long long)(offset + n - 1));
	tr_s3_header(&call, "range", range);
	*got = 0;
	bool ok = tr_s3_send(s3, &call, &reply, err);
	*found = ok && reply.http.status != 404;
	if (ok && reply.http.status / 100 == 2) {
		const struct tr_buf *body = &reply.http.body;
		/* 200: the range was not heeded, and this is the whole object. */
		size_t skip = reply.http.status != 200 ? 0 : offset < body->len ? (size_t)offset : body->len;
		*got = body->len - skip < n ? body->len - skip : n;
		ok = *got == 0 || tr_buf_append(out, body->data + skip, *got, err);
	}
	tr_aws_reply_clear(&reply);
	return ok;
}

static bool too_large(const struct tr_s3 *s3, const char *key, size_t max, struct tr_err *err)
{
	return tr_err_set(err, TR_ERR_INTERNAL,
		"`%s/%s` is larger than %zu bytes, the most that is read of it", s3->location, key, max);
}

bool tr_s3_get(struct tr_store *store, const char *key, uint64_t offset, size_t n, struct tr_buf *out,
	bool *found, struct tr_err *err)
{
	const struct tr_s3 *s3 = (const struct tr_s3 *)store;
	bool ok = true, end = n == 0;
	*found = n == 0;
	if (!tr_s3_check_key(s3, key, err))
		return false;
	if (offset > INT64_MAX)
		return tr_err_set(err, TR_ERR_INTERNAL, "`%s` was read behind its end", key);
	while (ok && !end) {
		/* The buffer's maximum bounds what a hostile object may take; one byte more is
		 * asked for, so that one of exactly that size still fits. */
		size_t room = out->max - out->len, step = n < RANGE_STEP ? n : RANGE_STEP, got;
		if (room == 0) {
			struct tr_buf one;
			tr_buf_init(&one, 1);
			ok = get_range(s3, key, offset, 1, &one, &got, found, err);
			tr_buf_clear(&one);
			return ok && (got == 0 || too_large(s3, key, out->max, err));
		}
		step = step < room ? step : room;
		ok = get_range(s3, key, offset, step, out, &got, found, err);
		offset += got;
		n -= n == SIZE_MAX ? 0 : got;
		end = ok && (!*found || got < step || n == 0);
	}
	return ok;
}

/* For servers that keep no checksum of the whole object. */
static bool compute(struct tr_s3 *s3, const char *key, uint64_t bytes, char out[TR_CHECKSUM_TEXT],
	struct tr_err *err)
{
	struct tr_buf part;
	uint64_t crc = 0;
	bool ok = true;
	tr_buf_init(&part, READ_STEP);
	for (uint64_t at = 0; ok && at < bytes; at += part.len) {
		size_t got, step = bytes - at < READ_STEP ? (size_t)(bytes - at) : READ_STEP;
		bool found;
		part.len = 0;
		ok = get_range(s3, key, at, step, &part, &got, &found, err);
		if (ok && !found)
			ok = tr_s3_missing(s3, key, err);
		else if (ok && got < step)
			ok = tr_err_set(err, TR_ERR_INTERNAL, "`%s/%s` became shorter while it was read",
				s3->location, key);
		crc = ok ? tr_crc64_update(&s3->crc, crc, part.data, part.len) : 0;
	}
	tr_buf_clear(&part);
	if (ok)
		tr_s3_checksum_text(crc, out);
	return ok;
}

bool tr_s3_checksum(struct tr_store *store, const char *key, char out[TR_CHECKSUM_TEXT], struct tr_err *err)
{
	struct tr_s3 *s3 = (struct tr_s3 *)store;
	uint64_t bytes = 0;
	bool found;
	if (!tr_s3_check_key(s3, key, err) || !tr_s3_head(s3, key, &found, &bytes, out, err))
		return false;
	if (!found)
		return tr_s3_missing(s3, key, err);
	return out[0] || compute(s3, key, bytes, out, err);
}
