#include "run/job.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lake/stage.h"
#include "run/audit.h"
#include "run/extract.h"
#include "run/remote_job.h"

/* ---- extraction: workers of one dataset ---- */

struct worker {
	struct tr_job *job;
	struct tr_stage *stage;
	const struct tr_extract *extract;
	atomic_bool *stop; /* another worker failed */
	int index;
	bool ok;
	struct tr_err err;
	pthread_t thread;
};

static bool pump(struct worker *w, struct ArrowArrayStream *rows, struct tr_stage_writer *writer,
	struct tr_err *err)
{
	struct tr_watch *watch = w->job->watch;
	for (;;) {
		struct ArrowArray batch = { 0 };
		if (tr_cancel_raised(w->job->options->cancel))
			return tr_cancel_err(err);
		if (!tr_stream_next(rows, &batch, err))
			return false;
		if (!batch.release || atomic_load(w->stop)) {
			tr_batch_clear(&batch);
			return true;
		}
		uint64_t n = (uint64_t)batch.length;
		bool ok = tr_stage_write(writer, &batch, err);
		tr_batch_clear(&batch);
		if (!ok)
			return false;
		atomic_fetch_add(&watch->rows_written, n);
		atomic_store(&watch->bytes_written, tr_stage_bytes(w->stage));
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct ArrowArrayStream rows = { 0 };
	struct tr_stage_writer *writer = NULL;
	w->ok = tr_extract_open(w->extract, w->index, &rows, &w->err) &&
		tr_stage_writer_new(w->stage, &writer, &w->err) && pump(w, &rows, writer, &w->err);
	if (rows.release)
		tr_stream_clear(&rows);
	if (w->ok) {
		w->ok = tr_stage_writer_finish(writer, &w->err);
		writer = NULL;
	}
	tr_stage_writer_free(writer);
	if (!w->ok)
		atomic_store(w->stop, true);
	return NULL;
}

static bool extract(struct tr_job *job, struct tr_stage *stage, struct tr_err *err)
{
	const struct tr_plan_dataset *d = job->dataset;
	const struct tr_extract x = { .plan = job->options->plan,
		.dataset = d,
		.session = job->session,
		.sources = job->sources,
		.store = job->options->lake->store,
		.temp_dir = job->temp_dir,
		.spools = job->spools,
		.watch = job->watch };
	struct worker *workers = tr_calloc((size_t)d->workers, sizeof *workers, err);
	atomic_bool stop = false;
	if (!workers)
		return false;
	int started = 1;
	for (int i = 0; i < d->workers; i++)
		workers[i] = (struct worker){ .job = job,
			.stage = stage,
			.extract = &x,
			.stop = &stop,
			.index = i,
			.ok = true };
	for (int i = 1; i < d->workers; i++, started++) {
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0)
			continue;
		workers[0].ok = tr_err_set(&workers[0].err, TR_ERR_INTERNAL, "a thread could not be started");
		atomic_store(&stop, true);
		break;
	}
	if (workers[0].ok)
		work(&workers[0]);
	for (int i = 1; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	bool ok = true;
	for (int i = 0; i < started && ok; i++)
		if (!workers[i].ok) {
			*err = workers[i].err;
			ok = false;
		}
	free(workers);
	return ok;
}

/* ---- staging ---- */

struct provenance {
	char lsn[32], time[TR_CLOCK_TEXT];
	struct tr_parquet_pair pairs[8];
};

static void fill_provenance(struct provenance *p, const struct tr_job *job)
{
	const struct tr_snapshot *s = &job->snapshot;
	tr_clock_iso(s->time_us, p->time);
	const struct tr_parquet_pair pairs[] = {
		{ "tailrace.version", TR_VERSION },
		{ "tailrace.dataset", job->dataset->config->name },
		{ "tailrace.run_id", job->run_id },
		{ "tailrace.snapshot.lsn", s->lsn },
		{ "tailrace.snapshot.time", p->time },
		{ "tailrace.snapshot.xmin_xmax", s->xmin_xmax },
	};
	_Static_assert(sizeof pairs <= sizeof p->pairs, "room for every pair");
	memcpy(p->pairs, pairs, sizeof pairs);
}

static const struct {
	const char *name;
	enum tr_parquet_codec codec;
} codecs[] = {
	{ "zstd", TR_CODEC_ZSTD },
	{ "snappy", TR_CODEC_SNAPPY },
	{ "gzip", TR_CODEC_GZIP },
	{ "lz4", TR_CODEC_LZ4 },
	{ "none", TR_CODEC_NONE },
};

static struct tr_parquet_options parquet_options(const struct tr_config *c, const struct provenance *p)
{
	struct tr_parquet_options o = { .codec_set = true,
		.codec = TR_CODEC_ZSTD,
		.row_group_bytes = c->parquet.row_group_size,
		.metadata = p->pairs,
		.n_metadata = 6 };
	for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++)
		if (strcmp(codecs[i].name, c->parquet.compression) == 0)
			o.codec = codecs[i].codec;
	if (o.codec == TR_CODEC_ZSTD || o.codec == TR_CODEC_GZIP) /* the others have no levels */
		o.codec_level = c->parquet.level;
	return o;
}

