#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "io/aws_internal.h"
#include "io/xml.h"

#define FIELD_MAX 16384

/* ---- code and message ---- */

/* `com.amazonaws.glue#EntityNotFoundException:http://...` is `EntityNotFoundException`. */
static void set_code(struct tr_aws_reply *reply, const char *text)
{
	const char *hash = strchr(text, '#');
	if (hash)
		text = hash + 1;
	size_t n = strcspn(text, ": ");
	if (n >= sizeof reply->code)
		n = sizeof reply->code - 1;
	memcpy(reply->code, text, n);
	reply->code[n] = '\0';
}

static void blot_out(char *text, const char *secret)
{
	size_t n = secret ? strlen(secret) : 0;
	for (char *p = n >= 8 ? strstr(text, secret) : NULL; p; p = strstr(p, secret))
		memset(p, '*', n);
}

/* One line, printable. Services show the canonical request to who signs wrongly; a session
 * token stands in it. */
static void set_message(struct tr_aws_reply *reply, const struct tr_aws_keys *keys, const char *text)
{
	char *clean = strdup(text);
	if (!clean)
		return; /* the code is told without it */
	char *canonical = strstr(clean, "The Canonical String");
	if (canonical)
		*canonical = '\0';
	if (keys) {
		blot_out(clean, keys->secret_key);
		blot_out(clean, keys->session_token);
	}
	tr_copy_text(reply->message, sizeof reply->message, clean);
	free(clean);
	for (char *p = reply->message; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7F)
			*p = ' ';
}

static void read_json(struct tr_aws_reply *reply, const struct tr_aws_keys *keys)
{
	static const char *const names[] = { "message", "Message", "errorMessage" };
	const struct tr_buf *body = &reply->http.body;
	json_t *root = body->len ? json_loadb((const char *)body->data, body->len, 0, NULL) : NULL;
	const char *type = json_string_value(json_object_get(root, "__type"));
	if (!type)
		type = json_string_value(json_object_get(root, "code"));
	if (type)
		set_code(reply, type);
	for (size_t i = 0; i < sizeof names / sizeof *names && !reply->message[0]; i++) {
		const char *text = json_string_value(json_object_get(root, names[i]));
		if (text)
			set_message(reply, keys, text);
	}
	json_decref(root);
}

static void read_xml(struct tr_aws_reply *reply, const struct tr_aws_keys *keys)
{
	const char *xml = (const char *)reply->http.body.data;
	struct tr_str text;
	tr_str_init(&text, FIELD_MAX);
	if (tr_xml_find(xml, reply->http.body.len, "Error", "Code", &text))
		set_code(reply, text.ptr);
	if (tr_xml_find(xml, reply->http.body.len, "Error", "Message", &text))
		set_message(reply, keys, text.ptr);
	tr_str_clear(&text);
}

/* An answer to HEAD has no body, and proxies answer in HTML: the status says what it can. */
static void code_of_status(struct tr_aws_reply *reply)
{
	static const struct {
		long status;
		const char *code;
	} codes[] = {
		{ 301, "PermanentRedirect" },
		{ 307, "TemporaryRedirect" },
		{ 400, "BadRequest" },
		{ 403, "AccessDenied" },
		{ 404, "NotFound" },
		{ 407, "ProxyAuthenticationRequired" },
		{ 409, "Conflict" },
		{ 412, "PreconditionFailed" },
		{ 416, "InvalidRange" },
		{ 429, "TooManyRequests" },
		{ 500, "InternalError" },
		{ 502, "BadGateway" },
		{ 503, "ServiceUnavailable" },
		{ 504, "GatewayTimeout" },
	};
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].status == reply->http.status)
			set_code(reply, codes[i].code);
	if (!reply->code[0])
		set_code(reply, "UnexpectedStatus");
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && isspace((unsigned char)*p))
		p++;
	return p;
}

