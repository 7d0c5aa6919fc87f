/* Making many files of a folder store durable at once. */
#ifndef TR_IO_LOCAL_SYNC_H
#define TR_IO_LOCAL_SYNC_H

#include "io/local_path.h"

/* fsync every key's file, then the folders above them. Several threads: file systems that
 * commit in groups (ext4, xfs) then pay for a few commits, not for one a file. */
bool tr_local_sync(const struct tr_local_root *root, const char *const *keys, size_t n,
	struct tr_err *err) TR_CHECKED;

#endif
