#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "cli/help.h"
#include "cli/signals.h"

/* Widths and the prompt need a UTF-8 locale; numbers stay in the C locale. */
static void set_locale(void)
{
	if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

static const char *global(const char *const globals[TR_CLI_GLOBALS_MAX], const char *name)
{
	for (int i = 0; tr_cli_global_options[i].name; i++)
		if (strcmp(tr_cli_global_options[i].name, name) == 0)
			return globals[i];
	return NULL;
}

static void apply_globals(struct tr_cli *cli, const char *const globals[TR_CLI_GLOBALS_MAX])
{
	struct tr_console *c = &cli->console;
	const char *config = global(globals, "config"), *log = global(globals, "log");
	cli->config_path = config ? config : "tailrace.yaml";
	if (log)
		c->log = strcmp(log, "json") == 0 ? TR_LOG_JSON : TR_LOG_PLAIN;
	c->quiet = global(globals, "quiet") != NULL;
	c->verbose = global(globals, "verbose") != NULL;
	if (global(globals, "no-color"))
		c->color = false;
}

static int dispatch(struct tr_cli *cli, const char *const globals[TR_CLI_GLOBALS_MAX],
	const struct tr_cli_args *args)
{
	struct tr_err err = { 0 };
	if (global(globals, "version")) {
		fputs("tailrace " TR_VERSION "\n", cli->console.out);
		return 0;
	}
	if (global(globals, "help"))
		return tr_help_print(&cli->console, args->command);
	if (!args->command) {
		tr_help_print(&cli->console, NULL);
		return 2;
	}
	if (!tr_cli_args_check(args, &err))
		return tr_console_error(&cli->console, &err);
	return args->command->run(cli, args);
}

/* A closed descriptor would go to the next file that is opened, one of the lake perhaps, and
 * what is printed would land there. Opened the wrong way round, its use is an error. */
static void guard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			return;
}

/* What stands in stdio's buffer must reach its reader before success is claimed. The command
 * is done by now: only what it had to say is lost. */
static int finish_output(struct tr_cli *cli, int code)
{
	struct tr_console *c = &cli->console;
	if (c->out_failed)
		return code;
	tr_console_wrote(c, fflush(c->out) == 0);
	bool failed = c->out_errno || ferror(c->out);
	if (!failed || c->out_errno == EPIPE || code != 0)
		return code; /* a reader that closed the pipe has seen enough */
	struct tr_err err = { 0 };
	tr_err_set(&err, TR_ERR_INTERNAL, "could not write the output");
	if (c->out_errno)
		tr_err_detail(&err, "%s", strerror(c->out_errno));
	tr_err_hint(&err, "what the command did stands, only its output is lost; %s",
		c->out_errno == ENOSPC || c->out_errno == EDQUOT
			? "free space on the disk that the output goes to"
			: "look at where the output goes");
	return tr_console_error(c, &err);
}

/* Batches come and go by the megabyte. Left to itself, glibc soon serves such buffers from
 * its heap, which they tear into pieces that never go back: `limits.memory` is of the process.
 * Columns of numbers and of short texts stay below: mapping those costs more than it saves. */
static void return_large_buffers(void)
{
	mallopt(M_MMAP_THRESHOLD, 3 * 1024 * 1024);
	/* Setting the one fixes the other at 128 KiB, where the heap shrinks and grows all the time. */
	mallopt(M_TRIM_THRESHOLD, 16 * 1024 * 1024);
}

int tr_cli_main(int argc, char **argv)
{
	struct tr_cli cli;
	struct tr_err err = { 0 };
	struct tr_cli_args args;
	const char *globals[TR_CLI_GLOBALS_MAX];
	int code;
	memset(&cli, 0, sizeof cli);
	cli.cancel.fd = -1;
	guard_descriptors();
	return_large_buffers();
	set_locale();
	tr_console_init(&cli.console);
	bool parsed = tr_cli_args_parse(tr_cli_commands, argc, argv, globals, &args, &err);
	apply_globals(&cli, globals);
	if (parsed && tr_cancel_init(&cli.cancel, &err)) {
		tr_signals_start(&cli.cancel);
		code = dispatch(&cli, globals, &args);
		tr_signals_watch(NULL, true);
		tr_cancel_clear(&cli.cancel);
	} else {
		code = tr_console_error(&cli.console, &err);
	}
	code = finish_output(&cli, code);
	tr_cli_args_clear(&args);
	tr_console_clear(&cli.console);
	return code;
}
