/* The public face (include/tailrace.h) over the layers. */
#include "tailrace.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/published.h"
#include "plan/config_remote.h"
#include "run/lakehouse.h"
#include "run/run.h"

#define QUERY_MEMORY_SHARE 2 /* of limits.memory: the rest is the embedding program's */

struct tr_pipeline {
	struct tr_events events;
	struct tr_config config;
	struct tr_config_login login; /* of the last plan */
	tr_getenv env;
	void *env_context;
	bool configured;
	struct tr_lakehouse house;
	struct tr_cancel cancel;
	struct tr_errs mistakes;
	struct tr_outcome *outcomes;
	size_t n_outcomes;
	struct tr_engine *engine;       /* of the last query */
	struct tr_config_remote remote; /* of the last query, where `engine` says Athena or Trino */
	pthread_mutex_t lock;           /* of `engine`, for those who interrupt */
};

const char *tr_version(void)
{
	return TR_VERSION;
}

/* The first of the mistakes as the call's error. */
static bool first_mistake(const struct tr_pipeline *p, struct tr_err *err)
{
	if (p->mistakes.n)
		*err = p->mistakes.items[0];
	return false;
}

bool tr_pipeline_open(const struct tr_pipeline_options *options, struct tr_pipeline **out, struct tr_err *err)
{
	struct tr_pipeline *p = tr_calloc(1, sizeof *p, err);
	*out = p;
	if (!p)
		return false;
	p->events = options->events;
	p->env = options->getenv;
	p->env_context = options->getenv_context;
	p->cancel.fd = -1;
	pthread_mutex_init(&p->lock, NULL);
	tr_errs_init(&p->mistakes);
	p->configured = tr_config_load(options->config_path,
		options->getenv ? options->getenv : tr_environment_process, options->getenv_context,
		&p->config, &p->mistakes);
	if (!p->configured)
		return first_mistake(p, err);
	const struct tr_lakehouse_options lake = { .config = &p->config,
		.create = true,
		.cancel = &p->cancel,
		.env = options->getenv,
		.env_context = options->getenv_context };
	if (!tr_cancel_init(&p->cancel, err) || !tr_lakehouse_open(&lake, &p->house, err))
		return false;
	p->house.lake.events = &p->events;
	return true;
}

/* Close the last query's engine; another takes its place. */
static void set_engine(struct tr_pipeline *p, struct tr_engine *engine)
{
	pthread_mutex_lock(&p->lock);
	tr_engine_close(p->engine);
	p->engine = engine;
	pthread_mutex_unlock(&p->lock);
}

void tr_pipeline_free(struct tr_pipeline *p)
{
	if (!p)
		return;
	set_engine(p, NULL);
	tr_config_remote_close(&p->remote);
	pthread_mutex_destroy(&p->lock);
	tr_lakehouse_close(&p->house);
	tr_config_login_close(&p->login);
	if (p->configured)
		tr_config_clear(&p->config);
	tr_cancel_clear(&p->cancel);
	tr_errs_clear(&p->mistakes);
	free(p->outcomes);
	free(p);
}

const struct tr_err *tr_pipeline_mistakes(const struct tr_pipeline *p, size_t *n)
{
	*n = p->mistakes.n;
	return p->mistakes.items;
}

const struct tr_outcome *tr_pipeline_outcomes(const struct tr_pipeline *p, size_t *n)
{
	*n = p->n_outcomes;
	return p->outcomes;
}

/* ---- check and run ---- */

/* Anew for each call: passwords may have been changed since the last one. */
static bool sign_in(struct tr_pipeline *p, struct tr_pg **pg, struct tr_err *err)
{
	const struct tr_config_login_options login = { .config = &p->config,
		.child_env = (const char *const *)environ,
		.cancel = &p->cancel,
		.env = p->env,
		.env_context = p->env_context };
	tr_config_login_close(&p->login);
	return tr_config_login_open(&login, &p->login, err) &&
		tr_config_login_connect(&p->login, &p->cancel, pg, err);
}

/* `partly`: where Postgres can't be reached, plan what does not need it. */
static bool make_plan(struct tr_pipeline *p, const char *const *datasets, size_t n, bool partly,
	struct tr_plan *plan, struct tr_err *err)
{
	struct tr_plan_options options = { .names = datasets, .n = n, .lake = &p->house.lake };
	bool postgres = tr_plan_reads_postgres(&p->config, datasets, n);
	struct tr_pg *pg = NULL;
	struct tr_err lost = { 0 };
	tr_cancel_reset(&p->cancel); /* an interrupt, or a snapshot's end, was of the last call */
	tr_errs_clear(&p->mistakes);
	if (postgres && !sign_in(p, &pg, &lost)) {
		if (!partly || lost.kind != TR_ERR_TRANSIENT) {
			*err = lost;
			return false;
		}
		options.unreachable = &lost;
	}
	bool ok = tr_plan_make(&p->config, &pg, &options, plan, &p->mistakes) || first_mistake(p, err);
	plan->options.unreachable = NULL; /* it was ours */
	return ok;
}

