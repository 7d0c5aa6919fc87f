/*
 * The embedded engine (DuckDB): SQL over streams and over published files.
 *
 * An input is registered as a table backed by a table function with projection
 * pushdown; its stream is opened lazily, at the first pull of an execution, with just
 * the columns needed. The engine runs sandboxed: no file access beyond the folders
 * allowed, no network, no extension loading, locked configuration, a single SELECT.
 */
#ifndef TR_ENGINE_EMBEDDED_H
#define TR_ENGINE_EMBEDDED_H

#include "base/cancel.h"
#include "data/stream.h"
#include "io/store.h"

struct tr_engine;

struct tr_engine_options {
	size_t memory;                   /* the engine's own limit in bytes; 0: 256 MiB */
	int threads;                     /* 0: 1 */
	const char *temp_dir;            /* for spilling; required */
	uint64_t disk;                   /* max_temp_directory_size; 0: unlimited */
	const char *const *allowed_dirs; /* folders, or s3://bucket/prefix, that may be read */
	size_t n_allowed_dirs;
	/* Not NULL: files in S3 are read by ranges, by DuckDB's extension httpfs. It is loaded from a
	 * file (docs: install) and never downloaded. Keys are renewed while a statement runs. */
	const struct tr_s3_reading *s3;
	bool keep_order; /* preserve_insertion_order */
};

bool tr_engine_open(const struct tr_engine_options *options, struct tr_engine **out,
	struct tr_err *err) TR_CHECKED;
void tr_engine_close(struct tr_engine *e);
/* From any thread: end the running statement with TR_ERR_CANCELLED. */
void tr_engine_interrupt(struct tr_engine *e);

/* An input: `open` makes a stream of the chosen columns (indices into schema; n may be 0:
 * only the row count matters) and may be called once per scan of the table in the query,
 * from an engine thread. The stream is pulled by one thread at a time. */
struct tr_engine_input {
	const char *name;               /* the table's name in SQL: the alias */
	const struct tr_schema *schema; /* as SQL sees it; copied */
	int64_t rows;                   /* estimate for the optimizer; < 0 unknown */
	bool (*open)(void *context, const int *columns, size_t n, struct ArrowArrayStream *out,
		struct tr_err *err);
	void *context;
};
bool tr_engine_add_input(struct tr_engine *e, const struct tr_engine_input *input,
	struct tr_err *err) TR_CHECKED;
/* Replace an input by a temporary table holding `columns` of it, read now in one stream
 * (the plan does this where scans exceed connections). The other columns are gone. */
bool tr_engine_load_input(struct tr_engine *e, const char *name, const int *columns, size_t n,
	struct tr_err *err) TR_CHECKED;

/* Published files as a view `name`: exactly these files, types of partition columns given
 * (never guessed from folders). No files: an empty table of that schema. */
struct tr_engine_files {
	const char *name;
	const struct tr_schema *columns; /* as readers see them, partition columns last */
	size_t n_partition_columns;      /* the last of them */
	const char *const *paths;        /* absolute */
	size_t n_paths;
	const char *const *partition_values; /* n_paths x n_partition_columns; NULL: null */
};
bool tr_engine_add_files(struct tr_engine *e, const struct tr_engine_files *files,
	struct tr_err *err) TR_CHECKED;

/* Parameters of the statement, written `$name`; one that the statement does not use is fine. */
struct tr_engine_param {
	const char *name;
	struct tr_type type;
	const char *value; /* text, cast to the type; NULL: null */
};

/* One scan of an input in a statement, as the optimizer leaves it. */
struct tr_engine_scan {
	char *input;
	int *columns; /* indices into the input's schema that will be read */
	size_t n_columns;
};
struct tr_engine_describe {
	struct tr_schema schema;  /* result columns; nullability unknown: all nullable */
	char (*engine_types)[48]; /* DuckDB's own type names, one a column, for messages: `HUGEINT` */
	struct tr_engine_scan *scans;
	size_t n_scans;
};
void tr_engine_describe_clear(struct tr_engine_describe *d);

/* Check a statement without running it: exactly one SELECT; result types inferred; scans
 * with their columns. Errors carry the position in `sql` (place.line/column/excerpt; file
 * is set to `sql_file` where given) and candidates as hint. Result types that tailrace
 * does not carry (LIST, STRUCT, INTERVAL ...) are errors that show the CAST to write. */
bool tr_engine_prepare(struct tr_engine *e, const char *sql, const char *sql_file,
	const struct tr_engine_param *params, size_t n_params, struct tr_engine_describe *out,
	struct tr_err *err) TR_CHECKED;
/* Run it: a stream of its rows, bounded in memory by back-pressure. One at a time. HUGEINT
 * arrives as decimal(38,0), a value beyond it is a data error. Errors of an input's stream
 * come out whole. */
bool tr_engine_run(struct tr_engine *e, const char *sql, const struct tr_engine_param *params,
	size_t n_params, struct ArrowArrayStream *out, struct tr_err *err) TR_CHECKED;

/* For `check`, completion and tests: the engine's version, `v1.5.5`. */
const char *tr_engine_version(void);

#endif
