/* Completion scripts, made from the command table. */
#include "cli/cli.h"

#include <string.h>

#define SCRIPT_MAX ((size_t)1 << 20)

static void add_command_names(struct tr_str *out)
{
	for (const struct tr_cli_command *k = tr_cli_commands; k->name; k++)
		tr_str_addf(out, "%s%s", k == tr_cli_commands ? "" : " ", k->name);
}

static void add_option_names(struct tr_str *out, const struct tr_cli_option *options)
{
	for (; options->name; options++)
		tr_str_addf(out, " --%s", options->name);
}

/* ---- bash ---- */

static void add_bash_words(struct tr_str *out, enum tr_cli_value value, const char *choices)
{
	switch (value) {
	case TR_CLI_CHOICE: tr_str_addf(out, "_tailrace_words \"%s\"", choices); break;
	case TR_CLI_FILE: tr_str_add(out, "_tailrace_paths -f"); break;
	case TR_CLI_FOLDER: tr_str_add(out, "_tailrace_paths -d"); break;
	case TR_CLI_DATASET: tr_str_add(out, "_tailrace_words \"$(_tailrace_datasets)\""); break;
	case TR_CLI_COMMAND: tr_str_add(out, "_tailrace_words \"$commands\""); break;
	case TR_CLI_FLAG:
	case TR_CLI_TEXT:
	case TR_CLI_COUNT: tr_str_add(out, ":"); break;
	}
}

static void add_bash_values(struct tr_str *out, const char *command, const struct tr_cli_option *options)
{
	for (; options->name; options++) {
		if (options->value == TR_CLI_FLAG)
			continue;
		tr_str_addf(out, "\t%s:--%s", command, options->name);
		if (options->letter)
			tr_str_addf(out, "|%s:-%c", command, options->letter);
		tr_str_add(out, ") ");
		add_bash_words(out, options->value, options->choices);
		tr_str_add(out, "; return;;\n");
	}
}

static void add_bash(struct tr_str *out)
{
	tr_str_add(out,
		"# bash completion of tailrace\n"
		"_tailrace_words() { COMPREPLY=($(compgen -W \"$1\" -- \"$cur\")); }\n"
		"_tailrace_paths() { compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen \"$1\" -- "
		"\"$cur\")); }\n"
		"_tailrace_datasets() { \"${COMP_WORDS[0]}\" datasets --names \"${context[@]}\" 2>/dev/null; "
		"}\n"
		"_tailrace()\n{\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
		"\tlocal context=() commands=\"");
	add_command_names(out);
	tr_str_add(out,
		"\"\n\tCOMPREPLY=()\n"
		"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		"\t\tcase ${COMP_WORDS[i]} in\n"
		"\t\t-c|--config|--lake) context+=(\"${COMP_WORDS[i]}\" \"${COMP_WORDS[i+1]}\"); ((i++));;\n"
		"\t\t-*) ;;\n"
		"\t\t*) [[ -z $command && \" $commands \" == *\" ${COMP_WORDS[i]} \"* ]] && "
		"command=${COMP_WORDS[i]};;\n"
		"\t\tesac\n\tdone\n"
		"\tcase $command:$prev in\n");
	for (const struct tr_cli_command *k = tr_cli_commands; k->name; k++)
		add_bash_values(out, k->name, k->options);
	add_bash_values(out, "*", tr_cli_global_options);
	tr_str_add(out, "\tesac\n\tif [[ $cur == -* ]]; then\n\t\tlocal options=\"");
	add_option_names(out, tr_cli_global_options);
	tr_str_add(out, "\"\n\t\tcase $command in\n");
	for (const struct tr_cli_command *k = tr_cli_commands; k->name; k++) {
		if (!k->options[0].name)
			continue;
		tr_str_addf(out, "\t\t%s) options+=\"", k->name);
		add_option_names(out, k->options);
		tr_str_add(out, "\";;\n");
	}
	tr_str_add(out,
		"\t\tesac\n\t\t_tailrace_words \"$options\"\n\t\treturn\n\tfi\n\tcase $command in\n"
		"\t'') _tailrace_words \"$commands\";;\n");
	for (const struct tr_cli_command *k = tr_cli_commands; k->name; k++) {
		tr_str_addf(out, "\t%s) ", k->name);
		add_bash_words(out, k->argument, k->argument_choices);
		tr_str_add(out, ";;\n");
	}
	tr_str_add(out, "\tesac\n}\ncomplete -F _tailrace tailrace\n");
}

