/*
 * Partition keys of a batch's rows, bound once per key: the raw bytes by which rows
 * are told apart (cheap: numbers, not texts). The texts are made once per partition,
 * by tr_partition_value.
 */
#ifndef TR_LAKE_PARTITION_H
#define TR_LAKE_PARTITION_H

#include "lake/stage.h"

/* The most that tr_partition_image_fn writes. */
#define TR_PARTITION_IMAGE (TR_PARTITION_TEXT + 8)

/* Write what distinguishes the key's value in `row` from every other value; 0 where it
 * is too long to be a key. */
typedef size_t tr_partition_image_fn(const struct tr_view *column, int64_t row, uint8_t *out);

/* The function for a key over a column of that type (tr_partition_allowed). */
tr_partition_image_fn *tr_partition_image(struct tr_type type, enum tr_partition_transform transform);

#endif
