/* The end of a test's folder, with all that is in it. */
#ifndef TR_TESTS_REMOVE_FOLDER_H
#define TR_TESTS_REMOVE_FOLDER_H

#include "check.h"

#include <ftw.h>
#include <stdio.h>

static inline int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void remove_folder(const char *path)
{
	assert_int_equal(nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

#endif
