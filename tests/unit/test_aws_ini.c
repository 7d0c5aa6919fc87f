#include "check.h"

#include <stdio.h>
#include <string.h>

#include "io/aws_ini.h"

static bool parse(const char *text, struct tr_aws_ini *out, struct tr_err *err)
{
	return tr_aws_ini_parse(text, strlen(text), "/home/ada/.aws/config", out, err);
}

static void settings_are_read_as_the_sdks_read_them(void **state)
{
	(void)state;
	static const char text[] = "\xEF\xBB\xBF# comment\n"
				   "; comment\n"
				   "[default]\n"
				   "region = eu-west-1\r\n"
				   "Output=json ; a comment\n"
				   "s3 =\n"
				   "  region = nested\n"
				   "  max_concurrent_requests = 20\n"
				   "sign: a:b=c\n"
				   "hash = a#b;c\n"
				   "empty =\n"
				   "\n"
				   "[ profile   prod ]\n"
				   "   region = us-east-1\n"
				   "   role_arn = arn:aws:iam::1:role/x\n"
				   "[profile \"a b\"]\n"
				   "region = first\n"
				   "region = second # the last one wins\n"
				   "[sso-session corp]\n"
				   "sso_region = eu-central-1";
	const struct {
		const char *kind, *name, *setting, *value;
	} cases[] = {
		{ "", "default", "region", "eu-west-1" },
		{ "", "default", "output", "json" },
		{ "", "default", "s3", "" },
		{ "", "default", "max_concurrent_requests", NULL },
		{ "", "default", "sign", "a:b=c" },
		{ "", "default", "hash", "a#b;c" },
		{ "", "default", "empty", "" },
		{ "profile", "prod", "region", "us-east-1" },
		{ "profile", "prod", "role_arn", "arn:aws:iam::1:role/x" },
		{ "profile", "a b", "region", "second" },
		{ "sso-session", "corp", "sso_region", "eu-central-1" },
		{ "profile", "default", "region", NULL },
		{ "", "prod", "region", NULL },
	};
	struct tr_err err = { 0 };
	struct tr_aws_ini ini;
	assert_ok(parse(text, &ini, &err), err);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *value = tr_aws_ini_get(&ini, cases[i].kind, cases[i].name, cases[i].setting);
		if (cases[i].value)
			assert_string_equal(value, cases[i].value);
		else
			assert_null(value);
	}
	assert_true(tr_aws_ini_has(&ini, "profile", "a b"));
	assert_false(tr_aws_ini_has(&ini, "profile", "c"));
	tr_aws_ini_clear(&ini);
}

static void deeper_settings_are_parts_of_one_without_a_value(void **state)
{
	(void)state;
	static const char text[] = "[services local]\n"
				   "s3 =\n"
				   "  Endpoint_URL = http://s3:1 # the server\n"
				   "  just more text\n"
				   "  endpoint_url = http://s3:2\n"
				   "glue = full\n"
				   "  endpoint_url = http://glue:1\n"
				   "[services other]\n"
				   "  = \n";
	struct tr_err err = { 0 };
	struct tr_aws_ini ini;
	assert_false(parse(text, &ini, &err));
	tr_err_clear(&err);
	assert_ok(tr_aws_ini_parse(text, sizeof text - 1 - strlen("  = \n"), "config", &ini, &err), err);
	assert_string_equal(tr_aws_ini_part(&ini, "services", "local", "s3", "endpoint_url"), "http://s3:2");
	assert_null(tr_aws_ini_part(&ini, "services", "local", "glue", "endpoint_url"));
	assert_null(tr_aws_ini_part(&ini, "services", "other", "s3", "endpoint_url"));
	assert_null(tr_aws_ini_get(&ini, "services", "local", "endpoint_url"));
	assert_string_equal(tr_aws_ini_get(&ini, "services", "local", "s3"), "");
	tr_aws_ini_clear(&ini);
}

static void mistakes_name_the_line_and_never_its_text(void **state)
{
	(void)state;
	const struct {
		const char *text, *problem;
		int line;
	} cases[] = {
		{ "[default]\nhunter2\n", "a setting has no =", 2 },
		{ "[default\nx = hunter2\n", "a section's name has no ] at its end", 1 },
		{ "\n\nx = hunter2\n", "a setting stands before the first section", 3 },
		{ "[default]\n = hunter2\n", "a setting has no name", 2 },
		{ "[ ]\n", "a section has no name", 1 },
		{ "[profile \"\"]\n", "a section has no name", 1 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tr_err err = { 0 };
		struct tr_aws_ini ini;
		char what[200];
		assert_false(parse(cases[i].text, &ini, &err));
		snprintf(what, sizeof what, "/home/ada/.aws/config, line %d: %s", cases[i].line,
			cases[i].problem);
		assert_string_equal(err.what, what);
		assert_int_equal(err.kind, TR_ERR_USER);
		assert_int_equal(err.place.line, cases[i].line);
		assert_null(strstr(err.place.excerpt, "hunter2"));
		assert_null(strstr(err.hint, "hunter2"));
		assert_null(ini.text.data);
	}
}

static void what_is_no_text_is_refused(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_aws_ini ini;
	assert_false(tr_aws_ini_parse("[a]\0", 4, "config", &ini, &err));
	assert_string_equal(err.what, "config is not a text file of at most 1 MiB");
	err = (struct tr_err){ 0 };
	assert_ok(tr_aws_ini_parse("", 0, "config", &ini, &err), err);
	assert_int_equal(ini.n_sections, 0);
	tr_aws_ini_clear(&ini);
	assert_ok(tr_aws_ini_load("/nonexistent/config", &ini, &err), err);
	assert_false(tr_aws_ini_has(&ini, "", "default"));
	tr_aws_ini_clear(&ini);
	assert_false(tr_aws_ini_load("/", &ini, &err));
	assert_string_equal(err.what, "/ can't be read");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_are_read_as_the_sdks_read_them),
		cmocka_unit_test(deeper_settings_are_parts_of_one_without_a_value),
		cmocka_unit_test(mistakes_name_the_line_and_never_its_text),
		cmocka_unit_test(what_is_no_text_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