/* ---- zsh ---- */

/* Text within '...' of an _arguments spec: colons and brackets would end its parts. */
static void add_zsh_text(struct tr_str *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("[]:\\", *text))
			tr_str_addc(out, '\\');
		if (*text == '\'')
			tr_str_add(out, "'\\''");
		else
			tr_str_addc(out, *text);
	}
}

static void add_zsh_action(struct tr_str *out, enum tr_cli_value value, const char *choices)
{
	switch (value) {
	case TR_CLI_CHOICE: tr_str_addf(out, "(%s)", choices); break;
	case TR_CLI_FILE: tr_str_add(out, "_files"); break;
	case TR_CLI_FOLDER: tr_str_add(out, "_files -/"); break;
	case TR_CLI_DATASET: tr_str_add(out, "_tailrace_datasets"); break;
	case TR_CLI_COMMAND: tr_str_add(out, "_tailrace_commands"); break;
	case TR_CLI_FLAG:
	case TR_CLI_TEXT:
	case TR_CLI_COUNT: tr_str_add(out, " "); break;
	}
}

static void add_zsh_options(struct tr_str *out, const struct tr_cli_option *options)
{
	for (; options->name; options++) {
		const char *equals = options->value == TR_CLI_FLAG ? "" : "=";
		if (options->letter)
			tr_str_addf(out, " \\\n\t\t\t'(-%c --%s)'{-%c,--%s%s}'[", options->letter,
				options->name, options->letter, options->name, equals);
		else
			tr_str_addf(out, " \\\n\t\t\t'--%s%s[", options->name, equals);
		add_zsh_text(out, options->help);
		tr_str_addc(out, ']');
		if (options->value != TR_CLI_FLAG) {
			tr_str_addf(out, ":%s:", options->placeholder);
			add_zsh_action(out, options->value, options->choices);
		}
		tr_str_addc(out, '\'');
	}
}

static void add_zsh(struct tr_str *out)
{
	tr_str_add(out,
		"#compdef tailrace\n# zsh completion of tailrace\n"
		"_tailrace_datasets() {\n"
		"\tlocal -a names context\n\tlocal i\n"
		"\tfor ((i = 2; i < CURRENT; i++)); do\n"
		"\t\tcase ${words[i]} in\n"
		"\t\t-c|--config|--lake) context+=(\"${words[i]}\" \"${words[i+1]}\");;\n"
		"\t\tesac\n\tdone\n"
		"\tnames=(${(f)\"$(tailrace datasets --names $context 2>/dev/null)\"})\n"
		"\t_describe dataset names\n}\n"
		"_tailrace_commands() {\n\tlocal -a commands\n\tcommands=(");
	for (const struct tr_cli_command *k = tr_cli_commands; k->name; k++) {
		tr_str_addf(out, "\n\t\t'%s:", k->name);
		add_zsh_text(out, k->summary);
		tr_str_addc(out, '\'');
	}
	tr_str_add(out,
		")\n\t_describe command commands\n}\n"
		"_tailrace() {\n\tlocal curcontext=$curcontext state line\n\ttypeset -A opt_args\n"
		"\t_arguments -C");
	add_zsh_options(out, tr_cli_global_options);
	tr_str_add(out,
		" \\\n\t\t\t'1:command:_tailrace_commands' '*::argument:->argument'\n"
		"\t[[ $state == argument ]] || return\n\tcase $line[1] in\n");
	for (const struct tr_cli_command *k = tr_cli_commands; k->name; k++) {
		tr_str_addf(out, "\t%s)\n\t\t_arguments", k->name);
		add_zsh_options(out, tr_cli_global_options);
		add_zsh_options(out, k->options);
		if (k->argument != TR_CLI_FLAG) {
			tr_str_addf(out, " \\\n\t\t\t'%s:", k->max_arguments < 0 ? "*" : "1");
			add_zsh_text(out, k->arguments);
			tr_str_addc(out, ':');
			add_zsh_action(out, k->argument, k->argument_choices);
			tr_str_addc(out, '\'');
		}
		tr_str_add(out, ";;\n");
	}
	tr_str_add(out,
		"\tesac\n}\n"
		"if [[ $funcstack[1] == _tailrace ]]; then _tailrace \"$@\"; else compdef _tailrace "
		"tailrace; fi\n");
}

