#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "io/aws.h"
#include "io/aws_profile.h"

static const char *variable(const struct tr_aws *aws, const char *name)
{
	return tr_environment_get(aws->env, aws->env_context, name);
}

/* The SDKs derive the names of settings from the service's id: `Secrets Manager`. */
static const char *setting_of(const char *service)
{
	return strcmp(service, "secretsmanager") == 0 ? "secrets_manager"
		: strcmp(service, "portal.sso") == 0  ? "sso"
						      : service;
}

static bool is_ignored(const struct tr_aws *aws)
{
	const char *ignore = variable(aws, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
	return ignore && strcasecmp(ignore, "true") == 0;
}

/* AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL; NULL: neither. */
static const char *from_environment(const struct tr_aws *aws, const char *service)
{
	char name[64] = "AWS_ENDPOINT_URL_";
	size_t at = strlen(name);
	for (const char *c = setting_of(service); *c && at + 1 < sizeof name; c++)
		name[at++] = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c == '-' ? '_' : *c;
	name[at] = '\0';
	const char *own = variable(aws, name);
	return own ? own : variable(aws, "AWS_ENDPOINT_URL");
}

/* Owned; *out is NULL where the profile names none. */
static bool from_profile(const struct tr_aws *aws, const char *service, char **out, struct tr_err *err)
{
	const char *profile = aws->profile ? aws->profile : variable(aws, "AWS_PROFILE"), *url = NULL;
	struct tr_aws_profiles profiles = { 0 };
	bool ok = tr_aws_profiles_load(aws->env, aws->env_context, &profiles, err) &&
		tr_aws_profile_endpoint(&profiles, profile ? profile : "default", setting_of(service), &url,
			err) &&
		(!url || (*out = tr_strdup(url, err)));
	tr_aws_profiles_clear(&profiles);
	return ok;
}

/* AWS's partitions, by how their regions begin; the last holds all others. */
static const struct {
	const char *prefix, *suffix;
} partitions[] = { { "cn-", "amazonaws.com.cn" }, { "us-iso-", "c2s.ic.gov" },
	{ "us-isob-", "sc2s.sgov.gov" }, { "us-isof-", "csp.hci.ic.gov" }, { "eu-isoe-", "cloud.adc-e.uk" },
	{ "eusc-", "amazonaws.eu" }, { "", "amazonaws.com" } };

static const char *dns_suffix(const char *region)
{
	size_t i = 0;
	while (strncmp(region, partitions[i].prefix, strlen(partitions[i].prefix)) != 0)
		i++;
	return partitions[i].suffix;
}

bool tr_aws_endpoint_is_own(const char *url)
{
	for (size_t i = 0; i < sizeof partitions / sizeof *partitions; i++) {
		const char *at = strstr(url, partitions[i].suffix);
		if (at && at > url && at[-1] == '.')
			return true;
	}
	return false;
}

/* It becomes part of a host's name. */
static bool is_region(const char *region)
{
	size_t n = region ? strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") : 0;
	return n > 0 && n < 40 && region[n] == '\0';
}

static bool of_region(const struct tr_aws *aws, const char *service, char **out, struct tr_err *err)
{
	struct tr_str text;
	if (!is_region(aws->region)) {
		tr_err_set(err, TR_ERR_USER, "`%.60s` is no AWS region", aws->region ? aws->region : "");
		return tr_err_hint(err, "write it as `eu-west-1`");
	}
	tr_str_init(&text, 512);
	tr_str_addf(&text, "https://%s.%s.%s", service, aws->region, dns_suffix(aws->region));
	*out = tr_str_take(&text, err);
	return *out != NULL;
}

static bool check(const char *given, const char *service, char **out, struct tr_err *err)
{
	size_t scheme = strncasecmp(given, "https://", 8) == 0 ? 8
		: strncasecmp(given, "http://", 7) == 0        ? 7
							       : 0;
	size_t n = strlen(given);
	while (n > scheme && given[n - 1] == '/')
		n--;
	if (!scheme || n == scheme || strcspn(given, "?#@ \r\n") < n) {
		tr_err_set(err, TR_ERR_USER, "`%.200s` is no endpoint for %s", given, service);
		return tr_err_hint(err,
			"write it as http://host:port or https://host, without user and query");
	}
	*out = tr_strndup(given, n, err);
	return *out != NULL;
}

bool tr_aws_endpoint(const struct tr_aws *aws, const char *service, const char *own, char **out,
	struct tr_err *err)
{
	const char *given = own ? own : aws->endpoint;
	char *of_profile = NULL;
	bool look = !given && !is_ignored(aws);
	*out = NULL;
	if (look)
		given = from_environment(aws, service);
	if (look && !given && !from_profile(aws, service, &of_profile, err))
		return false;
	given = given ? given : of_profile;
	bool ok = given ? check(given, service, out, err) : of_region(aws, service, out, err);
	free(of_profile);
	return ok;
}
