/* Committing with a hold on an older version: what a rollback needs beside lake.h. */
#ifndef TR_LAKE_COMMIT_H
#define TR_LAKE_COMMIT_H

#include "lake/lake.h"

/* As tr_lake_commit; where holds is not 0 the files are those of that version: gc is
 * kept from them, and each must be there whole, whatever else lies beside it. */
bool tr_lake_commit_held(const struct tr_lake *lake, struct tr_manifest *m, uint64_t holds,
	const struct tr_publish_steps *steps, bool *refused, struct tr_err *err) TR_CHECKED;

#endif
