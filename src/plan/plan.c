#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/name.h"
#include "io/temp_dir.h"
#include "plan/plan_internal.h"
#include "plan/plan_resources.h"
#include "source/scan_estimate.h"

#define PLAN_ARENA_MAX ((size_t)64 << 20)

/* ---- inputs ---- */

static struct tr_relation *plan_relation(struct tr_plan *plan, struct tr_pg *pg, const char *name,
	struct tr_err *err)
{
	for (size_t i = 0; i < plan->n_relations; i++)
		if (strcmp(plan->relation_names[i], name) == 0)
			return plan->relations[i];
	struct tr_relation *relation;
	if (!tr_relation_load(pg, name, &relation, err))
		return NULL;
	if (relation->row_security && !plan->config->source.accept_row_security) {
		tr_err_set(err, TR_ERR_USER, "a row security policy would hide rows of %s.%s from this user",
			relation->schema, relation->name);
		tr_err_hint(err,
			"grant the user BYPASSRLS, or accept a partial read with "
			"`source: { row_security: accept }`");
	} else if (relation->kind == 'm' && !relation->is_populated) {
		tr_err_set(err, TR_ERR_USER, "the materialized view %s.%s has not been populated",
			relation->schema, relation->name);
		tr_err_hint(err, "run REFRESH MATERIALIZED VIEW %s.%s", relation->schema, relation->name);
	} else {
		plan->relation_names[plan->n_relations] = name;
		plan->relations[plan->n_relations++] = relation;
		return relation;
	}
	tr_relation_free(relation);
	return NULL;
}

static bool plan_inputs(struct tr_plan *plan, struct tr_pg *pg, struct tr_plan_dataset *d,
	struct tr_errs *errs)
{
	const struct tr_config_dataset *c = d->config;
	struct tr_err err = { 0 };
	d->inputs = tr_arena_alloc(&plan->arena, (c->n_inputs + 1) * sizeof *d->inputs, &err);
	if (!d->inputs)
		return tr_errs_push(errs, &err);
	bool ok = true;
	for (size_t i = 0; i < c->n_inputs; i++) {
		tr_err_clear(&err);
		struct tr_relation *relation = plan_relation(plan, pg, c->inputs[i].relation, &err);
		if (relation) {
			d->inputs[d->n_inputs++] = (struct tr_plan_input){ .config = &c->inputs[i],
				.relation = relation,
				.scans = 1,
				.shared = -1 };
		} else {
			tr_config_at(plan->config, c->inputs[i].relation_pos, &err);
			ok = tr_errs_push(errs, &err);
		}
	}
	return ok;
}

/* What the COPY of the chosen columns sends, about: per row a field count, per field a length. */
static void estimate(struct tr_plan_input *input)
{
	const struct tr_relation *r = input->relation;
	int64_t width = 2;
	for (size_t i = 0; i < input->n_columns; i++) {
		const struct tr_source_column *c = &r->columns[input->columns[i]];
		uint32_t fixed = tr_type_width(c->type);
		width += 4 + (c->avg_width > 0 && !fixed ? c->avg_width : fixed ? (int)fixed : 16);
	}
	input->est_rows = r->rows;
	input->est_bytes = r->rows < 0 ? -1 : (int64_t)(r->rows * (double)width);
}

/* Of a condition, and of a view, the catalog knows nothing: Postgres's planner is asked, which also
 * finds the mistakes in it. */
static bool ask_planner(const struct tr_plan *plan, struct tr_pg *pg, struct tr_plan_input *in,
	struct tr_err *err)
{
	const struct tr_relation *r = in->relation;
	const struct tr_scan scan = { .relation = r,
		.columns = in->columns,
		.n_columns = in->n_columns,
		.where = in->config->where };
	struct tr_scan_estimate e;
	if (!in->config->where && r->kind != 'v')
		return true;
	if (!tr_scan_estimate(pg, &scan, plan->config->source.lock_timeout_ms, &e, err)) {
		bool unknown_column = strstr(err->detail, "SQLSTATE 42703") != NULL;
		if (in->config->where && (unknown_column || !err->hint[0]))
			tr_err_hint(err,
				"`where` is a condition in Postgres's SQL, over the columns of %s.%s",
				r->schema, r->name);
		else if (!err->hint[0])
			tr_err_hint(err, "see what psql says to SELECT * FROM %s.%s LIMIT 1", r->schema,
				r->name);
		tr_config_at(plan->config,
			in->config->where ? in->config->where_pos : in->config->relation_pos, err);
		return false;
	}
	in->est_rows = e.rows;
	in->est_bytes = (int64_t)(e.rows * (double)(2 + 4 * (int64_t)in->n_columns + e.width));
	return true;
}

