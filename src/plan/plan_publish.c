#include <string.h>

#include "data/name.h"
#include "lake/stage.h"
#include "plan/plan_internal.h"

/* ---- partitions ---- */

static bool plan_key(struct tr_plan *plan, struct tr_plan_dataset *d, const struct tr_config_partition *p,
	struct tr_partition_key *key, struct tr_err *err)
{
	static const char *const suffix[] = { "", "_year", "_month", "_day", "_hour" };
	int column = tr_schema_find(&d->contract.schema, p->column);
	if (column < 0) {
		const char *names[TR_COLUMNS_MAX];
		for (size_t i = 0; i < d->contract.schema.n; i++)
			names[i] = d->contract.schema.fields[i].name;
		const char *close = tr_name_closest(p->column, names, d->contract.schema.n);
		tr_err_set(err, TR_ERR_USER, "partition_by names `%s`, which dataset `%s` does not publish",
			p->column, d->config->name);
		return close ? tr_err_hint(err, "did you mean `%s`?", close) : false;
	}
	const struct tr_field *f = &d->contract.schema.fields[column];
	if (!tr_partition_allowed(f->type, p->transform)) {
		char type[TR_TYPE_TEXT];
		tr_err_set(err, TR_ERR_USER, "`%s` is %s and can't be partitioned by in this way", p->column,
			tr_type_format(f->type, type));
		return tr_err_hint(err,
			p->transform == TR_PART_IDENTITY
				? "partition by a bool, integer, decimal, string or date column, or by day(...) of a timestamp"
				: "year, month, day and hour take a date or timestamp column (hour: a timestamp)");
	}
	key->column = p->column;
	key->transform = p->transform;
	key->type = p->transform == TR_PART_IDENTITY ? f->type : (struct tr_type){ .kind = TR_STRING };
	key->name = tr_arena_printf(&plan->arena, err, "%s%s", p->column, suffix[p->transform]);
	if (!key->name)
		return false;
	if (p->transform != TR_PART_IDENTITY && tr_schema_find(&d->contract.schema, key->name) >= 0) {
		tr_err_set(err, TR_ERR_USER,
			"the partition column `%s` clashes with a column of dataset `%s`", key->name,
			d->config->name);
		return tr_err_hint(err, "rename that column");
	}
	return true;
}

bool tr_plan_partitions(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_errs *errs)
{
	const struct tr_config_dataset *c = d->config;
	struct tr_err err = { 0 };
	d->keys = tr_arena_alloc(&plan->arena, (c->n_partitions + 1) * sizeof *d->keys, &err);
	if (!d->keys)
		return tr_errs_push(errs, &err);
	bool ok = true;
	size_t identity = 0;
	for (size_t i = 0; i < c->n_partitions; i++) {
		tr_err_clear(&err);
		if (plan_key(plan, d, &c->partitions[i], &d->keys[i], &err)) {
			d->n_keys++;
			identity += c->partitions[i].transform == TR_PART_IDENTITY;
			continue;
		}
		tr_config_at(plan->config, c->partitions[i].pos, &err);
		ok = tr_errs_push(errs, &err);
	}
	if (ok && identity == d->contract.schema.n) {
		tr_err_set(&err, TR_ERR_USER,
			"dataset `%s` is partitioned by all its columns: its files would have none",
			d->config->name);
		tr_err_hint(&err, "leave a column out of partition_by");
		tr_config_at(plan->config, d->config->pos, &err);
		return tr_errs_push(errs, &err);
	}
	return ok;
}

/* ---- checks ---- */

#define SAMPLES 5

/* The columns that name a row, or all where no key is published. */
static void add_key_columns(struct tr_str *s, const struct tr_plan_dataset *d)
{
	const struct tr_contract *c = &d->contract;
	size_t n = c->n_key_columns ? c->n_key_columns : c->schema.n;
	for (size_t i = 0; i < n; i++) {
		if (i)
			tr_str_add(s, ", ");
		tr_str_add_ident(s, c->schema.fields[c->n_key_columns ? (size_t)c->key_columns[i] : i].name);
	}
}

static bool add_check(struct tr_plan *plan, struct tr_plan_dataset *d, const char *text, struct tr_str *count,
	struct tr_str *samples, struct tr_err *err)
{
	struct tr_plan_check *check = &d->checks[d->n_checks];
	bool ok = tr_str_ok(count, err) && tr_str_ok(samples, err) &&
		(check->text = tr_arena_strdup(&plan->arena, text, err)) &&
		(check->count = tr_arena_strdup(&plan->arena, count->ptr, err)) &&
		(check->samples = tr_arena_strdup(&plan->arena, samples->ptr, err));
	tr_str_clear(count);
	tr_str_clear(samples);
	d->n_checks += ok;
	return ok;
}

