/*
 * The splitter's shared state: partitions, and the pool of rows gathered for them.
 * Internal to splitter*.c. All of it is under `lock` but for a chunk's content, which
 * nobody changes.
 */
#ifndef TR_LAKE_SPLITTER_POOL_H
#define TR_LAKE_SPLITTER_POOL_H

#include "data/gather.h"
#include "data/stream.h"
#include "lake/partition.h"
#include "lake/partition_index.h"
#include "lake/spill_runs.h"
#include "lake/splitter.h"

#define TR_SLICE_NONE UINT32_MAX
#define TR_OPEN_FILES_MAX 64

/* Rows [start, start + n) of a chunk, all of one partition. */
struct tr_slice {
	uint32_t next, chunk, start, n;
};

struct tr_chunk {
	struct tr_column *columns; /* the files' columns; their buffers lie in the block */
	void *block;
	size_t block_bytes;
	size_t bytes; /* its share of pool_bytes */
};

struct tr_partition {
	uint32_t number;
	uint32_t image_len;
	uint64_t hash;
	char **values;        /* one text a key, NULL for SQL NULL */
	uint32_t first, last; /* slices in the pool */
	size_t bytes;         /* they hold, about */
	struct tr_stage_file file;
	bool open;     /* stands in s->open: its rows go to the file, not to the spill */
	uint64_t used; /* the eviction that last appended to the file */
	uint8_t image[];
};

struct tr_splitter {
	struct tr_stage_files *files;
	const struct tr_schema *schema; /* of the batches */
	int *source;                    /* of each file column: its index in the batches */
	struct tr_gather *gather;       /* one a file column */
	struct tr_cancel *cancel;
	size_t pool_max, segment_bytes, file_memory, open_max;
	int writers;

	pthread_mutex_t lock;
	struct tr_partition_index partitions; /* by number; owned */
	size_t keys_bytes;                    /* what they take, besides the index's table */
	struct tr_chunk *chunks;
	size_t n_chunks, chunks_cap;
	struct tr_slice *slices;
	size_t n_slices, slices_cap;
	size_t pool_bytes; /* chunks in the pool and those being filled */
	uint64_t evictions;
	struct tr_partition *open[TR_OPEN_FILES_MAX]; /* large partitions, whose files are open */
	size_t n_open;
	size_t idle_memory; /* of an open file between row groups: the most that was seen */
	struct tr_spill_runs runs;
};

/* What encoding a partition needs besides: one a thread. */
struct tr_splitter_scratch {
	struct tr_column *columns;
	struct tr_view *views;
	struct tr_buf raw, bytes;
};
bool tr_splitter_scratch_init(struct tr_splitter_scratch *x, const struct tr_splitter *s,
	struct tr_err *err) TR_CHECKED;
void tr_splitter_scratch_clear(struct tr_splitter_scratch *x, const struct tr_splitter *s);

/* The partition with that key image, made where it is new, from `row` of the keys'
 * columns. The pointer stays good. Takes the lock. */
struct tr_partition *tr_splitter_partition(struct tr_splitter *s, const uint8_t *image, size_t len,
	uint64_t hash, const struct tr_view *keys, int64_t row, struct tr_err *err);

/* A place in a partition's slices: begin with { p->first, 0 }. */
struct tr_slice_cursor {
	uint32_t slice; /* TR_SLICE_NONE: the end */
	uint32_t at;    /* rows of it already taken */
};
/* The next batch from there on: up to a segment's bytes. */
bool tr_splitter_gather(const struct tr_splitter *s, struct tr_slice_cursor *cursor,
	struct tr_splitter_scratch *x, struct ArrowArray *out, struct tr_err *err) TR_CHECKED;

/* Append the partition's slices to its file, which is opened where it is not. */
bool tr_splitter_append(struct tr_splitter *s, struct tr_partition *p, struct tr_splitter_scratch *x,
	struct tr_err *err) TR_CHECKED;

/* Empty the pool into files and the spill. Under the lock. */
bool tr_splitter_evict(struct tr_splitter *s, struct tr_err *err) TR_CHECKED;

void tr_chunk_clear(struct tr_chunk *c);

#endif
