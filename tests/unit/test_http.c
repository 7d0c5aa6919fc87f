#include "check.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <signal.h>

#include "base/clock.h"
#include "scripted_server.h"
#include "io/http.h"

/* ---- the client ---- */

struct variables {
	const char *names[4], *values[4];
};

static const char *look_up(void *context, const char *name)
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

static void client_init(struct client *c, struct variables *env, int64_t stall_ms)
{
	struct tr_http_options o = { .stall_timeout_ms = stall_ms, .env = look_up, .env_context = env };
	*c = (struct client){ 0 };
	assert_ok(tr_http_new(&o, &c->http, &c->err), c->err);
}

static void client_clear(struct client *c)
{
	tr_http_response_clear(&c->answer);
	tr_http_free(c->http);
}

static bool ask(struct client *c, const struct tr_http_request *r)
{
	tr_err_clear(&c->err);
	return tr_http_send(c->http, r, &c->answer, &c->fate, &c->err);
}

static bool get(struct client *c, const char *url)
{
	return ask(c, &(struct tr_http_request){ .method = "GET", .url = url });
}

static void assert_body(const struct client *c, const char *text)
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

static void finish(struct server *s, struct client *c)
{
	client_clear(c);
	server_stop(s);
	server_clear(s);
}

/* ---- answers ---- */

static void status_headers_and_body_come_back(void **state)
{
	(void)state;
	char value[32];
	STEPS({ { SERVER_REPLY, ANSWER("418 Teapot", "X-Thing:  a b \r\nETag: \"x\"\r\n", "5", "hello"),
		NULL } });
	client_init(&c, NULL, 0);
	assert_ok(get(&c, s.url), c.err);
	assert_int_equal(c.fate, TR_HTTP_ANSWERED);
	assert_int_equal(c.answer.status, 418);
	assert_body(&c, "hello");
	assert_string_equal(tr_http_header(&c.answer, "x-thing", value, sizeof value), "a b");
	assert_string_equal(tr_http_header(&c.answer, "etag", value, sizeof value), "\"x\"");
	assert_null(tr_http_header(&c.answer, "thing", value, sizeof value));
	assert_null(tr_http_header(&c.answer, "x-thing", value, 3));
	finish(&s, &c);
}

static void a_connection_is_used_again(void **state)
{
	(void)state;
	STEPS({ { SERVER_REPLY, ANSWER("200 OK", "", "2", "ok"), NULL } });
	client_init(&c, NULL, 0);
	for (int i = 0; i < 20; i++) {
		assert_ok(get(&c, s.url), c.err);
		assert_body(&c, "ok");
	}
	assert_int_equal(server_connected(&s), 1);
	assert_int_equal(server_asked(&s), 20);
	finish(&s, &c);
}

static void a_request_is_sent_as_it_was_given(void **state)
{
	(void)state;
	char url[200];
	const struct tr_http_header headers[] = { { "Host", "other.example" }, { "X-Empty", "" },
		{ "X-A", "b" } };
	STEPS({ { SERVER_REPLY, ANSWER("200 OK", "", "0", ""), NULL } });
	client_init(&c, NULL, 0);
	snprintf(url, sizeof url, "%s/a/../b//%%2e/x?uploads=", s.url);
	const struct tr_http_request put = { .method = "PUT",
		.url = url,
		.headers = headers,
		.n_headers = 3,
		.body = "bo\0dy",
		.n_body = 5 };
	assert_ok(ask(&c, &put), c.err);
	assert_ptr_equal(strstr(server_request(&s, 0), "PUT /a/../b//%2e/x?uploads= HTTP/1.1\r\n"),
		server_request(&s, 0));
	assert_non_null(strstr(server_request(&s, 0), "\r\nHost: other.example\r\n"));
	assert_non_null(strstr(server_request(&s, 0), "\r\nX-Empty:\r\n"));
	assert_non_null(strstr(server_request(&s, 0), "\r\nX-A: b\r\n"));
	assert_non_null(strstr(server_request(&s, 0), "\r\nContent-Length: 5\r\n"));
	assert_null(strcasestr(server_request(&s, 0), "content-type"));
	assert_null(strcasestr(server_request(&s, 0), "expect:"));
	assert_memory_equal(strstr(server_request(&s, 0), "\r\n\r\n") + 4, "bo\0dy", 5);
	finish(&s, &c);
}