static bool ask_planner_of_all(const struct tr_plan *plan, struct tr_pg *pg, struct tr_plan_dataset *d,
	struct tr_errs *errs)
{
	bool ok = true;
	for (size_t i = 0; i < d->n_inputs; i++) {
		struct tr_err err = { 0 };
		if (!ask_planner(plan, pg, &d->inputs[i], &err))
			ok = tr_errs_push(errs, &err);
	}
	return ok;
}

bool tr_plan_read_columns(struct tr_plan *plan, struct tr_plan_input *input, const bool *needed,
	struct tr_err *err)
{
	const struct tr_relation *r = input->relation;
	input->columns = tr_arena_alloc(&plan->arena, r->n_columns * sizeof *input->columns, err);
	if (!input->columns)
		return false;
	input->n_columns = 0;
	for (size_t i = 0; i < r->n_columns; i++)
		if (needed[i])
			input->columns[input->n_columns++] = (int)i;
	estimate(input);
	return true;
}

/* ---- warnings and notes ---- */

bool tr_plan_warn(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_err *err, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *text = tr_arena_vprintf(&plan->arena, err, fmt, args);
	va_end(args);
	struct tr_plan_warning *w = tr_arena_alloc(&plan->arena, sizeof *w, err);
	if (!text || !w)
		return false;
	w->text = text;
	struct tr_plan_warning **end = &d->warnings;
	while (*end)
		end = &(*end)->next;
	*end = w;
	return true;
}

static bool is_micros(struct tr_type type, enum tr_kind kind)
{
	return type.kind == kind && type.precision == 0;
}

static bool is_kind(struct tr_type type, enum tr_kind kind)
{
	return type.kind == kind;
}

#define NAMED_MAX 4 /* columns of one warning that are named */

/* `ts`, or `ts, at and 58 more columns`: those of that kind. False: there are none, or out of memory. */
static bool list_columns(const struct tr_plan_dataset *d, enum tr_kind kind,
	bool (*match)(struct tr_type, enum tr_kind), struct tr_str *out)
{
	size_t n = 0, left;
	for (size_t i = 0; i < d->contract.schema.n; i++) {
		const struct tr_field *f = &d->contract.schema.fields[i];
		if (match(f->type, kind) && n++ < NAMED_MAX)
			tr_str_addf(out, "%s%s", out->len ? ", " : "", f->name);
	}
	left = n > NAMED_MAX ? n - NAMED_MAX : 0;
	if (left)
		tr_str_addf(out, " and %zu more column%s", left, left == 1 ? "" : "s");
	return n > 0 && !out->failed;
}

/* One a kind, not one a column: a wide table would bury the rest. */
static bool warn_about_types(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_err *err)
{
	static const struct {
		enum tr_kind kind;
		bool (*match)(struct tr_type, enum tr_kind);
		const char *text;
	} warnings[] = {
		{ TR_TIMESTAMP, is_micros,
			"the file keeps microseconds, Athena and Trino show milliseconds by default; declare "
			"timestamp(6) to say that you know, or timestamp(3)" },
		{ TR_TIMESTAMPTZ, is_micros,
			"the file keeps microseconds, Athena and Trino show milliseconds by default; declare "
			"timestamptz(6) to say that you know, or timestamptz(3)" },
		{ TR_TIME, is_kind, "Athena has no TIME columns; declare `string` to read it there" },
		{ TR_UUID, is_kind,
			"Athena shows a binary uuid as raw bytes; declare `string` for its text" },
	};
	bool ok = true;
	for (size_t i = 0; ok && i < sizeof warnings / sizeof warnings[0]; i++) {
		struct tr_str columns;
		tr_str_init(&columns, 4096);
		if (list_columns(d, warnings[i].kind, warnings[i].match, &columns))
			ok = tr_plan_warn(plan, d, err, "%s: %s", columns.ptr, warnings[i].text);
		tr_str_clear(&columns);
	}
	return ok;
}

/* ---- inputs that several datasets use ---- */

/* How much of an unlimited disk the shared inputs may take. */
#define SHARED_MAX ((int64_t)8 << 30)

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_rows(const struct tr_plan_shared *s, const struct tr_plan_dataset *d,
	const struct tr_plan_input *in)
{
	return s->input.relation == in->relation && same_text(s->input.config->where, in->config->where) &&
		s->special_to_null == d->config->special_to_null;
}

