/*
 * libtailrace: a pipeline from Postgres to a lake, inside another C program.
 *
 *     struct tr_err err = { 0 };
 *     struct tr_pipeline *p;
 *     if (!tr_pipeline_open(&(struct tr_pipeline_options){ .config_path = "tailrace.yaml" }, &p, &err))
 *         ...                                  err.what, err.detail, err.hint, err.place
 *     tr_pipeline_run(p, NULL, 0, &err);       every dataset, on one snapshot
 *     tr_pipeline_query(p, "SELECT count(*) FROM enriched_orders", &stream, &err);
 *     tr_pipeline_free(p);
 *
 * The library never prints, logs or exits, and installs no signal handler. One thread at a
 * time uses a pipeline; tr_pipeline_interrupt may come from any thread or signal handler.
 * Functions that can fail return false with *err set; err must be zeroed before.
 *
 * `limits.memory` is measured with glibc's allocator set as the program tailrace sets it, which a
 * library must not do: see docs/how-to/embed.md.
 */
#ifndef TAILRACE_H
#define TAILRACE_H

#include "tailrace/arrow.h"
#include "tailrace/err.h"
#include "tailrace/event.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tr_pipeline;

struct tr_pipeline_options {
	const char *config_path; /* tailrace.yaml */
	struct tr_events events; /* where progress and notices go; may be zero */
	/* Variables of `${NAME}` in the configuration; NULL: the process's environment. */
	const char *(*getenv)(void *context, const char *name);
	void *getenv_context;
};

/* What a run made of one dataset. Borrowed from the pipeline until its next call. */
struct tr_outcome {
	const char *dataset;
	bool published;
	struct tr_err err; /* why not */
	uint64_t version, rows, bytes;
	size_t files;
};

/* Read the configuration; connects to nothing. Of several mistakes in the file, *err is the
 * first; tr_pipeline_mistakes has them all. *out is set where memory allows also on failure,
 * for that call, and is freed by the caller. */
bool tr_pipeline_open(const struct tr_pipeline_options *options, struct tr_pipeline **out,
	struct tr_err *err);
void tr_pipeline_free(struct tr_pipeline *p);

/* All mistakes that the last open, check or run found before it began to read. */
const struct tr_err *tr_pipeline_mistakes(const struct tr_pipeline *p, size_t *n);

/* Plan the named datasets (n == 0: all) against the live database; reads no rows. */
bool tr_pipeline_check(struct tr_pipeline *p, const char *const *datasets, size_t n, struct tr_err *err);
/* Plan, extract, audit, publish. True if every dataset was published. */
bool tr_pipeline_run(struct tr_pipeline *p, const char *const *datasets, size_t n, struct tr_err *err);
/* One for each dataset of the last run. */
const struct tr_outcome *tr_pipeline_outcomes(const struct tr_pipeline *p, size_t *n);

/* SELECT over the published datasets, by name, in the configuration's engine: the embedded
 * one, Athena or Trino. The caller releases *out before the pipeline's next call. */
bool tr_pipeline_query(struct tr_pipeline *p, const char *sql, struct ArrowArrayStream *out,
	struct tr_err *err);

/* End what is running, with TR_ERR_CANCELLED. Async-signal-safe but for a running query. */
void tr_pipeline_interrupt(struct tr_pipeline *p);

const char *tr_version(void); /* `0.1.0` */

#ifdef __cplusplus
}
#endif

#endif