static void methods_without_a_body_say_so(void **state)
{
	(void)state;
	static const char *const methods[] = { "POST", "PUT", "GET", "DELETE", "HEAD" };
	char line[20];
	STEPS({ { SERVER_REPLY, ANSWER("204 No Content", "", "0", ""), NULL } });
	client_init(&c, NULL, 0);
	for (size_t i = 0; i < 5; i++) {
		const struct tr_http_request r = { .method = methods[i], .url = s.url };
		assert_ok(ask(&c, &r), c.err);
		snprintf(line, sizeof line, "%s / ", methods[i]);
		assert_ptr_equal(strstr(server_request(&s, i), line), server_request(&s, i));
		assert_int_equal(strcasestr(server_request(&s, i), "content-length: 0") != NULL, i < 2);
	}
	finish(&s, &c);
}

static void a_line_break_in_a_header_is_refused(void **state)
{
	(void)state;
	const struct tr_http_header evil = { "X-A", "b\r\nX-Evil: 1" };
	STEPS({ { SERVER_REPLY, ANSWER("200 OK", "", "0", ""), NULL } });
	client_init(&c, NULL, 0);
	const struct tr_http_request r = { .method = "GET", .url = s.url, .headers = &evil, .n_headers = 1 };
	assert_false(ask(&c, &r));
	assert_int_equal(c.err.kind, TR_ERR_INTERNAL);
	assert_string_equal(c.err.what, "a line break in the header X-A");
	assert_int_equal(server_asked(&s), 0);
	finish(&s, &c);
}

static void a_redirect_is_an_answer_like_any_other(void **state)
{
	(void)state;
	STEPS({ { SERVER_REPLY,
		ANSWER("307 Temporary Redirect", "Location: http://127.0.0.1:1/\r\n", "0", ""), NULL } });
	client_init(&c, NULL, 0);
	assert_ok(get(&c, s.url), c.err);
	assert_int_equal(c.answer.status, 307);
	assert_int_equal(server_asked(&s), 1);
	finish(&s, &c);
}

static void headers_of_an_interim_answer_are_not_the_answers(void **state)
{
	(void)state;
	char value[32];
	STEPS({ { SERVER_REPLY,
		"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n" ANSWER("200 OK", "X-Late: 1\r\n", "0", ""),
		NULL } });
	client_init(&c, NULL, 0);
	assert_ok(get(&c, s.url), c.err);
	assert_null(tr_http_header(&c.answer, "x-early", value, sizeof value));
	assert_non_null(tr_http_header(&c.answer, "x-late", value, sizeof value));
	finish(&s, &c);
}

/* ---- failures ---- */

static void a_refused_connection_was_not_sent(void **state)
{
	(void)state;
	char url[64];
	STEPS({ { SERVER_REPLY, "", NULL } });
	client_init(&c, NULL, 0);
	server_stop(&s);
	assert_false(get(&c, s.url));
	assert_int_equal(c.fate, TR_HTTP_NOT_SENT);
	assert_int_equal(c.err.kind, TR_ERR_TRANSIENT);
	assert_true(c.err.retry);
	snprintf(url, sizeof url, "could not reach 127.0.0.1:%d", s.port);
	assert_string_equal(c.err.what, url);
	assert_non_null(strstr(c.err.detail, "Connection refused"));
	assert_string_equal(c.err.hint,
		"check the address, the network and the proxy (https_proxy, no_proxy)");
	client_clear(&c);
	server_clear(&s);
}

static void an_unknown_host_was_not_sent(void **state)
{
	(void)state;
	struct client c;
	client_init(&c, NULL, 0);
	assert_false(get(&c, "http://user:secret@no-such-host.invalid/x?signature=secret"));
	assert_int_equal(c.fate, TR_HTTP_NOT_SENT);
	assert_string_equal(c.err.what, "could not reach no-such-host.invalid");
	assert_null(strstr(c.err.detail, "secret"));
	client_clear(&c);
}