static struct tr_plan_shared *find_shared(struct tr_plan *plan, const struct tr_plan_dataset *d,
	const struct tr_plan_input *in)
{
	for (size_t i = 0; i < plan->n_shared; i++)
		if (same_rows(&plan->shared[i], d, in))
			return &plan->shared[i];
	struct tr_plan_shared *s = &plan->shared[plan->n_shared++];
	*s = (struct tr_plan_shared){ .input = *in, .special_to_null = d->config->special_to_null };
	return s;
}

/* The union of the columns that the users of `s` read, and how many datasets they are. */
static bool unite(struct tr_plan *plan, struct tr_plan_shared *s, struct tr_err *err)
{
	bool *needed = tr_arena_alloc(&plan->arena, s->input.relation->n_columns + 1, err);
	if (!needed)
		return false;
	for (size_t i = 0; i < plan->n_datasets; i++) {
		const struct tr_plan_dataset *d = &plan->datasets[i];
		bool user = false;
		for (size_t k = 0; k < d->n_inputs; k++) {
			const struct tr_plan_input *in = &d->inputs[k];
			if (!same_rows(s, d, in) || in->scans == 0)
				continue;
			user = true;
			for (size_t c = 0; c < in->n_columns; c++)
				needed[in->columns[c]] = true;
		}
		s->users += user;
	}
	return tr_plan_read_columns(plan, &s->input, needed, err);
}

static void use_shared(const struct tr_plan *plan, const struct tr_plan_dataset *d, struct tr_plan_input *in)
{
	for (size_t i = 0; i < plan->n_shared; i++) {
		if (!same_rows(&plan->shared[i], d, in))
			continue;
		in->shared = (int)i;
		in->shared_users = plan->shared[i].users;
	}
}

static bool plan_sharing(struct tr_plan *plan, struct tr_err *err)
{
	size_t n = 0;
	for (size_t i = 0; i < plan->n_datasets; i++)
		n += plan->datasets[i].n_inputs;
	plan->shared = tr_arena_alloc(&plan->arena, (n + 1) * sizeof *plan->shared, err);
	if (!plan->shared)
		return false;
	for (size_t i = 0; i < plan->n_datasets; i++)
		for (size_t k = 0; k < plan->datasets[i].n_inputs; k++)
			find_shared(plan, &plan->datasets[i], &plan->datasets[i].inputs[k]);
	uint64_t disk = plan->config->limits.disk;
	int64_t most = disk ? (int64_t)(disk / 2) : SHARED_MAX;
	size_t kept = 0;
	for (size_t i = 0; i < plan->n_shared; i++) {
		struct tr_plan_shared *s = &plan->shared[i];
		if (!unite(plan, s, err))
			return false;
		if (s->users < 2 || s->input.n_columns == 0 || s->input.est_bytes < 0 ||
			s->input.est_bytes > most)
			continue;
		most -= s->input.est_bytes;
		plan->shared[kept++] = *s;
	}
	plan->n_shared = kept;
	for (size_t i = 0; i < plan->n_datasets; i++)
		for (size_t k = 0; k < plan->datasets[i].n_inputs; k++)
			use_shared(plan, &plan->datasets[i], &plan->datasets[i].inputs[k]);
	return true;
}

/* ---- connections, workers, memory ---- */

static bool too_little_memory(const struct tr_plan_dataset *d, struct tr_err *err)
{
	bool engine = d->sql != NULL;
	uint64_t bytes = tr_plan_memory_least(engine, d->limits.uploads, d->workers);
	unsigned long long least = (bytes + ((1 << 20) - 1)) >> 20;
	tr_err_set(err, TR_ERR_USER, "dataset `%s` %s limits.memory of at least %lluMiB", d->config->name,
		engine ? "runs in the embedded engine, which needs" : "needs", least);
	return tr_err_hint(err, "raise limits.memory to %lluMiB or more", least);
}

static int copy_workers(const struct tr_plan *plan, const struct tr_plan_dataset *d, int server_version)
{
	const struct tr_relation *r = d->inputs[0].relation;
	if (r->kind != 'r' || server_version < 140000 || d->inputs[0].shared >= 0)
		return 1;
	const struct tr_config *c = plan->config;
	uint64_t uploads = tr_plan_upload_memory(c, c->limits.connections);
	return tr_plan_workers(r->pages, c->limits.connections, c->limits.threads,
		c->limits.memory > uploads ? c->limits.memory - uploads : 0);
}

