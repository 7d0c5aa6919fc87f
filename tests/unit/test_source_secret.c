/* Passwords of the source that AWS keeps or makes: Secrets Manager, tokens of RDS. */
#include "aws_support.h"

#include "http_server.h"
#include "io/aws_secret.h"
#include "io/rds_login.h"

/* Made by botocore's generate_db_auth_token with these keys at NOW_US, the query sorted. */
#define TOKEN                                                                                   \
	"shop.abc.eu-west-1.rds.amazonaws.com:5433/?Action=connect&DBUser=etl%20user"           \
	"&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20270115%2Feu-west-1" \
	"%2Frds-db%2Faws4_request&X-Amz-Date=20270115T080000Z&X-Amz-Expires=900"
#define PLAIN_SIGNATURE             \
	"&X-Amz-SignedHeaders=host" \
	"&X-Amz-Signature=a3788c0edaf637565297beb05180d3b0d91d91fe51aa26fde29b0d3a8d56950e"
#define SESSION_SIGNATURE                                                       \
	"&X-Amz-Security-Token=session%2Ftoken%2Bx%3D&X-Amz-SignedHeaders=host" \
	"&X-Amz-Signature=3d90b21679466f0dbb1f5c8376f0d3476c950075b0ca2041f9fcda8519048ff5"

static struct tr_aws_keys some_keys(const char *token)
{
	return (struct tr_aws_keys){ .access_key = (char *)"AKIDEXAMPLE",
		.secret_key = (char *)SECRET,
		.session_token = (char *)(uintptr_t)token };
}

static void a_token_is_the_one_that_botocore_makes(void **state)
{
	(void)state;
	const struct {
		const char *session, *token;
	} cases[] = { { NULL, TOKEN PLAIN_SIGNATURE }, { "session/token+x=", TOKEN SESSION_SIGNATURE } };
	for (size_t i = 0; i < 2; i++) {
		struct tr_aws_keys keys = some_keys(cases[i].session);
		struct tr_err err = { 0 };
		char *token;
		assert_ok(tr_rds_token("shop.abc.eu-west-1.rds.amazonaws.com", "5433", "etl user",
				  "eu-west-1", &keys, NOW_US, &token, &err),
			err);
		assert_string_equal(token, cases[i].token);
		free(token);
	}
}

static int64_t ticking(void *context)
{
	int64_t *now_us = context;
	return *now_us += 1000000;
}

static void each_connection_gets_a_token_of_its_own(void **state)
{
	(void)state;
	struct tr_aws_keys keys = some_keys(NULL);
	struct tr_aws aws = { .region = "us-east-1" };
	struct tr_err err = { 0 };
	int64_t now_us = NOW_US - 1000000;
	assert_ok(tr_aws_credentials_fixed(&keys, &aws.credentials, &err), err);
	struct tr_rds_login_options options = {
		.conninfo = "host=shop.abc.eu-west-1.rds.amazonaws.com port=5433 user='etl user' "
			    "dbname=shop sslmode=verify-full",
		.aws = &aws,
		.now_us = ticking,
		.now_context = &now_us,
	};
	struct tr_rds_login *l;
	char *first, *second;
	assert_ok(tr_rds_login_new(&options, &l, &err), err);
	const struct tr_pg_login *login = tr_rds_login(l);
	assert_ok(login->password(login->context, &first, &err), err);
	assert_ok(login->password(login->context, &second, &err), err);
	/* The region is the host's. */
	assert_string_equal(first, TOKEN PLAIN_SIGNATURE);
	assert_non_null(strstr(second, "&X-Amz-Date=20270115T080001Z&"));
	free(first);
	free(second);
	tr_rds_login_free(l);
	/* Another name has none, and the port may be left out. */
	options.conninfo = "postgres://etl@db.internal/shop?sslmode=require";
	assert_ok(tr_rds_login_new(&options, &l, &err), err);
	login = tr_rds_login(l);
	assert_ok(login->password(login->context, &first, &err), err);
	assert_int_equal(strncmp(first, "db.internal:5432/?Action=connect&DBUser=etl&", 44), 0);
	assert_non_null(strstr(first, "%2Fus-east-1%2Frds-db%2F"));
	free(first);
	tr_rds_login_free(l);
	tr_aws_credentials_free(aws.credentials);
}

