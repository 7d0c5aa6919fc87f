#include "engine/athena.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/emit.h"
#include "engine/athena_answer.h"

#define STATEMENT_MAX 262144 /* bytes, as the API reference says */
#define PAGE_ROWS 1000
#define PAGE_BYTES_MAX ((size_t)64 << 20)
#define POLL_FIRST_MS 100
#define POLL_MAX_MS 3000
#define REUSE_MAX_MINUTES 10080 /* 7 days */
#define TOKEN_BYTES 24

/* Where a statement is: from SENT on it may run at Athena, and cost money there. */
enum stage { IDLE, SENT, STARTED, ENDED };

struct athena {
	struct tr_remote base;
	struct tr_athena_options options;
	struct tr_aws aws; /* with an http of its own */
	struct tr_http *http;
	char *endpoint;
	enum stage stage;
	char *sql;
	char token[2 * TOKEN_BYTES + 1];
};

struct athena_stream {
	struct athena *athena;
	struct tr_remote_result result;
	json_t *page;     /* the one to give next; NULL: fetch it */
	char *next_token; /* of the page after it; NULL: that was the last */
	bool first;
};

static const char *workgroup_of(const struct athena *a)
{
	return a->options.workgroup ? a->options.workgroup : "primary";
}

/* ---- calls ---- */

static bool accept_invalid_request(const struct tr_aws_reply *reply)
{
	return strcmp(reply->code, "InvalidRequestException") == 0;
}

/* `body` is stolen, and NULL where memory ran out. An invalid request is an error that says
 * what the request lacks. */
static bool call(struct athena *a, const struct tr_aws *aws, const char *operation, json_t *body,
	json_t **out, struct tr_err *err)
{
	char target[64], action[64], subject[192];
	snprintf(target, sizeof target, "AmazonAthena.%s", operation);
	snprintf(action, sizeof action, "athena:%s", operation);
	snprintf(subject, sizeof subject, "workgroup %s", workgroup_of(a));
	const struct tr_aws_json_call request = { .service = "athena",
		.target = target,
		.action = action,
		.subject = subject,
		.endpoint = a->endpoint,
		.body = body,
		/* Starting too: its token makes the second of two the first. */
		.idempotent = true,
		.response_max = PAGE_BYTES_MAX };
	struct tr_aws_reply reply = { 0 };
	*out = NULL;
	bool ok = body ? tr_aws_json(aws, &request, accept_invalid_request, out, &reply, err)
		       : tr_err_set(err, TR_ERR_INTERNAL, "out of memory");
	if (ok && accept_invalid_request(&reply))
		ok = tr_athena_refused(reply.message, a->sql, workgroup_of(a), err);
	json_decref(body);
	tr_aws_reply_clear(&reply);
	return ok;
}

static bool put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) == 0;
}

static json_t *start_body(const struct athena *a)
{
	const struct tr_athena_options *o = &a->options;
	json_t *body = json_object(), *context = json_object();
	bool ok = put(body, "QueryString", json_string(a->sql)) &&
		put(body, "ClientRequestToken", json_string(a->token)) &&
		put(body, "WorkGroup", json_string(workgroup_of(a))) &&
		put(context, "Catalog", json_string(o->catalog ? o->catalog : "AwsDataCatalog")) &&
		(!o->database || put(context, "Database", json_string(o->database)));
	ok = put(body, "QueryExecutionContext", context) && ok;
	if (o->output_location)
		ok = put(body, "ResultConfiguration",
			     json_pack("{s:s}", "OutputLocation", o->output_location)) &&
			ok;
	int64_t minutes = (o->result_reuse_ms + 59999) / 60000;
	if (minutes > REUSE_MAX_MINUTES)
		minutes = REUSE_MAX_MINUTES;
	if (minutes > 0)
		ok = put(body, "ResultReuseConfiguration",
			     json_pack("{s:{s:b,s:I}}", "ResultReuseByAgeConfiguration", "Enabled", 1,
				     "MaxAgeInMinutes", (json_int_t)minutes)) &&
			ok;
	if (ok)
		return body;
	json_decref(body);
	return NULL;
}

