/*
 * A prefix of an S3 bucket as a store (io/store.h). Small objects are one PUT; a sink beyond
 * one part is a multipart upload whose parts are in flight in parallel while the next is being
 * filled. The threads are the store's, started as they are needed: at most `uploads` parts are
 * queued or in flight, and each open sink holds the part that it fills, which grows with its
 * data. Every object carries the CRC-64/NVME of its whole content, which is what
 * store->checksum and sink->checksum say; where a server keeps none it is computed by reading.
 * unfinished lists multipart uploads that nobody completed, as `<folder>/.tmp-<name>?<id>`.
 */
#ifndef TR_IO_STORE_S3_H
#define TR_IO_STORE_S3_H

#include "io/aws.h"
#include "io/store.h"

struct tr_s3_tag {
	const char *key, *value;
};

struct tr_store_s3_options {
	const struct tr_aws *aws; /* borrowed while the store lives */
	const char *location;     /* s3://bucket/prefix */
	const char *endpoint;     /* of another S3 server; NULL: tr_aws_endpoint's */
	bool path_style;          /* also taken for buckets with a dot */
	const char *encryption;   /* `AES256`, `aws:kms`; NULL: the bucket's default */
	const char *kms_key;
	const char *storage_class;  /* NULL: STANDARD */
	const char *expected_owner; /* account id; NULL */
	const struct tr_s3_tag *tags;
	size_t n_tags;
	uint64_t part_size; /* 0: 8 MiB */
	int uploads;        /* parts queued or in flight, of all sinks; 0: 4 */
};
/* Asks nobody yet. */
bool tr_store_s3_open(const struct tr_store_s3_options *options, struct tr_store **out,
	struct tr_err *err) TR_CHECKED;

/* `s3://bucket/prefix/` taken apart; false: *err says what is wrong with it. Prefix without
 * slashes at its ends, may be "". bucket has 64 bytes, prefix TR_KEY_MAX. */
bool tr_s3_location(const char *location, char *bucket, char *prefix, struct tr_err *err) TR_CHECKED;

/* Whether the bucket stands in the path of URLs (and not in front of the host): where it was asked
 * for, and where no name can be made of both. */
bool tr_s3_in_path(const char *endpoint, const char *bucket, bool path_style);

#endif
