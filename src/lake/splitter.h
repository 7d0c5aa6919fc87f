/*
 * The splitter: rows of many partitions in any order become few files in bounded
 * memory.
 *
 * Every batch is sorted by partition, copied into a chunk of the shared pool, and its
 * slices are linked to their partitions. When the pool is full it is emptied: large
 * partitions into their open files, all others into a sorted run of the spill file.
 * At the end each partition is encoded from its runs, then its slices. No buffer
 * belongs to a partition, so thousands of them cost nothing but their keys.
 */
#ifndef TR_LAKE_SPLITTER_H
#define TR_LAKE_SPLITTER_H

#include "lake/stage_file.h"

#define TR_PARTITIONS_MAX 100000

struct tr_splitter;
/* `files` is borrowed. */
bool tr_splitter_new(struct tr_stage_files *files, const struct tr_stage_options *options,
	struct tr_splitter **out, struct tr_err *err) TR_CHECKED;
void tr_splitter_free(struct tr_splitter *s);

/* One a thread that writes. */
struct tr_splitter_input;
bool tr_splitter_input_new(struct tr_splitter *s, struct tr_splitter_input **out,
	struct tr_err *err) TR_CHECKED;
void tr_splitter_input_free(struct tr_splitter_input *in);
bool tr_splitter_write(struct tr_splitter_input *in, const struct ArrowArray *batch,
	struct tr_err *err) TR_CHECKED;

/* After the last write: encode everything, with that many threads, into finished files. */
bool tr_splitter_finish(struct tr_splitter *s, int threads, struct tr_err *err) TR_CHECKED;

#endif
