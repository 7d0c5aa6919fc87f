#include "run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/each.h"
#include "io/temp_dir.h"
#include "run/job.h"
#include "run/prefetch.h"
#include "run/side_by_side.h"

/* A run's own state, from the leases to the report. */
struct run {
	const struct tr_run_options *options;
	struct tr_run_report *report;
	char run_id[TR_RUN_ID_TEXT];
	struct tr_pins pins;
	struct tr_manifest *parents;
	bool *done; /* one a dataset: its turn has come */
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

static bool read_parent(void *context, size_t i, struct tr_err *err)
{
	struct run *r = context;
	const struct tr_lake *lake = r->options->lake;
	const char *name = r->options->plan->datasets[i].config->name;
	struct tr_view_state view;
	bool found;
	return tr_lake_load(lake, name, 0, &r->parents[i], &found, err) &&
		tr_lake_view(lake, name, &view, err);
}

/* The parents are read before the snapshot is opened, and before the versions that are read: what
 * is older can't replace a newer version (design.md §3). A view that belongs to others is found
 * out before the work rather than after it. The leases come before the first file. */
static bool begin(struct run *r, struct tr_err *err)
{
	const struct tr_run_options *o = r->options;
	const struct tr_plan *plan = o->plan;
	r->n = plan->n_datasets;
	r->parents = tr_calloc(r->n, sizeof *r->parents, err);
	r->done = tr_calloc(r->n, sizeof *r->done, err);
	if (!r->parents || !r->done)
		return false;
	for (size_t i = 0; i < r->n; i++)
		tr_manifest_init(&r->parents[i]);
	if (!tr_each(r->n, o->lake->store->side_by_side, read_parent, r, err) ||
		!tr_pins_init(&r->pins, plan, o->lake, r->run_id, err) ||
		!tr_temp_dir_init(&r->temp, plan->config->limits.temp_dir, r->run_id, err))
		return false;
	r->watch = (struct tr_watch){ .events = o->events,
		.cancel = o->cancel,
		.pins = &r->pins,
		.snapshot_ms = plan->config->limits.snapshot_ms };
	return tr_watch_start(&r->watch, err);
}

/* Does a dataset whose turn has not come read Postgres? `scans`: what is on disk by now does not
 * count. */
static bool reads_later(const struct run *r, bool scans)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct tr_plan_dataset *d = &r->options->plan->datasets[i];
		for (size_t k = 0; k < d->n_inputs && !r->done[i]; k++)
			if (!scans || (d->inputs[k].scans > 0 && d->inputs[k].shared < 0))
				return true;
	}
	return false;
}

static bool open_session(struct run *r, struct tr_err *err)
{
	if (!reads_later(r, false))
		return true;
	const struct tr_config *c = r->options->plan->config;
	const struct tr_session_options options = { .conninfo = r->options->login->conninfo,
		.login = r->options->login->login,
		.run_id = r->run_id,
		.max_connections = c->limits.connections,
		.lock_timeout_ms = c->source.lock_timeout_ms,
		.statement_timeout_ms = c->source.statement_timeout_ms,
		.rate_bytes_per_s = c->limits.rate,
		.accept_row_security = c->source.accept_row_security,
		.cancel = r->options->cancel };
	if (!tr_session_open(&options, &r->session, err))
		return false;
	r->report->read_postgres = true;
	r->report->snapshot = *tr_session_snapshot(r->session);
	r->watch.snapshot_opened_us = tr_clock_monotonic_us();
	atomic_store(&r->watch.snapshot_open, true);
	return true;
}