/* A row breaks a check only where the expression is false: null passes, as in SQL's CHECK. */
static bool expression_check(struct tr_plan *plan, struct tr_plan_dataset *d, const char *expression,
	struct tr_err *err)
{
	struct tr_str count, samples;
	tr_str_init(&count, (size_t)1 << 16);
	tr_str_init(&samples, (size_t)1 << 18);
	tr_str_addf(&count, "SELECT count(*) FROM ");
	tr_str_add_ident(&count, d->config->name);
	tr_str_addf(&count, " WHERE NOT (%s\n)", expression);
	tr_str_add(&samples, "SELECT ");
	add_key_columns(&samples, d);
	tr_str_add(&samples, " FROM ");
	tr_str_add_ident(&samples, d->config->name);
	tr_str_addf(&samples, " WHERE NOT (%s\n) LIMIT %d", expression, SAMPLES);
	return add_check(plan, d, expression, &count, &samples, err);
}

/* Rows whose values in `columns` occur more than once; rows with a null pass, as in SQL's UNIQUE. */
static bool unique_check(struct tr_plan *plan, struct tr_plan_dataset *d, const char *const *columns,
	size_t n, struct tr_err *err)
{
	struct tr_str list, groups, count, samples, text;
	tr_str_init(&list, (size_t)1 << 16);
	tr_str_init(&groups, (size_t)1 << 18);
	tr_str_init(&count, (size_t)1 << 19);
	tr_str_init(&samples, (size_t)1 << 19);
	tr_str_init(&text, (size_t)1 << 16);
	tr_str_add(&text, "unique (");
	for (size_t i = 0; i < n; i++) {
		tr_str_add(&list, i ? ", " : "");
		tr_str_add_ident(&list, columns[i]);
		tr_str_addf(&text, "%s%s", i ? ", " : "", columns[i]);
	}
	tr_str_add(&text, ")");
	tr_str_add(&groups, " FROM ");
	tr_str_add_ident(&groups, d->config->name);
	for (size_t i = 0; i < n; i++) {
		tr_str_add(&groups, i ? " AND " : " WHERE ");
		tr_str_add_ident(&groups, columns[i]);
		tr_str_add(&groups, " IS NOT NULL");
	}
	tr_str_addf(&groups, " GROUP BY %s HAVING count(*) > 1", list.ptr ? list.ptr : "");
	tr_str_addf(&count, "SELECT coalesce(sum(n), 0)::BIGINT FROM (SELECT count(*) AS n%s)",
		groups.ptr ? groups.ptr : "");
	tr_str_addf(&samples, "SELECT %s%s LIMIT %d", list.ptr ? list.ptr : "", groups.ptr ? groups.ptr : "",
		SAMPLES);
	bool ok = tr_str_ok(&list, err) && tr_str_ok(&groups, err) && tr_str_ok(&text, err);
	if (ok) {
		ok = add_check(plan, d, text.ptr, &count, &samples, err);
	} else {
		tr_str_clear(&count);
		tr_str_clear(&samples);
	}
	tr_str_clear(&list);
	tr_str_clear(&groups);
	tr_str_clear(&text);
	return ok;
}

/* `SELECT <head><expression><tail> FROM` the published columns: does the engine understand it? */
static bool prepare_selected(struct tr_engine *engine, const struct tr_plan_dataset *d, const char *head,
	const char *expression, const char *tail, struct tr_engine_describe *describe, struct tr_err *err)
{
	struct tr_str s;
	tr_str_init(&s, (size_t)1 << 16);
	tr_str_addf(&s, "SELECT %s%s\n%s FROM ", head, expression, tail);
	tr_str_add_ident(&s, d->config->name);
	bool ok = tr_str_ok(&s, err) &&
		tr_engine_prepare(engine, s.ptr, NULL, d->params, d->n_params, describe, err);
	tr_str_clear(&s);
	return ok;
}

static bool is_condition(struct tr_engine *engine, const struct tr_plan_dataset *d, const char *expression,
	struct tr_err *err)
{
	struct tr_engine_describe describe = { 0 };
	bool ok = prepare_selected(engine, d, "(", expression, ") AS passes", &describe, err);
	if (ok && describe.schema.fields[0].type.kind != TR_BOOL) {
		tr_err_set(err, TR_ERR_USER, "the check `%s` is %s, not a condition", expression,
			describe.engine_types[0]);
		tr_err_hint(err, "write a comparison, as `amount >= 0`");
		ok = false;
	}
	tr_engine_describe_clear(&describe);
	return ok;
}

/* Is it one expression? `a) AND (b` parses between parentheses too, where it changes what stands
 * around it, but not between WHEN and THEN. */
static bool is_whole(struct tr_engine *engine, const struct tr_plan_dataset *d, const char *expression,
	struct tr_err *err)
{
	struct tr_engine_describe describe = { 0 };
	bool ok = prepare_selected(engine, d, "CASE WHEN ", expression, " THEN 1 END AS one", &describe, err);
	if (!ok && err->kind == TR_ERR_USER) {
		tr_err_clear(err);
		tr_err_set(err, TR_ERR_USER, "the check `%s` is not one expression", expression);
		tr_err_hint(err,
			"write one condition: each parenthesis in it closes in it, and a subquery has "
			"parentheses of its own");
	}
	tr_engine_describe_clear(&describe);
	return ok;
}

