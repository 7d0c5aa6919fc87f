/* IAM Identity Center: the token that `aws sso login` left, exchanged for a role's keys. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/aws.h"
#include "io/aws_source.h"
#include "io/aws_time.h"
#include "io/read_file.h"

#define TOKEN_FILE_MAX ((size_t)64 << 10)

struct sso {
	const char *account, *role, *session; /* session: NULL for the older form */
	const char *region, *start_url;
};

static bool login(const struct tr_aws_walk *w, const char *problem, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER, "AWS profile %s: %s", w->profile, problem);
	return tr_err_hint(err, "run `aws sso login --profile %s`, then again", w->profile);
}

static bool incomplete(const struct tr_aws_walk *w, const char *setting, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER, "AWS profile %s uses SSO, but %s is not set", w->profile, setting);
	return tr_err_hint(err, "`aws configure sso --profile %s` writes all that is needed", w->profile);
}

static bool settings(const struct tr_aws_walk *w, struct sso *s, struct tr_err *err)
{
	s->session = tr_aws_profile_get(w->profiles, w->profile, "sso_session");
	if (s->session) {
		s->region = tr_aws_sso_session_get(w->profiles, s->session, "sso_region");
		s->start_url = tr_aws_sso_session_get(w->profiles, s->session, "sso_start_url");
	} else {
		s->region = tr_aws_profile_get(w->profiles, w->profile, "sso_region");
		s->start_url = tr_aws_profile_get(w->profiles, w->profile, "sso_start_url");
	}
	return (s->account || incomplete(w, "sso_account_id", err)) &&
		(s->role || incomplete(w, "sso_role_name", err)) &&
		(s->region ||
			incomplete(w, s->session ? "sso_region of its sso-session" : "sso_region", err)) &&
		(s->start_url ||
			incomplete(w, s->session ? "sso_start_url of its sso-session" : "sso_start_url",
				err));
}

/* ~/.aws/sso/cache/<sha1 of the session's name or the start url>.json */
static bool token_path(const struct tr_aws_walk *w, const char *key, char **out, struct tr_err *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	char path[128] = "~/.aws/sso/cache/";
	size_t len = strlen(path);
	if (!EVP_Digest(key, strlen(key), digest, &n, EVP_sha1(), NULL))
		return tr_err_set(err, TR_ERR_INTERNAL, "SHA-1 is not available");
	for (unsigned i = 0; i < n && i < 20; i++, len += 2)
		snprintf(path + len, sizeof path - len, "%02x", digest[i]);
	snprintf(path + len, sizeof path - len, ".json");
	return tr_aws_home_path(w->profiles, path, out, err);
}

/* The token where it is there and has not expired. Owned, a secret. */
static bool read_token(const struct tr_aws_walk *w, const char *key, char **token, struct tr_err *err)
{
	struct tr_buf text;
	char *path;
	bool found = false, ok = false;
	int64_t expires_us = 0;
	if (!token_path(w, key, &path, err))
		return false;
	tr_buf_init(&text, TOKEN_FILE_MAX);
	json_t *cache = NULL;
	if (!tr_read_file(path, &text, &found, err))
		goto out;
	cache = found ? json_loadb((const char *)text.data, text.len, 0, NULL) : NULL;
	const char *value = json_string_value(json_object_get(cache, "accessToken"));
	const char *expires = json_string_value(json_object_get(cache, "expiresAt"));
	if (!found)
		login(w, "nobody has logged in to SSO", err);
	else if (!value || !*value || !expires || !tr_aws_time(expires, &expires_us))
		login(w, "the SSO login in the cache can't be used", err);
	else if (expires_us <= w->now_us)
		login(w, "the SSO login has expired", err);
	else
		ok = (*token = tr_strdup(value, err)) != NULL;
out:
	json_decref(cache);
	if (text.data)
		explicit_bzero(text.data, text.cap);
	tr_buf_clear(&text);
	free(path);
	return ok;
}