static void an_address_that_is_none_is_the_users_error(void **state)
{
	(void)state;
	struct client c;
	client_init(&c, NULL, 0);
	assert_false(get(&c, "ftp://example.com/"));
	assert_int_equal(c.err.kind, TR_ERR_USER);
	assert_string_equal(c.err.what, "example.com is no address to send a request to");
	client_clear(&c);
}

static void a_connection_that_is_reset_leaves_the_fate_unknown(void **state)
{
	(void)state;
	STEPS({ { SERVER_RESET_BEFORE, NULL, NULL }, { SERVER_RESET_AFTER, NULL, NULL } });
	client_init(&c, NULL, 0);
	for (int i = 0; i < 2; i++) {
		const struct tr_http_request r = { .method = "PUT", .url = s.url, .body = "x", .n_body = 1 };
		assert_false(ask(&c, &r));
		assert_int_equal(c.err.kind, TR_ERR_TRANSIENT);
		assert_true(c.err.retry);
		if (i == 1)
			assert_int_equal(c.fate, TR_HTTP_UNKNOWN);
	}
	assert_non_null(strstr(c.err.what, "the connection to 127.0.0.1:"));
	assert_non_null(strstr(c.err.what, " broke"));
	assert_non_null(strstr(c.err.hint, "run again; where it stays so"));
	finish(&s, &c);
}

static void a_kept_connection_that_dies_is_not_used_for_what_must_go_once(void **state)
{
	(void)state;
	STEPS({ { SERVER_REPLY, ANSWER("200 OK", "", "0", ""), NULL }, { SERVER_RESET_AFTER, NULL, NULL },
		{ SERVER_REPLY, ANSWER("200 OK", "", "0", ""), NULL } });
	client_init(&c, NULL, 0);
	assert_ok(get(&c, s.url), c.err);
	const struct tr_http_request r = { .method = "PUT",
		.url = s.url,
		.body = "x",
		.n_body = 1,
		.once = true };
	assert_false(ask(&c, &r));
	assert_int_equal(c.fate, TR_HTTP_UNKNOWN);
	assert_int_equal(c.err.kind, TR_ERR_TRANSIENT);
	assert_int_equal(server_asked(&s), 2);
	finish(&s, &c);
}

static void a_kept_connection_that_dies_is_replaced_for_what_may_go_twice(void **state)
{
	(void)state;
	STEPS({ { SERVER_REPLY, ANSWER("200 OK", "", "0", ""), NULL }, { SERVER_RESET_AFTER, NULL, NULL },
		{ SERVER_REPLY, ANSWER("200 OK", "", "2", "ok"), NULL } });
	client_init(&c, NULL, 0);
	assert_ok(get(&c, s.url), c.err);
	assert_ok(get(&c, s.url), c.err);
	assert_body(&c, "ok");
	assert_int_equal(server_asked(&s), 3);
	finish(&s, &c);
}

static void an_answer_that_is_cut_short_is_a_transient_error(void **state)
{
	(void)state;
	STEPS({ { SERVER_REPLY_CLOSE, ANSWER("200 OK", "", "100", "only this"), NULL },
		{ SERVER_REPLY_CLOSE, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
			NULL } });
	client_init(&c, NULL, 0);
	for (int i = 0; i < 2; i++) {
		assert_false(get(&c, s.url));
		assert_int_equal(c.fate, TR_HTTP_UNKNOWN);
		assert_int_equal(c.err.kind, TR_ERR_TRANSIENT);
		assert_non_null(strstr(c.err.what, "the answer of 127.0.0.1:"));
		assert_non_null(strstr(c.err.what, " was cut short"));
	}
	finish(&s, &c);
}

static void a_server_that_stalls_is_given_up(void **state)
{
	(void)state;
	STEPS({ { SERVER_STALL, NULL, NULL }, { SERVER_STALL, ANSWER("200 OK", "", "100", "half"), NULL } });
	client_init(&c, NULL, 200);
	for (int i = 0; i < 2; i++) {
		assert_false(get(&c, s.url));
		assert_int_equal(c.fate, TR_HTTP_UNKNOWN);
		assert_int_equal(c.err.kind, TR_ERR_TRANSIENT);
		assert_non_null(strstr(c.err.what, " moved no byte for 0.2 s"));
	}
	finish(&s, &c);
}

