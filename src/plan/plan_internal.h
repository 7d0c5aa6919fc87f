/* The parts of planning, for plan.c only: each fills its share of a dataset's plan and
 * adds every mistake it finds to errs. */
#ifndef TR_PLAN_PLAN_INTERNAL_H
#define TR_PLAN_PLAN_INTERNAL_H

#include "plan/plan.h"

/* plan_from.c: put the chosen datasets behind those that they read; what is known of what
 * one of them reads. */
bool tr_plan_order(struct tr_plan *plan, struct tr_err *err);
/* plan_from.c, of datasets in order: keep only what options.only_c says; take what Postgres is
 * needed for to plan->left_out, where options.unreachable is set. */
bool tr_plan_keep_c(struct tr_plan *plan, struct tr_err *err);
bool tr_plan_leave_out(struct tr_plan *plan, struct tr_err *err);
bool tr_plan_sources(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_errs *errs);

/* plan_copy.c, plan_sql.c, plan_c.c: the transform and its contract. */
bool tr_plan_copy(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_errs *errs);
bool tr_plan_sql(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_errs *errs);
bool tr_plan_c(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_errs *errs);
/* plan_c.c: compile and load the function, after the above and with no connection open. */
bool tr_plan_load_c(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_errs *errs);
/* plan_remote.c: a statement that Athena or Trino runs. What it yields is not known before. */
bool tr_plan_remote(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_errs *errs);

/* plan_contract.c: match what the transform yields with the declared columns. `types` names
 * the yielded types in the transform's own words (one a column). */
bool tr_plan_match(struct tr_plan *plan, struct tr_plan_dataset *d, const struct tr_schema *yielded,
	const char *const *types, struct tr_errs *errs);
/* Which published columns name a row in messages: the first input's key, where published. */
bool tr_plan_row_key(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_err *err);

/* plan_contract.c: the transform fills the contract's columns itself, each from its own position. */
bool tr_plan_own_contract(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_err *err);

/* plan_publish.c: partition keys, and the statements of the audit. */
bool tr_plan_partitions(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_errs *errs);
bool tr_plan_checks(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_errs *errs);

/* plan_catalog.c: can Glue show it, and how. */
bool tr_plan_catalog(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_errs *errs);

/* plan_sql.c: an engine for planning, with the dataset's inputs as tables that can't be read. */
/* What such a table answers to a reader (tr_engine_input.open): an error. */
bool tr_plan_refuse_to_read(void *context, const int *columns, size_t n, struct ArrowArrayStream *out,
	struct tr_err *err);
bool tr_plan_engine(const struct tr_plan *plan, struct tr_engine **out, struct tr_err *err);
bool tr_plan_params(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_err *err);
/* The statement's file: d->sql and d->sql_path. */
bool tr_plan_read_sql(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_err *err);
bool tr_plan_statement(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_engine_describe *out,
	struct tr_err *err);
/* May the column hold nulls as it is read? Special values can become null where NOT NULL is declared. */
bool tr_plan_nullable(const struct tr_plan_dataset *d, const struct tr_source_column *c);
bool tr_plan_sql_inputs(struct tr_plan *plan, struct tr_plan_dataset *d, bool presence, struct tr_err *err);

/* plan.c */
bool tr_plan_read_columns(struct tr_plan *plan, struct tr_plan_input *input, const bool *needed,
	struct tr_err *err);
bool tr_plan_warn(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_err *err, const char *fmt, ...)
	TR_PRINTF(4, 5);

#endif
