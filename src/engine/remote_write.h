/*
 * The statements by which Athena and Trino write a dataset's files: pure functions to text.
 * Both speak one dialect here. The user's statement keeps lines of its own within them, so that a
 * place in it can be found again.
 */
#ifndef TR_ENGINE_REMOTE_WRITE_H
#define TR_ENGINE_REMOTE_WRITE_H

#include "engine/embedded.h"
#include "lake/manifest.h"

/* One column as it is published. */
struct tr_remote_column {
	const char *source; /* in the statement's result */
	const char *name;
	struct tr_type type;
	bool cast;     /* widened */
	bool micros;   /* a timestamp of any precision as one of 6 digits; more of them stop the statement */
	bool truncate; /* cut to milliseconds */
};

struct tr_remote_write {
	const char *sql; /* the user's, with parameters in place */
	const struct tr_remote_column *columns;
	size_t n_columns;
	const struct tr_partition_key *keys;
	size_t n_keys;
	const char *location;    /* s3://bucket/prefix/dataset/run-id/ */
	const char *compression; /* zstd, snappy, gzip, lz4, none */
	/* Trino: the table that is made and dropped again. */
	const char *catalog, *schema, *table;
};

/* The user's statement with every `$name` outside of texts, quoted names and comments replaced by
 * a literal of its type. An unknown one is a user error with its place; owned. */
char *tr_remote_with_params(const char *sql, const struct tr_engine_param *params, size_t n,
	struct tr_err *err) TR_CHECKED;
/* A result of no rows that tells the columns; owned. The statement begins on its second line. */
#define TR_REMOTE_PROBE_LINES 1
char *tr_remote_probe_sql(const char *sql, struct tr_err *err) TR_CHECKED;
/* CREATE TABLE AS (Trino), UNLOAD (Athena); owned. The statement begins on the third line. */
#define TR_REMOTE_WRITE_LINES 2
char *tr_remote_create_sql(const struct tr_remote_write *w, struct tr_err *err) TR_CHECKED;
char *tr_remote_unload_sql(const struct tr_remote_write *w, struct tr_err *err) TR_CHECKED;
char *tr_remote_drop_sql(const struct tr_remote_write *w, struct tr_err *err) TR_CHECKED;
/* The tables that runs have left; owned. */
char *tr_remote_leftovers_sql(const char *catalog, const char *schema, struct tr_err *err) TR_CHECKED;

/* Can such a column be made there? Not time, timestamptz, uuid and json, which Hive's files there
 * have no type for. */
bool tr_remote_writes_type(struct tr_type type);

/* `_tailrace_tmp_<run id>__<dataset>` and back: whose table it is; false: not one of `dataset`.
 * buf has TR_REMOTE_TABLE_TEXT bytes, run_id TR_RUN_ID_MAX + 1. */
#define TR_REMOTE_TABLE_TEXT 256
void tr_remote_table_name(const char *run_id, const char *dataset, char *buf);
bool tr_remote_table_run(const char *table, const char *dataset, char *run_id);

#endif
