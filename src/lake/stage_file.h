/*
 * The files of a stage: each is opened at its first row, rolls over at the target
 * size, and is durable when it is closed. What closing learned (rows, checksum,
 * bounds) is kept for the manifest.
 */
#ifndef TR_LAKE_STAGE_FILE_H
#define TR_LAKE_STAGE_FILE_H

#include <pthread.h>

#include "lake/stage.h"

/* Shared by all files of a stage; append and close are safe from several threads. */
struct tr_stage_files {
	struct tr_store *store;
	char *prefix;            /* <dataset>/<run_id>/ */
	struct tr_schema schema; /* of the files: without identity keys */
	const struct tr_partition_key *keys;
	size_t n_keys;
	struct tr_parquet_options parquet;
	uint64_t file_bytes;
	_Atomic uint64_t next;  /* sequence number of the next file */
	_Atomic uint64_t bytes; /* encoded so far */
	pthread_mutex_t lock;   /* of what follows */
	struct tr_manifest_file *done;
	size_t n, cap;
};

bool tr_stage_files_init(struct tr_stage_files *f, const struct tr_stage_options *options,
	struct tr_err *err) TR_CHECKED;
/* Removes from the store what was not handed over. */
void tr_stage_files_clear(struct tr_stage_files *f);
/* Move all finished files behind m->files, and sum up rows and bytes. */
bool tr_stage_files_take(struct tr_stage_files *f, struct tr_manifest *m, struct tr_err *err) TR_CHECKED;

/* One file being written, or none yet (all zero). */
struct tr_stage_file {
	char *const *values; /* borrowed: one text a key, NULL for SQL NULL */
	size_t memory_max;   /* for its encoder */
	char *path;
	struct tr_sink *sink;
	struct tr_parquet_writer *writer;
	uint64_t counted; /* of its size, in files->bytes */
};

bool tr_stage_file_append(struct tr_stage_files *f, struct tr_stage_file *file,
	const struct ArrowArray *batch, int64_t from, int64_t n, struct tr_err *err) TR_CHECKED;
/* End its row group, so that it holds little memory. */
bool tr_stage_file_flush(struct tr_stage_file *file, struct tr_err *err) TR_CHECKED;
size_t tr_stage_file_memory(const struct tr_stage_file *file);
/* Finish and commit it, if it is open. */
bool tr_stage_file_close(struct tr_stage_files *f, struct tr_stage_file *file, struct tr_err *err) TR_CHECKED;
void tr_stage_file_abort(struct tr_stage_file *file);

#endif
