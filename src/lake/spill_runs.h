/*
 * Sorted runs in a spill file: each time memory is full, one segment or more for
 * every partition that has rows, in ascending order of the partitions' numbers, and
 * then the run's index. At the end the runs are read side by side, partition by
 * partition. The index lies in the file: memory does not grow with the number of segments.
 */
#ifndef TR_LAKE_SPILL_RUNS_H
#define TR_LAKE_SPILL_RUNS_H

#include "io/spill_file.h"

struct tr_spill_run;
struct tr_spill_runs {
	struct tr_spill_file file;
	struct tr_spill_run *runs;
	size_t n, cap;
	struct tr_buf index; /* of the run being written */
	uint64_t run_start;
	size_t cursor_entries; /* how many index entries a cursor holds */
};

void tr_spill_runs_init(struct tr_spill_runs *r, const char *temp_dir, uint64_t limit);
void tr_spill_runs_clear(struct tr_spill_runs *r);

/* A segment of partition `number`, which is not smaller than the last one's of this run. */
bool tr_spill_runs_add(struct tr_spill_runs *r, uint32_t number, const void *bytes, size_t n,
	struct tr_err *err) TR_CHECKED;
/* End the run, if it has segments. */
bool tr_spill_runs_end(struct tr_spill_runs *r, struct tr_err *err) TR_CHECKED;

struct tr_spill_segment {
	uint64_t offset;
	uint32_t bytes;
};
struct tr_spill_list {
	struct tr_spill_segment *items;
	size_t n, cap;
};
/* After the last run: prepare reading, with cursors of at most `memory` bytes in all
 * (a few dozen bytes a run are always taken). */
bool tr_spill_runs_rewind(struct tr_spill_runs *r, size_t memory, struct tr_err *err) TR_CHECKED;
/* The segments of a partition, oldest first; call it with ascending numbers. One
 * thread at a time; tr_spill_file_read of r->file may run beside it. */
bool tr_spill_runs_next(struct tr_spill_runs *r, uint32_t number, struct tr_spill_list *out,
	struct tr_err *err) TR_CHECKED;

#endif
