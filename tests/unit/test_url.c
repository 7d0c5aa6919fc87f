#include "check.h"

#include <string.h>

#include "base/url.h"

static void a_url_reads_into_whom_one_talks_to(void **state)
{
	(void)state;
	struct tr_url url;
	assert_true(tr_url_parse("https://Trino.Example.org:8443/v1?x=1", &url));
	assert_true(url.tls);
	assert_string_equal(url.host, "trino.example.org");
	assert_int_equal(url.port, 8443);
	assert_string_equal(url.path, "/v1?x=1");
	assert_true(tr_url_parse("HTTP://h", &url));
	assert_false(url.tls);
	assert_int_equal(url.port, 80);
	assert_string_equal(url.path, "");
	assert_true(tr_url_parse("https://[2001:DB8::1]:65535?q", &url));
	assert_string_equal(url.host, "2001:db8::1");
	assert_int_equal(url.port, 65535);
	assert_true(tr_url_parse("https://h:/", &url));
	assert_int_equal(url.port, 443);
}

static void what_is_no_url_of_a_server_is_refused(void **state)
{
	(void)state;
	const char *const texts[] = { "", "h", "ftp://h", "http://", "http:///x", "http://:80", "http://h:0",
		"http://h:65536", "http://h:123456", "http://h:8o", "http://user@h", "http://u:p@h",
		"http://h x", "http://h\n", "http://[::1", "http://[]", "http://[::1]x", "http://h\\x",
		"http://h%41", "http://\xc3\xa9" };
	struct tr_url url;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (tr_url_parse(texts[i], &url))
			fail_msg("taken: %s", texts[i]);
	char text[400] = "http://";
	memset(text + 7, 'a', 300);
	assert_false(tr_url_parse(text, &url));
}

static void an_origin_is_scheme_host_and_port(void **state)
{
	(void)state;
	struct tr_url a, b;
	assert_true(tr_url_parse("https://h/x", &a) && tr_url_parse("https://H:443/y", &b));
	assert_true(tr_url_same_origin(&a, &b));
	const char *const others[] = { "http://h:443/x", "https://h:8443/x", "https://h.evil/x" };
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		assert_true(tr_url_parse(others[i], &b));
		assert_false(tr_url_same_origin(&a, &b));
	}
}

static void this_machine_is_known_by_its_own_names(void **state)
{
	(void)state;
	const struct {
		const char *text;
		bool local;
	} cases[] = { { "http://localhost:1", true }, { "http://127.0.0.1", true },
		{ "http://127.9.9.9", true }, { "http://[::1]:8080", true },
		{ "http://localhost.evil", false }, { "http://127.evil", false },
		{ "http://128.0.0.1", false }, { "http://[::2]", false } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tr_url url;
		assert_true(tr_url_parse(cases[i].text, &url));
		assert_int_equal(tr_url_is_local(&url), cases[i].local);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_reads_into_whom_one_talks_to),
		cmocka_unit_test(what_is_no_url_of_a_server_is_refused),
		cmocka_unit_test(an_origin_is_scheme_host_and_port),
		cmocka_unit_test(this_machine_is_known_by_its_own_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
