/* What writing and reading a manifest's JSON share. */
#ifndef TR_LAKE_MANIFEST_JSON_H
#define TR_LAKE_MANIFEST_JSON_H

#include "lake/manifest.h"

#define TR_MANIFEST_FORMAT 1

/* Indexed by enum tr_partition_transform: identity, year, month, day, hour. */
#define TR_PARTITION_TRANSFORMS 5
extern const char *const tr_partition_transforms[TR_PARTITION_TRANSFORMS];

/* The checks that JSON's grammar and types leave: ranges, names, paths, sums. */
bool tr_manifest_check(const struct tr_manifest *m, struct tr_err *err) TR_CHECKED;

#endif
