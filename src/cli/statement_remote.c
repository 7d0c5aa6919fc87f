/* Statements that run elsewhere: the estimate before, progress, and what it cost behind. */
#include <stdlib.h>
#include <string.h>

#include "cli/estimate.h"
#include "cli/progress.h"
#include "cli/project.h"
#include "cli/units.h"
#include "plan/config_remote.h"

struct remote_run {
	const struct tr_statement_options *options;
	struct tr_progress progress;
	struct tr_config_remote engine;
};

static bool is_athena(const struct tr_statement_options *o)
{
	return strcmp(o->engine, "athena") == 0;
}

/* Where there is no bar, states are not worth a line each. */
static void on_event(void *context, const struct tr_event *event)
{
	struct remote_run *run = context;
	struct tr_events events = tr_progress_events(&run->progress);
	bool plain = !run->progress.bar && run->progress.console->log != TR_LOG_JSON;
	if (!plain || event->kind != TR_EVENT_STAGE)
		tr_emit(&events, event);
}

/* ---- before ---- */

static void tell_estimate(const struct tr_statement_options *o, const struct tr_estimate *estimate)
{
	char bytes[TR_UNITS_TEXT], dollars[TR_UNITS_TEXT], price[TR_UNITS_TEXT];
	int64_t per_tb = o->config->athena.price_per_tb_micros;
	if (!estimate->known || estimate->bytes == 0 || !is_athena(o))
		return;
	tr_console_note(o->console, "athena: to scan at most %s, about %s at %s per TB (athena.price_per_tb)",
		tr_units_bytes(estimate->bytes, bytes),
		tr_estimate_dollars(tr_estimate_cost(estimate->bytes, per_tb), dollars),
		tr_estimate_dollars(per_tb, price));
}

/* An estimate that fails, as for a reader who may use Athena and not list the bucket, stops
 * the statement only where --max-scan depends on it. */
static bool estimate(const struct tr_statement_options *o, const char *sql, struct tr_err *err)
{
	struct tr_statement_names names = { 0 };
	struct tr_estimate scan;
	struct tr_err failure = { 0 };
	if (!is_athena(o) && !o->max_scan)
		return true;
	bool ok = tr_statement_names_find(o->lake, sql, &names, &failure) &&
		tr_estimate_scan(o, sql, &names, &scan, &failure);
	tr_statement_names_clear(&names);
	if (ok && !tr_estimate_check(o, &scan, err))
		return false;
	if (ok) {
		tell_estimate(o, &scan);
		return true;
	}
	if (o->max_scan || failure.kind == TR_ERR_CANCELLED) {
		*err = failure;
		return false;
	}
	tr_console_warn(o->console, "what the statement scans cannot be estimated: %s", failure.what);
	return true;
}

/* ---- behind ---- */

static void tell_athena(const struct tr_statement_options *o, const struct tr_remote_statistics *s)
{
	char bytes[TR_UNITS_TEXT], dollars[TR_UNITS_TEXT], price[TR_UNITS_TEXT], seconds[TR_UNITS_TEXT];
	int64_t per_tb = o->config->athena.price_per_tb_micros;
	tr_units_seconds((double)s->elapsed_ms / 1e3, seconds);
	if (s->reused)
		tr_console_note(o->console, "athena: %s: an earlier result was reused, nothing was scanned",
			s->id);
	else
		tr_console_note(o->console, "athena: %s: scanned %s in %s, about %s at %s per TB", s->id,
			tr_units_bytes(s->scanned_bytes, bytes), seconds,
			tr_estimate_dollars(tr_estimate_cost(s->scanned_bytes, per_tb), dollars),
			tr_estimate_dollars(per_tb, price));
}

static void tell_trino(const struct tr_statement_options *o, const struct tr_remote_statistics *s)
{
	char bytes[TR_UNITS_TEXT], rows[TR_UNITS_TEXT], seconds[TR_UNITS_TEXT];
	tr_console_note(o->console, "trino: %s: read %s rows, %s in %s", s->id,
		tr_units_count((int64_t)s->processed_rows, rows), tr_units_bytes(s->scanned_bytes, bytes),
		tr_units_seconds((double)s->elapsed_ms / 1e3, seconds));
}

/* Money is spent also by statements that fail or are stopped. */
static void tell_statistics(const struct tr_statement_options *o, const struct tr_remote_statistics *s,
	bool ok)
{
	if (!s->id[0] || (!ok && s->scanned_bytes == 0))
		return;
	if (is_athena(o))
		tell_athena(o, s);
	else
		tell_trino(o, s);
}

/* `Table 'hive.shop.ordrs' does not exist`: the lake may have one of a similar name. */
static void suggest(const struct tr_lake *lake, struct tr_err *err)
{
	char name[TR_NAME_MAX + 1], **published = NULL;
	size_t n = 0;
	struct tr_err ignored = { 0 }; /* the statement's own is told */
	const char *start = strstr(err->what, "Table '"), *end = start ? strchr(start + 7, '\'') : NULL;
	if (!end || !strstr(end, "does not exist") || !lake->store ||
		!tr_lake_datasets(lake, &published, &n, &ignored))
		return;
	snprintf(name, sizeof name, "%.*s", (int)(end - start - 7), start + 7);
	const char *dot = strrchr(name, '.');
	const char *closest = tr_name_closest(dot ? dot + 1 : name, (const char *const *)published, n);
	if (closest)
		tr_err_hint(err, "did you mean `%s`? `tailrace datasets` lists all", closest);
	tr_names_free(published, n);
}

/* ---- running ---- */

static bool start(struct remote_run *run, const char *sql, struct ArrowArrayStream *stream,
	struct tr_err *err)
{
	const struct tr_statement_options *o = run->options;
	struct tr_remote *remote = run->engine.remote;
	if (!tr_progress_init(&run->progress, o->console, err))
		return false;
	remote->events = (struct tr_events){ on_event, run };
	bool ok = tr_remote_run(remote, sql, stream, err);
	/* The bar makes room for the rows. */
	remote->events = (struct tr_events){ 0 };
	tr_progress_clear(&run->progress);
	return ok;
}

static bool run_it(const struct tr_statement_options *o, const char *sql, struct tr_target *target,
	struct tr_statement_result *result, struct tr_err *err)
{
	struct remote_run run = { .options = o };
	struct ArrowArrayStream stream = { 0 };
	const struct tr_config_remote_options options = { .config = o->config,
		.engine = o->engine,
		.aws = o->aws,
		.repeatable = true,
		.cancel = o->cancel };
	if (!tr_config_remote_open(&options, &run.engine, err))
		return false;
	bool ok = start(&run, sql, &stream, err) && tr_statement_send(o, &stream, target, result, err);
	tr_stream_clear(&stream);
	tell_statistics(o, tr_remote_statistics(run.engine.remote), ok);
	tr_config_remote_close(&run.engine);
	return ok;
}

bool tr_statement_run_remote(const struct tr_statement_options *o, const char *sql, struct tr_target *target,
	struct tr_statement_result *result, struct tr_err *err)
{
	if (o->at) {
		tr_err_set(err, TR_ERR_USER, "%s reads the newest version only", o->engine);
		return tr_err_hint(err, "leave --at out, or add `--engine embedded`");
	}
	if (tr_remote_check_query(sql, err) && estimate(o, sql, err) && run_it(o, sql, target, result, err))
		return true;
	if (!tr_cancel_raised(o->cancel))
		suggest(o->lake, err);
	return false;
}
