#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "io/pg_password.h"

static const char *const environment[] = { "PATH=/usr/bin:/bin", "TOKEN=it's \\ secret", "PGPASSWORD=old",
	"DATABASE_URL=postgres://x:y@z/w", NULL };

static void the_first_line_becomes_the_password(void **state)
{
	(void)state;
	const char *const cases[][3] = {
		{ "postgres://ada@db:5433/shop?sslmode=require", "printf 'hunter2\\nmore\\n'",
			"user='ada' dbname='shop' host='db' port='5433' sslmode='require' "
			"password='hunter2'" },
		{ "service=shop", "printf %s \"$TOKEN\"", "service='shop' password='it\\'s \\\\ secret'" },
		{ "host=db", "echo ${PGPASSWORD:-none}${DATABASE_URL:-none}",
			"host='db' password='nonenone'" },
		{ "host=db user=''", "echo a | tr a b", "host='db' password='b'" },
		{ "host=db", "basename \"$PWD\"", "host='db' password='tmp'" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tr_err err = { 0 };
		char *out;
		assert_ok(tr_pg_add_password(cases[i][0], cases[i][1], "/tmp", environment, &out, &err), err);
		assert_string_equal(out, cases[i][2]);
		free(out);
	}
}

static void what_goes_wrong_is_told_without_the_output(void **state)
{
	(void)state;
	const struct {
		const char *conninfo, *command, *what, *detail;
	} cases[] = {
		{ "host=db", "echo hunter2; echo locked >&2; exit 3",
			"source.password_command ended with code 3", "locked\n" },
		{ "host=db", "true", "source.password_command printed no password", "" },
		{ "host=db", "printf '\\nhunter2\\n'", "source.password_command printed no password", "" },
		{ "postgres://a:hunter2@db/x", "echo a",
			"source.url has a password, and there is a source.password_command", "" },
		{ "host=db nonsense=hunter2", "echo a", "source.url is not a connection's address", "" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tr_err err = { 0 };
		char *out;
		assert_false(tr_pg_add_password(cases[i].conninfo, cases[i].command, NULL, environment, &out,
			&err));
		assert_null(out);
		assert_int_equal(err.kind, TR_ERR_USER);
		assert_string_equal(err.what, cases[i].what);
		assert_string_equal(err.detail, cases[i].detail);
		assert_true(err.hint[0] != '\0');
		assert_null(strstr(err.hint, "hunter2"));
	}
}

static void a_secret_is_the_password_alone_or_as_rds_keeps_it(void **state)
{
	(void)state;
	const char *const cases[][3] = {
		{ "postgres://ada@db/shop", "hun'ter2\n",
			"user='ada' dbname='shop' host='db' password='hun\\'ter2'" },
		{ "postgres://ada@db/shop", "12345", "user='ada' dbname='shop' host='db' password='12345'" },
		{ "postgres://",
			"{\"username\": \"etl\", \"password\": \"p w\", \"engine\": \"postgres\", \"host\": "
			"\"db.rds\", \"port\": 5433, \"dbname\": \"shop\", \"dbInstanceIdentifier\": \"x\"}",
			"host='db.rds' port='5433' user='etl' dbname='shop' password='p w'" },
		/* The URL's own values stay. */
		{ "postgres://etl@proxy:6432/other?sslmode=require",
			"{\"username\": \"etl\", \"password\": \"p\", \"host\": \"db.rds\", \"port\": \"5432\"}",
			"user='etl' dbname='other' host='proxy' port='6432' sslmode='require' password='p'" },
		{ "service=shop", "{\"password\": \"p\", \"host\": \"db.rds\"}",
			"service='shop' password='p'" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tr_err err = { 0 };
		char *out;
		assert_ok(tr_pg_add_secret(cases[i][0], "prod/shop", cases[i][1], &out, &err), err);
		assert_string_equal(out, cases[i][2]);
		free(out);
	}
}

static void a_secret_that_does_not_fit_is_told_without_its_text(void **state)
{
	(void)state;
	const struct {
		const char *conninfo, *secret, *what;
	} cases[] = {
		{ "host=db", "", "the secret prod/shop holds no password" },
		{ "host=db", "{\"username\": \"hunter2\"}", "the secret prod/shop holds no password" },
		{ "host=db", "{\"engine\": \"mysql\", \"password\": \"hunter2\"}",
			"the secret prod/shop is for mysql, not for Postgres" },
		{ "host=db user=ada", "{\"username\": \"etl\", \"password\": \"hunter2\"}",
			"source.url names the user ada, and the secret prod/shop is that of etl" },
		{ "postgres://a:hunter2@db/x", "hunter2",
			"source.url has a password, and there is a source.secret" },
		{ "host=db nonsense=hunter2", "hunter2", "source.url is not a connection's address" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tr_err err = { 0 };
		char *out;
		assert_false(tr_pg_add_secret(cases[i].conninfo, "prod/shop", cases[i].secret, &out, &err));
		assert_null(out);
		assert_int_equal(err.kind, TR_ERR_USER);
		assert_string_equal(err.what, cases[i].what);
		assert_true(err.hint[0] != '\0');
		assert_null(strstr(err.hint, "hunter2"));
		assert_null(strstr(err.detail, "hunter2"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_line_becomes_the_password),
		cmocka_unit_test(what_goes_wrong_is_told_without_the_output),
		cmocka_unit_test(a_secret_is_the_password_alone_or_as_rds_keeps_it),
		cmocka_unit_test(a_secret_that_does_not_fit_is_told_without_its_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
