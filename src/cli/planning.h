/* From the command line to a plan: configuration, one connection, tr_plan_make. */
#ifndef TR_CLI_PLANNING_H
#define TR_CLI_PLANNING_H

#include "cli/project.h"
#include "plan/config_login.h"
#include "plan/plan.h"

struct tr_planning {
	struct tr_config config;
	struct tr_config_login login;
	struct tr_plan plan;
	char where[256]; /* the database, without secrets; empty where it is not read */
	int server_version;
};

enum tr_planning_purpose {
	TR_PLANNING_LOOK,
	TR_PLANNING_OFFLINE, /* a lake in S3 is not looked at */
	TR_PLANNING_RUN      /* where Postgres can't be reached, what does not need it is planned */
};

/* Everything that goes wrong has been printed; returns the exit code, 0 for success. The
 * connection is closed again: a run opens its own. `options` is borrowed while the plan
 * lives. */
int tr_planning_make(struct tr_cli *cli, const struct tr_plan_options *options,
	enum tr_planning_purpose purpose, struct tr_planning *out);
void tr_planning_clear(struct tr_planning *p);

#endif
