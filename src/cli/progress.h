/*
 * Progress of a run, from the library's events: a bar for each active dataset on a
 * terminal, plain lines elsewhere, JSON lines with --log json. Events may come from
 * several threads at once.
 */
#ifndef TR_CLI_PROGRESS_H
#define TR_CLI_PROGRESS_H

#include <pthread.h>

#include "base/emit.h"
#include "cli/console.h"

#define TR_PROGRESS_STAGE 32

struct tr_progress_dataset {
	char name[136], stage[TR_PROGRESS_STAGE];
	bool active;
	int64_t started_us; /* monotonic, at the first counter */
	int64_t printed_us;
	uint64_t rows_read, rows_written, bytes_read, bytes_written, rows_expected;
};

struct tr_progress {
	pthread_mutex_t lock;
	struct tr_console *console;
	bool bar;
	struct tr_progress_dataset *datasets;
	size_t n, cap;
	int64_t drawn_us;
	int lines; /* of the bar that stand on the terminal */
};

bool tr_progress_init(struct tr_progress *p, struct tr_console *c, struct tr_err *err) TR_CHECKED;
/* Takes the bar off the terminal. */
void tr_progress_clear(struct tr_progress *p);
struct tr_events tr_progress_events(struct tr_progress *p);

/* One line on a dataset's counters: share, rows, bytes, rate, time left; `now_us` is
 * tr_clock_monotonic_us. With `bar`, a bar of that many columns stands before the share. */
void tr_progress_describe(const struct tr_progress_dataset *d, int64_t now_us, int bar, struct tr_str *out);

#endif
