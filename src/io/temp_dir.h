/*
 * A private folder for spilling, below the configured one: 0700, locked while its owner
 * lives, removed at the end; what a killed process left is removed by the next one.
 */
#ifndef TR_IO_TEMP_DIR_H
#define TR_IO_TEMP_DIR_H

#include "base/err.h"

struct tr_temp_dir {
	char path[1024];
	int lock; /* descriptor of its lock file; -1: none */
};

/* Can folders be made in it? (a user's mistake) */
bool tr_temp_dir_check(const char *parent, struct tr_err *err) TR_CHECKED;
/* `name` tells whose it is: letters, digits and `-`. Sweeps dead neighbours first. */
bool tr_temp_dir_init(struct tr_temp_dir *t, const char *parent, const char *name,
	struct tr_err *err) TR_CHECKED;
void tr_temp_dir_clear(struct tr_temp_dir *t);

#endif
