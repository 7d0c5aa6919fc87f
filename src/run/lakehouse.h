/*
 * The lake of a configuration, opened: store, catalog, and for S3 what reaches AWS. The one
 * place where a location becomes a lake, for the program and the library alike.
 */
#ifndef TR_RUN_LAKEHOUSE_H
#define TR_RUN_LAKEHOUSE_H

#include "lake/catalog_glue.h"
#include "lake/lake.h"
#include "plan/config_aws.h"

/* It is pointed at from within: it stays where it was opened. */
struct tr_lakehouse {
	struct tr_lake lake; /* its events are the caller's to set */
	struct tr_store *store;
	/* For a lake in S3; else all zero. */
	struct tr_config_aws aws;
	char *s3_endpoint;
	struct tr_s3_reading reading;
	struct tr_glue *glue; /* NULL: catalog local */
	struct tr_glue_table *tables;
	struct tr_glue_doc *docs;
};

struct tr_lakehouse_options {
	const struct tr_config *config; /* borrowed while it is open; NULL: `location` and the environment */
	const char *location;           /* NULL: the configuration's */
	bool create;                    /* make the folder of a local lake */
	const struct tr_cancel *cancel; /* borrowed; may be NULL */
	tr_getenv env;                  /* NULL: the process's */
	void *env_context;
};
/* A lake in S3 is not asked for anything yet. */
bool tr_lakehouse_open(const struct tr_lakehouse_options *options, struct tr_lakehouse *out,
	struct tr_err *err) TR_CHECKED;
/* Safe to repeat, and after a failure. */
void tr_lakehouse_close(struct tr_lakehouse *l);

#endif
