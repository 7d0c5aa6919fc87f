/*
 * The AWS Glue table of a dataset: a derived view of its newest manifest (docs: reference/glue).
 * GetTable -> the newest manifest -> nothing to do if the table shows it -> UpdateTable with its
 * VersionId -> on conflict start over.
 *
 * Unpartitioned: Location is the version's run folder. Partitioned: projection, where it names
 * exactly the published partitions, with the run id in storage.location.template, so that one
 * UpdateTable moves all readers at once; else registered partitions.
 */
#ifndef TR_LAKE_CATALOG_GLUE_H
#define TR_LAKE_CATALOG_GLUE_H

#include "io/aws.h"
#include "lake/lake.h"

/* How a partitioned table names its partitions. */
enum tr_glue_partitions {
	TR_GLUE_PROJECTION, /* or an error: `atomic: required` */
	TR_GLUE_REGISTERED, /* always; a full refresh is not atomic for readers */
};

struct tr_glue_doc {
	const char *column, *doc;
};
/* What a dataset's configuration says of its table. */
struct tr_glue_table {
	const char *dataset;
	enum tr_glue_partitions partitions;
	bool adopt; /* take over a table that tailrace did not create */
	const char *doc;
	const struct tr_glue_doc *docs; /* comments of columns */
	size_t n_docs;
};

struct tr_glue_options {
	const struct tr_aws *aws; /* borrowed */
	const char *endpoint;     /* NULL: tr_aws_endpoint's */
	const char *database;
	const struct tr_glue_table *tables; /* borrowed; a dataset that is not among them gets defaults */
	size_t n_tables;
};
struct tr_glue;
/* Asks nobody yet. */
bool tr_glue_new(const struct tr_glue_options *options, struct tr_glue **out, struct tr_err *err) TR_CHECKED;
void tr_glue_free(struct tr_glue *glue);
/* The catalog for struct tr_lake; lives as long as glue. */
const struct tr_catalog *tr_glue_catalog(struct tr_glue *glue);

/* What a dataset's table shows, for `status` and `check`. */
enum tr_glue_state {
	TR_GLUE_ABSENT,     /* there is no table yet */
	TR_GLUE_CURRENT,    /* it shows the newest version */
	TR_GLUE_BEHIND,     /* it shows an older one: the next command that publishes repairs it */
	TR_GLUE_REFRESHING, /* its registered partitions are being changed, or a crash stopped that */
	TR_GLUE_PAST,       /* it shows a version of the lake's past, before that was emptied or restored */
};
struct tr_glue_status {
	enum tr_glue_state state;
	uint64_t shown, newest; /* versions; 0: none */
	char text[160];         /* one line: `Glue shows version 6, the newest is 7` */
};
/* False also where the table is not ours to change: a user error with a hint. So a run calls
 * it before it reads rows, and learns then rather than after its commit. */
bool tr_glue_examine(struct tr_glue *glue, const struct tr_lake *lake, const char *dataset,
	struct tr_glue_status *out, struct tr_err *err) TR_CHECKED;

/* Planning: whether keys of these kinds and columns can be shown in Glue at all; false: a user
 * error with a hint. `columns` are the contract's, the keys' sources among them. *reason (owned)
 * says for `check` how partitions are named and why. Values are known only after staging: then the
 * catalog's check looks again, before the commit. */
bool tr_glue_plan(const struct tr_glue_table *table, const struct tr_schema *columns,
	const struct tr_partition_key *keys, size_t n_keys, char **reason, struct tr_err *err) TR_CHECKED;
/* Whether projection can name exactly these partitions, and how: a pure function of the manifest.
 * *reason (owned): why not, or what is used (`created_at_day: enum of 31 values`), for check. */
bool tr_glue_projection(const struct tr_manifest *m, bool *possible, char **reason,
	struct tr_err *err) TR_CHECKED;
/* The TableInput as JSON, a pure function (owned). `location` is the lake's, s3://bucket/prefix. */
bool tr_glue_table_input(const struct tr_manifest *m, const struct tr_glue_table *table, const char *location,
	json_t **out, struct tr_err *err) TR_CHECKED;

#endif
