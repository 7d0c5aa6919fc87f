/*
 * An HTTP server inside the test process, on plain sockets. A request that a rule fits is
 * answered by the rule; any other gets the next step of a script (the last one again and
 * again), so that every way of failing can be asked for; without a script, a 404. It keeps the
 * requests for the test to look at.
 */
#ifndef TR_TESTS_HTTP_SERVER_H
#define TR_TESTS_HTTP_SERVER_H

#include "check.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum server_do {
	SERVER_REPLY,        /* read the request, send `text`, keep the connection */
	SERVER_REPLY_CLOSE,  /* the same, and close */
	SERVER_RESET_BEFORE, /* reset the connection without reading */
	SERVER_RESET_AFTER,  /* read the request, then reset */
	SERVER_STALL,        /* read, send `text`, and then nothing until the test ends */
	SERVER_TRICKLE,      /* send `text` byte by byte, with a pause between */
	SERVER_FLOOD,        /* send `text` again and again until the client hangs up */
};
struct server_step {
	enum server_do what;
	const char *text;
	const char *repeat; /* SERVER_FLOOD: what follows text */
};

/* A request whose text (head and body) has `match` in it gets this; the first rule that fits. */
struct server_rule {
	const char *match;
	int status;
	const char *body;
};

#define SERVER_REQUESTS 256
#define SERVER_CONNECTIONS 64
#define SERVER_RULES 16
struct server {
	const struct server_step *steps;
	size_t n_steps;
	struct server_rule rules[SERVER_RULES];
	size_t n_rules;
	int fd, port;
	char url[64];
	pthread_mutex_t lock;
	pthread_t accepting, threads[SERVER_CONNECTIONS];
	int connections[SERVER_CONNECTIONS];
	size_t n_threads;
	char *requests[SERVER_REQUESTS]; /* head and body */
	size_t n_requests;
	size_t n_taken; /* steps begun */
	int stop[2];    /* readable when the test ends */
};

struct server_connection {
	struct server *server;
	int fd;
};

static inline void server_write(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		text += sent;
		n -= (size_t)sent;
	}
}

/* Head and body of one request, owned; NULL: the client hung up. */
static inline char *server_read(int fd)
{
	size_t n = 0, cap = 1 << 16, need = 0;
	char *text = calloc(1, cap + 1);
	while (!need || n < need) {
		if (n == cap) {
			char *grown = calloc(1, cap * 2 + 1);
			memcpy(grown, text, n);
			free(text);
			text = grown;
			cap *= 2;
		}
		ssize_t got = recv(fd, text + n, need && need - n < cap - n ? need - n : cap - n, 0);
		if (got <= 0) {
			free(text);
			return NULL;
		}
		n += (size_t)got;
		char *end = need ? NULL : strstr(text, "\r\n\r\n");
		if (end) {
			char *length = strcasestr(text, "\r\ncontent-length:");
			need = (size_t)(end + 4 - text);
			if (length && length < end)
				need += (size_t)strtoul(length + 17, NULL, 10);
		}
	}
	return text;
}

static inline void server_reset(int fd)
{
	struct linger hard = { 1, 0 };
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

static inline bool server_waits(struct server *s, int ms)
{
	fd_set set;
	struct timeval t = { ms / 1000, ms % 1000 * 1000 };
	FD_ZERO(&set);
	FD_SET(s->stop[0], &set);
	return select(s->stop[0] + 1, &set, NULL, NULL, ms < 0 ? NULL : &t) == 0;
}

static inline const struct server_step *server_next(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	size_t i = s->n_taken++;
	pthread_mutex_unlock(&s->lock);
	return &s->steps[i < s->n_steps ? i : s->n_steps - 1];
}

/* What the next request will meet, without taking the step. */
static inline bool server_resets_next(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	size_t i = s->n_taken < s->n_steps ? s->n_taken : s->n_steps - 1;
	bool reset = s->n_steps > 0 && s->steps[i].what == SERVER_RESET_BEFORE;
	pthread_mutex_unlock(&s->lock);
	return reset;
}

static inline void server_keep(struct server *s, char *request)
{
	pthread_mutex_lock(&s->lock);
	if (s->n_requests == SERVER_REQUESTS)
		abort(); /* what was not kept would count as not sent */
	s->requests[s->n_requests++] = request;
	pthread_mutex_unlock(&s->lock);
}

/* How many requests came, how many connections; the i-th request, borrowed until it is forgotten. */
static inline size_t server_asked(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	size_t n = s->n_requests;
	pthread_mutex_unlock(&s->lock);
	return n;
}

static inline size_t server_connected(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	size_t n = s->n_threads;
	pthread_mutex_unlock(&s->lock);
	return n;
}

static inline const char *server_request(struct server *s, size_t i)
{
	pthread_mutex_lock(&s->lock);
	const char *text = i < s->n_requests ? s->requests[i] : "";
	pthread_mutex_unlock(&s->lock);
	return text;
}

static inline bool server_saw(struct server *s, const char *text)
{
	pthread_mutex_lock(&s->lock);
	bool saw = false;
	for (size_t i = 0; i < s->n_requests && !saw; i++)
		saw = strstr(s->requests[i], text) != NULL;
	pthread_mutex_unlock(&s->lock);
	return saw;
}

/* Whether a text was in a request; where that is wrong, the requests are shown. */
static inline void assert_saw(struct server *s, const char *text, bool expected)
{
	if (server_saw(s, text) == expected)
		return;
	for (size_t i = 0; i < server_asked(s); i++)
		print_error("%s\n", server_request(s, i));
	fail_msg("`%s` was %ssent", text, expected ? "not " : "");
}

static inline void assert_sent(struct server *s, const char *text)
{
	assert_saw(s, text, true);
}

static inline void assert_not_sent(struct server *s, const char *text)
{
	assert_saw(s, text, false);
}

static inline void server_rule(struct server *s, const char *match, int status, const char *body)
{
	assert_true(s->n_rules < SERVER_RULES);
	pthread_mutex_lock(&s->lock);
	s->rules[s->n_rules++] = (struct server_rule){ match, status, body };
	pthread_mutex_unlock(&s->lock);
}

/* Forget the rules, and what was asked. */
static inline void server_forget(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n_requests; i++)
		free(s->requests[i]);
	s->n_rules = s->n_requests = 0;
	pthread_mutex_unlock(&s->lock);
}

