/*
 * What Trino's answers mean (client protocol: QueryResults): pure functions of one answer's
 * bytes, which are hostile until they are read.
 */
#ifndef TR_ENGINE_TRINO_ANSWER_H
#define TR_ENGINE_TRINO_ANSWER_H

#include "base/url.h"
#include "engine/remote.h"
#include "engine/remote_value.h"

struct tr_trino_answer {
	json_t *root;
	const char *id, *state; /* borrowed from root; "" where not there */
	const char *next_uri;   /* borrowed; NULL: this was the last answer */
	json_t *columns, *data; /* borrowed; NULL: not in this answer */
	json_t *error;          /* borrowed; NULL: none */
};
/* Zeroed before; cleared by the caller, also after a failure. */
bool tr_trino_answer_parse(const void *body, size_t n, struct tr_trino_answer *out,
	struct tr_err *err) TR_CHECKED;
void tr_trino_answer_clear(struct tr_trino_answer *a);
void tr_trino_figures(const struct tr_trino_answer *a, struct tr_remote_statistics *out);

/* The columns; `out` is initialised and empty. */
bool tr_trino_columns(json_t *columns, struct tr_remote_result *out, struct tr_err *err) TR_CHECKED;
/* Append the rows of `data`; *rows counts them. */
bool tr_trino_rows(json_t *data, struct tr_remote_result *result, int64_t *rows,
	struct tr_err *err) TR_CHECKED;
/* The statement failed: the error, placed in `sql`. Returns false. */
bool tr_trino_failed(json_t *error, const char *sql, struct tr_err *err);
/* Where to go on must be the server that was asked: the request has the secrets with it. */
bool tr_trino_check_next(const char *next_uri, const struct tr_url *server, struct tr_err *err) TR_CHECKED;

#endif
