#include "io/http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "io/http_internal.h"

#define HEADERS_MAX 65536
#define BODY_MAX (16u << 20)
#define HOST_TEXT 300
#define CLEANUP_US INT64_C(5000000)

/* A connection with what drives it. libcurl keeps connections in the multi handle, so a thread
 * that takes the line used last finds its connection warm. */
struct tr_http_line {
	struct tr_http_line *next;
	CURLM *multi;
	CURL *easy;
};

struct transfer {
	struct tr_http *http;
	const struct tr_http_request *request;
	struct tr_http_response *response;
	struct tr_http_line *line;
	struct curl_slist *headers;
	int64_t stall_us;
	int times_sent;
	bool cancelled, stalled, repeated, headers_full, body_full;
	bool headers_ended;   /* the empty line behind them came */
	struct tr_err memory; /* set: the answer could not be kept */
	char text[CURL_ERROR_SIZE];
	char host[HOST_TEXT];
};

/* ---- the pool ---- */

/* The first of two variables that says something, copied; "" where neither does. */
static char *setting(const struct tr_http_options *o, const char *a, const char *b, struct tr_err *err)
{
	const char *value = tr_environment_get(o->env, o->env_context, a);
	if (!value && b)
		value = tr_environment_get(o->env, o->env_context, b);
	return tr_strdup(value ? value : "", err);
}

static bool read_settings(struct tr_http *http, const struct tr_http_options *o, struct tr_err *err)
{
	char *all = setting(o, "all_proxy", "ALL_PROXY", err);
	bool ok = false;
	if (!all)
		goto out;
	/* Upper-case HTTP_PROXY is left alone, as by curl: behind a CGI it is a client's header. */
	http->proxy_http = setting(o, "http_proxy", NULL, err);
	http->proxy_https = setting(o, "https_proxy", "HTTPS_PROXY", err);
	http->proxy_not = setting(o, "no_proxy", "NO_PROXY", err);
	http->ca_file =
		o->ca_file ? tr_strdup(o->ca_file, err) : setting(o, "AWS_CA_BUNDLE", "SSL_CERT_FILE", err);
	if (!http->proxy_http || !http->proxy_https || !http->proxy_not || !http->ca_file)
		goto out;
	for (int i = 0; i < 2; i++) {
		char **proxy = i ? &http->proxy_https : &http->proxy_http;
		if (**proxy)
			continue;
		free(*proxy);
		*proxy = tr_strdup(all, err);
		if (!*proxy)
			goto out;
	}
	ok = true;
out:
	free(all);
	return ok;
}

bool tr_http_new(const struct tr_http_options *options, struct tr_http **out, struct tr_err *err)
{
	struct tr_http *http = tr_calloc(1, sizeof *http, err);
	*out = NULL;
	if (!http)
		return false;
	pthread_mutex_init(&http->lock, NULL);
	http->connect_timeout_ms = options->connect_timeout_ms ? options->connect_timeout_ms : 5000;
	http->stall_timeout_ms = options->stall_timeout_ms ? options->stall_timeout_ms : 30000;
	http->attempts = options->attempts ? options->attempts : 5;
	http->backoff_ms = options->backoff_ms ? options->backoff_ms : 1000;
	http->cancel = options->cancel;
	atomic_init(&http->budget, TR_HTTP_BUDGET);
	atomic_init(&http->clock_offset_us, 0);
	/* Counted and safe between threads inside libcurl (since 7.84). */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		pthread_mutex_destroy(&http->lock);
		free(http);
		return tr_err_set(err, TR_ERR_INTERNAL, "libcurl could not be started");
	}
	if (!read_settings(http, options, err)) {
		tr_http_free(http);
		return false;
	}
	*out = http;
	return true;
}

static void line_free(struct tr_http_line *line)
{
	if (line->easy)
		curl_easy_cleanup(line->easy);
	if (line->multi)
		curl_multi_cleanup(line->multi);
	free(line);
}

void tr_http_free(struct tr_http *http)
{
	if (!http)
		return;
	while (http->idle) {
		struct tr_http_line *line = http->idle;
		http->idle = line->next;
		line_free(line);
	}
	free(http->ca_file);
	free(http->proxy_http);
	free(http->proxy_https);
	free(http->proxy_not);
	pthread_mutex_destroy(&http->lock);
	free(http);
	curl_global_cleanup();
}