/* The last check, as it will be asked of each row. An aggregate can't be. */
static bool is_asked_of_rows(struct tr_engine *engine, const struct tr_plan_dataset *d, struct tr_err *err)
{
	struct tr_engine_describe describe = { 0 };
	bool ok = tr_engine_prepare(engine, d->checks[d->n_checks - 1].count, NULL, d->params, d->n_params,
		&describe, err);
	if (!ok && err->kind == TR_ERR_USER)
		tr_err_hint(err,
			"a check is asked of each row; what is of all rows stands in a subquery, as "
			"`(SELECT count(*) FROM %s) > 0`",
			d->config->name);
	tr_engine_describe_clear(&describe);
	return ok;
}

static bool plan_expression(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_engine *engine,
	const struct tr_config_check *check, struct tr_err *err)
{
	if (is_condition(engine, d, check->expression, err) && is_whole(engine, d, check->expression, err) &&
		expression_check(plan, d, check->expression, err) && is_asked_of_rows(engine, d, err))
		return true;
	memset(&err->place, 0, sizeof err->place);
	return tr_config_at(plan->config, check->pos, err);
}

static bool plan_expressions(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_errs *errs)
{
	const struct tr_config_dataset *c = d->config;
	struct tr_err err = { 0 };
	struct tr_engine *engine = NULL;
	const struct tr_engine_input published = { .name = c->name,
		.schema = &d->contract.schema,
		.rows = -1,
		.open = tr_plan_refuse_to_read };
	bool ok = tr_plan_params(plan, d, &err) && tr_plan_engine(plan, &engine, &err) &&
		tr_engine_add_input(engine, &published, &err);
	if (!ok)
		tr_errs_push(errs, &err);
	for (size_t i = 0; engine && i < c->n_checks; i++) {
		tr_err_clear(&err);
		if (!plan_expression(plan, d, engine, &c->checks[i], &err))
			ok = tr_errs_push(errs, &err);
	}
	tr_engine_close(engine);
	return ok;
}

/* One of config's comma-joined sets. */
static bool plan_unique_set(struct tr_plan *plan, struct tr_plan_dataset *d, const char *set,
	struct tr_err *err)
{
	char *text = tr_arena_strdup(&plan->arena, set, err);
	/* A name and a comma are at least two characters. */
	const char **columns = tr_arena_alloc(&plan->arena, (strlen(set) / 2 + 1) * sizeof *columns, err);
	size_t n = 0;
	if (!text || !columns)
		return false;
	char *rest = NULL;
	for (char *p = strtok_r(text, ",", &rest); p; p = strtok_r(NULL, ",", &rest)) {
		if (tr_schema_find(&d->contract.schema, p) < 0) {
			tr_err_set(err, TR_ERR_USER, "unique names `%s`, which dataset `%s` does not publish",
				p, d->config->name);
			return tr_config_at(plan->config, d->config->pos, err);
		}
		columns[n++] = p;
	}
	return unique_check(plan, d, columns, n, err);
}

/* What the stream would check of a column, asked of files that were written elsewhere. */
static bool stream_checks(struct tr_plan *plan, struct tr_plan_dataset *d, const struct tr_config_column *c,
	struct tr_err *err)
{
	struct tr_str s;
	bool ok = true;
	tr_str_init(&s, (size_t)1 << 18);
	if (c->accepted) {
		tr_str_add_ident(&s, c->name);
		for (size_t i = 0; i < c->n_accepted; i++) {
			tr_str_add(&s, i ? ", " : " IN (");
			tr_str_add_literal(&s, c->accepted[i]);
		}
		tr_str_addc(&s, ')');
		ok = tr_str_ok(&s, err) && expression_check(plan, d, s.ptr, err);
		s.len = 0;
	}
	if (ok && c->type.kind == TR_TIMESTAMP && c->type.precision == 3 && !c->truncate) {
		tr_str_add(&s, "epoch_us(");
		tr_str_add_ident(&s, c->name);
		tr_str_add(&s, ") % 1000 = 0");
		ok = tr_str_ok(&s, err) && expression_check(plan, d, s.ptr, err);
	}
	tr_str_clear(&s);
	return ok;
}

bool tr_plan_checks(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_errs *errs)
{
	const struct tr_config_dataset *c = d->config;
	struct tr_err err = { 0 };
	size_t n = c->n_checks + c->n_unique + 3 * c->n_columns;
	d->checks = tr_arena_alloc(&plan->arena, (n + 1) * sizeof *d->checks, &err);
	bool ok = d->checks ? true : tr_errs_push(errs, &err);
	if (ok && c->n_checks)
		ok = plan_expressions(plan, d, errs);
	for (size_t i = 0; ok && i < c->n_unique; i++)
		if (!plan_unique_set(plan, d, c->unique[i], &err))
			ok = tr_errs_push(errs, &err);
	for (size_t i = 0; ok && i < c->n_columns; i++) {
		const char *column = c->columns[i].name;
		if ((c->columns[i].unique && !unique_check(plan, d, &column, 1, &err)) ||
			(d->run_on && !stream_checks(plan, d, &c->columns[i], &err)))
			ok = tr_errs_push(errs, &err);
	}
	return ok;
}
