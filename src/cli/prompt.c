#include "cli/prompt.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "base/clock.h"
#include "cli/signals.h"
#include "cli/units.h"

#define STATEMENT_MAX ((size_t)16 << 20)

static struct tr_prompt *prompt_of(EditLine *editor)
{
	void *p = NULL;
	el_get(editor, EL_CLIENTDATA, &p);
	return p;
}

static char *prompt_text(EditLine *editor)
{
	static char first[] = "tailrace> ", more[] = "       -> ";
	return prompt_of(editor)->pending.len ? more : first;
}

/* ---- interrupts ---- */

static struct tr_cancel *current_cancel(struct tr_prompt *p)
{
	return &p->cancels[p->cancel];
}

/* A raised cancel stays raised: the next statement gets a fresh one, which is watched
 * before the old one goes, so that no signal falls between. */
static bool renew_cancel(struct tr_prompt *p, struct tr_err *err)
{
	struct tr_cancel *old = current_cancel(p), *fresh = &p->cancels[!p->cancel];
	if (!tr_cancel_raised(old))
		return true;
	if (!tr_cancel_init(fresh, err))
		return false;
	p->cancel = !p->cancel;
	tr_signals_watch(fresh, false);
	tr_cancel_clear(old);
	return true;
}

/* The editor's way to a character: waits for the terminal and for Ctrl-C. */
static int read_character(EditLine *editor, wchar_t *out)
{
	struct tr_prompt *p = prompt_of(editor);
	char bytes[MB_LEN_MAX];
	size_t n = 0;
	struct pollfd fds[2] = { { STDIN_FILENO, POLLIN, 0 },
		{ tr_cancel_fd(current_cancel(p)), POLLIN, 0 } };
	while (n < sizeof bytes) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -1;
		if (tr_cancel_raised(current_cancel(p)))
			return -1;
		if (!fds[0].revents)
			continue;
		ssize_t got = read(STDIN_FILENO, &bytes[n], 1);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return (int)got;
		mbstate_t state = { 0 };
		size_t used = mbrtowc(out, bytes, ++n, &state);
		if (used == (size_t)-2)
			continue;
		if (used == (size_t)-1) {
			n = 0; /* not a character: drop it */
			continue;
		}
		return 1;
	}
	return -1;
}

/* ---- statements ---- */

static bool run_statement(struct tr_prompt *p, const char *sql)
{
	struct tr_console *c = &p->cli->console;
	struct tr_err err = { 0 };
	struct tr_target target;
	struct tr_statement_result result = { 0 };
	char text[TR_UNITS_TEXT];
	int64_t start_us = tr_clock_monotonic_us();
	p->options.format = p->format;
	p->options.cancel = current_cancel(p);
	bool ok = tr_target_open(&target, c, NULL, &err) &&
		tr_statement_run(&p->options, sql, &target, &result, &err) && tr_target_finish(&target, &err);
	if (!ok)
		tr_console_error(c, &err);
	else if (result.more)
		tr_console_note(c,
			"only the first %lld rows are shown; add a LIMIT, or start with --max-rows 0",
			(long long)result.rows);
	if (p->timing)
		fprintf(c->out, "%s\n",
			tr_units_seconds((double)(tr_clock_monotonic_us() - start_us) / 1e6, text));
	tr_target_clear(&target);
	return ok;
}

/* Run every statement that has ended; what is left waits for more lines. */
static void run_pending(struct tr_prompt *p)
{
	size_t end;
	bool ok = true;
	while (p->pending.ptr && tr_statement_complete(p->pending.ptr, &end)) {
		p->pending.ptr[end] = '\0';
		const char *sql = p->pending.ptr + strspn(p->pending.ptr, " \t\n");
		if (*sql) {
			tr_prompt_history_add(p, sql);
			ok = run_statement(p, sql);
		}
		size_t rest = p->pending.len - end - 1;
		memmove(p->pending.ptr, p->pending.ptr + end + 1, rest + 1);
		p->pending.len = rest;
		if (!tr_cancel_raised(current_cancel(p)))
			continue;
		/* Ctrl-C is for the statements behind it too. */
		struct tr_err err = { 0 };
		tr_cancel_err(&err);
		if (ok)
			tr_console_error(&p->cli->console, &err);
		return;
	}
	if (p->pending.ptr && p->pending.ptr[strspn(p->pending.ptr, " \t\n")] == '\0')
		p->pending.len = 0;
}

