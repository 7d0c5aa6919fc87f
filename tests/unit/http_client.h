/* A client of io/http against the server of http_server.h, with an environment of the test's own. */
#ifndef TR_TESTS_HTTP_CLIENT_H
#define TR_TESTS_HTTP_CLIENT_H

#include "http_server.h"
#include "io/http.h"

struct variables {
	const char *names[4], *values[4];
};

static inline const char *look_up(void *context, const char *name)
{
	const struct variables *v = context;
	for (size_t i = 0; v && i < 4 && v->names[i]; i++)
		if (strcmp(v->names[i], name) == 0)
			return v->values[i];
	return NULL;
}

struct client {
	struct tr_http *http;
	struct tr_http_response answer;
	enum tr_http_fate fate;
	struct tr_err err;
};

static inline void client_init(struct client *c, struct variables *env, int64_t stall_ms)
{
	struct tr_http_options o = { .stall_timeout_ms = stall_ms, .env = look_up, .env_context = env };
	*c = (struct client){ 0 };
	assert_ok(tr_http_new(&o, &c->http, &c->err), c->err);
}

static inline void client_clear(struct client *c)
{
	tr_http_response_clear(&c->answer);
	tr_http_free(c->http);
}

static inline bool ask(struct client *c, const struct tr_http_request *r)
{
	tr_err_clear(&c->err);
	return tr_http_send(c->http, r, &c->answer, &c->fate, &c->err);
}

static inline bool get(struct client *c, const char *url)
{
	return ask(c, &(struct tr_http_request){ .method = "GET", .url = url });
}

static inline void assert_body(const struct client *c, const char *text)
{
	assert_int_equal(c->answer.body.len, strlen(text));
	if (*text)
		assert_memory_equal(c->answer.body.data, text, strlen(text));
}

#define STEPS(...)                                             \
	static const struct server_step steps[] = __VA_ARGS__; \
	struct server s;                                       \
	struct client c;                                       \
	server_start(&s, steps, sizeof steps / sizeof *steps)

static inline void finish(struct server *s, struct client *c)
{
	client_clear(c);
	server_stop(s);
	server_clear(s);
}

#endif
