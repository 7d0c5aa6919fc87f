#include "run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "io/temp_dir.h"
#include "run/job.h"
#include "run/prefetch.h"

/* A run's own state, from the leases to the report. */
struct run {
	const struct tr_run_options *options;
	char run_id[TR_RUN_ID_TEXT];
	const char **names;
	struct tr_manifest *parents;
	struct tr_session *session;
	struct tr_temp_dir temp;
	struct tr_watch watch;
	struct tr_spool **spools;
	size_t n;
};

static uint64_t peak_memory(void)
{
	char line[256];
	unsigned long long kib = 0;
	FILE *f = fopen("/proc/self/status", "re");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "VmHWM: %llu kB", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib * 1024;
}

/* The parents are read before the snapshot is opened: an older snapshot can't replace a
 * newer version (design.md §3). The leases come before the first file. */
static bool begin(struct run *r, struct tr_err *err)
{
	const struct tr_run_options *o = r->options;
	const struct tr_plan *plan = o->plan;
	r->n = plan->n_datasets;
	r->names = tr_calloc(r->n, sizeof *r->names, err);
	r->parents = tr_calloc(r->n, sizeof *r->parents, err);
	if (!r->names || !r->parents)
		return false;
	for (size_t i = 0; i < r->n; i++) {
		bool found;
		r->names[i] = plan->datasets[i].config->name;
		tr_manifest_init(&r->parents[i]);
		if (!tr_lake_load(o->lake, r->names[i], 0, &r->parents[i], &found, err) ||
			!tr_lake_lease(o->lake, r->names[i], r->run_id, err))
			return false;
	}
	if (!tr_temp_dir_init(&r->temp, plan->config->limits.temp_dir, r->run_id, err))
		return false;
	r->watch = (struct tr_watch){ .lake = o->lake,
		.events = o->events,
		.cancel = o->cancel,
		.run_id = r->run_id,
		.datasets = r->names,
		.n_datasets = r->n,
		.snapshot_ms = plan->config->limits.snapshot_ms };
	return tr_watch_start(&r->watch, err);
}

static bool open_session(struct run *r, struct tr_run_report *report, struct tr_err *err)
{
	const struct tr_config *c = r->options->plan->config;
	const struct tr_session_options options = { .conninfo = c->source.url,
		.run_id = r->run_id,
		.max_connections = c->limits.connections,
		.lock_timeout_ms = c->source.lock_timeout_ms,
		.statement_timeout_ms = c->source.statement_timeout_ms,
		.rate_bytes_per_s = c->limits.rate,
		.accept_row_security = c->source.accept_row_security,
		.cancel = r->options->cancel };
	if (!tr_session_open(&options, &r->session, err))
		return false;
	report->snapshot = *tr_session_snapshot(r->session);
	r->watch.snapshot_opened_us = tr_clock_monotonic_us();
	atomic_store(&r->watch.snapshot_open, true);
	return true;
}

/* Does a dataset from the i-th on read Postgres, or do all read what was kept on disk? */
static bool reads_later(const struct run *r, size_t i)
{
	for (; i < r->n; i++) {
		const struct tr_plan_dataset *d = &r->options->plan->datasets[i];
		for (size_t k = 0; k < d->n_inputs; k++)
			if (d->inputs[k].scans > 0 && d->inputs[k].shared < 0)
				return true;
	}
	return false;
}

/* Inputs that several datasets use, read once. */
static bool fill_spools(struct run *r, struct tr_err *err)
{
	const struct tr_plan *plan = r->options->plan;
	r->spools = tr_calloc(plan->n_shared, sizeof *r->spools, err);
	for (size_t i = 0; r->spools && i < plan->n_shared; i++) {
		const struct tr_plan_shared *s = &plan->shared[i];
		struct tr_scan scan = { .relation = s->input.relation,
			.columns = s->input.columns,
			.n_columns = s->input.n_columns,
			.where = s->input.config->where,
			.special_to_null = s->special_to_null };
		struct ArrowArrayStream rows, ahead;
		tr_emit_text(r->options->events, TR_EVENT_NOTICE, NULL, "reading %s.%s once for %zu datasets",
			s->input.relation->schema, s->input.relation->name, s->users);
		if (!tr_session_scan(r->session, &scan, &rows, err) ||
			!tr_prefetch(&rows, NULL, &ahead, err) ||
			!tr_spool_fill(&ahead, r->temp.path, plan->config->limits.disk, r->options->cancel,
				&r->spools[i], err))
			return false;
	}
	if (r->spools && !reads_later(r, 0)) {
		tr_session_end(r->session);
		tr_watch_snapshot_closed(&r->watch);
	}
	return r->spools != NULL;
}