static struct tr_http_line *line_take(struct tr_http *http, struct tr_err *err)
{
	pthread_mutex_lock(&http->lock);
	struct tr_http_line *line = http->idle;
	if (line)
		http->idle = line->next;
	pthread_mutex_unlock(&http->lock);
	if (line)
		return line;
	line = tr_calloc(1, sizeof *line, err);
	if (!line)
		return NULL;
	line->easy = curl_easy_init();
	line->multi = curl_multi_init();
	if (line->easy && line->multi)
		return line;
	line_free(line);
	tr_err_memory(err, sizeof *line);
	return NULL;
}

static void line_give(struct tr_http *http, struct tr_http_line *line)
{
	curl_easy_reset(line->easy);
	pthread_mutex_lock(&http->lock);
	line->next = http->idle;
	http->idle = line;
	pthread_mutex_unlock(&http->lock);
}

/* ---- what libcurl calls ---- */

static size_t on_header(char *bytes, size_t size, size_t n, void *context)
{
	struct transfer *t = context;
	struct tr_str *out = &t->response->headers;
	(void)size; /* always 1 */
	if (n >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
		/* Of another answer than the one before: 100 Continue is not the answer. */
		tr_str_clear(out);
		t->headers_ended = false;
		return n;
	}
	size_t len = n;
	while (len > 0 && (bytes[len - 1] == '\r' || bytes[len - 1] == '\n' || bytes[len - 1] == ' '))
		len--;
	if (len == 0)
		t->headers_ended = true;
	const char *colon = memchr(bytes, ':', len);
	if (!colon)
		return n;
	for (const char *p = bytes; p < colon; p++)
		tr_str_addc(out, *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p);
	const char *value = colon + 1;
	while (value < bytes + len && (*value == ' ' || *value == '\t'))
		value++;
	tr_str_add(out, ": ");
	tr_str_addn(out, value, (size_t)(bytes + len - value));
	tr_str_addc(out, '\n');
	if (out->failed) {
		t->headers_full = true;
		return 0;
	}
	return n;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *context)
{
	struct transfer *t = context;
	struct tr_buf *body = &t->response->body;
	(void)size;
	if (n > body->max - body->len) {
		t->body_full = true;
		return n + 1;
	}
	if (body->cap == 0) {
		curl_off_t length = 0;
		curl_easy_getinfo(t->line->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
		if (length > (curl_off_t)n && (uint64_t)length <= body->max &&
			!tr_buf_reserve(body, (size_t)length, &t->memory))
			return n + 1;
	}
	return tr_buf_append(body, bytes, n, &t->memory) ? n : n + 1;
}

/* Called before each time that the request is written to a connection. */
static int on_ready(void *context, char *to, char *from, int to_port, int from_port)
{
	struct transfer *t = context;
	(void)to;
	(void)from;
	(void)to_port;
	(void)from_port;
	if (++t->times_sent > 1 && t->request->once) {
		t->repeated = true;
		return CURL_PREREQFUNC_ABORT;
	}
	return CURL_PREREQFUNC_OK;
}

/* ---- one transfer ---- */

/* Host and port for messages, without a password. */
static void host_of(const char *url, char out[HOST_TEXT])
{
	const char *p = strstr(url, "://");
	p = p ? p + 3 : url;
	size_t n = strcspn(p, "/?#");
	for (size_t i = 0; i < n; i++)
		if (p[i] == '@') {
			p += i + 1;
			n -= i + 1;
			i = (size_t)-1;
		}
	if (n >= HOST_TEXT)
		n = HOST_TEXT - 1;
	memcpy(out, p, n);
	out[n] = '\0';
}

static bool add_header(struct transfer *t, const char *name, const char *value, struct tr_err *err)
{
	struct tr_str text;
	tr_str_init(&text, HEADERS_MAX);
	if (strpbrk(name, "\r\n:") || (value && strpbrk(value, "\r\n")))
		return tr_err_set(err, TR_ERR_INTERNAL, "a line break in the header %.80s", name);
	tr_str_add(&text, name);
	/* libcurl's forms: `name:` takes its own header away, `name;` sends an empty one. */
	if (!value)
		tr_str_add(&text, ":");
	else if (!*value)
		tr_str_add(&text, ";");
	else
		tr_str_addf(&text, ": %s", value);
	bool ok = tr_str_ok(&text, err);
	if (ok) {
		struct curl_slist *grown = curl_slist_append(t->headers, text.ptr);
		if (grown)
			t->headers = grown;
		else
			ok = tr_err_memory(err, text.len);
	}
	tr_str_clear(&text);
	return ok;
}

static bool set_headers(struct transfer *t, struct tr_err *err)
{
	bool typed = false;
	for (size_t i = 0; i < t->request->n_headers; i++) {
		const struct tr_http_header *h = &t->request->headers[i];
		if (strcasecmp(h->name, "content-type") == 0)
			typed = true;
		if (!add_header(t, h->name, h->value, err))
			return false;
	}
	return add_header(t, "Expect", NULL, err) && (typed || add_header(t, "Content-Type", NULL, err));
}

/* curl_easy_setopt checks types by macros that need each call spelled out; failures are those
 * of memory and stick in `bad`. */
#define SET(option, value)                                             \
	do {                                                           \
		if (curl_easy_setopt(easy, option, value) != CURLE_OK) \
			bad = true;                                    \
	} while (0)

static bool set_connection(struct transfer *t, struct tr_err *err)
{
	CURL *easy = t->line->easy;
	const struct tr_http *http = t->http;
	const struct tr_http_request *r = t->request;
	bool bad = false, tls = strncasecmp(r->url, "https:", 6) == 0;
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)http->connect_timeout_ms);
	SET(CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
	SET(CURLOPT_BUFFERSIZE, 262144L);
	SET(CURLOPT_UPLOAD_BUFFERSIZE, 262144L);
	/* Said explicitly, also where they are empty: libcurl would ask the process's environment. */
	SET(CURLOPT_PROXY, r->no_proxy ? "" : tls ? http->proxy_https : http->proxy_http);
	SET(CURLOPT_NOPROXY, http->proxy_not);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (*http->ca_file)
		SET(CURLOPT_CAINFO, http->ca_file);
	SET(CURLOPT_ERRORBUFFER, t->text);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_PREREQFUNCTION, on_ready);
	SET(CURLOPT_PREREQDATA, t);
	return !bad || tr_err_memory(err, sizeof *t);
}

