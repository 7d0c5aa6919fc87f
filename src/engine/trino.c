#include "engine/trino.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/trino_answer.h"
#include "io/http.h"
#include "io/sigv4.h"

#define ANSWER_MAX ((size_t)64 << 20)
#define STATEMENT_MAX ((size_t)1 << 20) /* the server's query.max-length */
#define HEADERS_MAX 16
#define STALL_MS 60000
#define EMPTY_ANSWERS 10 /* in a row; from then on a pause is made between them */
#define EMPTY_PAUSE_MS 100

struct trino {
	struct tr_remote base;
	struct tr_trino_options options;
	struct tr_url url;
	struct tr_http *http;
	struct tr_arena texts; /* of the headers */
	char *statement_url;
	struct tr_http_header headers[HEADERS_MAX];
	size_t n_headers;
	char *sql, *next_uri; /* next_uri NULL: nothing runs */
};

struct trino_stream {
	struct trino *trino;
	struct tr_remote_result result;
	struct tr_trino_answer answer; /* its rows are the next to give */
};

/* ---- one request ---- */

static bool is_busy(long status)
{
	return status == 502 || status == 503 || status == 504 || status == 429;
}

/* Of an answer that is no result: its first line, as far as it is text. */
static void add_body(const struct tr_http_response *r, struct tr_err *err)
{
	char text[300];
	size_t n = r->body.len < sizeof text - 1 ? r->body.len : sizeof text - 1;
	if (n == 0)
		return;
	memcpy(text, r->body.data, n);
	text[n] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	tr_err_detail(err, "%s", text);
}

static bool refused(const struct trino *t, const struct tr_http_response *r, struct tr_err *err)
{
	const char *url = t->options.url;
	switch (r->status) {
	case 401:
		tr_err_set(err, TR_ERR_USER, "Trino at %s does not know us (HTTP 401)", url);
		tr_err_hint(err,
			t->options.password || t->options.token
				? "check trino.user with trino.password, or trino.token: it may have expired"
				: "set trino.user and trino.password, or trino.token");
		break;
	case 403:
		tr_err_set(err, TR_ERR_USER, "Trino at %s does not let the user `%s` in (HTTP 403)", url,
			t->options.user ? t->options.user : "tailrace");
		tr_err_hint(err, "ask for the right in Trino, or set trino.user to another");
		break;
	case 404:
	case 410:
		tr_err_set(err, TR_ERR_TRANSIENT,
			"Trino at %s does not know the statement any longer (HTTP %ld)", url, r->status);
		tr_err_hint(err,
			"its coordinator may have been started anew: run the statement again; if that "
			"does not help, check trino.url");
		break;
	default:
		if (is_busy(r->status) || r->status >= 500) {
			tr_err_set(err, TR_ERR_TRANSIENT, "Trino at %s does not serve (HTTP %ld)", url,
				r->status);
			tr_err_hint(err, "try again later, or look at the coordinator's log");
			err->retry = true;
		} else {
			tr_err_set(err, TR_ERR_USER, "Trino at %s refuses the request (HTTP %ld)", url,
				r->status);
			tr_err_hint(err,
				"check trino.url: http or https, the port, and that a Trino coordinator "
				"is there");
		}
	}
	add_body(r, err);
	return false;
}

/* Send until there is an answer. `repeatable`: a request that may have been done is sent again. */
static bool send(struct trino *t, struct tr_http *http, const char *method, const char *url, const char *body,
	bool repeatable, struct tr_http_response *r, struct tr_err *err)
{
	const struct tr_http_request request = { .method = method,
		.url = url,
		.headers = t->headers,
		.n_headers = t->n_headers,
		.body = body,
		.n_body = body ? strlen(body) : 0,
		.response_max = ANSWER_MAX,
		.stall_timeout_ms = STALL_MS };
	for (int attempt = 0;; attempt++) {
		enum tr_http_fate fate;
		bool again = false;
		int64_t retry_after_s = 0;
		struct tr_err failure = { 0 };
		tr_http_response_clear(r);
		bool sent = tr_http_send(http, &request, r, &fate, &failure);
		if (sent && !is_busy(r->status)) {
			tr_http_succeeded(http);
			return true;
		}
		if (sent)
			retry_after_s = tr_http_retry_after(r);
		else if (failure.kind != TR_ERR_TRANSIENT || (fate == TR_HTTP_UNKNOWN && !repeatable))
			goto fail;
		if (!tr_http_again(http, attempt, retry_after_s, &again, err))
			return false;
		if (again)
			continue;
		if (sent)
			return refused(t, r, err);
	fail:
		*err = failure;
		return false;
	}
}