static void a_slow_server_is_waited_for_while_bytes_move(void **state)
{
	(void)state;
	/* Takes 20 ms a byte, several times the stall of 500 ms in all. */
	STEPS({ { SERVER_TRICKLE, ANSWER("200 OK", "", "30", "123456789012345678901234567890"), NULL } });
	client_init(&c, NULL, 500);
	assert_ok(get(&c, s.url), c.err);
	assert_int_equal(c.answer.body.len, 30);
	finish(&s, &c);
}

static void an_attempt_may_have_a_deadline(void **state)
{
	(void)state;
	STEPS({ { SERVER_STALL, NULL, NULL } });
	client_init(&c, NULL, 60000);
	const struct tr_http_request r = { .method = "GET", .url = s.url, .timeout_ms = 100 };
	assert_false(ask(&c, &r));
	assert_int_equal(c.err.kind, TR_ERR_TRANSIENT);
	assert_non_null(strstr(c.err.what, " did not answer in time"));
	finish(&s, &c);
}

static void a_body_beyond_the_maximum_is_refused(void **state)
{
	(void)state;
	STEPS({ { SERVER_REPLY, ANSWER("200 OK", "", "10", "0123456789"), NULL },
		{ SERVER_FLOOD, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
			"8\r\n01234567\r\n" },
		{ SERVER_REPLY_CLOSE, ANSWER("200 OK", "", "9223372036854775807", "0123456789"), NULL } });
	client_init(&c, NULL, 0);
	const struct tr_http_request exact = { .method = "GET", .url = s.url, .response_max = 10 };
	assert_ok(ask(&c, &exact), c.err);
	for (int i = 0; i < 2; i++) {
		const struct tr_http_request r = { .method = "GET", .url = s.url, .response_max = 9 };
		assert_false(ask(&c, &r));
		assert_int_equal(c.err.kind, TR_ERR_INTERNAL);
		assert_false(c.err.retry);
		assert_non_null(strstr(c.err.what, "sent more than the 9 bytes expected at most"));
	}
	finish(&s, &c);
}

static void a_flood_of_headers_is_refused(void **state)
{
	(void)state;
	STEPS({ { SERVER_FLOOD, "HTTP/1.1 200 OK\r\n",
		"X-Flood: 0123456789012345678901234567890123456789\r\n" } });
	client_init(&c, NULL, 0);
	assert_false(get(&c, s.url));
	assert_int_equal(c.err.kind, TR_ERR_TRANSIENT);
	assert_non_null(strstr(c.err.what, " sent more than 65536 bytes of headers"));
	finish(&s, &c);
}

static void an_answer_that_is_no_http_is_the_users_error(void **state)
{
	(void)state;
	STEPS({ { SERVER_REPLY_CLOSE, "SSH-2.0-OpenSSH_9.2\r\n", NULL } });
	client_init(&c, NULL, 0);
	assert_false(get(&c, s.url));
	assert_int_equal(c.err.kind, TR_ERR_USER);
	assert_int_equal(c.fate, TR_HTTP_UNKNOWN);
	assert_non_null(strstr(c.err.what, " answers, but not in HTTP"));
	finish(&s, &c);
}

/* ---- cancelling ---- */

struct canceller {
	struct server *server;
	struct tr_cancel cancel;
};

static void *cancel_when_stalled(void *context)
{
	struct canceller *c = context;
	for (;;) {
		if (server_asked(c->server))
			break;
		usleep(1000);
	}
	tr_cancel_raise(&c->cancel);
	return NULL;
}

static void a_cancel_ends_a_stalled_call_at_once(void **state)
{
	(void)state;
	struct canceller canceller;
	pthread_t thread;
	bool again = true;
	STEPS({ { SERVER_STALL, NULL, NULL } });
	canceller.server = &s;
	c = (struct client){ 0 };
	assert_ok(tr_cancel_init(&canceller.cancel, &c.err), c.err);
	struct tr_http_options o = { .stall_timeout_ms = 600000,
		.cancel = &canceller.cancel,
		.env = look_up };
	assert_ok(tr_http_new(&o, &c.http, &c.err), c.err);
	pthread_create(&thread, NULL, cancel_when_stalled, &canceller);
	assert_false(get(&c, s.url));
	pthread_join(thread, NULL);
	assert_int_equal(c.err.kind, TR_ERR_CANCELLED);
	assert_int_equal(c.fate, TR_HTTP_UNKNOWN);
	assert_false(get(&c, s.url));
	assert_int_equal(c.err.kind, TR_ERR_CANCELLED);
	assert_int_equal(c.fate, TR_HTTP_NOT_SENT);
	tr_err_clear(&c.err);
	assert_false(tr_http_again(c.http, 3, 50, &again, &c.err));
	assert_int_equal(c.err.kind, TR_ERR_CANCELLED);
	finish(&s, &c);
	tr_cancel_clear(&canceller.cancel);
}

