#include "engine/embedded_state.h"

#include <stdlib.h>
#include <string.h>

#include "engine/embedded_types.h"

#define SQL_MAX ((size_t)64 << 20)

static bool many_statements(idx_t n, const char *sql, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER, "one SELECT is expected, but these are %llu statements",
		(unsigned long long)n);
	/* A PIVOT without its values is run as two: one of them finds the values out. */
	return tr_err_hint(err,
		strcasestr(sql, "pivot") ? "name the values of PIVOT: PIVOT t ON c IN ('a', 'b') ..."
					 : "combine them with WITH, or make a dataset of each");
}

static bool prepare_one(struct tr_engine *e, duckdb_connection con, const char *sql, const char *sql_file,
	duckdb_prepared_statement *out, struct tr_err *err)
{
	if (!tr_engine_check_word(sql, sql_file, err))
		return false;
	duckdb_extracted_statements statements;
	idx_t n = duckdb_extract_statements(con, sql, &statements);
	const char *message = duckdb_extract_statements_error(statements);
	bool ok = n == 1;
	if (message && message[0])
		ok = tr_engine_fail(e, message, sql, sql_file, false, err);
	else if (n != 1)
		ok = many_statements(n, sql, err);
	ok = ok && tr_engine_check_reads(e, con, sql, sql_file, err);
	if (ok && duckdb_prepare_extracted_statement(con, statements, 0, out) != DuckDBSuccess)
		ok = tr_engine_fail(e, duckdb_prepare_error(*out), sql, sql_file, false, err);
	duckdb_destroy_extracted(&statements);
	if (ok && duckdb_prepared_statement_type(*out) != DUCKDB_STATEMENT_TYPE_SELECT) {
		tr_err_set(err, TR_ERR_USER, "only a SELECT can be run here");
		ok = tr_err_hint(err, "a statement reads its tables and changes nothing");
	}
	return ok;
}

bool tr_engine_prepare_select(struct tr_engine *e, duckdb_connection con, const char *sql,
	const char *sql_file, const struct tr_engine_param *params, size_t n_params,
	duckdb_prepared_statement *out, struct tr_err *err)
{
	*out = NULL;
	bool ok = prepare_one(e, con, sql, sql_file, out, err) &&
		tr_engine_bind(e, con, *out, params, n_params, err);
	if (!ok)
		duckdb_destroy_prepare(out);
	return ok;
}

bool tr_engine_ask(struct tr_engine *e, const char *word, const char *sql, const char *sql_file,
	const struct tr_engine_param *params, size_t n_params, duckdb_result *out, struct tr_err *err)
{
	/* The statement begins on a line of its own, so that its places are off by one line only. */
	struct tr_str text;
	tr_str_init(&text, SQL_MAX);
	tr_str_addf(&text, "%s\n%s", word, sql);
	duckdb_prepared_statement prepared = NULL;
	bool ok = tr_str_ok(&text, err);
	if (ok && duckdb_prepare(e->plan_con, text.ptr, &prepared) != DuckDBSuccess)
		ok = tr_engine_fail(e, duckdb_prepare_error(prepared), text.ptr, sql_file, false, err);
	ok = ok && tr_engine_bind(e, e->plan_con, prepared, params, n_params, err);
	if (ok && duckdb_execute_prepared(prepared, out) != DuckDBSuccess) {
		ok = tr_engine_fail(e, duckdb_result_error(out), text.ptr, sql_file, false, err);
		duckdb_destroy_result(out);
	}
	if (!ok && err->place.line > 1)
		err->place.line--;
	duckdb_destroy_prepare(&prepared);
	tr_str_clear(&text);
	return ok;
}

/* ---- describing ---- */

void tr_engine_describe_clear(struct tr_engine_describe *d)
{
	for (size_t i = 0; i < d->n_scans; i++) {
		free(d->scans[i].input);
		free(d->scans[i].columns);
	}
	free(d->scans);
	free(d->engine_types);
	tr_schema_clear(&d->schema);
	*d = (struct tr_engine_describe){ 0 };
}

static bool check_name(const struct tr_schema *schema, const char *name, size_t i, struct tr_err *err)
{
	if (!name[0]) {
		tr_err_set(err, TR_ERR_USER, "column %zu of the result has no name", i + 1);
		return tr_err_hint(err, "give it one: ... AS name");
	}
	if (tr_schema_find(schema, name) >= 0) {
		tr_err_set(err, TR_ERR_USER, "the result has two columns called `%s`", name);
		return tr_err_hint(err,
			"give one of them another name: ... AS other_name; "
			"`SELECT *` over a join repeats the columns of both sides");
	}
	return true;
}

