/*
 * Extraction: from a dataset's plan and an open session to a stream of its published
 * rows (contract applied). What the stream needs (an engine, its inputs) it owns.
 */
#ifndef TR_RUN_EXTRACT_H
#define TR_RUN_EXTRACT_H

#include "plan/plan.h"
#include "run/spool.h"
#include "run/watch.h"

struct tr_extract {
	const struct tr_plan *plan;
	const struct tr_plan_dataset *dataset;
	struct tr_session *session;
	const struct tr_manifest *const *sources; /* the version of each dataset->sources */
	struct tr_store *store;                   /* where they are */
	const char *temp_dir;
	struct tr_spool *const *spools; /* one a shared input of the plan */
	struct tr_watch *watch;         /* its counters are added to, its engine is set while one works */
};

/* The stream of one worker: `worker` of dataset->workers (straight copies of large tables
 * are split by pages; everything else has one). It reads ahead in threads of its own. */
bool tr_extract_open(const struct tr_extract *x, int worker, struct ArrowArrayStream *out,
	struct tr_err *err) TR_CHECKED;

#endif