/* Shares of d->limits. */
static bool share_memory(struct tr_plan_dataset *d)
{
	/* The encoder is a thread beside the engine's. */
	int threads = d->limits.threads > 1 ? d->limits.threads - 1 : 1;
	struct tr_plan_memory memory = { 0 };
	if (d->run_on)
		return true; /* its files are written elsewhere; the checks take what there is */
	if (d->sql ? !tr_plan_memory_of_engine(d->limits.memory, d->limits.uploads, threads, d->n_keys > 0,
			     &memory)
		   : !tr_plan_memory_of_copy(d->limits.memory, d->limits.uploads, d->workers, &memory))
		return false;
	d->engine_threads = memory.threads;
	d->engine_memory = memory.engine;
	d->stage_memory = memory.stage;
	return true;
}

static bool plan_resources(struct tr_plan *plan, struct tr_plan_dataset *d, int server_version,
	struct tr_err *err)
{
	const struct tr_config *c = plan->config;
	d->workers = 1;
	d->connections = d->n_inputs > 0;
	d->limits = (struct tr_plan_limits){ c->limits.memory, c->limits.disk, c->limits.threads, 0 };
	if (d->sql && d->n_inputs)
		d->connections = tr_plan_preloads(d->inputs, d->n_inputs, c->limits.connections);
	else if (d->kind == TR_PLAN_COPY)
		d->workers = d->connections = copy_workers(plan, d, server_version);
	d->limits.uploads = tr_plan_upload_memory(c, d->workers);
	return share_memory(d) || too_little_memory(d, err);
}

bool tr_plan_share(const struct tr_plan *plan, const struct tr_plan_dataset *d, int side_by_side,
	struct tr_plan_dataset *out)
{
	const struct tr_config *c = plan->config;
	*out = *d;
	if (side_by_side == 1)
		return true;
	out->limits.memory = c->limits.memory / (unsigned)side_by_side;
	out->limits.disk = c->limits.disk ? c->limits.disk / (unsigned)side_by_side + 1 : 0;
	out->limits.threads = c->limits.threads > side_by_side ? c->limits.threads / side_by_side : 1;
	/* The store's uploads are of all of them. */
	out->limits.uploads = d->limits.uploads / (unsigned)side_by_side;
	if (tr_config_is_s3(c))
		out->limits.uploads += c->s3.part_size;
	return share_memory(out);
}

/* ---- a dataset ---- */

static bool plan_dataset(struct tr_plan *plan, struct tr_pg *pg, struct tr_plan_dataset *d,
	struct tr_errs *errs)
{
	d->kind = d->config->sql ? TR_PLAN_SQL : d->config->c ? TR_PLAN_C : TR_PLAN_COPY;
	if (strcmp(d->config->run_on, "embedded") != 0)
		d->run_on = d->config->run_on;
	tr_schema_init(&d->contract.schema);
	d->contract.dataset = d->config->name;
	bool known = plan_inputs(plan, pg, d, errs);
	if (!tr_plan_sources(plan, d, errs) || !known)
		return false;
	bool ok = d->run_on               ? tr_plan_remote(plan, d, errs)
		: d->kind == TR_PLAN_COPY ? tr_plan_copy(plan, d, errs)
		: d->kind == TR_PLAN_SQL  ? tr_plan_sql(plan, d, errs)
					  : tr_plan_c(plan, d, errs);
	if (!ok || !tr_plan_partitions(plan, d, errs) || !tr_plan_catalog(plan, d, errs) ||
		!tr_plan_checks(plan, d, errs))
		return false;
	struct tr_err err = { 0 };
	if (warn_about_types(plan, d, &err))
		return true;
	tr_config_at(plan->config, d->config->pos, &err);
	return tr_errs_push(errs, &err);
}

/* `run a b a` is `run a b`. */
static bool is_chosen(const struct tr_plan *plan, const struct tr_config_dataset *d)
{
	for (size_t i = 0; i < plan->n_datasets; i++)
		if (plan->datasets[i].config == d)
			return true;
	return false;
}

