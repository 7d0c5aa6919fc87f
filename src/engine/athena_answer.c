#include "engine/athena_answer.h"

#include <string.h>

static bool malformed(struct tr_err *err, const char *what)
{
	tr_err_set(err, TR_ERR_INTERNAL, "Athena's answer is not what its API says: %s", what);
	return tr_err_hint(err, "check that athena's endpoint is Athena's");
}

static const char *text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

static int64_t count_of(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);
	return json_is_integer(value) ? (int64_t)json_integer_value(value) : 0;
}

/* ---- rows ---- */

static bool add_column(json_t *info, struct tr_remote_result *out, struct tr_err *err)
{
	const char *name = json_string_value(json_object_get(info, "Name"));
	const char *type = json_string_value(json_object_get(info, "Type"));
	json_t *precision = json_object_get(info, "Precision"), *scale = json_object_get(info, "Scale");
	struct tr_type mapped;
	if (!name || !type)
		return malformed(err, "a column without a name or a type");
	/* Texts and whole numbers have a precision, too, which says nothing. */
	bool moment = strncmp(type, "timestamp", 9) == 0;
	int64_t digits = json_is_integer(precision) ? (int64_t)json_integer_value(precision) : -1;
	if (!tr_remote_type(type, moment && digits == 0 ? -1 : digits,
		    json_is_integer(scale) ? (int64_t)json_integer_value(scale) : -1, false, &mapped, err))
		return false;
	return tr_schema_add(&out->schema, name, mapped, true, NULL, err);
}

bool tr_athena_columns(json_t *answer, struct tr_remote_result *out, struct tr_err *err)
{
	json_t *set = json_object_get(answer, "ResultSet"), *info;
	json_t *infos = json_object_get(json_object_get(set, "ResultSetMetadata"), "ColumnInfo");
	size_t i;
	json_array_foreach(infos, i, info) if (!add_column(info, out, err)) return false;
	return tr_remote_result_bind(out, TR_REMOTE_HEX, err);
}

static bool is_header(json_t *data, const struct tr_schema *schema)
{
	if (json_array_size(data) != schema->n)
		return false;
	for (size_t i = 0; i < schema->n; i++) {
		const char *text =
			json_string_value(json_object_get(json_array_get(data, i), "VarCharValue"));
		if (!text || strcasecmp(text, schema->fields[i].name) != 0)
			return false;
	}
	return true;
}

static bool add_row(json_t *data, struct tr_remote_result *result, struct tr_err *err)
{
	if (!json_is_array(data) || json_array_size(data) > result->schema.n)
		return malformed(err, "a row that does not fit the columns");
	for (size_t i = 0; i < result->schema.n; i++) {
		/* A statement of the catalog (SHOW, DESCRIBE) may have fewer values than columns. */
		json_t *value = json_object_get(json_array_get(data, i), "VarCharValue");
		const struct tr_remote_value *v = &result->values[i];
		bool ok = !value || json_is_null(value) ? tr_column_add_null(&result->columns[i], err)
			: json_is_string(value)         ? v->text(v, json_string_value(value),
								  json_string_length(value), &result->columns[i], err)
							: malformed(err, "a value that is no text");
		if (!ok)
			return false;
	}
	return true;
}

bool tr_athena_rows(json_t *answer, bool header, struct tr_remote_result *result, int64_t *rows,
	struct tr_err *err)
{
	json_t *list = json_object_get(json_object_get(answer, "ResultSet"), "Rows"), *row;
	size_t i;
	*rows = 0;
	if (list && !json_is_array(list))
		return malformed(err, "rows that are no list");
	json_array_foreach(list, i, row)
	{
		json_t *data = json_object_get(row, "Data");
		if (i == 0 && header && is_header(data, &result->schema))
			continue;
		if (!add_row(data, result, err))
			return false;
		++*rows;
	}
	return true;
}

const char *tr_athena_next_token(json_t *answer)
{
	const char *token = text_of(answer, "NextToken");
	return *token ? token : NULL;
}

/* ---- execution ---- */

bool tr_athena_execution(json_t *answer, enum tr_athena_state *state, const char **word,
	struct tr_remote_statistics *statistics, struct tr_err *err)
{
	json_t *execution = json_object_get(answer, "QueryExecution");
	json_t *figures = json_object_get(execution, "Statistics");
	json_t *reuse = json_object_get(figures, "ResultReuseInformation");
	*word = text_of(json_object_get(execution, "Status"), "State");
	if (strcmp(*word, "QUEUED") == 0 || strcmp(*word, "RUNNING") == 0)
		*state = TR_ATHENA_RUNNING;
	else if (strcmp(*word, "SUCCEEDED") == 0)
		*state = TR_ATHENA_SUCCEEDED;
	else if (strcmp(*word, "FAILED") == 0)
		*state = TR_ATHENA_FAILED;
	else if (strcmp(*word, "CANCELLED") == 0)
		*state = TR_ATHENA_CANCELLED;
	else
		return malformed(err, "an unknown state of a statement");
	int64_t scanned = count_of(figures, "DataScannedInBytes");
	statistics->scanned_bytes = scanned > 0 ? (uint64_t)scanned : 0;
	statistics->queued_ms = count_of(figures, "QueryQueueTimeInMillis");
	statistics->elapsed_ms = count_of(figures, "TotalExecutionTimeInMillis");
	if (!statistics->elapsed_ms)
		statistics->elapsed_ms = count_of(figures, "EngineExecutionTimeInMillis");
	statistics->reused = json_is_true(json_object_get(reuse, "ReusedPreviousResult"));
	return true;
}