static bool set_request(struct transfer *t, struct tr_err *err)
{
	CURL *easy = t->line->easy;
	const struct tr_http_request *r = t->request;
	bool bad = false;
	SET(CURLOPT_URL, r->url);
	if (strcmp(r->method, "HEAD") == 0) {
		SET(CURLOPT_NOBODY, 1L);
	} else if (r->n_body || strcmp(r->method, "POST") == 0 || strcmp(r->method, "PUT") == 0) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDS, r->body ? (const char *)r->body : "");
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->n_body);
		SET(CURLOPT_CUSTOMREQUEST, r->method);
	} else {
		SET(CURLOPT_HTTPGET, 1L);
		SET(CURLOPT_CUSTOMREQUEST, r->method);
	}
	SET(CURLOPT_HTTPHEADER, t->headers);
	return !bad || tr_err_memory(err, sizeof *t);
}

/* A number that changes with every byte that moves; 0 while connecting. */
static curl_off_t bytes_moved(CURL *easy)
{
	curl_off_t ready = 0, up = 0, down = 0;
	long headers = 0, request = 0;
	curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
	if (ready == 0)
		return 0;
	curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &up);
	curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
	curl_easy_getinfo(easy, CURLINFO_HEADER_SIZE, &headers);
	curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request);
	return 1 + up + down + headers + request;
}

