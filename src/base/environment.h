/* The environment is passed in, so that tests and embedders decide what it says. */
#ifndef TR_BASE_ENVIRONMENT_H
#define TR_BASE_ENVIRONMENT_H

/* Looks a variable up; NULL: not set. What it returns is borrowed while the program runs. */
typedef const char *(*tr_getenv)(void *context, const char *name);

/* The process's own, for who passes none in. */
const char *tr_environment_process(void *context, const char *name);
/* A variable that says something, by `env` (NULL: the process's); NULL: not set, or empty. */
const char *tr_environment_get(tr_getenv env, void *context, const char *name);

#endif
