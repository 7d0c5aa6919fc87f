#include "cli/help.h"

int tr_cmd_help(struct tr_cli *cli, const struct tr_cli_args *args)
{
	struct tr_err err = { 0 };
	if (tr_cli_flag(args, "man"))
		return tr_help_print_man(&cli->console);
	if (args->n == 0)
		return tr_help_print(&cli->console, NULL);
	const struct tr_cli_command *k = tr_cli_command_find(tr_cli_commands, args->positional[0]);
	if (k)
		return tr_help_print(&cli->console, k);
	tr_cli_command_unknown(tr_cli_commands, args->positional[0], &err);
	return tr_console_error(&cli->console, &err);
}