/* Run the transfer to its end, a stall, or a cancel. */
static CURLcode drive(struct transfer *t)
{
	struct tr_http_line *line = t->line;
	const struct tr_cancel *stop = t->request->cleanup ? NULL : t->http->cancel;
	struct curl_waitfd cancel = { .fd = tr_cancel_fd(stop), .events = CURL_WAIT_POLLIN };
	curl_off_t moved = 0;
	int64_t last_us = tr_clock_monotonic_us();
	CURLcode code = CURLE_OK;
	if (curl_multi_add_handle(line->multi, line->easy) != CURLM_OK)
		return CURLE_OUT_OF_MEMORY;
	for (int running = 1;;) {
		if (curl_multi_perform(line->multi, &running) != CURLM_OK) {
			code = CURLE_OUT_OF_MEMORY;
			break;
		}
		if (!running) {
			int left;
			CURLMsg *message = curl_multi_info_read(line->multi, &left);
			code = message ? message->data.result : CURLE_OUT_OF_MEMORY;
			break;
		}
		int64_t now_us = tr_clock_monotonic_us();
		curl_off_t now = bytes_moved(line->easy);
		if (now == 0 || now != moved)
			last_us = now_us;
		moved = now;
		t->cancelled = tr_cancel_raised(stop);
		t->stalled = now_us - last_us >= t->stall_us;
		if (t->cancelled || t->stalled) {
			/* Do not wait for a name server that does not answer. */
			curl_easy_setopt(line->easy, CURLOPT_QUICK_EXIT, 1L);
			break;
		}
		int64_t wait_ms = (last_us + t->stall_us - now_us) / 1000 + 1;
		curl_multi_poll(line->multi, &cancel, cancel.fd >= 0, wait_ms < 1000 ? (int)wait_ms : 1000,
			NULL);
	}
	curl_multi_remove_handle(line->multi, line->easy);
	return code;
}

/* ---- what became of it ---- */

static bool is_trust(CURLcode code)
{
	return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
		code == CURLE_SSL_ISSUER_ERROR;
}

static bool trust_error(const struct transfer *t, CURLcode code, struct tr_err *err)
{
	if (code == CURLE_SSL_CACERT_BADFILE) {
		tr_err_set(err, TR_ERR_USER, "the certificates of %s could not be read",
			*t->http->ca_file ? t->http->ca_file : "this system");
		tr_err_hint(err, "aws.ca_file, AWS_CA_BUNDLE or SSL_CERT_FILE must name a readable PEM file");
	} else {
		tr_err_set(err, TR_ERR_USER, "the certificate of %s is not trusted", t->host);
		tr_err_hint(err,
			"if the server is yours, name the PEM file of the authority that signed its certificate "
			"by aws.ca_file in tailrace.yaml, or by AWS_CA_BUNDLE or SSL_CERT_FILE; else find out who "
			"answers in its place");
	}
	return false;
}

/* Failures in our own limits or memory, and what the caller asked for. */
static bool own_failure(const struct transfer *t, struct tr_err *err)
{
	if (t->cancelled) {
		tr_cancel_err(err);
	} else if (t->memory.kind) {
		*err = t->memory;
	} else if (t->headers_full) {
		tr_err_set(err, TR_ERR_TRANSIENT, "%s sent more than %d bytes of headers", t->host,
			HEADERS_MAX);
		tr_err_hint(err, "check that the address is the right one");
	} else if (t->body_full) {
		tr_err_set(err, TR_ERR_INTERNAL, "%s sent more than the %zu bytes expected at most", t->host,
			t->response->body.max);
		err->retry = false;
	} else {
		return false;
	}
	return true;
}

/* What the user has to correct; trying again changes nothing. */
static bool user_failure(const struct transfer *t, CURLcode code, bool sent, struct tr_err *err)
{
	if (is_trust(code)) {
		trust_error(t, code, err);
	} else if (code == CURLE_UNSUPPORTED_PROTOCOL && sent) {
		tr_err_set(err, TR_ERR_USER, "%s answers, but not in HTTP", t->host);
		tr_err_hint(err, "check the address and its port");
	} else if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
		tr_err_set(err, TR_ERR_USER, "%s is no address to send a request to", t->host);
		tr_err_hint(err, "an endpoint is written http://host:port or https://host");
	} else {
		return false;
	}
	tr_err_detail(err, "%s", *t->text ? t->text : curl_easy_strerror(code));
	return true;
}

