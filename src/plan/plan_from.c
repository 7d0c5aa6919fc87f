/* Datasets that read other datasets: their order, and what is known of what they read. */
#include <stdlib.h>
#include <string.h>

#include "data/name.h"
#include "lake/stage.h"
#include "plan/plan_internal.h"

/* ---- who reads what ---- */

static bool any(const struct tr_config *config, const char *const *names, size_t n,
	bool (*reads)(const struct tr_config_dataset *))
{
	for (size_t i = 0; i < (n ? n : config->n_datasets); i++) {
		const struct tr_config_dataset *d =
			n ? tr_config_dataset(config, names[i]) : &config->datasets[i];
		if (d && reads(d))
			return true;
	}
	return false;
}

static bool has_inputs(const struct tr_config_dataset *d)
{
	return d->n_inputs > 0;
}

static bool has_from(const struct tr_config_dataset *d)
{
	return d->n_from > 0;
}

bool tr_plan_reads_postgres(const struct tr_config *config, const char *const *names, size_t n)
{
	return any(config, names, n, has_inputs);
}

bool tr_plan_reads_lake(const struct tr_config *config, const char *const *names, size_t n)
{
	return any(config, names, n, has_from);
}

/* ---- order ---- */

static int find_planned(const struct tr_plan *plan, size_t n, const char *dataset)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(plan->datasets[i].config->name, dataset) == 0)
			return (int)i;
	return -1;
}

/* All that it reads of the chosen datasets stands among the first n. */
static bool is_ready(const struct tr_plan *plan, size_t n, const struct tr_config_dataset *d)
{
	for (size_t k = 0; k < d->n_from; k++)
		if (find_planned(plan, plan->n_datasets, d->from[k].dataset) >= (int)n)
			return false;
	return true;
}

/* The first that is ready comes next: what need not move stays in the file's order. */
bool tr_plan_order(struct tr_plan *plan, struct tr_err *err)
{
	for (size_t n = 0; n < plan->n_datasets; n++) {
		size_t next = n;
		while (next < plan->n_datasets && !is_ready(plan, n, plan->datasets[next].config))
			next++;
		if (next == plan->n_datasets) /* the configuration has no cycles */
			return tr_err_set(err, TR_ERR_INTERNAL, "the datasets have no order");
		const struct tr_plan_dataset moved = plan->datasets[next];
		memmove(&plan->datasets[n + 1], &plan->datasets[n], (next - n) * sizeof moved);
		plan->datasets[n] = moved;
	}
	return true;
}

/* ---- which of them ---- */

static bool reads(const struct tr_config_dataset *d, const char *source)
{
	for (size_t k = 0; k < d->n_from; k++)
		if (strcmp(d->from[k].dataset, source) == 0)
			return true;
	return false;
}

bool tr_plan_keep_c(struct tr_plan *plan, struct tr_err *err)
{
	if (!plan->options.only_c)
		return true;
	bool *keep = tr_arena_alloc(&plan->arena, plan->n_datasets + 1, err);
	if (!keep)
		return false;
	/* Readers stand behind what they read. */
	for (size_t i = plan->n_datasets; i-- > 0;) {
		const struct tr_config_dataset *d = plan->datasets[i].config;
		keep[i] = d->c != NULL;
		for (size_t k = i + 1; k < plan->n_datasets && !keep[i]; k++)
			keep[i] = keep[k] && reads(plan->datasets[k].config, d->name);
	}
	size_t kept = 0;
	for (size_t i = 0; i < plan->n_datasets; i++)
		if (keep[i])
			plan->datasets[kept++] = plan->datasets[i];
	plan->n_datasets = kept;
	return true;
}

bool tr_plan_err_source(const char *dataset, const char *source, enum tr_err_kind kind, struct tr_err *err)
{
	tr_err_set(err, kind, "`%s` was not run: `%s`, which it reads, was not published", dataset, source);
	return tr_err_hint(err,
		"run it again when `%s` is mended; `tailrace run %s` reads the last version of `%s` that "
		"there is",
		source, dataset, source);
}

