/*
 * The password of a connection from elsewhere: a command that the user names (`pass show shop`),
 * or the text of a stored secret.
 */
#ifndef TR_IO_PG_PASSWORD_H
#define TR_IO_PG_PASSWORD_H

#include "base/mem.h"

/* Run the command by /bin/sh in a folder, with `env` (NAME=value, NULL-terminated) but for
 * DATABASE_URL and PGPASSWORD, and put what it prints into the conninfo: *out, owned, a
 * secret. A conninfo that has a password already, a command that fails, takes longer than
 * 30 s or prints nothing are errors; none of them shows what it printed on stdout. */
bool tr_pg_add_password(const char *conninfo, const char *command, const char *folder, const char *const *env,
	char **out, struct tr_err *err) TR_CHECKED;

/* Put a secret's text into the conninfo: the password alone, or JSON as RDS keeps it (username,
 * password, host, port, dbname), whose other values fill in what the conninfo leaves out.
 * `name` is the secret's, for messages; none shows the text. *out: owned, a secret. */
bool tr_pg_add_secret(const char *conninfo, const char *name, const char *text, char **out,
	struct tr_err *err) TR_CHECKED;

#endif
