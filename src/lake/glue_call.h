/*
 * Calls of Glue's API for one catalog. Every call may be sent twice: what it was to do is read
 * back by whoever starts over, so a lost reply needs no other care.
 */
#ifndef TR_LAKE_GLUE_CALL_H
#define TR_LAKE_GLUE_CALL_H

#include <pthread.h>

#include "lake/catalog_glue.h"

struct tr_glue {
	struct tr_glue_options options;
	char *endpoint; /* NULL until the first call */
	pthread_mutex_t lock;
	struct tr_catalog catalog;
};

/* Answers that callers handle. */
enum tr_glue_answer {
	TR_GLUE_OK,
	TR_GLUE_NOT_FOUND, /* EntityNotFoundException */
	TR_GLUE_EXISTS,    /* AlreadyExistsException */
	TR_GLUE_CONFLICT,  /* ConcurrentModificationException */
};

/* Call `operation` (`GetTable`) about a dataset's table with the body (taken, also on failure;
 * NULL: memory ran out). DatabaseName is added. *out (owned) may be NULL where the answer is of
 * no interest. *answer says which of the above; any other error answer is a failure. */
bool tr_glue_call(struct tr_glue *glue, const char *operation, const char *dataset, json_t *body,
	json_t **out, enum tr_glue_answer *answer, struct tr_err *err) TR_CHECKED;
/* Wait a little before attempt + 1, at random, longer each time. */
void tr_glue_wait(int attempt);

#endif
