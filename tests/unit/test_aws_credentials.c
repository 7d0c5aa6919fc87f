/* The chain's order, what stands in files and environment, programs, and renewing. */
#include "aws_support.h"

#include "io/aws.h"

#include <pthread.h>
#include <stdatomic.h>

static void the_environment_comes_first(void **state)
{
	(void)state;
	struct aws_world w;
	aws_world_init(&w);
	aws_world_write(&w, ".aws/credentials",
		"[default]\naws_access_key_id = AKFILE\naws_secret_access_key = " SECRET "\n");
	aws_world_set(&w, "AWS_ACCESS_KEY_ID", "AKENV");
	aws_world_set(&w, "AWS_SECRET_ACCESS_KEY", SECRET);
	assert_source(&w, "the environment (AWS_ACCESS_KEY_ID)", "AKENV", SECRET, NULL);
	aws_world_set(&w, "AWS_SESSION_TOKEN", "session");
	assert_source(&w, "the environment (AWS_ACCESS_KEY_ID)", "AKENV", SECRET, "session");
	/* AWS_PROFILE does not change that. */
	aws_world_set(&w, "AWS_PROFILE", "other");
	assert_source(&w, "the environment (AWS_ACCESS_KEY_ID)", "AKENV", SECRET, "session");
	aws_world_clear(&w);
}

static void a_profile_of_the_configuration_skips_the_environment(void **state)
{
	(void)state;
	struct aws_world w;
	char expected[128];
	aws_world_init(&w);
	aws_world_write(&w, ".aws/credentials",
		"[etl]\naws_access_key_id = AKFILE\naws_secret_access_key = " SECRET "\n");
	aws_world_set(&w, "AWS_ACCESS_KEY_ID", "AKENV");
	aws_world_set(&w, "AWS_SECRET_ACCESS_KEY", SECRET);
	w.options.profile = "etl";
	snprintf(expected, sizeof expected, "profile etl of %s/.aws/credentials", w.home);
	assert_source(&w, expected, "AKFILE", SECRET, NULL);
	w.options.profile = "nobody";
	assert_failure(&w, TR_ERR_USER, "there is no AWS profile nobody", "correct aws.profile");
	aws_world_clear(&w);
}

static void the_credentials_file_comes_before_the_config_file(void **state)
{
	(void)state;
	struct aws_world w;
	char expected[128];
	aws_world_init(&w);
	aws_world_write(&w, ".aws/config",
		"[default]\naws_access_key_id = AKCONFIG\naws_secret_access_key = " SECRET "\n"
		"[profile only]\naws_access_key_id = AKONLY\naws_secret_access_key = " SECRET
		"\naws_session_token = t\n");
	aws_world_write(&w, ".aws/credentials",
		"[default]\naws_access_key_id = AKFILE\naws_secret_access_key = " SECRET "\n");
	snprintf(expected, sizeof expected, "profile default of %s/.aws/credentials", w.home);
	assert_source(&w, expected, "AKFILE", SECRET, NULL);
	aws_world_set(&w, "AWS_PROFILE", "only");
	snprintf(expected, sizeof expected, "profile only of %s/.aws/config", w.home);
	assert_source(&w, expected, "AKONLY", SECRET, "t");
	aws_world_set(&w, "AWS_PROFILE", "nobody");
	assert_failure(&w, TR_ERR_USER, "there is no AWS profile nobody", "correct AWS_PROFILE");
	aws_world_clear(&w);
}

static void the_files_may_stand_elsewhere(void **state)
{
	(void)state;
	struct aws_world w;
	char path[128], expected[128];
	aws_world_init(&w);
	aws_world_write(&w, "elsewhere",
		"[default]\naws_access_key_id=AK\naws_secret_access_key=" SECRET "\n");
	snprintf(path, sizeof path, "%s/elsewhere", w.home);
	aws_world_set(&w, "AWS_SHARED_CREDENTIALS_FILE", path);
	snprintf(expected, sizeof expected, "profile default of %s", path);
	assert_source(&w, expected, "AK", SECRET, NULL);
	aws_world_set(&w, "AWS_SHARED_CREDENTIALS_FILE", "~/elsewhere");
	assert_source(&w, expected, "AK", SECRET, NULL);
	aws_world_clear(&w);
}

