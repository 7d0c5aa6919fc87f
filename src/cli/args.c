#include "cli/args.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/name.h"

#define NAMES_MAX 64

const struct tr_cli_command *tr_cli_command_find(const struct tr_cli_command *commands, const char *name)
{
	for (; commands->name; commands++)
		if (strcmp(commands->name, name) == 0)
			return commands;
	return NULL;
}

bool tr_cli_command_unknown(const struct tr_cli_command *commands, const char *name, struct tr_err *err)
{
	const char *names[NAMES_MAX];
	size_t n = 0;
	for (; commands[n].name && n < NAMES_MAX; n++)
		names[n] = commands[n].name;
	tr_err_set(err, TR_ERR_USER, "`%s` is not a command of tailrace", name);
	const char *closest = tr_name_closest(name, names, n);
	if (closest)
		return tr_err_hint(err, "did you mean `tailrace %s`? `tailrace help` lists all commands",
			closest);
	return tr_err_hint(err, "`tailrace help` lists all commands");
}

/* One list of options and where their values go. */
struct option_set {
	const struct tr_cli_option *options;
	const char **values;
};

static int find_long(const struct tr_cli_option *options, const char *name, size_t len)
{
	for (int i = 0; options && options[i].name; i++)
		if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0)
			return i;
	return -1;
}

static int find_letter(const struct tr_cli_option *options, char letter)
{
	for (int i = 0; options && options[i].name; i++)
		if (options[i].letter == letter)
			return i;
	return -1;
}

static bool unknown_option(const struct option_set *sets, const struct tr_cli_command *command,
	const char *given, struct tr_err *err)
{
	const char *names[NAMES_MAX];
	size_t n = 0;
	for (size_t s = 0; s < 2; s++)
		for (int i = 0; sets[s].options && sets[s].options[i].name && n < NAMES_MAX; i++)
			names[n++] = sets[s].options[i].name;
	char name[128];
	tr_copy_text(name, sizeof name, given + strspn(given, "-"));
	name[strcspn(name, "=")] = '\0';
	tr_err_set(err, TR_ERR_USER, "unknown option `%s%s`", given[1] == '-' ? "--" : "-", name);
	const char *closest = tr_name_closest(name, names, n);
	const char *of = command ? command->name : "";
	if (closest)
		return tr_err_hint(err, "did you mean `--%s`? `tailrace help%s%s` shows all options", closest,
			of[0] ? " " : "", of);
	return tr_err_hint(err, "`tailrace help%s%s` shows all options", of[0] ? " " : "", of);
}

static bool check_choice(const struct tr_cli_option *o, const char *value, struct tr_err *err)
{
	char list[256];
	const char *names[16];
	size_t n = 0;
	tr_copy_text(list, sizeof list, o->choices);
	char *rest = NULL;
	for (char *name = strtok_r(list, " ", &rest); name && n < 16; name = strtok_r(NULL, " ", &rest)) {
		if (strcmp(name, value) == 0)
			return true;
		names[n++] = name;
	}
	tr_err_set(err, TR_ERR_USER, "--%s cannot be `%s`", o->name, value);
	const char *closest = tr_name_closest(value, names, n);
	if (closest)
		return tr_err_hint(err, "did you mean `%s`? It is one of: %s", closest, o->choices);
	return tr_err_hint(err, "it is one of: %s", o->choices);
}

static bool check_value(const struct tr_cli_option *o, const char *value, struct tr_err *err)
{
	if (o->value == TR_CLI_CHOICE)
		return check_choice(o, value, err);
	if (o->value == TR_CLI_COUNT &&
		(!value[0] || strspn(value, "0123456789") != strlen(value) || strlen(value) > 12)) {
		tr_err_set(err, TR_ERR_USER, "--%s wants a number, not `%s`", o->name, value);
		return tr_err_hint(err, "write a whole number that is not negative");
	}
	return true;
}

/* Take option `i` of a set; `inline_value` stands after = or behind the letter. */
static bool take(const struct option_set *set, int i, const char *inline_value, int argc, char **argv,
	int *at, struct tr_err *err)
{
	const struct tr_cli_option *o = &set->options[i];
	const char *value = inline_value;
	if (o->value == TR_CLI_FLAG) {
		if (value) {
			tr_err_set(err, TR_ERR_USER, "--%s takes no value", o->name);
			return tr_err_hint(err, "write `--%s` alone", o->name);
		}
		value = "";
	} else if (!value) {
		if (*at + 1 >= argc) {
			tr_err_set(err, TR_ERR_USER, "--%s wants a value", o->name);
			return tr_err_hint(err, "write `--%s %s`", o->name, o->placeholder);
		}
		value = argv[++*at];
	}
	if (!check_value(o, value, err))
		return false;
	set->values[i] = value;
	return true;
}

