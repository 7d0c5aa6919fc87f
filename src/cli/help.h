/* The help texts and the man page, all of them made from the command table. */
#ifndef TR_CLI_HELP_H
#define TR_CLI_HELP_H

#include "cli/cli.h"

/* Print what `tailrace help NAME` says; NULL: what `tailrace` alone says. The exit code. */
int tr_help_print(struct tr_console *c, const struct tr_cli_command *command);
/* Print tailrace(1) in man(7) macros. */
int tr_help_print_man(struct tr_console *c);

#endif
