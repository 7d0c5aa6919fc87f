/*
 * A small HTTP server on a loopback port, in a thread of the test: answers by rules, keeps what
 * it was asked. One connection at a time, one request a connection.
 */
#ifndef TR_TESTS_HTTP_SERVER_H
#define TR_TESTS_HTTP_SERVER_H

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/* A request whose text (head and body) has `match` in it gets this; the first rule that fits. */
struct http_rule {
	const char *match;
	int status;
	const char *body;
};

struct http_server {
	int fd, port;
	pthread_t thread;
	pthread_mutex_t lock;
	struct http_rule rules[16];
	size_t n_rules;
	char seen[65536]; /* all requests, one after the other */
	size_t n_seen, n_requests;
};

static inline size_t http_content_length(const char *head)
{
	const char *p = strcasestr(head, "\r\ncontent-length:");
	return p ? strtoul(p + 17, NULL, 10) : 0;
}

/* One whole request into buf, NUL-terminated. */
static inline bool http_receive(int fd, char *buf, size_t size)
{
	size_t n = 0;
	for (;;) {
		ssize_t got = recv(fd, buf + n, size - 1 - n, 0);
		if (got <= 0)
			return false;
		n += (size_t)got;
		buf[n] = '\0';
		const char *end = strstr(buf, "\r\n\r\n");
		if (end && n >= (size_t)(end - buf) + 4 + http_content_length(buf))
			return true;
		if (n == size - 1)
			return false;
	}
}

static inline void http_answer(struct http_server *s, int fd, const char *request)
{
	struct http_rule rule = { "", 404, "no rule" };
	char head[256];
	pthread_mutex_lock(&s->lock);
	size_t n = strlen(request);
	if (n < sizeof s->seen - s->n_seen) {
		memcpy(s->seen + s->n_seen, request, n + 1);
		s->n_seen += n;
	}
	s->n_requests++;
	for (size_t i = s->n_rules; i-- > 0;)
		if (strstr(request, s->rules[i].match))
			rule = s->rules[i];
	pthread_mutex_unlock(&s->lock);
	snprintf(head, sizeof head, "HTTP/1.1 %d Answer\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
		rule.status, strlen(rule.body));
	(void)!send(fd, head, strlen(head), MSG_NOSIGNAL);
	(void)!send(fd, rule.body, strlen(rule.body), MSG_NOSIGNAL);
}

static inline void *http_serve(void *arg)
{
	struct http_server *s = arg;
	char buf[32768];
	for (;;) {
		int fd = accept(s->fd, NULL, NULL);
		if (fd < 0)
			return NULL;
		if (http_receive(fd, buf, sizeof buf))
			http_answer(s, fd, buf);
		shutdown(fd, SHUT_RDWR);
		close(fd);
	}
}

static inline bool http_server_start(struct http_server *s)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t n = sizeof address;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memset(s, 0, sizeof *s);
	pthread_mutex_init(&s->lock, NULL);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&address, n) != 0 || listen(s->fd, 64) != 0 ||
		getsockname(s->fd, (struct sockaddr *)&address, &n) != 0)
		return false;
	s->port = ntohs(address.sin_port);
	return pthread_create(&s->thread, NULL, http_serve, s) == 0;
}

static inline void http_server_stop(struct http_server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
	pthread_mutex_destroy(&s->lock);
}

static inline void http_server_rule(struct http_server *s, const char *match, int status, const char *body)
{
	pthread_mutex_lock(&s->lock);
	s->rules[s->n_rules++] = (struct http_rule){ match, status, body };
	pthread_mutex_unlock(&s->lock);
}

/* Whether a text was in a request; how many requests there were. */
static inline bool http_server_saw(struct http_server *s, const char *text)
{
	pthread_mutex_lock(&s->lock);
	bool saw = strstr(s->seen, text) != NULL;
	pthread_mutex_unlock(&s->lock);
	return saw;
}

static inline size_t http_server_requests(struct http_server *s)
{
	pthread_mutex_lock(&s->lock);
	size_t n = s->n_requests;
	pthread_mutex_unlock(&s->lock);
	return n;
}

/* Forget the rules and what was asked. */
static inline void http_server_reset(struct http_server *s)
{
	pthread_mutex_lock(&s->lock);
	s->n_rules = s->n_seen = s->n_requests = 0;
	s->seen[0] = '\0';
	pthread_mutex_unlock(&s->lock);
}

#endif
