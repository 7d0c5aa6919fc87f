#include <string.h>

#include "data/name.h"
#include "plan/plan_internal.h"

/* ---- columns as declared, or taken over ---- */

static bool closest_column(const struct tr_schema *s, const char *name, struct tr_err *err)
{
	const char *names[TR_COLUMNS_MAX];
	for (size_t i = 0; i < s->n; i++)
		names[i] = s->fields[i].name;
	const char *close = tr_name_closest(name, names, s->n);
	if (close)
		return tr_err_hint(err,
			"did you mean `%s`? (write `from: %s` where the published name differs)", close,
			close);
	return tr_err_hint(err,
		"the source of a published column is the column of the same name, or `from:`");
}

/* A source column that exists but has a type that is not carried. */
static const struct tr_source_column *unsupported(const struct tr_plan_dataset *d, const char *name)
{
	for (size_t i = 0; d->kind == TR_PLAN_COPY && i < d->n_inputs; i++) {
		int k = tr_relation_find(d->inputs[i].relation, name);
		if (k >= 0 && !d->inputs[i].relation->columns[k].supported)
			return &d->inputs[i].relation->columns[k];
	}
	return NULL;
}

static bool missing_column(const struct tr_plan_dataset *d, const struct tr_schema *yielded, const char *name,
	struct tr_err *err)
{
	const struct tr_source_column *column = unsupported(d, name);
	if (column) {
		tr_err_set(err, TR_ERR_USER, "column `%s` has the type %s, which tailrace does not read",
			name, column->pg_type);
		return tr_err_hint(err, "%s", column->why);
	}
	if (d->kind == TR_PLAN_COPY)
		tr_err_set(err, TR_ERR_USER, "%s.%s has no column `%s`", d->inputs[0].relation->schema,
			d->inputs[0].relation->name, name);
	else
		tr_err_set(err, TR_ERR_USER, "the statement yields no column `%s`", name);
	return closest_column(yielded, name, err);
}

static bool match_column(struct tr_plan *plan, struct tr_plan_dataset *d, const struct tr_config_column *c,
	struct tr_contract_column *out, const struct tr_schema *yielded, const char *const *types,
	struct tr_err *err)
{
	const char *from = c->from ? c->from : c->name;
	int source = tr_schema_find(yielded, from);
	if (source < 0) {
		missing_column(d, yielded, from, err);
		return tr_config_at(plan->config, c->pos, err);
	}
	struct tr_type type = yielded->fields[source].type;
	*out = (struct tr_contract_column){ .source = source,
		.from = type,
		.to = c->type,
		.not_null = c->not_null,
		.truncate = c->truncate,
		.accepted = (const char *const *)c->accepted,
		.n_accepted = c->n_accepted };
	d->source_types[c - d->config->columns] = types[source];
	if (!tr_contract_widens(type, c->type)) {
		char have[TR_TYPE_TEXT], want[TR_TYPE_TEXT], cast[256];
		tr_type_format(c->type, want);
		tr_type_format(type, have);
		tr_err_set(err, TR_ERR_USER, "column `%s` is %s%s%s%s, the contract says %s", c->name,
			types[source], strcasecmp(types[source], have) ? " (" : "",
			strcasecmp(types[source], have) ? have : "",
			strcasecmp(types[source], have) ? ")" : "", want);
		tr_contract_cast(type, c->type, from, cast, sizeof cast);
		if (d->kind == TR_PLAN_COPY)
			tr_err_hint(err, "declare `%s`, or read it by SQL: %s", have, cast);
		else
			tr_err_hint(err, "write %s AS %s in the statement, or declare `%s`", cast, from,
				have);
		return tr_config_at(plan->config, c->type_pos, err);
	}
	return tr_schema_add(&d->contract.schema, c->name, c->type, !c->not_null, c->doc, err);
}

/* The statement yields a column that nobody declared: say so rather than drop it. */
static bool undeclared(struct tr_plan *plan, struct tr_plan_dataset *d, const struct tr_schema *yielded,
	struct tr_errs *errs)
{
	bool ok = true;
	for (size_t i = 0; d->kind == TR_PLAN_SQL && i < yielded->n; i++) {
		bool used = false;
		for (size_t k = 0; k < d->config->n_columns && !used; k++) {
			const struct tr_config_column *c = &d->config->columns[k];
			used = strcmp(c->from ? c->from : c->name, yielded->fields[i].name) == 0;
		}
		if (used)
			continue;
		struct tr_err err = { 0 };
		char type[TR_TYPE_TEXT];
		tr_err_set(&err, TR_ERR_USER,
			"the statement yields `%s`, which the contract does not declare",
			yielded->fields[i].name);
		tr_err_hint(&err, "add `%s: { type: %s }` to the columns, or leave it out of the SELECT",
			yielded->fields[i].name, tr_type_format(yielded->fields[i].type, type));
		tr_config_at(plan->config, d->config->sql_pos, &err);
		ok = tr_errs_push(errs, &err);
	}
	return ok;
}