static void one_half_of_a_pair_of_keys_is_a_mistake(void **state)
{
	(void)state;
	struct aws_world w;
	aws_world_init(&w);
	aws_world_set(&w, "AWS_SECRET_ACCESS_KEY", SECRET);
	assert_failure(&w, TR_ERR_USER, "the environment has one half of AWS credentials only", "set both");
	aws_world_set(&w, "AWS_SECRET_ACCESS_KEY", "");
	aws_world_write(&w, ".aws/credentials", "[default]\naws_access_key_id = AK\n");
	assert_failure(&w, TR_ERR_USER, "/.aws/credentials has one half of AWS credentials only", "set both");
	aws_world_write(&w, ".aws/credentials", "[default]\n" SECRET "\n");
	assert_failure(&w, TR_ERR_USER, "/.aws/credentials, line 2: a setting has no =", "name = value");
	aws_world_clear(&w);
}

static void without_credentials_every_source_says_why(void **state)
{
	(void)state;
	struct aws_world w;
	struct tr_aws_keys keys;
	struct tr_err err = { 0 };
	char *source, *tried, expected[2048];
	aws_world_init(&w);
	assert_false(aws_world_ask(&w, &keys, &source, &tried, &err));
	snprintf(expected, sizeof expected,
		"environment: AWS_ACCESS_KEY_ID is not set\n"
		"assumed role: profile default has no role_arn\n"
		"web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set, and profile default has no "
		"web_identity_token_file\n"
		"SSO: profile default has no sso_account_id\n"
		"credentials file: profile default has no keys in %s/.aws/credentials\n"
		"credential_process: profile default has no credential_process\n"
		"config file: profile default has no keys in %s/.aws/config\n"
		"container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set\n"
		"instance metadata: AWS_EC2_METADATA_DISABLED is true",
		w.home, w.home);
	assert_string_equal(tried, expected);
	assert_string_equal(err.what, "no AWS credentials were found");
	assert_string_equal(err.detail, expected);
	assert_int_equal(err.kind, TR_ERR_USER);
	free(source);
	free(tried);
	aws_world_clear(&w);
}

static void a_program_gives_keys(void **state)
{
	(void)state;
	struct aws_world w;
	aws_world_init(&w);
	aws_world_write(&w, "keys.json",
		"{\"Version\": 1, \"AccessKeyId\": \"AKPROC\", \"SecretAccessKey\": \"" SECRET
		"\", \"SessionToken\": \"t\", \"Expiration\": \"2027-01-15T09:00:00Z\"}");
	char config[512];
	snprintf(config, sizeof config,
		"[default]\ncredential_process = cat \"%s/keys.json\"\n"
		"[profile env]\ncredential_process = sh -c 'test -z \"$PGPASSWORD$AWS_SECRET_ACCESS_KEY\" && "
		"test \"$OWN\" = yes && cat %s/keys.json'\n",
		w.home, w.home);
	aws_world_write(&w, ".aws/config", config);
	assert_source(&w, "profile default: credential_process", "AKPROC", SECRET, "t");
	const char *const env[] = { "PATH=/usr/bin:/bin", "PGPASSWORD=x", "AWS_SECRET_ACCESS_KEY=y",
		"OWN=yes", NULL };
	w.options.child_env = env;
	w.options.profile = "env";
	assert_source(&w, "profile env: credential_process", "AKPROC", SECRET, "t");
	aws_world_clear(&w);
}

static void a_program_that_fails_is_told_without_its_output(void **state)
{
	(void)state;
	const struct {
		const char *command, *what;
	} cases[] = {
		{ "sh -c 'echo " SECRET "; exit 3'", "profile default ended with code 3" },
		{ "echo " SECRET, "profile default printed no JSON with \"Version\": 1" },
		{ "echo '{\"Version\": 2}'", "profile default printed no JSON with \"Version\": 1" },
		{ "echo '{\"Version\": 1, \"SecretAccessKey\": \"" SECRET "\"}'",
			"profile default gave no usable credentials" },
		{ "echo '{\"Version\": 1, \"AccessKeyId\": \"a\", \"SecretAccessKey\": \"" SECRET
		  "\", \"Expiration\": \"soon\"}'",
			"profile default gave no usable credentials" },
		{ "echo '{\"Version\": 1, \"AccessKeyId\": \"a\", \"SecretAccessKey\": \"" SECRET
		  "\", \"Expiration\": \"2027-01-15T07:59:59Z\"}'",
			"credential_process have expired already" },
		{ "there-is-no-such-program", "`there-is-no-such-program` was not found on PATH" },
		{ "echo 'open", "a command has a quote that is not closed" },
	};
	struct aws_world w;
	char config[512];
	aws_world_init(&w);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(config, sizeof config, "[default]\ncredential_process = %s\n", cases[i].command);
		aws_world_write(&w, ".aws/config", config);
		assert_failure(&w, TR_ERR_USER, cases[i].what, "");
	}
	aws_world_clear(&w);
}

