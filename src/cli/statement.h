/*
 * Running SQL over the published datasets. In the embedded engine each statement has one of its own
 * (opening one takes some 15 ms) that sees only the datasets which the statement names,
 * so that a lake of thousands costs nothing, and always their newest versions.
 */
#ifndef TR_CLI_STATEMENT_H
#define TR_CLI_STATEMENT_H

#include "cli/output.h"
#include "io/aws.h"
#include "lake/lake.h"
#include "plan/config.h"

struct tr_statement_options {
	const struct tr_lake *lake;     /* without a store where nothing was ever published */
	const char *engine;             /* `embedded`, `athena`, `trino` */
	const struct tr_config *config; /* for the engines elsewhere */
	const struct tr_aws *aws;       /* that the lake uses; may be NULL */
	uint64_t max_scan;              /* bytes that a statement may read at most; 0: any */
	size_t memory;                  /* of the engine, in bytes */
	int threads;
	const char *temp_dir;
	uint64_t at;        /* version of the one dataset named; 0: newest */
	const char *file;   /* where the SQL stands, for messages; NULL: none */
	int64_t max_rows;   /* 0: all */
	const char *format; /* tr_output_new's */
	struct tr_console *console;
	struct tr_cancel *cancel; /* raising it interrupts the engine */
};

struct tr_statement_result {
	int64_t rows;
	bool more; /* max_rows cut the rest off */
};

/* Run one statement and write its rows to `target`, which the caller finishes. */
bool tr_statement_run(const struct tr_statement_options *options, const char *sql, struct tr_target *target,
	struct tr_statement_result *result, struct tr_err *err) TR_CHECKED;

/* ---- between the files of statements ---- */

/* The same in Athena or Trino. */
bool tr_statement_run_remote(const struct tr_statement_options *options, const char *sql,
	struct tr_target *target, struct tr_statement_result *result, struct tr_err *err) TR_CHECKED;
/* Pull a stream's rows and write them. */
bool tr_statement_send(const struct tr_statement_options *options, struct ArrowArrayStream *stream,
	struct tr_target *target, struct tr_statement_result *result, struct tr_err *err) TR_CHECKED;

/* ---- lexical structure ---- */

/* Every identifier of a statement in turn, unquoted; comments and literals are passed over.
 * `each` returns false to stop. False: stopped, or out of memory with *err set. */
typedef bool (*tr_identifier_fn)(void *context, const char *name, struct tr_err *err);
bool tr_statement_identifiers(const char *sql, tr_identifier_fn each, void *context,
	struct tr_err *err) TR_CHECKED;
/* Does the text hold a `;` outside of literals and comments? *end: the offset of the first. */
bool tr_statement_complete(const char *sql, size_t *end);
/* Does the text end inside a quote or a comment? */
bool tr_statement_is_open(const char *sql);

#endif