static bool take_long(const struct option_set *sets, const struct tr_cli_command *command, int argc,
	char **argv, int *at, struct tr_err *err)
{
	const char *name = argv[*at] + 2;
	size_t len = strcspn(name, "=");
	const char *value = name[len] == '=' ? name + len + 1 : NULL;
	for (size_t s = 0; s < 2; s++) {
		int i = find_long(sets[s].options, name, len);
		if (i >= 0)
			return take(&sets[s], i, value, argc, argv, at, err);
	}
	return unknown_option(sets, command, argv[*at], err);
}

/* `-q`, `-qv`, `-c FILE`, `-cFILE`. */
static bool take_letters(const struct option_set *sets, const struct tr_cli_command *command, int argc,
	char **argv, int *at, struct tr_err *err)
{
	const char *word = argv[*at];
	for (size_t k = 1; word[k]; k++) {
		bool found = false;
		for (size_t s = 0; s < 2 && !found; s++) {
			int i = find_letter(sets[s].options, word[k]);
			if (i < 0)
				continue;
			found = true;
			bool flag = sets[s].options[i].value == TR_CLI_FLAG;
			const char *value = !flag && word[k + 1] ? word + k + 1 : NULL;
			if (!take(&sets[s], i, value, argc, argv, at, err))
				return false;
			if (!flag)
				return true;
		}
		if (!found)
			return unknown_option(sets, command, word, err);
	}
	return true;
}

bool tr_cli_args_check(const struct tr_cli_args *args, struct tr_err *err)
{
	const struct tr_cli_command *c = args->command;
	if (args->n < (size_t)c->min_arguments) {
		tr_err_set(err, TR_ERR_USER, "`tailrace %s` wants %s", c->name, c->arguments);
		return tr_err_hint(err, "usage: tailrace %s %s; `tailrace help %s` has examples", c->name,
			c->arguments, c->name);
	}
	if (c->max_arguments >= 0 && args->n > (size_t)c->max_arguments) {
		tr_err_set(err, TR_ERR_USER, "`tailrace %s` does not take `%s`", c->name,
			args->positional[c->max_arguments]);
		return tr_err_hint(err, "usage: tailrace %s %s; `tailrace help %s` has examples", c->name,
			c->arguments, c->name);
	}
	return true;
}

bool tr_cli_args_parse(const struct tr_cli_command *commands, int argc, char **argv,
	const char *globals[TR_CLI_GLOBALS_MAX], struct tr_cli_args *args, struct tr_err *err)
{
	memset(args, 0, sizeof *args);
	memset(globals, 0, TR_CLI_GLOBALS_MAX * sizeof *globals);
	args->positional = tr_calloc((size_t)argc + 1, sizeof *args->positional, err);
	if (!args->positional)
		return false;
	struct option_set sets[2] = { { tr_cli_global_options, globals }, { NULL, args->values } };
	bool plain = false; /* after `--` all is positional */
	for (int at = 1; at < argc; at++) {
		const char *word = argv[at];
		if (!plain && strcmp(word, "--") == 0) {
			plain = true;
		} else if (!plain && word[0] == '-' && word[1] == '-') {
			if (!take_long(sets, args->command, argc, argv, &at, err))
				return false;
		} else if (!plain && word[0] == '-' && word[1]) {
			if (!take_letters(sets, args->command, argc, argv, &at, err))
				return false;
		} else if (!args->command) {
			args->command = tr_cli_command_find(commands, word);
			if (!args->command)
				return tr_cli_command_unknown(commands, word, err);
			sets[1].options = args->command->options;
		} else {
			args->positional[args->n++] = word;
		}
	}
	return true;
}

void tr_cli_args_clear(struct tr_cli_args *args)
{
	free(args->positional);
	memset(args, 0, sizeof *args);
}

const char *tr_cli_value(const struct tr_cli_args *args, const char *name)
{
	int i = find_long(args->command->options, name, strlen(name));
	return i < 0 ? NULL : args->values[i];
}

bool tr_cli_flag(const struct tr_cli_args *args, const char *name)
{
	return tr_cli_value(args, name) != NULL;
}

int64_t tr_cli_count(const struct tr_cli_args *args, const char *name, int64_t otherwise)
{
	const char *value = tr_cli_value(args, name);
	return value ? strtoll(value, NULL, 10) : otherwise;
}
