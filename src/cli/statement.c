#include "cli/statement.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli/estimate.h"
#include "cli/project.h"
#include "engine/published.h"
#include "plan/config_remote.h"

/* ---- the engine's interrupt, when the cancel is raised ---- */

struct watcher {
	struct tr_engine *engine;
	const struct tr_cancel *cancel;
	int stop; /* an eventfd: the statement is over */
	pthread_t thread;
	bool running;
};

static void *watch(void *context)
{
	struct watcher *w = context;
	struct pollfd fds[2] = { { tr_cancel_fd(w->cancel), POLLIN, 0 }, { w->stop, POLLIN, 0 } };
	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	/* Once is not enough: a statement that has not quite begun would miss it. */
	while (fds[0].revents && !fds[1].revents) {
		tr_engine_interrupt(w->engine);
		while (poll(&fds[1], 1, 20) < 0 && errno == EINTR)
			;
	}
	return NULL;
}

static bool watcher_start(struct watcher *w, struct tr_engine *engine, const struct tr_cancel *cancel,
	struct tr_err *err)
{
	w->engine = engine;
	w->cancel = cancel;
	w->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->stop < 0)
		return tr_err_errno(err, errno, "an event descriptor could not be opened");
	int failure = pthread_create(&w->thread, NULL, watch, w);
	if (failure)
		return tr_err_errno(err, failure, "a thread could not be started");
	w->running = true;
	return true;
}

static void watcher_stop(struct watcher *w)
{
	uint64_t one = 1;
	if (w->running) {
		while (write(w->stop, &one, sizeof one) < 0 && errno == EINTR)
			;
		pthread_join(w->thread, NULL);
	}
	if (w->stop >= 0)
		close(w->stop);
	*w = (struct watcher){ .stop = -1 };
}

/* ---- the datasets that a statement names ---- */

static bool add_dataset(const struct tr_statement_options *o, struct tr_engine *engine, const char *name,
	struct tr_err *err)
{
	struct tr_manifest m;
	tr_manifest_init(&m);
	bool ok = tr_statement_manifest(o->lake, name, o->at, &m, err) &&
		tr_engine_add_published(engine, o->lake->store, &m, name, err);
	tr_manifest_clear(&m);
	return ok;
}

static bool add_datasets(const struct tr_statement_options *o, struct tr_engine *engine,
	const struct tr_statement_names *names, struct tr_err *err)
{
	if (o->at && names->n_used != 1) {
		tr_err_set(err, TR_ERR_USER,
			"--at is for a statement that names one dataset; this one names %zu", names->n_used);
		return tr_err_hint(err, "write the version behind the name, in quotes: FROM \"%s@%llu\"",
			names->n_used ? names->used[0] : "orders", (unsigned long long)o->at);
	}
	for (size_t i = 0; i < names->n_used; i++)
		if (!add_dataset(o, engine, names->used[i], err))
			return false;
	return true;
}

/* The engine knows only the tables it was given: where it misses one, the lake may have
 * one of a similar name. */
static bool suggest_dataset(const struct tr_statement_names *names, struct tr_err *err)
{
	static const char BEGINNING[] = "Table with name ";
	char name[TR_NAME_MAX + 1];
	if (strncmp(err->what, BEGINNING, sizeof BEGINNING - 1) != 0 || !strstr(err->what, "does not exist"))
		return false;
	const char *at = err->what + sizeof BEGINNING - 1;
	at += *at == '"'; /* "public.orders" */
	snprintf(name, sizeof name, "%.*s", (int)strcspn(at, " \""), at);
	const char *dot = strrchr(name, '.');
	const char *closest = tr_name_closest(dot ? dot + 1 : name, (const char *const *)names->published,
		names->n_published);
	if (closest && dot)
		return tr_err_hint(err, "a dataset goes by its name alone: `%s`", closest);
	if (closest)
		return tr_err_hint(err, "did you mean `%s`? `tailrace datasets` lists all", closest);
	return tr_err_hint(err, "`tailrace datasets` lists what can be queried");
}

/* ---- rows ---- */

