/* Roles that STS hands out: by web identity, by the keys of another source. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/aws.h"
#include "io/aws_source.h"
#include "io/aws_time.h"
#include "io/read_file.h"
#include "io/xml.h"

#define FORM_MAX ((size_t)64 << 10)
#define TOKEN_MAX ((size_t)32 << 10)
#define CHAIN_MAX 8 /* roles behind each other */

/* ---- the call ---- */

void tr_aws_sts_param(struct tr_str *form, const char *name, const char *value)
{
	tr_str_addf(form, "&%s=", name);
	tr_uri_encode(form, value, strlen(value), false);
}

void tr_aws_sts_form(const struct tr_aws_walk *w, struct tr_str *form, const char *action, const char *role,
	const char *session, const char *duration)
{
	char own[64];
	snprintf(own, sizeof own, "tailrace-%lld", (long long)(w->now_us / 1000000));
	tr_str_init(form, FORM_MAX);
	tr_str_addf(form, "Action=%s&Version=2011-06-15", action);
	tr_aws_sts_param(form, "RoleArn", role);
	tr_aws_sts_param(form, "RoleSessionName", session ? session : own);
	if (duration)
		tr_aws_sts_param(form, "DurationSeconds", duration);
}

/* The text of one of the credentials; owned, "" where it is not there. */
static bool element(const struct tr_buf *xml, const char *name, char **out, struct tr_err *err)
{
	struct tr_str text;
	tr_str_init(&text, TOKEN_MAX);
	(void)tr_xml_find((const char *)xml->data, xml->len, "Credentials", name, &text);
	*out = tr_str_take(&text, err);
	tr_str_clear(&text);
	return *out != NULL;
}

static bool take_keys(const struct tr_buf *xml, const char *action, struct tr_aws_found *out,
	struct tr_err *err)
{
	static const char *const NAMES[] = { "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration" };
	char *values[4] = { NULL };
	int64_t expires_us = 0;
	bool ok = true;
	for (size_t i = 0; ok && i < 4; i++)
		ok = element(xml, NAMES[i], &values[i], err);
	if (ok && (!values[0][0] || !values[1][0] || !tr_aws_time(values[3], &expires_us))) {
		tr_err_set(err, TR_ERR_TRANSIENT, "%s: the answer holds no credentials", action);
		ok = tr_err_hint(err, "check that the endpoint is that of STS");
	}
	ok = ok && tr_aws_found_keys(out, values[0], values[1], values[2], expires_us, err);
	for (size_t i = 0; i < 4; i++) {
		if (values[i])
			explicit_bzero(values[i], strlen(values[i]));
		free(values[i]);
	}
	return ok;
}

static bool send(const struct tr_aws *aws, const char *action, const char *role, const struct tr_str *form,
	struct tr_aws_found *out, struct tr_err *err)
{
	const struct tr_http_header type = { "Content-Type",
		"application/x-www-form-urlencoded; charset=utf-8" };
	struct tr_aws_reply reply = { 0 };
	char *endpoint = NULL;
	bool ok = tr_str_ok(form, err) && tr_aws_endpoint(aws, "sts", NULL, &endpoint, err);
	const struct tr_aws_request request = { .service = "sts",
		.action = action,
		.subject = role,
		.endpoint = endpoint,
		.method = "POST",
		.path = "/",
		.headers = &type,
		.n_headers = 1,
		.body = form->ptr,
		.n_body = form->len,
		.response_max = FORM_MAX,
		.idempotent = true,
		.unsigned_ = !aws->credentials };
	ok = ok && tr_aws_send(aws, &request, NULL, &reply, err) &&
		take_keys(&reply.http.body, action, out, err);
	if (reply.http.body.data)
		explicit_bzero(reply.http.body.data, reply.http.body.len);
	tr_aws_reply_clear(&reply);
	free(endpoint);
	return ok;
}

bool tr_aws_sts(const struct tr_aws_walk *w, const struct tr_aws_keys *keys, const char *action,
	const char *role, const struct tr_str *form, struct tr_aws_found *out, struct tr_err *err)
{
	struct tr_aws_credentials *signer = NULL;
	char *region = NULL;
	bool ok = (!keys || tr_aws_credentials_fixed(keys, &signer, err)) &&
		tr_aws_region(w->options->region, w->options, &region, err);
	const struct tr_aws aws = { .http = w->options->http,
		.credentials = signer,
		.region = region,
		.endpoint = w->options->endpoint,
		.profile = w->profile,
		.env = w->options->env,
		.env_context = w->options->env_context };
	ok = ok && send(&aws, action, role, form, out, err);
	free(region);
	tr_aws_credentials_free(signer);
	return ok;
}

/* ---- web identity ---- */

struct identity {
	const char *role, *token_file, *session, *from;
};