static void take_line(struct tr_prompt *p, const char *line)
{
	const char *word = line + strspn(line, " \t");
	/* Also in the middle of a statement, which waits; not within a text. */
	if (*word == '\\' && (p->pending.len == 0 || !tr_statement_is_open(p->pending.ptr))) {
		tr_prompt_history_add(p, word);
		tr_prompt_command(p, word);
		return;
	}
	if (p->pending.len == 0) {
		char bare[16];
		snprintf(bare, sizeof bare, "%.*s", (int)strcspn(word, " \t\r\n;"), word);
		if (strcmp(bare, "quit") == 0 || strcmp(bare, "exit") == 0) {
			p->leave = true;
			return;
		}
		if (word[strspn(word, "\r\n")] == '\0')
			return;
	}
	tr_str_add(&p->pending, line);
	if (p->pending.failed) {
		tr_console_warn(&p->cli->console, "the statement is too long; it was dropped");
		tr_str_clear(&p->pending);
		return;
	}
	run_pending(p);
}

/* ---- the loop ---- */

static bool start(struct tr_prompt *p, struct tr_err *err)
{
	struct tr_console *c = &p->cli->console;
	p->cancels[0].fd = p->cancels[1].fd = -1;
	if (!tr_cancel_init(&p->cancels[0], err))
		return false;
	tr_str_init(&p->pending, STATEMENT_MAX);
	p->editor = el_init("tailrace", stdin, c->out, c->err);
	p->history = history_init();
	if (!p->editor || !p->history)
		return tr_err_set(err, TR_ERR_INTERNAL, "the line editor could not be started");
	el_set(p->editor, EL_CLIENTDATA, p);
	el_set(p->editor, EL_PROMPT, prompt_text);
	el_set(p->editor, EL_EDITOR, "emacs");
	el_set(p->editor, EL_HIST, history, p->history);
	el_set(p->editor, EL_GETCFN, read_character);
	/* By el_wset: el_set copies the texts and never frees them. */
	el_wset(p->editor, EL_ADDFN, L"tailrace-complete", L"Complete a name", tr_prompt_complete);
	el_set(p->editor, EL_BIND, "^I", "tailrace-complete", NULL);
	el_set(p->editor, EL_BIND, "^R", "em-inc-search-prev", NULL);
	el_source(p->editor, NULL);
	tr_prompt_history_load(p);
	tr_signals_watch(&p->cancels[0], false);
	return true;
}

static void stop(struct tr_prompt *p)
{
	tr_signals_watch(&p->cli->cancel, true);
	if (p->history) {
		tr_prompt_history_save(p);
		history_end(p->history);
	}
	if (p->editor)
		el_end(p->editor);
	tr_str_clear(&p->pending);
	free(p->history_path);
	tr_cancel_clear(&p->cancels[0]);
	tr_cancel_clear(&p->cancels[1]);
}

static bool loop(struct tr_prompt *p, struct tr_err *err)
{
	FILE *out = p->cli->console.out;
	while (!p->leave && !tr_signals_terminated()) {
		int n = 0;
		/* Before the prompt shows, not after: a Ctrl-D typed in between would be lost. */
		el_set(p->editor, EL_PREP_TERM, 1);
		const char *line = el_gets(p->editor, &n);
		if (!line && !tr_cancel_raised(current_cancel(p))) {
			putc('\n', out); /* Ctrl-D */
			return true;
		}
		if (line)
			take_line(p, line);
		else
			putc('\n', out);
		/* Ctrl-C at the prompt, or in a statement: what was typed is gone, tailrace stays. */
		if (tr_cancel_raised(current_cancel(p)))
			p->pending.len = 0;
		if (!renew_cancel(p, err))
			return false;
		fflush(out);
	}
	return true;
}

int tr_prompt(struct tr_cli *cli, const struct tr_statement_options *options)
{
	struct tr_err err = { 0 };
	struct tr_prompt p = { .cli = cli, .options = *options };
	snprintf(p.format, sizeof p.format, "%s", options->format);
	bool ok = start(&p, &err);
	if (ok) {
		tr_console_note(&cli->console,
			"tailrace %s; statements end with ;  \\d lists the datasets, \\? helps, \\q leaves",
			TR_VERSION);
		ok = loop(&p, &err);
	}
	stop(&p);
	if (!ok)
		return tr_console_error(&cli->console, &err);
	return tr_signals_terminated() ? 130 : 0;
}
