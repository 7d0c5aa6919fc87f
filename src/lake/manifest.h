/*
 * A manifest: one published version of a dataset (docs: reference/manifest.md).
 * JSON, at `_tailrace/<dataset>/manifests/<20 digits>.json`.
 */
#ifndef TR_LAKE_MANIFEST_H
#define TR_LAKE_MANIFEST_H

#include "fmt/parquet_stats.h"
#include "io/store.h"

enum tr_partition_transform {
	TR_PART_IDENTITY,
	TR_PART_YEAR,
	TR_PART_MONTH,
	TR_PART_DAY,
	TR_PART_HOUR,
};

struct tr_partition_key {
	char *column; /* the source column */
	enum tr_partition_transform transform;
	char *name;          /* the partition column: `country`, `created_at_day` */
	struct tr_type type; /* string but for identity, which keeps its column's */
};

struct tr_manifest_file {
	char *path; /* relative to the lake */
	int64_t rows;
	uint64_t bytes;
	char checksum[TR_CHECKSUM_TEXT];
	char **partition;           /* one text a key; NULL: SQL NULL */
	struct tr_bound *min, *max; /* one a schema column */
	int64_t *nulls;
	int64_t row_groups;
};

struct tr_manifest {
	char *dataset;
	uint64_t version; /* 1.. */
	uint64_t parent;  /* 0: none */
	char *run_id;
	char *tailrace;       /* version that wrote it */
	char *kind;           /* "run" or "rollback" */
	uint64_t rollback_of; /* the version restored; 0 */
	int64_t committed_us; /* by the writer's clock */
	char *snapshot_xmin_xmax, *snapshot_lsn;
	int64_t snapshot_us;
	bool standby;
	struct tr_schema schema; /* the columns in the files, then not the partition columns */
	struct tr_partition_key *keys;
	size_t n_keys;
	struct tr_manifest_file *files;
	size_t n_files, files_cap;
	int64_t rows;
	uint64_t bytes;
	/* Marked later, in a file of its own beside the manifest: never by rewriting it. */
	bool expired;
};

void tr_manifest_init(struct tr_manifest *m);
void tr_manifest_clear(struct tr_manifest *m);
/* Hostile input: sizes, ranges, paths and names are all checked; unknown keys are
 * ignored (a newer tailrace), an unknown format_version is an error. */
bool tr_manifest_parse(const char *json, size_t n, struct tr_manifest *out, struct tr_err *err) TR_CHECKED;
/* Owned text, free(). */
char *tr_manifest_format(const struct tr_manifest *m, struct tr_err *err) TR_CHECKED;
/* The published columns as readers see them: schema, partition columns last. */
bool tr_manifest_columns(const struct tr_manifest *m, struct tr_schema *out, struct tr_err *err) TR_CHECKED;

#endif
