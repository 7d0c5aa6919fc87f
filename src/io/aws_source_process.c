/* credential_process: a program that prints keys, started without a shell. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/aws_source.h"
#include "io/process.h"

#define TIMEOUT_MS 60000
#define OUTPUT_MAX ((size_t)64 << 10)
#define USUAL_PATH "/usr/local/bin:/usr/bin:/bin"

static bool failed(const struct tr_aws_walk *w, const char *what, const struct tr_buf *errors,
	struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER, "the credential_process of AWS profile %s %s", w->profile, what);
	if (errors->len > 0)
		tr_err_detail(err, "%.*s", (int)errors->len, (const char *)errors->data);
	return tr_err_hint(err,
		"run it by hand: it must print JSON with \"Version\": 1, AccessKeyId and SecretAccessKey");
}

/* Version 1 is the only one there is. */
static bool take_keys(const struct tr_aws_walk *w, const struct tr_buf *answer, struct tr_aws_found *out,
	struct tr_err *err)
{
	char who[160];
	json_t *json = json_loadb((const char *)answer->data, answer->len, 0, NULL);
	json_int_t version = json_integer_value(json_object_get(json, "Version"));
	json_decref(json);
	if (version != 1) {
		const struct tr_buf none = { 0 };
		return failed(w, "printed no JSON with \"Version\": 1", &none, err);
	}
	snprintf(who, sizeof who, "the credential_process of AWS profile %s", w->profile);
	return tr_aws_found_json(out, (const char *)answer->data, answer->len, "SessionToken", who, err);
}

static bool run(const struct tr_aws_walk *w, char **words, const char **env, struct tr_aws_found *out,
	struct tr_err *err)
{
	struct tr_buf answer, errors;
	int status = 0;
	char *program = NULL, what[64];
	const char *path = tr_aws_env(w->options, "PATH");
	tr_buf_init(&answer, OUTPUT_MAX);
	tr_buf_init(&errors, 2048);
	bool ok = tr_process_find(words[0], path ? path : USUAL_PATH, &program, err);
	if (ok)
		words[0] = program;
	const struct tr_process process = { .argv = (const char *const *)words,
		.env = env,
		.timeout_ms = TIMEOUT_MS };
	ok = ok && tr_process_run(&process, &answer, &errors, &status, err);
	if (ok && status != 0) {
		snprintf(what, sizeof what, "ended with code %d", status);
		ok = failed(w, what, &errors, err);
	}
	ok = ok && take_keys(w, &answer, out, err);
	if (answer.data)
		explicit_bzero(answer.data, answer.cap);
	tr_buf_clear(&answer);
	tr_buf_clear(&errors);
	free(program);
	return ok;
}

bool tr_aws_source_process(const struct tr_aws_walk *w, struct tr_aws_found *out, struct tr_err *err)
{
	/* It makes AWS keys and has no use for ours, nor for the source's password. */
	static const char *const SECRETS[] = { "DATABASE_URL", "PGPASSWORD", "AWS_ACCESS_KEY_ID",
		"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", NULL };
	const char *command = tr_aws_profile_get(w->profiles, w->profile, "credential_process");
	const char *const *all = w->options->child_env ? w->options->child_env : (const char *const *)environ;
	char **words = NULL;
	if (!command)
		return tr_aws_about(out, "profile %s has no credential_process", w->profile);
	tr_aws_about(out, "profile %s: credential_process", w->profile);
	const char **env = tr_process_environment(all, SECRETS, err);
	bool ok = env && tr_process_split(command, &words, err) && run(w, words, env, out, err);
	free(words);
	free(env);
	return ok;
}