static bool add_column(struct tr_engine_describe *d, const char *name, duckdb_logical_type logical,
	struct tr_err *err)
{
	struct tr_type type;
	size_t i = d->schema.n;
	if (!check_name(&d->schema, name, i, err) || !tr_engine_type_read(logical, name, &type, err) ||
		!tr_schema_add(&d->schema, name, type, true, NULL, err))
		return false;
	tr_engine_type_name(logical, d->engine_types[i]);
	return true;
}

static bool make_room(struct tr_engine_describe *d, idx_t n, struct tr_err *err)
{
	d->engine_types = tr_calloc(n ? n : 1, sizeof *d->engine_types, err);
	return d->engine_types != NULL;
}

/* The columns of a prepared statement; `names` instead of its own where not NULL. */
static bool add_columns(struct tr_engine_describe *d, duckdb_prepared_statement prepared,
	const duckdb_string_t *names, struct tr_err *err)
{
	idx_t n = duckdb_prepared_statement_column_count(prepared);
	bool ok = make_room(d, n, err);
	for (idx_t i = 0; ok && i < n; i++) {
		duckdb_logical_type logical = duckdb_prepared_statement_column_logical_type(prepared, i);
		if (names) {
			duckdb_string_t s = names[i];
			char *name = tr_strndup(duckdb_string_t_data(&s), duckdb_string_t_length(s), err);
			ok = name && add_column(d, name, logical, err);
			free(name);
		} else {
			const char *name = duckdb_prepared_statement_column_name(prepared, i);
			ok = add_column(d, name, logical, err);
			duckdb_free((void *)(uintptr_t)name);
		}
		duckdb_destroy_logical_type(&logical);
	}
	return ok;
}

/* Types that hang on a parameter are not known to a prepared statement, only to DESCRIBE, as
 * text. A statement of NULLs of those types tells them properly. */
static bool describe_by_asking(struct tr_engine *e, const char *sql, const char *sql_file,
	const struct tr_engine_param *params, size_t n_params, struct tr_engine_describe *d,
	struct tr_err *err)
{
	duckdb_result result;
	if (!tr_engine_ask(e, "DESCRIBE", sql, sql_file, params, n_params, &result, err))
		return false;
	struct tr_str nulls;
	tr_str_init(&nulls, SQL_MAX);
	duckdb_prepared_statement prepared = NULL;
	duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
	duckdb_string_t *names = NULL;
	idx_t n = chunk ? duckdb_data_chunk_get_size(chunk) : 0;
	if (n) {
		names = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0));
		duckdb_string_t *types = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 1));
		for (idx_t i = 0; i < n; i++) {
			tr_str_add(&nulls, i ? ", CAST(NULL AS " : "SELECT CAST(NULL AS ");
			tr_str_addn(&nulls, duckdb_string_t_data(&types[i]),
				duckdb_string_t_length(types[i]));
			tr_str_addc(&nulls, ')');
		}
	}
	bool ok = n ? tr_str_ok(&nulls, err) : tr_err_set(err, TR_ERR_USER, "the statement has no result");
	if (ok && duckdb_prepare(e->plan_con, nulls.ptr, &prepared) != DuckDBSuccess)
		ok = tr_engine_fail(e, duckdb_prepare_error(prepared), NULL, NULL, false, err);
	ok = ok && add_columns(d, prepared, names, err);
	duckdb_destroy_prepare(&prepared);
	duckdb_destroy_data_chunk(&chunk);
	duckdb_destroy_result(&result);
	tr_str_clear(&nulls);
	return ok;
}

static bool types_are_known(duckdb_prepared_statement prepared)
{
	idx_t n = duckdb_prepared_statement_column_count(prepared);
	bool known = n > 0;
	for (idx_t i = 0; known && i < n; i++)
		known = duckdb_prepared_statement_column_type(prepared, i) != DUCKDB_TYPE_INVALID;
	return known;
}

bool tr_engine_prepare(struct tr_engine *e, const char *sql, const char *sql_file,
	const struct tr_engine_param *params, size_t n_params, struct tr_engine_describe *out,
	struct tr_err *err)
{
	*out = (struct tr_engine_describe){ 0 };
	duckdb_prepared_statement prepared;
	if (!tr_engine_prepare_select(e, e->plan_con, sql, sql_file, params, n_params, &prepared, err))
		goto fail;
	bool ok = types_are_known(prepared)
		? add_columns(out, prepared, NULL, err)
		: describe_by_asking(e, sql, sql_file, params, n_params, out, err);
	duckdb_destroy_prepare(&prepared);
	if (ok && tr_engine_find_scans(e, sql, sql_file, params, n_params, out, err))
		return true;
fail:
	tr_engine_describe_clear(out);
	if (sql_file && !err->place.file[0])
		tr_err_at_file(err, sql_file, 1, 1, NULL);
	return false;
}
