/* What the errors of services say, and what they never say. */
#include "aws_client.h"

struct said {
	struct server_step step;
	const char *detail, *hint;
	enum tr_err_kind kind;
};

static void assert_said(const struct said *said)
{
	struct client c;
	client_start(&c, &said->step, 1);
	assert_false(send_request(&c, NULL));
	assert_has(c.err.detail, said->detail);
	assert_has(c.err.hint, said->hint);
	assert_int_equal(c.err.kind, said->kind);
	assert_int_equal(server_asked(&c.server), 1);
	client_stop(&c);
}

static void each_family_of_errors_says_what_to_do(void **state)
{
	(void)state;
	static const struct said table[] = {
		{ S3_ERROR("403 Forbidden", "SignatureDoesNotMatch",
			  "The request signature we calculated ..."),
			"SignatureDoesNotMatch: The request signature", "the secret key does not fit it",
			TR_ERR_USER },
		{ JSON_ERROR("403 Forbidden", "InvalidSignatureException",
			  "The request signature we calculated"),
			"InvalidSignatureException", "the secret key does not fit it", TR_ERR_USER },
		{ S3_ERROR("403 Forbidden", "InvalidAccessKeyId",
			  "The AWS Access Key Id you provided does not exist"),
			"InvalidAccessKeyId", "does not know this access key", TR_ERR_USER },
		{ JSON_ERROR("400 Bad Request", "UnrecognizedClientException",
			  "The security token is invalid."),
			"UnrecognizedClientException", "does not know this access key", TR_ERR_USER },
		{ S3_ERROR("404 Not Found", "XAdminUserNotFound",
			  "No user exists with the provided access key ID."),
			"XAdminUserNotFound", "does not know this access key", TR_ERR_USER },
		{ S3_ERROR("403 Forbidden", "AccessDenied", "Access Denied"),
			"AccessDenied: Access Denied (HTTP 403, request id REQ1)",
			"allow s3:GetObject on s3://lake/a b for these credentials; `tailrace policy` prints",
			TR_ERR_USER },
		{ S3_ERROR("403 Forbidden", "AccessDenied",
			  "User: arn:aws:iam::1:user/x is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:eu-west-1:1:key/k because no policy allows it"),
			"AccessDenied", "allow kms:GenerateDataKey on arn:aws:kms:eu-west-1:1:key/k for",
			TR_ERR_USER },
		{ JSON_ERROR("400 Bad Request", "AccessDeniedException",
			  "User: arn:x is not authorized to perform: glue:GetTable on resource: arn:aws:glue:t"),
			"AccessDeniedException", "allow glue:GetTable on arn:aws:glue:t for", TR_ERR_USER },
		{ FAIL("403 Forbidden", "", ""), "AccessDenied (HTTP 403)", "allow s3:GetObject on",
			TR_ERR_USER },
		{ S3_ERROR("404 Not Found", "NoSuchBucket", "The specified bucket does not exist"),
			"NoSuchBucket", "create the bucket (tailrace makes none) or correct lake.location",
			TR_ERR_USER },
		{ S3_ERROR("404 Not Found", "NoSuchKey", "x"), "NoSuchKey", "`tailrace verify`",
			TR_ERR_USER },
		{ JSON_ERROR("400 Bad Request", "EntityNotFoundException", "Database shop not found."),
			"EntityNotFoundException: Database shop not found. (HTTP 400, request id REQ2)",
			"check the names of the database", TR_ERR_USER },
		{ S3_ERROR("400 Bad Request", "KMS.DisabledException", "arn is disabled"),
			"KMS.DisabledException: arn is disabled", "enable the KMS key", TR_ERR_USER },
		{ S3_ERROR("412 Precondition Failed", "PreconditionFailed", "x"), "PreconditionFailed",
			"another writer was first", TR_ERR_TRANSIENT },
		{ S3_ERROR("409 Conflict", "ConditionalRequestConflict", "x"), "ConditionalRequestConflict",
			"another writer", TR_ERR_TRANSIENT },
		{ JSON_ERROR("400 Bad Request", "ConcurrentModificationException", "x"),
			"ConcurrentModificationException", "another writer", TR_ERR_TRANSIENT },
		{ JSON_ERROR("400 Bad Request", "InvalidRequestException", "WorkGroup etl is not found."),
			"WorkGroup etl is not found.", "create the workgroup or correct its name",
			TR_ERR_USER },
		{ FAIL("407 Proxy Authentication Required", "", "<html>"), "HTTP 407", "https_proxy",
			TR_ERR_USER },
		{ FAIL("418 Teapot", "", ""), "UnexpectedStatus (HTTP 418)", "`tailrace check`",
			TR_ERR_USER },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		assert_said(&table[i]);
}

static void a_wrong_region_is_answered_with_the_right_one(void **state)
{
	(void)state;
	static const struct said table[] = {
		{ FAIL("301 Moved Permanently", "x-amz-bucket-region: eu-west-1\r\n",
			  "<Error><Code>PermanentRedirect</Code></Error>"),
			"PermanentRedirect",
			"it is in region eu-west-1, not us-east-1: set the region (aws.region or AWS_REGION) to eu-west-1",
			TR_ERR_USER },
		{ FAIL("307 Temporary Redirect", "x-amz-bucket-region: eu-west-2\r\n", ""),
			"TemporaryRedirect", "it is in region eu-west-2", TR_ERR_USER },
		{ FAIL("400 Bad Request", "",
			  "<Error><Code>AuthorizationHeaderMalformed</Code><Message>x</Message><Region>eu-west-3</Region></Error>"),
			"AuthorizationHeaderMalformed", "it is in region eu-west-3", TR_ERR_USER },
		{ FAIL("400 Bad Request", "",
			  "<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region 'us-east-1' is wrong; expecting 'eu-central-1'</Message></Error>"),
			"AuthorizationHeaderMalformed", "it is in region eu-central-1", TR_ERR_USER },
		{ JSON_ERROR("403 Forbidden", "InvalidSignatureException",
			  "Credential should be scoped to a valid region."),
			"InvalidSignatureException", "takes no requests for region us-east-1", TR_ERR_USER },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		assert_said(&table[i]);
}

static void secrets_that_a_service_repeats_stay_out_of_the_error(void **state)
{
	(void)state;
	START({ JSON_ERROR("403 Forbidden", "InvalidSignatureException",
		"Bad session-token-0123456789 and very-secret-key-0123456789\\u0007. The Canonical String for this request should have been 'POST x-amz-security-token:session-token-0123456789'") });
	assert_false(send_request(&c, NULL));
	assert_null(strstr(c.err.detail, "session-token"));
	assert_null(strstr(c.err.detail, "secret-key"));
	assert_null(strstr(c.err.detail, "Canonical"));
	assert_has(c.err.detail, "Bad ************************ and ");
	assert_null(strchr(c.err.detail, '\a'));
	client_stop(&c);
}

static void errors_are_read_in_each_form_that_services_use(void **state)
{
	(void)state;
	static const struct said table[] = {
		{ FAIL("400 Bad Request", "x-amzn-ErrorType: FooException:http://internal.amazon.com/\r\n",
			  "{\"message\":\"m\"}"),
			"FooException: m", "", TR_ERR_USER },
		{ FAIL("400 Bad Request", "", "{\"__type\":\"FooException\",\"errorMessage\":\"m\"}"),
			"FooException: m", "", TR_ERR_USER },
		{ FAIL("403 Forbidden", "",
			  "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>Foo</Code><Message>m &lt;x&gt;</Message></Error><RequestId>r</RequestId></ErrorResponse>"),
			"Foo: m <x>", "", TR_ERR_USER },
		{ FAIL("400 Bad Request", "", "{\"__type\":7,\"message\":[]}"), "BadRequest (HTTP 400)", "",
			TR_ERR_USER },
		{ FAIL("400 Bad Request", "", "{\"__type\":"), "BadRequest (HTTP 400)", "", TR_ERR_USER },
		{ FAIL("400 Bad Request", "", "<Error><Code>"), "BadRequest (HTTP 400)", "", TR_ERR_USER },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		assert_said(&table[i]);
}

static bool is_missing(const struct tr_aws_reply *reply)
{
	return reply->http.status == 404;
}

static void an_error_that_the_caller_takes_is_an_answer(void **state)
{
	(void)state;
	START({ S3_ERROR("404 Not Found", "NoSuchKey", "not here") });
	assert_ok(send_request(&c, is_missing), c.err);
	assert_string_equal(c.reply.code, "NoSuchKey");
	assert_string_equal(c.reply.message, "not here");
	assert_int_equal(c.reply.http.status, 404);
	client_stop(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_family_of_errors_says_what_to_do),
		cmocka_unit_test(a_wrong_region_is_answered_with_the_right_one),
		cmocka_unit_test(secrets_that_a_service_repeats_stay_out_of_the_error),
		cmocka_unit_test(errors_are_read_in_each_form_that_services_use),
		cmocka_unit_test(an_error_that_the_caller_takes_is_an_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
