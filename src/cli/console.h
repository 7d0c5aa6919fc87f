/*
 * The terminal as the commands see it: where output and messages go, whether in colour,
 * and how an error looks. Messages go to stderr; results to stdout.
 */
#ifndef TR_CLI_CONSOLE_H
#define TR_CLI_CONSOLE_H

#include <stdio.h>

#include "cli/secret.h"

enum tr_log { TR_LOG_AUTO, TR_LOG_PLAIN, TR_LOG_JSON };

struct tr_console {
	FILE *out, *err;
	bool out_terminal, err_terminal;
	bool color; /* wanted at all; each use asks for its own terminal too */
	enum tr_log log;
	bool quiet, verbose;
	bool out_failed; /* writing to stdout failed, and that has been dealt with */
	int out_errno;   /* of the first write to stdout that failed, see tr_console_wrote; 0: none */
	struct tr_secrets secrets;
};

/* Looks at NO_COLOR, TERM and whether stdout and stderr are terminals. */
void tr_console_init(struct tr_console *c);
void tr_console_clear(struct tr_console *c);

enum tr_ink { TR_INK_BOLD, TR_INK_DIM, TR_INK_RED, TR_INK_YELLOW, TR_INK_GREEN, TR_INK_BLUE };
/* Start and end of coloured text, or empty text where `f` is not a colour terminal. */
const char *tr_ink(const struct tr_console *c, FILE *f, enum tr_ink ink);
const char *tr_ink_end(const struct tr_console *c, FILE *f);

/* Columns of the terminal behind `f`; 80 where it does not say. */
size_t tr_console_columns(const FILE *f);

/* The exit code of an error's kind (docs: reference, exit codes). */
int tr_console_exit_code(enum tr_err_kind kind);

/* The text of an error as a person reads it, without colours' escapes where color is
 * false: what failed, place with excerpt and caret, row, detail, hint. */
void tr_console_format_error(const struct tr_console *c, const struct tr_err *err, bool color,
	struct tr_str *out);
/* Print an error, scrubbed, as text or as a JSON line; returns its exit code. */
int tr_console_error(struct tr_console *c, const struct tr_err *err);
/* The same, of a dataset of several (NULL: none): its name is said where the error does not. */
int tr_console_error_of(struct tr_console *c, const char *dataset, const struct tr_err *err);
/* All of them, then a count; the exit code of the first. */
int tr_console_errors(struct tr_console *c, const struct tr_errs *errs);
/* A line for people (`--log json`: a JSON line); nothing with -q. Scrubbed. */
void tr_console_note(struct tr_console *c, const char *fmt, ...) TR_PRINTF(2, 3);
void tr_console_warn(struct tr_console *c, const char *fmt, ...) TR_PRINTF(2, 3);

/* Behind a write to stdout, whether it went well: why the first one failed is kept, which
 * stdio forgets. */
void tr_console_wrote(struct tr_console *c, bool ok);
/* Print a built text to stdout and clear it; the exit code. */
int tr_console_print(struct tr_console *c, struct tr_str *text);

/* A JSON string literal with its quotes, of text that is UTF-8. */
void tr_json_string(struct tr_str *out, const char *text, size_t len);

#endif
