/*
 * Names of published datasets and columns: `[a-z_][a-z0-9_]*`, at most 128 bytes;
 * a dataset's does not begin with `_`.
 */
#ifndef TR_DATA_NAME_H
#define TR_DATA_NAME_H

#include "base/err.h"

#define TR_NAME_MAX 128

bool tr_name_is_column(const char *name);
bool tr_name_is_dataset(const char *name);
/* The proposal for a source's name: `userId` -> `user_id`, `Straße 2` -> `stra_e_2`.
 * out has TR_NAME_MAX + 1 bytes. The result always satisfies tr_name_is_column. */
void tr_name_propose(const char *source, char *out);
/* The candidate nearest to `name` (edit distance with transpositions, at most a third
 * of its length, ignoring case), or NULL. */
const char *tr_name_closest(const char *name, const char *const *candidates, size_t n);

#endif
