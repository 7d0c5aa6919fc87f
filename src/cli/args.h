/*
 * Reading the command line by a command's table entry: options by name, the rest as
 * positional arguments. One table (commands.c) gives the parser, every --help, the
 * completions and the man page.
 */
#ifndef TR_CLI_ARGS_H
#define TR_CLI_ARGS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What an option's value or a positional argument is, for completion. */
enum tr_cli_value {
	TR_CLI_FLAG, /* no value */
	TR_CLI_TEXT,
	TR_CLI_FILE,
	TR_CLI_FOLDER,
	TR_CLI_CHOICE, /* one of `choices` */
	TR_CLI_DATASET,
	TR_CLI_COUNT,   /* a number, 0 .. 10^12 */
	TR_CLI_COMMAND, /* the name of a command */
};

struct tr_cli_option {
	const char *name; /* `format`, given as --format */
	char letter;      /* 'f' for -f; 0: none */
	enum tr_cli_value value;
	const char *placeholder; /* `FILE`; NULL for a flag */
	const char *choices;     /* `table csv json`, for TR_CLI_CHOICE */
	const char *help;        /* one line, lower case, no full stop */
};

struct tr_cli_example {
	const char *command, *help;
};

#define TR_CLI_OPTIONS_MAX 16
#define TR_CLI_EXAMPLES_MAX 8
struct tr_cli;
struct tr_cli_args;

struct tr_cli_command {
	const char *name, *summary;
	const char *arguments;                               /* `[DATASET...]`, for the usage line */
	const char *description;                             /* paragraphs, separated by an empty line */
	enum tr_cli_value argument;                          /* TR_CLI_FLAG: takes none */
	const char *argument_choices;                        /* for TR_CLI_CHOICE */
	int min_arguments, max_arguments;                    /* max < 0: any number */
	struct tr_cli_option options[TR_CLI_OPTIONS_MAX];    /* ends with name NULL */
	struct tr_cli_example examples[TR_CLI_EXAMPLES_MAX]; /* ends with command NULL */
	int (*run)(struct tr_cli *cli, const struct tr_cli_args *args);
};

struct tr_cli_args {
	const struct tr_cli_command *command;
	const char *values[TR_CLI_OPTIONS_MAX]; /* as the options; NULL: not given; a flag: "" */
	const char **positional;                /* owned array of borrowed texts */
	size_t n;
};

/* The options that every command takes, before or after its name; ends with name NULL. */
extern const struct tr_cli_option tr_cli_global_options[];
#define TR_CLI_GLOBALS_MAX 10

/* Read argv[1..]: global options into globals[] (as `values`), the command and its own
 * options into args. No command: args->command is NULL. Errors name the closest option
 * or command. `commands` ends with name NULL. */
bool tr_cli_args_parse(const struct tr_cli_command *commands, int argc, char **argv,
	const char *globals[TR_CLI_GLOBALS_MAX], struct tr_cli_args *args, struct tr_err *err) TR_CHECKED;
/* The number of positional arguments against the command's (after --help has been dealt with). */
bool tr_cli_args_check(const struct tr_cli_args *args, struct tr_err *err) TR_CHECKED;
void tr_cli_args_clear(struct tr_cli_args *args);
const struct tr_cli_command *tr_cli_command_find(const struct tr_cli_command *commands, const char *name);
/* An unknown command's error, with the closest name. Returns false. */
bool tr_cli_command_unknown(const struct tr_cli_command *commands, const char *name, struct tr_err *err);

/* The value of an option of the command by its name, NULL where it was not given. */
const char *tr_cli_value(const struct tr_cli_args *args, const char *name);
bool tr_cli_flag(const struct tr_cli_args *args, const char *name);
/* A TR_CLI_COUNT option as a number (the parser has checked it), or `otherwise`. */
int64_t tr_cli_count(const struct tr_cli_args *args, const char *name, int64_t otherwise);

#endif
