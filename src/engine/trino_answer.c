#include "engine/trino_answer.h"

#include <string.h>

static bool malformed(struct tr_err *err, const char *what)
{
	tr_err_set(err, TR_ERR_INTERNAL, "the answer is not Trino's: %s", what);
	return tr_err_hint(err, "check that trino.url is the address of a Trino server");
}

static const char *text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

static int64_t count_of(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);
	return json_is_integer(value) && json_integer_value(value) > 0 ? (int64_t)json_integer_value(value)
								       : 0;
}

/* ---- an answer ---- */

bool tr_trino_answer_parse(const void *body, size_t n, struct tr_trino_answer *out, struct tr_err *err)
{
	json_error_t error;
	out->root = n ? json_loadb(body, n, JSON_ALLOW_NUL, &error) : NULL;
	if (!json_is_object(out->root))
		return malformed(err, "it is no JSON object");
	out->id = text_of(out->root, "id");
	out->state = text_of(json_object_get(out->root, "stats"), "state");
	if (!*out->id)
		return malformed(err, "it has no id of a statement");
	out->next_uri = json_string_value(json_object_get(out->root, "nextUri"));
	json_t *columns = json_object_get(out->root, "columns"), *data = json_object_get(out->root, "data"),
	       *failure = json_object_get(out->root, "error");
	out->columns = json_is_null(columns) ? NULL : columns;
	out->data = json_is_null(data) ? NULL : data;
	out->error = json_is_null(failure) ? NULL : failure;
	if (out->columns && !json_is_array(out->columns))
		return malformed(err, "its columns are no list");
	if (out->data && !json_is_array(out->data))
		return malformed(err, "its data are no list of rows");
	return true;
}

void tr_trino_answer_clear(struct tr_trino_answer *a)
{
	json_decref(a->root);
	*a = (struct tr_trino_answer){ 0 };
}

void tr_trino_figures(const struct tr_trino_answer *a, struct tr_remote_statistics *out)
{
	json_t *stats = json_object_get(a->root, "stats");
	int64_t physical = count_of(stats, "physicalInputBytes");
	tr_copy_text(out->id, sizeof out->id, a->id);
	out->processed_rows = (uint64_t)count_of(stats, "processedRows");
	out->scanned_bytes = (uint64_t)(physical ? physical : count_of(stats, "processedBytes"));
	out->queued_ms = count_of(stats, "queuedTimeMillis");
	out->elapsed_ms = count_of(stats, "elapsedTimeMillis");
}

/* ---- rows ---- */

bool tr_trino_columns(json_t *columns, struct tr_remote_result *out, struct tr_err *err)
{
	json_t *column;
	size_t i;
	json_array_foreach(columns, i, column)
	{
		const char *name = json_string_value(json_object_get(column, "name"));
		const char *type = json_string_value(json_object_get(column, "type"));
		struct tr_type mapped;
		if (!name || !type)
			return malformed(err, "a column without a name or a type");
		if (!tr_remote_type_parse(type, true, &mapped, err) ||
			!tr_schema_add(&out->schema, name, mapped, true, NULL, err))
			return false;
	}
	return tr_remote_result_bind(out, TR_REMOTE_BASE64, err);
}

bool tr_trino_rows(json_t *data, struct tr_remote_result *result, int64_t *rows, struct tr_err *err)
{
	json_t *row, *value;
	size_t i, k;
	*rows = 0;
	json_array_foreach(data, i, row)
	{
		if (!json_is_array(row) || json_array_size(row) != result->schema.n)
			return malformed(err, "a row that does not fit the columns");
		json_array_foreach(row, k, value)
		{
			const struct tr_remote_value *v = &result->values[k];
			if (!v->json(v, value, &result->columns[k], err))
				return false;
		}
		++*rows;
	}
	return true;
}

/* ---- failures ---- */

