/*
 * Result rows in one of the formats of `tailrace query`. An output writes to a target:
 * stdout, or a file that appears under its name only when it is complete.
 */
#ifndef TR_CLI_OUTPUT_H
#define TR_CLI_OUTPUT_H

#include "base/sink.h"
#include "cli/console.h"
#include "cli/cell.h"

struct tr_target {
	FILE *file;
	char *path, *temp; /* NULL: stdout; temp NULL: written in place (a device or pipe) */
	bool closed;       /* the reader went away: not worth an error */
};
bool tr_target_open(struct tr_target *t, const struct tr_console *c, const char *path,
	struct tr_err *err) TR_CHECKED;
bool tr_target_write(struct tr_target *t, const void *bytes, size_t n, struct tr_err *err) TR_CHECKED;
bool tr_target_finish(struct tr_target *t, struct tr_err *err) TR_CHECKED;
void tr_target_clear(struct tr_target *t); /* removes what is not finished */

struct tr_output;
struct tr_output_ops {
	bool (*rows)(struct tr_output *o, const struct ArrowArray *batch, int64_t n, struct tr_err *err);
	bool (*finish)(struct tr_output *o, struct tr_err *err);
	void (*free)(struct tr_output *o);
};
/* Embedded as the first member of an implementation. */
struct tr_output {
	const struct tr_output_ops *ops;
	struct tr_target *target;       /* borrowed */
	const struct tr_schema *schema; /* borrowed */
	struct tr_cell_column *columns;
	struct tr_str text; /* what is built for one batch */
	int64_t rows;       /* so far */
};

/* `format` is one of query's --format; the target and schema outlive the output. */
bool tr_output_new(const char *format, const struct tr_console *c, const struct tr_schema *schema,
	struct tr_target *target, struct tr_output **out, struct tr_err *err) TR_CHECKED;
/* The first n rows of a batch. */
bool tr_output_rows(struct tr_output *o, const struct ArrowArray *batch, int64_t n,
	struct tr_err *err) TR_CHECKED;
/* What comes after the last row. */
bool tr_output_finish(struct tr_output *o, struct tr_err *err) TR_CHECKED;
void tr_output_free(struct tr_output *o);

/* For the formats' own constructors. */
bool tr_output_init(struct tr_output *o, const struct tr_output_ops *ops, const struct tr_schema *schema,
	struct tr_target *target, struct tr_err *err) TR_CHECKED;
void tr_output_clear(struct tr_output *o);
/* Write o->text out and empty it. */
bool tr_output_flush(struct tr_output *o, struct tr_err *err) TR_CHECKED;

bool tr_output_csv(const struct tr_schema *schema, struct tr_target *target, struct tr_output **out,
	struct tr_err *err) TR_CHECKED;
bool tr_output_json(bool lines, const struct tr_schema *schema, struct tr_target *target,
	struct tr_output **out, struct tr_err *err) TR_CHECKED;
bool tr_output_markdown(const struct tr_schema *schema, struct tr_target *target, struct tr_output **out,
	struct tr_err *err) TR_CHECKED;
bool tr_output_table(const struct tr_console *c, const struct tr_schema *schema, struct tr_target *target,
	struct tr_output **out, struct tr_err *err) TR_CHECKED;
bool tr_output_parquet(const struct tr_schema *schema, struct tr_target *target, struct tr_output **out,
	struct tr_err *err) TR_CHECKED;

#endif
