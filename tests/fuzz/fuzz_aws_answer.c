/* Any answer of a service: what is read of it stays inside its bytes, is printable, and becomes
 * an error with a kind, a detail and a hint. The first byte chooses the request, the headers
 * end at an empty line, the rest is the body. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/aws_internal.h"
#include "io/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is found of an answer is no longer than it: an entity is never shorter than its text. */
static void search(const char *xml, size_t n)
{
	static const char *const names[] = { "Code", "Message", "Region", "UploadId", "a", "" };
	struct tr_str text;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		tr_str_init(&text, 1 << 20);
		bool found = tr_xml_find(xml, n, i % 2 ? "Error" : NULL, names[i], &text);
		if (!text.ptr || text.len > n || strlen(text.ptr) != text.len || (!found && text.len))
			abort();
		tr_str_clear(&text);
	}
}

static void check_error(const struct tr_aws_reply *reply, const struct tr_err *err)
{
	if (err->kind == TR_ERR_NONE || !err->what[0] || !err->detail[0] || !err->hint[0])
		abort();
	if (!reply->code[0])
		abort();
	for (const char *p = reply->message; *p; p++)
		if ((unsigned char)*p < ' ')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const long statuses[] = { 200, 204, 301, 400, 403, 404, 409, 500 };
	if (size < 1)
		return 0;
	uint8_t choice = *data++;
	size--;
	const char *gap = memmem(data, size, "\n\n", 2);
	size_t n_headers = gap ? (size_t)(gap - (const char *)data) + 1 : 0, skip = gap ? n_headers + 1 : 0;
	struct tr_aws_reply reply = { .http.status = statuses[choice & 7] };
	struct tr_err err = { 0 };
	const struct tr_aws aws = { .region = "eu-west-1" };
	const struct tr_aws_request request = { .action = "s3:PutObject",
		.subject = choice & 8 ? "s3://lake/key" : NULL,
		.method = choice & 16 ? "POST" : "GET",
		.s3 = choice & 32 };
	char access[] = "AKIDEXAMPLE", secret[] = "secretsecret", token[] = "tokentoken";
	const struct tr_aws_keys keys = { .access_key = access,
		.secret_key = secret,
		.session_token = token };
	/* Both with their exact size, so that a read beyond them is seen. */
	reply.http.headers = (struct tr_str){ .ptr = malloc(n_headers + 1), .len = n_headers };
	reply.http.body = (struct tr_buf){ .data = malloc(size - skip), .len = size - skip };
	if (!reply.http.headers.ptr || (!reply.http.body.data && size > skip))
		abort();
	memcpy(reply.http.headers.ptr, data, n_headers);
	reply.http.headers.ptr[n_headers] = '\0';
	memcpy(reply.http.body.data, data + skip, size - skip);
	enum tr_aws_class class = tr_aws_read_answer(&request, &keys, &reply);
	if (strstr(reply.message, secret) || strstr(reply.message, token))
		abort();
	if (class != TR_AWS_DONE) {
		tr_aws_answer_error(&aws, &request, &reply, class, &err);
		check_error(&reply, &err);
	}
	if (tr_http_retry_after(&reply.http) < 0 || tr_http_date_us(&reply.http) < 0)
		abort();
	search((const char *)reply.http.body.data, reply.http.body.len);
	tr_aws_reply_clear(&reply);
	return 0;
}
