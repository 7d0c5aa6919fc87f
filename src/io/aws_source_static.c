/* Keys that stand somewhere as they are: the environment, the credentials file, the config file. */
#include <string.h>

#include "io/aws_source.h"

static bool half(const char *where, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER, "%s has one half of AWS credentials only", where);
	return tr_err_hint(err, "set both the access key id and the secret access key, or neither");
}

bool tr_aws_source_environment(const struct tr_aws_walk *w, struct tr_aws_found *out, struct tr_err *err)
{
	if (w->skip_env)
		return tr_aws_about(out, "skipped: the configuration names profile %s", w->profile);
	const char *access_key = tr_aws_env(w->options, "AWS_ACCESS_KEY_ID");
	const char *secret_key = tr_aws_env(w->options, "AWS_SECRET_ACCESS_KEY");
	if (!access_key && !secret_key)
		return tr_aws_about(out, "AWS_ACCESS_KEY_ID is not set");
	if (!access_key || !secret_key)
		return half("the environment", err);
	tr_aws_about(out, "the environment (AWS_ACCESS_KEY_ID)");
	return tr_aws_found_keys(out, access_key, secret_key, tr_aws_env(w->options, "AWS_SESSION_TOKEN"), 0,
		err);
}

typedef const char *(*setting_fn)(const struct tr_aws_profiles *p, const char *profile, const char *setting);

static bool from_file(const struct tr_aws_walk *w, setting_fn get, const char *path, struct tr_aws_found *out,
	struct tr_err *err)
{
	const char *access_key = get(w->profiles, w->profile, "aws_access_key_id");
	const char *secret_key = get(w->profiles, w->profile, "aws_secret_access_key");
	char where[sizeof out->about];
	if (!access_key && !secret_key)
		return tr_aws_about(out, "profile %s has no keys in %s", w->profile, path);
	tr_aws_about(out, "profile %s of %s", w->profile, path);
	if (!access_key || !secret_key) {
		memcpy(where, out->about, sizeof where);
		return half(where, err);
	}
	return tr_aws_found_keys(out, access_key, secret_key,
		get(w->profiles, w->profile, "aws_session_token"), 0, err);
}

bool tr_aws_source_credentials_file(const struct tr_aws_walk *w, struct tr_aws_found *out, struct tr_err *err)
{
	return from_file(w, tr_aws_profile_credentials, w->profiles->credentials_path, out, err);
}

bool tr_aws_source_config_file(const struct tr_aws_walk *w, struct tr_aws_found *out, struct tr_err *err)
{
	return from_file(w, tr_aws_profile_config, w->profiles->config_path, out, err);
}
