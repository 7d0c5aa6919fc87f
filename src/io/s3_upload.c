/*
 * The sink of an S3 store. What fits one part is one PUT at commit. More is a multipart
 * upload: full parts go to the store's threads, the sink fills the next one meanwhile. A commit
 * that is only started is done there too, so that who writes many small objects does not wait
 * for a round trip of each. Each part's checksum is computed by the thread that sends it, and the
 * object's is combined from them, so that every byte is hashed once.
 *
 * CompleteMultipartUpload is sent without If-None-Match: a data file's key holds its run's
 * id, which no other run has, so that there is never anything to overwrite; and a condition
 * would answer a repeated Complete with 412 where its first reply was lost. What became of a
 * lost reply is found by looking at the object: its size and checksum.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/s3.h"
#include "io/xml.h"

#define PARTS_MAX 10000
#define PARTS_A_SIZE 1000
#define PART_MAX (UINT64_C(5) << 30)
#define ETAG_MAX 160
#define UPLOAD_ID_MAX 2048

struct done_part {
	char etag[ETAG_MAX];
	uint64_t crc, bytes;
};

enum state { OPEN, STARTED, FAILED, COMMITTED };

struct s3_sink {
	struct tr_sink base;
	struct tr_s3 *s3;
	char *key, *upload_id; /* upload_id: NULL before the second part */
	struct tr_s3_buffer buffer;
	int n_parts; /* handed over */
	enum state state;
	int pending; /* parts; under the pool's lock, as the next */
	int finishing;
	struct tr_s3_job finish; /* the commit that was started */
	uint64_t crc;            /* of the object, once it is there */
	pthread_mutex_t lock;
	struct done_part *parts; /* under `lock`, as what follows; by number */
	size_t parts_cap;
	bool failed;
	struct tr_err err; /* the first of the upload threads */
};

struct part {
	struct tr_s3_job job;
	struct s3_sink *sink;
	int number;
	struct tr_s3_buffer buffer;
};

uint64_t tr_s3_part_size(uint64_t first, int number)
{
	/* 1,000 parts of each size, doubling: 8 MiB are enough for 8 TiB. */
	uint64_t size = first << ((number - 1) / PARTS_A_SIZE);
	return size < PART_MAX ? size : PART_MAX;
}

static struct s3_sink *sink_of(struct tr_sink *sink)
{
	return (struct s3_sink *)sink;
}

/* ---- calls ---- */

static bool create_upload(struct s3_sink *s, struct tr_err *err)
{
	struct tr_s3_call call = { .method = "POST", .action = "s3:PutObject", .key = s->key };
	struct tr_aws_reply reply = { 0 };
	struct tr_str id;
	tr_str_init(&id, UPLOAD_ID_MAX);
	tr_s3_query(&call, "uploads", "");
	tr_s3_header(&call, "x-amz-checksum-algorithm", "CRC64NVME");
	tr_s3_header(&call, "x-amz-checksum-type", "FULL_OBJECT");
	tr_s3_header_new(&call, s->s3, true);
	bool ok = tr_s3_send(s->s3, &call, &reply, err);
	if (ok &&
		(!tr_xml_find((const char *)reply.http.body.data, reply.http.body.len, NULL, "UploadId",
			 &id) ||
			id.len == 0)) {
		ok = tr_err_set(err, TR_ERR_INTERNAL, "S3 began an upload of `%s/%s` without a name for it",
			s->s3->location, s->key);
		tr_err_hint(err, "check that s3.endpoint is the address of an S3 server");
	}
	s->upload_id = ok ? tr_str_take(&id, err) : NULL;
	tr_str_clear(&id);
	tr_aws_reply_clear(&reply);
	return s->upload_id != NULL;
}

