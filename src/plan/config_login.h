/*
 * How connections to the source sign in: by what source.url says, with the password of
 * source.password_command or source.secret put into it, or by source.iam_auth, a token that is
 * made anew for each connection.
 */
#ifndef TR_PLAN_CONFIG_LOGIN_H
#define TR_PLAN_CONFIG_LOGIN_H

#include "io/rds_login.h"
#include "plan/config_aws.h"

/* It is pointed at from within: it stays where it was opened. Zeroed before the first use. */
struct tr_config_login {
	const char *conninfo;            /* for tr_pg_open; a secret */
	const struct tr_pg_login *login; /* for tr_pg_open; NULL: the conninfo says it all */
	char *own_conninfo;
	struct tr_rds_login *rds;
	struct tr_config_aws aws; /* of `secret` and `iam_auth` */
};

struct tr_config_login_options {
	const struct tr_config *config; /* borrowed while it is open */
	const char *const *child_env;   /* what a password_command inherits (NAME=value, NULL-terminated) */
	const struct tr_cancel *cancel; /* borrowed; may be NULL */
	tr_getenv env;                  /* NULL: the process's */
	void *env_context;
};
/* Runs the command, or asks Secrets Manager, once; or checks what iam_auth needs. */
bool tr_config_login_open(const struct tr_config_login_options *options, struct tr_config_login *out,
	struct tr_err *err) TR_CHECKED;
/* The connection that plans (tr_plan_make), by an open login. */
bool tr_config_login_connect(const struct tr_config_login *l, const struct tr_cancel *cancel,
	struct tr_pg **out, struct tr_err *err) TR_CHECKED;
/* Safe to repeat, and after a failure. */
void tr_config_login_close(struct tr_config_login *l);

#endif
