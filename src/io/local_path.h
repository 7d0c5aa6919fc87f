/*
 * Folders and files under a root folder: what the local store is made of. Paths are
 * keys, relative to `root_fd`; every error names the whole path and what to do.
 */
#ifndef TR_IO_LOCAL_PATH_H
#define TR_IO_LOCAL_PATH_H

#include "io/store.h"

#define TR_TEMP_PREFIX ".tmp-"

struct tr_local_root {
	int fd;
	char *path; /* absolute */
};

/* Set err for a failed system call on `key`: `<action> <path>`, strerror, a hint. */
bool tr_local_errno(const struct tr_local_root *root, int errno_value, const char *action, const char *key,
	struct tr_err *err);
/* Open a new temporary file in the folder of `key`, making that folder where it is
 * missing. temp (TR_KEY_MAX + 64 bytes) is its path relative to the root. */
#define TR_TEMP_MAX (TR_KEY_MAX + 64)
bool tr_local_temp(const struct tr_local_root *root, const char *key, char *temp, int *fd,
	struct tr_err *err) TR_CHECKED;
/* Make the entries of the key's folder, and of those above it up to the root, durable. */
bool tr_local_sync_folders(const struct tr_local_root *root, const char *key, struct tr_err *err) TR_CHECKED;
/* Remove the folders above `key` that are empty, up to but not the root. */
void tr_local_prune(const struct tr_local_root *root, const char *key);

#endif
