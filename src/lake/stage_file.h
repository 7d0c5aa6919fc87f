/*
 * The files of a stage: each is opened at its first row, rolls over at the target
 * size, and is on its way into the store when it is closed; all are there once they
 * are taken. What closing learned (rows, checksum, bounds) is kept for the manifest.
 */
#ifndef TR_LAKE_STAGE_FILE_H
#define TR_LAKE_STAGE_FILE_H

#include <pthread.h>

#include "lake/stage.h"

/* Closed files whose commits were started, at most: the oldest is waited for. More than a store
 * does at once, so that it has seldom to be. */
#define TR_STAGE_CLOSING_MAX 64
struct tr_stage_closing {
	struct tr_sink *sink;
	struct tr_manifest_file entry; /* but for the checksum */
};

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
	struct tr_stage_closing closing[TR_STAGE_CLOSING_MAX]; /* a ring, the oldest at `oldest` */
	size_t n_closing, oldest;
};

bool tr_stage_files_init(struct tr_stage_files *f, const struct tr_stage_options *options,
	struct tr_err *err) TR_CHECKED;
/* Removes from the store what was not handed over. */
void tr_stage_files_clear(struct tr_stage_files *f);
/* Wait for what is being committed, then move all files behind m->files, and sum up rows and bytes. */
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
/* Finish it, if it is open, and commit it or start to. An error may be that of a file that was
 * closed before. */
bool tr_stage_file_close(struct tr_stage_files *f, struct tr_stage_file *file, struct tr_err *err) TR_CHECKED;
void tr_stage_file_abort(struct tr_stage_file *file);

#endif