static bool send_part(const struct part *p, struct done_part *done, struct tr_err *err)
{
	const struct s3_sink *s = p->sink;
	char number[16], sum[TR_CRC64_TEXT];
	struct tr_s3_call call = { .method = "PUT",
		.action = "s3:PutObject",
		.key = s->key,
		.body = p->buffer.bytes,
		.n_body = p->buffer.n };
	struct tr_aws_reply reply = { 0 };
	*done = (struct done_part){ .bytes = p->buffer.n };
	done->crc = tr_crc64_update(&s->s3->crc, 0, p->buffer.bytes, p->buffer.n);
	tr_crc64_text(done->crc, sum);
	snprintf(number, sizeof number, "%d", p->number);
	tr_s3_query(&call, "partNumber", number);
	tr_s3_query(&call, "uploadId", s->upload_id);
	tr_s3_header(&call, "x-amz-checksum-crc64nvme", sum);
	bool ok = tr_s3_send(s->s3, &call, &reply, err);
	if (ok && !tr_http_header(&reply.http, "etag", done->etag, sizeof done->etag)) {
		tr_err_set(err, TR_ERR_INTERNAL, "S3 took part %d of `%s/%s` without an ETag", p->number,
			s->s3->location, s->key);
		ok = tr_err_hint(err, "check that s3.endpoint is the address of an S3 server");
	}
	tr_aws_reply_clear(&reply);
	return ok;
}

