#include "io/store_s3.h"

#include <stdlib.h>
#include <string.h>

#include "io/s3.h"

#define PART_SIZE ((uint64_t)8 << 20)
#define PART_MIN ((uint64_t)5 << 20) /* S3 User Guide, "Multipart upload limits" */
#define PART_MAX ((uint64_t)1 << 30)
#define UPLOADS 4
#define SIDE_BY_SIDE 16
#define UPLOADS_MAX 64
#define TEXT_MAX ((size_t)16 << 10)

static bool settle(struct tr_store *store, const char *const *keys, size_t n, struct tr_err *err)
{
	/* An object that S3 has answered for is durable. */
	(void)store;
	(void)keys;
	(void)n;
	(void)err;
	return true;
}

static void free_texts(struct tr_s3 *s3)
{
	char *texts[] = { s3->location, s3->prefix, s3->endpoint, s3->path, s3->encryption, s3->kms_key,
		s3->storage_class, s3->expected_owner, s3->tagging };
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		free(texts[i]);
}

static void store_free(struct tr_store *store)
{
	struct tr_s3 *s3 = (struct tr_s3 *)store;
	tr_s3_pool_clear(&s3->pool);
	free_texts(s3);
	free(s3);
}

static const struct tr_store_ops store_ops = {
	.create = tr_s3_create,
	.put_if_absent = tr_s3_put_if_absent,
	.put = tr_s3_put,
	.get = tr_s3_get,
	.list = tr_s3_list,
	.unfinished = tr_s3_unfinished,
	.remove = tr_s3_remove,
	.remove_many = tr_s3_remove_many,
	.checksum = tr_s3_checksum,
	.settle = settle,
	.free = store_free,
};

/* ---- opening ---- */

static bool copy_text(const char *text, char **out, struct tr_err *err)
{
	*out = text ? tr_strdup(text, err) : NULL;
	return !text || *out;
}

/* Both are empty where a builder has nothing. */
static bool take(struct tr_str *text, char **out, struct tr_err *err)
{
	*out = tr_str_take(text, err);
	tr_str_clear(text);
	return *out != NULL;
}

static bool set_place(struct tr_s3 *s3, const struct tr_store_s3_options *o, struct tr_err *err)
{
	char bucket[TR_S3_BUCKET_MAX], prefix[TR_KEY_MAX];
	struct tr_str location, own, base, path;
	char *endpoint;
	if (!tr_s3_location(o->location, bucket, prefix, err) ||
		!tr_aws_endpoint(o->aws, "s3", o->endpoint, &endpoint, err))
		return false;
	tr_str_init(&location, TEXT_MAX);
	tr_str_init(&own, TEXT_MAX);
	tr_str_init(&base, TEXT_MAX);
	tr_str_init(&path, TEXT_MAX);
	tr_str_addf(&location, "s3://%s%s%s", bucket, prefix[0] ? "/" : "", prefix);
	tr_str_addf(&own, "%s%s", prefix, prefix[0] ? "/" : "");
	bool ok = tr_s3_address(endpoint, bucket, o->path_style, &base, &path);
	ok = take(&location, &s3->location, err) && ok;
	ok = take(&own, &s3->prefix, err) && ok;
	ok = take(&base, &s3->endpoint, err) && ok;
	ok = take(&path, &s3->path, err) && ok;
	s3->tls = strncmp(endpoint, "https://", 8) == 0;
	s3->base.location = s3->location;
	free(endpoint);
	return ok;
}

/* As a query: `team=data&cost=42`. */
static bool set_tags(struct tr_s3 *s3, const struct tr_store_s3_options *o, struct tr_err *err)
{
	struct tr_str text;
	tr_str_init(&text, TEXT_MAX);
	for (size_t i = 0; i < o->n_tags; i++) {
		if (i > 0)
			tr_str_addc(&text, '&');
		tr_uri_encode(&text, o->tags[i].key, strlen(o->tags[i].key), false);
		tr_str_addc(&text, '=');
		tr_uri_encode(&text, o->tags[i].value, strlen(o->tags[i].value), false);
	}
	bool ok = o->n_tags == 0 || take(&text, &s3->tagging, err);
	tr_str_clear(&text);
	return ok;
}

bool tr_store_s3_open(const struct tr_store_s3_options *o, struct tr_store **out, struct tr_err *err)
{
	*out = NULL;
	struct tr_s3 *s3 = tr_calloc(1, sizeof *s3, err);
	if (!s3)
		return false;
	uint64_t part = o->part_size ? o->part_size : PART_SIZE;
	int uploads = o->uploads > 0 ? o->uploads : UPLOADS;
	s3->base.ops = &store_ops;
	s3->base.side_by_side = SIDE_BY_SIDE;
	s3->aws = o->aws;
	s3->part_size = part < PART_MIN ? PART_MIN : part > PART_MAX ? PART_MAX : part;
	tr_crc64_init(&s3->crc);
	bool ok = tr_s3_pool_init(&s3->pool, uploads < UPLOADS_MAX ? uploads : UPLOADS_MAX,
		(size_t)s3->part_size, err);
	ok = ok && set_place(s3, o, err) && copy_text(o->encryption, &s3->encryption, err) &&
		copy_text(o->kms_key, &s3->kms_key, err) &&
		copy_text(o->storage_class, &s3->storage_class, err) &&
		copy_text(o->expected_owner, &s3->expected_owner, err) && set_tags(s3, o, err);
	if (!ok) {
		store_free(&s3->base);
		return false;
	}
	*out = &s3->base;
	return true;
}