/* Ask, and read the answer; `answer` is empty before. */
static bool ask(struct trino *t, const char *method, const char *url, const char *body, bool repeatable,
	struct tr_trino_answer *answer, struct tr_err *err)
{
	struct tr_http_response r = { 0 };
	bool ok = send(t, t->http, method, url, body, repeatable, &r, err);
	if (ok && r.status != 200)
		ok = refused(t, &r, err);
	ok = ok && tr_trino_answer_parse(r.body.data, r.body.len, answer, err);
	tr_http_response_clear(&r);
	if (!ok)
		return false;
	if (answer->next_uri && !tr_trino_check_next(answer->next_uri, &t->url, err))
		return false;
	free(t->next_uri);
	t->next_uri = NULL;
	if (answer->next_uri && !(t->next_uri = tr_strdup(answer->next_uri, err)))
		return false;
	tr_trino_figures(answer, &t->base.statistics);
	if (*answer->state)
		tr_remote_state(&t->base, answer->state);
	tr_remote_progress(&t->base);
	return !answer->error || tr_trino_failed(answer->error, t->sql, err);
}

/* ---- stopping ---- */

/* The engine's cancel may be raised by now: with a connection of its own, and little patience. */
static void trino_cancel(struct tr_remote *base)
{
	struct trino *t = (struct trino *)base;
	const struct tr_http_options options = { .ca_file = t->options.ca_file,
		.connect_timeout_ms = 2000,
		.stall_timeout_ms = 5000,
		.attempts = 2,
		.env = t->options.env,
		.env_context = t->options.env_context };
	struct tr_err err = { 0 };
	struct tr_http *http = NULL;
	struct tr_http_response r = { 0 };
	if (!t->next_uri)
		return;
	if (tr_http_new(&options, &http, &err) && send(t, http, "DELETE", t->next_uri, NULL, true, &r, &err))
		tr_copy_text(t->base.statistics.state, sizeof t->base.statistics.state, "CANCELED");
	tr_http_response_clear(&r);
	tr_http_free(http);
	free(t->next_uri);
	t->next_uri = NULL;
}

/* ---- rows ---- */

/* The next answer that has rows, or columns where they are not known yet, or the last one. */
static bool advance(struct trino_stream *s, struct tr_err *err)
{
	struct trino *t = s->trino;
	for (int empty = 0; t->next_uri; empty++) {
		if (empty > EMPTY_ANSWERS && !tr_remote_wait(t->options.cancel, EMPTY_PAUSE_MS, err))
			return false;
		char *url = t->next_uri;
		t->next_uri = NULL;
		struct tr_trino_answer answer = { 0 };
		bool ok = ask(t, "GET", url, NULL, true, &answer, err);
		if (!ok && !t->next_uri && !answer.error)
			t->next_uri = url; /* for stopping it */
		else
			free(url);
		if (!ok) {
			tr_trino_answer_clear(&answer);
			return false;
		}
		bool found = (answer.columns && !s->result.columns) || json_array_size(answer.data) > 0;
		tr_trino_answer_clear(&s->answer);
		s->answer = answer;
		if (found)
			return true;
	}
	return true;
}

static bool trino_next(void *self, struct ArrowArray *out, struct tr_err *err)
{
	struct trino_stream *s = self;
	int64_t rows;
	out->release = NULL;
	if (json_array_size(s->answer.data) == 0 && !advance(s, err))
		return false;
	bool ok = tr_trino_rows(s->answer.data, &s->result, &rows, err);
	tr_trino_answer_clear(&s->answer);
	return ok && tr_remote_result_take(&s->result, rows, out, err);
}