static char *part_list(const struct s3_sink *s, struct tr_err *err)
{
	struct tr_str xml;
	char sum[TR_CRC64_TEXT];
	tr_str_init(&xml, (size_t)PARTS_MAX * (ETAG_MAX * 6 + 200));
	tr_str_add(&xml, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (int i = 0; i < s->n_parts; i++) {
		tr_crc64_text(s->parts[i].crc, sum);
		tr_str_addf(&xml, "<Part><PartNumber>%d</PartNumber><ETag>", i + 1);
		tr_xml_escape(&xml, s->parts[i].etag);
		tr_str_addf(&xml, "</ETag><ChecksumCRC64NVME>%s</ChecksumCRC64NVME></Part>", sum);
	}
	tr_str_add(&xml, "</CompleteMultipartUpload>");
	char *text = tr_str_take(&xml, err);
	tr_str_clear(&xml);
	return text;
}

/* Whether the object is there, as large as what was written, with its checksum. */
static bool is_there(const struct s3_sink *s, const char *checksum)
{
	struct tr_err ignored = { 0 };
	char kept[TR_CHECKSUM_TEXT];
	uint64_t bytes;
	bool found;
	return tr_s3_head(s->s3, s->key, &found, &bytes, kept, &ignored) && found && bytes == s->base.bytes &&
		(!kept[0] || strcmp(kept, checksum) == 0);
}

/* The answer is a result, and its checksum, where it tells one, is ours. */
static bool check_result(const struct s3_sink *s, const struct tr_aws_reply *reply, const char *sum,
	struct tr_err *err)
{
	static const char name[] = "CompleteMultipartUploadResult";
	const struct tr_buf *body = &reply->http.body;
	struct tr_str theirs;
	if (!body->len || !memmem(body->data, body->len, name, sizeof name - 1))
		return tr_err_set(err, TR_ERR_TRANSIENT, "S3 did not say whether it has put `%s/%s` together",
			s->s3->location, s->key);
	tr_str_init(&theirs, 64);
	bool differs = tr_xml_find((const char *)body->data, body->len, NULL, "ChecksumCRC64NVME", &theirs) &&
		theirs.len == TR_CRC64_TEXT - 1 && strcmp(theirs.ptr, sum) != 0;
	tr_str_clear(&theirs);
	if (!differs)
		return true;
	tr_err_set(err, TR_ERR_TRANSIENT, "S3 put `%s/%s` together as something else", s->s3->location,
		s->key);
	tr_err_detail(err, "its checksum is not that of what was sent");
	return tr_err_hint(err, "run again; nothing was published");
}

static bool complete(struct s3_sink *s, uint64_t crc, struct tr_err *err)
{
	char sum[TR_CRC64_TEXT], size[24], checksum[TR_CHECKSUM_TEXT];
	char *xml = part_list(s, err);
	if (!xml)
		return false;
	struct tr_s3_call call = { .method = "POST",
		.action = "s3:PutObject",
		.key = s->key,
		.body = xml,
		.n_body = strlen(xml) };
	struct tr_aws_reply reply = { 0 };
	tr_crc64_text(crc, sum);
	tr_s3_checksum_text(crc, checksum);
	snprintf(size, sizeof size, "%llu", (unsigned long long)s->base.bytes);
	tr_s3_query(&call, "uploadId", s->upload_id);
	tr_s3_header(&call, "content-type", "application/xml");
	/* The checksum is compared with the answer's and not sent along: some servers take the
	 * header for one of the list of parts. */
	tr_s3_header(&call, "x-amz-checksum-type", "FULL_OBJECT");
	tr_s3_header(&call, "x-amz-mp-object-size", size);
	bool ok = tr_s3_send(s->s3, &call, &reply, err);
	ok = ok && check_result(s, &reply, sum, err);
	if (!ok && err->kind != TR_ERR_CANCELLED && is_there(s, checksum)) {
		/* It was done, and its reply lost; or it was sent again and the upload was gone. */
		tr_err_clear(err);
		ok = true;
	}
	free(xml);
	tr_aws_reply_clear(&reply);
	return ok;
}

static bool put_whole(struct s3_sink *s, uint64_t crc, struct tr_err *err)
{
	char sum[TR_CRC64_TEXT];
	struct tr_s3_call call = { .method = "PUT",
		.action = "s3:PutObject",
		.key = s->key,
		.body = s->buffer.bytes,
		.n_body = s->buffer.n };
	struct tr_aws_reply reply = { 0 };
	tr_crc64_text(crc, sum);
	tr_s3_header(&call, "x-amz-checksum-crc64nvme", sum);
	tr_s3_header_new(&call, s->s3, true);
	bool ok = tr_s3_send(s->s3, &call, &reply, err);
	tr_aws_reply_clear(&reply);
	return ok;
}

/* ---- parts ---- */

static void run_part(struct tr_s3_job *job)
{
	struct part *p = (struct part *)job;
	struct s3_sink *s = p->sink;
	struct done_part done;
	struct tr_err err = { 0 };
	pthread_mutex_lock(&s->lock);
	bool wanted = !s->failed;
	pthread_mutex_unlock(&s->lock);
	bool ok = wanted && send_part(p, &done, &err);
	pthread_mutex_lock(&s->lock);
	if (ok) {
		s->parts[p->number - 1] = done;
	} else if (!s->failed) {
		s->failed = true;
		s->err = err;
	}
	pthread_mutex_unlock(&s->lock);
	tr_s3_buffer_release(&s->s3->pool, &p->buffer);
	free(p);
}

static bool room_for_part(struct s3_sink *s, struct tr_err *err)
{
	if (s->n_parts == PARTS_MAX) {
		tr_err_set(err, TR_ERR_DATA, "`%s/%s` is larger than an object of S3 can be", s->s3->location,
			s->key);
		return tr_err_hint(err, "make files smaller by lake.file_size, or parts larger");
	}
	pthread_mutex_lock(&s->lock);
	bool ok = !s->failed;
	if (!ok)
		*err = s->err;
	else
		ok = tr_array_grow((void **)&s->parts, (size_t)s->n_parts, &s->parts_cap, sizeof *s->parts,
			err);
	pthread_mutex_unlock(&s->lock);
	return ok;
}

/* The buffer becomes the next part, on its way. */
static bool hand_over(struct s3_sink *s, struct tr_err *err)
{
	if ((!s->upload_id && !create_upload(s, err)) || !room_for_part(s, err))
		return false;
	struct part *p = tr_calloc(1, sizeof *p, err);
	if (!p)
		return false;
	*p = (struct part){ .job = { .run = run_part, .pending = &s->pending, .bytes = s->buffer.cap },
		.sink = s,
		.number = s->n_parts + 1,
		.buffer = s->buffer };
	if (!tr_s3_pool_submit(&s->s3->pool, &p->job, err)) {
		free(p);
		return false;
	}
	s->n_parts++;
	s->buffer = (struct tr_s3_buffer){ 0 };
	return true;
}

/* ---- the sink ---- */

static bool accept_gone(const struct tr_aws_reply *reply)
{
	return strcmp(reply->code, "NoSuchUpload") == 0;
}

static bool abort_upload(struct tr_s3 *s3, const char *key, const char *upload_id, struct tr_err *err)
{
	struct tr_s3_call call = { .method = "DELETE",
		.action = "s3:AbortMultipartUpload",
		.key = key,
		.cleanup = true,
		.accept = accept_gone };
	struct tr_aws_reply reply = { 0 };
	tr_s3_query(&call, "uploadId", upload_id);
	bool ok = tr_s3_send(s3, &call, &reply, err);
	tr_aws_reply_clear(&reply);
	return ok;
}

/* Nothing of it stays, if that can be had; else the error tells. Returns false. */
static bool give_up(struct s3_sink *s, struct tr_err *err)
{
	struct tr_err failed = { 0 };
	s->state = FAILED;
	tr_s3_pool_wait(&s->s3->pool, &s->finishing);
	tr_s3_pool_wait(&s->s3->pool, &s->pending);
	if (s->upload_id && !abort_upload(s->s3, s->key, s->upload_id, &failed)) {
		char detail[sizeof err->detail];
		memcpy(detail, err->detail, sizeof detail);
		tr_err_detail(err,
			"%.300s%sits unfinished upload could not be removed (%.150s): `tailrace "
			"gc` finds it",
			detail, detail[0] ? "; " : "", failed.what);
	}
	free(s->upload_id);
	s->upload_id = NULL;
	tr_s3_buffer_release(&s->s3->pool, &s->buffer);
	s->base.memory = 0;
	return false;
}

static bool add_bytes(struct s3_sink *s, const uint8_t *bytes, size_t n, struct tr_err *err)
{
	struct tr_s3_buffer *b = &s->buffer;
	while (n > 0) {
		size_t most = (size_t)tr_s3_part_size(s->s3->part_size, s->n_parts + 1);
		/* A full part is kept until more comes: it may be the whole object. */
		if (b->n == most && !hand_over(s, err))
			return false;
		if (b->n == 0)
			most = (size_t)tr_s3_part_size(s->s3->part_size, s->n_parts + 1);
		size_t take = n < most - b->n ? n : most - b->n;
		if (!tr_s3_buffer_reserve(&s->s3->pool, b, b->n + take, most, err))
			return false;
		memcpy(b->bytes + b->n, bytes, take);
		b->n += take;
		bytes += take;
		n -= take;
	}
	s->base.memory = b->cap;
	return true;
}

static bool sink_write(struct tr_sink *sink, const void *bytes, size_t n, struct tr_err *err)
{
	struct s3_sink *s = sink_of(sink);
	if (s->state != OPEN)
		return tr_err_set(err, TR_ERR_INTERNAL, "`%s` was written to after its end", s->key);
	return add_bytes(s, bytes, n, err) || give_up(s, err);
}

/* Every part was handed over. */
static bool finish_upload(struct s3_sink *s, struct tr_err *err)
{
	tr_s3_pool_wait(&s->s3->pool, &s->pending);
	pthread_mutex_lock(&s->lock);
	bool failed = s->failed;
	if (failed)
		*err = s->err;
	pthread_mutex_unlock(&s->lock);
	if (failed)
		return false;
	s->crc = 0;
	for (int i = 0; i < s->n_parts; i++)
		s->crc = tr_crc64_combine(s->crc, s->parts[i].crc, s->parts[i].bytes);
	return complete(s, s->crc, err);
}

static bool finish(struct s3_sink *s, struct tr_err *err)
{
	if (s->upload_id)
		return finish_upload(s, err);
	s->crc = tr_crc64_update(&s->s3->crc, 0, s->buffer.bytes, s->buffer.n);
	return put_whole(s, s->crc, err);
}

/* Its parts began before it, each in a thread of its own: it waits for none that waits for it. */
static void run_finish(struct tr_s3_job *job)
{
	struct s3_sink *s = (struct s3_sink *)(void *)((char *)job - offsetof(struct s3_sink, finish));
	struct tr_err err = { 0 };
	pthread_mutex_lock(&s->lock);
	bool wanted = !s->failed;
	pthread_mutex_unlock(&s->lock);
	if (wanted && !finish(s, &err)) {
		pthread_mutex_lock(&s->lock);
		s->failed = true;
		s->err = err;
		pthread_mutex_unlock(&s->lock);
	}
	tr_s3_buffer_release(&s->s3->pool, &s->buffer);
}

static bool sink_start_commit(struct tr_sink *sink, struct tr_err *err)
{
	struct s3_sink *s = sink_of(sink);
	if (s->state != OPEN)
		return tr_err_set(err, TR_ERR_INTERNAL, "`%s` was committed after its end", s->key);
	if (s->upload_id && !hand_over(s, err))
		return give_up(s, err);
	s->finish = (struct tr_s3_job){ .run = run_finish, .pending = &s->finishing, .bytes = s->buffer.cap };
	s->base.memory = 0; /* the pool counts it now */
	s->state = STARTED;
	return tr_s3_pool_submit(&s->s3->pool, &s->finish, err) || give_up(s, err);
}

static bool sink_commit(struct tr_sink *sink, struct tr_err *err)
{
	struct s3_sink *s = sink_of(sink);
	bool ok;
	if (s->state == STARTED) {
		tr_s3_pool_wait(&s->s3->pool, &s->finishing);
		ok = !s->failed;
		if (!ok)
			*err = s->err;
	} else if (s->state == OPEN) {
		ok = (!s->upload_id || hand_over(s, err)) && finish(s, err);
	} else {
		return tr_err_set(err, TR_ERR_INTERNAL, "`%s` was committed after its end", s->key);
	}
	if (!ok)
		return give_up(s, err);
	s->state = COMMITTED;
	tr_s3_buffer_release(&s->s3->pool, &s->buffer);
	s->base.memory = 0;
	tr_s3_checksum_text(s->crc, s->base.checksum);
	return true;
}

static void sink_free(struct tr_sink *sink)
{
	struct s3_sink *s = sink_of(sink);
	struct tr_err ignored = { 0 }; /* what stays is found by gc */
	if (s->state == OPEN || s->state == STARTED) {
		pthread_mutex_lock(&s->lock);
		s->failed = true; /* what is queued need not be sent any more */
		pthread_mutex_unlock(&s->lock);
		(void)!give_up(s, &ignored);
	}
	tr_s3_pool_leave(&s->s3->pool);
	pthread_mutex_destroy(&s->lock);
	free(s->parts);
	free(s->upload_id);
	free(s->key);
	free(s);
}

static const struct tr_sink_ops sink_ops = { .write = sink_write,
	.commit = sink_commit,
	.start_commit = sink_start_commit,
	.free = sink_free };

bool tr_s3_create(struct tr_store *store, const char *key, struct tr_sink **out, struct tr_err *err)
{
	struct tr_s3 *s3 = (struct tr_s3 *)store;
	*out = NULL;
	if (!tr_s3_check_key(s3, key, err))
		return false;
	struct s3_sink *s = tr_calloc(1, sizeof *s, err);
	if (!s)
		return false;
	s->key = tr_strdup(key, err);
	if (!s->key) {
		free(s);
		return false;
	}
	s->base.ops = &sink_ops;
	s->s3 = s3;
	pthread_mutex_init(&s->lock, NULL);
	tr_s3_pool_enter(&s3->pool);
	*out = &s->base;
	return true;
}
