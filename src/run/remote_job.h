/*
 * The part of a job that Trino or Athena does: the dataset's statement runs there and writes the
 * files of the run; they become the manifest's.
 */
#ifndef TR_RUN_REMOTE_JOB_H
#define TR_RUN_REMOTE_JOB_H

#include "run/job.h"

/*
 * Exactness: the engine reads what Glue shows. So Glue must show the versions that the run has
 * pinned, before the statement and after it; versions only grow, so that it showed them all the
 * time. Types: the statement's own are asked for first (a result of no rows) and held against the
 * contract as those of any statement; then the files' footers must be of the contract's types.
 *
 * Fills m->files, and m->engine, m->stored. What a failure leaves of files is removed as far as
 * possible; the temporary table is dropped, and one of a killed run is dropped by the next run of
 * the dataset.
 */
bool tr_remote_job(struct tr_job *job, struct tr_manifest *m, struct tr_err *err) TR_CHECKED;

#endif
