/* What `check` says of AWS: credentials, region, permissions of a lake in S3. */
#ifndef TR_CLI_CHECK_AWS_H
#define TR_CLI_CHECK_AWS_H

#include "cli/planning.h"
#include "run/permissions.h"

struct tr_check_aws {
	const struct tr_config_aws *aws; /* of the lake, else of the source; NULL: neither uses AWS */
	struct tr_lakehouse house;       /* its store is NULL: the lake is a folder, or --offline */
	struct tr_permissions permissions;
	struct tr_err err; /* what stood in the way of all */
};
/* Look at the lake of the configuration; `planning` is borrowed. It stays where it was opened. */
void tr_check_aws_try(struct tr_cli *cli, const struct tr_planning *planning, bool offline,
	struct tr_check_aws *out);
void tr_check_aws_clear(struct tr_check_aws *a);

/* What the dataset's Glue table shows now, and how its partitions are named, in one line (owned); NULL:
 * not known. */
char *tr_check_aws_table(const struct tr_check_aws *a, const struct tr_plan_dataset *d);

void tr_check_aws_print(struct tr_cli *cli, const struct tr_check_aws *a);
/* null where AWS is not used, or not looked at. */
json_t *tr_check_aws_json(const struct tr_check_aws *a);
/* Print what is wrong; the exit code. */
int tr_check_aws_errors(struct tr_cli *cli, const struct tr_check_aws *a);

#endif
