/* A home folder, an environment and a clock of the test's own, for AWS credentials. */
#ifndef TR_TESTS_AWS_SUPPORT_H
#define TR_TESTS_AWS_SUPPORT_H

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/aws_credentials.h"
#include "remove_folder.h"

#define NOW_US INT64_C(1800000000000000) /* 2027-01-15T08:00:00Z */
#define MINUTE (INT64_C(60) * 1000000)
#define SECRET "the-secret-key-0123456789"

struct aws_world {
	char home[64];
	struct {
		char name[64], value[512];
	} env[32];
	size_t n_env;
	int64_t now_us;
	struct tr_http *http;
	struct tr_aws_credentials_options options;
};

static inline const char *aws_world_env(void *context, const char *name)
{
	struct aws_world *w = context;
	for (size_t i = w->n_env; i-- > 0;)
		if (strcmp(w->env[i].name, name) == 0)
			return w->env[i].value[0] ? w->env[i].value : NULL;
	return NULL;
}

static inline int64_t aws_world_now(void *context)
{
	return ((struct aws_world *)context)->now_us;
}

static inline void aws_world_set(struct aws_world *w, const char *name, const char *value)
{
	assert_true(w->n_env < 32);
	tr_copy_text(w->env[w->n_env].name, sizeof w->env[0].name, name);
	tr_copy_text(w->env[w->n_env].value, sizeof w->env[0].value, value);
	w->n_env++;
}

/* A file below the home folder; its folder must be there. */
static inline void aws_world_write(struct aws_world *w, const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", w->home, name);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static inline void aws_world_init(struct aws_world *w)
{
	static const char *const FOLDERS[] = { ".aws", ".aws/sso", ".aws/sso/cache" };
	struct tr_err err = { 0 };
	char path[256];
	memset(w, 0, sizeof *w);
	snprintf(w->home, sizeof w->home, "/tmp/tailrace-aws-XXXXXX");
	assert_non_null(mkdtemp(w->home));
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/%s", w->home, FOLDERS[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	w->now_us = NOW_US;
	aws_world_set(w, "HOME", w->home);
	aws_world_set(w, "PATH", "/usr/bin:/bin");
	aws_world_set(w, "AWS_EC2_METADATA_DISABLED", "true");
	w->options = (struct tr_aws_credentials_options){ .env = aws_world_env,
		.env_context = w,
		.now_us = aws_world_now,
		.now_context = w };
	const struct tr_http_options http = { .attempts = 2, .env = aws_world_env, .env_context = w };
	assert_ok(tr_http_new(&http, &w->http, &err), err);
	w->options.http = w->http;
}

static inline void aws_world_clear(struct aws_world *w)
{
	tr_http_free(w->http);
	remove_folder(w->home);
}

/* No part of an error shows the secret. */
static inline void assert_no_secret(const struct tr_err *err)
{
	assert_null(strstr(err->what, SECRET));
	assert_null(strstr(err->detail, SECRET));
	assert_null(strstr(err->hint, SECRET));
}

/* Ask a new provider once. False: *err. */
static inline bool aws_world_ask(struct aws_world *w, struct tr_aws_keys *keys, char **source, char **tried,
	struct tr_err *err)
{
	struct tr_aws_credentials *c;
	*source = *tried = NULL;
	assert_ok(tr_aws_credentials_new(&w->options, &c, err), *err);
	bool ok = tr_aws_credentials_get(c, keys, err);
	struct tr_err story = { 0 };
	assert_ok(tr_aws_credentials_story(c, source, tried, &story), story);
	assert_null(strstr(*source, SECRET));
	assert_null(strstr(*tried, SECRET));
	assert_no_secret(err);
	tr_aws_credentials_free(c);
	return ok;
}

/* What gave the keys, and which; then forgotten. */
static inline void assert_source(struct aws_world *w, const char *expected_source, const char *access_key,
	const char *secret_key, const char *token)
{
	struct tr_aws_keys keys;
	struct tr_err err = { 0 };
	char *source, *tried;
	assert_ok(aws_world_ask(w, &keys, &source, &tried, &err), err);
	assert_string_equal(source, expected_source);
	assert_string_equal(keys.access_key, access_key);
	assert_string_equal(keys.secret_key, secret_key);
	if (token)
		assert_string_equal(keys.session_token, token);
	else
		assert_null(keys.session_token);
	tr_aws_keys_clear(&keys);
	free(source);
	free(tried);
}

/* The chain stops with this error. */
static inline void assert_failure(struct aws_world *w, enum tr_err_kind kind, const char *what,
	const char *hint)
{
	struct tr_aws_keys keys;
	struct tr_err err = { 0 };
	char *source, *tried;
	assert_false(aws_world_ask(w, &keys, &source, &tried, &err));
	assert_int_equal(err.kind, kind);
	if (!strstr(err.what, what))
		fail_msg("expected `%s`, got `%s` (%s)", what, err.what, err.detail);
	if (!strstr(err.hint, hint))
		fail_msg("expected the hint `%s`, got `%s`", hint, err.hint);
	free(source);
	free(tried);
}

#endif