/* False: the connection ends. */
static inline bool server_step_do(struct server *s, const struct server_step *step, int fd)
{
	size_t n = step->text ? strlen(step->text) : 0;
	switch (step->what) {
	case SERVER_RESET_BEFORE:
	case SERVER_RESET_AFTER: server_reset(fd); return false;
	case SERVER_TRICKLE:
		for (size_t i = 0; i < n && server_waits(s, 20); i++)
			server_write(fd, step->text + i, 1);
		return true;
	case SERVER_STALL:
		server_write(fd, step->text, n);
		server_waits(s, -1);
		return false;
	case SERVER_FLOOD:
		server_write(fd, step->text, n);
		for (size_t m = strlen(step->repeat); send(fd, step->repeat, m, MSG_NOSIGNAL) > 0;)
			;
		return false;
	default: server_write(fd, step->text, n); return step->what == SERVER_REPLY;
	}
}

/* The rule for a request. False: there is none, and a script goes on. */
static inline bool server_rule_find(struct server *s, const char *request, struct server_rule *out)
{
	bool found = false;
	*out = (struct server_rule){ "", 404, "no rule" };
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n_rules && !found; i++) {
		found = strstr(request, s->rules[i].match) != NULL;
		if (found)
			*out = s->rules[i];
	}
	pthread_mutex_unlock(&s->lock);
	return found || s->n_steps == 0;
}

/* In one piece: two of them would wait for each other's acknowledgement. */
static inline void server_rule_do(const struct server_rule *rule, int fd)
{
	char *text = NULL;
	int n = asprintf(&text, "HTTP/1.1 %d Answer\r\nContent-Length: %zu\r\n\r\n%s", rule->status,
		strlen(rule->body), rule->body);
	if (n < 0)
		abort();
	server_write(fd, text, (size_t)n);
	free(text);
}

static inline void *server_serve(void *context)
{
	struct server_connection c = *(struct server_connection *)context;
	free(context);
	bool open = true;
	while (open) {
		if (server_resets_next(c.server)) {
			open = server_step_do(c.server, server_next(c.server), c.fd);
			continue;
		}
		struct server_rule rule;
		char *request = server_read(c.fd);
		if (!request)
			break;
		bool ruled = server_rule_find(c.server, request, &rule);
		server_keep(c.server, request);
		if (ruled)
			server_rule_do(&rule, c.fd);
		else
			open = server_step_do(c.server, server_next(c.server), c.fd);
	}
	/* A descriptor that stop() may still shut down is closed there. */
	if (!open) {
		pthread_mutex_lock(&c.server->lock);
		for (size_t i = 0; i < c.server->n_threads; i++)
			if (c.server->connections[i] == c.fd)
				c.server->connections[i] = -1;
		pthread_mutex_unlock(&c.server->lock);
		close(c.fd);
	}
	return NULL;
}

static inline void *server_accept(void *context)
{
	struct server *s = context;
	for (;;) {
		int fd = accept(s->fd, NULL, NULL);
		if (fd < 0)
			return NULL;
		struct server_connection *c = malloc(sizeof *c);
		*c = (struct server_connection){ s, fd };
		pthread_mutex_lock(&s->lock);
		if (s->n_threads == SERVER_CONNECTIONS)
			abort();
		s->connections[s->n_threads] = fd;
		pthread_create(&s->threads[s->n_threads++], NULL, server_serve, c);
		pthread_mutex_unlock(&s->lock);
	}
}

/* Without steps (NULL, 0) it answers by rules only. */
static inline void server_start(struct server *s, const struct server_step *steps, size_t n_steps)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	memset(s, 0, sizeof *s);
	s->steps = steps;
	s->n_steps = n_steps;
	pthread_mutex_init(&s->lock, NULL);
	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (pipe(s->stop) != 0 || bind(s->fd, (struct sockaddr *)&at, n) != 0 || listen(s->fd, 64) != 0 ||
		getsockname(s->fd, (struct sockaddr *)&at, &n) != 0)
		abort();
	s->port = ntohs(at.sin_port);
	snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", s->port);
	pthread_create(&s->accepting, NULL, server_accept, s);
}

/* Ends its threads; the requests stay until server_clear. */
static inline void server_stop(struct server *s)
{
	close(s->stop[1]);
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->accepting, NULL);
	close(s->fd);
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n_threads; i++)
		if (s->connections[i] >= 0)
			shutdown(s->connections[i], SHUT_RDWR);
	pthread_mutex_unlock(&s->lock);
	for (size_t i = 0; i < s->n_threads; i++)
		pthread_join(s->threads[i], NULL);
	for (size_t i = 0; i < s->n_threads; i++)
		if (s->connections[i] >= 0)
			close(s->connections[i]);
	close(s->stop[0]);
}

static inline void server_clear(struct server *s)
{
	server_forget(s);
	pthread_mutex_destroy(&s->lock);
}

/* A complete answer as a literal. */
#define ANSWER(status, headers, length, body) \
	"HTTP/1.1 " status "\r\n" headers "Content-Length: " length "\r\n\r\n" body

#endif
