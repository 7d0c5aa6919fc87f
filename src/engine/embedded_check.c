#include "engine/embedded_state.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The first word behind blanks and comments; its length in *len. */
static const char *first_word(const char *sql, size_t *len)
{
	const char *p = sql;
	for (;;) {
		p += strspn(p, " \t\r\n\f\v(;");
		if (p[0] == '-' && p[1] == '-') {
			p += strcspn(p, "\n");
		} else if (p[0] == '/' && p[1] == '*') {
			const char *end = strstr(p + 2, "*/");
			p = end ? end + 2 : p + strlen(p);
		} else {
			break;
		}
	}
	*len = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");
	return p;
}

bool tr_engine_check_word(const char *sql, const char *sql_file, struct tr_err *err)
{
	static const char *const queries[] = { "SELECT", "WITH", "FROM", "VALUES", "TABLE", "PIVOT",
		"UNPIVOT", "DESCRIBE", "DESC", "SHOW", "SUMMARIZE", NULL };
	static const char *const others[] = { "ALTER", "ANALYZE", "ATTACH", "BEGIN", "CALL", "CHECKPOINT",
		"COMMENT", "COMMIT", "COPY", "CREATE", "DEALLOCATE", "DELETE", "DETACH", "DROP", "EXECUTE",
		"EXPLAIN", "EXPORT", "FORCE", "IMPORT", "INSERT", "INSTALL", "LOAD", "MERGE", "PRAGMA",
		"PREPARE", "RESET", "ROLLBACK", "SET", "START", "TRUNCATE", "UPDATE", "USE", "VACUUM", NULL };
	size_t len;
	const char *word = first_word(sql, &len);
	for (size_t i = 0; queries[i]; i++)
		if (strlen(queries[i]) == len && strncasecmp(word, queries[i], len) == 0)
			return true;
	bool other = false;
	for (size_t i = 0; others[i]; i++)
		other |= strlen(others[i]) == len && strncasecmp(word, others[i], len) == 0;
	if (!*word) {
		tr_err_set(err, TR_ERR_USER, "there is no statement");
		return tr_err_hint(err, "write one SELECT");
	}
	if (other)
		tr_err_set(err, TR_ERR_USER, "only a SELECT can be run, and this is %.*s", (int)len, word);
	else
		tr_err_set(err, TR_ERR_USER, "a SELECT is expected here");
	tr_err_hint(err, "a statement reads its tables and changes nothing");
	tr_engine_place(sql, sql_file, (size_t)(word - sql), err);
	return false;
}

/* ---- what it reads from ---- */

#define DEPTH_MAX 2000

struct check {
	const struct tr_engine *engine;
	const char *sql, *sql_file;
};

/* Table functions that make rows of their arguments. All others reach for files, settings or
 * the engine itself (enable_profiling() prints), or run text as SQL. */
static const char *const pure_functions[] = { "range", "generate_series", "unnest", "repeat", "repeat_row",
	"json_each", "json_tree", NULL };

static void place_node(const struct check *c, json_t *node, struct tr_err *err)
{
	json_t *location = json_object_get(node, "query_location");
	double offset = json_is_real(location) ? json_real_value(location) : -1;
	if (offset >= 0 && offset <= (double)strlen(c->sql))
		tr_engine_place(c->sql, c->sql_file, (size_t)offset, err);
}

static bool check_function(const struct check *c, json_t *node, struct tr_err *err)
{
	const char *name =
		json_string_value(json_object_get(json_object_get(node, "function"), "function_name"));
	for (size_t i = 0; name && pure_functions[i]; i++)
		if (strcasecmp(name, pure_functions[i]) == 0)
			return true;
	tr_err_set(err, TR_ERR_USER, "a statement can't read from `%s(...)`", name ? name : "");
	tr_err_hint(err,
		"a statement reads its tables by their names only: no files, no network, no settings; "
		"functions in FROM are range, generate_series, unnest, repeat, json_each and json_tree");
	place_node(c, node, err);
	return false;
}

/* A table that does not exist is taken for a file where its name looks like one. */
static bool check_table(const struct check *c, json_t *node, struct tr_err *err)
{
	const char *name = json_string_value(json_object_get(node, "table_name"));
	if (!name || !strpbrk(name, "./\\:"))
		return true;
	const struct tr_engine *e = c->engine;
	for (size_t i = 0; i < e->n_sources; i++)
		if (strcasecmp(e->sources[i]->name, name) == 0)
			return true;
	for (size_t i = 0; i < e->n_published; i++)
		if (strcasecmp(tr_engine_published_name(e->published[i]), name) == 0)
			return true;
	tr_err_set(err, TR_ERR_USER, "a statement can't read from the file `%s`", name);
	tr_err_hint(err,
		"a statement reads its tables by their names only: no files, no network, no settings");
	place_node(c, node, err);
	return false;
}

