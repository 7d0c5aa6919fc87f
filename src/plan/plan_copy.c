#include "plan/plan_internal.h"

/* A straight copy: the published columns are columns of the one input. */
bool tr_plan_copy(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_errs *errs)
{
	const struct tr_relation *r = d->inputs[0].relation;
	struct tr_schema yielded;
	struct tr_err err = { 0 };
	tr_schema_init(&yielded);
	int *position = tr_arena_alloc(&plan->arena, (r->n_columns + 1) * sizeof *position, &err);
	const char **types = tr_arena_alloc(&plan->arena, (r->n_columns + 1) * sizeof *types, &err);
	bool *needed = tr_arena_alloc(&plan->arena, r->n_columns + 1, &err);
	bool ok = position && types && needed;
	for (size_t i = 0; ok && i < r->n_columns; i++) {
		const struct tr_source_column *c = &r->columns[i];
		if (!c->supported && d->config->n_columns)
			continue;
		if (!c->supported) {
			tr_err_set(&err, TR_ERR_USER,
				"column `%s` of %s.%s has the type %s, which tailrace does not read", c->name,
				r->schema, r->name, c->pg_type);
			tr_err_hint(&err, "%s", c->why);
			tr_config_at(plan->config, d->config->pos, &err);
			tr_errs_push(errs, &err);
			tr_err_clear(&err);
			continue;
		}
		types[yielded.n] = c->pg_type;
		position[yielded.n] = (int)i;
		ok = tr_schema_add(&yielded, c->name, c->type, tr_plan_nullable(d, c), c->comment, &err);
	}
	if (ok && yielded.n == 0 && r->n_columns == 0) {
		tr_err_set(&err, TR_ERR_USER, "%s.%s has no columns", r->schema, r->name);
		tr_err_hint(&err, "there is nothing to copy: leave it out of the datasets");
		tr_config_at(plan->config, d->inputs[0].config->relation_pos, &err);
		ok = false;
	}
	if (!ok)
		tr_errs_push(errs, &err);
	ok = ok && tr_plan_match(plan, d, &yielded, types, errs);
	if (ok) {
		/* Read what is published, in the table's order; sources become positions in that scan. */
		for (size_t i = 0; i < d->contract.schema.n; i++) {
			d->contract.columns[i].source = position[d->contract.columns[i].source];
			needed[d->contract.columns[i].source] = true;
		}
		ok = tr_plan_row_key(plan, d, &err) &&
			tr_plan_read_columns(plan, &d->inputs[0], needed, &err);
		for (size_t i = 0; ok && i < d->contract.schema.n; i++)
			for (size_t k = 0; k < d->inputs[0].n_columns; k++)
				if (d->inputs[0].columns[k] == d->contract.columns[i].source) {
					d->contract.columns[i].source = (int)k;
					break;
				}
		if (!ok)
			tr_errs_push(errs, &err);
	}
	tr_schema_clear(&yielded);
	return ok;
}
