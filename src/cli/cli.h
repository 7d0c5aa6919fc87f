/*
 * The command line program. Commands are entries of one table (commands.c); each has its
 * function in a cmd_<name>.c of its own, which prints and returns the exit code
 * (docs: reference, exit codes).
 */
#ifndef TR_CLI_CLI_H
#define TR_CLI_CLI_H

#include "base/cancel.h"
#include "cli/args.h"
#include "cli/console.h"

struct tr_cli {
	struct tr_console console;
	const char *config_path; /* `tailrace.yaml` where -c does not say */
	struct tr_cancel cancel; /* raised by SIGINT and SIGTERM */
};

/* The whole program; argv as main got it. */
int tr_cli_main(int argc, char **argv);

/* All commands in the order of help; ends with name NULL. */
extern const struct tr_cli_command tr_cli_commands[];

int tr_cmd_init(struct tr_cli *cli, const struct tr_cli_args *args);
int tr_cmd_check(struct tr_cli *cli, const struct tr_cli_args *args);
int tr_cmd_run(struct tr_cli *cli, const struct tr_cli_args *args);
int tr_cmd_query(struct tr_cli *cli, const struct tr_cli_args *args);
int tr_cmd_datasets(struct tr_cli *cli, const struct tr_cli_args *args);
int tr_cmd_status(struct tr_cli *cli, const struct tr_cli_args *args);
int tr_cmd_history(struct tr_cli *cli, const struct tr_cli_args *args);
int tr_cmd_rollback(struct tr_cli *cli, const struct tr_cli_args *args);
int tr_cmd_verify(struct tr_cli *cli, const struct tr_cli_args *args);
int tr_cmd_gc(struct tr_cli *cli, const struct tr_cli_args *args);
int tr_cmd_gen(struct tr_cli *cli, const struct tr_cli_args *args);
int tr_cmd_build(struct tr_cli *cli, const struct tr_cli_args *args);
int tr_cmd_policy(struct tr_cli *cli, const struct tr_cli_args *args);
int tr_cmd_completion(struct tr_cli *cli, const struct tr_cli_args *args);
int tr_cmd_help(struct tr_cli *cli, const struct tr_cli_args *args);

#endif
