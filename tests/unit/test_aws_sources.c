/* Sources behind HTTP: STS, SSO, containers, instances; against a server in the test. */
#include "aws_support.h"

#include <openssl/evp.h>

#include "http_server.h"

#define STS_ANSWER(name)                                                                  \
	"<" name "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" name    \
	"Result><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>" SECRET \
	"</SecretAccessKey><SessionToken>tok&amp;en</SessionToken>"                       \
	"<Expiration>2027-01-15T09:00:00Z</Expiration></Credentials></" name "Result></" name "Response>"
#define BASE_KEYS "[base]\naws_access_key_id = AKBASE\naws_secret_access_key = base-" SECRET "\n"

struct setting {
	struct aws_world w;
	struct server s;
};

static int start(void **state)
{
	struct setting *t = calloc(1, sizeof *t);
	assert_non_null(t);
	aws_world_init(&t->w);
	server_start(&t->s, NULL, 0);
	aws_world_set(&t->w, "AWS_ENDPOINT_URL", t->s.url);
	aws_world_set(&t->w, "AWS_REGION", "eu-west-1");
	*state = t;
	return 0;
}

static int stop(void **state)
{
	struct setting *t = *state;
	server_stop(&t->s);
	server_clear(&t->s);
	aws_world_clear(&t->w);
	free(t);
	return 0;
}

/* ---- roles ---- */

static void a_role_is_assumed_with_the_keys_of_its_source_profile(void **state)
{
	struct setting *t = *state;
	aws_world_write(&t->w, ".aws/credentials", BASE_KEYS);
	aws_world_write(&t->w, ".aws/config",
		"[profile prod]\nrole_arn = arn:aws:iam::1:role/etl\nsource_profile = base\n"
		"external_id = x/y z\nrole_session_name = nightly\nduration_seconds = 1800\n");
	server_rule(&t->s, "Action=AssumeRole&", 200, STS_ANSWER("AssumeRole"));
	aws_world_set(&t->w, "AWS_PROFILE", "prod");
	assert_source(&t->w, "profile prod: role arn:aws:iam::1:role/etl by source_profile base", "ASIAROLE",
		SECRET, "tok&en");
	assert_sent(&t->s, "Credential=AKBASE/");
	assert_sent(&t->s, "/eu-west-1/sts/aws4_request");
	assert_sent(&t->s,
		"Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fetl&"
		"RoleSessionName=nightly&DurationSeconds=1800&ExternalId=x%2Fy%20z");
	assert_not_sent(&t->s, SECRET);
}

static void a_session_gets_a_name_of_its_own(void **state)
{
	struct setting *t = *state;
	aws_world_write(&t->w, ".aws/credentials", BASE_KEYS);
	aws_world_write(&t->w, ".aws/config", "[default]\nrole_arn = r\nsource_profile = base\n");
	server_rule(&t->s, "Action=AssumeRole&", 200, STS_ANSWER("AssumeRole"));
	assert_source(&t->w, "profile default: role r by source_profile base", "ASIAROLE", SECRET, "tok&en");
	assert_sent(&t->s, "&RoleSessionName=tailrace-1800000000");
	assert_not_sent(&t->s, "DurationSeconds");
}

static void roles_may_stand_behind_each_other(void **state)
{
	struct setting *t = *state;
	aws_world_write(&t->w, ".aws/credentials", BASE_KEYS);
	aws_world_write(&t->w, ".aws/config",
		"[default]\nrole_arn = outer\nsource_profile = middle\n"
		"[profile middle]\nrole_arn = inner\nsource_profile = base\n");
	server_rule(&t->s, "RoleArn=inner", 200,
		"<Credentials><AccessKeyId>ASIAINNER</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
		"<SessionToken>inner-token</SessionToken><Expiration>2027-01-15T09:00:00Z</Expiration>"
		"</Credentials>");
	server_rule(&t->s, "RoleArn=outer", 200, STS_ANSWER("AssumeRole"));
	assert_source(&t->w, "profile default: role outer by source_profile middle", "ASIAROLE", SECRET,
		"tok&en");
	assert_sent(&t->s, "Credential=AKBASE/");
	assert_sent(&t->s, "Credential=ASIAINNER/");
	assert_sent(&t->s, "inner-token");
}

static void a_profile_may_be_its_own_source_where_it_has_keys(void **state)
{
	struct setting *t = *state;
	aws_world_write(&t->w, ".aws/config",
		"[default]\nrole_arn = r\nsource_profile = default\naws_access_key_id = AKOWN\n"
		"aws_secret_access_key = " SECRET "\n");
	server_rule(&t->s, "Action=AssumeRole&", 200, STS_ANSWER("AssumeRole"));
	assert_source(&t->w, "profile default: role r by source_profile default", "ASIAROLE", SECRET,
		"tok&en");
	assert_sent(&t->s, "Credential=AKOWN/");
}