static bool is_left_out(const struct tr_plan *plan, const struct tr_config_dataset *d, struct tr_err *err)
{
	const struct tr_err *unreachable = plan->options.unreachable;
	if (d->n_inputs > 0) {
		*err = *unreachable;
		return true;
	}
	for (size_t i = 0; i < plan->n_left_out; i++) {
		const char *source = plan->left_out[i].config->name;
		if (reads(d, source))
			return !tr_plan_err_source(d->name, source, unreachable->kind, err);
	}
	return false;
}

bool tr_plan_leave_out(struct tr_plan *plan, struct tr_err *err)
{
	if (!plan->options.unreachable)
		return true;
	size_t kept = 0;
	plan->left_out = tr_arena_alloc(&plan->arena, plan->n_datasets * sizeof *plan->left_out, err);
	for (size_t i = 0; plan->left_out && i < plan->n_datasets; i++) {
		struct tr_plan_left_out *out = &plan->left_out[plan->n_left_out];
		out->config = plan->datasets[i].config;
		if (is_left_out(plan, out->config, &out->err))
			plan->n_left_out++;
		else
			plan->datasets[kept++] = plan->datasets[i];
	}
	plan->n_datasets = kept;
	if (kept > 0 || !plan->left_out)
		return plan->left_out != NULL;
	*err = *plan->options.unreachable;
	return false;
}

/* ---- what a source looks like ---- */

/* As a reader of the lake will see a dataset of that contract. Partition columns are nullable:
 * a manifest does not say whether they may be null, and the same must come of both. */
static bool schema_of_contract(const struct tr_plan_dataset *d, struct tr_schema *out, struct tr_err *err)
{
	struct tr_manifest m;
	tr_manifest_init(&m);
	bool ok = tr_stage_schema(&d->contract.schema, d->keys, d->n_keys, &m.schema, err);
	m.keys = d->keys;
	m.n_keys = d->n_keys;
	ok = ok && tr_manifest_columns(&m, out, err);
	tr_schema_clear(&m.schema);
	return ok;
}

static void partitions_are_nullable(struct tr_schema *schema, size_t n_keys)
{
	for (size_t i = schema->n - n_keys; i < schema->n; i++)
		schema->fields[i].nullable = true;
}

/* A dataset of the configuration that is neither planned nor published: by its contract. */
static bool schema_of_config(struct tr_plan *plan, const struct tr_config_dataset *c, struct tr_schema *out,
	size_t *n_keys, struct tr_errs *errs)
{
	struct tr_plan_dataset d = { .config = c };
	struct tr_err err = { 0 };
	bool ok = true;
	tr_schema_init(&d.contract.schema);
	for (size_t i = 0; ok && i < c->n_columns; i++)
		ok = tr_schema_add(&d.contract.schema, c->columns[i].name, c->columns[i].type,
			!c->columns[i].not_null, c->columns[i].doc, &err);
	if (!ok)
		tr_errs_push(errs, &err);
	ok = ok && tr_plan_partitions(plan, &d, errs);
	*n_keys = d.n_keys;
	if (ok && !schema_of_contract(&d, out, &err))
		ok = tr_errs_push(errs, &err);
	tr_schema_clear(&d.contract.schema);
	return ok;
}

/* ---- datasets that are not planned ---- */

static bool closest_dataset(const struct tr_plan *plan, const char *dataset, struct tr_err *err)
{
	const struct tr_config *c = plan->config;
	char **published = NULL;
	size_t n_published = 0, n = 0;
	struct tr_err ignored = { 0 };
	if (plan->options.lake && !tr_lake_datasets(plan->options.lake, &published, &n_published, &ignored))
		n_published = 0;
	const char **names = tr_calloc(c->n_datasets + n_published, sizeof *names, err);
	for (size_t i = 0; names && i < c->n_datasets; i++)
		names[n++] = c->datasets[i].name;
	for (size_t i = 0; names && i < n_published; i++)
		names[n++] = published[i];
	const char *close = names ? tr_name_closest(dataset, names, n) : NULL;
	if (close)
		tr_err_hint(err, "did you mean `%s`?", close);
	else
		tr_err_hint(err,
			"`from` names datasets of this configuration, or published ones of the lake%s",
			plan->options.lake ? "" : ", where nothing is or was looked for");
	free(names);
	for (size_t i = 0; i < n_published; i++)
		free(published[i]);
	free(published);
	return false;
}

