/*
 * What Athena's answers mean (API reference: GetQueryResults, GetQueryExecution): pure
 * functions of the parsed JSON, which is hostile until it is read.
 */
#ifndef TR_ENGINE_ATHENA_ANSWER_H
#define TR_ENGINE_ATHENA_ANSWER_H

#include "engine/remote.h"
#include "engine/remote_value.h"

/* The columns of a GetQueryResults answer; `out` is initialised and empty. */
bool tr_athena_columns(json_t *answer, struct tr_remote_result *out, struct tr_err *err) TR_CHECKED;
/*
 * Append the rows of a page; *rows counts them. `header`: it is the first page of a query,
 * whose first row repeats the columns' names. A value that is not there is null.
 */
bool tr_athena_rows(json_t *answer, bool header, struct tr_remote_result *result, int64_t *rows,
	struct tr_err *err) TR_CHECKED;
/* Borrowed from the answer; NULL: that was the last page. */
const char *tr_athena_next_token(json_t *answer);

enum tr_athena_state { TR_ATHENA_RUNNING, TR_ATHENA_SUCCEEDED, TR_ATHENA_FAILED, TR_ATHENA_CANCELLED };
/* Read a GetQueryExecution answer: its state, and the figures into *statistics. */
bool tr_athena_execution(json_t *answer, enum tr_athena_state *state, const char **word,
	struct tr_remote_statistics *statistics, struct tr_err *err) TR_CHECKED;
/* The statement failed, or somebody stopped it: the error, placed in `sql`. Returns false. */
bool tr_athena_failed(json_t *answer, const char *sql, struct tr_err *err);
/* Athena would not start it: what an InvalidRequestException's message means. Returns false. */
bool tr_athena_refused(const char *message, const char *sql, const char *workgroup, struct tr_err *err);

#endif
