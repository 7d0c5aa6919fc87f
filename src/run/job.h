/*
 * A job: one dataset of a run, from its streams to its commit.
 */
#ifndef TR_RUN_JOB_H
#define TR_RUN_JOB_H

#include "run/run.h"
#include "run/spool.h"
#include "run/watch.h"

struct tr_job {
	const struct tr_run_options *options;
	const struct tr_plan_dataset *dataset;
	struct tr_session *session;               /* NULL: Postgres is not read */
	struct tr_snapshot snapshot;              /* the oldest of what the dataset is made of */
	const struct tr_manifest *const *sources; /* the version of each dataset->sources */
	const char *temp_dir, *run_id;
	struct tr_spool *const *spools; /* one a shared input of the plan */
	struct tr_manifest parent;      /* the newest when the run began; version 0: none */
	bool last;                      /* nothing is read from Postgres after this dataset */
	struct tr_watch *watch;
	struct tr_run_dataset_report *report;
};

/* Extract, stage, audit, commit. False: *err; nothing of the job is visible. */
bool tr_job_run(struct tr_job *job, struct tr_err *err) TR_CHECKED;

#endif