/* Give the snapshot back as soon as nobody will read it. */
static void end_session(struct run *r)
{
	if (!r->session || reads_later(r, true))
		return;
	tr_session_end(r->session);
	tr_watch_snapshot_closed(&r->watch);
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
	if (r->spools)
		end_session(r);
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

/* ---- what a dataset reads of the lake ---- */

/* Pin what it reads; false: it can't run, and why. */
static bool take_sources(struct run *r, size_t i, struct tr_err *err)
{
	const struct tr_plan_dataset *d = &r->options->plan->datasets[i];
	const char *name = d->config->name;
	for (size_t k = 0; k < d->n_sources; k++) {
		const struct tr_plan_source *s = &d->sources[k];
		const struct tr_run_dataset_report *made =
			s->upstream >= 0 ? &r->report->datasets[s->upstream] : NULL;
		const char *source = s->config->dataset;
		if (made && !made->published)
			return tr_plan_err_source(name, source, made->err.kind, err);
		size_t pin = tr_pins_find(&r->pins, s);
		if (made && !tr_pins_take(&r->pins, pin, made->version, err))
			return false;
		if (!r->pins.items[pin].manifest.version) {
			tr_err_set(err, TR_ERR_USER, "`%s` reads `%s`, which is not published", name, source);
			return tr_err_hint(err, "publish it before: `tailrace run %s %s`", source, name);
		}
	}
	return true;
}

/* The oldest of what the dataset is made of: it is as fresh as that. */
static struct tr_snapshot oldest_snapshot(const struct run *r, const struct tr_plan_dataset *d)
{
	struct tr_snapshot oldest = { 0 };
	bool have = d->n_inputs > 0;
	if (have)
		oldest = *tr_session_snapshot(r->session);
	for (size_t k = 0; k < d->n_sources; k++) {
		const struct tr_manifest *m = &r->pins.items[tr_pins_find(&r->pins, &d->sources[k])].manifest;
		if (have && m->snapshot_us >= oldest.time_us)
			continue;
		oldest = (struct tr_snapshot){ .time_us = m->snapshot_us, .standby = m->standby };
		tr_copy_text(oldest.xmin_xmax, sizeof oldest.xmin_xmax,
			m->snapshot_xmin_xmax ? m->snapshot_xmin_xmax : "");
		tr_copy_text(oldest.lsn, sizeof oldest.lsn, m->snapshot_lsn ? m->snapshot_lsn : "");
		have = true;
	}
	return oldest;
}

/* The versions in the order of the dataset's sources; owned. They stand in the report too. */
static const struct tr_manifest **list_sources(struct run *r, size_t i, struct tr_err *err)
{
	const struct tr_plan_dataset *d = &r->options->plan->datasets[i];
	struct tr_run_dataset_report *dr = &r->report->datasets[i];
	const struct tr_manifest **list = tr_calloc(d->n_sources, sizeof *list, err);
	dr->sources = list ? tr_calloc(d->n_sources, sizeof *dr->sources, err) : NULL;
	if (!dr->sources) {
		free(list);
		return NULL;
	}
	for (size_t k = 0; k < d->n_sources; k++) {
		const struct tr_pin *pin = &r->pins.items[tr_pins_find(&r->pins, &d->sources[k])];
		list[k] = &pin->manifest;
		dr->sources[dr->n_sources++] = (struct tr_run_source_report){ pin->dataset,
			pin->manifest.version, (uint64_t)pin->manifest.rows, pin->manifest.bytes };
	}
	return list;
}

/* ---- datasets ---- */

static bool run_job(struct run *r, size_t i, const struct tr_plan_dataset *d, const char *temp_dir,
	struct tr_watch *watch, struct tr_err *err)
{
	const struct tr_manifest **sources = list_sources(r, i, err);
	if (!sources)
		return false;
	struct tr_job job = { .options = r->options,
		.dataset = d,
		.session = d->n_inputs ? r->session : NULL,
		.snapshot = oldest_snapshot(r, d),
		.sources = sources,
		.temp_dir = temp_dir,
		.run_id = r->run_id,
		.spools = r->spools,
		.parent = r->parents[i],
		.last = d->n_inputs && !reads_later(r, true),
		.watch = watch,
		.report = &r->report->datasets[i] };
	double expected = 0;
	for (size_t k = 0; k < d->n_inputs; k++)
		expected += d->inputs[k].est_rows > 0 ? d->inputs[k].est_rows * d->inputs[k].scans : 0;
	tr_watch_dataset(watch, d->config->name, (uint64_t)expected);
	bool ok = tr_job_run(&job, err);
	tr_watch_dataset(watch, NULL, 0);
	free(sources);
	return ok;
}

/* The dataset's turn is over. */
static void settle(struct run *r, size_t i, bool ok)
{
	struct tr_run_dataset_report *dr = &r->report->datasets[i];
	if (!ok) {
		explain_cancel(r, &dr->err);
		tr_emit_text(r->options->events, TR_EVENT_FAILED, dr->dataset, "%s", dr->err.what);
	}
	r->pins.items[i].stays = !dr->published && dr->left_files;
	if (!dr->published && !dr->left_files) /* else its commit has, or gc will */
		tr_lake_lease_end(r->options->lake, dr->dataset, r->run_id);
}

/* Postgres was lost before the first dataset's turn: what reads it has failed, the others go on. */
static void settle_readers(struct run *r, const struct tr_err *why)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->options->plan->datasets[i].n_inputs == 0)
			continue;
		r->done[i] = true;
		r->report->datasets[i].err = *why;
		settle(r, i, false);
	}
	end_session(r);
}

