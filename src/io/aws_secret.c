#include "io/aws_secret.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX ((size_t)256 << 10) /* a secret has at most 64 KiB */
#define REGION_TEXT 64

/* arn:aws:secretsmanager:eu-west-1:123456789012:secret:name-abcdef */
static bool region_of_arn(const char *secret, char *out)
{
	const char *p = secret;
	if (strncmp(p, "arn:", 4) != 0)
		return false;
	for (int i = 0; i < 3; i++) {
		p = strchr(p, ':');
		if (!p)
			return false;
		p++;
	}
	size_t n = strcspn(p, ":");
	if (n == 0 || n >= REGION_TEXT || p[n] != ':')
		return false;
	memcpy(out, p, n);
	out[n] = '\0';
	return true;
}

static bool not_found(const struct tr_aws_reply *reply)
{
	return strcmp(reply->code, "ResourceNotFoundException") == 0;
}

static bool take(const char *secret, const char *region, json_t *answer, char **text, struct tr_err *err)
{
	const char *value = json_string_value(json_object_get(answer, "SecretString"));
	if (!answer) {
		tr_err_set(err, TR_ERR_USER, "there is no secret %.200s in %s", secret, region);
		return tr_err_hint(err, "check its name and the region (aws.region), or write its ARN");
	}
	if (!value && json_object_get(answer, "SecretBinary")) {
		tr_err_set(err, TR_ERR_USER, "the secret %.200s is binary", secret);
		return tr_err_hint(err,
			"store it as text: the password alone, or JSON with username and password");
	}
	if (!value) {
		tr_err_set(err, TR_ERR_TRANSIENT, "the answer for the secret %.200s holds no value", secret);
		return tr_err_hint(err, "check that the endpoint is that of Secrets Manager");
	}
	return (*text = tr_strdup(value, err)) != NULL;
}

bool tr_aws_secret_get(const struct tr_aws *aws, const char *secret, char **text, struct tr_err *err)
{
	struct tr_aws there = *aws;
	struct tr_aws_reply reply = { 0 };
	char region[REGION_TEXT], *endpoint = NULL;
	json_t *answer = NULL, *body = json_pack("{s:s}", "SecretId", secret);
	*text = NULL;
	if (region_of_arn(secret, region))
		there.region = region;
	bool ok = tr_aws_endpoint(&there, "secretsmanager", NULL, &endpoint, err);
	const struct tr_aws_json_call call = { .service = "secretsmanager",
		.target = "secretsmanager.GetSecretValue",
		.action = "secretsmanager:GetSecretValue",
		.subject = secret,
		.endpoint = endpoint,
		.body = body,
		.idempotent = true,
		.response_max = ANSWER_MAX };
	ok = ok && (body || tr_err_memory(err, 0)) &&
		tr_aws_json(&there, &call, not_found, &answer, &reply, err) &&
		take(secret, there.region, answer, text, err);
	if (reply.http.body.data)
		explicit_bzero(reply.http.body.data, reply.http.body.len);
	tr_aws_reply_clear(&reply);
	json_decref(answer);
	json_decref(body);
	free(endpoint);
	return ok;
}