bool tr_pipeline_check(struct tr_pipeline *p, const char *const *datasets, size_t n, struct tr_err *err)
{
	struct tr_plan plan;
	if (!make_plan(p, datasets, n, false, &plan, err))
		return false;
	tr_plan_clear(&plan);
	return true;
}

static bool keep_outcomes(struct tr_pipeline *p, const struct tr_run_report *report, struct tr_err *err)
{
	free(p->outcomes);
	p->n_outcomes = 0;
	p->outcomes = tr_calloc(report->n, sizeof *p->outcomes, err);
	if (!p->outcomes)
		return false;
	for (size_t i = 0; i < report->n; i++) {
		const struct tr_run_dataset_report *d = &report->datasets[i];
		const struct tr_config_dataset *c = tr_config_dataset(&p->config, d->dataset);
		p->outcomes[p->n_outcomes++] = (struct tr_outcome){ .dataset = c->name,
			.published = d->published,
			.err = d->err,
			.version = d->version,
			.rows = d->rows_out,
			.bytes = d->bytes_out,
			.files = d->files };
	}
	return true;
}

bool tr_pipeline_run(struct tr_pipeline *p, const char *const *datasets, size_t n, struct tr_err *err)
{
	struct tr_plan plan;
	struct tr_run_report report;
	p->n_outcomes = 0;
	if (!make_plan(p, datasets, n, true, &plan, err))
		return false;
	const struct tr_run_options options = { .plan = &plan,
		.login = &p->login,
		.lake = &p->house.lake,
		.events = &p->events,
		.cancel = &p->cancel,
		.glue = p->house.glue,
		.env = p->env,
		.env_context = p->env_context };
	bool ok = tr_run(&options, &report, err);
	ok = keep_outcomes(p, &report, err) && ok;
	tr_run_report_clear(&report);
	tr_plan_clear(&plan);
	return ok;
}

/* ---- query ---- */

static bool add_datasets(struct tr_pipeline *p, struct tr_err *err)
{
	char **names;
	size_t n;
	if (!tr_lake_datasets(&p->house.lake, &names, &n, err))
		return false;
	bool ok = true;
	for (size_t i = 0; i < n; i++) {
		struct tr_manifest m;
		bool found = false;
		tr_manifest_init(&m);
		ok = ok && tr_lake_load(&p->house.lake, names[i], 0, &m, &found, err) &&
			(!found || tr_engine_add_published(p->engine, p->house.store, &m, names[i], err));
		tr_manifest_clear(&m);
		free(names[i]);
	}
	free(names);
	return ok;
}

static bool query_embedded(struct tr_pipeline *p, const char *sql, struct ArrowArrayStream *out,
	struct tr_err *err)
{
	const char *dir;
	struct tr_engine_options options = { .memory = p->config.limits.memory / QUERY_MEMORY_SHARE,
		.temp_dir = p->config.limits.temp_dir,
		.disk = p->config.limits.disk,
		.keep_order = true };
	struct tr_engine_describe describe = { 0 };
	tr_engine_allow(&options, p->house.store, &dir);
	options.threads = tr_engine_read_threads(p->house.store, options.memory, p->config.limits.threads);
	struct tr_engine *engine;
	if (!tr_engine_open(&options, &engine, err))
		return false;
	set_engine(p, engine);
	bool ok = add_datasets(p, err) && (!tr_cancel_raised(&p->cancel) || tr_cancel_err(err)) &&
		tr_engine_prepare(p->engine, sql, NULL, NULL, 0, &describe, err) &&
		tr_engine_run(p->engine, sql, NULL, 0, out, err);
	tr_engine_describe_clear(&describe);
	return ok;
}

static bool query_remote(struct tr_pipeline *p, const char *sql, struct ArrowArrayStream *out,
	struct tr_err *err)
{
	const struct tr_config_remote_options options = { .config = &p->config,
		.engine = p->config.engine,
		.aws = p->house.aws.http ? &p->house.aws.aws : NULL,
		.repeatable = true,
		.events = p->events,
		.cancel = &p->cancel,
		.env = p->env,
		.env_context = p->env_context };
	return tr_remote_check_query(sql, err) && tr_config_remote_open(&options, &p->remote, err) &&
		tr_remote_run(p->remote.remote, sql, out, err);
}

bool tr_pipeline_query(struct tr_pipeline *p, const char *sql, struct ArrowArrayStream *out,
	struct tr_err *err)
{
	set_engine(p, NULL);
	tr_config_remote_close(&p->remote);
	tr_cancel_reset(&p->cancel);
	return tr_config_is_remote(p->config.engine) ? query_remote(p, sql, out, err)
						     : query_embedded(p, sql, out, err);
}

void tr_pipeline_interrupt(struct tr_pipeline *p)
{
	tr_cancel_raise(&p->cancel);
	/* Held only while an engine comes or goes: then there is no statement to interrupt. */
	if (pthread_mutex_trylock(&p->lock) != 0)
		return;
	if (p->engine)
		tr_engine_interrupt(p->engine);
	pthread_mutex_unlock(&p->lock);
}