static void a_circle_of_profiles_is_seen(void **state)
{
	struct setting *t = *state;
	struct tr_aws_keys keys;
	struct tr_err err = { 0 };
	char *source, *tried;
	aws_world_write(&t->w, ".aws/config",
		"[default]\nrole_arn = r\nsource_profile = b\n"
		"[profile b]\nrole_arn = r\nsource_profile = c\n"
		"[profile c]\nrole_arn = r\nsource_profile = default\n");
	assert_false(aws_world_ask(&t->w, &keys, &source, &tried, &err));
	assert_int_equal(err.kind, TR_ERR_USER);
	assert_non_null(strstr(err.what, "its source_profile leads in a circle"));
	assert_string_equal(err.detail, "default -> b -> c -> default");
	free(source);
	free(tried);
	assert_int_equal(server_asked(&t->s), 0);
}

static void a_role_that_is_configured_badly_is_told(void **state)
{
	struct setting *t = *state;
	const struct {
		const char *config, *what, *hint;
	} cases[] = {
		{ "mfa_serial = arn:aws:iam::1:mfa/ada\nsource_profile = base\n", "asks for an MFA code",
			"aws configure export-credentials --profile default" },
		{ "", "neither source_profile nor credential_source", "exactly one" },
		{ "source_profile = base\ncredential_source = Environment\n",
			"both source_profile and credential_source", "exactly one" },
		{ "source_profile = nobody\n", "its source_profile nobody does not exist",
			"write a section" },
		{ "source_profile = empty\n", "its source_profile empty has no credentials", "give it keys" },
		{ "credential_source = Environment\n", "credential_source Environment has no credentials",
			"name another" },
		{ "credential_source = Moon\n", "unknown credential_source Moon",
			"Environment, Ec2InstanceMetadata or EcsContainer" },
	};
	char config[512];
	aws_world_write(&t->w, ".aws/credentials", BASE_KEYS "[empty]\n");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(config, sizeof config, "[default]\nrole_arn = r\n%s", cases[i].config);
		aws_world_write(&t->w, ".aws/config", config);
		assert_failure(&t->w, TR_ERR_USER, cases[i].what, cases[i].hint);
	}
	assert_int_equal(server_asked(&t->s), 0);
}

static void a_role_may_be_assumed_with_the_environment(void **state)
{
	struct setting *t = *state;
	aws_world_write(&t->w, ".aws/config",
		"[profile prod]\nrole_arn = r\ncredential_source = Environment\n");
	aws_world_set(&t->w, "AWS_ACCESS_KEY_ID", "AKENV");
	aws_world_set(&t->w, "AWS_SECRET_ACCESS_KEY", SECRET);
	t->w.options.profile = "prod";
	server_rule(&t->s, "Action=AssumeRole&", 200, STS_ANSWER("AssumeRole"));
	assert_source(&t->w, "profile prod: role r by credential_source Environment", "ASIAROLE", SECRET,
		"tok&en");
	assert_sent(&t->s, "Credential=AKENV/");
}

static void a_role_that_is_denied_ends_the_search(void **state)
{
	struct setting *t = *state;
	aws_world_write(&t->w, ".aws/credentials", BASE_KEYS);
	aws_world_write(&t->w, ".aws/config", "[default]\nrole_arn = r\nsource_profile = base\n");
	server_rule(&t->s, "Action=AssumeRole&", 403,
		"<ErrorResponse><Error><Code>AccessDenied</Code><Message>not allowed</Message></Error>"
		"</ErrorResponse>");
	assert_failure(&t->w, TR_ERR_USER, "sts:AssumeRole", "");
	server_forget(&t->s);
	server_rule(&t->s, "Action=AssumeRole&", 200, "<html>hello</html>");
	assert_failure(&t->w, TR_ERR_TRANSIENT, "sts:AssumeRole: the answer holds no credentials", "STS");
}

/* ---- web identity ---- */

