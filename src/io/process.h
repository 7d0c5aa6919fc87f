/*
 * Running a program: no shell, an environment that the caller gives whole, its output
 * captured up to a limit, a deadline.
 */
#ifndef TR_IO_PROCESS_H
#define TR_IO_PROCESS_H

#include "base/mem.h"

struct tr_process {
	const char *const *argv; /* argv[0] is a path or looked up on PATH of `env`; NULL-terminated */
	const char *const *env;  /* `NAME=value`; NULL-terminated */
	const char *folder;      /* working directory; NULL: ours */
	int64_t timeout_ms;
};

/* Wait for it. *status is the exit code, 128 + signal where it was killed. Standard output
 * and standard error are appended to out and errors up to their maximum; more is dropped. */
bool tr_process_run(const struct tr_process *p, struct tr_buf *out, struct tr_buf *errors, int *status,
	struct tr_err *err) TR_CHECKED;

/* The entries of an environment that a child may see: all but the variables named in `without`
 * (NULL-terminated). The array is owned, the entries are borrowed. */
const char **tr_process_environment(const char *const *env, const char *const *without,
	struct tr_err *err) TR_CHECKED;

/* Split a command into words as a shell would, of quotes and backslashes only: no variables, no
 * patterns, no operators. *words is NULL-terminated, one block, to be freed with free().
 * Unbalanced quotes, no word at all: a user error that does not show the command. */
bool tr_process_split(const char *command, char ***words, struct tr_err *err) TR_CHECKED;

/* The first executable `name` on a PATH-like list, or `name` itself where it has a `/`. Owned. */
bool tr_process_find(const char *name, const char *path_list, char **out, struct tr_err *err) TR_CHECKED;

#endif