static struct identity find_identity(const struct tr_aws_walk *w)
{
	struct identity id = { 0 };
	if (!w->skip_env) {
		id.role = tr_aws_env(w->options, "AWS_ROLE_ARN");
		id.token_file = tr_aws_env(w->options, "AWS_WEB_IDENTITY_TOKEN_FILE");
		id.session = tr_aws_env(w->options, "AWS_ROLE_SESSION_NAME");
		id.from = "the environment";
	}
	if (!id.token_file) {
		id.token_file = tr_aws_profile_get(w->profiles, w->profile, "web_identity_token_file");
		id.role = tr_aws_profile_get(w->profiles, w->profile, "role_arn");
		id.session = tr_aws_profile_get(w->profiles, w->profile, "role_session_name");
		id.from = w->profile;
	}
	return id;
}

static bool read_token(const struct tr_aws_walk *w, const char *file, struct tr_buf *token,
	struct tr_err *err)
{
	char *path;
	bool found = false;
	if (!tr_aws_home_path(w->profiles, file, &path, err))
		return false;
	bool ok = tr_read_file(path, token, &found, err);
	if (ok && !found) {
		tr_err_set(err, TR_ERR_USER, "the web identity token file %s is not there", path);
		ok = tr_err_hint(err,
			"correct AWS_WEB_IDENTITY_TOKEN_FILE or the profile's web_identity_token_file");
	}
	free(path);
	if (ok)
		token->data[strcspn((const char *)token->data, "\r\n")] = '\0';
	return ok;
}

bool tr_aws_source_web_identity(const struct tr_aws_walk *w, struct tr_aws_found *out, struct tr_err *err)
{
	struct identity id = find_identity(w);
	struct tr_buf token;
	struct tr_str form;
	if (!id.token_file)
		return tr_aws_about(out, "%s profile %s has no web_identity_token_file",
			w->skip_env ? "" : "AWS_WEB_IDENTITY_TOKEN_FILE is not set, and", w->profile);
	if (!id.role) {
		tr_err_set(err, TR_ERR_USER, "there is a web identity token, but no role to assume with it");
		return tr_err_hint(err, "set AWS_ROLE_ARN, or role_arn in profile %s", w->profile);
	}
	tr_buf_init(&token, TOKEN_MAX);
	tr_str_init(&form, FORM_MAX);
	bool ok = read_token(w, id.token_file, &token, err);
	if (ok) {
		tr_aws_sts_form(w, &form, "AssumeRoleWithWebIdentity", id.role, id.session, NULL);
		tr_aws_sts_param(&form, "WebIdentityToken", (const char *)token.data);
		tr_aws_about(out, "web identity: role %s with the token of %s", id.role, id.token_file);
		ok = tr_aws_sts(w, NULL, "sts:AssumeRoleWithWebIdentity", id.role, &form, out, err);
	}
	if (token.data)
		explicit_bzero(token.data, token.cap);
	if (form.ptr)
		explicit_bzero(form.ptr, form.cap);
	tr_buf_clear(&token);
	tr_str_clear(&form);
	return ok;
}

/* ---- a profile's role ---- */

/* The roles that are being assumed, the first one first. */
struct chain {
	const char *profiles[CHAIN_MAX];
	size_t n;
};

static bool has_role(const struct tr_aws_walk *w, const char *profile)
{
	return tr_aws_profile_get(w->profiles, profile, "role_arn") &&
		!tr_aws_profile_get(w->profiles, profile, "web_identity_token_file");
}

static bool has_static_keys(const struct tr_aws_walk *w, const char *profile)
{
	return tr_aws_profile_get(w->profiles, profile, "aws_access_key_id") != NULL;
}

static bool in_chain(const struct chain *c, const char *profile)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->profiles[i], profile) == 0)
			return true;
	return false;
}

static bool circle(const struct chain *c, const char *profile, struct tr_err *err)
{
	struct tr_str text;
	tr_str_init(&text, 2048);
	for (size_t i = 0; i < c->n; i++)
		tr_str_addf(&text, "%s -> ", c->profiles[i]);
	tr_str_add(&text, profile);
	tr_err_set(err, TR_ERR_USER,
		"AWS profile %s: its source_profile leads in a circle, or through more than "
		"%d roles",
		c->profiles[0], CHAIN_MAX);
	tr_err_detail(err, "%s", text.ptr ? text.ptr : "");
	tr_str_clear(&text);
	return tr_err_hint(err, "let the last source_profile name a profile with keys");
}

static bool assume(const struct tr_aws_walk *w, const char *profile, struct chain *c,
	struct tr_aws_found *out, struct tr_err *err);

/* The keys of a source_profile: static ones, its own role, or what else it has. */
static bool from_profile(const struct tr_aws_walk *w, const char *profile, struct chain *c,
	struct tr_aws_found *out, struct tr_err *err)
{
	static const tr_aws_source SOURCES[] = { tr_aws_source_web_identity, tr_aws_source_sso,
		tr_aws_source_credentials_file, tr_aws_source_process, tr_aws_source_config_file };
	struct tr_aws_walk of_profile = *w;
	of_profile.profile = profile;
	of_profile.skip_env = true;
	if (!tr_aws_profile_exists(w->profiles, profile)) {
		tr_err_set(err, TR_ERR_USER, "AWS profile %s: its source_profile %s does not exist",
			c->profiles[c->n - 1], profile);
		return tr_err_hint(err, "write a section for it in %s or %s", w->profiles->config_path,
			w->profiles->credentials_path);
	}
	if (has_role(w, profile) && !has_static_keys(w, profile))
		return in_chain(c, profile) ? circle(c, profile, err) : assume(w, profile, c, out, err);
	for (size_t i = 0; !out->found && i < sizeof SOURCES / sizeof *SOURCES; i++)
		if (!SOURCES[i](&of_profile, out, err))
			return false;
	if (out->found)
		return true;
	tr_err_set(err, TR_ERR_USER, "AWS profile %s: its source_profile %s has no credentials",
		c->profiles[c->n - 1], profile);
	return tr_err_hint(err, "give it keys, a role, SSO or a credential_process");
}

