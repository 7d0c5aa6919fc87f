#include "cli/help.h"

#include <string.h>

#define HELP_MAX ((size_t)1 << 20)
#define WRAP 78

/* Paragraphs wrapped at WRAP columns, each line indented. */
static void add_wrapped(struct tr_str *out, const char *text, size_t indent)
{
	size_t column = 0;
	while (*text) {
		if (*text == '\n') {
			tr_str_add(out, column ? "\n\n" : "\n");
			column = 0;
			text += strspn(text, "\n");
			continue;
		}
		size_t n = strcspn(text, " \n");
		if (column > 0 && column + 1 + n > WRAP) {
			tr_str_addc(out, '\n');
			column = 0;
		}
		if (column == 0) {
			tr_str_addf(out, "%*s", (int)indent, "");
			column = indent;
		} else {
			tr_str_addc(out, ' ');
			column++;
		}
		tr_str_addn(out, text, n);
		column += n;
		text += n;
		text += strspn(text, " ");
	}
	tr_str_addc(out, '\n');
}

static void add_heading(const struct tr_console *c, struct tr_str *out, const char *text)
{
	tr_str_addf(out, "\n%s%s%s\n", tr_ink(c, c->out, TR_INK_BOLD), text, tr_ink_end(c, c->out));
}

static void add_options(struct tr_str *out, const struct tr_cli_option *options)
{
	for (; options->name; options++) {
		char left[64];
		struct tr_str s;
		tr_str_init(&s, sizeof left);
		if (options->letter)
			tr_str_addf(&s, "-%c, ", options->letter);
		else
			tr_str_add(&s, "    ");
		tr_str_addf(&s, "--%s", options->name);
		if (options->placeholder)
			tr_str_addf(&s, " %s", options->placeholder);
		tr_str_addf(out, "  %-24s %s\n", s.ptr ? s.ptr : "", options->help);
		tr_str_clear(&s);
	}
}

static void add_overview(const struct tr_console *c, struct tr_str *out)
{
	tr_str_add(out,
		"tailrace reads Postgres gently and exactly, joins and enriches rows, writes Parquet,\n"
		"publishes it atomically to a lake, and queries what is published.\n");
	add_heading(c, out, "Usage");
	tr_str_add(out, "  tailrace COMMAND [OPTIONS] [ARGUMENTS]\n");
	add_heading(c, out, "Commands");
	for (const struct tr_cli_command *k = tr_cli_commands; k->name; k++)
		tr_str_addf(out, "  %-12s %s\n", k->name, k->summary);
	add_heading(c, out, "Options of every command");
	add_options(out, tr_cli_global_options);
	add_heading(c, out, "Start here");
	tr_str_add(out,
		"  tailrace init postgres://app@db/shop   write a configuration\n"
		"  tailrace check                         see what a run would do\n"
		"  tailrace run                           publish\n"
		"  tailrace query                         look at the result\n");
}

static void add_command(const struct tr_console *c, const struct tr_cli_command *k, struct tr_str *out)
{
	tr_str_addf(out, "tailrace %s: %s\n", k->name, k->summary);
	add_heading(c, out, "Usage");
	tr_str_addf(out, "  tailrace %s%s%s%s\n", k->name, k->options[0].name ? " [OPTIONS]" : "",
		k->arguments[0] ? " " : "", k->arguments);
	tr_str_addc(out, '\n');
	add_wrapped(out, k->description, 2);
	if (k->options[0].name) {
		add_heading(c, out, "Options");
		add_options(out, k->options);
	}
	add_heading(c, out, "Options of every command");
	add_options(out, tr_cli_global_options);
	add_heading(c, out, "Examples");
	for (const struct tr_cli_example *e = k->examples; e->command; e++)
		tr_str_addf(out, "  %s%s%s\n      %s\n", tr_ink(c, c->out, TR_INK_BOLD), e->command,
			tr_ink_end(c, c->out), e->help);
}

/* ---- the manual page ---- */

/* Text for troff: a backslash, and a dot or quote that begins a line, would be commands. */
static void add_troff(struct tr_str *out, const char *text)
{
	bool line_start = true;
	for (; *text; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			tr_str_add(out, "\\&");
		if (*text == '\\')
			tr_str_add(out, "\\e");
		else if (*text == '-')
			tr_str_add(out, "\\-");
		else
			tr_str_addc(out, *text);
		line_start = *text == '\n';
	}
}

static void add_troff_paragraphs(struct tr_str *out, const char *text)
{
	while (*text) {
		const char *end = strstr(text, "\n\n");
		size_t n = end ? (size_t)(end - text) : strlen(text);
		struct tr_str paragraph;
		tr_str_init(&paragraph, 1 << 16);
		tr_str_addn(&paragraph, text, n);
		tr_str_add(out, ".PP\n");
		add_troff(out, paragraph.ptr ? paragraph.ptr : "");
		tr_str_addc(out, '\n');
		tr_str_clear(&paragraph);
		text += n + (end ? 2 : 0);
	}
}

