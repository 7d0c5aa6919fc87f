/*
 * The watch: one thread beside a run that tells of progress, renews the leases that keep
 * `gc` away from the run's files, ends a run that holds its snapshot for too long, and
 * interrupts the engine of a run that is cancelled.
 */
#ifndef TR_RUN_WATCH_H
#define TR_RUN_WATCH_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/cancel.h"
#include "engine/embedded.h"
#include "run/pins.h"

struct tr_watch {
	const struct tr_events *events;
	struct tr_cancel *cancel;
	const struct tr_pins *pins; /* whose leases are renewed; NULL: none */
	int64_t snapshot_ms;        /* 0: no limit */
	struct tr_engine *engine;   /* that works now: set by the runner under `lock` */
	/* What progress tells of: set by the runner under `lock`. */
	const char *dataset;
	uint64_t rows_expected;
	_Atomic uint64_t rows_read, bytes_read, rows_written, bytes_written;
	atomic_bool snapshot_open, snapshot_expired;
	int64_t snapshot_opened_us, snapshot_closed_us;
	/* private */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool started, ending;
};

/* The caller has filled the first part of a zeroed struct. */
bool tr_watch_start(struct tr_watch *w, struct tr_err *err) TR_CHECKED;
/* Ends the thread; safe to repeat. */
void tr_watch_stop(struct tr_watch *w);
/* The runner turns to another dataset: counters start again. NULL: between datasets. */
void tr_watch_dataset(struct tr_watch *w, const char *dataset, uint64_t rows_expected);

/* The snapshot was given back. Safe to repeat. */
void tr_watch_snapshot_closed(struct tr_watch *w);
/* An engine begins to work, or (NULL) has ended: before it is closed. A sort or a join may
 * work for minutes without asking Postgres for a row, which is where a cancel is heard. */
void tr_watch_engine(struct tr_watch *w, struct tr_engine *engine);

#endif
