#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan/plan_internal.h"

#define SQL_FILE_MAX ((size_t)1 << 20)
#define PLANNING_MEMORY ((size_t)64 << 20)

/* ---- the statement's text ---- */

static bool read_file(struct tr_plan *plan, const char *path, char **text, struct tr_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		tr_err_set(err, TR_ERR_USER, "%s can't be read", path);
		return tr_err_detail(err, "%s", strerror(errno));
	}
	char *buf = tr_malloc(SQL_FILE_MAX + 1, err);
	size_t n = 0;
	ssize_t got = buf ? 1 : 0;
	while (got > 0 && n <= SQL_FILE_MAX) {
		got = read(fd, buf + n, SQL_FILE_MAX + 1 - n);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			n += (size_t)got;
	}
	if (got < 0)
		tr_err_errno(err, errno, "%s can't be read", path);
	else if (n > SQL_FILE_MAX)
		tr_err_set(err, TR_ERR_USER, "%s is longer than 1 MiB", path);
	else if (buf && memchr(buf, '\0', n))
		tr_err_set(err, TR_ERR_USER, "%s holds a NUL byte: it is not a text file", path);
	else if (buf)
		*text = tr_arena_strndup(&plan->arena, buf, n, err);
	close(fd);
	free(buf);
	return err->kind == TR_ERR_NONE;
}

/* A file named in the configuration, as the user would name it from where tailrace was
 * started: relative as long as the configuration's own name was. */
static char *shown_path(struct tr_plan *plan, const char *path, struct tr_err *err)
{
	const char *config = plan->config->shown, *slash = strrchr(config, '/');
	if (path[0] == '/' || !slash)
		return tr_arena_strdup(&plan->arena, path, err);
	return tr_arena_printf(&plan->arena, err, "%.*s/%s", (int)(slash - config), config, path);
}

/* ---- an engine that knows the tables but can't read them ---- */

bool tr_plan_engine(const struct tr_plan *plan, struct tr_engine **out, struct tr_err *err)
{
	const struct tr_engine_options options = {
		.memory = PLANNING_MEMORY,
		.threads = 1,
		.temp_dir = plan->config->limits.temp_dir,
	};
	return tr_engine_open(&options, out, err);
}

bool tr_plan_refuse_to_read(void *context, const int *columns, size_t n, struct ArrowArrayStream *out,
	struct tr_err *err)
{
	(void)context;
	(void)columns;
	(void)n;
	(void)out;
	return tr_err_set(err, TR_ERR_INTERNAL, "planning reads no rows");
}

bool tr_plan_nullable(const struct tr_plan_dataset *d, const struct tr_source_column *c)
{
	enum tr_kind kind = c->type.kind;
	bool special =
		kind == TR_DECIMAL || kind == TR_DATE || kind == TR_TIMESTAMP || kind == TR_TIMESTAMPTZ;
	return !c->not_null || (d->config->special_to_null && special);
}

bool tr_plan_sql_inputs(struct tr_plan *plan, struct tr_plan_dataset *d, bool presence, struct tr_err *err)
{
	d->sql_inputs = tr_arena_alloc(&plan->arena, (d->n_inputs + 1) * sizeof *d->sql_inputs, err);
	d->sql_columns = tr_arena_alloc(&plan->arena, (d->n_inputs + 1) * sizeof *d->sql_columns, err);
	if (!d->sql_inputs || !d->sql_columns)
		return false;
	for (size_t i = 0; i < d->n_inputs; i++)
		tr_schema_init(&d->sql_inputs[i]);
	for (size_t i = 0; i < d->n_inputs; i++) {
		const struct tr_relation *r = d->inputs[i].relation;
		struct tr_schema *s = &d->sql_inputs[i];
		d->sql_columns[i] =
			tr_arena_alloc(&plan->arena, (r->n_columns + 1) * sizeof **d->sql_columns, err);
		if (!d->sql_columns[i])
			return false;
		for (size_t k = 0; k < r->n_columns; k++) {
			const struct tr_source_column *c = &r->columns[k];
			if (!c->supported)
				continue;
			d->sql_columns[i][s->n] = (int)k;
			if (!tr_schema_add(s, c->name, c->type, tr_plan_nullable(d, c), c->comment, err))
				return false;
		}
		if (presence) {
			d->sql_columns[i][s->n] = -1;
			if (!tr_schema_add(s, TR_PLAN_PRESENCE, (struct tr_type){ .kind = TR_BOOL }, false,
				    NULL, err))
				return false;
		}
	}
	return true;
}

bool tr_plan_params(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_err *err)
{
	const struct tr_config *c = plan->config;
	if (d->params)
		return true;
	d->params = tr_arena_alloc(&plan->arena, (c->n_params + 1) * sizeof *d->params, err);
	for (size_t i = 0; d->params && i < c->n_params; i++)
		d->params[d->n_params++] =
			(struct tr_engine_param){ c->params[i].name, c->params[i].type, c->params[i].value };
	return d->params != NULL;
}

/* From what the engine will scan to what Postgres is asked for. */
static bool plan_scans(struct tr_plan *plan, struct tr_plan_dataset *d,
	const struct tr_engine_describe *describe, struct tr_err *err)
{
	for (size_t i = 0; i < d->n_inputs; i++) {
		struct tr_plan_input *input = &d->inputs[i];
		bool *needed = tr_arena_alloc(&plan->arena, input->relation->n_columns + 1, err);
		if (!needed)
			return false;
		input->scans = 0;
		for (size_t k = 0; k < describe->n_scans; k++) {
			const struct tr_engine_scan *scan = &describe->scans[k];
			if (strcmp(scan->input, input->config->alias) != 0)
				continue;
			input->scans++;
			for (size_t c = 0; c < scan->n_columns; c++) {
				int column = d->sql_columns[i][scan->columns[c]];
				if (column >= 0)
					needed[column] = true;
			}
		}
		if (!tr_plan_read_columns(plan, input, needed, err))
			return false;
	}
	return true;
}