static bool send_rows(const struct tr_statement_options *o, struct ArrowArrayStream *stream,
	struct tr_output *out, struct tr_statement_result *result, struct tr_err *err)
{
	for (;;) {
		struct ArrowArray batch;
		if (!tr_stream_next(stream, &batch, err))
			return false;
		if (!batch.release)
			return true;
		int64_t n = batch.length;
		if (o->max_rows && n > o->max_rows - result->rows) {
			n = o->max_rows - result->rows;
			result->more = true;
		}
		bool ok = tr_output_rows(out, &batch, n, err);
		tr_batch_clear(&batch);
		if (!ok)
			return false;
		result->rows += n;
		if (result->more)
			return true;
		if (tr_cancel_raised(o->cancel))
			return tr_cancel_err(err);
	}
}

bool tr_statement_send(const struct tr_statement_options *o, struct ArrowArrayStream *stream,
	struct tr_target *target, struct tr_statement_result *result, struct tr_err *err)
{
	struct tr_schema schema;
	struct tr_output *out = NULL;
	tr_schema_init(&schema);
	bool ok = tr_stream_schema(stream, &schema, err) &&
		tr_output_new(o->format, o->console, &schema, target, &out, err) &&
		send_rows(o, stream, out, result, err) && tr_output_finish(out, err);
	tr_output_free(out);
	tr_schema_clear(&schema);
	return ok;
}

/* ---- in the embedded engine ---- */

static bool run(const struct tr_statement_options *o, struct tr_engine *engine, const char *sql,
	struct tr_target *target, struct tr_statement_result *result, struct tr_err *err)
{
	struct ArrowArrayStream stream = { 0 };
	bool ok = tr_engine_run(engine, sql, NULL, 0, &stream, err) &&
		tr_statement_send(o, &stream, target, result, err);
	tr_stream_clear(&stream);
	return ok;
}

static bool check_scan(const struct tr_statement_options *o, const char *sql,
	const struct tr_statement_names *names, struct tr_err *err)
{
	struct tr_estimate scan;
	return !o->max_scan ||
		(tr_estimate_scan(o, sql, names, &scan, err) && tr_estimate_check(o, &scan, err));
}

static bool run_embedded(const struct tr_statement_options *o, const char *sql, struct tr_target *target,
	struct tr_statement_result *result, struct tr_err *err)
{
	struct tr_statement_names names = { 0 };
	struct watcher watcher = { .stop = -1 };
	struct tr_engine *engine = NULL;
	const char *dir;
	struct tr_engine_options options = {
		.memory = o->memory,
		.threads = tr_engine_read_threads(o->lake->store, o->memory, o->threads),
		.temp_dir = o->temp_dir,
		.keep_order = true,
	};
	tr_engine_allow(&options, o->lake->store, &dir);
	bool ok = tr_statement_names_find(o->lake, sql, &names, err) && check_scan(o, sql, &names, err) &&
		tr_engine_open(&options, &engine, err) && add_datasets(o, engine, &names, err) &&
		watcher_start(&watcher, engine, o->cancel, err) && run(o, engine, sql, target, result, err);
	watcher_stop(&watcher);
	tr_engine_close(engine);
	if (!ok && !tr_cancel_raised(o->cancel))
		suggest_dataset(&names, err);
	tr_statement_names_clear(&names);
	return ok;
}

bool tr_statement_run(const struct tr_statement_options *o, const char *sql, struct tr_target *target,
	struct tr_statement_result *result, struct tr_err *err)
{
	*result = (struct tr_statement_result){ 0 };
	bool ok = tr_config_is_remote(o->engine) ? tr_statement_run_remote(o, sql, target, result, err)
						 : run_embedded(o, sql, target, result, err);
	if (!ok && tr_cancel_raised(o->cancel)) {
		tr_err_clear(err); /* whatever the interrupt looked like from below */
		tr_cancel_err(err);
	} else if (!ok && err->place.line > 0 && !err->place.file[0] && o->file) {
		tr_copy_text(err->place.file, sizeof err->place.file, o->file);
	}
	return ok;
}
