#include "check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "io/sigv4.h"

#define SUITE TR_SOURCE_ROOT "/tests/unit/data/aws4_testsuite"
#define SUITE_TIME_US (INT64_C(1440938160) * 1000000) /* 2015-08-30T12:36:00Z */
#define SUITE_CASES 34

static char *read_text(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		fail_msg("%s is not there", path);
	char *text = calloc(1, 65536);
	size_t n = 0;
	for (size_t got; (got = fread(text + n, 1, 65535 - n, f)) > 0;)
		n += got;
	fclose(f);
	/* The suite was written on several systems. */
	char *to = text;
	for (char *p = text; *p; p++)
		if (*p != '\r')
			*to++ = *p;
	*to = '\0';
	return text;
}

static char *case_text(const char *folder, const char *ext)
{
	char path[1024];
	const char *name = strrchr(folder, '/') + 1;
	snprintf(path, sizeof path, "%s/%s.%s", folder, name, ext);
	return read_text(path);
}

/* ---- the request of a case ---- */

struct suite_request {
	char *text;
	struct tr_sigv4_pair query[20];
	struct tr_http_header headers[20];
	struct tr_sigv4_request r;
	char hash[65];
};

static void decode(char *text)
{
	char *to = text;
	for (char *p = text; *p; p++) {
		if (*p == '%') {
			char digits[3] = { p[1], p[2], 0 };
			*to++ = (char)strtol(digits, NULL, 16);
			p += 2;
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
}

static void parse_query(struct suite_request *q, char *text)
{
	char *rest = NULL;
	for (char *pair = strtok_r(text, "&", &rest); pair; pair = strtok_r(NULL, "&", &rest)) {
		char *equal = strchr(pair, '=');
		char *value = pair + strlen(pair);
		if (equal) {
			*equal = '\0';
			value = equal + 1;
		}
		decode(pair);
		decode(value);
		q->query[q->r.n_query++] = (struct tr_sigv4_pair){ pair, value };
	}
}

static void parse_header(struct suite_request *q, char *line)
{
	char *value = strchr(line, ':');
	assert_non_null(value);
	*value++ = '\0';
	if (strcasecmp(line, "host") == 0)
		q->r.host = value;
	else if (strcasecmp(line, "x-amz-security-token") == 0)
		return; /* signing adds it */
	else if (strcasecmp(line, "x-amz-date") == 0)
		assert_string_equal(value, "20150830T123600Z");
	else
		q->headers[q->r.n_headers++] = (struct tr_http_header){ line, value };
}

static void parse_request(struct suite_request *q, char *text)
{
	*q = (struct suite_request){ .text = text };
	char *head_end = strstr(text, "\n\n");
	const char *body = head_end ? head_end + 2 : "";
	if (head_end)
		*head_end = '\0';
	tr_sha256_hex(body, strlen(body), q->hash);
	q->r = (struct tr_sigv4_request){ .query = q->query,
		.headers = q->headers,
		.payload_hash = q->hash,
		.region = "us-east-1",
		.service = "service",
		.time_us = SUITE_TIME_US,
		.path_encoded = true };
	char *line = text, *next = strchr(line, '\n');
	*next++ = '\0';
	char *protocol = strstr(line, " HTTP/1.1");
	assert_non_null(protocol);
	*protocol = '\0';
	char *path = strchr(line, ' ');
	*path++ = '\0';
	q->r.method = line;
	q->r.path = path;
	char *mark = strchr(path, '?');
	if (mark) {
		*mark = '\0';
		parse_query(q, mark + 1);
	}
	while (next && *next) {
		line = next;
		/* A folded line belongs to the header above it. */
		do
			next = strchr(next + 1, '\n');
		while (next && (next[1] == ' ' || next[1] == '\t'));
		if (next)
			*next++ = '\0';
		parse_header(q, line);
	}
}

static void run_case(const char *folder)
{
	struct suite_request q;
	struct tr_sigv4_signed s;
	struct tr_err err = { 0 };
	char *creq = case_text(folder, "creq"), *sts = case_text(folder, "sts"),
	     *authz = case_text(folder, "authz");
	parse_request(&q, case_text(folder, "req"));
	/* The token stands in the canonical request only, where it is signed. */
	char token[1024] = "";
	const char *signed_token = strstr(creq, "x-amz-security-token:");
	if (signed_token)
		sscanf(signed_token, "x-amz-security-token:%1023s", token);
	struct tr_sigv4_keys signer = { "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
		*token ? token : NULL };
	assert_ok(tr_sigv4_sign(&q.r, &signer, &s, &err), err);
	if (strcmp(s.canonical_request, creq) != 0)
		fail_msg("%s: canonical request\n%s\n-- expected\n%s", folder, s.canonical_request, creq);
	if (strcmp(s.string_to_sign, sts) != 0)
		fail_msg("%s: string to sign\n%s\n-- expected\n%s", folder, s.string_to_sign, sts);
	if (strcmp(s.authorization, authz) != 0)
		fail_msg("%s: %s, expected %s", folder, s.authorization, authz);
	tr_sigv4_signed_clear(&s);
	free(q.text);
	free(creq);
	free(sts);
	free(authz);
}

static int run_folder(const char *folder)
{
	int cases = 0;
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		char path[1024], request[1400];
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		snprintf(request, sizeof request, "%s/%s.req", path, e->d_name);
		FILE *f = fopen(request, "rb");
		if (f) {
			fclose(f);
			run_case(path);
			cases++;
		} else if (e->d_type == DT_DIR) {
			cases += run_folder(path);
		}
	}
	closedir(dir);
	return cases;
}

static void every_case_of_the_public_suite_is_signed_as_it_says(void **state)
{
	(void)state;
	assert_int_equal(run_folder(SUITE), SUITE_CASES);
}

/* ---- beyond the suite ---- */

static const struct tr_sigv4_keys keys = { "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", NULL };

/* S3 keeps the path as it is; every other service sees it normalised and encoded twice. */
static void paths_are_encoded_as_the_service_wants(void **state)
{
	(void)state;
	struct tr_sigv4_request r = { .method = "GET",
		.host = "h",
		.path = "/a b//./c=%/../d",
		.payload_hash = "UNSIGNED-PAYLOAD",
		.region = "us-east-1",
		.service = "s3",
		.s3 = true,
		.time_us = SUITE_TIME_US };
	struct tr_sigv4_signed s;
	struct tr_err err = { 0 };
	struct tr_str target;
	tr_str_init(&target, 1000);
	assert_ok(tr_sigv4_sign(&r, &keys, &s, &err), err);
	assert_string_equal(s.canonical_request,
		"GET\n/a%20b//./c%3D%25/../d\n\nhost:h\nx-amz-content-sha256:UNSIGNED-PAYLOAD\n"
		"x-amz-date:20150830T123600Z\n\nhost;x-amz-content-sha256;x-amz-date\nUNSIGNED-PAYLOAD");
	tr_sigv4_signed_clear(&s);
	tr_sigv4_target(&r, &target);
	assert_string_equal(target.ptr, "/a%20b//./c%3D%25/../d");
	r.s3 = false;
	assert_ok(tr_sigv4_sign(&r, &keys, &s, &err), err);
	assert_ptr_equal(strstr(s.canonical_request, "GET\n/a%2520b/d\n"), s.canonical_request);
	tr_sigv4_signed_clear(&s);
	tr_str_clear(&target);
}

static void the_query_is_sorted_by_encoded_key_and_then_value(void **state)
{
	(void)state;
	static const struct tr_sigv4_pair query[] = { { "uploadId", "x+/=" }, { "uploads", "" },
		{ "a-b", "1" }, { "a", "2" }, { "a", "10" }, { "A", "\xC3\xA4" }, { "\xC3\xA4", "" },
		{ "a=", "&" } };
	const struct tr_sigv4_request r = { .path = "/", .query = query, .n_query = 8 };
	struct tr_str target;
	tr_str_init(&target, 1000);
	tr_sigv4_target(&r, &target);
	assert_string_equal(target.ptr,
		"/?%C3%A4=&A=%C3%A4&a=10&a=2&a%3D=%26&a-b=1&uploadId=x%2B%2F%3D&uploads=");
	tr_str_clear(&target);
}

/* Results of botocore 1.43.106, its clock set to 2026-11-22T22:00:00Z (generate_db_auth_token is
 * SigV4QueryAuth for rds-db; the last is S3SigV4QueryAuth). test_aws_signing.py compares with it
 * over random requests. */
static void presigned_urls_are_those_of_botocore(void **state)
{
	(void)state;
	static const struct tr_sigv4_pair query[] = { { "DBUser", "app user" }, { "Action", "connect" } };
	static const char empty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	struct tr_sigv4_request r = { .method = "GET",
		.host = "db.example.eu-west-1.rds.amazonaws.com:5432",
		.path = "/",
		.query = query,
		.n_query = 2,
		.payload_hash = empty,
		.region = "eu-west-1",
		.service = "rds-db",
		.time_us = INT64_C(1795384800) * 1000000 };
	struct tr_sigv4_keys k = keys;
	struct tr_err err = { 0 };
	char *target;
	assert_ok(tr_sigv4_presign(&r, &k, 900, &target, &err), err);
	assert_string_equal(target,
		"/?Action=connect&DBUser=app%20user&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F"
		"20261122%2Feu-west-1%2Frds-db%2Faws4_request&X-Amz-Date=20261122T220000Z&X-Amz-Expires=900&X-Amz-"
		"SignedHeaders=host&X-Amz-Signature=83ac135714519866a2e326dfb39940d1e4b42d04c149a9f06d746e43718e06dd");
	free(target);
	k.session_token = "AQoDYXdzEPT//////////wEXAMPLE+x==";
	assert_ok(tr_sigv4_presign(&r, &k, 900, &target, &err), err);
	assert_string_equal(target,
		"/?Action=connect&DBUser=app%20user&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F"
		"20261122%2Feu-west-1%2Frds-db%2Faws4_request&X-Amz-Date=20261122T220000Z&X-Amz-Expires=900&X-Amz-"
		"Security-Token=AQoDYXdzEPT%2F%2F%2F%2F%2F%2F%2F%2F%2F%2FwEXAMPLE%2Bx%3D%3D&X-Amz-SignedHeaders=host&"
		"X-Amz-Signature=f2725e28df8a1ca511d4d2d1d5622c23b92c8ffb3120ada70318af1d67f15668");
	free(target);
	r = (struct tr_sigv4_request){ .method = "GET",
		.host = "bucket.s3.eu-west-1.amazonaws.com",
		.path = "/dt=1/a b+c//\xC3\xA4.parquet",
		.payload_hash = "UNSIGNED-PAYLOAD",
		.region = "eu-west-1",
		.service = "s3",
		.s3 = true,
		.time_us = r.time_us };
	assert_ok(tr_sigv4_presign(&r, &keys, 3600, &target, &err), err);
	assert_string_equal(target,
		"/dt%3D1/a%20b%2Bc//%C3%A4.parquet?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F"
		"20261122%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=20261122T220000Z&X-Amz-Expires=3600&X-Amz-"
		"SignedHeaders=host&X-Amz-Signature=ac99a62be6d86ce4bc4699d62d1492b2448aded82e47280dff9d1236093e7a91");
	free(target);
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Whatever the bytes, encoding gives unreserved characters and %XX only, and decodes back. */
static void encoded_text_decodes_to_what_it_was(void **state)
{
	(void)state;
	uint32_t seed = 7;
	for (int i = 0; i < 3000; i++) {
		char text[64] = "";
		struct tr_str out;
		size_t n = next_random(&seed) % 60;
		for (size_t k = 0; k < n; k++)
			text[k] = (char)(1 + next_random(&seed) % 255);
		bool slash = i % 2;
		tr_str_init(&out, 1000);
		tr_str_add(&out, "");
		tr_uri_encode(&out, text, n, slash);
		for (const char *p = out.ptr; *p; p++)
			assert_non_null(strchr(
				slash ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~%/"
				      : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~%",
				*p));
		decode(out.ptr);
		assert_string_equal(out.ptr, text);
		tr_str_clear(&out);
	}
}

/* Of any path: begins with a slash, no empty, `.` or `..` part, and normalising again changes
 * nothing. Seen through the canonical request of unencoded letters, which encode to themselves. */
static void normalised_paths_stay_as_they_are(void **state)
{
	(void)state;
	static const char *const parts[] = { "/", ".", "..", "a", "bc", "//", "/./", "/../", "...", "~" };
	uint32_t seed = 11;
	for (int i = 0; i < 3000; i++) {
		char path[200] = "/", first[300];
		struct tr_sigv4_signed s;
		struct tr_err err = { 0 };
		for (uint32_t k = next_random(&seed) % 20; k > 0; k--)
			strcat(path, parts[next_random(&seed) % 10]);
		struct tr_sigv4_request r = { .method = "GET",
			.host = "h",
			.path = path,
			.path_encoded = true,
			.payload_hash = "x",
			.region = "r",
			.service = "s" };
		assert_ok(tr_sigv4_sign(&r, &keys, &s, &err), err);
		snprintf(first, sizeof first, "%.*s", (int)strcspn(s.canonical_request + 4, "\n"),
			s.canonical_request + 4);
		tr_sigv4_signed_clear(&s);
		assert_int_equal(first[0], '/');
		assert_null(strstr(first, "//"));
		assert_null(strstr(first, "/./"));
		assert_null(strstr(first, "/../"));
		r.path = first;
		assert_ok(tr_sigv4_sign(&r, &keys, &s, &err), err);
		assert_int_equal(strcspn(s.canonical_request + 4, "\n"), strlen(first));
		assert_memory_equal(s.canonical_request + 4, first, strlen(first));
		tr_sigv4_signed_clear(&s);
	}
}

static void what_is_too_much_to_sign_is_refused(void **state)
{
	(void)state;
	static struct tr_http_header headers[100];
	static struct tr_sigv4_pair query[100];
	struct tr_sigv4_signed s;
	struct tr_err err = { 0 };
	char *target;
	for (size_t i = 0; i < 100; i++) {
		headers[i] = (struct tr_http_header){ "a", "b" };
		query[i] = (struct tr_sigv4_pair){ "a", "b" };
	}
	struct tr_sigv4_request r = { .method = "GET",
		.host = "h",
		.path = "/",
		.payload_hash = "x",
		.region = "r",
		.service = "s",
		.headers = headers,
		.n_headers = 100 };
	assert_false(tr_sigv4_sign(&r, &keys, &s, &err));
	assert_string_equal(err.what, "more than 64 headers to sign");
	tr_err_clear(&err);
	r.n_headers = 0;
	r.query = query;
	r.n_query = 100;
	assert_false(tr_sigv4_sign(&r, &keys, &s, &err));
	assert_string_equal(err.what, "a query of more than 64 parameters");
	tr_err_clear(&err);
	assert_false(tr_sigv4_presign(&r, &keys, 1, &target, &err));
	assert_null(target);
	tr_err_clear(&err);
	static char region[400];
	memset(region, 'r', sizeof region - 1);
	r.n_query = 0;
	r.region = region;
	assert_false(tr_sigv4_sign(&r, &keys, &s, &err));
	assert_int_equal(err.kind, TR_ERR_USER);
	tr_sigv4_signed_clear(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_of_the_public_suite_is_signed_as_it_says),
		cmocka_unit_test(paths_are_encoded_as_the_service_wants),
		cmocka_unit_test(the_query_is_sorted_by_encoded_key_and_then_value),
		cmocka_unit_test(presigned_urls_are_those_of_botocore),
		cmocka_unit_test(encoded_text_decodes_to_what_it_was),
		cmocka_unit_test(normalised_paths_stay_as_they_are),
		cmocka_unit_test(what_is_too_much_to_sign_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