/* Sent again with the same token it is the same statement: a lost reply costs nothing. */
static bool send_start(struct athena *a, const struct tr_aws *aws, struct tr_err *err)
{
	json_t *answer;
	if (!call(a, aws, "StartQueryExecution", start_body(a), &answer, err)) {
		/* Only a refusal says that nothing runs there. */
		a->stage = err->kind == TR_ERR_USER ? ENDED : SENT;
		return false;
	}
	const char *id = json_string_value(json_object_get(answer, "QueryExecutionId"));
	bool ok = id && *id && strlen(id) < sizeof a->base.statistics.id;
	if (ok) {
		tr_copy_text(a->base.statistics.id, sizeof a->base.statistics.id, id);
		a->stage = STARTED;
	} else {
		a->stage = SENT;
		tr_err_set(err, TR_ERR_INTERNAL, "Athena started the statement without an id");
		tr_err_hint(err, "check that athena's endpoint is Athena's");
	}
	json_decref(answer);
	return ok;
}

static json_t *id_body(const struct athena *a)
{
	return json_pack("{s:s}", "QueryExecutionId", a->base.statistics.id);
}

/* ---- stopping ---- */

/* The engine's cancel may be raised by now, so these calls have connections of their own,
 * and little patience: what cannot be stopped ends by itself, or by the workgroup's limit. */
static void athena_cancel(struct tr_remote *r)
{
	struct athena *a = (struct athena *)r;
	struct tr_err err = { 0 };
	struct tr_aws aws = a->aws;
	json_t *answer;
	if (a->stage != SENT && a->stage != STARTED)
		return;
	struct tr_http_options options = a->options.http;
	options.cancel = NULL;
	options.connect_timeout_ms = 2000;
	options.stall_timeout_ms = 5000;
	options.attempts = 2;
	struct tr_http *http = NULL;
	if (tr_http_new(&options, &http, &err)) {
		aws.http = http;
		/* Whether it has begun is not known: with its token it begins at most once, and
		 * its name is learnt. */
		bool known = a->stage == STARTED || send_start(a, &aws, &err);
		if (known && call(a, &aws, "StopQueryExecution", id_body(a), &answer, &err))
			json_decref(answer);
	}
	tr_http_free(http);
	a->stage = ENDED;
}

/* ---- waiting ---- */

/* A workgroup that enforces its settings takes no other place for results, without a word. */
static void tell_output_location(struct athena *a, json_t *answer)
{
	json_t *execution = json_object_get(answer, "QueryExecution");
	const char *used = json_string_value(
		json_object_get(json_object_get(execution, "ResultConfiguration"), "OutputLocation"));
	const char *wanted = a->options.output_location;
	if (used && wanted && strncmp(used, wanted, strlen(wanted)) != 0)
		tr_emit_text(&a->base.events, TR_EVENT_NOTICE, a->base.name,
			"the workgroup %s enforces its own settings: athena.output_location is not used",
			workgroup_of(a));
}

static bool take_execution(struct athena *a, json_t *answer, enum tr_athena_state *state, struct tr_err *err)
{
	const char *word;
	if (!tr_athena_execution(answer, state, &word, &a->base.statistics, err))
		return false;
	tr_remote_state(&a->base, word);
	tr_remote_progress(&a->base);
	if (*state == TR_ATHENA_RUNNING)
		return true;
	a->stage = ENDED;
	tell_output_location(a, answer);
	return *state == TR_ATHENA_SUCCEEDED || tr_athena_failed(answer, a->sql, err);
}

static bool wait_for_end(struct athena *a, struct tr_err *err)
{
	int64_t pause_ms = POLL_FIRST_MS;
	for (;;) {
		enum tr_athena_state state;
		json_t *answer;
		if (!call(a, &a->aws, "GetQueryExecution", id_body(a), &answer, err))
			return false;
		bool ok = take_execution(a, answer, &state, err);
		json_decref(answer);
		if (!ok || state != TR_ATHENA_RUNNING)
			return ok;
		if (!tr_remote_wait(a->options.http.cancel, pause_ms, err))
			return false;
		pause_ms = pause_ms * 3 / 2 < POLL_MAX_MS ? pause_ms * 3 / 2 : POLL_MAX_MS;
	}
}

/* ---- rows ---- */