/* ---- proxies ---- */

static void the_proxy_variable_is_honoured_and_no_proxy_too(void **state)
{
	(void)state;
	STEPS({ { SERVER_REPLY, ANSWER("200 OK", "", "0", ""), NULL } });
	struct variables env = { { "http_proxy", "no_proxy" }, { s.url, "127.0.0.1" } };
	client_init(&c, &env, 0);
	assert_ok(get(&c, "http://somewhere.invalid/x"), c.err);
	assert_ptr_equal(strstr(server_request(&s, 0), "GET http://somewhere.invalid/x HTTP/1.1\r\n"),
		server_request(&s, 0));
	assert_ok(get(&c, s.url), c.err);
	assert_ptr_equal(strstr(server_request(&s, 1), "GET / HTTP/1.1\r\n"), server_request(&s, 1));
	const struct tr_http_request direct = { .method = "GET",
		.url = "http://somewhere.invalid/",
		.no_proxy = true };
	assert_false(ask(&c, &direct));
	assert_string_equal(c.err.hint, "check the address, the network");
	finish(&s, &c);
}

static void all_proxy_serves_where_no_other_is_named(void **state)
{
	(void)state;
	STEPS({ { SERVER_REPLY, ANSWER("200 OK", "", "0", ""), NULL } });
	struct variables env = { { "ALL_PROXY" }, { s.url } };
	client_init(&c, &env, 0);
	assert_ok(get(&c, "http://somewhere.invalid/x"), c.err);
	assert_int_equal(server_asked(&s), 1);
	finish(&s, &c);
}

/* ---- TLS ---- */

struct tls_server {
	int fd;
	char url[64];
	SSL_CTX *context;
	pthread_t thread;
};

static void *tls_serve(void *context)
{
	struct tls_server *t = context;
	int fd;
	while ((fd = accept(t->fd, NULL, NULL)) >= 0) {
		char bytes[4096];
		SSL *ssl = SSL_new(t->context);
		SSL_set_fd(ssl, fd);
		if (SSL_accept(ssl) == 1 && SSL_read(ssl, bytes, sizeof bytes) > 0) {
			const char *answer = ANSWER("200 OK", "Connection: close\r\n", "2", "ok");
			SSL_write(ssl, answer, (int)strlen(answer));
			SSL_shutdown(ssl);
		}
		SSL_free(ssl);
		close(fd);
	}
	return NULL;
}

/* A certificate for 127.0.0.1 that signs itself, also written to a file. */
static void make_certificate(SSL_CTX *context, const char *path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	X509V3_CTX v3;
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"tests", -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509V3_set_ctx(&v3, x, x, NULL, NULL, 0);
	X509_EXTENSION *alt = X509V3_EXT_conf_nid(NULL, &v3, NID_subject_alt_name, "IP:127.0.0.1");
	X509_add_ext(x, alt, -1);
	X509_EXTENSION_free(alt);
	X509_sign(x, key, EVP_sha256());
	assert_int_equal(SSL_CTX_use_certificate(context, x), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(context, key), 1);
	FILE *f = fopen(path, "w");
	PEM_write_X509(f, x);
	fclose(f);
	X509_free(x);
	EVP_PKEY_free(key);
}

static void tls_start(struct tls_server *t, const char *path)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	t->context = SSL_CTX_new(TLS_server_method());
	make_certificate(t->context, path);
	t->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(t->fd, (struct sockaddr *)&at, n), 0);
	assert_int_equal(listen(t->fd, 8), 0);
	getsockname(t->fd, (struct sockaddr *)&at, &n);
	snprintf(t->url, sizeof t->url, "https://127.0.0.1:%d", ntohs(at.sin_port));
	pthread_create(&t->thread, NULL, tls_serve, t);
}

