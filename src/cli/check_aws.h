/* What `check` says of AWS: credentials, region, permissions of a lake in S3. */
#ifndef TR_CLI_CHECK_AWS_H
#define TR_CLI_CHECK_AWS_H

#include "cli/planning.h"
#include "run/permissions.h"

struct tr_check_aws {
	bool tried; /* false: the lake is a folder, or --offline */
	struct tr_lakehouse house;
	struct tr_permissions permissions;
	struct tr_err err; /* what stood in the way of all */
};
/* Look at the lake of the configuration. It stays where it was opened. */
void tr_check_aws_try(struct tr_cli *cli, const struct tr_config *config, bool offline,
	struct tr_check_aws *out);
void tr_check_aws_clear(struct tr_check_aws *a);

/* What the dataset's Glue table shows now, and how its partitions are named, in one line (owned); NULL:
 * not known. */
char *tr_check_aws_table(const struct tr_check_aws *a, const struct tr_plan_dataset *d);

void tr_check_aws_print(struct tr_cli *cli, const struct tr_check_aws *a);
/* null where nothing was tried. */
json_t *tr_check_aws_json(const struct tr_check_aws *a);
/* Print what is wrong; the exit code. */
int tr_check_aws_errors(struct tr_cli *cli, const struct tr_check_aws *a);

#endif