static void network_failure(const struct transfer *t, CURLcode code, bool sent, struct tr_err *err)
{
	if (t->stalled)
		tr_err_set(err, TR_ERR_TRANSIENT, "%s moved no byte for %.3g s", t->host,
			(double)t->stall_us / 1e6);
	else if (!sent)
		tr_err_set(err, TR_ERR_TRANSIENT, "could not reach %s", t->host);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		tr_err_set(err, TR_ERR_TRANSIENT, "%s did not answer in time", t->host);
	else if (code == CURLE_OK || code == CURLE_PARTIAL_FILE ||
		(code == CURLE_RECV_ERROR && t->response->headers.len))
		tr_err_set(err, TR_ERR_TRANSIENT, "the answer of %s was cut short", t->host);
	else
		tr_err_set(err, TR_ERR_TRANSIENT, "the connection to %s broke", t->host);
	if (!sent)
		tr_err_hint(err, "check the address, the network%s",
			t->request->no_proxy ? "" : " and the proxy (https_proxy, no_proxy)");
	else
		tr_err_hint(err,
			"run again; where it stays so, look at the server and the network before it");
}

static bool failure(const struct transfer *t, CURLcode code, bool sent, struct tr_err *err)
{
	const char *text = *t->text ? t->text : curl_easy_strerror(code);
	char system[256] = "";
	long number = 0;
	if (own_failure(t, err) || user_failure(t, code, sent, err))
		return false;
	if (code == CURLE_OUT_OF_MEMORY)
		return tr_err_memory(err, sizeof *t);
	network_failure(t, code, sent, err);
	if (t->stalled)
		return false;
	/* libcurl takes the end of the connection for that of the headers. */
	if (code == CURLE_OK)
		text = "the connection was closed in the middle of the headers";
	if (t->repeated)
		text = "the connection was closed after the request had been sent";
	curl_easy_getinfo(t->line->easy, CURLINFO_OS_ERRNO, &number);
	if (number && !t->repeated)
		return tr_err_detail(err, "%s (%s)", text, strerror_r((int)number, system, sizeof system));
	return tr_err_detail(err, "%s", text);
}

void tr_http_response_clear(struct tr_http_response *r)
{
	tr_buf_clear(&r->body);
	tr_str_clear(&r->headers);
	r->status = 0;
}

bool tr_http_send(struct tr_http *http, const struct tr_http_request *request,
	struct tr_http_response *response, enum tr_http_fate *fate, struct tr_err *err)
{
	struct transfer t = { .http = http, .request = request, .response = response };
	bool ok = false;
	*fate = TR_HTTP_NOT_SENT;
	tr_http_response_clear(response);
	tr_buf_init(&response->body, request->response_max ? request->response_max : BODY_MAX);
	tr_str_init(&response->headers, HEADERS_MAX);
	t.stall_us = (request->stall_timeout_ms ? request->stall_timeout_ms : http->stall_timeout_ms) * 1000;
	host_of(request->url, t.host);
	if (tr_cancel_raised(http->cancel)) {
		if (!request->cleanup)
			return tr_cancel_err(err);
		t.stall_us = CLEANUP_US < t.stall_us ? CLEANUP_US : t.stall_us;
	}
	t.line = line_take(http, err);
	if (!t.line)
		return false;
	if (!set_headers(&t, err) || !set_connection(&t, err) || !set_request(&t, err))
		goto out;
	CURLcode code = drive(&t);
	long sent = 0;
	curl_easy_getinfo(t.line->easy, CURLINFO_RESPONSE_CODE, &response->status);
	curl_easy_getinfo(t.line->easy, CURLINFO_REQUEST_SIZE, &sent);
	ok = code == CURLE_OK && !t.cancelled && !t.stalled && t.headers_ended;
	*fate = ok ? TR_HTTP_ANSWERED : sent > 0 || t.repeated ? TR_HTTP_UNKNOWN : TR_HTTP_NOT_SENT;
	if (!ok)
		failure(&t, code, *fate != TR_HTTP_NOT_SENT, err);
out:
	line_give(http, t.line);
	curl_slist_free_all(t.headers);
	return ok;
}
