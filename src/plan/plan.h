/*
 * The plan of a run: a plain value, a function of (configuration, catalog of the source,
 * what the engine says of each statement). `check` prints it, `run` executes it.
 * Reads no rows.
 */
#ifndef TR_PLAN_PLAN_H
#define TR_PLAN_PLAN_H

#include "engine/transform.h"
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
	int64_t est_bytes; /* of the COPY */
};

struct tr_plan_dataset {
	const struct tr_config_dataset *config;
	enum tr_plan_kind kind;
	struct tr_plan_input *inputs;
	size_t n_inputs;
	char *sql;      /* the statement to run: the file's text, or the join for C */
	char *sql_path; /* for messages */
	struct tr_contract contract;
	struct tr_partition_key *keys;
	size_t n_keys;
	int workers;                        /* of a straight copy: parallel page ranges */
	size_t engine_memory, stage_memory; /* shares of limits.memory */
	int engine_threads;
	int connections; /* at once, the keeper included */
	char **warnings;
	size_t n_warnings;
	char **source_types; /* Postgres's type of each published column, or NULL (`check`) */
};

struct tr_plan {
	const struct tr_config *config;
	struct tr_relation **relations;
	size_t n_relations;
	struct tr_plan_dataset *datasets;
	size_t n_datasets;
	struct tr_arena arena;
};

/* Plan the named datasets (n == 0: all). All mistakes go to errs. `pg` is any connection. */
bool tr_plan_make(const struct tr_config *config, struct tr_pg *pg, const char *const *names, size_t n,
	struct tr_plan *out, struct tr_errs *errs) TR_CHECKED;
void tr_plan_clear(struct tr_plan *plan);

#endif
