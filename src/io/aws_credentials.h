/*
 * AWS credentials by the SDKs' chain and in their order (docs: reference/credentials):
 * environment, profile with role_arn, web identity, SSO, shared credentials file,
 * credential_process, config file, container, IMDSv2. A profile that the configuration names
 * skips the environment. Values are kept and renewed 15 minutes before they expire.
 * A provider is used by several threads at once; secrets never appear in errors.
 */
#ifndef TR_IO_AWS_CREDENTIALS_H
#define TR_IO_AWS_CREDENTIALS_H

#include "io/http.h"

struct tr_aws_keys {
	char *access_key, *secret_key, *session_token; /* token: NULL without one */
	int64_t expires_us;                            /* 0: never */
};
void tr_aws_keys_clear(struct tr_aws_keys *keys);

struct tr_aws_credentials;
struct tr_aws_credentials_options {
	const char *profile;  /* NULL: AWS_PROFILE, else `default` */
	const char *region;   /* for STS and SSO; NULL: see tr_aws_region */
	const char *endpoint; /* of every service (struct tr_aws); NULL: as tr_aws_endpoint finds it */
	struct tr_http *http; /* borrowed */
	tr_getenv env;        /* NULL: the process's */
	void *env_context;
	/* What a credential_process inherits (NAME=value, NULL-terminated), but for secrets that are
	 * not its own; NULL: the process's environment. */
	const char *const *child_env;
	int64_t (*now_us)(void *context); /* NULL: the wall clock; tests pass theirs */
	void *now_context;
};
/* Asks nobody yet. */
bool tr_aws_credentials_new(const struct tr_aws_credentials_options *options, struct tr_aws_credentials **out,
	struct tr_err *err) TR_CHECKED;
/* A provider of just these keys, copied: what signs a call to STS. Never renewed. */
bool tr_aws_credentials_fixed(const struct tr_aws_keys *keys, struct tr_aws_credentials **out,
	struct tr_err *err) TR_CHECKED;
/* Valid keys, copied; fetched or renewed where needed. No source has any: a user error that
 * lists what was tried, in order, and why each had none. */
bool tr_aws_credentials_get(struct tr_aws_credentials *c, struct tr_aws_keys *out,
	struct tr_err *err) TR_CHECKED;
/* The service said that these keys have expired: forget them, the next get asks again. */
void tr_aws_credentials_expired(struct tr_aws_credentials *c, const struct tr_aws_keys *keys);
/* After a get: which source gave the keys (`profile prod: role arn:... by source_profile
 * base`), and one line a source of what was tried in which order. Owned text, no secret. */
bool tr_aws_credentials_story(struct tr_aws_credentials *c, char **source, char **tried,
	struct tr_err *err) TR_CHECKED;
void tr_aws_credentials_free(struct tr_aws_credentials *c);

/* The region: `configured`, AWS_REGION, AWS_DEFAULT_REGION, the profile's, else IMDS's (where options
 * have a `http`). Owned.
 * None: a user error with a hint. */
bool tr_aws_region(const char *configured, const struct tr_aws_credentials_options *options, char **out,
	struct tr_err *err) TR_CHECKED;

#endif