static void an_address_that_iam_cannot_use_is_told(void **state)
{
	(void)state;
	const struct {
		const char *conninfo, *what, *hint;
	} cases[] = {
		{ "postgres://etl@db/shop?sslmode=prefer", "source.iam_auth needs TLS, and sslmode is prefer",
			"sslmode=verify-full" },
		{ "postgres://etl@db/shop?sslmode=disable",
			"source.iam_auth needs TLS, and sslmode is disable", "sslmode=verify-full" },
		{ "postgres://etl@a,b/shop?sslmode=require",
			"source.iam_auth needs one host in source.url, and there are several",
			"postgres://" },
		{ "service=shop sslmode=require", "source.iam_auth needs one host in source.url",
			"postgres://" },
		{ "host=/var/run user=etl sslmode=require", "source.iam_auth needs one host in source.url",
			"postgres://" },
		{ "postgres://etl:hunter2@db/shop?sslmode=require",
			"source.url has a password, and there is source.iam_auth", "leave one" },
		{ "host=db nonsense=hunter2", "source.url is not a connection's address", "postgres://" },
	};
	const struct tr_aws aws = { .region = "us-east-1" };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct tr_rds_login_options options = { .conninfo = cases[i].conninfo, .aws = &aws };
		struct tr_rds_login *l;
		struct tr_err err = { 0 };
		assert_false(tr_rds_login_new(&options, &l, &err));
		assert_null(l);
		assert_int_equal(err.kind, TR_ERR_USER);
		assert_string_equal(err.what, cases[i].what);
		assert_non_null(strstr(err.hint, cases[i].hint));
		assert_null(strstr(err.detail, "hunter2"));
	}
}

/* ---- Secrets Manager ---- */

struct setting {
	struct aws_world w;
	struct server s;
	struct tr_aws aws;
};

static int start(void **state)
{
	struct setting *t = calloc(1, sizeof *t);
	struct tr_aws_keys keys = some_keys(NULL);
	struct tr_err err = { 0 };
	assert_non_null(t);
	aws_world_init(&t->w);
	server_start(&t->s, NULL, 0);
	aws_world_set(&t->w, "AWS_ENDPOINT_URL_SECRETS_MANAGER", t->s.url);
	t->aws = (struct tr_aws){ .http = t->w.http,
		.region = "eu-west-1",
		.env = aws_world_env,
		.env_context = &t->w };
	assert_ok(tr_aws_credentials_fixed(&keys, &t->aws.credentials, &err), err);
	*state = t;
	return 0;
}

static int stop(void **state)
{
	struct setting *t = *state;
	tr_aws_credentials_free(t->aws.credentials);
	server_stop(&t->s);
	server_clear(&t->s);
	aws_world_clear(&t->w);
	free(t);
	return 0;
}

static void a_secret_is_read_by_name_or_arn(void **state)
{
	struct setting *t = *state;
	struct tr_err err = { 0 };
	char *text;
	server_rule(&t->s, "secretsmanager.GetSecretValue", 200,
		"{\"Name\": \"x\", \"SecretString\": \"{\\\"password\\\": \\\"p\\\"}\"}");
	assert_ok(tr_aws_secret_get(&t->aws, "prod/shop", &text, &err), err);
	assert_string_equal(text, "{\"password\": \"p\"}");
	free(text);
	assert_sent(&t->s, "{\"SecretId\":\"prod/shop\"}");
	assert_sent(&t->s, "/eu-west-1/secretsmanager/aws4_request");
	/* An ARN says its region. */
	assert_ok(tr_aws_secret_get(&t->aws,
			  "arn:aws:secretsmanager:ap-south-1:123456789012:secret:shop-AbCdEf", &text, &err),
		err);
	free(text);
	assert_sent(&t->s, "/ap-south-1/secretsmanager/aws4_request");
}

static void a_secret_that_cannot_be_had_is_told(void **state)
{
	struct setting *t = *state;
	const struct {
		int status;
		const char *answer, *what, *hint;
		enum tr_err_kind kind;
	} cases[] = {
		{ 200, "{\"Name\": \"x\", \"SecretBinary\": \"aHVudGVyMg==\"}",
			"the secret prod/shop is binary", "store it as text", TR_ERR_USER },
		{ 400, "{\"__type\": \"ResourceNotFoundException\", \"Message\": \"no\"}",
			"there is no secret prod/shop in eu-west-1", "aws.region", TR_ERR_USER },
		{ 400, "{\"__type\": \"AccessDeniedException\", \"Message\": \"no\"}",
			"secretsmanager:GetSecretValue", "secretsmanager:GetSecretValue", TR_ERR_USER },
		{ 200, "{}", "the answer for the secret prod/shop holds no value", "Secrets Manager",
			TR_ERR_TRANSIENT },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tr_err err = { 0 };
		char *text;
		server_forget(&t->s);
		server_rule(&t->s, "secretsmanager.GetSecretValue", cases[i].status, cases[i].answer);
		assert_false(tr_aws_secret_get(&t->aws, "prod/shop", &text, &err));
		assert_null(text);
		assert_int_equal(err.kind, cases[i].kind);
		assert_non_null(strstr(err.what, cases[i].what));
		assert_non_null(strstr(err.hint, cases[i].hint));
		assert_no_secret(&err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_the_one_that_botocore_makes),
		cmocka_unit_test(each_connection_gets_a_token_of_its_own),
		cmocka_unit_test(an_address_that_iam_cannot_use_is_told),
		cmocka_unit_test_setup_teardown(a_secret_is_read_by_name_or_arn, start, stop),
		cmocka_unit_test_setup_teardown(a_secret_that_cannot_be_had_is_told, start, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
