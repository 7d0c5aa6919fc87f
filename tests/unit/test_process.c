#include "check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "io/process.h"

struct outcome {
	struct tr_buf out, errors;
	int status;
	struct tr_err err;
	bool ok;
};

static void run(struct outcome *o, const char *script, const char *const *env, size_t most,
	int64_t timeout_ms)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	static const char *const none[] = { NULL };
	const struct tr_process p = { .argv = argv, .env = env ? env : none, .timeout_ms = timeout_ms };
	*o = (struct outcome){ .status = -1 };
	tr_buf_init(&o->out, most);
	tr_buf_init(&o->errors, most);
	o->ok = tr_process_run(&p, &o->out, &o->errors, &o->status, &o->err);
}

static void clear(struct outcome *o)
{
	tr_buf_clear(&o->out);
	tr_buf_clear(&o->errors);
}

static void assert_text(const struct tr_buf *b, const char *text)
{
	assert_int_equal(b->len, strlen(text));
	if (b->len)
		assert_memory_equal(b->data, text, b->len);
}

static void output_errors_and_exit_code_come_back(void **state)
{
	(void)state;
	struct outcome o;
	run(&o, "echo out; echo err >&2; exit 7", NULL, 100, 10000);
	assert_ok(o.ok, o.err);
	assert_int_equal(o.status, 7);
	assert_text(&o.out, "out\n");
	assert_text(&o.errors, "err\n");
	clear(&o);
	run(&o, "kill -9 $$", NULL, 100, 10000);
	assert_ok(o.ok, o.err);
	assert_int_equal(o.status, 128 + SIGKILL);
	clear(&o);
}

static void environment_is_exactly_what_was_given(void **state)
{
	(void)state;
	struct outcome o;
	const char *const argv[] = { "/usr/bin/env", NULL };
	const char *const env[] = { "A=1", "B=two words", NULL };
	const struct tr_process p = { .argv = argv, .env = env, .timeout_ms = 10000 };
	setenv("TR_TEST_SECRET", "hidden", 1);
	o = (struct outcome){ .status = -1 };
	tr_buf_init(&o.out, 1000);
	tr_buf_init(&o.errors, 1000);
	assert_ok(tr_process_run(&p, &o.out, &o.errors, &o.status, &o.err), o.err);
	assert_text(&o.out, "A=1\nB=two words\n");
	clear(&o);
}

static void output_beyond_the_maximum_is_dropped_and_the_program_goes_on(void **state)
{
	(void)state;
	struct outcome o;
	run(&o, "i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done; echo end >&2", NULL, 25,
		30000);
	assert_ok(o.ok, o.err);
	assert_int_equal(o.status, 0);
	assert_text(&o.out, "0123456789\n0123456789\n012");
	assert_text(&o.errors, "end\n");
	clear(&o);
}

/* Nobody of the group is left: signal 0 finds no process. Its orphans are ours to reap. */
static void assert_group_is_gone(const struct tr_buf *out)
{
	char text[32] = "";
	memcpy(text, out->data, out->len < sizeof text ? out->len : sizeof text - 1);
	pid_t group = (pid_t)atoi(text);
	assert_true(group > 1);
	while (waitpid(-group, NULL, 0) > 0)
		;
	assert_int_not_equal(kill(-group, 0), 0);
}

static void timeout_ends_the_whole_group(void **state)
{
	(void)state;
	struct outcome o;
	int64_t start = tr_clock_monotonic_us();
	run(&o, "echo $$; /bin/sleep 100 & /bin/sleep 100", NULL, 100, 2000);
	assert_false(o.ok);
	assert_int_equal(o.err.kind, TR_ERR_TRANSIENT);
	assert_non_null(strstr(o.err.what, "/bin/sh did not end within"));
	assert_true(tr_clock_monotonic_us() - start < 10000000);
	assert_group_is_gone(&o.out);
	clear(&o);
}

static void program_that_closes_its_output_is_waited_for_no_longer_than_the_timeout(void **state)
{
	(void)state;
	struct outcome o;
	run(&o, "exec >&- 2>&-; exit 3", NULL, 100, 10000);
	assert_ok(o.ok, o.err);
	assert_int_equal(o.status, 3);
	clear(&o);
	int64_t start = tr_clock_monotonic_us();
	run(&o, "echo $$; exec >&- 2>&-; /bin/sleep 100", NULL, 100, 2000);
	assert_false(o.ok);
	assert_true(tr_clock_monotonic_us() - start < 10000000);
	assert_group_is_gone(&o.out);
	clear(&o);
}

