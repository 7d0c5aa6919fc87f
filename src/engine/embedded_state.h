/*
 * What the parts of the embedded engine share: its private state. DuckDB's own header is
 * included by embedded_*.c only.
 */
#ifndef TR_ENGINE_EMBEDDED_STATE_H
#define TR_ENGINE_EMBEDDED_STATE_H

#include <duckdb.h>
#include <pthread.h>
#include <stdatomic.h>

#include "engine/embedded.h"

struct tr_engine_source;    /* a registered input: embedded_input.c */
struct tr_engine_published; /* a view over published files: embedded_files.c */
struct tr_engine_s3;        /* the access to files in S3: embedded_s3.c */

struct tr_engine {
	duckdb_database db;
	/* Two connections over one database: a statement on one ends a live stream of the
	 * same connection, so that describing needs its own. Scans on it refuse to read. */
	duckdb_connection run_con, plan_con;
	idx_t plan_id;       /* plan_con's connection id, as a table function's bind sees it */
	atomic_bool running; /* a stream of tr_engine_run is alive */
	struct tr_engine_source **sources;
	size_t n_sources, cap_sources;
	struct tr_engine_published **published;
	size_t n_published, cap_published;
	pthread_mutex_t lock;     /* guards source_err: scans run on engine threads */
	struct tr_err source_err; /* the first error of an input's stream in this execution */
	struct tr_engine_s3 *s3;  /* NULL: local files only */
};

/* ---- embedded.c ---- */

/* Run a statement that returns nothing of interest, on run_con. */
bool tr_engine_execute(struct tr_engine *e, const char *sql, struct tr_err *err) TR_CHECKED;
/* The name is free among inputs and published views (names differ by more than case). */
bool tr_engine_name_is_free(const struct tr_engine *e, const char *name, struct tr_err *err) TR_CHECKED;

/* ---- embedded_s3.c ---- */

/* Before the sandbox closes: load httpfs and give it endpoint and keys. */
bool tr_engine_s3_open(struct tr_engine *e, const struct tr_engine_options *options,
	struct tr_err *err) TR_CHECKED;
void tr_engine_s3_close(struct tr_engine_s3 *s3);
/* Settings that stay open behind the lock: the keys'. */
extern const char tr_engine_s3_settings[];
/* What a failed read of S3 means, from DuckDB's message. */
bool tr_engine_s3_fail(const char *message, struct tr_err *err);

/* ---- embedded_input.c ---- */

struct tr_engine_source {
	struct tr_engine *engine;
	char *name;
	struct tr_schema schema;
	int64_t rows;
	bool (*open)(void *context, const int *columns, size_t n, struct ArrowArrayStream *out,
		struct tr_err *err);
	void *context;
	bool loaded;
};
void tr_engine_source_free(struct tr_engine_source *s);
/* The table function's name is this prefix and the source's index. Its column 0 stands for
 * the bare row (what the optimizer asks for when it wants no column), column i + 1 is the
 * schema's column i; they are called c0, c1 ..., and the view gives them their names. */
#define TR_ENGINE_SCAN_PREFIX "tr_input_"

/* ---- embedded_files.c ---- */

void tr_engine_published_free(struct tr_engine_published *p);
const char *tr_engine_published_name(const struct tr_engine_published *p);
const struct tr_schema *tr_engine_published_columns(const struct tr_engine_published *p);

/* ---- embedded_check.c ---- */

/* Refuse by its first word what is no query, before DuckDB looks at it: its EXPORT makes a
 * folder while it is merely prepared. What passes is checked once more by its type. */
bool tr_engine_check_word(const char *sql, const char *sql_file, struct tr_err *err) TR_CHECKED;
/* Refuse table functions and file names in FROM, by the parsed statement. */
bool tr_engine_check_reads(struct tr_engine *e, duckdb_connection con, const char *sql, const char *sql_file,
	struct tr_err *err) TR_CHECKED;

/* ---- embedded_prepare.c ---- */

/* Prepare `sql`, check that it is one SELECT, and bind its parameters. The caller destroys
 * *out, which is NULL on failure. */
bool tr_engine_prepare_select(struct tr_engine *e, duckdb_connection con, const char *sql,
	const char *sql_file, const struct tr_engine_param *params, size_t n_params,
	duckdb_prepared_statement *out, struct tr_err *err) TR_CHECKED;
/* Run `word` (EXPLAIN ..., DESCRIBE) over a statement that tr_engine_prepare_select let
 * pass. The caller destroys *out where it succeeds. */
bool tr_engine_ask(struct tr_engine *e, const char *word, const char *sql, const char *sql_file,
	const struct tr_engine_param *params, size_t n_params, duckdb_result *out,
	struct tr_err *err) TR_CHECKED;

/* ---- embedded_params.c ---- */

bool tr_engine_bind(struct tr_engine *e, duckdb_connection con, duckdb_prepared_statement prepared,
	const struct tr_engine_param *params, size_t n_params, struct tr_err *err) TR_CHECKED;

/* ---- embedded_scans.c ---- */

/* Ask the optimizer which inputs the statement scans, with which columns. */
bool tr_engine_find_scans(struct tr_engine *e, const char *sql, const char *sql_file,
	const struct tr_engine_param *params, size_t n_params, struct tr_engine_describe *out,
	struct tr_err *err) TR_CHECKED;

/* ---- embedded_error.c ---- */

/* Turn DuckDB's message (JSON, by errors_as_json) into *err: kind, place in `sql`, hint.
 * `running`: the statement was valid and failed over the data. Returns false. */
bool tr_engine_fail(const struct tr_engine *e, const char *message, const char *sql, const char *sql_file,
	bool running, struct tr_err *err);
/* The place of byte `offset` of a text: line, column and the line itself. */
void tr_engine_place(const char *sql, const char *sql_file, size_t offset, struct tr_err *err);

#endif
