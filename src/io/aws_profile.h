/*
 * The profiles of `~/.aws/config` and `~/.aws/credentials` (or AWS_CONFIG_FILE and
 * AWS_SHARED_CREDENTIALS_FILE) as one: a setting of the credentials file wins.
 */
#ifndef TR_IO_AWS_PROFILE_H
#define TR_IO_AWS_PROFILE_H

#include "base/environment.h"
#include "io/aws_ini.h"

/* Zeroed before the first use. */
struct tr_aws_profiles {
	struct tr_aws_ini config, credentials;
	char *config_path, *credentials_path, *home; /* home: "" where HOME is not set */
};

/* Files that are not there are empty. */
bool tr_aws_profiles_load(tr_getenv env, void *env_context, struct tr_aws_profiles *out,
	struct tr_err *err) TR_CHECKED;
void tr_aws_profiles_clear(struct tr_aws_profiles *p);

/* A path of a setting: `~/x` begins at HOME. Owned. */
bool tr_aws_home_path(const struct tr_aws_profiles *p, const char *path, char **out,
	struct tr_err *err) TR_CHECKED;

bool tr_aws_profile_exists(const struct tr_aws_profiles *p, const char *profile);
/* A setting from both files, or from one; NULL: not set, or empty. Borrowed. */
const char *tr_aws_profile_get(const struct tr_aws_profiles *p, const char *profile, const char *setting);
const char *tr_aws_profile_config(const struct tr_aws_profiles *p, const char *profile, const char *setting);
const char *tr_aws_profile_credentials(const struct tr_aws_profiles *p, const char *profile,
	const char *setting);
/* The endpoint that a profile names for a service (`s3`, `secrets_manager`), by its `services` section
 * or for all: *url is NULL where it names none. A section that is not there is an error. Borrowed. */
bool tr_aws_profile_endpoint(const struct tr_aws_profiles *p, const char *profile, const char *service,
	const char **url, struct tr_err *err) TR_CHECKED;
/* Of a `[sso-session name]`. */
const char *tr_aws_sso_session_get(const struct tr_aws_profiles *p, const char *name, const char *setting);

#endif