/* ---- renewing ---- */

/* Each run of the program gives other keys, that live for `minutes` from now on. */
static void write_program(struct aws_world *w, int64_t minutes, bool works)
{
	char script[1024], config[256];
	time_t end = (time_t)((w->now_us + minutes * MINUTE) / 1000000);
	struct tm tm;
	char expires[32];
	gmtime_r(&end, &tm);
	strftime(expires, sizeof expires, "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(script, sizeof script,
		"echo x >>%s/runs; n=$(wc -l <%s/runs); %s\n"
		"echo '{\"Version\": 1, \"AccessKeyId\": \"AK'$n'\", \"SecretAccessKey\": \"" SECRET
		"\", \"Expiration\": \"%s\"}'\n",
		w->home, w->home, works ? "" : "exit 1", expires);
	aws_world_write(w, "program", script);
	snprintf(config, sizeof config, "[default]\ncredential_process = sh %s/program\n", w->home);
	aws_world_write(w, ".aws/config", config);
}

static void assert_get(struct tr_aws_credentials *c, const char *access_key)
{
	struct tr_aws_keys keys;
	struct tr_err err = { 0 };
	assert_ok(tr_aws_credentials_get(c, &keys, &err), err);
	assert_string_equal(keys.access_key, access_key);
	tr_aws_keys_clear(&keys);
}

static void keys_are_renewed_a_quarter_of_an_hour_before_their_end(void **state)
{
	(void)state;
	struct aws_world w;
	struct tr_aws_credentials *c;
	struct tr_err err = { 0 };
	aws_world_init(&w);
	write_program(&w, 120, true);
	assert_ok(tr_aws_credentials_new(&w.options, &c, &err), err);
	assert_get(c, "AK1");
	w.now_us = NOW_US + 104 * MINUTE;
	assert_get(c, "AK1");
	w.now_us = NOW_US + 106 * MINUTE;
	write_program(&w, 120, true);
	assert_get(c, "AK2");
	assert_get(c, "AK2");
	tr_aws_credentials_free(c);
	aws_world_clear(&w);
}

static void short_lived_keys_are_not_fetched_for_every_call(void **state)
{
	(void)state;
	struct aws_world w;
	struct tr_aws_credentials *c;
	struct tr_err err = { 0 };
	aws_world_init(&w);
	write_program(&w, 8, true);
	assert_ok(tr_aws_credentials_new(&w.options, &c, &err), err);
	assert_get(c, "AK1");
	w.now_us = NOW_US + 5 * MINUTE;
	assert_get(c, "AK1");
	w.now_us = NOW_US + 7 * MINUTE;
	write_program(&w, 8, true);
	assert_get(c, "AK2");
	tr_aws_credentials_free(c);
	aws_world_clear(&w);
}

static void keys_that_cannot_be_renewed_are_used_to_their_last_minute(void **state)
{
	(void)state;
	struct aws_world w;
	struct tr_aws_credentials *c;
	struct tr_aws_keys keys;
	struct tr_err err = { 0 };
	char path[128];
	aws_world_init(&w);
	write_program(&w, 120, true);
	assert_ok(tr_aws_credentials_new(&w.options, &c, &err), err);
	assert_get(c, "AK1");
	write_program(&w, 120, false);
	w.now_us = NOW_US + 106 * MINUTE;
	assert_get(c, "AK1");
	/* Not asked again at once. */
	assert_get(c, "AK1");
	snprintf(path, sizeof path, "%s/runs", w.home);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 4); /* two runs */
	w.now_us = NOW_US + 118 * MINUTE;
	assert_get(c, "AK1");
	w.now_us = NOW_US + 119 * MINUTE + MINUTE / 2;
	assert_false(tr_aws_credentials_get(c, &keys, &err));
	assert_string_equal(err.what, "the credential_process of AWS profile default ended with code 1");
	assert_no_secret(&err);
	write_program(&w, 120, true);
	assert_get(c, "AK5");
	tr_aws_credentials_free(c);
	aws_world_clear(&w);
}

