/*
 * The interactive prompt of `tailrace query`: line editing, history, completion, and
 * commands that begin with a backslash.
 */
#ifndef TR_CLI_PROMPT_H
#define TR_CLI_PROMPT_H

#include <histedit.h>

#include "cli/cli.h"
#include "cli/statement.h"

/* Until \q or the end of input. `options` says how statements run; the exit code. */
int tr_prompt(struct tr_cli *cli, const struct tr_statement_options *options);

/* ---- between the prompt's files ---- */

struct tr_prompt {
	struct tr_cli *cli;
	struct tr_statement_options options;
	char format[16];
	bool timing, leave;
	EditLine *editor;
	History *history;
	char *history_path;          /* NULL: none is kept */
	struct tr_str pending;       /* lines of a statement that has not ended yet */
	struct tr_cancel cancels[2]; /* one is watched; the other replaces it once it was raised */
	int cancel;
};

/* A line that begins with a backslash. */
void tr_prompt_command(struct tr_prompt *p, const char *line);
/* The names of the commands, for completion; ends with NULL. */
extern const char *const tr_prompt_commands[];
/* The function bound to the tab key. */
unsigned char tr_prompt_complete(EditLine *editor, int key);
/* What may stand for the word that ends at `cursor` of text: sorted, unique, owned.
 * *word: where the word begins. */
bool tr_prompt_candidates(const struct tr_lake *lake, const char *pending, const char *text, size_t cursor,
	size_t *word, char ***out, size_t *n, struct tr_err *err) TR_CHECKED;

/* ~/.local/state/tailrace/history or below XDG_STATE_HOME, its folder made; NULL: nowhere. */
char *tr_prompt_history_path(void);
void tr_prompt_history_load(struct tr_prompt *p);
void tr_prompt_history_add(struct tr_prompt *p, const char *statement);
void tr_prompt_history_save(struct tr_prompt *p);

#endif
