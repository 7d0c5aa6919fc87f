#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "plan/plan_internal.h"

/* Could this join leave a side out? Any keyword of an outer join makes every side
 * nullable: a presence column is cheap, and a side that is always there is never NULL. */
static bool has_outer_join(const char *rows)
{
	static const char *const words[] = { "LEFT", "RIGHT", "FULL", "OUTER", "POSITIONAL", "ASOF" };
	for (const char *p = rows; *p; p++) {
		bool start = p == rows || (!isalnum((unsigned char)p[-1]) && p[-1] != '_');
		for (size_t i = 0; start && i < sizeof words / sizeof words[0]; i++) {
			size_t n = strlen(words[i]);
			if (strncasecmp(p, words[i], n) == 0 && !isalnum((unsigned char)p[n]) && p[n] != '_')
				return true;
		}
	}
	return false;
}

/* SELECT every column of a side, its presence first: the order that tr_transform_apply reads. */
static void add_side(struct tr_str *s, const char *name, const struct tr_schema *columns, bool presence)
{
	size_t n = columns->n;
	for (size_t i = 0; i < n; i++) {
		/* It stands behind the others in the schema. */
		size_t k = !presence ? i : i == 0 ? n - 1 : i - 1;
		char published[512];
		snprintf(published, sizeof published, presence && i == 0 ? "%s" : "%s.%s", name,
			columns->fields[k].name);
		tr_str_add(s, s->len ? ", " : "SELECT ");
		tr_str_add_ident(s, name);
		tr_str_addc(s, '.');
		tr_str_add_ident(s, columns->fields[k].name);
		tr_str_add(s, " AS ");
		tr_str_add_ident(s, published);
	}
}

static bool join_statement(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_err *err)
{
	struct tr_str s;
	tr_str_init(&s, (size_t)1 << 20);
	for (size_t i = 0; i < d->n_inputs; i++)
		add_side(&s, d->inputs[i].config->alias, &d->sql_inputs[i], d->outer_join);
	for (size_t i = 0; i < d->n_sources; i++)
		add_side(&s, d->sources[i].config->dataset, &d->sources[i].schema, false);
	tr_str_add(&s, " FROM ");
	if (d->config->rows)
		tr_str_add(&s, d->config->rows);
	else
		tr_str_add_ident(&s, d->sources[0].config->dataset);
	bool ok = tr_str_ok(&s, err) && (d->sql = tr_arena_strdup(&plan->arena, s.ptr, err));
	tr_str_clear(&s);
	return ok;
}

static bool input_spec(struct tr_plan *plan, struct tr_plan_dataset *d, size_t i,
	struct tr_transform_input *out, struct tr_err *err)
{
	const struct tr_relation *r = d->inputs[i].relation;
	const char **types = tr_arena_alloc(&plan->arena, (r->n_columns + 1) * sizeof *types, err);
	struct tr_schema *own = tr_arena_alloc(&plan->arena, sizeof *own, err);
	char *relation = tr_arena_printf(&plan->arena, err, "%s.%s", r->schema, r->name);
	if (!types || !relation || !own)
		return false;
	*own = d->sql_inputs[i]; /* the same fields, but for the presence behind them */
	own->n -= d->outer_join;
	for (size_t k = 0; k < own->n; k++)
		types[k] = r->columns[d->sql_columns[i][k]].pg_type;
	*out = (struct tr_transform_input){ .alias = d->inputs[i].config->alias,
		.relation = relation,
		.schema = own,
		.source_types = types,
		.may_miss = d->outer_join };
	return true;
}

static bool source_spec(struct tr_plan *plan, const struct tr_plan_source *s, struct tr_transform_input *out,
	struct tr_err *err)
{
	const char **types = tr_arena_alloc(&plan->arena, (s->schema.n + 1) * sizeof *types, err);
	char *relation = tr_arena_printf(&plan->arena, err, "the dataset %s", s->config->dataset);
	if (!types || !relation)
		return false;
	for (size_t k = 0; k < s->schema.n; k++) {
		char type[TR_TYPE_TEXT];
		types[k] = tr_arena_strdup(&plan->arena, tr_type_format(s->schema.fields[k].type, type), err);
		if (!types[k])
			return false;
	}
	*out = (struct tr_transform_input){ .alias = s->config->dataset,
		.relation = relation,
		.schema = &s->schema,
		.source_types = types };
	return true;
}