/* ---- datasets side by side ---- */

/* Some datasets that read only the lake, and nothing of each other. */
struct wave {
	struct run *r;
	const size_t *members;
	int side_by_side;
};

/* With a watch and a temporary folder of its own: engines must not meet in one. */
static void run_member(void *context, size_t k)
{
	struct wave *w = context;
	struct run *r = w->r;
	size_t i = w->members[k];
	struct tr_err *err = &r->report->datasets[i].err;
	struct tr_plan_dataset d;
	struct tr_temp_dir temp = { .lock = -1 };
	struct tr_watch watch = { .events = r->options->events, .cancel = r->options->cancel };
	char name[TR_RUN_ID_TEXT + 24];
	snprintf(name, sizeof name, "%s-%zu", r->run_id, i);
	bool ok = tr_cancel_raised(r->options->cancel) ? tr_cancel_err(err) : true;
	if (ok && !tr_plan_share(r->options->plan, &r->options->plan->datasets[i], w->side_by_side, &d))
		ok = tr_err_set(err, TR_ERR_INTERNAL, "the memory was shared among too many");
	ok = ok && tr_temp_dir_init(&temp, r->options->plan->config->limits.temp_dir, name, err) &&
		tr_watch_start(&watch, err) && run_job(r, i, &d, temp.path, &watch, err);
	tr_watch_stop(&watch);
	tr_temp_dir_clear(&temp);
	settle(r, i, ok);
}

/* As many at once as there are threads, two where there is one, while the memory suffices. */
static int side_by_side(const struct run *r, const size_t *members, size_t n)
{
	const struct tr_plan *plan = r->options->plan;
	int most = plan->config->limits.threads > 2 ? plan->config->limits.threads : 2;
	if ((size_t)most > n)
		most = (int)n;
	for (size_t k = 0; k < n; k++) {
		struct tr_plan_dataset share;
		while (most > 1 && !tr_plan_share(plan, &plan->datasets[members[k]], most, &share))
			most--;
	}
	return most;
}

static void run_wave(struct run *r, const size_t *members, size_t n)
{
	struct wave w = { r, members, side_by_side(r, members, n) };
	tr_side_by_side(n, (size_t)w.side_by_side, run_member, &w);
}

/* ---- the graph ---- */

/* Everything that it reads of this run has had its turn. */
static bool is_ready(const struct run *r, const struct tr_plan_dataset *d)
{
	for (size_t k = 0; k < d->n_sources; k++)
		if (d->sources[k].upstream >= 0 && !r->done[d->sources[k].upstream])
			return false;
	return true;
}

/* Take the next: one dataset that reads Postgres, whose snapshot is held, before all that are
 * ready and read only the lake. Returns how many. */
static size_t next_datasets(struct run *r, size_t *next)
{
	const struct tr_plan *plan = r->options->plan;
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++) {
		const struct tr_plan_dataset *d = &plan->datasets[i];
		if (r->done[i] || !is_ready(r, d))
			continue;
		if (d->n_inputs > 0) {
			next[0] = i;
			n = 1;
			break;
		}
		next[n++] = i;
	}
	for (size_t k = 0; k < n; k++)
		r->done[next[k]] = true;
	return n;
}

