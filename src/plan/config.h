/*
 * tailrace.yaml as a value: parsed, completed with defaults, every mistake of the file
 * reported in one pass with line, column and excerpt. Knows no database.
 * One table (config_keys.c) gives the parser, bounds, defaults and the reference page.
 */
#ifndef TR_PLAN_CONFIG_H
#define TR_PLAN_CONFIG_H

#include "base/environment.h"
#include "data/schema.h"
#include "lake/manifest.h"

/* Where a value stands in the file, for later errors about it. */
struct tr_pos {
	int line, column;
};

struct tr_config_input {
	char *alias, *relation, *where; /* where: NULL if none */
	struct tr_pos pos, relation_pos, where_pos;
};

/* A published dataset that another one reads: its table is called as it is. */
struct tr_config_from {
	char *dataset;
	struct tr_pos pos;
};

struct tr_config_column {
	char *name;
	char *from; /* source or result column; NULL: same as name */
	struct tr_type type;
	bool not_null;
	char *doc;
	char **accepted; /* accepted values as text; NULL: any */
	size_t n_accepted;
	bool unique;
	bool truncate; /* timestamp(3): cut finer digits */
	struct tr_pos pos, type_pos;
};

struct tr_config_param {
	char *name;
	struct tr_type type;
	char *value;
	struct tr_pos pos;
};

struct tr_config_partition {
	enum tr_partition_transform transform;
	char *column;
	struct tr_pos pos;
};

struct tr_config_check {
	char *expression;
	struct tr_pos pos;
};

struct tr_config_dataset {
	char *name, *doc;
	struct tr_pos pos;
	struct tr_config_input *inputs;
	size_t n_inputs;
	struct tr_config_from *from;
	size_t n_from;
	char *run_on; /* embedded | athena | trino */
	struct tr_pos run_on_pos;
	char *sql;  /* path relative to the file's folder; NULL */
	char *c;    /* path; NULL */
	char *rows; /* the join for c; NULL with one input or `from` */
	struct tr_pos sql_pos, c_pos, rows_pos;
	struct tr_config_column *columns; /* none: taken over from the source (copies only) */
	size_t n_columns;
	struct tr_config_partition *partitions;
	size_t n_partitions;
	struct tr_config_check *checks;
	size_t n_checks;
	char **unique; /* sets of columns, comma-joined, that are unique together; columns that
	                * say `unique: true` themselves are not among them */
	size_t n_unique;
	bool special_to_null; /* special_values: null (default: error) */
	/* In Glue: partitions as rows of the catalog (registered) instead of projection. */
	bool registered;
	bool adopt; /* take over a Glue table that tailrace did not create */
	struct tr_pos partitions_pos;
};

struct tr_config_property {
	char *name, *value;
};

struct tr_config_tag {
	char *key, *value;
	struct tr_pos pos;
};

struct tr_config {
	char *path, *folder; /* of the file, absolute */
	char *shown;         /* the path as it was given, for messages */
	char *text;          /* the file's own, variables not replaced, for excerpts */
	struct {
		char *url; /* with ${ENV} resolved; a secret */
		char *password_command;
		char *secret; /* of Secrets Manager: its name or ARN */
		bool iam_auth;
		bool accept_row_security;
		int64_t lock_timeout_ms, statement_timeout_ms;
		struct tr_pos pos;
	} source;
	struct {
		char *location; /* absolute, or s3:// */
		char *catalog, *database;
		struct tr_pos pos, location_pos, catalog_pos;
	} lake;
	struct {
		char *region, *profile; /* NULL: as the SDKs find them */
		char *endpoint;         /* of every service; NULL: AWS's own */
		char *ca_file;          /* NULL: the system's */
		int attempts;           /* 5 */
		int64_t connect_timeout_ms, stall_timeout_ms;
		struct tr_pos pos;
	} aws;
	struct {
		char *endpoint; /* NULL: aws.endpoint, or AWS's own */
		bool path_style;
		char *encryption; /* AES256 | aws:kms; NULL: the bucket's default */
		char *kms_key, *storage_class, *expected_bucket_owner;
		struct tr_config_tag *tags;
		size_t n_tags;
		uint64_t part_size; /* 8 MiB */
		int uploads;        /* parts in flight of one file; 4 */
		struct tr_pos pos;
	} s3;
	char *engine; /* embedded | athena | trino */
	struct tr_pos engine_pos;
	struct {
		char *workgroup, *catalog;
		char *output_location;       /* s3://...; NULL: the workgroup's */
		int64_t result_reuse_ms;     /* 0: no results are reused */
		int64_t price_per_tb_micros; /* millionths of a dollar for 10^12 bytes */
		struct tr_pos pos;
	} athena;
	struct {
		char *url;              /* NULL: not configured */
		char *catalog, *schema; /* schema NULL: lake.database */
		char *user;
		char *password, *token; /* secrets; NULL: none */
		struct tr_config_property *session;
		size_t n_session;
		char *ca_file; /* NULL: the system's */
		struct tr_pos pos, url_pos;
	} trino;
	struct {
		int connections;     /* 2 */
		int threads;         /* engine and encoder threads; default: processors, at most 4 */
		uint64_t memory;     /* 512 MiB */
		uint64_t disk;       /* 0: unlimited */
		uint64_t rate;       /* bytes/s; 0: unlimited */
		int64_t snapshot_ms; /* how long the snapshot may be held; 0: unlimited */
		char *temp_dir;      /* default: $TMPDIR or /tmp */
		struct tr_pos temp_dir_pos;
	} limits;
	struct {
		char *compression; /* zstd | snappy | gzip | lz4 | none */
		int level;
		uint64_t file_size, row_group_size;
	} parquet;
	struct {
		int keep_versions, keep_days;
	} retention;
	struct tr_config_param *params;
	size_t n_params;
	struct tr_config_dataset *datasets; /* in the file's order */
	size_t n_datasets;
	struct tr_arena arena; /* owns everything above */
};

/* Read and check a file. False: `errs` has all its mistakes. */
bool tr_config_load(const char *path, tr_getenv env, void *env_context, struct tr_config *out,
	struct tr_errs *errs) TR_CHECKED;
/* The same for commands that only read the lake: a variable in `source` that is not set is
 * no mistake there, its value is left out (source.url may be NULL). */
bool tr_config_load_lake(const char *path, tr_getenv env, void *env_context, struct tr_config *out,
	struct tr_errs *errs) TR_CHECKED;
/* tr_config_load from memory (`path` is for messages): the fuzz target's way in. */
bool tr_config_parse(const char *text, size_t n, const char *path, tr_getenv env, void *env_context,
	struct tr_config *out, struct tr_errs *errs) TR_CHECKED;
void tr_config_clear(struct tr_config *c);
/* The lake is in S3, and not in a folder. */
bool tr_config_is_s3(const struct tr_config *c);
const struct tr_config_dataset *tr_config_dataset(const struct tr_config *c, const char *name);
/* Set place of an error to a position in the file, with the line's text. */
bool tr_config_at(const struct tr_config *c, struct tr_pos pos, struct tr_err *err);
/* The reference page of all keys, Markdown; free(). */
char *tr_config_reference(struct tr_err *err) TR_CHECKED;

#endif
