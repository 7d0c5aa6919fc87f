#include "lake/glue_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* A page of 1,000 partitions, or a table of 1,664 columns with comments. */
#define RESPONSE_MAX ((size_t)64 << 20)
#define WAIT_FIRST_MS 50
#define WAIT_MAX_MS 2000

static bool set_endpoint(struct tr_glue *glue, struct tr_err *err)
{
	pthread_mutex_lock(&glue->lock);
	bool ok = glue->endpoint ||
		tr_aws_endpoint(glue->options.aws, "glue", glue->options.endpoint, &glue->endpoint, err);
	pthread_mutex_unlock(&glue->lock);
	return ok;
}

static enum tr_glue_answer answer_of(const char *code)
{
	static const struct {
		const char *code;
		enum tr_glue_answer answer;
	} answers[] = { { "EntityNotFoundException", TR_GLUE_NOT_FOUND },
		{ "AlreadyExistsException", TR_GLUE_EXISTS },
		{ "ConcurrentModificationException", TR_GLUE_CONFLICT } };
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		if (strcmp(code, answers[i].code) == 0)
			return answers[i].answer;
	return TR_GLUE_OK;
}

static bool accept(const struct tr_aws_reply *reply)
{
	return answer_of(reply->code) != TR_GLUE_OK;
}

bool tr_glue_call(struct tr_glue *glue, const char *operation, const char *dataset, json_t *body,
	json_t **out, enum tr_glue_answer *answer, struct tr_err *err)
{
	char target[80], action[80], subject[512];
	struct tr_aws_reply reply = { 0 };
	json_t *unused = NULL, **result = out ? out : &unused;
	*result = NULL;
	if (!body ||
		(!json_object_get(body, "DatabaseInput") &&
			json_object_set_new(body, "DatabaseName", json_string(glue->options.database)) !=
				0)) {
		json_decref(body);
		return tr_err_memory(err, 0);
	}
	snprintf(target, sizeof target, "AWSGlue.%s", operation);
	snprintf(action, sizeof action, "glue:%s", operation);
	snprintf(subject, sizeof subject, "%s.%s", glue->options.database, dataset);
	bool ok = set_endpoint(glue, err);
	const struct tr_aws_json_call call = { .service = "glue",
		.target = target,
		.action = action,
		.subject = subject,
		.endpoint = glue->endpoint,
		.body = body,
		.idempotent = true,
		.response_max = RESPONSE_MAX };
	ok = ok && tr_aws_json(glue->options.aws, &call, accept, result, &reply, err);
	if (ok)
		*answer = answer_of(reply.code);
	json_decref(unused);
	json_decref(body);
	tr_aws_reply_clear(&reply);
	return ok;
}

void tr_glue_wait(int attempt)
{
	uint32_t chance = UINT32_MAX;
	int64_t most = (int64_t)WAIT_FIRST_MS << (attempt < 6 ? attempt : 6);
	if (most > WAIT_MAX_MS)
		most = WAIT_MAX_MS;
	/* Without chance the longest wait is as good. */
	if (getrandom(&chance, sizeof chance, 0) != (ssize_t)sizeof chance)
		chance = UINT32_MAX;
	int64_t ns = most * 1000000 * (int64_t)(chance >> 1) / INT32_MAX;
	struct timespec rest = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
	nanosleep(&rest, NULL);
}
