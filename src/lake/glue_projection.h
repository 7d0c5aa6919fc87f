/*
 * Partition projection: whether a table's parameters can name exactly the partitions of a
 * manifest, and those parameters. Pure functions of the manifest.
 *
 * The rules are the ones that Athena and Trino share. A key is projected as
 *   enum     a string column, up to 5,000 values, each listed;
 *   integer  an int or bigint column, from its least to its largest value by their common step;
 *   date     a date column, or more than 5,000 values of day() or hour(), in the same way.
 * Every value must stand in the folder's name as it is ([A-Za-z0-9._-]+), none may be null.
 * What is projected but not published is an empty location, which answers zero rows and costs
 * a listing: at most half of a range may be such, and of the product of several keys at most
 * nine tenths where it is beyond 1,000.
 */
#ifndef TR_LAKE_GLUE_PROJECTION_H
#define TR_LAKE_GLUE_PROJECTION_H

#include <jansson.h>

#include "lake/manifest.h"

#define TR_GLUE_ENUM_MAX 5000         /* values listed for one key */
#define TR_GLUE_ENUM_BYTES_MAX 500000 /* of one parameter; Glue takes 512,000 */
#define TR_GLUE_PROJECTED_MAX 1000000 /* Trino's hive.max-partitions-per-scan */
#define TR_GLUE_PROJECTED_FREE 1000   /* so many locations may be listed for nothing */
#define TR_GLUE_PROJECTED_TIMES 10    /* beyond that: at most so many for each published one */

/* One file of each partition, sorted by its values. An unpartitioned manifest with files is
 * one partition of no values. Borrows the manifest. */
struct tr_glue_parts {
	const struct tr_manifest_file **items;
	size_t n;
	const struct tr_manifest_file *split; /* a file beside others of its partition, not in their folder */
};
bool tr_glue_parts_find(const struct tr_manifest *m, struct tr_glue_parts *out,
	struct tr_err *err) TR_CHECKED;
void tr_glue_parts_clear(struct tr_glue_parts *parts);
/* Length of the path up to and with the last `/`: the file's folder. */
size_t tr_glue_folder_len(const char *path);

enum tr_glue_axis_kind { TR_GLUE_ENUM, TR_GLUE_INTEGER, TR_GLUE_DAYS, TR_GLUE_HOURS };
struct tr_glue_axis {
	const struct tr_partition_key *key;
	enum tr_glue_axis_kind kind;
	const char **values; /* distinct, sorted as texts; borrowed from the manifest */
	size_t n;
	int64_t low, high, step; /* of a range: numbers, days or hours since 1970 */
};
struct tr_glue_axes {
	struct tr_glue_axis *items;
	size_t n; /* 0: no partition is published, nothing need be projected */
	bool possible;
	struct tr_str reason; /* what is used, or why nothing can be */
};
bool tr_glue_axes_find(const struct tr_manifest *m, const struct tr_glue_parts *parts,
	struct tr_glue_axes *out, struct tr_err *err) TR_CHECKED;
/* Add `projection.*` and `storage.location.template`; `lake` is s3://bucket/prefix, no slash at its end. */
bool tr_glue_axes_parameters(const struct tr_glue_axes *axes, const struct tr_manifest *m, const char *lake,
	json_t *parameters, struct tr_err *err) TR_CHECKED;
void tr_glue_axes_clear(struct tr_glue_axes *axes);

/* Why keys of this kind can't be projected, whatever their values; NULL: they can. */
const char *tr_glue_axis_never(const struct tr_partition_key *key);

#endif