/* Leave out those that can't run. */
static size_t runnable(struct run *r, size_t *next, size_t n)
{
	size_t kept = 0;
	for (size_t k = 0; k < n; k++) {
		struct tr_err *err = &r->report->datasets[next[k]].err;
		if (tr_cancel_raised(r->options->cancel))
			tr_cancel_err(err);
		else if (take_sources(r, next[k], err))
			next[kept++] = next[k];
		if (err->kind != TR_ERR_NONE)
			settle(r, next[k], false);
	}
	return kept;
}

static bool run_all(struct run *r, struct tr_err *err)
{
	size_t *next = tr_calloc(r->n, sizeof *next, err), n;
	while (next && (n = next_datasets(r, next)) > 0) {
		const struct tr_plan_dataset *d = &r->options->plan->datasets[next[0]];
		n = runnable(r, next, n);
		if (n > 0 && d->n_inputs > 0) {
			bool ok = run_job(r, next[0], d, r->temp.path, &r->watch,
				&r->report->datasets[next[0]].err);
			settle(r, next[0], ok);
		} else if (n > 0) {
			run_wave(r, next, n);
		}
		end_session(r);
	}
	free(next);
	return next != NULL;
}

static void end(struct run *r)
{
	tr_watch_stop(&r->watch);
	tr_session_close(r->session);
	tr_pins_clear(&r->pins);
	for (size_t i = 0; i < r->n && r->parents; i++)
		tr_manifest_clear(&r->parents[i]);
	for (size_t i = 0; r->spools && i < r->options->plan->n_shared; i++)
		tr_spool_free(r->spools[i]);
	free(r->spools);
	tr_temp_dir_clear(&r->temp);
	free(r->parents);
	free(r->done);
}

/* A line of the report for each dataset that was chosen. */
static bool start_report(const struct run *r, struct tr_err *err)
{
	const struct tr_plan *plan = r->options->plan;
	struct tr_run_report *report = r->report;
	*report = (struct tr_run_report){ 0 };
	size_t n = plan->n_datasets + plan->n_left_out;
	report->datasets = tr_calloc(n, sizeof *report->datasets, err);
	if (!report->datasets)
		return false;
	report->n = n;
	for (size_t i = 0; i < n; i++) {
		struct tr_run_dataset_report *d = &report->datasets[i];
		memcpy(d->run_id, r->run_id, sizeof r->run_id);
		if (i < plan->n_datasets) {
			d->dataset = plan->datasets[i].config->name;
			continue;
		}
		const struct tr_plan_left_out *out = &plan->left_out[i - plan->n_datasets];
		d->dataset = out->config->name;
		d->err = out->err;
		tr_emit_text(r->options->events, TR_EVENT_FAILED, d->dataset, "%s", d->err.what);
	}
	return true;
}

static bool run_graph(struct run *r, struct tr_err *err)
{
	struct tr_err lost = { 0 };
	if (!begin(r, err))
		return false;
	if (!open_session(r, &lost) || !fill_spools(r, &lost))
		settle_readers(r, &lost);
	return run_all(r, err);
}

bool tr_run(const struct tr_run_options *options, struct tr_run_report *report, struct tr_err *err)
{
	int64_t start = tr_clock_monotonic_us();
	struct run r = { .options = options, .report = report, .temp.lock = -1 };
	tr_run_id_new(r.run_id);
	if (!start_report(&r, err))
		return false;
	struct tr_err first = { 0 };
	bool ok = run_graph(&r, &first);
	explain_cancel(&r, &first);
	for (size_t i = 0; i < report->n; i++) {
		struct tr_run_dataset_report *d = &report->datasets[i];
		if (!ok && !d->published && d->err.kind == TR_ERR_NONE)
			d->err = first;
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
	for (size_t i = 0; i < report->n; i++)
		free(report->datasets[i].sources);
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
