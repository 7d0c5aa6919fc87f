/*
 * AWS as a configuration says: connections, credentials and region in one value, opened once
 * a command and shared by all that talk to AWS (the lake, its catalog, secrets, Athena).
 */
#ifndef TR_PLAN_CONFIG_AWS_H
#define TR_PLAN_CONFIG_AWS_H

#include "io/aws.h"
#include "plan/config.h"

struct tr_config_aws {
	struct tr_aws aws; /* what clients borrow */
	struct tr_http *http;
	struct tr_aws_credentials *credentials;
	char *region;
};

struct tr_config_aws_options {
	const struct tr_config *config; /* borrowed while it is open; NULL: the environment says it all */
	const struct tr_cancel *cancel; /* borrowed; may be NULL */
	tr_getenv env;                  /* NULL: the process's */
	void *env_context;
};
/* Asks nobody, but for the machine's region where nothing else names one. */
bool tr_config_aws_open(const struct tr_config_aws_options *options, struct tr_config_aws *out,
	struct tr_err *err) TR_CHECKED;
/* Safe to repeat, and after a failure. */
void tr_config_aws_close(struct tr_config_aws *a);

#endif
