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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_line_becomes_the_password),
		cmocka_unit_test(what_goes_wrong_is_told_without_the_output),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
