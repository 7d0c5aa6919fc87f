#include "io/aws_profile.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PATH_TEXT_MAX 4096

bool tr_aws_home_path(const struct tr_aws_profiles *p, const char *path, char **out, struct tr_err *err)
{
	struct tr_str text;
	tr_str_init(&text, PATH_TEXT_MAX);
	if (path[0] == '~' && path[1] == '/' && p->home[0]) {
		tr_str_add(&text, p->home);
		path++;
	}
	tr_str_add(&text, path);
	*out = tr_str_take(&text, err);
	tr_str_clear(&text);
	return *out != NULL;
}

static bool find(const struct tr_aws_profiles *p, const char *configured, const char *usual, char **out,
	struct tr_err *err)
{
	return tr_aws_home_path(p, configured ? configured : usual, out, err);
}

bool tr_aws_profiles_load(tr_getenv env, void *env_context, struct tr_aws_profiles *out, struct tr_err *err)
{
	const char *home = tr_environment_get(env, env_context, "HOME");
	memset(out, 0, sizeof *out);
	out->home = tr_strdup(home ? home : "", err);
	if (out->home &&
		find(out, tr_environment_get(env, env_context, "AWS_CONFIG_FILE"), "~/.aws/config",
			&out->config_path, err) &&
		find(out, tr_environment_get(env, env_context, "AWS_SHARED_CREDENTIALS_FILE"),
			"~/.aws/credentials", &out->credentials_path, err) &&
		tr_aws_ini_load(out->config_path, &out->config, err) &&
		tr_aws_ini_load(out->credentials_path, &out->credentials, err))
		return true;
	tr_aws_profiles_clear(out);
	return false;
}

void tr_aws_profiles_clear(struct tr_aws_profiles *p)
{
	tr_aws_ini_clear(&p->config);
	tr_aws_ini_clear(&p->credentials);
	free(p->config_path);
	free(p->credentials_path);
	free(p->home);
	memset(p, 0, sizeof *p);
}

bool tr_aws_profile_exists(const struct tr_aws_profiles *p, const char *profile)
{
	return tr_aws_ini_has(&p->credentials, "", profile) ||
		tr_aws_ini_has(&p->config, "profile", profile) ||
		(strcmp(profile, "default") == 0 && tr_aws_ini_has(&p->config, "", profile));
}

static const char *filled(const char *value)
{
	return value && *value ? value : NULL;
}

const char *tr_aws_profile_config(const struct tr_aws_profiles *p, const char *profile, const char *setting)
{
	const char *value = tr_aws_ini_get(&p->config, "profile", profile, setting);
	if (!value && strcmp(profile, "default") == 0)
		value = tr_aws_ini_get(&p->config, "", profile, setting);
	return filled(value);
}

const char *tr_aws_profile_credentials(const struct tr_aws_profiles *p, const char *profile,
	const char *setting)
{
	return filled(tr_aws_ini_get(&p->credentials, "", profile, setting));
}

const char *tr_aws_profile_get(const struct tr_aws_profiles *p, const char *profile, const char *setting)
{
	const char *value = tr_aws_profile_credentials(p, profile, setting);
	return value ? value : tr_aws_profile_config(p, profile, setting);
}

bool tr_aws_profile_endpoint(const struct tr_aws_profiles *p, const char *profile, const char *service,
	const char **url, struct tr_err *err)
{
	const char *ignore = tr_aws_profile_get(p, profile, "ignore_configured_endpoint_urls");
	const char *services = tr_aws_profile_get(p, profile, "services");
	*url = NULL;
	if (ignore && strcasecmp(ignore, "true") == 0)
		return true;
	if (services && !tr_aws_ini_has(&p->config, "services", services)) {
		tr_err_set(err, TR_ERR_USER,
			"%s has no section [services %.200s], which profile %.200s names", p->config_path,
			services, profile);
		return tr_err_hint(err, "add the section, or take `services` out of the profile");
	}
	if (services)
		*url = filled(tr_aws_ini_part(&p->config, "services", services, service, "endpoint_url"));
	if (!*url)
		*url = tr_aws_profile_get(p, profile, "endpoint_url");
	return true;
}

const char *tr_aws_sso_session_get(const struct tr_aws_profiles *p, const char *name, const char *setting)
{
	return filled(tr_aws_ini_get(&p->config, "sso-session", name, setting));
}