static void a_web_identity_is_exchanged_unsigned(void **state)
{
	struct setting *t = *state;
	char path[128], expected[256];
	aws_world_write(&t->w, "token", "eyJ.first+token\n");
	snprintf(path, sizeof path, "%s/token", t->w.home);
	aws_world_set(&t->w, "AWS_WEB_IDENTITY_TOKEN_FILE", path);
	assert_failure(&t->w, TR_ERR_USER, "no role to assume", "AWS_ROLE_ARN");
	aws_world_set(&t->w, "AWS_ROLE_ARN", "arn:aws:iam::1:role/pod");
	aws_world_set(&t->w, "AWS_ROLE_SESSION_NAME", "pod");
	server_rule(&t->s, "Action=AssumeRoleWithWebIdentity&", 200, STS_ANSWER("AssumeRoleWithWebIdentity"));
	snprintf(expected, sizeof expected, "web identity: role arn:aws:iam::1:role/pod with the token of %s",
		path);
	assert_source(&t->w, expected, "ASIAROLE", SECRET, "tok&en");
	assert_sent(&t->s, "&RoleSessionName=pod&WebIdentityToken=eyJ.first%2Btoken");
	assert_not_sent(&t->s, "uthorization:");
	aws_world_set(&t->w, "AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/token");
	assert_failure(&t->w, TR_ERR_USER, "the web identity token file /nonexistent/token is not there",
		"AWS_WEB_IDENTITY_TOKEN_FILE");
}

static void a_profile_may_name_the_web_identity(void **state)
{
	struct setting *t = *state;
	aws_world_write(&t->w, "token", "profile-token");
	aws_world_write(&t->w, ".aws/config",
		"[profile pod]\nrole_arn = r\nweb_identity_token_file = ~/token\n");
	t->w.options.profile = "pod";
	server_rule(&t->s, "WebIdentityToken=profile-token", 200, STS_ANSWER("AssumeRoleWithWebIdentity"));
	assert_source(&t->w, "web identity: role r with the token of ~/token", "ASIAROLE", SECRET, "tok&en");
}

/* ---- SSO ---- */

static void write_login(struct aws_world *w, const char *key, const char *expires)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	char name[128] = ".aws/sso/cache/", text[256];
	assert_true(EVP_Digest(key, strlen(key), digest, &n, EVP_sha1(), NULL));
	for (unsigned i = 0; i < n; i++)
		snprintf(name + strlen(name), sizeof name - strlen(name), "%02x", digest[i]);
	strcat(name, ".json");
	snprintf(text, sizeof text, "{\"accessToken\": \"%s\", \"expiresAt\": \"%s\"}", "login-" SECRET,
		expires);
	aws_world_write(w, name, text);
}

static const char sso_answer[] =
	"{\"roleCredentials\": {\"accessKeyId\": \"ASIASSO\", \"secretAccessKey\": \"" SECRET
	"\", \"sessionToken\": \"t\", \"expiration\": 1800003600000}}";

static void a_login_of_sso_is_exchanged_for_a_role(void **state)
{
	struct setting *t = *state;
	aws_world_write(&t->w, ".aws/config",
		"[default]\nsso_session = corp\nsso_account_id = 123\nsso_role_name = Data Eng\n"
		"[sso-session corp]\nsso_region = eu-central-1\nsso_start_url = https://corp/start\n"
		"[profile old]\nsso_account_id = 123\nsso_role_name = Admin\nsso_region = eu-central-1\n"
		"sso_start_url = https://old/start\n");
	assert_failure(&t->w, TR_ERR_USER, "profile default: nobody has logged in to SSO",
		"aws sso login --profile default");
	write_login(&t->w, "corp", "2027-01-15T09:00:00Z");
	server_rule(&t->s, "GET /federation/credentials?", 200, sso_answer);
	assert_source(&t->w, "profile default: SSO role Data Eng in account 123", "ASIASSO", SECRET, "t");
	assert_sent(&t->s, "account_id=123&role_name=Data%20Eng");
	assert_sent(&t->s, "x-amz-sso_bearer_token: login-" SECRET);
	assert_not_sent(&t->s, "uthorization:");
	aws_world_set(&t->w, "AWS_PROFILE", "old");
	write_login(&t->w, "https://old/start", "2027-01-15T09:00:00UTC");
	assert_source(&t->w, "profile old: SSO role Admin in account 123", "ASIASSO", SECRET, "t");
}