/* A cancel that the watch raised is not the user's: say what it was. */
static void explain_cancel(const struct run *r, struct tr_err *err)
{
	if (err->kind != TR_ERR_CANCELLED || !atomic_load(&r->watch.snapshot_expired))
		return;
	tr_err_clear(err);
	tr_err_set(err, TR_ERR_TRANSIENT, "the snapshot was held for longer than limits.snapshot (%lld s)",
		(long long)(r->watch.snapshot_ms / 1000));
	tr_err_hint(err,
		"nothing of this dataset was published; raise limits.snapshot, limits.rate or limits.connections");
}

static void run_dataset(struct run *r, size_t i, struct tr_run_report *report)
{
	const struct tr_plan_dataset *d = &r->options->plan->datasets[i];
	struct tr_run_dataset_report *dr = &report->datasets[i];
	struct tr_job job = { .options = r->options,
		.dataset = d,
		.session = r->session,
		.temp_dir = r->temp.path,
		.run_id = r->run_id,
		.spools = r->spools,
		.parent = r->parents[i],
		.last = !reads_later(r, i + 1),
		.watch = &r->watch,
		.report = dr };
	double expected = 0;
	for (size_t k = 0; k < d->n_inputs; k++)
		expected += d->inputs[k].est_rows > 0 ? d->inputs[k].est_rows * d->inputs[k].scans : 0;
	tr_watch_dataset(&r->watch, r->names[i], (uint64_t)expected);
	if (!tr_job_run(&job, &dr->err)) {
		explain_cancel(r, &dr->err);
		tr_emit_text(r->options->events, TR_EVENT_FAILED, r->names[i], "%s", dr->err.what);
	}
	tr_watch_dataset(&r->watch, NULL, 0);
	tr_lake_lease_end(r->options->lake, r->names[i], r->run_id);
}

static void end(struct run *r)
{
	tr_watch_stop(&r->watch);
	tr_session_close(r->session);
	for (size_t i = 0; i < r->n && r->names && r->parents; i++) {
		if (r->names[i])
			tr_lake_lease_end(r->options->lake, r->names[i], r->run_id);
		tr_manifest_clear(&r->parents[i]);
	}
	for (size_t i = 0; r->spools && i < r->options->plan->n_shared; i++)
		tr_spool_free(r->spools[i]);
	free(r->spools);
	tr_temp_dir_clear(&r->temp);
	free(r->names);
	free(r->parents);
}

bool tr_run(const struct tr_run_options *options, struct tr_run_report *report, struct tr_err *err)
{
	int64_t start = tr_clock_monotonic_us();
	struct run r = { .options = options, .temp.lock = -1 };
	tr_run_id_new(r.run_id);
	*report = (struct tr_run_report){ 0 };
	report->datasets = tr_calloc(options->plan->n_datasets, sizeof *report->datasets, err);
	if (!report->datasets)
		return false;
	report->n = options->plan->n_datasets;
	for (size_t i = 0; i < report->n; i++) {
		report->datasets[i].dataset = options->plan->datasets[i].config->name;
		memcpy(report->datasets[i].run_id, r.run_id, sizeof r.run_id);
	}
	struct tr_err first = { 0 };
	bool ok = begin(&r, &first) && open_session(&r, report, &first) && fill_spools(&r, &first);
	explain_cancel(&r, &first);
	for (size_t i = 0; i < report->n; i++) {
		struct tr_run_dataset_report *d = &report->datasets[i];
		if (!ok) {
			d->err = first;
		} else if (!tr_cancel_raised(options->cancel)) {
			run_dataset(&r, i, report);
		} else {
			tr_cancel_err(&d->err);
			explain_cancel(&r, &d->err);
		}
		if (!d->published && first.kind == TR_ERR_NONE)
			first = d->err;
	}
	if (r.session) {
		int64_t closed =
			r.watch.snapshot_closed_us ? r.watch.snapshot_closed_us : tr_clock_monotonic_us();
		report->seconds_snapshot = (double)(closed - r.watch.snapshot_opened_us) / 1e6;
	}
	end(&r);
	report->seconds = (double)(tr_clock_monotonic_us() - start) / 1e6;
	report->peak_memory = peak_memory();
	*err = first;
	return first.kind == TR_ERR_NONE;
}

void tr_run_report_clear(struct tr_run_report *report)
{
	free(report->datasets);
	*report = (struct tr_run_report){ 0 };
}

int tr_run_exit_code(const struct tr_run_report *report)
{
	static const int codes[] = { [TR_ERR_NONE] = 0,
		[TR_ERR_USER] = 2,
		[TR_ERR_TRANSIENT] = 3,
		[TR_ERR_DATA] = 4,
		[TR_ERR_INTERNAL] = 1,
		[TR_ERR_CANCELLED] = 130 };
	size_t published = 0;
	int code = 0;
	for (size_t i = 0; i < report->n; i++) {
		published += report->datasets[i].published;
		if (report->datasets[i].err.kind == TR_ERR_CANCELLED)
			return 130;
		if (code == 0)
			code = codes[report->datasets[i].err.kind];
	}
	return published > 0 && published < report->n ? 5 : code;
}