static void tls_stop(struct tls_server *t)
{
	shutdown(t->fd, SHUT_RDWR);
	pthread_join(t->thread, NULL);
	close(t->fd);
	SSL_CTX_free(t->context);
}

static void an_untrusted_certificate_is_the_users_error_until_its_authority_is_named(void **state)
{
	(void)state;
	struct tls_server t;
	struct client c;
	char path[] = "/tmp/tailrace-ca-XXXXXX";
	int fd = mkstemp(path);
	close(fd);
	signal(SIGPIPE, SIG_IGN);
	tls_start(&t, path);
	client_init(&c, NULL, 0);
	assert_false(get(&c, t.url));
	assert_int_equal(c.err.kind, TR_ERR_USER);
	assert_int_equal(c.fate, TR_HTTP_NOT_SENT);
	assert_non_null(strstr(c.err.what, "the certificate of 127.0.0.1:"));
	assert_non_null(strstr(c.err.what, " is not trusted"));
	assert_non_null(strstr(c.err.hint, "ca_file"));
	assert_non_null(strstr(c.err.hint, "AWS_CA_BUNDLE"));
	client_clear(&c);
	struct variables env = { { "AWS_CA_BUNDLE" }, { path } };
	client_init(&c, &env, 0);
	assert_ok(get(&c, t.url), c.err);
	assert_body(&c, "ok");
	client_clear(&c);
	env.values[0] = "/no/such/file.pem";
	client_init(&c, &env, 0);
	assert_false(get(&c, t.url));
	assert_int_equal(c.err.kind, TR_ERR_USER);
	assert_string_equal(c.err.what, "the certificates of /no/such/file.pem could not be read");
	client_clear(&c);
	tls_stop(&t);
	unlink(path);
}

/* ---- many threads ---- */

static void *ask_often(void *context)
{
	struct client c = *(struct client *)context;
	char url[100];
	for (int i = 0; i < 20; i++) {
		snprintf(url, sizeof url, "http://127.0.0.1:%d/%d", (int)c.fate, i);
		if (!tr_http_send(c.http, &(struct tr_http_request){ .method = "GET", .url = url }, &c.answer,
			    &(enum tr_http_fate){ 0 }, &c.err) ||
			c.answer.status != 200)
			return "failed";
	}
	tr_http_response_clear(&c.answer);
	return NULL;
}

static void threads_share_the_pool(void **state)
{
	(void)state;
	pthread_t threads[8];
	STEPS({ { SERVER_REPLY, ANSWER("200 OK", "", "2", "ok"), NULL } });
	client_init(&c, NULL, 0);
	struct client start = c;
	start.fate = (enum tr_http_fate)s.port;
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, ask_often, &start);
	for (int i = 0; i < 8; i++) {
		void *failed;
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_true(server_connected(&s) <= 8);
	finish(&s, &c);
}

/* ---- retries ---- */

static void attempts_end_where_the_options_say(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_http *http;
	bool again;
	struct tr_http_options o = { .attempts = 3, .backoff_ms = 1, .env = look_up };
	assert_ok(tr_http_new(&o, &http, &err), err);
	for (int i = 0; i < 3; i++) {
		assert_ok(tr_http_again(http, i, 0, &again, &err), err);
		assert_int_equal(again, i < 2);
	}
	tr_http_free(http);
}

static void a_dead_service_uses_the_budget_up_and_successes_refill_it(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_http *http;
	bool again = true;
	int granted = 0;
	struct tr_http_options o = { .attempts = 3, .backoff_ms = 1, .env = look_up };
	assert_ok(tr_http_new(&o, &http, &err), err);
	for (; again; granted += again)
		assert_ok(tr_http_again(http, 0, 0, &again, &err), err);
	assert_int_equal(granted, 100);
	tr_http_succeeded(http);
	assert_ok(tr_http_again(http, 0, 0, &again, &err), err);
	assert_true(again);
	assert_ok(tr_http_again(http, 0, 0, &again, &err), err);
	assert_false(again);
	tr_http_free(http);
}