static void a_login_that_is_no_good_leads_to_the_command(void **state)
{
	struct setting *t = *state;
	aws_world_write(&t->w, ".aws/config",
		"[profile dev]\nsso_session = corp\nsso_account_id = 123\nsso_role_name = Admin\n"
		"[sso-session corp]\nsso_region = eu-central-1\nsso_start_url = https://corp/start\n"
		"[profile half]\nsso_account_id = 123\n");
	aws_world_set(&t->w, "AWS_PROFILE", "dev");
	write_login(&t->w, "corp", "2027-01-15T07:59:59Z");
	assert_failure(&t->w, TR_ERR_USER, "profile dev: the SSO login has expired",
		"aws sso login --profile dev");
	write_login(&t->w, "corp", "whenever");
	assert_failure(&t->w, TR_ERR_USER, "the SSO login in the cache can't be used", "aws sso login");
	write_login(&t->w, "corp", "2027-01-15T09:00:00Z");
	server_rule(&t->s, "GET /federation/", 401, "{\"message\": \"Session token not found\"}");
	assert_failure(&t->w, TR_ERR_USER, "SSO does not accept the login any more", "aws sso login");
	server_forget(&t->s);
	server_rule(&t->s, "GET /federation/", 403, "{\"message\": \"No access\"}");
	assert_failure(&t->w, TR_ERR_USER, "SSO gives no access to role Admin in account 123",
		"sso_account_id and sso_role_name");
	aws_world_set(&t->w, "AWS_PROFILE", "half");
	assert_failure(&t->w, TR_ERR_USER, "sso_role_name is not set", "aws configure sso");
}

/* ---- containers ---- */

static const char own_answer[] =
	"{\"Code\": \"Success\", \"AccessKeyId\": \"ASIATASK\", \"SecretAccessKey\": \"" SECRET
	"\", \"Token\": \"t\", \"Expiration\": \"2027-01-15T09:00:00Z\"}";