static void keys_that_a_service_calls_expired_are_fetched_again(void **state)
{
	(void)state;
	struct aws_world w;
	struct tr_aws_credentials *c;
	struct tr_aws_keys keys;
	struct tr_err err = { 0 };
	aws_world_init(&w);
	write_program(&w, 120, true);
	assert_ok(tr_aws_credentials_new(&w.options, &c, &err), err);
	assert_ok(tr_aws_credentials_get(c, &keys, &err), err);
	tr_aws_credentials_expired(c, &keys);
	assert_get(c, "AK2");
	/* Told late, by another call: the new ones stay. */
	tr_aws_credentials_expired(c, &keys);
	assert_get(c, "AK2");
	tr_aws_keys_clear(&keys);
	tr_aws_credentials_free(c);
	aws_world_clear(&w);
}

static void fixed_keys_stay(void **state)
{
	(void)state;
	struct tr_aws_keys keys = { .access_key = (char *)"AK",
		.secret_key = (char *)SECRET,
		.session_token = (char *)"t",
		.expires_us = 1 };
	struct tr_aws_credentials *c;
	struct tr_err err = { 0 };
	assert_ok(tr_aws_credentials_fixed(&keys, &c, &err), err);
	tr_aws_credentials_expired(c, &keys);
	assert_get(c, "AK");
	tr_aws_credentials_free(c);
}

/* ---- threads ---- */

struct asker {
	struct tr_aws_credentials *c;
	atomic_int *failed;
	char access_key[16];
};

static void *ask(void *arg)
{
	struct asker *a = arg;
	struct tr_aws_keys keys;
	struct tr_err err = { 0 };
	if (!tr_aws_credentials_get(a->c, &keys, &err)) {
		atomic_fetch_add(a->failed, 1);
		return NULL;
	}
	snprintf(a->access_key, sizeof a->access_key, "%s", keys.access_key);
	tr_aws_keys_clear(&keys);
	return NULL;
}

