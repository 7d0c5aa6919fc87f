#include "io/aws_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/aws_time.h"

#define ABOUT_MAX 512

const char *tr_aws_env(const struct tr_aws_credentials_options *options, const char *name)
{
	return tr_environment_get(options->env, options->env_context, name);
}

bool tr_aws_about(struct tr_aws_found *out, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(out->about, ABOUT_MAX, fmt, args);
	va_end(args);
	return true;
}

bool tr_aws_found_keys(struct tr_aws_found *out, const char *access_key, const char *secret_key,
	const char *token, int64_t expires_us, struct tr_err *err)
{
	tr_aws_keys_clear(&out->keys);
	out->keys.access_key = tr_strdup(access_key, err);
	out->keys.secret_key = out->keys.access_key ? tr_strdup(secret_key, err) : NULL;
	out->keys.session_token = out->keys.secret_key && token && *token ? tr_strdup(token, err) : NULL;
	out->keys.expires_us = expires_us;
	out->found = out->keys.secret_key && (!token || !*token || out->keys.session_token);
	return out->found;
}

static bool bad_answer(const char *who, const char *problem, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER, "%s gave no usable credentials", who);
	tr_err_detail(err, "%s", problem);
	return tr_err_hint(err,
		"it must answer a JSON object with AccessKeyId, SecretAccessKey and, where they "
		"expire, Expiration as 2026-11-22T19:12:49Z");
}

bool tr_aws_found_json(struct tr_aws_found *out, const char *text, size_t n, const char *token_name,
	const char *who, struct tr_err *err)
{
	int64_t expires_us = 0;
	json_t *answer = json_loadb(text, n, 0, NULL);
	const char *access_key = json_string_value(json_object_get(answer, "AccessKeyId"));
	const char *secret_key = json_string_value(json_object_get(answer, "SecretAccessKey"));
	const char *token = json_string_value(json_object_get(answer, token_name));
	const char *expires = json_string_value(json_object_get(answer, "Expiration"));
	bool ok = false;
	if (!json_is_object(answer))
		bad_answer(who, "the answer is not a JSON object", err);
	else if (!access_key || !*access_key || !secret_key || !*secret_key)
		bad_answer(who, "AccessKeyId or SecretAccessKey is missing", err);
	else if (expires && !tr_aws_time(expires, &expires_us))
		bad_answer(who, "Expiration is not a time", err);
	else
		ok = tr_aws_found_keys(out, access_key, secret_key, token, expires_us, err);
	json_decref(answer);
	return ok;
}
