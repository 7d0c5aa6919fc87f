/* The source's password from `source.password_command`, just before a connection is made. */
#ifndef TR_PLAN_CONFIG_PASSWORD_H
#define TR_PLAN_CONFIG_PASSWORD_H

#include "plan/config.h"

/* Put what the command prints into config->source.url. Without a command: nothing to do.
 * `env` is what the command inherits (NAME=value, NULL-terminated). Safe to repeat: the
 * command is asked once. */
bool tr_config_add_password(struct tr_config *config, const char *const *env, struct tr_err *err) TR_CHECKED;

#endif
