/* Listing a local store: the files below a folder, or what is unfinished there. */
#ifndef TR_IO_LOCAL_LIST_H
#define TR_IO_LOCAL_LIST_H

#include "io/local_path.h"

/* prefix is empty or ends in `/`. Links are shown, never followed. A folder that is not
 * there has no files. Files that come or go meanwhile may or may not be shown. */
bool tr_local_list(const struct tr_local_root *root, const char *prefix, bool unfinished,
	struct tr_store_list *out, struct tr_err *err) TR_CHECKED;

#endif