/* Set the message without its position, which becomes the place; `CODE: ` before it is the
 * detail. */
static void set_message(struct tr_err *err, enum tr_err_kind kind, const char *message, const char *sql)
{
	int64_t line, column;
	const char *rest;
	bool placed = tr_remote_position(message, &line, &column, &rest);
	if (!*rest)
		rest = "Athena gave no reason";
	tr_err_set(err, kind, "%.*s", (int)strcspn(rest, "\r\n"), rest);
	if (rest[strcspn(rest, "\r\n")] || strlen(rest) >= sizeof err->what)
		tr_err_detail(err, "%s", message);
	if (placed)
		tr_remote_place(sql, line, column, err);
}

static void hint_of_failure(const char *message, int64_t category, struct tr_err *err)
{
	if (strstr(message, "TABLE_NOT_FOUND") || strstr(message, "SCHEMA_NOT_FOUND"))
		tr_err_hint(err,
			"`tailrace datasets` lists what is published; Athena sees it through Glue: "
			"lake.catalog must be glue, and athena.catalog and lake.database those of the tables");
	else if (strstr(message, "COLUMN_NOT_FOUND"))
		tr_err_hint(err, "DESCRIBE the table to see its columns");
	else if (strstr(message, "Bytes scanned limit was exceeded"))
		tr_err_hint(err,
			"the workgroup limits what one statement may scan: read fewer columns, filter by a "
			"partition column, or raise the workgroup's limit");
	else if (strstr(message, "xhausted resources"))
		tr_err_hint(err, "read fewer columns, group or sort less at once, or split the statement");
	else if (strstr(message, "Access Denied") || strstr(message, "AccessDenied"))
		tr_err_hint(err,
			"Athena reads S3 with your rights: s3:GetObject and s3:ListBucket on the lake, and "
			"s3:PutObject on the output location");
	else if (category == 1)
		tr_err_hint(err, "the fault is Athena's: try again");
	else
		tr_err_hint(err,
			"the statement's own text is at fault: Athena's SQL is Trino's, not Postgres's");
}

bool tr_athena_failed(json_t *answer, const char *sql, struct tr_err *err)
{
	json_t *status = json_object_get(json_object_get(answer, "QueryExecution"), "Status");
	json_t *error = json_object_get(status, "AthenaError");
	const char *reason = text_of(status, "StateChangeReason");
	int64_t category = count_of(error, "ErrorCategory");
	if (!*reason)
		reason = text_of(error, "ErrorMessage");
	bool cancelled = strcmp(text_of(status, "State"), "CANCELLED") == 0;
	if (cancelled && !strstr(reason, "limit")) {
		tr_err_set(err, TR_ERR_USER, "the statement was stopped at Athena, by somebody else");
		tr_err_detail(err, "%s", reason);
		return tr_err_hint(err, "run it again, or ask who stops statements of this workgroup");
	}
	bool retry = json_is_true(json_object_get(error, "Retryable"));
	set_message(err, category == 1 || retry ? TR_ERR_TRANSIENT : TR_ERR_USER, reason, sql);
	err->retry = retry;
	hint_of_failure(reason, category, err);
	return false;
}

bool tr_athena_refused(const char *message, const char *sql, const char *workgroup, struct tr_err *err)
{
	int64_t line, column;
	const char *rest;
	if (tr_remote_position(message, &line, &column, &rest)) {
		set_message(err, TR_ERR_USER, message, sql);
		return tr_err_hint(err, "Athena's SQL is Trino's, not Postgres's");
	}
	bool managed = strcasestr(message, "managed") != NULL;
	if (strcasestr(message, "workgroup") && strcasestr(message, "not found")) {
		tr_err_set(err, TR_ERR_USER, "there is no Athena workgroup `%s`", workgroup);
		tr_err_hint(err,
			"set athena.workgroup to one of `aws athena list-work-groups`, or make it; "
			"mind the region");
	} else if (strcasestr(message, "workgroup") && strcasestr(message, "disabled")) {
		tr_err_set(err, TR_ERR_USER, "the Athena workgroup `%s` is disabled", workgroup);
		tr_err_hint(err, "enable it, or set athena.workgroup to another");
	} else if (managed) {
		tr_err_set(err, TR_ERR_USER, "the Athena workgroup `%s` manages results itself", workgroup);
		tr_err_hint(err, "take athena.output_location out of the configuration");
	} else if (strcasestr(message, "output location") || strcasestr(message, "OutputLocation")) {
		tr_err_set(err, TR_ERR_USER, "Athena has no place for results it can use");
		tr_err_hint(err,
			"set athena.output_location to s3://bucket/prefix/ that you may write to, or one in "
			"the workgroup `%s`",
			workgroup);
	} else if (strcasestr(message, "output bucket")) {
		tr_err_set(err, TR_ERR_USER, "Athena cannot use the bucket of athena.output_location");
		tr_err_hint(err,
			"it must exist in Athena's region, and you need s3:GetBucketLocation and "
			"s3:PutObject there");
	} else {
		tr_err_set(err, TR_ERR_USER, "Athena refuses the statement");
		tr_err_hint(err, "see what Athena says above");
	}
	tr_err_detail(err, "%s", message);
	return false;
}
