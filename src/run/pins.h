/*
 * What a run holds of each dataset that it makes or reads: the lease, and for a dataset of
 * `from` the one version that all its readers in the run see.
 *
 * gc keeps the newest version, and by default one that was superseded for days. But retention
 * may be as short as its owner likes (`keep_days: 0`, no grace), and then another run's publish
 * and a gc could take the files away while they are read. So a pin is a lease that holds its
 * version, as a rollback's does (lake.h): it is written first, and then the version must not be
 * marked expired.
 */
#ifndef TR_RUN_PINS_H
#define TR_RUN_PINS_H

#include <stdatomic.h>

#include "plan/plan.h"

struct tr_pin {
	const char *dataset;         /* borrowed from the plan */
	_Atomic uint64_t held;       /* the version that the lease holds; 0: it covers the run's own files */
	bool stays;                  /* the lease is not given back: gc is to find the run's files by it */
	struct tr_manifest manifest; /* of that version; version 0: none */
};

/* Pin i is that of the plan's dataset i; behind them are those that are only read. */
struct tr_pins {
	const struct tr_lake *lake;
	const char *run_id;
	struct tr_pin *items;
	size_t n, n_made;
};

/* Takes the leases of the datasets to be made, and pins the newest versions of those that are
 * only read. One that is not published has no version: its readers will fail. */
bool tr_pins_init(struct tr_pins *pins, const struct tr_plan *plan, const struct tr_lake *lake,
	const char *run_id, struct tr_err *err) TR_CHECKED;
/* Gives the leases back, but for those that stay. */
void tr_pins_clear(struct tr_pins *pins);
/* Pin that version of a dataset, if it is not pinned already. */
bool tr_pins_take(struct tr_pins *pins, size_t i, uint64_t version, struct tr_err *err) TR_CHECKED;
/* The pin of what a dataset reads. */
size_t tr_pins_find(const struct tr_pins *pins, const struct tr_plan_source *source);
/* Renew a lease. */
bool tr_pins_renew(const struct tr_pins *pins, size_t i, struct tr_err *err) TR_CHECKED;

#endif
