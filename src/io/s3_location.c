/* Where an S3 lake lies: bucket and prefix, and the address that answers for the bucket. */
#include "io/s3.h"

#include <stdio.h>
#include <string.h>

static bool wrong(struct tr_err *err, const char *location, const char *how)
{
	tr_err_set(err, TR_ERR_USER, "`%.200s` is not a place in S3: %s", location, how);
	return tr_err_hint(err, "write it as s3://bucket/prefix");
}

/* Buckets' names: 3 to 63 of a-z 0-9 - and . (S3 User Guide, "General purpose bucket naming
 * rules"); capitals and _ are those of old buckets and of other servers. */
static bool is_bucket(const char *name, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = name[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!letter && (!strchr("-._", c) || i == 0))
			return false;
	}
	return n >= 3 && n < TR_S3_BUCKET_MAX;
}

bool tr_s3_location(const char *location, char *bucket, char *prefix, struct tr_err *err)
{
	if (strncmp(location, "s3://", 5) != 0)
		return wrong(err, location, "it does not begin with s3://");
	const char *name = location + 5;
	size_t n = strcspn(name, "/");
	if (!is_bucket(name, n))
		return wrong(err, location, "a bucket's name has 3 to 63 characters of a-z, 0-9, - and .");
	const char *rest = name + n;
	rest += strspn(rest, "/");
	size_t len = strlen(rest);
	while (len > 0 && rest[len - 1] == '/')
		len--;
	/* Keys of S3 have at most 1024 bytes, and the lake's own need room. */
	if (len > TR_S3_PREFIX_MAX)
		return wrong(err, location, "its prefix is too long");
	memcpy(prefix, rest, len);
	prefix[len] = '\0';
	if (len > 0 && !tr_store_key_is(prefix))
		return wrong(err, location, "its prefix has an empty, `.` or `..` part");
	memcpy(bucket, name, n);
	bucket[n] = '\0';
	return true;
}

/* Whether `bucket.host` can be a name: the host is neither a number nor a single word. */
static bool has_subdomains(const char *host, size_t n)
{
	bool letter = false, dot = false;
	for (size_t i = 0; i < n && host[i] != ':'; i++) {
		letter = letter || (host[i] != '.' && (host[i] < '0' || host[i] > '9'));
		dot = dot || host[i] == '.';
	}
	return n > 0 && host[0] != '[' && letter && dot;
}

static const char *host_of(const char *endpoint)
{
	const char *host = strstr(endpoint, "://");
	return host ? host + 3 : endpoint;
}

bool tr_s3_in_path(const char *endpoint, const char *bucket, bool path_style)
{
	const char *host = host_of(endpoint);
	/* A dot in the bucket would be outside of the certificate's wildcard. */
	return path_style || strchr(bucket, '.') || strchr(bucket, '_') ||
		!has_subdomains(host, strcspn(host, "/"));
}

bool tr_s3_address(const char *endpoint, const char *bucket, bool path_style, struct tr_str *base,
	struct tr_str *path)
{
	const char *host = host_of(endpoint);
	size_t n = strcspn(host, "/");
	bool in_path = tr_s3_in_path(endpoint, bucket, path_style);
	tr_str_addn(base, endpoint, (size_t)(host - endpoint));
	if (!in_path)
		tr_str_addf(base, "%s.", bucket);
	tr_str_addn(base, host, n);
	/* An endpoint's own path stands before the bucket. */
	size_t own = strlen(host + n);
	while (own > 0 && host[n + own - 1] == '/')
		own--;
	tr_str_addn(path, host + n, own);
	tr_str_addc(path, '/');
	if (in_path)
		tr_str_addf(path, "%s/", bucket);
	return !base->failed && !path->failed;
}