static bool declared(struct tr_plan *plan, struct tr_plan_dataset *d, const struct tr_schema *yielded,
	const char *const *types, struct tr_errs *errs)
{
	bool ok = true;
	for (size_t i = 0; i < d->config->n_columns; i++) {
		struct tr_err err = { 0 };
		if (!match_column(plan, d, &d->config->columns[i], &d->contract.columns[i], yielded, types,
			    &err))
			ok = tr_errs_push(errs, &err);
	}
	return undeclared(plan, d, yielded, errs) && ok;
}

/* No contract: every column under its proposed name. uuid and time are published as text,
 * which every reader of a lake understands (docs: types). */
static bool taken_over(struct tr_plan_dataset *d, const struct tr_schema *yielded, const char *const *types,
	struct tr_err *err)
{
	for (size_t i = 0; i < yielded->n; i++) {
		const struct tr_field *f = &yielded->fields[i];
		char name[TR_NAME_MAX + 1];
		tr_name_propose(f->name, name);
		if (tr_schema_find(&d->contract.schema, name) >= 0) {
			tr_err_set(err, TR_ERR_USER, "two columns of dataset `%s` would be published as `%s`",
				d->config->name, name);
			return tr_err_hint(err, "declare `columns:` with `from:` to give them names");
		}
		struct tr_type to = f->type;
		if (to.kind == TR_UUID || to.kind == TR_TIME)
			to = (struct tr_type){ .kind = TR_STRING };
		bool not_null = !f->nullable;
		d->source_types[i] = types[i];
		if (!tr_schema_add(&d->contract.schema, name, to, f->nullable, f->doc, err))
			return false;
		d->contract.columns[i] = (struct tr_contract_column){ .source = (int)i,
			.from = f->type,
			.to = to,
			.not_null = not_null };
	}
	return true;
}

bool tr_plan_match(struct tr_plan *plan, struct tr_plan_dataset *d, const struct tr_schema *yielded,
	const char *const *types, struct tr_errs *errs)
{
	struct tr_err err = { 0 };
	size_t n = d->config->n_columns ? d->config->n_columns : yielded->n;
	d->contract.columns = tr_arena_alloc(&plan->arena, n * sizeof *d->contract.columns, &err);
	d->source_types = tr_arena_alloc(&plan->arena, (n + 1) * sizeof *d->source_types, &err);
	if (!d->contract.columns || !d->source_types)
		return tr_errs_push(errs, &err);
	if (d->config->n_columns)
		return declared(plan, d, yielded, types, errs);
	if (taken_over(d, yielded, types, &err))
		return true;
	tr_config_at(plan->config, d->config->pos, &err);
	return tr_errs_push(errs, &err);
}

bool tr_plan_own_contract(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_err *err)
{
	const struct tr_config_dataset *c = d->config;
	d->contract.columns = tr_arena_alloc(&plan->arena, c->n_columns * sizeof *d->contract.columns, err);
	if (!d->contract.columns)
		return false;
	for (size_t i = 0; i < c->n_columns; i++) {
		const struct tr_config_column *column = &c->columns[i];
		if (!tr_schema_add(&d->contract.schema, column->name, column->type, !column->not_null,
			    column->doc, err))
			return false;
		struct tr_type made = column->type;
		if (made.kind != TR_DECIMAL) /* a function may set any microsecond */
			made.precision = 0;
		d->contract.columns[i] = (struct tr_contract_column){ .source = (int)i,
			.from = made,
			.to = column->type,
			.not_null = column->not_null,
			.truncate = column->truncate,
			.accepted = (const char *const *)column->accepted,
			.n_accepted = column->n_accepted };
	}
	return true;
}

/* A column that the contract calls unique names a row, too. */
static size_t unique_column(const struct tr_plan_dataset *d, int *keys)
{
	for (size_t k = 0; k < d->config->n_columns; k++) {
		if (d->config->columns[k].unique) {
			keys[0] = (int)k;
			return 1;
		}
	}
	return 0;
}

bool tr_plan_row_key(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_err *err)
{
	const struct tr_relation *r = d->n_inputs ? d->inputs[0].relation : NULL;
	size_t n_source = r ? r->n_columns : 0, n = 0;
	int *keys = tr_arena_alloc(&plan->arena, (n_source + 1) * sizeof *keys, err);
	if (!keys)
		return false;
	for (size_t i = 0; i < n_source; i++) {
		if (!r->columns[i].key_position)
			continue;
		const char *name = r->columns[i].name;
		for (size_t k = 0; k < d->contract.schema.n; k++) {
			const struct tr_config_column *c =
				d->config->n_columns ? &d->config->columns[k] : NULL;
			const char *from = c && c->from ? c->from : d->contract.schema.fields[k].name;
			if (c ? strcmp(from, name) != 0 : d->contract.columns[k].source != (int)i)
				continue;
			keys[n++] = (int)k;
			break; /* published twice, it names the row once */
		}
	}
	d->contract.key_columns = keys;
	d->contract.n_key_columns = n ? n : unique_column(d, keys);
	return true;
}
