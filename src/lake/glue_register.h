/*
 * Registered partitions of a table: brought to what a manifest wants, by batches of 100 (25 for
 * removing), each item's error read.
 */
#ifndef TR_LAKE_GLUE_REGISTER_H
#define TR_LAKE_GLUE_REGISTER_H

#include "lake/glue_call.h"
#include "lake/glue_table.h"

struct tr_glue_registering {
	struct tr_glue *glue;
	const char *dataset, *lake;
	/* Asked before each batch: whether the table is still ours to change. */
	bool (*still)(void *context, bool *still, struct tr_err *err);
	void *context;
	bool touched; /* set once something was sent */
};
/* m NULL: remove them all. *moved: `still` said no, or the table is gone; start over. */
bool tr_glue_register(struct tr_glue_registering *r, const struct tr_manifest *m, json_t *columns,
	bool *moved, struct tr_err *err) TR_CHECKED;

/* Show each partition's location to `visit`. A table that is not there has none. */
bool tr_glue_locations(struct tr_glue *glue, const char *dataset,
	bool (*visit)(void *context, const char *location, struct tr_err *err), void *context,
	struct tr_err *err) TR_CHECKED;

#endif