static bool choose_datasets(struct tr_plan *plan, const char *const *names, size_t n, struct tr_errs *errs)
{
	const struct tr_config *c = plan->config;
	struct tr_err err = { 0 };
	size_t total = n ? n : c->n_datasets, n_inputs = 0;
	for (size_t i = 0; i < c->n_datasets; i++)
		n_inputs += c->datasets[i].n_inputs;
	plan->datasets = tr_arena_alloc(&plan->arena, total * sizeof *plan->datasets, &err);
	plan->relations = tr_arena_alloc(&plan->arena, (n_inputs + 1) * sizeof *plan->relations, &err);
	plan->relation_names =
		tr_arena_alloc(&plan->arena, (n_inputs + 1) * sizeof *plan->relation_names, &err);
	if (!plan->datasets || !plan->relations || !plan->relation_names)
		return tr_errs_push(errs, &err);
	bool ok = true;
	for (size_t i = 0; i < total; i++) {
		const struct tr_config_dataset *d = n ? tr_config_dataset(c, names[i]) : &c->datasets[i];
		if (d) {
			if (!is_chosen(plan, d))
				plan->datasets[plan->n_datasets++].config = d;
			continue;
		}
		const char *known[256];
		size_t n_known = 0;
		for (; n_known < c->n_datasets && n_known < 256; n_known++)
			known[n_known] = c->datasets[n_known].name;
		const char *close = tr_name_closest(names[i], known, n_known);
		tr_err_clear(&err);
		tr_err_set(&err, TR_ERR_USER, "%s has no dataset `%s`", c->path, names[i]);
		if (close)
			tr_err_hint(&err, "did you mean `%s`?", close);
		ok = tr_errs_push(errs, &err);
	}
	return ok;
}

/* What is known of the live database, dataset by dataset. Go on after a mistake: all of them are
 * shown in one pass. `known[i]`: nothing is wrong with that one so far. */
static void plan_datasets(struct tr_plan *plan, struct tr_pg *pg, bool *known, struct tr_errs *errs)
{
	for (size_t i = 0; i < plan->n_datasets; i++)
		known[i] = plan_dataset(plan, pg, &plan->datasets[i], errs) &&
			ask_planner_of_all(plan, pg, &plan->datasets[i], errs);
}

static void load_transforms(struct tr_plan *plan, const bool *known, struct tr_errs *errs)
{
	for (size_t i = 0; i < plan->n_datasets && !plan->options.skip_transforms; i++)
		if (known[i] && plan->datasets[i].kind == TR_PLAN_C)
			tr_plan_load_c(plan, &plan->datasets[i], errs);
}

/* Told with the other mistakes, not when the run begins. */
static void check_temp_dir(const struct tr_config *c, struct tr_errs *errs)
{
	struct tr_err err = { 0 };
	if (tr_temp_dir_check(c->limits.temp_dir, &err))
		return;
	if (c->limits.temp_dir_pos.line) /* else it is the environment's */
		tr_config_at(c, c->limits.temp_dir_pos, &err);
	tr_errs_push(errs, &err);
}

bool tr_plan_make(const struct tr_config *config, struct tr_pg **pg, const struct tr_plan_options *options,
	struct tr_plan *out, struct tr_errs *errs)
{
	*out = (struct tr_plan){ .config = config, .options = *options };
	tr_arena_init(&out->arena, PLAN_ARENA_MAX);
	struct tr_err err = { 0 };
	int server_version = *pg ? tr_pg_server_version(*pg) : 0;
	bool *known = NULL;
	if (choose_datasets(out, options->names, options->n, errs) &&
		!(tr_plan_order(out, &err) && tr_plan_keep_c(out, &err) && tr_plan_leave_out(out, &err) &&
			(known = tr_arena_alloc(&out->arena, out->n_datasets + 1, &err))))
		tr_errs_push(errs, &err);
	if (known) {
		check_temp_dir(config, errs);
		plan_datasets(out, *pg, known, errs);
	}
	tr_pg_close(*pg);
	*pg = NULL;
	if (known)
		load_transforms(out, known, errs);
	if (errs->n == 0 && !plan_sharing(out, &err))
		tr_errs_push(errs, &err);
	for (size_t i = 0, n = errs->n; n == 0 && i < out->n_datasets; i++) {
		tr_err_clear(&err);
		if (plan_resources(out, &out->datasets[i], server_version, &err))
			continue;
		tr_config_at(config, out->datasets[i].config->pos, &err);
		tr_errs_push(errs, &err);
	}
	if (errs->n == 0)
		return true;
	tr_plan_clear(out);
	return false;
}

void tr_plan_clear(struct tr_plan *plan)
{
	for (size_t i = 0; i < plan->n_datasets; i++) {
		struct tr_plan_dataset *d = &plan->datasets[i];
		tr_schema_clear(&d->contract.schema);
		for (size_t k = 0; d->sql_inputs && k < d->n_inputs; k++)
			tr_schema_clear(&d->sql_inputs[k]);
		for (size_t k = 0; k < d->n_sources; k++)
			tr_schema_clear(&d->sources[k].schema);
		tr_transform_free(d->transform);
	}
	for (size_t i = 0; i < plan->n_relations; i++)
		tr_relation_free(plan->relations[i]);
	tr_arena_clear(&plan->arena);
	*plan = (struct tr_plan){ 0 };
}
