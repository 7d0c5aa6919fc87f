/* The prompt's own commands. */
#include <string.h>

#include "cli/project.h"
#include "cli/prompt.h"
#include "cli/table.h"
#include "cli/units.h"
#include "data/name.h"

static const char *const FORMATS[] = { "table", "csv", "json", "jsonl", "markdown" };
#define N_FORMATS (sizeof FORMATS / sizeof FORMATS[0])

static bool list_datasets(struct tr_prompt *p, struct tr_err *err)
{
	char **names = NULL, text[TR_UNITS_TEXT];
	size_t n = 0;
	struct tr_table t;
	if (!tr_lake_datasets(p->options.lake, &names, &n, err))
		return false;
	tr_table_init(&t, (size_t)64 << 20);
	const char *const heads[] = { "dataset", "version", "rows", "size", "columns" };
	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
		tr_table_column(&t, heads[i], NULL, i > 0);
	bool ok = true;
	for (size_t i = 0; ok && i < n; i++) {
		struct tr_manifest m;
		tr_manifest_init(&m);
		ok = tr_project_manifest(p->options.lake, names[i], 0, &m, err);
		if (ok) {
			tr_table_text(&t, names[i]);
			tr_table_textf(&t, "%llu", (unsigned long long)m.version);
			tr_table_text(&t, tr_units_count(m.rows, text));
			tr_table_text(&t, tr_units_bytes(m.bytes, text));
			tr_table_textf(&t, "%zu", m.schema.n + m.n_keys);
		}
		tr_manifest_clear(&m);
	}
	ok = ok && tr_table_print(&t, &p->cli->console, p->cli->console.out, 0, err);
	tr_table_clear(&t);
	tr_names_free(names, n);
	return ok;
}

static bool describe_dataset(struct tr_prompt *p, const char *name, struct tr_err *err)
{
	struct tr_manifest m;
	struct tr_schema schema;
	struct tr_table t;
	tr_manifest_init(&m);
	tr_schema_init(&schema);
	tr_table_init(&t, (size_t)64 << 20);
	const char *const heads[] = { "column", "type", "null", "description" };
	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
		tr_table_column(&t, heads[i], NULL, false);
	bool ok = tr_project_manifest(p->options.lake, name, 0, &m, err) &&
		tr_manifest_columns(&m, &schema, err);
	for (size_t i = 0; ok && i < schema.n; i++) {
		const struct tr_field *f = &schema.fields[i];
		char type[TR_TYPE_TEXT];
		tr_table_text(&t, f->name);
		tr_table_text(&t, tr_type_format(f->type, type));
		tr_table_text(&t, f->nullable ? "yes" : "no");
		if (i >= schema.n - m.n_keys)
			tr_table_text(&t, "partition column");
		else
			tr_table_text(&t, f->doc);
	}
	ok = ok && tr_table_print(&t, &p->cli->console, p->cli->console.out, 0, err);
	tr_table_clear(&t);
	tr_schema_clear(&schema);
	tr_manifest_clear(&m);
	return ok;
}

static bool command_d(struct tr_prompt *p, const char *argument, struct tr_err *err)
{
	return argument[0] ? describe_dataset(p, argument, err) : list_datasets(p, err);
}

static bool command_q(struct tr_prompt *p, const char *argument, struct tr_err *err)
{
	(void)argument;
	(void)err;
	p->leave = true;
	return true;
}

static bool command_format(struct tr_prompt *p, const char *argument, struct tr_err *err)
{
	for (size_t i = 0; i < N_FORMATS; i++) {
		if (strcmp(FORMATS[i], argument) == 0) {
			snprintf(p->format, sizeof p->format, "%s", argument);
			return true;
		}
	}
	if (!argument[0]) {
		fprintf(p->cli->console.out, "the format is %s\n", p->format);
		return true;
	}
	tr_err_set(err, TR_ERR_USER, "`%s` is no format of the prompt", argument);
	const char *closest = tr_name_closest(argument, FORMATS, N_FORMATS);
	if (closest)
		return tr_err_hint(err, "did you mean `%s`?", closest);
	return tr_err_hint(err, "it is one of: table, csv, json, jsonl, markdown");
}

static bool command_timing(struct tr_prompt *p, const char *argument, struct tr_err *err)
{
	(void)argument;
	(void)err;
	p->timing = !p->timing;
	fprintf(p->cli->console.out, "timing is %s\n", p->timing ? "on" : "off");
	return true;
}

static bool command_help(struct tr_prompt *p, const char *argument, struct tr_err *err);

static const struct {
	const char *name, *help;
	bool (*run)(struct tr_prompt *p, const char *argument, struct tr_err *err);
} COMMANDS[] = {
	{ "\\d", "\\d            list the datasets;  \\d NAME: a dataset's columns", command_d },
	{ "\\format", "\\format NAME  table, csv, json, jsonl or markdown", command_format },
	{ "\\timing", "\\timing       show how long statements take, or no longer", command_timing },
	{ "\\q", "\\q            leave (Ctrl-D does too)", command_q },
	{ "\\?", "\\?            this help", command_help },
};
#define N_COMMANDS (sizeof COMMANDS / sizeof COMMANDS[0])

const char *const tr_prompt_commands[] = { "\\?", "\\d", "\\format", "\\q", "\\timing", NULL };

static bool command_help(struct tr_prompt *p, const char *argument, struct tr_err *err)
{
	(void)argument;
	(void)err;
	FILE *out = p->cli->console.out;
	fputs("A statement is one SELECT and ends with ;  It may have several lines.\n"
	      "Tab completes names, Ctrl-R searches the history, Ctrl-C cancels the statement.\n",
		out);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "%s\n", COMMANDS[i].help);
	return true;
}

void tr_prompt_command(struct tr_prompt *p, const char *line)
{
	struct tr_err err = { 0 };
	char name[32], argument[TR_NAME_MAX + 32];
	size_t n = strcspn(line, " \t\r\n;");
	snprintf(name, sizeof name, "%.*s", (int)n, line);
	const char *rest = line + n + strspn(line + n, " \t");
	snprintf(argument, sizeof argument, "%.*s", (int)strcspn(rest, " \t\r\n;"), rest);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(COMMANDS[i].name, name) == 0) {
			if (!COMMANDS[i].run(p, argument, &err))
				tr_console_error(&p->cli->console, &err);
			return;
		}
	}
	tr_err_set(&err, TR_ERR_USER, "`%s` is no command of the prompt", name);
	tr_err_hint(&err, "\\? lists them");
	tr_console_error(&p->cli->console, &err);
}