bool tr_plan_transform_spec(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_transform_spec *spec,
	struct tr_err *err)
{
	const struct tr_config *c = plan->config;
	size_t n_sides = d->n_inputs + d->n_sources;
	struct tr_transform_input *inputs = tr_arena_alloc(&plan->arena, n_sides * sizeof *inputs, err);
	struct tr_transform_param *params =
		tr_arena_alloc(&plan->arena, (c->n_params + 1) * sizeof *params, err);
	bool ok = inputs && params;
	for (size_t i = 0; ok && i < n_sides; i++)
		ok = i < d->n_inputs ? input_spec(plan, d, i, &inputs[i], err)
				     : source_spec(plan, &d->sources[i - d->n_inputs], &inputs[i], err);
	if (!ok)
		return false;
	for (size_t i = 0; i < c->n_params; i++)
		params[i] = (struct tr_transform_param){ c->params[i].name, c->params[i].type,
			c->params[i].value };
	char *path = tr_arena_printf(&plan->arena, err, "%s%s%s", d->config->c[0] == '/' ? "" : c->folder,
		d->config->c[0] == '/' ? "" : "/", d->config->c);
	*spec = (struct tr_transform_spec){ .dataset = d->config->name,
		.source_path = path,
		.inputs = inputs,
		.n_inputs = n_sides,
		.params = params,
		.n_params = c->n_params,
		.out = &d->contract.schema };
	return path != NULL;
}

static bool load_transform(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_err *err)
{
	struct tr_transform_spec spec;
	const char *dir = plan->options.object_dir;
	char *object = dir ? tr_arena_printf(&plan->arena, err, "%s/%s.so", dir, d->config->name) : NULL;
	if ((dir && !object) || !tr_plan_transform_spec(plan, d, &spec, err))
		return false;
	const struct tr_transform_build build = { .project_dir = plan->config->folder,
		.object = object,
		.force = plan->options.force_build };
	return tr_transform_load(&spec, &build, &d->transform, err);
}

static bool all_columns(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_err *err)
{
	const struct tr_relation *r = d->inputs[0].relation;
	bool *needed = tr_arena_alloc(&plan->arena, r->n_columns + 1, err);
	for (size_t k = 0; needed && k < r->n_columns; k++)
		needed[k] = r->columns[k].supported;
	return needed && tr_plan_read_columns(plan, &d->inputs[0], needed, err);
}

bool tr_plan_c(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_errs *errs)
{
	struct tr_err err = { 0 };
	if (d->config->n_columns == 0) {
		tr_err_set(&err, TR_ERR_USER, "dataset `%s` is a C transform without `columns:`",
			d->config->name);
		tr_err_hint(&err, "declare the columns: they are the fields of struct out_%s",
			d->config->name);
		tr_config_at(plan->config, d->config->pos, &err);
		return tr_errs_push(errs, &err);
	}
	d->outer_join = d->config->rows && has_outer_join(d->config->rows);
	if (d->outer_join && d->n_sources) {
		tr_err_set(&err, TR_ERR_USER, "typed C sees no outer join with a dataset of `from`");
		tr_err_hint(&err, "make a dataset of the join by `sql:`, and let the function read that one");
		tr_config_at(plan->config, d->config->rows_pos, &err);
		return tr_errs_push(errs, &err);
	}
	bool ok = tr_plan_own_contract(plan, d, &err) && tr_plan_sql_inputs(plan, d, d->outer_join, &err);
	if (ok && (d->config->rows || d->n_sources)) {
		struct tr_engine_describe describe = { 0 };
		ok = join_statement(plan, d, &err) && tr_plan_statement(plan, d, &describe, &err);
		tr_engine_describe_clear(&describe);
		if (!ok)
			tr_config_at(plan->config, d->config->rows ? d->config->rows_pos : d->config->c_pos,
				&err);
	} else if (ok) {
		ok = all_columns(plan, d, &err);
	}
	ok = ok && tr_plan_row_key(plan, d, &err);
	return ok ? true : tr_errs_push(errs, &err);
}

bool tr_plan_load_c(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_errs *errs)
{
	struct tr_err err = { 0 };
	if (load_transform(plan, d, &err))
		return true;
	if (err.place.line == 0)
		tr_config_at(plan->config, d->config->c_pos, &err);
	return tr_errs_push(errs, &err);
}
