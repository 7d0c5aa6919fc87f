#include <stdlib.h>
#include <string.h>

#include "engine/remote_write.h"
#include "plan/plan_internal.h"

/* Hive's files there have no such type, or readers there would not see it as what it is. */
static bool check_types(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_errs *errs)
{
	bool ok = true;
	for (size_t i = 0; i < d->config->n_columns; i++) {
		const struct tr_config_column *c = &d->config->columns[i];
		struct tr_err err = { 0 };
		char type[TR_TYPE_TEXT];
		if (tr_remote_writes_type(c->type))
			continue;
		tr_err_set(&err, TR_ERR_USER, "`%s` can't write the column `%s`: %s", d->run_on, c->name,
			tr_type_format(c->type, type));
		tr_err_hint(&err,
			c->type.kind == TR_TIMESTAMPTZ
				? "declare `timestamp`, and write CAST(... AT TIME ZONE 'UTC' AS timestamp(6))"
				: "declare `string`, and cast it to varchar in the statement");
		tr_config_at(plan->config, c->type_pos, &err);
		ok = tr_errs_push(errs, &err);
	}
	return ok;
}

/* Which columns it reads of them is known there only. */
static bool read_all(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_err *err)
{
	for (size_t i = 0; i < d->n_sources; i++) {
		struct tr_plan_source *s = &d->sources[i];
		s->columns = tr_arena_alloc(&plan->arena, (s->schema.n + 1) * sizeof *s->columns, err);
		if (!s->columns)
			return false;
		while (s->n_columns < s->schema.n) {
			s->columns[s->n_columns] = (int)s->n_columns;
			s->n_columns++;
		}
		s->scans = 1;
	}
	return true;
}

static bool warn_about_storage(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_err *err)
{
	bool trino = strcmp(d->run_on, "trino") == 0;
	for (size_t i = 0; i < d->contract.schema.n; i++) {
		const struct tr_field *f = &d->contract.schema.fields[i];
		if (f->type.kind == TR_TIMESTAMP &&
			!tr_plan_warn(plan, d, err,
				trino ? "%s: Trino stores timestamps as INT96, which fewer readers know; the "
					"manifest says it"
				      : "%s: Athena stores timestamps as INT96 or in milliseconds; the manifest "
					"will say which",
				f->name))
			return false;
	}
	return true;
}

bool tr_plan_remote(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_errs *errs)
{
	struct tr_err err = { 0 };
	bool ok = check_types(plan, d, errs);
	if (tr_plan_read_sql(plan, d, &err) && tr_plan_params(plan, d, &err) &&
		tr_plan_own_contract(plan, d, &err) && read_all(plan, d, &err) &&
		warn_about_storage(plan, d, &err)) {
		char *text = tr_remote_with_params(d->sql, d->params, d->n_params, &err);
		if (text) {
			free(text);
			return ok;
		}
		if (err.place.line)
			tr_copy_text(err.place.file, sizeof err.place.file, d->sql_path);
	}
	if (err.place.line == 0)
		tr_config_at(plan->config, d->config->sql_pos, &err);
	return tr_errs_push(errs, &err);
}