static bool plan_source_scans(struct tr_plan *plan, struct tr_plan_dataset *d,
	const struct tr_engine_describe *describe, struct tr_err *err)
{
	for (size_t i = 0; i < d->n_sources; i++) {
		struct tr_plan_source *s = &d->sources[i];
		bool *needed = tr_arena_alloc(&plan->arena, s->schema.n + 1, err);
		s->columns = tr_arena_alloc(&plan->arena, (s->schema.n + 1) * sizeof *s->columns, err);
		if (!needed || !s->columns)
			return false;
		s->scans = 0;
		s->n_columns = 0;
		for (size_t k = 0; k < describe->n_scans; k++) {
			const struct tr_engine_scan *scan = &describe->scans[k];
			if (strcmp(scan->input, s->config->dataset) != 0)
				continue;
			s->scans++;
			for (size_t c = 0; c < scan->n_columns; c++)
				needed[scan->columns[c]] = true;
		}
		for (size_t c = 0; c < s->schema.n; c++)
			if (needed[c])
				s->columns[s->n_columns++] = (int)c;
	}
	return true;
}

static bool add_tables(const struct tr_plan_dataset *d, struct tr_engine *engine, struct tr_err *err)
{
	for (size_t i = 0; i < d->n_inputs; i++) {
		const struct tr_engine_input input = { .name = d->inputs[i].config->alias,
			.schema = &d->sql_inputs[i],
			.rows = (int64_t)d->inputs[i].relation->rows,
			.open = tr_plan_refuse_to_read };
		if (!tr_engine_add_input(engine, &input, err))
			return false;
	}
	for (size_t i = 0; i < d->n_sources; i++) {
		const struct tr_engine_input source = { .name = d->sources[i].config->dataset,
			.schema = &d->sources[i].schema,
			.rows = d->sources[i].rows,
			.open = tr_plan_refuse_to_read };
		if (!tr_engine_add_input(engine, &source, err))
			return false;
	}
	return true;
}

bool tr_plan_statement(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_engine_describe *out,
	struct tr_err *err)
{
	struct tr_engine *engine = NULL;
	bool ok = tr_plan_params(plan, d, err) && tr_plan_engine(plan, &engine, err);
	ok = ok && add_tables(d, engine, err) &&
		tr_engine_prepare(engine, d->sql, d->sql_path, d->params, d->n_params, out, err);
	if (ok && (!plan_scans(plan, d, out, err) || !plan_source_scans(plan, d, out, err))) {
		tr_engine_describe_clear(out);
		ok = false;
	}
	if (!ok && !err->hint[0])
		tr_err_hint(err,
			"mend the statement; the tables it knows are the inputs' aliases and the datasets of "
			"`from`, `tailrace check` "
			"tries it without reading a row");
	tr_engine_close(engine);
	return ok;
}

/* The engine says that it does not know a column: perhaps it is one that is not carried. */
static void explain_unsupported(const struct tr_plan_dataset *d, struct tr_err *err)
{
	for (size_t i = 0; i < d->n_inputs; i++) {
		const struct tr_relation *r = d->inputs[i].relation;
		for (size_t k = 0; k < r->n_columns; k++) {
			const struct tr_source_column *c = &r->columns[k];
			char quoted[160];
			snprintf(quoted, sizeof quoted, "\"%s\"", c->name);
			if (!c->supported && (strstr(err->what, quoted) || strstr(err->detail, quoted)))
				tr_err_hint(err,
					"column `%s` of %s.%s has the type %s, which tailrace does not read: %s",
					c->name, r->schema, r->name, c->pg_type, c->why);
		}
	}
}

bool tr_plan_read_sql(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_err *err)
{
	d->sql_path = shown_path(plan, d->config->sql, err);
	return d->sql_path && read_file(plan, d->sql_path, &d->sql, err);
}

bool tr_plan_sql(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_errs *errs)
{
	struct tr_err err = { 0 };
	struct tr_engine_describe describe = { 0 };
	if (!tr_plan_read_sql(plan, d, &err)) {
		tr_config_at(plan->config, d->config->sql_pos, &err);
		return tr_errs_push(errs, &err);
	}
	if (!tr_plan_sql_inputs(plan, d, false, &err) || !tr_plan_statement(plan, d, &describe, &err)) {
		explain_unsupported(d, &err);
		if (err.place.line == 0)
			tr_config_at(plan->config, d->config->sql_pos, &err);
		return tr_errs_push(errs, &err);
	}
	const char **types = tr_arena_alloc(&plan->arena, (describe.schema.n + 1) * sizeof *types, &err);
	for (size_t i = 0; types && i < describe.schema.n; i++)
		types[i] = tr_arena_strdup(&plan->arena, describe.engine_types[i], &err);
	bool ok = types && err.kind == TR_ERR_NONE ? tr_plan_match(plan, d, &describe.schema, types, errs)
						   : tr_errs_push(errs, &err);
	if (ok && !tr_plan_row_key(plan, d, &err))
		ok = tr_errs_push(errs, &err);
	tr_engine_describe_clear(&describe);
	return ok;
}