static bool new_stage(struct tr_job *job, const struct tr_schema *schema, const struct provenance *p,
	struct tr_stage **out, struct tr_err *err)
{
	const struct tr_plan_dataset *d = job->dataset;
	const struct tr_config *c = job->options->plan->config;
	struct tr_stage_options options = { .store = job->options->lake->store,
		.dataset = d->config->name,
		.run_id = job->run_id,
		.schema = schema,
		.keys = d->keys,
		.n_keys = d->n_keys,
		.parquet = parquet_options(c, p),
		.file_bytes = c->parquet.file_size,
		.memory = d->stage_memory,
		.disk = d->limits.disk,
		.temp_dir = job->temp_dir,
		.writers = d->workers,
		.cancel = job->options->cancel };
	/* With keys: the threads that encode the partitions at the end, when the source is done. */
	options.parquet.encode_threads = d->n_keys ? d->limits.threads : 1;
	return tr_stage_new(&options, out, err);
}

/* ---- the manifest of this run ---- */

static bool copy_key(struct tr_partition_key *to, const struct tr_partition_key *from, struct tr_err *err)
{
	*to = (struct tr_partition_key){ .transform = from->transform, .type = from->type };
	return (to->column = tr_strdup(from->column, err)) && (to->name = tr_strdup(from->name, err));
}

static bool fill_sources(const struct tr_job *job, struct tr_manifest *m, struct tr_err *err)
{
	size_t n = job->dataset->n_sources;
	m->sources = n ? tr_calloc(n, sizeof *m->sources, err) : NULL;
	if (n && !m->sources)
		return false;
	while (m->n_sources < n) {
		const struct tr_manifest *source = job->sources[m->n_sources];
		struct tr_manifest_source *out = &m->sources[m->n_sources++];
		out->version = source->version;
		out->dataset = tr_strdup(source->dataset, err);
		if (!out->dataset)
			return false;
	}
	return true;
}

static bool fill_manifest(const struct tr_job *job, const struct tr_schema *schema, struct tr_manifest *m,
	struct tr_err *err)
{
	const struct tr_plan_dataset *d = job->dataset;
	const struct tr_snapshot *s = &job->snapshot;
	m->parent = job->parent.version;
	m->snapshot_us = s->time_us;
	m->standby = s->standby;
	m->keys = tr_calloc(d->n_keys, sizeof *m->keys, err);
	if (!m->keys)
		return false;
	for (; m->n_keys < d->n_keys; m->n_keys++)
		if (!copy_key(&m->keys[m->n_keys], &d->keys[m->n_keys], err))
			return false;
	return (m->dataset = tr_strdup(d->config->name, err)) && (m->run_id = tr_strdup(job->run_id, err)) &&
		(m->tailrace = tr_strdup(TR_VERSION, err)) && (m->kind = tr_strdup("run", err)) &&
		(m->snapshot_xmin_xmax = tr_strdup(s->xmin_xmax, err)) &&
		(!s->lsn[0] || (m->snapshot_lsn = tr_strdup(s->lsn, err))) && fill_sources(job, m, err) &&
		tr_stage_schema(schema, d->keys, d->n_keys, &m->schema, err);
}

/* ---- the job ---- */

static void stage_event(const struct tr_job *job, const char *name)
{
	tr_emit_text(job->options->events, TR_EVENT_STAGE, job->dataset->config->name, "%s", name);
}

