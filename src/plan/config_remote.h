/*
 * The engines elsewhere as a configuration says: Athena or Trino, opened.
 */
#ifndef TR_PLAN_CONFIG_REMOTE_H
#define TR_PLAN_CONFIG_REMOTE_H

#include "engine/trino.h"
#include "plan/config_aws.h"

struct tr_config_remote_options {
	const struct tr_config *config; /* borrowed while it is open */
	const char *engine;             /* `athena` or `trino` */
	const struct tr_aws *aws;       /* for Athena; borrowed; NULL: one of its own is opened */
	bool repeatable;                /* as struct tr_trino_options */
	/* Of Trino, behind the configuration's own, which go before; needed by the open only. */
	const struct tr_trino_property *session;
	size_t n_session;
	struct tr_events events;
	const struct tr_cancel *cancel; /* borrowed; ends a statement; may be NULL */
	tr_getenv env;                  /* NULL: the process's */
	void *env_context;
};

/* It is pointed at from within: it stays where it was opened. */
struct tr_config_remote {
	struct tr_remote *remote;
	struct tr_config_aws own;
};
/* Connects to nothing yet. */
bool tr_config_remote_open(const struct tr_config_remote_options *options, struct tr_config_remote *out,
	struct tr_err *err) TR_CHECKED;
/* Safe to repeat, and after a failure. */
void tr_config_remote_close(struct tr_config_remote *r);

/* The word names an engine elsewhere. */
bool tr_config_is_remote(const char *engine);

#endif
