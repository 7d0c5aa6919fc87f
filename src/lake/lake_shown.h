/*
 * Which Glue databases have a table of a dataset: a mark `_tailrace/<dataset>/glue/<database>`, put
 * before a table is made or changed. A table may go on showing a version that has left retention,
 * where later ones were published without Glue. So a gc that does not ask that database can't know
 * which files are needed.
 */
#ifndef TR_LAKE_LAKE_SHOWN_H
#define TR_LAKE_LAKE_SHOWN_H

#include "lake/lake.h"

bool tr_lake_mark_shown(const struct tr_lake *lake, const char *dataset, const char *database,
	struct tr_err *err) TR_CHECKED;
/* False, an error of the user: the dataset is shown by a database that the lake's catalog does not ask.
 * With forget such marks are removed instead, or with dry_run left out of account. */
bool tr_lake_check_shown(const struct tr_lake *lake, const char *dataset, bool forget, bool dry_run,
	struct tr_err *err) TR_CHECKED;

#endif
