/*
 * A manifest: one published version of a dataset (docs: reference/manifest.md).
 * JSON, at `_tailrace/<dataset>/manifests/<20 digits>.json`; the same manifest is always
 * the same bytes, and reads back as exactly the same values.
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
	uint64_t *column_bytes; /* in the file, one a schema column; 0: not known (older tailrace) */
	int64_t row_groups;
};

/* A version of another dataset that was read. */
struct tr_manifest_source {
	char *dataset;
	uint64_t version;
};

struct tr_manifest {
	char *dataset;
	int32_t last_field_id; /* the highest ever given in this dataset; never used again */
	uint64_t version;      /* 1.. */
	uint64_t parent;       /* 0: none */
	char *run_id;
	char *tailrace;       /* version that wrote it */
	char *engine;         /* who wrote the files: `trino`, `athena`; NULL: tailrace */
	char *kind;           /* "run" or "rollback" */
	uint64_t rollback_of; /* the version restored; 0 */
	int64_t committed_us; /* by the writer's clock */
	char *snapshot_xmin_xmax, *snapshot_lsn;
	int64_t snapshot_us;
	bool standby;
	/* What it was made of in the lake; its snapshot is then the oldest of all it was made of. */
	struct tr_manifest_source *sources;
	size_t n_sources;
	struct tr_schema schema; /* the columns in the files, then not the partition columns */
	/* How a column is stored where the engine did it otherwise than tailrace: `INT96`,
	 * `milliseconds`; one a schema column, NULL where it did not. NULL: none. */
	char **stored;
	struct tr_partition_key *keys;
	size_t n_keys;
	struct tr_manifest_file *files;
	size_t n_files, files_cap;
	int64_t rows;
	uint64_t bytes;
	/* Marked later, in a file of its own beside the manifest: never by rewriting it. */
	bool expired;
};

/* A manifest's text is at most this long: some 500,000 files of 10 columns. */
#define TR_MANIFEST_BYTES_MAX ((size_t)512 << 20)
#define TR_MANIFEST_FILES_MAX 1000000
#define TR_MANIFEST_SOURCES_MAX 4096
#define TR_PARTITION_KEYS_MAX 32
#define TR_PARTITION_VALUE_MAX 1024
#define TR_RUN_ID_MAX 39 /* [0-9a-z-]+ */

bool tr_run_id_is(const char *text);

void tr_manifest_init(struct tr_manifest *m);
void tr_manifest_clear(struct tr_manifest *m);
/* Hostile input: sizes, ranges, paths and names are all checked; unknown keys are
 * ignored (a newer tailrace), an unknown format_version is an error. */
bool tr_manifest_parse(const char *json, size_t n, struct tr_manifest *out, struct tr_err *err) TR_CHECKED;
/* Owned text, free(). The manifest must be one that tr_manifest_parse accepts. */
char *tr_manifest_format(const struct tr_manifest *m, struct tr_err *err) TR_CHECKED;
/* A file with arrays for that many columns and keys, all else zero; cleared by
 * tr_manifest_file_clear, also on failure. */
bool tr_manifest_file_init(struct tr_manifest_file *file, size_t columns, size_t keys,
	struct tr_err *err) TR_CHECKED;
void tr_manifest_file_clear(struct tr_manifest_file *file, size_t keys);
/* What a file's writer or footer says of it: rows, row groups, and of each column its bounds,
 * nulls and bytes. */
void tr_manifest_file_fill(struct tr_manifest_file *file, const struct tr_parquet_stats *stats);
/* Room for one more file, zeroed, with arrays for the schema's columns and the keys; it
 * counts from then on. NULL with *err set on failure. */
struct tr_manifest_file *tr_manifest_add_file(struct tr_manifest *m, struct tr_err *err) TR_CHECKED;
/* Give every column of `schema` its field id: a name that the parent has keeps the
 * parent's id, others get new ones. parent NULL: first version. *last becomes what
 * belongs into last_field_id of the new manifest. */
bool tr_manifest_field_ids(struct tr_schema *schema, const struct tr_manifest *parent, int32_t *last,
	struct tr_err *err) TR_CHECKED;
/* The text of a bound as it stands in manifests, readable and exact: `42`, `-0`,
 * `12.340`, `2024-06-17T09:30:00.5`; binary and text that is not UTF-8 in hexadecimal,
 * with *hex set. NULL with *err set on failure, else free() it. */
char *tr_bound_format(const struct tr_bound *bound, struct tr_type type, bool *hex,
	struct tr_err *err) TR_CHECKED;
/* False (no error set) for any text that tr_bound_format would not write. */
bool tr_bound_parse(const char *text, struct tr_type type, bool hex, struct tr_bound *out);
/* The published columns as readers see them: schema, partition columns last. An
 * identity column is nullable where a file has it null. */
bool tr_manifest_columns(const struct tr_manifest *m, struct tr_schema *out, struct tr_err *err) TR_CHECKED;

#endif