/* The body of a GET without a query is an object's own bytes, whatever they look like. */
static bool is_object(const struct tr_aws_request *request)
{
	return request->s3 && strcmp(request->method, "GET") == 0 && request->n_query == 0;
}

/* A 200 whose body is an error: S3 does so when it fails after the headers are sent. */
static bool hides_error(const struct tr_aws_request *request, const struct tr_aws_reply *reply)
{
	static const char type[] = "{\"__type\"";
	if (!reply->http.body.len || is_object(request))
		return false;
	const char *p = (const char *)reply->http.body.data, *end = p + reply->http.body.len;
	p = skip_space(p, end);
	if (!request->s3)
		return (size_t)(end - p) >= sizeof type - 1 && memcmp(p, type, sizeof type - 1) == 0;
	if (end - p > 5 && memcmp(p, "<?xml", 5) == 0) {
		p = memchr(p, '>', (size_t)(end - p));
		p = p ? skip_space(p + 1, end) : end;
	}
	return end - p > 7 && memcmp(p, "<Error", 6) == 0 && (p[6] == '>' || p[6] == ' ');
}

/* ---- what it asks ---- */

static bool is_one_of(const char *code, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(code, *list) == 0)
			return true;
	return false;
}

static const char *const throttled[] = { "Throttling", "ThrottlingException", "ThrottledException",
	"RequestThrottled", "RequestThrottledException", "TooManyRequestsException", "TooManyRequests",
	"ProvisionedThroughputExceededException", "RequestLimitExceeded", "BandwidthLimitExceeded",
	"SlowDown", "EC2ThrottledException", "PriorRequestNotComplete", "KMS.ThrottlingException", NULL };
static const char *const not_received[] = { "RequestTimeout", "RequestTimeoutException", NULL };
static const char *const transient[] = { "InternalError", "InternalFailure", "InternalServerError",
	"InternalServerException", "InternalServiceException", "ServiceUnavailable",
	"ServiceUnavailableException", "OperationTimeoutException", NULL };
static const char *const expired[] = { "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired",
	NULL };
static const char *const skewed[] = { "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture", NULL };

static bool is_skewed(const struct tr_aws_reply *reply)
{
	if (is_one_of(reply->code, skewed))
		return true;
	return (strncmp(reply->code, "InvalidSignature", 16) == 0 ||
		       strcmp(reply->code, "SignatureDoesNotMatch") == 0) &&
		(strstr(reply->message, "Signature expired") ||
			strstr(reply->message, "Signature not yet current"));
}

enum tr_aws_class tr_aws_read_answer(const struct tr_aws_request *request, const struct tr_aws_keys *keys,
	struct tr_aws_reply *reply)
{
	char type[200];
	long status = reply->http.status;
	reply->code[0] = reply->message[0] = '\0';
	if (status >= 200 && status < 300 && !hides_error(request, reply))
		return TR_AWS_DONE;
	if (reply->http.body.len && reply->http.body.data[0] == '{')
		read_json(reply, keys);
	else
		read_xml(reply, keys);
	if (tr_http_header(&reply->http, "x-amzn-errortype", type, sizeof type))
		set_code(reply, type);
	if (!reply->code[0])
		code_of_status(reply);
	if (is_one_of(reply->code, throttled) || status == 429)
		return TR_AWS_THROTTLED;
	if (is_one_of(reply->code, not_received))
		return TR_AWS_NOT_RECEIVED;
	/* An answer to HEAD has no body to say so. */
	bool mute = keys && keys->session_token && status == 400 && strcmp(request->method, "HEAD") == 0;
	if (is_one_of(reply->code, expired) || mute)
		return TR_AWS_EXPIRED_KEYS;
	if (is_skewed(reply))
		return TR_AWS_SKEWED_CLOCK;
	if (is_one_of(reply->code, transient) || status == 500 || status == 502 || status == 503 ||
		status == 504)
		return TR_AWS_TRANSIENT;
	return TR_AWS_REFUSED;
}