static void add_troff_options(struct tr_str *out, const struct tr_cli_option *options)
{
	for (; options->name; options++) {
		tr_str_add(out, ".TP\n");
		if (options->letter)
			tr_str_addf(out, "\\fB\\-%c\\fR, ", options->letter);
		tr_str_add(out, "\\fB\\-\\-");
		add_troff(out, options->name);
		tr_str_add(out, "\\fR");
		if (options->placeholder)
			tr_str_addf(out, " \\fI%s\\fR", options->placeholder);
		tr_str_addc(out, '\n');
		add_troff(out, options->help);
		tr_str_addc(out, '\n');
	}
}

static void add_troff_command(struct tr_str *out, const struct tr_cli_command *k)
{
	tr_str_addf(out, ".SS %s %s\n", k->name, k->arguments);
	add_troff_paragraphs(out, k->description);
	add_troff_options(out, k->options);
	for (const struct tr_cli_example *e = k->examples; e->command; e++) {
		tr_str_add(out, ".PP\n");
		add_troff(out, e->help);
		tr_str_add(out, ":\n.RS\n.nf\n");
		add_troff(out, e->command);
		tr_str_add(out, "\n.fi\n.RE\n");
	}
}

static const struct {
	const char *code, *text;
} EXIT_CODES[] = {
	{ "0", "done" },
	{ "1", "anything else: disk full, out of memory, an internal error" },
	{ "2", "fix the configuration or the call" },
	{ "3", "transient: try again" },
	{ "4", "the data broke the contract or a check; nothing was published" },
	{ "5", "some datasets failed, the others are published" },
	{ "130", "interrupted" },
};

static const struct {
	const char *name, *text;
} ENVIRONMENT[] = {
	{ "NO_COLOR", "where it is set and not empty, no colours" },
	{ "PGPASSWORD, PGPASSFILE, PGSERVICE ...", "as for every program on libpq" },
	{ "TMPDIR", "where rows are spilled (limits.temp_dir says otherwise)" },
	{ "XDG_STATE_HOME", "the prompt's history is kept in its tailrace/history (default ~/.local/state)" },
	{ "XDG_CACHE_HOME", "compiled transforms are kept in its tailrace/ (default ~/.cache)" },
};

static void add_man(struct tr_str *out)
{
	tr_str_add(out,
		".\\\" Made by `tailrace help --man`; do not edit.\n"
		".TH TAILRACE 1 \"\" \"tailrace " TR_VERSION "\" \"User Commands\"\n"
		".SH NAME\ntailrace \\- from Postgres to a lake of Parquet that can be queried\n"
		".SH SYNOPSIS\n.B tailrace\n.I COMMAND\n[\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]\n"
		".SH DESCRIPTION\n"
		"tailrace reads Postgres gently and exactly, joins and enriches rows with SQL or typed C, "
		"writes\n"
		"Parquet, publishes it atomically to a lake, and queries what is published.\n"
		".SH OPTIONS\nEvery command takes these, before or after its name.\n");
	add_troff_options(out, tr_cli_global_options);
	tr_str_add(out, ".SH COMMANDS\n");
	for (const struct tr_cli_command *k = tr_cli_commands; k->name; k++)
		add_troff_command(out, k);
	tr_str_add(out, ".SH EXIT STATUS\n");
	for (size_t i = 0; i < sizeof EXIT_CODES / sizeof EXIT_CODES[0]; i++)
		tr_str_addf(out, ".TP\n\\fB%s\\fR\n%s\n", EXIT_CODES[i].code, EXIT_CODES[i].text);
	tr_str_add(out, ".SH ENVIRONMENT\n");
	for (size_t i = 0; i < sizeof ENVIRONMENT / sizeof ENVIRONMENT[0]; i++)
		tr_str_addf(out, ".TP\n\\fB%s\\fR\n%s\n", ENVIRONMENT[i].name, ENVIRONMENT[i].text);
	tr_str_add(out,
		".SH FILES\n.TP\n\\fItailrace.yaml\\fR\nthe configuration, in the current folder\n"
		".TP\n\\fI~/.pgpass\\fR\npasswords of databases, as for every program on libpq\n"
		".SH SEE ALSO\n\\fBpsql\\fR(1)\n");
}

int tr_help_print(struct tr_console *c, const struct tr_cli_command *command)
{
	struct tr_str text;
	tr_str_init(&text, HELP_MAX);
	if (command)
		add_command(c, command, &text);
	else
		add_overview(c, &text);
	return tr_console_print(c, &text);
}

int tr_help_print_man(struct tr_console *c)
{
	struct tr_str text;
	tr_str_init(&text, HELP_MAX);
	add_man(&text);
	return tr_console_print(c, &text);
}
