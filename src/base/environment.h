/* The environment is passed in, so that tests and embedders decide what it says. */
#ifndef TR_BASE_ENVIRONMENT_H
#define TR_BASE_ENVIRONMENT_H

/* Looks a variable up; NULL: not set. What it returns is borrowed while the program runs. */
typedef const char *(*tr_getenv)(void *context, const char *name);

#endif
