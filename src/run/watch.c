#include "run/watch.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"

#define TICK_MS 100

static void tell(struct tr_watch *w)
{
	pthread_mutex_lock(&w->lock);
	struct tr_event event = { .kind = TR_EVENT_PROGRESS,
		.dataset = w->dataset,
		.rows_read = atomic_load(&w->rows_read),
		.bytes_read = atomic_load(&w->bytes_read),
		.rows_written = atomic_load(&w->rows_written),
		.bytes_written = atomic_load(&w->bytes_written),
		.rows_expected = w->rows_expected };
	pthread_mutex_unlock(&w->lock);
	if (event.dataset)
		tr_emit(w->events, &event);
}

static void renew(struct tr_watch *w)
{
	for (size_t i = 0; w->pins && i < w->pins->n; i++) {
		struct tr_err err = { 0 };
		if (!tr_pins_renew(w->pins, i, &err))
			tr_emit_text(w->events, TR_EVENT_WARNING, w->pins->items[i].dataset,
				"the lease could not be renewed: %s", err.what);
	}
}

static void limit_snapshot(struct tr_watch *w)
{
	if (w->snapshot_ms == 0 || !atomic_load(&w->snapshot_open))
		return;
	if (tr_clock_monotonic_us() - w->snapshot_opened_us > w->snapshot_ms * 1000) {
		atomic_store(&w->snapshot_expired, true);
		tr_cancel_raise(w->cancel);
	}
}

/* Again at every tick: the engine forgets an interrupt that comes between two statements. */
static void interrupt_engine(struct tr_watch *w)
{
	pthread_mutex_lock(&w->lock);
	if (w->engine && tr_cancel_raised(w->cancel))
		tr_engine_interrupt(w->engine);
	pthread_mutex_unlock(&w->lock);
}

/* Wait a tick, or until the end. */
static bool ending(struct tr_watch *w)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += TICK_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&w->lock);
	int code = 0;
	while (!w->ending && code != ETIMEDOUT)
		code = pthread_cond_timedwait(&w->wake, &w->lock, &until);
	bool end = w->ending;
	pthread_mutex_unlock(&w->lock);
	return end;
}

static void *watch(void *arg)
{
	struct tr_watch *w = arg;
	int64_t renewed = tr_clock_monotonic_us();
	while (!ending(w)) {
		tell(w);
		limit_snapshot(w);
		interrupt_engine(w);
		if (tr_clock_monotonic_us() - renewed > TR_LEASE_RENEW_S * INT64_C(1000000)) {
			renew(w);
			renewed = tr_clock_monotonic_us();
		}
	}
	return NULL;
}

bool tr_watch_start(struct tr_watch *w, struct tr_err *err)
{
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	if (pthread_create(&w->thread, NULL, watch, w) != 0) {
		pthread_cond_destroy(&w->wake);
		pthread_mutex_destroy(&w->lock);
		return tr_err_set(err, TR_ERR_INTERNAL, "a thread could not be started");
	}
	w->started = true;
	return true;
}

void tr_watch_stop(struct tr_watch *w)
{
	if (!w->started)
		return;
	pthread_mutex_lock(&w->lock);
	w->ending = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	w->started = false;
}

void tr_watch_dataset(struct tr_watch *w, const char *dataset, uint64_t rows_expected)
{
	tell(w);
	pthread_mutex_lock(&w->lock);
	w->dataset = dataset;
	w->rows_expected = rows_expected;
	atomic_store(&w->rows_read, 0);
	atomic_store(&w->bytes_read, 0);
	atomic_store(&w->rows_written, 0);
	atomic_store(&w->bytes_written, 0);
	pthread_mutex_unlock(&w->lock);
}

void tr_watch_engine(struct tr_watch *w, struct tr_engine *engine)
{
	pthread_mutex_lock(&w->lock);
	w->engine = engine;
	pthread_mutex_unlock(&w->lock);
}

void tr_watch_snapshot_closed(struct tr_watch *w)
{
	if (atomic_exchange(&w->snapshot_open, false))
		w->snapshot_closed_us = tr_clock_monotonic_us();
}