static bool fetch_page(struct athena_stream *s, struct tr_err *err)
{
	struct athena *a = s->athena;
	json_t *body =
		json_pack("{s:s,s:i}", "QueryExecutionId", a->base.statistics.id, "MaxResults", PAGE_ROWS);
	if (body && s->next_token && !put(body, "NextToken", json_string(s->next_token))) {
		json_decref(body);
		body = NULL;
	}
	if (!call(a, &a->aws, "GetQueryResults", body, &s->page, err))
		return false;
	const char *token = tr_athena_next_token(s->page);
	free(s->next_token);
	s->next_token = token ? tr_strdup(token, err) : NULL;
	return !token || s->next_token;
}

static bool athena_next(void *self, struct ArrowArray *out, struct tr_err *err)
{
	struct athena_stream *s = self;
	int64_t rows = 0;
	out->release = NULL;
	/* A page may hold nothing but the header. */
	while (rows == 0) {
		if (!s->page && !s->next_token)
			return true;
		if (!s->page && !fetch_page(s, err))
			return false;
		bool ok = tr_athena_rows(s->page, s->first, &s->result, &rows, err);
		json_decref(s->page);
		s->page = NULL;
		s->first = false;
		if (!ok)
			return false;
	}
	return tr_remote_result_take(&s->result, rows, out, err);
}

static void stream_free(void *self)
{
	struct athena_stream *s = self;
	json_decref(s->page);
	free(s->next_token);
	tr_remote_result_clear(&s->result);
	free(s);
}

/* Statements that make something (UNLOAD, CREATE TABLE AS) have no rows to fetch. */
static bool has_rows(const char *sql)
{
	struct tr_err err = { 0 };
	return tr_remote_check_query(sql, &err);
}

static bool open_stream(struct athena *a, struct ArrowArrayStream *out, struct tr_err *err)
{
	static const struct tr_stream_ops OPS = { athena_next, stream_free };
	struct athena_stream *s = tr_calloc(1, sizeof *s, err);
	if (!s)
		return false;
	s->athena = a;
	s->first = true;
	tr_remote_result_init(&s->result);
	bool ok = !has_rows(a->sql) || fetch_page(s, err);
	ok = ok && tr_athena_columns(s->page, &s->result, err);
	if (ok)
		return tr_stream_init(out, &s->result.schema, &OPS, s, err);
	stream_free(s);
	return false;
}

/* ---- the engine ---- */

static bool new_token(struct athena *a, struct tr_err *err)
{
	uint8_t bytes[TOKEN_BYTES];
	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		return tr_err_set(err, TR_ERR_INTERNAL, "the system has no random bytes");
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(a->token + 2 * i, 3, "%02x", bytes[i]);
	return true;
}

static bool take_statement(struct athena *a, const char *sql, struct tr_err *err)
{
	free(a->sql);
	a->sql = tr_remote_trim(sql, err);
	if (!a->sql)
		return false;
	if (strlen(a->sql) <= STATEMENT_MAX)
		return true;
	tr_err_set(err, TR_ERR_USER, "Athena takes statements of at most %d bytes; this one has %zu",
		STATEMENT_MAX, strlen(a->sql));
	return tr_err_hint(err, "put long lists into a dataset and join with it");
}

static bool athena_run(struct tr_remote *r, const char *sql, struct ArrowArrayStream *out, struct tr_err *err)
{
	struct athena *a = (struct athena *)r;
	a->stage = IDLE;
	bool ok = take_statement(a, sql, err) && new_token(a, err) && send_start(a, &a->aws, err) &&
		wait_for_end(a, err) && open_stream(a, out, err);
	if (!ok)
		athena_cancel(r);
	return ok;
}

static void athena_free(struct tr_remote *r)
{
	struct athena *a = (struct athena *)r;
	tr_http_free(a->http);
	free(a->endpoint);
	free(a->sql);
	free(a);
}

bool tr_athena_new(const struct tr_athena_options *options, struct tr_remote **out, struct tr_err *err)
{
	static const struct tr_remote_ops OPS = { athena_run, athena_cancel, athena_free };
	*out = NULL;
	struct athena *a = tr_calloc(1, sizeof *a, err);
	if (!a)
		return false;
	a->base = (struct tr_remote){ .ops = &OPS, .name = "athena", .events = options->events };
	a->options = *options;
	a->aws = *options->aws;
	if (!tr_http_new(&options->http, &a->http, err) ||
		!tr_aws_endpoint(&a->aws, "athena", options->endpoint, &a->endpoint, err)) {
		athena_free(&a->base);
		return false;
	}
	a->aws.http = a->http;
	*out = &a->base;
	return true;
}
