#include "run/audit.h"

#include <stdlib.h>
#include <string.h>

#include "base/each.h"
#include "data/column.h"
#include "engine/published.h"
#include "lake/footer.h"
#include "plan/plan_resources.h"
#include "data/value.h"

/* ---- files against the manifest ---- */

struct staged {
	struct tr_store *store;
	const struct tr_manifest *m;
};

static bool audit_file(void *context, size_t index, struct tr_err *err)
{
	const struct staged *s = context;
	const struct tr_manifest_file *f = &s->m->files[index];
	char difference[TR_FOOTER_TEXT];
	if (!tr_lake_footer_compare(s->store, s->m, f, difference, err))
		return false;
	if (!difference[0])
		return true;
	tr_err_set(err, TR_ERR_INTERNAL, "the staged file %s does not hold what was written", f->path);
	tr_err_detail(err, "it %s", difference);
	return tr_err_hint(err, "nothing was published; check the disk under the lake and run again");
}

/* ---- checks over the rows ---- */

static bool first_count(struct tr_engine *engine, const struct tr_plan_dataset *d, const char *sql,
	int64_t *count, struct tr_err *err)
{
	struct ArrowArrayStream rows;
	struct ArrowArray batch = { 0 };
	if (!tr_engine_run(engine, sql, d->params, d->n_params, &rows, err))
		return false;
	bool ok = tr_stream_next(&rows, &batch, err);
	if (ok && (!batch.release || batch.length != 1))
		ok = tr_err_set(err, TR_ERR_INTERNAL, "a check gave no count");
	if (ok) {
		struct tr_view v;
		tr_view_init(&v, &batch, 0, (struct tr_type){ .kind = TR_INT64 });
		memcpy(count, tr_view_fixed(&v, 0, 8), 8);
	}
	tr_batch_clear(&batch);
	tr_stream_clear(&rows);
	return ok;
}

/* `order_id=7; order_id=9`: the keys of some rows that break a check. */
static bool sample_text(struct tr_engine *engine, const struct tr_plan_dataset *d, const char *sql,
	struct tr_str *out, struct tr_err *err)
{
	struct ArrowArrayStream rows;
	struct ArrowArray batch = { 0 };
	struct tr_schema schema;
	tr_schema_init(&schema);
	if (!tr_engine_run(engine, sql, d->params, d->n_params, &rows, err))
		return false;
	bool ok = tr_stream_schema(&rows, &schema, err) && tr_stream_next(&rows, &batch, err);
	for (int64_t row = 0; ok && batch.release && row < batch.length; row++) {
		tr_str_add(out, row ? "; " : "");
		for (size_t i = 0; i < schema.n; i++) {
			struct tr_view v;
			tr_view_init(&v, &batch, i, schema.fields[i].type);
			tr_str_addf(out, "%s%s=", i ? ", " : "", schema.fields[i].name);
			tr_value_format(&v, schema.fields[i].type, row, out);
		}
	}
	tr_batch_clear(&batch);
	tr_stream_clear(&rows);
	tr_schema_clear(&schema);
	return ok && tr_str_ok(out, err);
}

static bool ask(struct tr_engine *engine, const struct tr_plan_dataset *d, const struct tr_plan_check *check,
	struct tr_err *err)
{
	int64_t count = 0;
	if (!first_count(engine, d, check->count, &count, err))
		return false;
	if (count == 0)
		return true;
	struct tr_str samples;
	struct tr_err ignored = { 0 };
	tr_str_init(&samples, 2048);
	if (!sample_text(engine, d, check->samples, &samples, &ignored))
		tr_str_clear(&samples);
	tr_err_set(err, TR_ERR_DATA, "dataset `%s` breaks its check `%s` in %lld %s", d->config->name,
		check->text, (long long)count, count == 1 ? "row" : "rows");
	tr_err_detail(err, "for example %s", samples.ptr ? samples.ptr : "(samples could not be read)");
	tr_err_hint(err, "nothing was published; mend the rows in Postgres, the transform or the check");
	tr_err_at_row(err, d->config->name, NULL, NULL);
	tr_str_clear(&samples);
	return false;
}

static bool run_checks(const struct tr_plan_dataset *d, struct tr_store *store, const struct tr_manifest *m,
	const char *temp_dir, struct tr_watch *watch, struct tr_err *err)
{
	const char *dir;
	const struct tr_plan_memory share = tr_plan_memory_of_checks(d->limits.memory, d->limits.threads);
	struct tr_engine_options options = { .memory = share.engine,
		.threads = tr_engine_read_threads(store, share.engine, share.threads),
		.temp_dir = temp_dir,
		.disk = d->limits.disk };
	tr_engine_allow(&options, store, &dir);
	struct tr_engine *engine = NULL;
	bool ok = tr_engine_open(&options, &engine, err);
	if (ok)
		tr_watch_engine(watch, engine);
	ok = ok && tr_engine_add_published(engine, store, m, d->config->name, err);
	for (size_t i = 0; ok && i < d->n_checks; i++)
		ok = tr_cancel_raised(watch->cancel) ? tr_cancel_err(err)
						     : ask(engine, d, &d->checks[i], err);
	tr_watch_engine(watch, NULL);
	tr_engine_close(engine);
	return ok;
}

bool tr_audit(const struct tr_plan_dataset *d, struct tr_store *store, const struct tr_manifest *m,
	const char *temp_dir, struct tr_watch *watch, struct tr_err *err)
{
	/* Files that others wrote have no writer's word to be held against: what the footers say is
	 * all that is known of them. */
	struct staged staged = { store, m };
	if (!m->engine && !tr_each(m->n_files, store->side_by_side, audit_file, &staged, err))
		return false;
	return d->n_checks == 0 || run_checks(d, store, m, temp_dir, watch, err);
}