/* ---- fish ---- */

static void add_fish_text(struct tr_str *out, const char *text)
{
	tr_str_addc(out, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			tr_str_addc(out, '\\');
		tr_str_addc(out, *text);
	}
	tr_str_addc(out, '\'');
}

static void add_fish_values(struct tr_str *out, enum tr_cli_value value, const char *choices)
{
	switch (value) {
	case TR_CLI_CHOICE: tr_str_addf(out, " -x -a '%s'", choices); break;
	case TR_CLI_FILE: tr_str_add(out, " -r -F"); break;
	case TR_CLI_FOLDER: tr_str_add(out, " -x -a '(__fish_complete_directories)'"); break;
	case TR_CLI_DATASET: tr_str_add(out, " -x -a '(__tailrace_datasets)'"); break;
	case TR_CLI_COMMAND:
		tr_str_add(out, " -x -a '");
		add_command_names(out);
		tr_str_addc(out, '\'');
		break;
	case TR_CLI_TEXT:
	case TR_CLI_COUNT: tr_str_add(out, " -x"); break;
	case TR_CLI_FLAG: break;
	}
}

static void add_fish_options(struct tr_str *out, const char *command, const struct tr_cli_option *options)
{
	for (; options->name; options++) {
		tr_str_add(out, "complete -c tailrace");
		if (command)
			tr_str_addf(out, " -n '__fish_seen_subcommand_from %s'", command);
		if (options->letter)
			tr_str_addf(out, " -s %c", options->letter);
		tr_str_addf(out, " -l %s -d ", options->name);
		add_fish_text(out, options->help);
		add_fish_values(out, options->value, options->choices);
		tr_str_addc(out, '\n');
	}
}

static void add_fish(struct tr_str *out)
{
	tr_str_add(out,
		"# fish completion of tailrace\n"
		"function __tailrace_datasets\n"
		"\tset -l words (commandline -opc)\n\tset -l context\n"
		"\tfor i in (seq (count $words))\n"
		"\t\tif contains -- $words[$i] -c --config --lake\n"
		"\t\t\tset context $context $words[$i] $words[(math $i + 1)]\n"
		"\t\tend\n\tend\n"
		"\ttailrace datasets --names $context 2>/dev/null\nend\n"
		"complete -c tailrace -f\n");
	add_fish_options(out, NULL, tr_cli_global_options);
	for (const struct tr_cli_command *k = tr_cli_commands; k->name; k++) {
		tr_str_addf(out, "complete -c tailrace -n __fish_use_subcommand -a %s -d ", k->name);
		add_fish_text(out, k->summary);
		tr_str_addc(out, '\n');
		add_fish_options(out, k->name, k->options);
		if (k->argument != TR_CLI_FLAG && k->argument != TR_CLI_TEXT) {
			tr_str_addf(out, "complete -c tailrace -n '__fish_seen_subcommand_from %s'", k->name);
			add_fish_values(out, k->argument, k->argument_choices);
			tr_str_addc(out, '\n');
		}
	}
}

int tr_cmd_completion(struct tr_cli *cli, const struct tr_cli_args *args)
{
	const struct {
		const char *name;
		void (*add)(struct tr_str *out);
	} shells[] = { { "bash", add_bash }, { "zsh", add_zsh }, { "fish", add_fish } };
	struct tr_err err = { 0 };
	struct tr_str text;
	tr_str_init(&text, SCRIPT_MAX);
	for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
		if (strcmp(shells[i].name, args->positional[0]) == 0) {
			shells[i].add(&text);
			return tr_console_print(&cli->console, &text);
		}
	}
	tr_err_set(&err, TR_ERR_USER, "no completion for the shell `%s`", args->positional[0]);
	tr_err_hint(&err, "there is one for bash, zsh and fish");
	return tr_console_error(&cli->console, &err);
}