static void standard_input_is_empty(void **state)
{
	(void)state;
	struct outcome o;
	run(&o, "read x || echo empty", NULL, 100, 10000);
	assert_ok(o.ok, o.err);
	assert_text(&o.out, "empty\n");
	clear(&o);
}

static void broken_pipes_end_the_program_even_where_we_ignore_them(void **state)
{
	(void)state;
	struct outcome o;
	signal(SIGPIPE, SIG_IGN);
	run(&o, "kill -PIPE $$; echo survived", NULL, 100, 10000);
	signal(SIGPIPE, SIG_DFL);
	assert_ok(o.ok, o.err);
	assert_int_equal(o.status, 128 + SIGPIPE);
	clear(&o);
}

static void program_that_is_not_there_is_an_error(void **state)
{
	(void)state;
	const char *const argv[] = { "/nonexistent/cc", NULL }, *const env[] = { NULL };
	const struct tr_process p = { .argv = argv, .env = env, .timeout_ms = 1000 };
	struct outcome o = { .status = -1 };
	tr_buf_init(&o.out, 10);
	tr_buf_init(&o.errors, 10);
	assert_false(tr_process_run(&p, &o.out, &o.errors, &o.status, &o.err));
	assert_string_equal(o.err.what, "/nonexistent/cc could not be started");
	clear(&o);
}

static void programs_are_found_on_the_path_that_is_given(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	char *path = NULL;
	assert_ok(tr_process_find("sh", "/nonexistent::/bin", &path, &err), err);
	assert_string_equal(path, "/bin/sh");
	free(path);
	assert_ok(tr_process_find("./here/cc", "/bin", &path, &err), err);
	assert_string_equal(path, "./here/cc");
	free(path);
	assert_false(tr_process_find("sh", "", &path, &err));
	assert_string_equal(err.what, "`sh` was not found on PATH");
}

static void commands_are_split_into_words_without_a_shell(void **state)
{
	(void)state;
	const struct {
		const char *command, *words; /* joined by | */
	} cases[] = {
		{ "  a  b\tc ", "a|b|c" },
		{ "'one word' \"an other\" x\\ y", "one word|an other|x y" },
		{ "a'b'\"c\"d ''", "abcd|" },
		{ "\"\\\"quoted\\\" \\\\ \\n\" '\\'", "\"quoted\" \\ \\n|\\" },
		{ "echo $HOME *.c > x", "echo|$HOME|*.c|>|x" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tr_err err = { 0 };
		char **words, joined[128] = "";
		assert_ok(tr_process_split(cases[i].command, &words, &err), err);
		for (size_t k = 0; words[k]; k++)
			snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s%s",
				k ? "|" : "", words[k]);
		assert_string_equal(joined, cases[i].words);
		free(words);
	}
	const char *const wrong[] = { "", "  \n", "a 'b", "\"" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct tr_err err = { 0 };
		char **words;
		assert_false(tr_process_split(wrong[i], &words, &err));
		assert_int_equal(err.kind, TR_ERR_USER);
		assert_null(words);
	}
}

static void an_environment_leaves_out_what_is_named(void **state)
{
	(void)state;
	const char *const env[] = { "A=1", "AB=2", "B=3", "A=4", "C", NULL };
	const char *const without[] = { "A", "C", NULL };
	struct tr_err err = { 0 };
	const char **out = tr_process_environment(env, without, &err);
	assert_non_null(out);
	assert_string_equal(out[0], "AB=2");
	assert_string_equal(out[1], "B=3");
	assert_string_equal(out[2], "C");
	assert_null(out[3]);
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_errors_and_exit_code_come_back),
		cmocka_unit_test(environment_is_exactly_what_was_given),
		cmocka_unit_test(output_beyond_the_maximum_is_dropped_and_the_program_goes_on),
		cmocka_unit_test(timeout_ends_the_whole_group),
		cmocka_unit_test(program_that_closes_its_output_is_waited_for_no_longer_than_the_timeout),
		cmocka_unit_test(standard_input_is_empty),
		cmocka_unit_test(broken_pipes_end_the_program_even_where_we_ignore_them),
		cmocka_unit_test(program_that_is_not_there_is_an_error),
		cmocka_unit_test(programs_are_found_on_the_path_that_is_given),
		cmocka_unit_test(commands_are_split_into_words_without_a_shell),
		cmocka_unit_test(an_environment_leaves_out_what_is_named),
	};
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
