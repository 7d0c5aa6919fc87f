/*
 * The sources of AWS credentials, each a function of one walk through the chain
 * (aws_credentials.h). A source that is not configured says why and finds nothing; one that is
 * configured and fails is an error, which ends the walk. Private to the credentials.
 */
#ifndef TR_IO_AWS_SOURCE_H
#define TR_IO_AWS_SOURCE_H

#include <jansson.h>

#include "io/aws_credentials.h"
#include "io/aws_profile.h"

/* One walk; all is borrowed. */
struct tr_aws_walk {
	const struct tr_aws_credentials_options *options;
	const struct tr_aws_profiles *profiles;
	const char *profile;
	bool skip_env; /* the configuration names the profile: its keys, not the environment's */
	int64_t now_us;
};

/* Zeroed before a source is asked. */
struct tr_aws_found {
	struct tr_aws_keys keys;
	bool found;
	char about[512]; /* found: where the keys come from; else why there are none. No secret. */
};

/* True: out->found says whether there are keys. False: configured, but failed. */
typedef bool (*tr_aws_source)(const struct tr_aws_walk *w, struct tr_aws_found *out, struct tr_err *err);

bool tr_aws_source_environment(const struct tr_aws_walk *w, struct tr_aws_found *out,
	struct tr_err *err) TR_CHECKED;
bool tr_aws_source_role(const struct tr_aws_walk *w, struct tr_aws_found *out, struct tr_err *err) TR_CHECKED;
bool tr_aws_source_web_identity(const struct tr_aws_walk *w, struct tr_aws_found *out,
	struct tr_err *err) TR_CHECKED;
bool tr_aws_source_sso(const struct tr_aws_walk *w, struct tr_aws_found *out, struct tr_err *err) TR_CHECKED;
bool tr_aws_source_credentials_file(const struct tr_aws_walk *w, struct tr_aws_found *out,
	struct tr_err *err) TR_CHECKED;
bool tr_aws_source_process(const struct tr_aws_walk *w, struct tr_aws_found *out,
	struct tr_err *err) TR_CHECKED;
bool tr_aws_source_config_file(const struct tr_aws_walk *w, struct tr_aws_found *out,
	struct tr_err *err) TR_CHECKED;
bool tr_aws_source_container(const struct tr_aws_walk *w, struct tr_aws_found *out,
	struct tr_err *err) TR_CHECKED;
bool tr_aws_source_instance(const struct tr_aws_walk *w, struct tr_aws_found *out,
	struct tr_err *err) TR_CHECKED;

/* ---- what several sources need (aws_source.c) ---- */

/* A variable of the environment; NULL: not set, or empty. */
const char *tr_aws_env(const struct tr_aws_credentials_options *options, const char *name);
/* out->about. Returns true: a source can end with it. */
bool tr_aws_about(struct tr_aws_found *out, const char *fmt, ...) TR_PRINTF(2, 3);
/* Copy keys; token may be NULL or "". Marks them as found. */
bool tr_aws_found_keys(struct tr_aws_found *out, const char *access_key, const char *secret_key,
	const char *token, int64_t expires_us, struct tr_err *err) TR_CHECKED;
/* The answer of containers and instances: AccessKeyId, SecretAccessKey, Token (the member's name
 * is given: processes say SessionToken), Expiration. `who` is for messages. */
bool tr_aws_found_json(struct tr_aws_found *out, const char *text, size_t n, const char *token_name,
	const char *who, struct tr_err *err) TR_CHECKED;

/* The value of a path below http://169.254.169.254/latest/, by IMDSv2: one attempt, no proxy, short
 * time. *found false: switched off, or nobody answers (`why` says which, 256 bytes). Owned. */
bool tr_aws_imds_get(const struct tr_aws_credentials_options *options, const char *path, char **out,
	bool *found, char *why, struct tr_err *err) TR_CHECKED;

/* Call STS and take the keys of its answer. `form`: the body; `keys`: who signs it, NULL: nobody.
 * `action`: `sts:AssumeRole`; `role`: for messages. */
bool tr_aws_sts(const struct tr_aws_walk *w, const struct tr_aws_keys *keys, const char *action,
	const char *role, const struct tr_str *form, struct tr_aws_found *out, struct tr_err *err) TR_CHECKED;
/* Begin a form: Action, Version, RoleArn, RoleSessionName (NULL: one of our own), DurationSeconds
 * (NULL: STS's default). Then add parameters, the value encoded. */
void tr_aws_sts_form(const struct tr_aws_walk *w, struct tr_str *form, const char *action, const char *role,
	const char *session, const char *duration);
void tr_aws_sts_param(struct tr_str *form, const char *name, const char *value);

#endif
