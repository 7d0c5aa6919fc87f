/*
 * Staging: rows of one dataset become the run's Parquet files, split by partition,
 * in bounded memory, with as few files as the target size allows.
 *
 * Unpartitioned, each writer (tr_stage_writer) encodes what it is given: no lock on the
 * hot path. Partitioned, all writers share one splitter: rows are gathered per
 * partition within the memory budget; a partition that has gathered a row group's
 * worth gets (or has) an open file; when the budget is used up, the largest
 * partitions' rows go to one spill file, and at the end each partition's rows are
 * read back and encoded: few files even for random order.
 */
#ifndef TR_LAKE_STAGE_H
#define TR_LAKE_STAGE_H

#include "base/cancel.h"
#include "data/column.h"
#include "fmt/parquet_writer.h"
#include "lake/manifest.h"

struct tr_stage_options {
	struct tr_store *store;         /* borrowed */
	const char *dataset, *run_id;   /* files go to <dataset>/<run_id>/... */
	const struct tr_schema *schema; /* the contract's, field ids set, partition sources included */
	const struct tr_partition_key *keys;
	size_t n_keys;
	/* memory_max is set by the stage. Partitioned, encode_threads (or writers, if more)
	 * threads encode the spilled partitions at the end, each a partition of its own. */
	struct tr_parquet_options parquet;
	uint64_t file_bytes;      /* target size of a file; 0: 512 MiB */
	size_t memory;            /* for all of staging */
	uint64_t disk;            /* limit of the spill; 0: none */
	const char *temp_dir;     /* for the spill */
	int writers;              /* how many tr_stage_writer there will be at once */
	struct tr_cancel *cancel; /* borrowed; may be NULL */
};

/* The columns in the files, for m->schema: all but those that are identity keys. An
 * error where no column would be left, a key's column is missing or cannot be a key. */
bool tr_stage_schema(const struct tr_schema *schema, const struct tr_partition_key *keys, size_t n_keys,
	struct tr_schema *out, struct tr_err *err) TR_CHECKED;

struct tr_stage;
bool tr_stage_new(const struct tr_stage_options *options, struct tr_stage **out,
	struct tr_err *err) TR_CHECKED;
/* Aborts what is not finished: staged files are removed as far as possible. */
void tr_stage_free(struct tr_stage *s);

/* One a worker thread. */
struct tr_stage_writer;
bool tr_stage_writer_new(struct tr_stage *s, struct tr_stage_writer **out, struct tr_err *err) TR_CHECKED;
bool tr_stage_write(struct tr_stage_writer *w, const struct ArrowArray *batch, struct tr_err *err) TR_CHECKED;
/* The worker has no more rows; frees it (also on failure). */
bool tr_stage_writer_finish(struct tr_stage_writer *w, struct tr_err *err) TR_CHECKED;
void tr_stage_writer_free(struct tr_stage_writer *w);

/* After every writer finished: encode what was spilled, commit all files, and add them
 * to m->files with rows, bytes, checksums, bounds (by the columns of tr_stage_schema, which
 * the caller puts into m->schema). Sets m->rows, m->bytes. The files are the manifest's then. */
bool tr_stage_finish(struct tr_stage *s, struct tr_manifest *m, struct tr_err *err) TR_CHECKED;
/* Bytes of Parquet written so far, for progress. */
uint64_t tr_stage_bytes(const struct tr_stage *s);

/* Whether a column of that type may be partitioned by in that way. Not floats (which NaN,
 * which zero?), bytes and JSON; years, months and days of dates and timestamps, hours of
 * timestamps. */
bool tr_partition_allowed(struct tr_type type, enum tr_partition_transform transform);

/* The partition value of a row as text, as it stands in manifests; *null for SQL NULL.
 * buf has TR_PARTITION_TEXT bytes; longer values are an error. */
#define TR_PARTITION_TEXT 1024
bool tr_partition_value(const struct tr_partition_key *key, const struct tr_view *column, struct tr_type type,
	int64_t row, char *buf, bool *null, struct tr_err *err) TR_CHECKED;
/* `created_at_day=2024-06-17` with Hive's escaping; NULL is __HIVE_DEFAULT_PARTITION__,
 * and the empty text is `country=`, so that the two stay apart. At most 255 bytes: a
 * longer name ends in a hash of the value, which readers take from the manifest anyway. */
void tr_partition_folder(const struct tr_partition_key *key, const char *value, bool null,
	struct tr_str *out);

#endif