/* A straight copy publishes what it read, row for row. */
static bool rows_add_up(const struct tr_job *job, const struct tr_manifest *m, struct tr_err *err)
{
	uint64_t read = atomic_load(&job->watch->rows_read);
	if (job->dataset->kind != TR_PLAN_COPY || read == (uint64_t)m->rows)
		return true;
	tr_err_set(err, TR_ERR_INTERNAL, "dataset `%s` read %llu rows and staged %lld",
		job->dataset->config->name, (unsigned long long)read, (long long)m->rows);
	return tr_err_hint(err, "nothing was published; this is a bug of tailrace, please report it");
}

static void fill_report(const struct tr_job *job, const struct tr_manifest *m)
{
	struct tr_run_dataset_report *r = job->report;
	r->rows_in = atomic_load(&job->watch->rows_read);
	r->bytes_in = atomic_load(&job->watch->bytes_read);
	for (size_t i = 0; i < m->n_sources; i++) {
		r->rows_in += (uint64_t)job->sources[i]->rows;
		r->bytes_in += job->sources[i]->bytes;
	}
	r->rows_out = (uint64_t)m->rows;
	r->bytes_out = m->bytes;
	r->files = m->n_files;
	r->parent = m->parent;
}

/* What was refused is not worth keeping; what can't be removed is gc's. */
static void unstage(const struct tr_job *job, const struct tr_manifest *m)
{
	struct tr_store *store = job->options->lake->store;
	struct tr_err ignored = { 0 };
	const char **keys = tr_calloc(m->n_files, sizeof *keys, &ignored);
	for (size_t i = 0; keys && i < m->n_files; i++)
		keys[i] = m->files[i].path;
	job->report->left_files =
		!keys || (m->n_files && !store->ops->remove_many(store, keys, m->n_files, &ignored));
	free(keys);
}

static bool publish(struct tr_job *job, struct tr_stage *stage, struct tr_manifest *m, struct tr_err *err)
{
	const struct tr_run_options *o = job->options;
	bool refused;
	stage_event(job, "audit");
	if (stage && !tr_stage_finish(stage, m, err))
		return false;
	if (!rows_add_up(job, m, err) ||
		!tr_audit(job->dataset, o->lake->store, m, job->temp_dir, job->watch, err) ||
		(tr_cancel_raised(o->cancel) && !tr_cancel_err(err))) {
		unstage(job, m);
		return false;
	}
	fill_report(job, m);
	stage_event(job, "publish");
	if (!tr_lake_commit(o->lake, m, o->steps, &refused, err)) {
		if (refused)
			unstage(job, m);
		else
			job->report->left_files = true;
		return false;
	}
	job->report->version = m->version;
	job->report->published = true;
	tr_emit_text(o->events, TR_EVENT_DONE, job->dataset->config->name,
		"version %llu, %lld row%s in %zu file%s", (unsigned long long)m->version, (long long)m->rows,
		m->rows == 1 ? "" : "s", m->n_files, m->n_files == 1 ? "" : "s");
	return true;
}

bool tr_job_run(struct tr_job *job, struct tr_err *err)
{
	int64_t start = tr_clock_monotonic_us();
	struct tr_schema schema;
	struct tr_manifest m;
	struct provenance provenance;
	struct tr_stage *stage = NULL;
	tr_schema_init(&schema);
	tr_manifest_init(&m);
	fill_provenance(&provenance, job);
	stage_event(job, "extract");
	bool ok = tr_schema_copy(&schema, &job->dataset->contract.schema, err) &&
		tr_manifest_field_ids(&schema, job->parent.version ? &job->parent : NULL, &m.last_field_id,
			err) &&
		fill_manifest(job, &schema, &m, err);
	if (ok && job->dataset->run_on)
		ok = tr_remote_job(job, &m, err);
	else if (ok)
		ok = new_stage(job, &schema, &provenance, &stage, err) && extract(job, stage, err);
	if (job->session)
		job->report->seconds_postgres = (double)(tr_clock_monotonic_us() - start) / 1e6;
	if (job->last) {
		/* Postgres has done its part: let go of the snapshot before the audit. */
		tr_session_end(job->session);
		tr_watch_snapshot_closed(job->watch);
	}
	ok = ok && publish(job, stage, &m, err);
	tr_stage_free(stage);
	tr_manifest_clear(&m);
	tr_schema_clear(&schema);
	job->report->seconds = (double)(tr_clock_monotonic_us() - start) / 1e6;
	return ok;
}
