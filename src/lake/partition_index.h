/*
 * Partitions by the image of their key. The splitter has one of all its partitions, each of its
 * inputs one of those that it has met, which needs no lock.
 */
#ifndef TR_LAKE_PARTITION_INDEX_H
#define TR_LAKE_PARTITION_INDEX_H

#include "base/mem.h"

struct tr_partition;

struct tr_partition_index {
	struct tr_partition **items; /* in the order of their adding; the partitions are borrowed */
	size_t n, cap;
	uint32_t *table; /* hash -> position + 1, 0: free; a power of two of slots */
	size_t slots;
};

#define TR_PARTITION_NONE UINT32_MAX

/* Cleared by the caller, also on failure. */
bool tr_partition_index_init(struct tr_partition_index *x, struct tr_err *err) TR_CHECKED;
void tr_partition_index_clear(struct tr_partition_index *x);
/* The position of the partition with that image; TR_PARTITION_NONE: there is none. */
uint32_t tr_partition_index_find(const struct tr_partition_index *x, const uint8_t *image, size_t len,
	uint64_t hash);
/* Behind the others. No partition with its image may be in it. */
bool tr_partition_index_add(struct tr_partition_index *x, struct tr_partition *p,
	struct tr_err *err) TR_CHECKED;

#endif
