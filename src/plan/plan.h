/*
 * The plan of a run: a plain value, a function of (configuration, catalog of the source,
 * what the engine says of each statement). `check` prints it, `run` executes it.
 * Reads no rows.
 */
#ifndef TR_PLAN_PLAN_H
#define TR_PLAN_PLAN_H

#include "engine/embedded.h"
#include "engine/transform.h"
#include "lake/lake.h"
#include "plan/config.h"
#include "plan/contract.h"
#include "source/session.h"

enum tr_plan_kind { TR_PLAN_COPY, TR_PLAN_SQL, TR_PLAN_C };

struct tr_plan_input {
	const struct tr_config_input *config;
	struct tr_relation *relation; /* shared between datasets; owned by the plan */
	int *columns;                 /* read from Postgres, indices into relation->columns */
	size_t n_columns;
	int scans;    /* how often the statement scans it */
	bool preload; /* loaded into a temporary table before the statement */
	double est_rows;
	int64_t est_bytes;   /* of the COPY */
	int shared;          /* read once for several datasets: index into plan->shared; -1 */
	size_t shared_users; /* how many datasets, where shared */
};

/* A published dataset that the statement reads (`from`), under its own name. */
struct tr_plan_source {
	const struct tr_config_from *config;
	int upstream;            /* made in the same run: index into plan->datasets; -1 */
	uint64_t version;        /* else the newest as planned; 0: not published yet */
	struct tr_schema schema; /* as readers see it, partition columns last (and nullable); owned */
	int *columns;            /* that the statement reads, indices into schema */
	size_t n_columns;
	int scans;
	int64_t rows, bytes; /* of that version; -1: not known yet */
};

/* An input that several datasets use and that fits the disk budget: it is read once, with
 * the union of their columns, and kept on disk for the run. */
struct tr_plan_shared {
	struct tr_plan_input input; /* relation, columns, where, estimates */
	bool special_to_null;
	size_t users; /* datasets */
};

/* A dataset's part of the limits: all of them, but for datasets that run side by side. */
struct tr_plan_limits {
	uint64_t memory, disk; /* disk 0: unlimited */
	int threads;
	uint64_t uploads; /* of memory: what uploads to S3 hold */
};

/* A question to the staged files, asked before the commit. */
struct tr_plan_check {
	char *text;    /* the expression, or `unique (a, b)` */
	char *count;   /* SELECT count(*) of what breaks it: 0 passes */
	char *samples; /* SELECT some keys of the rows that break it */
};

struct tr_plan_warning {
	char *text;
	struct tr_plan_warning *next;
};

/* The column of an input's scan that says that the row exists, where an outer join may miss it. */
#define TR_PLAN_PRESENCE "__tr_present"

struct tr_plan_dataset {
	const struct tr_config_dataset *config;
	enum tr_plan_kind kind;
	const char *run_on; /* `athena` or `trino`, which run the statement and write the files; NULL */
	struct tr_plan_input *inputs;
	size_t n_inputs;
	struct tr_plan_source *sources;
	size_t n_sources;
	char *sql;      /* the statement: the file's text, or the join of a C transform; NULL: none */
	char *sql_path; /* for messages; NULL where tailrace wrote the statement */
	struct tr_schema *sql_inputs; /* one an input: the columns that SQL and C see */
	int **sql_columns;            /* which of relation->columns each of them is; -1: TR_PLAN_PRESENCE */
	struct tr_engine_param *params;
	size_t n_params;
	bool outer_join;                /* C: a side may be missing, its scan carries TR_PLAN_PRESENCE */
	struct tr_transform *transform; /* C: compiled and loaded; owned */
	struct tr_contract contract;
	const char **source_types; /* of each published column, in the source's words (or the engine's) */
	struct tr_partition_key *keys;
	size_t n_keys;
	char *catalog; /* how Glue will show it, one line; NULL: no Glue */
	struct tr_plan_check *checks;
	size_t n_checks;
	int workers;                        /* of a straight copy: parallel page ranges */
	int engine_threads;                 /* 0: no engine needed */
	size_t engine_memory, stage_memory; /* shares of limits.memory */
	struct tr_plan_limits limits;       /* what it may use, of the configuration's */
	int connections;                    /* at once, the keeper included; 0: Postgres is not read */
	struct tr_plan_warning *warnings;   /* in the order found */
};

/* A chosen dataset that can't be made now, and why. */
struct tr_plan_left_out {
	const struct tr_config_dataset *config;
	struct tr_err err;
};

struct tr_plan_options {
	const char *const *names; /* datasets; n == 0: all */
	size_t n;
	bool only_c; /* of them those by typed C, and those that these read (`gen`, `build`) */
	/* Why Postgres can't be reached: what reads it, and what reads that, is left out. There must be
	 * a dataset that remains. NULL: it can. */
	const struct tr_err *unreachable;
	/* Where datasets of `from` are looked up that are not planned; NULL: the configuration
	 * alone is known. */
	const struct tr_lake *lake;
	bool skip_transforms;   /* don't compile or load C transforms (`gen`) */
	const char *object_dir; /* built objects `<dataset>.so` to use instead of compiling; NULL */
	bool force_build;       /* compile even where the cache has it (`build`) */
};

struct tr_plan {
	const struct tr_config *config;
	struct tr_relation **relations;
	const char **relation_names; /* as the configuration spells them */
	size_t n_relations;
	struct tr_plan_dataset *datasets; /* each behind those that it reads, else as configured */
	size_t n_datasets;
	struct tr_plan_left_out *left_out;
	size_t n_left_out;
	struct tr_plan_shared *shared;
	size_t n_shared;
	struct tr_plan_options options;
	struct tr_arena arena;
};

/* Do the named datasets (n == 0: all) read Postgres? The lake? Unknown names don't count. */
bool tr_plan_reads_postgres(const struct tr_config *config, const char *const *names, size_t n);
bool tr_plan_reads_lake(const struct tr_config *config, const char *const *names, size_t n);
/* Plan. All mistakes of all datasets go to errs. *pg is any connection, which is closed before
 * the code of a transform is compiled or loaded; NULL where Postgres is not read. */
bool tr_plan_make(const struct tr_config *config, struct tr_pg **pg, const struct tr_plan_options *options,
	struct tr_plan *out, struct tr_errs *errs) TR_CHECKED;
/* Set *err: `dataset` can't be made because `source`, which it reads, was not published. False. */
bool tr_plan_err_source(const char *dataset, const char *source, enum tr_err_kind kind, struct tr_err *err);
/* The dataset's part where so many run side by side: its limits and shares of memory. False
 * (no error set): too little for so many. */
bool tr_plan_share(const struct tr_plan *plan, const struct tr_plan_dataset *d, int side_by_side,
	struct tr_plan_dataset *out) TR_CHECKED;
/* The interface of a C dataset as tr_transform_header wants it; lives as long as the plan. */
bool tr_plan_transform_spec(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_transform_spec *spec,
	struct tr_err *err) TR_CHECKED;
void tr_plan_clear(struct tr_plan *plan);

#endif