/* What an error's name says of whose fault it is; the type says it coarsely. */
static enum tr_err_kind kind_of(const char *type, const char *name)
{
	static const char *const later[] = { "QUERY_QUEUE_FULL", "CLUSTER_OUT_OF_MEMORY",
		"SERVER_STARTING_UP", "SERVER_SHUTTING_DOWN", "NO_NODES_AVAILABLE", "REMOTE_TASK_ERROR",
		"REMOTE_TASK_MISMATCH", "REMOTE_HOST_GONE", "PAGE_TRANSPORT_ERROR", "PAGE_TRANSPORT_TIMEOUT",
		"TOO_MANY_REQUESTS_FAILED", NULL };
	for (size_t i = 0; later[i]; i++)
		if (strcmp(name, later[i]) == 0)
			return TR_ERR_TRANSIENT;
	if (strcmp(type, "EXTERNAL") == 0)
		return TR_ERR_TRANSIENT;
	return strcmp(type, "INTERNAL_ERROR") == 0 ? TR_ERR_INTERNAL : TR_ERR_USER;
}

static void hint_of(const char *type, const char *name, struct tr_err *err)
{
	if (strcmp(name, "TABLE_NOT_FOUND") == 0 || strcmp(name, "SCHEMA_NOT_FOUND") == 0 ||
		strcmp(name, "CATALOG_NOT_FOUND") == 0 || strncmp(name, "MISSING_", 8) == 0)
		tr_err_hint(err,
			"SHOW CATALOGS, SHOW SCHEMAS and SHOW TABLES list what Trino knows; trino.catalog and "
			"trino.schema say where unqualified names are looked for");
	else if (strcmp(name, "COLUMN_NOT_FOUND") == 0)
		tr_err_hint(err, "DESCRIBE the table to see its columns");
	else if (strcmp(name, "PERMISSION_DENIED") == 0)
		tr_err_hint(err, "ask for the right in Trino, or set trino.user to another");
	else if (strstr(name, "CANCELED") || strcmp(name, "ADMINISTRATIVELY_KILLED") == 0 ||
		strcmp(name, "ADMINISTRATIVELY_PREEMPTED") == 0)
		tr_err_hint(err, "somebody stopped it at the server: run it again");
	else if (strcmp(name, "EXCEEDED_TIME_LIMIT") == 0)
		tr_err_hint(err, "read less at once, or raise query_max_run_time in trino.session");
	else if (strcmp(type, "INSUFFICIENT_RESOURCES") == 0)
		tr_err_hint(err, "read fewer columns, group or sort less at once, or give Trino more memory");
	else if (strcmp(type, "USER_ERROR") == 0)
		tr_err_hint(err,
			"Trino's SQL is not Postgres's in all: its documentation says how it is written");
	else
		tr_err_hint(err, "the fault is Trino's or of what it reads: see its log for this statement");
}

bool tr_trino_failed(json_t *error, const char *sql, struct tr_err *err)
{
	const char *message = text_of(error, "message"), *name = text_of(error, "errorName");
	const char *type = text_of(error, "errorType"), *rest;
	json_t *location = json_object_get(error, "errorLocation");
	int64_t line = count_of(location, "lineNumber"), column = count_of(location, "columnNumber"), l, c;
	bool placed = tr_remote_position(message, &l, &c, &rest);
	if (!*rest)
		rest = *name ? name : "Trino gave no reason";
	tr_err_set(err, kind_of(type, name), "%.*s", (int)strcspn(rest, "\r\n"), rest);
	if (rest[strcspn(rest, "\r\n")] || strlen(rest) >= sizeof err->what)
		tr_err_detail(err, "%s", rest);
	err->retry = err->kind == TR_ERR_TRANSIENT;
	hint_of(type, name, err);
	if (line > 0)
		tr_remote_place(sql, line, column, err);
	else if (placed)
		tr_remote_place(sql, l, c, err);
	return false;
}

bool tr_trino_check_next(const char *next_uri, const struct tr_url *server, struct tr_err *err)
{
	struct tr_url url;
	if (tr_url_parse(next_uri, &url) && tr_url_same_origin(&url, server))
		return true;
	tr_err_set(err, TR_ERR_INTERNAL, "Trino sends us on to another server than %s%s:%u",
		server->tls ? "https://" : "http://", server->host, server->port);
	tr_err_detail(err, "its nextUri is %.300s", next_uri);
	return tr_err_hint(err,
		"nothing is sent there; behind a proxy, Trino needs http-server.process-forwarded=true to know "
		"its own address");
}