static void retry_after_is_waited_for_but_not_for_hours(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_http *http;
	bool again = false;
	struct tr_http_options o = { .backoff_ms = 1, .env = look_up };
	assert_ok(tr_http_new(&o, &http, &err), err);
	int64_t before_us = tr_clock_monotonic_us();
	assert_ok(tr_http_again(http, 0, 1, &again, &err), err);
	assert_true(again);
	assert_true(tr_clock_monotonic_us() - before_us >= 1000000);
	assert_ok(tr_http_again(http, 0, 3600, &again, &err), err);
	assert_false(again);
	tr_http_free(http);
}

static int64_t retry_after_of(const char *headers)
{
	struct tr_http_response r = { 0 };
	tr_str_init(&r.headers, 1000);
	tr_str_add(&r.headers, headers);
	int64_t s = tr_http_retry_after(&r);
	tr_http_response_clear(&r);
	return s;
}

static void retry_after_is_a_number_or_a_date(void **state)
{
	(void)state;
	assert_int_equal(retry_after_of("retry-after: 7\n"), 7);
	assert_int_equal(retry_after_of("retry-after: -7\n"), 0);
	assert_int_equal(retry_after_of("retry-after: soon\n"), 0);
	assert_int_equal(retry_after_of("x: 1\n"), 0);
	assert_int_equal(
		retry_after_of(
			"date: Sun, 22 Nov 2026 22:00:00 GMT\nretry-after: Sun, 22 Nov 2026 22:00:09 GMT\n"),
		9);
	assert_int_equal(
		retry_after_of(
			"date: Sun, 22 Nov 2026 22:00:00 GMT\nretry-after: Sun, 22 Nov 2026 21:00:09 GMT\n"),
		0);
	/* A date that no count of microseconds holds. */
	assert_int_equal(retry_after_of("retry-after: Sun, 22 Nov 2200141 22:00:09 GMT\n"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_headers_and_body_come_back),
		cmocka_unit_test(a_connection_is_used_again),
		cmocka_unit_test(a_request_is_sent_as_it_was_given),
		cmocka_unit_test(methods_without_a_body_say_so),
		cmocka_unit_test(a_line_break_in_a_header_is_refused),
		cmocka_unit_test(a_redirect_is_an_answer_like_any_other),
		cmocka_unit_test(headers_of_an_interim_answer_are_not_the_answers),
		cmocka_unit_test(a_refused_connection_was_not_sent),
		cmocka_unit_test(an_unknown_host_was_not_sent),
		cmocka_unit_test(an_address_that_is_none_is_the_users_error),
		cmocka_unit_test(a_connection_that_is_reset_leaves_the_fate_unknown),
		cmocka_unit_test(a_kept_connection_that_dies_is_not_used_for_what_must_go_once),
		cmocka_unit_test(a_kept_connection_that_dies_is_replaced_for_what_may_go_twice),
		cmocka_unit_test(an_answer_that_is_cut_short_is_a_transient_error),
		cmocka_unit_test(a_server_that_stalls_is_given_up),
		cmocka_unit_test(a_slow_server_is_waited_for_while_bytes_move),
		cmocka_unit_test(an_attempt_may_have_a_deadline),
		cmocka_unit_test(a_body_beyond_the_maximum_is_refused),
		cmocka_unit_test(a_flood_of_headers_is_refused),
		cmocka_unit_test(an_answer_that_is_no_http_is_the_users_error),
		cmocka_unit_test(a_cancel_ends_a_stalled_call_at_once),
		cmocka_unit_test(the_proxy_variable_is_honoured_and_no_proxy_too),
		cmocka_unit_test(all_proxy_serves_where_no_other_is_named),
		cmocka_unit_test(an_untrusted_certificate_is_the_users_error_until_its_authority_is_named),
		cmocka_unit_test(threads_share_the_pool),
		cmocka_unit_test(attempts_end_where_the_options_say),
		cmocka_unit_test(a_dead_service_uses_the_budget_up_and_successes_refill_it),
		cmocka_unit_test(retry_after_is_waited_for_but_not_for_hours),
		cmocka_unit_test(retry_after_is_a_number_or_a_date),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
