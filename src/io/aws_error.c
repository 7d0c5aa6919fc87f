#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "io/aws_internal.h"
#include "io/xml.h"

#define REGION_TEXT 64

static void set_what(const struct tr_aws_request *request, const char *why, struct tr_err *err,
	enum tr_err_kind kind)
{
	if (request->subject)
		tr_err_set(err, kind, "%s of %s failed: %s", request->action, request->subject, why);
	else
		tr_err_set(err, kind, "%s failed: %s", request->action, why);
}

bool tr_aws_transport_error(const struct tr_aws_request *request, const struct tr_aws_reply *reply,
	struct tr_err *err)
{
	struct tr_err cause = *err;
	if (cause.kind == TR_ERR_CANCELLED)
		return false;
	tr_err_clear(err);
	set_what(request, cause.what, err, cause.kind);
	err->retry = cause.retry;
	if (reply->attempts > 1)
		tr_err_detail(err, "%s%s%d attempts", cause.detail, cause.detail[0] ? "; " : "",
			reply->attempts);
	else
		tr_err_detail(err, "%s", cause.detail);
	tr_err_hint(err, "%s", cause.hint);
	return false;
}

/* ---- hints ---- */

static bool starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The region that S3 names in a header, in the body, or in its message. False: none. */
static bool right_region(const struct tr_aws_reply *reply, char out[REGION_TEXT])
{
	struct tr_str text;
	if (tr_http_header(&reply->http, "x-amz-bucket-region", out, REGION_TEXT))
		return true;
	tr_str_init(&text, REGION_TEXT);
	bool found = tr_xml_find((const char *)reply->http.body.data, reply->http.body.len, "Error", "Region",
			     &text) &&
		text.len > 0;
	if (found)
		tr_copy_text(out, REGION_TEXT, text.ptr);
	tr_str_clear(&text);
	const char *expecting = strstr(reply->message, "expecting '");
	if (!found && expecting) {
		size_t n = strcspn(expecting + 11, "'");
		found = n > 0 && n < REGION_TEXT;
		if (found)
			snprintf(out, REGION_TEXT, "%.*s", (int)n, expecting + 11);
	}
	return found;
}

static bool hint_region(const struct tr_aws *aws, const struct tr_aws_reply *reply, struct tr_err *err)
{
	char region[REGION_TEXT];
	bool wrong = starts(reply->code, "PermanentRedirect") || starts(reply->code, "TemporaryRedirect") ||
		starts(reply->code, "AuthorizationHeaderMalformed") ||
		starts(reply->code, "IllegalLocationConstraint") ||
		starts(reply->code, "AuthorizationQuery") ||
		strstr(reply->message, "Credential should be scoped to a valid");
	if (!wrong)
		return false;
	if (right_region(reply, region) && strcmp(region, aws->region) != 0)
		tr_err_hint(err,
			"it is in region %s, not %s: set the region (aws.region or AWS_REGION) to %s", region,
			aws->region, region);
	else
		tr_err_hint(err,
			"the server takes no requests for region %s: set the region (aws.region or AWS_REGION) "
			"to its own, or check the endpoint",
			aws->region);
	return true;
}

#define ALLOW "allow "

bool tr_aws_is_denied(const struct tr_err *err)
{
	return err->kind == TR_ERR_USER && starts(err->hint, ALLOW);
}

/* The action that a refusal names (`not authorized to perform: kms:Decrypt on resource: arn`)
 * may be another than the one that was called. */
static bool hint_denied(const struct tr_aws_request *request, const struct tr_aws_reply *reply,
	struct tr_err *err)
{
	static const char *const codes[] = { "AccessDenied", "AccessDeniedException", "UnauthorizedOperation",
		"NotAuthorized", "AuthorizationError", "AllAccessDisabled", "AccountProblem" };
	char action[96], subject[300];
	size_t i = 0, n = sizeof codes / sizeof *codes;
	while (i < n && strcmp(reply->code, codes[i]) != 0)
		i++;
	if (i == n)
		return false;
	tr_copy_text(action, sizeof action, request->action);
	tr_copy_text(subject, sizeof subject, request->subject ? request->subject : "its resources");
	const char *named = strstr(reply->message, "perform: ");
	const char *on = strstr(reply->message, "on resource: ");
	if (named)
		snprintf(action, sizeof action, "%.*s", (int)strcspn(named + 9, " ,"), named + 9);
	if (named && on)
		snprintf(subject, sizeof subject, "%.*s", (int)strcspn(on + 13, " ,"), on + 13);
	tr_err_hint(err,
		ALLOW "%s on %s for these credentials; `tailrace policy` prints every permission that this "
		      "configuration needs",
		action, subject);
	return true;
}

static bool hint_clock(const struct tr_aws *aws, const struct tr_aws_reply *reply, struct tr_err *err)
{
	int64_t theirs = tr_http_date_us(&reply->http);
	int64_t off_s = theirs ? (theirs - tr_clock_wall_us()) / 1000000 : 0;
	(void)aws;
	if (off_s > 1 || off_s < -1)
		return tr_err_hint(err,
			"this machine's clock is %lld s %s the service's: set it (timedatectl, chronyc)",
			(long long)(off_s > 0 ? off_s : -off_s), off_s > 0 ? "behind" : "ahead of");
	return tr_err_hint(err, "compare this machine's clock with the service's and set it (timedatectl)");
}

#define HINT_UNKNOWN_KEY                                                                                   \
	"the service does not know this access key: check which credentials are used (`tailrace check`), " \
	"whether the key was deleted, whether its session token is there and of the same answer, and "     \
	"whether key and endpoint belong together"