/* Neither planned nor published: its contract tells, where it has one. */
static bool source_of_config(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_plan_source *s,
	struct tr_errs *errs)
{
	const char *name = s->config->dataset;
	const struct tr_config_dataset *c = tr_config_dataset(plan->config, name);
	struct tr_err err = { 0 };
	if (c && c->n_columns) {
		size_t n_keys = 0;
		if (!schema_of_config(plan, c, &s->schema, &n_keys, errs))
			return false;
		partitions_are_nullable(&s->schema, n_keys);
		return tr_plan_warn(plan, d, &err,
			       "`%s` is not published yet: run it before, or in the same run", name) ||
			tr_errs_push(errs, &err);
	}
	if (c) {
		tr_err_set(&err, TR_ERR_USER, "`%s` is not published yet, and its columns are not declared",
			name);
		tr_err_hint(&err, "name it too: `%s %s`; or declare its `columns`", name, d->config->name);
	} else {
		tr_err_set(&err, TR_ERR_USER, "there is no dataset `%s`", name);
		closest_dataset(plan, name, &err);
	}
	tr_config_at(plan->config, s->config->pos, &err);
	return tr_errs_push(errs, &err);
}

static bool source_of_lake(struct tr_plan *plan, struct tr_plan_source *s, bool *found, struct tr_err *err)
{
	struct tr_manifest m;
	*found = false;
	if (!plan->options.lake)
		return true;
	if (!tr_lake_load(plan->options.lake, s->config->dataset, 0, &m, found, err))
		return false;
	bool ok = !*found || tr_manifest_columns(&m, &s->schema, err);
	if (ok && *found) {
		partitions_are_nullable(&s->schema, m.n_keys);
		s->version = m.version;
		s->rows = m.rows;
		s->bytes = (int64_t)m.bytes;
	}
	tr_manifest_clear(&m);
	return ok;
}

static bool plan_source(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_plan_source *s,
	struct tr_errs *errs)
{
	struct tr_err err = { 0 };
	bool found = false;
	s->upstream = find_planned(plan, (size_t)(d - plan->datasets), s->config->dataset);
	if (s->upstream >= 0) {
		const struct tr_plan_dataset *upstream = &plan->datasets[s->upstream];
		/* Its own mistakes have been reported. */
		if (upstream->contract.schema.n == 0 || upstream->n_keys != upstream->config->n_partitions)
			return false;
		if (!schema_of_contract(upstream, &s->schema, &err))
			return tr_errs_push(errs, &err);
		partitions_are_nullable(&s->schema, upstream->n_keys);
		return true;
	}
	if (!source_of_lake(plan, s, &found, &err)) {
		tr_config_at(plan->config, s->config->pos, &err);
		return tr_errs_push(errs, &err);
	}
	return found || source_of_config(plan, d, s, errs);
}

bool tr_plan_sources(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_errs *errs)
{
	const struct tr_config_dataset *c = d->config;
	struct tr_err err = { 0 };
	d->sources = tr_arena_alloc(&plan->arena, (c->n_from + 1) * sizeof *d->sources, &err);
	if (!d->sources)
		return tr_errs_push(errs, &err);
	bool ok = true;
	for (; d->n_sources < c->n_from; d->n_sources++) {
		struct tr_plan_source *s = &d->sources[d->n_sources];
		*s = (struct tr_plan_source){ .config = &c->from[d->n_sources],
			.upstream = -1,
			.rows = -1,
			.bytes = -1 };
		tr_schema_init(&s->schema);
		ok = plan_source(plan, d, s, errs) && ok;
	}
	return ok;
}