/* What the engine is told to work with, the keys of S3 among it, is not for statements. */
static bool check_call(const struct check *c, json_t *node, struct tr_err *err)
{
	const char *name = json_string_value(json_object_get(node, "function_name"));
	if (!name || strcasecmp(name, "current_setting") != 0)
		return true;
	tr_err_set(err, TR_ERR_USER, "a statement can't call `current_setting(...)`");
	tr_err_hint(err, "settings are not for statements; pass what it needs by `params`");
	place_node(c, node, err);
	return false;
}

/* SHOW TABLES and the like, where tables become known only as statements name them: the list would be
 * empty, whatever is published. */
static bool check_show(const struct check *c, json_t *node, struct tr_err *err)
{
	bool describes = json_is_object(json_object_get(node, "query"));
	if (describes || c->engine->n_sources + c->engine->n_published > 0)
		return true;
	tr_err_set(err, TR_ERR_USER, "a statement can't list tables");
	tr_err_hint(err,
		"`tailrace datasets` lists what is published, `\\d` does in the prompt; DESCRIBE and a name "
		"show the columns");
	tr_engine_place(c->sql, c->sql_file, 0, err);
	return false;
}

static bool check_node(const struct check *c, json_t *node, int depth, struct tr_err *err)
{
	if (depth > DEPTH_MAX)
		return tr_err_set(err, TR_ERR_USER, "the statement is nested too deeply");
	size_t i;
	json_t *child;
	json_array_foreach(node, i, child) if (!check_node(c, child, depth + 1, err)) return false;
	const char *type = json_string_value(json_object_get(node, "type"));
	if (!check_call(c, node, err))
		return false;
	if (type && strcmp(type, "SHOW_REF") == 0 && !check_show(c, node, err))
		return false;
	if (type && strcmp(type, "TABLE_FUNCTION") == 0 && !check_function(c, node, err))
		return false;
	if (type && strcmp(type, "BASE_TABLE") == 0 && !check_table(c, node, err))
		return false;
	const char *key;
	json_object_foreach(node, key, child) if (!check_node(c, child, depth + 1, err)) return false;
	return true;
}

/* A number beyond double (1e400) is the engine's infinity, and its JSON has `Infinity` there, which
 * is none. No number of the tree but a place counts here: 0 is put over it, in place. */
static void drop_infinities(char *text)
{
	static const char WORD[] = "Infinity";
	bool quoted = false;
	for (char *p = text; *p; p++) {
		if (quoted && *p == '\\' && p[1]) {
			p++;
		} else if (*p == '"') {
			quoted = !quoted;
		} else if (!quoted && strncmp(p, WORD, sizeof WORD - 1) == 0) {
			memset(p, ' ', sizeof WORD - 1);
			*p = '0';
		}
	}
}

static json_t *load_tree(duckdb_string_t *from, struct tr_err *err)
{
	/* An unknown location is 2^64 - 1, more than jansson's integers hold. */
	const size_t flags = JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL;
	size_t n = duckdb_string_t_length(*from);
	char *text = tr_strndup(duckdb_string_t_data(from), n, err);
	if (!text)
		return NULL;
	drop_infinities(text);
	json_t *root = json_loadb(text, n, flags, NULL);
	free(text);
	return root;
}

static json_t *read_tree(duckdb_result *result, struct tr_err *err)
{
	json_t *root = NULL;
	duckdb_data_chunk chunk = duckdb_fetch_chunk(*result);
	if (chunk) {
		root = load_tree(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0)), err);
	}
	duckdb_destroy_data_chunk(&chunk);
	if (!root) {
		tr_err_set(err, TR_ERR_INTERNAL, "the statement's tree could not be read");
	} else if (json_is_true(json_object_get(root, "error"))) {
		json_decref(root);
		root = NULL;
		tr_err_set(err, TR_ERR_USER, "only a SELECT can be run here");
		tr_err_hint(err, "a statement reads its tables and changes nothing");
	}
	return root;
}

/* The statement's tree as JSON: parsed, and nothing more. */
static json_t *parse(struct tr_engine *e, duckdb_connection con, const char *sql, struct tr_err *err)
{
	duckdb_prepared_statement prepared = NULL;
	duckdb_result result = { 0 };
	json_t *root = NULL;
	if (duckdb_prepare(con, "SELECT json_serialize_sql($1::VARCHAR)", &prepared) != DuckDBSuccess) {
		tr_engine_fail(e, duckdb_prepare_error(prepared), NULL, NULL, true, err);
	} else if (duckdb_bind_varchar(prepared, 1, sql) != DuckDBSuccess ||
		duckdb_execute_prepared(prepared, &result) != DuckDBSuccess) {
		tr_engine_fail(e, duckdb_result_error(&result), NULL, NULL, true, err);
	} else {
		root = read_tree(&result, err);
	}
	duckdb_destroy_result(&result);
	duckdb_destroy_prepare(&prepared);
	return root;
}

bool tr_engine_check_reads(struct tr_engine *e, duckdb_connection con, const char *sql, const char *sql_file,
	struct tr_err *err)
{
	const struct check check = { e, sql, sql_file };
	json_t *root = parse(e, con, sql, err);
	bool ok = root && check_node(&check, root, 0, err);
	json_decref(root);
	return ok;
}