static bool take_keys(const struct tr_buf *body, struct tr_aws_found *out, struct tr_err *err)
{
	json_t *answer = json_loadb((const char *)body->data, body->len, 0, NULL);
	json_t *keys = json_object_get(answer, "roleCredentials");
	const char *access_key = json_string_value(json_object_get(keys, "accessKeyId"));
	const char *secret_key = json_string_value(json_object_get(keys, "secretAccessKey"));
	const char *token = json_string_value(json_object_get(keys, "sessionToken"));
	json_int_t expires_ms = json_integer_value(json_object_get(keys, "expiration"));
	bool ok = false;
	if (!access_key || !secret_key || expires_ms <= 0 || expires_ms > INT64_MAX / 1000) {
		tr_err_set(err, TR_ERR_TRANSIENT, "sso:GetRoleCredentials: the answer holds no credentials");
		tr_err_hint(err, "check that the endpoint is that of SSO");
	} else {
		ok = tr_aws_found_keys(out, access_key, secret_key, token, expires_ms * 1000, err);
	}
	json_decref(answer);
	return ok;
}

static bool refused(const struct tr_aws_reply *reply)
{
	return reply->http.status == 401 || reply->http.status == 403;
}

static bool exchange(const struct tr_aws_walk *w, const struct sso *s, const char *token,
	struct tr_aws_found *out, struct tr_err *err)
{
	const struct tr_aws aws = { .http = w->options->http,
		.region = s->region,
		.endpoint = w->options->endpoint,
		.profile = w->profile,
		.env = w->options->env,
		.env_context = w->options->env_context };
	const struct tr_sigv4_pair query[] = { { "account_id", s->account }, { "role_name", s->role } };
	const struct tr_http_header header = { "x-amz-sso_bearer_token", token };
	struct tr_aws_reply reply = { 0 };
	char *endpoint = NULL;
	bool ok = tr_aws_endpoint(&aws, "portal.sso", NULL, &endpoint, err);
	const struct tr_aws_request request = { .service = "sso",
		.action = "sso:GetRoleCredentials",
		.subject = s->role,
		.endpoint = endpoint,
		.method = "GET",
		.path = "/federation/credentials",
		.query = query,
		.n_query = 2,
		.headers = &header,
		.n_headers = 1,
		.response_max = TOKEN_FILE_MAX,
		.idempotent = true,
		.unsigned_ = true };
	ok = ok && tr_aws_send(&aws, &request, refused, &reply, err);
	if (ok && reply.http.status == 401) {
		ok = login(w, "SSO does not accept the login any more", err);
	} else if (ok && reply.http.status == 403) {
		tr_err_set(err, TR_ERR_USER, "AWS profile %s: SSO gives no access to role %s in account %s",
			w->profile, s->role, s->account);
		ok = tr_err_hint(err, "correct sso_account_id and sso_role_name, or ask for the assignment");
	}
	ok = ok && take_keys(&reply.http.body, out, err);
	if (reply.http.body.data)
		explicit_bzero(reply.http.body.data, reply.http.body.len);
	tr_aws_reply_clear(&reply);
	free(endpoint);
	return ok;
}

bool tr_aws_source_sso(const struct tr_aws_walk *w, struct tr_aws_found *out, struct tr_err *err)
{
	struct sso s = { .account = tr_aws_profile_get(w->profiles, w->profile, "sso_account_id"),
		.role = tr_aws_profile_get(w->profiles, w->profile, "sso_role_name") };
	char *token = NULL;
	if (!s.account && !s.role)
		return tr_aws_about(out, "profile %s has no sso_account_id", w->profile);
	bool ok = settings(w, &s, err) && read_token(w, s.session ? s.session : s.start_url, &token, err) &&
		exchange(w, &s, token, out, err);
	tr_aws_about(out, "profile %s: SSO role %s in account %s", w->profile, s.role ? s.role : "",
		s.account ? s.account : "");
	if (token)
		explicit_bzero(token, strlen(token));
	free(token);
	return ok;
}