static const struct {
	const char *code, *hint;
} hints[] = {
	{ "SignatureDoesNotMatch",
		"the access key is known but the secret key does not fit it: check AWS_SECRET_ACCESS_KEY or the "
		"profile for a missing or extra character" },
	{ "InvalidSignatureException",
		"the access key is known but the secret key does not fit it: check AWS_SECRET_ACCESS_KEY or the "
		"profile for a missing or extra character" },
	{ "InvalidAccessKeyId", HINT_UNKNOWN_KEY },
	{ "UnrecognizedClientException", HINT_UNKNOWN_KEY },
	{ "InvalidClientTokenId", HINT_UNKNOWN_KEY },
	{ "XAdminUserNotFound", HINT_UNKNOWN_KEY },
	{ "AuthFailure", HINT_UNKNOWN_KEY },
	{ "InvalidToken",
		"the session token does not belong to the access key: take all three values (key, secret, token) "
		"from one answer" },
	{ "ExpiredToken", "get new credentials (`aws sso login`, or assume the role again) and run again" },
	{ "ExpiredTokenException",
		"get new credentials (`aws sso login`, or assume the role again) and run again" },
	{ "TokenRefreshRequired", "get new credentials and run again" },
	{ "NoSuchBucket",
		"create the bucket (tailrace makes none) or correct lake.location; with another S3 server check "
		"its endpoint" },
	{ "InvalidBucketName", "correct the bucket's name in lake.location" },
	{ "NoSuchKey",
		"the object was there when it was listed or published; `tailrace verify` shows what is missing" },
	{ "NotFound", "the bucket or the object is not there; check lake.location" },
	{ "NoSuchUpload",
		"the multipart upload was aborted meanwhile, by a lifecycle rule or another tailrace; run again" },
	{ "EntityNotFoundException",
		"check the names of the database and the table, and the account and region that the catalog is in" },
	{ "InvalidObjectState",
		"the object is archived: restore it, or keep the lake out of archiving rules" },
	{ "KMS.NotFoundException", "the KMS key is not there; check its id, account and region" },
	{ "KMS.DisabledException", "enable the KMS key, or name another" },
	{ "KMS.KMSInvalidStateException",
		"the KMS key can't be used in its state; enable it, or name another" },
	{ "KMS.InvalidKeyUsageException", "name a symmetric KMS key for encryption" },
	{ "PreconditionFailed", "another writer was first; run again" },
	{ "ConditionalRequestConflict", "another writer is at the same object; run again" },
	{ "ConcurrentModificationException", "another writer changed it meanwhile; run again" },
	{ "ResourceNumberLimitExceededException", "the account's quota is used up; ask AWS to raise it" },
	{ "EntityTooLarge", "raise the part size" },
	{ "ProxyAuthenticationRequired",
		"put user and password into https_proxy (http://user:password@host:port)" },
	{ "MethodNotAllowed",
		"the server does not know this call; check that the endpoint is the service's" },
	{ "NotImplemented", "the server does not know this call; docs: other S3 servers" },
};

static bool hint_of_code(const struct tr_aws_reply *reply, struct tr_err *err)
{
	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
		if (strcmp(reply->code, hints[i].code) == 0) {
			tr_err_hint(err, "%s", hints[i].hint);
			return true;
		}
	if (strstr(reply->message, "WorkGroup") && strstr(reply->message, "not found")) {
		tr_err_hint(err, "create the workgroup or correct its name");
		return true;
	}
	return false;
}

/* ---- the error ---- */

static enum tr_err_kind kind_of(const struct tr_aws_reply *reply, enum tr_aws_class class)
{
	if (class == TR_AWS_THROTTLED || class == TR_AWS_TRANSIENT || class == TR_AWS_NOT_RECEIVED ||
		reply->http.status == 412 || reply->http.status == 409 ||
		strcmp(reply->code, "ConcurrentModificationException") == 0)
		return TR_ERR_TRANSIENT;
	return TR_ERR_USER;
}

static void set_detail(const struct tr_aws_reply *reply, struct tr_err *err)
{
	static const char *const names[] = { "x-amz-request-id", "x-amzn-requestid" };
	char id[128] = "", attempts[32] = "";
	for (size_t i = 0; i < 2 && !id[0]; i++)
		if (!tr_http_header(&reply->http, names[i], id, sizeof id))
			id[0] = '\0';
	if (reply->attempts > 1)
		snprintf(attempts, sizeof attempts, ", %d attempts", reply->attempts);
	tr_err_detail(err, "%s%s%s (HTTP %ld%s%s%s)", reply->code, reply->message[0] ? ": " : "",
		reply->message, reply->http.status, id[0] ? ", request id " : "", id, attempts);
}

bool tr_aws_answer_error(const struct tr_aws *aws, const struct tr_aws_request *request,
	const struct tr_aws_reply *reply, enum tr_aws_class class, struct tr_err *err)
{
	set_what(request, reply->code, err, kind_of(reply, class));
	set_detail(reply, err);
	if (class == TR_AWS_SKEWED_CLOCK)
		return hint_clock(aws, reply, err);
	if (class == TR_AWS_THROTTLED)
		return tr_err_hint(err, "the service asks for fewer requests; run again later");
	if (hint_region(aws, reply, err) || hint_denied(request, reply, err) || hint_of_code(reply, err))
		return false;
	if (kind_of(reply, class) == TR_ERR_TRANSIENT)
		return tr_err_hint(err, "run again later");
	return tr_err_hint(err, "`tailrace check` tries the calls that this configuration needs, one by one");
}