static void stream_free(void *self)
{
	struct trino_stream *s = self;
	trino_cancel(&s->trino->base);
	tr_trino_answer_clear(&s->answer);
	tr_remote_result_clear(&s->result);
	free(s);
}

static bool open_stream(struct trino_stream *s, struct tr_err *err)
{
	struct trino *t = s->trino;
	if (!ask(t, "POST", t->statement_url, t->sql, t->options.repeatable, &s->answer, err))
		return false;
	while (!s->answer.columns && t->next_uri)
		if (!advance(s, err))
			return false;
	return tr_trino_columns(s->answer.columns, &s->result, err);
}

static bool trino_run(struct tr_remote *base, const char *sql, struct ArrowArrayStream *out,
	struct tr_err *err)
{
	static const struct tr_stream_ops OPS = { trino_next, stream_free };
	struct trino *t = (struct trino *)base;
	free(t->sql);
	free(t->next_uri);
	t->next_uri = NULL;
	t->sql = tr_remote_trim(sql, err);
	if (!t->sql)
		return false;
	if (strlen(t->sql) > STATEMENT_MAX) {
		tr_err_set(err, TR_ERR_USER, "a statement of %zu bytes is too long for Trino",
			strlen(t->sql));
		return tr_err_hint(err, "put long lists into a dataset and join with it");
	}
	struct trino_stream *s = tr_calloc(1, sizeof *s, err);
	if (!s)
		return false;
	s->trino = t;
	tr_remote_result_init(&s->result);
	if (open_stream(s, err))
		return tr_stream_init(out, &s->result.schema, &OPS, s, err);
	stream_free(s);
	return false;
}

static void trino_free(struct tr_remote *base)
{
	struct trino *t = (struct trino *)base;
	tr_http_free(t->http);
	tr_arena_clear(&t->texts);
	free(t->statement_url);
	free(t->sql);
	free(t->next_uri);
	free(t);
}

/* ---- headers ---- */

/* A value with a line break would become a header of its own. */
static bool add_header(struct trino *t, const char *name, const char *value, struct tr_err *err)
{
	for (const char *p = value; *p; p++) {
		if ((unsigned char)*p >= ' ' && *p != 0x7f)
			continue;
		tr_err_set(err, TR_ERR_USER, "the value for Trino's %s has a control character", name);
		return tr_err_hint(err, "look for a line break at its end, as in a secret read from a file");
	}
	char *copy = tr_arena_strndup(&t->texts, value, strlen(value), err);
	if (!copy)
		return false;
	t->headers[t->n_headers++] = (struct tr_http_header){ name, copy };
	return true;
}

static void add_base64(struct tr_str *out, const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = strlen(text);
	for (size_t i = 0; i < n; i += 3) {
		uint32_t bits = (uint32_t)(uint8_t)text[i] << 16;
		bits |= i + 1 < n ? (uint32_t)(uint8_t)text[i + 1] << 8 : 0;
		bits |= i + 2 < n ? (uint8_t)text[i + 2] : 0;
		tr_str_addc(out, digits[bits >> 18]);
		tr_str_addc(out, digits[bits >> 12 & 63]);
		tr_str_addc(out, i + 1 < n ? digits[bits >> 6 & 63] : '=');
		tr_str_addc(out, i + 2 < n ? digits[bits & 63] : '=');
	}
}

/* A built value as a header; takes the text over. */
static bool add_built(struct trino *t, const char *name, struct tr_str *value, struct tr_err *err)
{
	bool ok = tr_str_ok(value, err) && (!value->len || add_header(t, name, value->ptr, err));
	tr_str_clear(value);
	return ok;
}