static void threads_wait_for_one_renewal(void **state)
{
	(void)state;
	struct aws_world w;
	struct tr_aws_credentials *c;
	struct tr_err err = { 0 };
	struct asker askers[8];
	pthread_t threads[8];
	atomic_int failed = 0;
	aws_world_init(&w);
	write_program(&w, 120, true);
	assert_ok(tr_aws_credentials_new(&w.options, &c, &err), err);
	for (size_t i = 0; i < 8; i++) {
		askers[i] = (struct asker){ .c = c, .failed = &failed };
		assert_int_equal(pthread_create(&threads[i], NULL, ask, &askers[i]), 0);
	}
	for (size_t i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(failed, 0);
	for (size_t i = 0; i < 8; i++)
		assert_string_equal(askers[i].access_key, "AK1");
	tr_aws_credentials_free(c);
	aws_world_clear(&w);
}

/* ---- the region ---- */

static void assert_region(struct aws_world *w, const char *configured, const char *expected)
{
	struct tr_err err = { 0 };
	char *region;
	assert_ok(tr_aws_region(configured, &w->options, &region, &err), err);
	assert_string_equal(region, expected);
	free(region);
}

static void the_region_is_found_in_order(void **state)
{
	(void)state;
	struct aws_world w;
	struct tr_err err = { 0 };
	char *region;
	aws_world_init(&w);
	assert_false(tr_aws_region(NULL, &w.options, &region, &err));
	assert_string_equal(err.what, "the AWS region is not known");
	assert_non_null(strstr(err.hint, "aws.region"));
	aws_world_write(&w, ".aws/config",
		"[default]\nregion = eu-north-1\n[profile etl]\nregion = eu-south-1\n");
	assert_region(&w, NULL, "eu-north-1");
	aws_world_set(&w, "AWS_PROFILE", "nobody");
	err = (struct tr_err){ 0 };
	assert_false(tr_aws_region(NULL, &w.options, &region, &err));
	assert_string_equal(err.what, "there is no AWS profile nobody");
	aws_world_set(&w, "AWS_PROFILE", "etl");
	assert_region(&w, NULL, "eu-south-1");
	aws_world_set(&w, "AWS_DEFAULT_REGION", "eu-west-2");
	assert_region(&w, NULL, "eu-west-2");
	aws_world_set(&w, "AWS_REGION", "eu-west-1");
	assert_region(&w, NULL, "eu-west-1");
	assert_region(&w, "us-east-1", "us-east-1");
	aws_world_clear(&w);
}

static void assert_endpoint(struct aws_world *w, const char *profile, const char *service,
	const char *expected)
{
	const struct tr_aws aws = { .region = "eu-west-1",
		.profile = profile,
		.env = aws_world_env,
		.env_context = w };
	struct tr_err err = { 0 };
	char *url = NULL;
	assert_ok(tr_aws_endpoint(&aws, service, NULL, &url, &err), err);
	assert_string_equal(url, expected);
	free(url);
}

static void endpoints_of_a_profile_come_behind_those_of_the_environment(void **state)
{
	(void)state;
	struct aws_world w;
	aws_world_init(&w);
	aws_world_write(&w, ".aws/config",
		"[default]\nendpoint_url = http://default:1\n"
		"[profile dev]\nendpoint_url = http://all:1/\nservices = local\n"
		"[profile off]\nendpoint_url = http://all:1\nignore_configured_endpoint_urls = TRUE\n"
		"[profile lost]\nservices = nowhere\n"
		"[services local]\ns3 =\n  endpoint_url = http://s3:2\nsecrets_manager =\n"
		"  endpoint_url = http://secrets:3\nsso =\n  endpoint_url = http://sso:4\n");
	assert_endpoint(&w, NULL, "s3", "http://default:1");
	assert_endpoint(&w, "dev", "s3", "http://s3:2");
	assert_endpoint(&w, "dev", "secretsmanager", "http://secrets:3");
	assert_endpoint(&w, "dev", "portal.sso", "http://sso:4");
	assert_endpoint(&w, "dev", "glue", "http://all:1");
	assert_endpoint(&w, "off", "glue", "https://glue.eu-west-1.amazonaws.com");
	struct tr_aws lost = { .region = "eu-west-1",
		.profile = "lost",
		.env = aws_world_env,
		.env_context = &w };
	struct tr_err err = { 0 };
	char *url = NULL;
	assert_false(tr_aws_endpoint(&lost, "s3", NULL, &url, &err));
	assert_int_equal(err.kind, TR_ERR_USER);
	assert_non_null(strstr(err.what, "no section [services nowhere]"));
	aws_world_set(&w, "AWS_PROFILE", "dev");
	assert_endpoint(&w, NULL, "s3", "http://s3:2");
	aws_world_set(&w, "AWS_ENDPOINT_URL", "http://env:5");
	assert_endpoint(&w, NULL, "s3", "http://env:5");
	aws_world_set(&w, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
	assert_endpoint(&w, NULL, "s3", "https://s3.eu-west-1.amazonaws.com");
	aws_world_clear(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_environment_comes_first),
		cmocka_unit_test(a_profile_of_the_configuration_skips_the_environment),
		cmocka_unit_test(the_credentials_file_comes_before_the_config_file),
		cmocka_unit_test(the_files_may_stand_elsewhere),
		cmocka_unit_test(one_half_of_a_pair_of_keys_is_a_mistake),
		cmocka_unit_test(without_credentials_every_source_says_why),
		cmocka_unit_test(a_program_gives_keys),
		cmocka_unit_test(a_program_that_fails_is_told_without_its_output),
		cmocka_unit_test(keys_are_renewed_a_quarter_of_an_hour_before_their_end),
		cmocka_unit_test(short_lived_keys_are_not_fetched_for_every_call),
		cmocka_unit_test(keys_that_cannot_be_renewed_are_used_to_their_last_minute),
		cmocka_unit_test(keys_that_a_service_calls_expired_are_fetched_again),
		cmocka_unit_test(fixed_keys_stay),
		cmocka_unit_test(threads_wait_for_one_renewal),
		cmocka_unit_test(the_region_is_found_in_order),
		cmocka_unit_test(endpoints_of_a_profile_come_behind_those_of_the_environment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
