/*
 * Running a plan: snapshot, streams, transforms, staging, audit, publish. The report is
 * a value; the terminal belongs to cli.
 */
#ifndef TR_RUN_RUN_H
#define TR_RUN_RUN_H

#include "lake/catalog_glue.h"
#include "plan/config_login.h"
#include "plan/plan.h"

/* What a dataset read of the lake. */
struct tr_run_source_report {
	const char *dataset; /* borrowed from the plan */
	uint64_t version, rows, bytes;
};

struct tr_run_dataset_report {
	const char *dataset; /* borrowed from the plan */
	bool published;
	struct tr_err err; /* why not */
	bool left_files; /* not published for all we know, but files are there: gc finds them by the lease */
	uint64_t version, parent;
	char run_id[TR_RUN_ID_TEXT];
	uint64_t rows_in, rows_out, bytes_in, bytes_out;
	struct tr_run_source_report *sources;
	size_t n_sources;
	size_t files;
	double seconds, seconds_postgres; /* wall, and until its last row of Postgres was read */
};

struct tr_run_report {
	struct tr_run_dataset_report *datasets;
	size_t n;
	bool read_postgres;
	struct tr_snapshot snapshot;      /* of Postgres, where it was read */
	double seconds, seconds_snapshot; /* wall; how long the snapshot was held */
	uint64_t peak_memory;             /* bytes, VmHWM */
};

struct tr_run_options {
	const struct tr_plan *plan;
	const struct tr_config_login *login;
	const struct tr_lake *lake;
	const struct tr_events *events;
	struct tr_cancel *cancel;
	const struct tr_publish_steps *steps; /* tests; NULL */
	/* For `run_on`: whose tables Athena and Trino read; NULL: the catalog is local. */
	struct tr_glue *glue;
	tr_getenv env; /* NULL: the process's */
	void *env_context;
};

/* Runs every dataset of the plan on one snapshot, each after those that it reads; those that
 * read the lake only run side by side, without a connection. A dataset that reads one of the
 * same run reads the version that this run published, and fails where there is none. Where
 * Postgres can't be reached, what needs it fails and the others are made. True if all were
 * published; on false the report tells which were, and *err is the first failure. The report is
 * always set. */
bool tr_run(const struct tr_run_options *options, struct tr_run_report *report,
	struct tr_err *err) TR_CHECKED;
void tr_run_report_clear(struct tr_run_report *report);
/* 0 all published, 5 some, else the code of the error's kind. */
int tr_run_exit_code(const struct tr_run_report *report);

#endif