static bool add_authorization(struct trino *t, const char *user, struct tr_err *err)
{
	struct tr_str value, pair;
	tr_str_init(&value, 65536);
	tr_str_init(&pair, 16384);
	if (t->options.token) {
		tr_str_addf(&value, "Bearer %s", t->options.token);
	} else if (t->options.password) {
		tr_str_addf(&pair, "%s:%s", user, t->options.password);
		tr_str_add(&value, "Basic ");
		add_base64(&value, pair.ptr ? pair.ptr : "");
	}
	bool ok = tr_str_ok(&pair, err) && add_built(t, "Authorization", &value, err);
	tr_str_clear(&pair);
	tr_str_clear(&value);
	return ok;
}

static bool add_session(struct trino *t, struct tr_err *err)
{
	struct tr_str value;
	tr_str_init(&value, 65536);
	for (size_t i = 0; i < t->options.n_session; i++) {
		const struct tr_trino_property *p = &t->options.session[i];
		tr_str_addf(&value, "%s%s=", i ? "," : "", p->name);
		tr_uri_encode(&value, p->value, strlen(p->value), false);
	}
	return add_built(t, "X-Trino-Session", &value, err);
}

static bool add_headers(struct trino *t, struct tr_err *err)
{
	const struct tr_trino_options *o = &t->options;
	const char *user = o->user ? o->user : "tailrace";
	return add_header(t, "X-Trino-User", user, err) && add_header(t, "X-Trino-Source", "tailrace", err) &&
		add_header(t, "User-Agent", "tailrace/" TR_VERSION, err) &&
		add_header(t, "Content-Type", "text/plain; charset=utf-8", err) &&
		/* Else timestamps are cut to milliseconds, and shown in the server's zone. */
		add_header(t, "X-Trino-Client-Capabilities", "PARAMETRIC_DATETIME", err) &&
		add_header(t, "X-Trino-Time-Zone", "UTC", err) &&
		(!o->catalog || add_header(t, "X-Trino-Catalog", o->catalog, err)) &&
		(!o->schema || add_header(t, "X-Trino-Schema", o->schema, err)) && add_session(t, err) &&
		add_authorization(t, user, err);
}

/* ---- the engine ---- */

static bool check_url(struct trino *t, struct tr_err *err)
{
	const struct tr_trino_options *o = &t->options;
	if (!tr_url_parse(o->url, &t->url)) {
		tr_err_set(err, TR_ERR_USER, "trino.url is no URL of a server");
		return tr_err_hint(err, "write https://trino.example.org:8443");
	}
	if ((!o->password && !o->token) || t->url.tls || tr_url_is_local(&t->url))
		return true;
	tr_err_set(err, TR_ERR_USER, "a password or token would go to %s unencrypted", o->url);
	return tr_err_hint(err, "write trino.url with https://; Trino, too, takes secrets over TLS only");
}

static bool make_statement_url(struct trino *t, struct tr_err *err)
{
	struct tr_str url;
	tr_str_init(&url, 4096);
	size_t n = strcspn(t->options.url, "?#");
	while (n > 0 && t->options.url[n - 1] == '/')
		n--;
	tr_str_addf(&url, "%.*s/v1/statement", (int)n, t->options.url);
	t->statement_url = tr_str_take(&url, err);
	tr_str_clear(&url);
	return t->statement_url != NULL;
}

bool tr_trino_new(const struct tr_trino_options *options, struct tr_remote **out, struct tr_err *err)
{
	static const struct tr_remote_ops OPS = { trino_run, trino_cancel, trino_free };
	const struct tr_http_options http = { .ca_file = options->ca_file,
		.cancel = options->cancel,
		.env = options->env,
		.env_context = options->env_context };
	*out = NULL;
	struct trino *t = tr_calloc(1, sizeof *t, err);
	if (!t)
		return false;
	t->base = (struct tr_remote){ .ops = &OPS, .name = "trino", .events = options->events };
	t->options = *options;
	tr_arena_init(&t->texts, (size_t)1 << 20);
	if (!check_url(t, err) || !make_statement_url(t, err) || !add_headers(t, err) ||
		!tr_http_new(&http, &t->http, err)) {
		trino_free(&t->base);
		return false;
	}
	t->options.session = NULL; /* in the headers now */
	*out = &t->base;
	return true;
}
