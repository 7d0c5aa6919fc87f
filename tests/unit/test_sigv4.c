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
	struct tr_sigv4_keys keys = { "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
		*token ? token : NULL };
	assert_ok(tr_sigv4_sign(&q.r, &keys, &s, &err), err);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_of_the_public_suite_is_signed_as_it_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
