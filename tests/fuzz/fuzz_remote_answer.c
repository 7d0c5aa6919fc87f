/*
 * Answers of Athena and of Trino: whatever the bytes, reading them ends with rows or with an
 * error that has a hint.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/athena_answer.h"
#include "engine/trino_answer.h"

static const char SQL[] = "SELECT a,\n  'äö', b FROM t";

static void check(bool ok, const struct tr_err *err)
{
	if (!ok && (err->kind == TR_ERR_NONE || !err->what[0] || !err->hint[0]))
		abort();
}

static void take(struct tr_remote_result *result, int64_t rows)
{
	struct tr_err err = { 0 };
	struct ArrowArray batch;
	if (tr_remote_result_take(result, rows, &batch, &err) && batch.release)
		batch.release(&batch);
}

static void read_athena(const uint8_t *data, size_t size)
{
	json_t *answer = json_loadb((const char *)data, size, JSON_ALLOW_NUL, NULL);
	struct tr_remote_statistics statistics = { 0 };
	struct tr_remote_result result;
	struct tr_err err = { 0 };
	enum tr_athena_state state;
	const char *word;
	int64_t rows;
	if (!answer)
		return;
	tr_remote_result_init(&result);
	bool ok = tr_athena_columns(answer, &result, &err) &&
		tr_athena_rows(answer, true, &result, &rows, &err);
	check(ok, &err);
	if (ok)
		take(&result, rows);
	tr_remote_result_clear(&result);
	tr_err_clear(&err);
	check(tr_athena_execution(answer, &state, &word, &statistics, &err), &err);
	tr_err_clear(&err);
	check(tr_athena_failed(answer, SQL, &err), &err);
	tr_athena_next_token(answer);
	json_decref(answer);
}

static void read_trino(const uint8_t *data, size_t size)
{
	struct tr_trino_answer answer = { 0 };
	struct tr_remote_statistics statistics = { 0 };
	struct tr_remote_result result;
	struct tr_err err = { 0 };
	struct tr_url server;
	int64_t rows;
	tr_remote_result_init(&result);
	bool ok = tr_trino_answer_parse(data, size, &answer, &err);
	if (ok) {
		tr_trino_figures(&answer, &statistics);
		ok = tr_trino_columns(answer.columns, &result, &err) &&
			tr_trino_rows(answer.data, &result, &rows, &err);
		if (ok)
			take(&result, rows);
	}
	check(ok, &err);
	tr_err_clear(&err);
	if (answer.error)
		check(tr_trino_failed(answer.error, SQL, &err), &err);
	tr_err_clear(&err);
	if (answer.next_uri && tr_url_parse("https://trino:8443", &server))
		check(tr_trino_check_next(answer.next_uri, &server, &err), &err);
	tr_remote_result_clear(&result);
	tr_trino_answer_clear(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_athena(data, size);
	read_trino(data, size);
	return 0;
}
