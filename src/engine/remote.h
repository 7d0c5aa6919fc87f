/*
 * Engines elsewhere: Athena (engine/athena.h) and Trino (engine/trino.h). A statement is
 * started there, waited for, and its rows are pulled as a stream; one at a time.
 *
 * Ending early: raise the cancel that the engine was made with, or release the stream; both
 * stop the statement at the service, too.
 */
#ifndef TR_ENGINE_REMOTE_H
#define TR_ENGINE_REMOTE_H

#include "base/cancel.h"
#include "data/stream.h"
#include "tailrace/event.h"

/* What the service says of the last statement. */
struct tr_remote_statistics {
	char id[128];            /* the service's name of the statement; empty: it never got one */
	char state[32];          /* in the service's words: `RUNNING`, `SUCCEEDED` */
	uint64_t scanned_bytes;  /* what Athena asks money for */
	uint64_t processed_rows; /* 0: the service does not say */
	int64_t queued_ms, elapsed_ms;
	bool reused; /* Athena: the rows are an earlier statement's */
};

struct tr_remote;
struct tr_remote_ops {
	/* Start, wait until there are rows or there is an end; *out is a stream of the result.
	 * A statement without a result has a stream of no columns and no rows. */
	bool (*run)(struct tr_remote *r, const char *sql, struct ArrowArrayStream *out, struct tr_err *err);
	/* Stop the running statement at the service, as well as that is possible; none: nothing. */
	void (*cancel)(struct tr_remote *r);
	void (*free)(struct tr_remote *r);
};

/* Embedded as the first member of an implementation. */
struct tr_remote {
	const struct tr_remote_ops *ops;
	const char *name; /* `athena`, `trino` */
	/* TR_EVENT_STAGE (a state) and TR_EVENT_PROGRESS (rows_read, bytes_read), with `name` as
	 * the dataset, while a statement is waited for; may be changed between statements. */
	struct tr_events events;
	struct tr_remote_statistics statistics;
};

/*
 * Run `sql`. Errors of the statement carry the service's own position in it (place.line,
 * column, excerpt; the file is left empty). The stream is released before the next run and
 * before the engine is freed.
 */
bool tr_remote_run(struct tr_remote *r, const char *sql, struct ArrowArrayStream *out,
	struct tr_err *err) TR_CHECKED;
/* Run it to its end and pass its rows over: UNLOAD, CREATE TABLE AS, DROP. */
bool tr_remote_execute(struct tr_remote *r, const char *sql, struct tr_err *err) TR_CHECKED;
const struct tr_remote_statistics *tr_remote_statistics(const struct tr_remote *r);
void tr_remote_cancel(struct tr_remote *r);
void tr_remote_free(struct tr_remote *r);

/* Refuse what is no query (SELECT, WITH, VALUES, TABLE, SHOW, DESCRIBE, EXPLAIN without
 * ANALYZE), before it is sent: for statements that people type. */
bool tr_remote_check_query(const char *sql, struct tr_err *err) TR_CHECKED;

/* ---- for the implementations ---- */

/* Wait so long or until the cancel is raised (TR_ERR_CANCELLED). */
bool tr_remote_wait(const struct tr_cancel *cancel, int64_t ms, struct tr_err *err) TR_CHECKED;
/* The statement without blanks and semicolons at its end; owned. */
char *tr_remote_trim(const char *sql, struct tr_err *err) TR_CHECKED;
/* Place an error at a line and a column (both from 1, the column in characters) of `sql`. */
void tr_remote_place(const char *sql, int64_t line, int64_t column, struct tr_err *err);
/* Read `line 1:8: ` out of a message and place the error there. *rest is what follows it (or
 * all of the message). */
bool tr_remote_position(const char *message, int64_t *line, int64_t *column, const char **rest);
/* TR_EVENT_STAGE where the state is another than before; keeps it. */
void tr_remote_state(struct tr_remote *r, const char *state);
/* TR_EVENT_PROGRESS with what the statistics hold. */
void tr_remote_progress(struct tr_remote *r);

#endif