static bool from_named_source(const struct tr_aws_walk *w, const char *name, const char *profile,
	struct tr_aws_found *out, struct tr_err *err)
{
	static const struct {
		const char *name;
		tr_aws_source source;
	} SOURCES[] = { { "Environment", tr_aws_source_environment },
		{ "Ec2InstanceMetadata", tr_aws_source_instance },
		{ "EcsContainer", tr_aws_source_container } };
	struct tr_aws_walk named = *w;
	named.skip_env = false;
	for (size_t i = 0; i < sizeof SOURCES / sizeof *SOURCES; i++) {
		if (strcmp(SOURCES[i].name, name) != 0)
			continue;
		if (!SOURCES[i].source(&named, out, err))
			return false;
		if (out->found)
			return true;
		tr_err_set(err, TR_ERR_USER, "AWS profile %s: credential_source %s has no credentials",
			profile, name);
		tr_err_detail(err, "%s", out->about);
		return tr_err_hint(err, "name another credential_source, or a source_profile");
	}
	tr_err_set(err, TR_ERR_USER, "AWS profile %s: unknown credential_source %.100s", profile, name);
	return tr_err_hint(err, "write Environment, Ec2InstanceMetadata or EcsContainer");
}

/* The settings of a role that can't be used as they are. */
static bool check_role(const char *profile, const char *source_profile, const char *source, const char *mfa,
	struct tr_err *err)
{
	if (mfa) {
		tr_err_set(err, TR_ERR_USER,
			"AWS profile %s asks for an MFA code (mfa_serial), which tailrace "
			"can't ask for",
			profile);
		return tr_err_hint(err,
			"make a session first and use its keys: `aws configure export-credentials "
			"--profile %s --format env`, or as credential_process in another profile",
			profile);
	}
	if (!source_profile == !source) {
		tr_err_set(err, TR_ERR_USER, "AWS profile %s has a role_arn and %s", profile,
			source ? "both source_profile and credential_source"
			       : "neither source_profile nor credential_source");
		return tr_err_hint(err, "set exactly one of the two: it gives the keys that assume the role");
	}
	return true;
}

static bool call_assume_role(const struct tr_aws_walk *w, const char *profile, const struct tr_aws_keys *keys,
	struct tr_aws_found *out, struct tr_err *err)
{
	const char *role = tr_aws_profile_get(w->profiles, profile, "role_arn");
	const char *external_id = tr_aws_profile_get(w->profiles, profile, "external_id");
	struct tr_str form;
	tr_aws_sts_form(w, &form, "AssumeRole", role,
		tr_aws_profile_get(w->profiles, profile, "role_session_name"),
		tr_aws_profile_get(w->profiles, profile, "duration_seconds"));
	if (external_id)
		tr_aws_sts_param(&form, "ExternalId", external_id);
	bool ok = tr_aws_sts(w, keys, "sts:AssumeRole", role, &form, out, err);
	tr_str_clear(&form);
	return ok;
}

static bool assume(const struct tr_aws_walk *w, const char *profile, struct chain *c,
	struct tr_aws_found *out, struct tr_err *err)
{
	const char *source_profile = tr_aws_profile_get(w->profiles, profile, "source_profile");
	const char *source = tr_aws_profile_get(w->profiles, profile, "credential_source");
	struct tr_aws_found by = { 0 };
	if (!check_role(profile, source_profile, source,
		    tr_aws_profile_get(w->profiles, profile, "mfa_serial"), err))
		return false;
	if (c->n == CHAIN_MAX)
		return circle(c, profile, err);
	c->profiles[c->n++] = profile;
	bool ok = (source ? from_named_source(w, source, profile, &by, err)
			  : from_profile(w, source_profile, c, &by, err)) &&
		call_assume_role(w, profile, &by.keys, out, err);
	tr_aws_about(out, "profile %s: role %s by %s %s", profile,
		tr_aws_profile_get(w->profiles, profile, "role_arn"),
		source ? "credential_source" : "source_profile", source ? source : source_profile);
	tr_aws_keys_clear(&by.keys);
	return ok;
}

bool tr_aws_source_role(const struct tr_aws_walk *w, struct tr_aws_found *out, struct tr_err *err)
{
	struct chain c = { .n = 0 };
	if (!has_role(w, w->profile))
		return tr_aws_about(out, "profile %s has no role_arn", w->profile);
	return assume(w, w->profile, &c, out, err);
}