static void a_container_gives_its_role(void **state)
{
	struct setting *t = *state;
	char url[128], path[128], expected[256];
	snprintf(url, sizeof url, "%s/v2/credentials?x=1", t->s.url);
	aws_world_set(&t->w, "AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
	aws_world_set(&t->w, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "plain-token");
	aws_world_set(&t->w, "http_proxy", "http://127.0.0.1:1");
	server_rule(&t->s, "GET /v2/credentials?x=1 ", 200, own_answer);
	snprintf(expected, sizeof expected, "the container's role (%s)", url);
	assert_source(&t->w, expected, "ASIATASK", SECRET, "t");
	assert_sent(&t->s, "Authorization: plain-token\r\n");
	/* The file wins, and is read each time. */
	snprintf(path, sizeof path, "%s/token", t->w.home);
	aws_world_set(&t->w, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path);
	for (int i = 1; i <= 2; i++) {
		char line[64];
		snprintf(line, sizeof line, "file-token-%d\n", i);
		aws_world_write(&t->w, "token", line);
		assert_source(&t->w, expected, "ASIATASK", SECRET, "t");
	}
	assert_sent(&t->s, "Authorization: file-token-1\r\n");
	assert_sent(&t->s, "Authorization: file-token-2\r\n");
}

static void a_token_does_not_go_to_any_host(void **state)
{
	struct setting *t = *state;
	static const char *const urls[] = { "http://example.com/creds", "http://169.254.170.3/creds",
		"http://127.0.0.1@example.com/creds", "http://127.0.0.1.example.com/",
		"http://[fd00:ec2::24]/", "ftp://127.0.0.1/", "file:///etc/passwd", "nonsense" };
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		aws_world_set(&t->w, "AWS_CONTAINER_CREDENTIALS_FULL_URI", urls[i]);
		assert_failure(&t->w, TR_ERR_USER, "names a host that is not to be trusted", "loopback");
	}
	aws_world_set(&t->w, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@example.com/");
	assert_failure(&t->w, TR_ERR_USER, "does not begin with /", "");
}

static void a_container_that_fails_is_asked_again_and_told(void **state)
{
	struct setting *t = *state;
	aws_world_set(&t->w, "AWS_CONTAINER_CREDENTIALS_FULL_URI", t->s.url);
	aws_world_set(&t->w, "AWS_CONTAINER_AUTHORIZATION_TOKEN", SECRET);
	server_rule(&t->s, "GET / ", 500, SECRET);
	assert_failure(&t->w, TR_ERR_TRANSIENT, "answered with status 500", "role");
	assert_true(server_asked(&t->s) > 1);
	server_forget(&t->s);
	server_rule(&t->s, "GET / ", 401, SECRET);
	assert_failure(&t->w, TR_ERR_USER, "answered with status 401", "token");
	assert_int_equal(server_asked(&t->s), 1);
	server_forget(&t->s);
	server_rule(&t->s, "GET / ", 200, "{\"SecretAccessKey\": \"" SECRET "\"}");
	assert_failure(&t->w, TR_ERR_USER, "gave no usable credentials", "AccessKeyId");
}

/* ---- instances ---- */

static void instance_rules(struct setting *t, const char *keys)
{
	aws_world_set(&t->w, "AWS_EC2_METADATA_DISABLED", "");
	aws_world_set(&t->w, "AWS_EC2_METADATA_SERVICE_ENDPOINT", t->s.url);
	aws_world_set(&t->w, "http_proxy", "http://127.0.0.1:1");
	server_rule(&t->s, "PUT /latest/api/token ", 200, "imds-token");
	server_rule(&t->s, "GET /latest/meta-data/iam/security-credentials/ ", 200, "etl-role\n");
	server_rule(&t->s, "GET /latest/meta-data/iam/security-credentials/etl-role ", 200, keys);
	server_rule(&t->s, "GET /latest/meta-data/placement/region ", 200, "ap-south-1");
}

static void an_instance_gives_its_role_by_version_2(void **state)
{
	struct setting *t = *state;
	struct tr_err err = { 0 };
	char *region;
	instance_rules(t, own_answer);
	assert_source(&t->w, "the instance's role etl-role (IMDSv2)", "ASIATASK", SECRET, "t");
	assert_sent(&t->s, "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n");
	assert_sent(&t->s, "x-aws-ec2-metadata-token: imds-token\r\n");
	aws_world_set(&t->w, "AWS_REGION", "");
	assert_ok(tr_aws_region(NULL, &t->w.options, &region, &err), err);
	assert_string_equal(region, "ap-south-1");
	free(region);
}

static void keys_of_an_instance_are_kept_through_an_outage(void **state)
{
	struct setting *t = *state;
	struct tr_aws_credentials *c;
	struct tr_aws_keys keys;
	struct tr_err err = { 0 };
	instance_rules(t,
		"{\"AccessKeyId\": \"ASIAOLD\", \"SecretAccessKey\": \"" SECRET
		"\", \"Token\": \"t\", \"Expiration\": \"2027-01-15T07:00:00Z\"}");
	assert_ok(tr_aws_credentials_new(&t->w.options, &c, &err), err);
	assert_ok(tr_aws_credentials_get(c, &keys, &err), err);
	assert_string_equal(keys.access_key, "ASIAOLD");
	assert_true(keys.expires_us > NOW_US + 5 * MINUTE);
	tr_aws_keys_clear(&keys);
	tr_aws_credentials_free(c);
}

static void a_machine_without_the_service_is_no_instance(void **state)
{
	struct setting *t = *state;
	struct tr_aws_keys keys;
	struct tr_err err = { 0 };
	char *source, *tried;
	aws_world_set(&t->w, "AWS_EC2_METADATA_DISABLED", "false");
	aws_world_set(&t->w, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1/");
	assert_false(aws_world_ask(&t->w, &keys, &source, &tried, &err));
	assert_string_equal(err.what, "no AWS credentials were found");
	assert_non_null(strstr(tried, "instance metadata: no answer from http://127.0.0.1:1"));
	free(source);
	free(tried);
	aws_world_set(&t->w, "AWS_EC2_METADATA_SERVICE_ENDPOINT", t->s.url);
	server_rule(&t->s, "PUT /latest/api/token ", 403, "");
	err = (struct tr_err){ 0 };
	assert_false(aws_world_ask(&t->w, &keys, &source, &tried, &err));
	assert_non_null(strstr(tried, "answered with status 403"));
	assert_int_equal(server_asked(&t->s), 1);
	free(source);
	free(tried);
}

#define WITH_SERVER(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(a_role_is_assumed_with_the_keys_of_its_source_profile),
		WITH_SERVER(a_session_gets_a_name_of_its_own),
		WITH_SERVER(roles_may_stand_behind_each_other),
		WITH_SERVER(a_profile_may_be_its_own_source_where_it_has_keys),
		WITH_SERVER(a_circle_of_profiles_is_seen),
		WITH_SERVER(a_role_that_is_configured_badly_is_told),
		WITH_SERVER(a_role_may_be_assumed_with_the_environment),
		WITH_SERVER(a_role_that_is_denied_ends_the_search),
		WITH_SERVER(a_web_identity_is_exchanged_unsigned),
		WITH_SERVER(a_profile_may_name_the_web_identity),
		WITH_SERVER(a_login_of_sso_is_exchanged_for_a_role),
		WITH_SERVER(a_login_that_is_no_good_leads_to_the_command),
		WITH_SERVER(a_container_gives_its_role),
		WITH_SERVER(a_token_does_not_go_to_any_host),
		WITH_SERVER(a_container_that_fails_is_asked_again_and_told),
		WITH_SERVER(an_instance_gives_its_role_by_version_2),
		WITH_SERVER(keys_of_an_instance_are_kept_through_an_outage),
		WITH_SERVER(a_machine_without_the_service_is_no_instance),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
