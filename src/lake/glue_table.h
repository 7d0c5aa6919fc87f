/*
 * The table of a dataset as Glue's JSON: what is read of an existing one (hostile input), and
 * what is sent. Pure functions; tr_glue_table_input is catalog_glue.h's.
 */
#ifndef TR_LAKE_GLUE_TABLE_H
#define TR_LAKE_GLUE_TABLE_H

#include "lake/catalog_glue.h"
#include "lake/glue_projection.h"
#include "lake/lake_lease.h"

/* Our parameters. The mark is there while registered partitions are being changed: it names the
 * version that they will be of. */
#define TR_GLUE_P_DATASET "tailrace.dataset"
#define TR_GLUE_P_LAKE "tailrace.lake"
#define TR_GLUE_P_VERSION "tailrace.version"
#define TR_GLUE_P_RUN "tailrace.run_id"
#define TR_GLUE_P_PARTITIONS "tailrace.partitions"
#define TR_GLUE_P_MARK "tailrace.refreshing"
/* Of a partition: the hash of the columns that it was given. */
#define TR_GLUE_P_COLUMNS "tailrace.columns"

/* `s3://bucket/prefix` without slashes at its end; false: not on S3, a user error. buf has TR_KEY_MAX bytes. */
bool tr_glue_lake(const char *location, char *buf, struct tr_err *err) TR_CHECKED;

/* An existing table. */
struct tr_glue_seen {
	bool found;
	char version_id[256];
	uint64_t version, mark;      /* 0: none */
	char run_id[TR_RUN_ID_TEXT]; /* "": none */
	bool ours;
	bool replaceable; /* may be taken over: neither a view nor of another table format */
	char why[400];    /* what it is, where it is not ours */
	bool partitioned, registered;
	json_t *table; /* owned */
};
/* Of an answer to GetTable; NULL: there is none. lake as tr_glue_lake gives it. */
bool tr_glue_seen_read(const json_t *answer, const char *dataset, const char *lake, struct tr_glue_seen *out,
	struct tr_err *err) TR_CHECKED;
void tr_glue_seen_clear(struct tr_glue_seen *seen);
/* Whether the partition columns differ from those of an input, in name, order or type. */
bool tr_glue_keys_differ(const struct tr_glue_seen *seen, const json_t *input);

/* Make `input` what UpdateTable takes in the place of the existing table: what people put there
 * themselves (parameters, description where the contract has none, owner, retention) stays. */
bool tr_glue_keep(const struct tr_glue_seen *seen, json_t *input, struct tr_err *err) TR_CHECKED;
/* The existing table as an input, with nothing changed (owned). */
bool tr_glue_same(const struct tr_glue_seen *seen, json_t **out, struct tr_err *err) TR_CHECKED;
/* A copy of its own (owned); NULL: memory ran out. */
json_t *tr_glue_copy(const json_t *value);
/* Set the mark of a version in an input. */
bool tr_glue_mark(json_t *input, uint64_t version, struct tr_err *err) TR_CHECKED;

/* The storage descriptor of a folder of the lake with these columns, borrowed by reference (owned). */
json_t *tr_glue_descriptor(json_t *columns, const char *location);
/* A location of a table or partition that lies in a run's folder of this dataset: its run. */
bool tr_glue_run_of(const char *location, const char *lake, const char *dataset, char out[TR_RUN_ID_TEXT]);

/* Columns in files that no engine reads over Glue are an error. */
bool tr_glue_columns_check(const struct tr_schema *columns, struct tr_err *err) TR_CHECKED;
/* Values that no Hive table can carry are an error: the empty text, Hive's name for null, and
 * keys of types that would lose something. Of a manifest before its commit. */
bool tr_glue_values_check(const struct tr_manifest *m, struct tr_err *err) TR_CHECKED;

#endif
