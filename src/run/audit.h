/*
 * The audit of staged files, before anything is published (design.md §2): every footer is
 * read back and compared with what the writer knew, and the dataset's checks are asked of
 * the engine over exactly these files. (Checksums are compared by the commit.)
 */
#ifndef TR_RUN_AUDIT_H
#define TR_RUN_AUDIT_H

#include "lake/lake.h"
#include "plan/plan.h"
#include "run/watch.h"

/* A broken check is TR_ERR_DATA with the count of rows and sample keys. */
bool tr_audit(const struct tr_plan_dataset *d, struct tr_store *store, const struct tr_manifest *m,
	const char *temp_dir, struct tr_watch *watch, struct tr_err *err) TR_CHECKED;

#endif
