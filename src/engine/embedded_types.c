#include "engine/embedded_types.h"

#include <stdio.h>
#include <string.h>

struct kind_row {
	duckdb_type id;
	const char *sql;
};

/* By tr_kind. JSON is DuckDB's VARCHAR under another name. */
static const struct kind_row kinds[] = {
	[TR_BOOL] = { DUCKDB_TYPE_BOOLEAN, "BOOLEAN" },
	[TR_INT16] = { DUCKDB_TYPE_SMALLINT, "SMALLINT" },
	[TR_INT32] = { DUCKDB_TYPE_INTEGER, "INTEGER" },
	[TR_INT64] = { DUCKDB_TYPE_BIGINT, "BIGINT" },
	[TR_FLOAT] = { DUCKDB_TYPE_FLOAT, "FLOAT" },
	[TR_DOUBLE] = { DUCKDB_TYPE_DOUBLE, "DOUBLE" },
	[TR_DECIMAL] = { DUCKDB_TYPE_DECIMAL, "DECIMAL" },
	[TR_STRING] = { DUCKDB_TYPE_VARCHAR, "VARCHAR" },
	[TR_BINARY] = { DUCKDB_TYPE_BLOB, "BLOB" },
	[TR_DATE] = { DUCKDB_TYPE_DATE, "DATE" },
	[TR_TIMESTAMP] = { DUCKDB_TYPE_TIMESTAMP, "TIMESTAMP" },
	[TR_TIMESTAMPTZ] = { DUCKDB_TYPE_TIMESTAMP_TZ, "TIMESTAMP WITH TIME ZONE" },
	[TR_TIME] = { DUCKDB_TYPE_TIME, "TIME" },
	[TR_UUID] = { DUCKDB_TYPE_UUID, "UUID" },
	[TR_JSON] = { DUCKDB_TYPE_VARCHAR, "JSON" },
};

duckdb_logical_type tr_engine_type_make(struct tr_type type)
{
	if (type.kind == TR_DECIMAL)
		return duckdb_create_decimal_type(type.precision, type.scale);
	duckdb_logical_type made = duckdb_create_logical_type(kinds[type.kind].id);
	if (type.kind == TR_JSON)
		duckdb_logical_type_set_alias(made, "JSON");
	return made;
}

const char *tr_engine_type_sql(struct tr_type type, char *buf)
{
	if (type.kind == TR_DECIMAL)
		snprintf(buf, TR_ENGINE_TYPE_TEXT, "DECIMAL(%u,%u)", type.precision, type.scale);
	else
		snprintf(buf, TR_ENGINE_TYPE_TEXT, "%s", kinds[type.kind].sql);
	return buf;
}

struct result_row {
	duckdb_type id;
	const char *name;
	bool carried;
	struct tr_type type; /* where carried */
	const char *cast;    /* else: the CAST to write, around the expression */
};

/* Result types beyond decimals. Widening is lossless; unsigned 64 bits need a decimal. */
static const struct result_row results[] = {
	{ DUCKDB_TYPE_BOOLEAN, "BOOLEAN", true, { .kind = TR_BOOL }, NULL },
	{ DUCKDB_TYPE_TINYINT, "TINYINT", true, { .kind = TR_INT16 }, NULL },
	{ DUCKDB_TYPE_SMALLINT, "SMALLINT", true, { .kind = TR_INT16 }, NULL },
	{ DUCKDB_TYPE_INTEGER, "INTEGER", true, { .kind = TR_INT32 }, NULL },
	{ DUCKDB_TYPE_BIGINT, "BIGINT", true, { .kind = TR_INT64 }, NULL },
	{ DUCKDB_TYPE_UTINYINT, "UTINYINT", true, { .kind = TR_INT16 }, NULL },
	{ DUCKDB_TYPE_USMALLINT, "USMALLINT", true, { .kind = TR_INT32 }, NULL },
	{ DUCKDB_TYPE_UINTEGER, "UINTEGER", true, { .kind = TR_INT64 }, NULL },
	{ DUCKDB_TYPE_UBIGINT, "UBIGINT", true, { TR_DECIMAL, 20, 0 }, NULL },
	{ DUCKDB_TYPE_HUGEINT, "HUGEINT", true, { TR_DECIMAL, 38, 0 }, NULL },
	{ DUCKDB_TYPE_FLOAT, "FLOAT", true, { .kind = TR_FLOAT }, NULL },
	{ DUCKDB_TYPE_DOUBLE, "DOUBLE", true, { .kind = TR_DOUBLE }, NULL },
	{ DUCKDB_TYPE_VARCHAR, "VARCHAR", true, { .kind = TR_STRING }, NULL },
	{ DUCKDB_TYPE_ENUM, "ENUM", true, { .kind = TR_STRING }, NULL },
	{ DUCKDB_TYPE_BLOB, "BLOB", true, { .kind = TR_BINARY }, NULL },
	{ DUCKDB_TYPE_DATE, "DATE", true, { .kind = TR_DATE }, NULL },
	{ DUCKDB_TYPE_TIME, "TIME", true, { .kind = TR_TIME }, NULL },
	{ DUCKDB_TYPE_TIMESTAMP, "TIMESTAMP", true, { .kind = TR_TIMESTAMP }, NULL },
	{ DUCKDB_TYPE_TIMESTAMP_S, "TIMESTAMP_S", true, { .kind = TR_TIMESTAMP }, NULL },
	{ DUCKDB_TYPE_TIMESTAMP_MS, "TIMESTAMP_MS", true, { .kind = TR_TIMESTAMP }, NULL },
	{ DUCKDB_TYPE_TIMESTAMP_TZ, "TIMESTAMP WITH TIME ZONE", true, { .kind = TR_TIMESTAMPTZ }, NULL },
	{ DUCKDB_TYPE_UUID, "UUID", true, { .kind = TR_UUID }, NULL },
	{ DUCKDB_TYPE_TIMESTAMP_NS, "TIMESTAMP_NS", false, { 0 }, "CAST(... AS TIMESTAMP)" },
	{ DUCKDB_TYPE_TIME_NS, "TIME_NS", false, { 0 }, "CAST(... AS TIME)" },
	{ DUCKDB_TYPE_TIME_TZ, "TIME WITH TIME ZONE", false, { 0 }, "CAST(... AS TIME)" },
	{ DUCKDB_TYPE_UHUGEINT, "UHUGEINT", false, { 0 }, "CAST(... AS DECIMAL(38,0))" },
	{ DUCKDB_TYPE_BIGNUM, "BIGNUM", false, { 0 }, "CAST(... AS DECIMAL(38,0))" },
	{ DUCKDB_TYPE_INTERVAL, "INTERVAL", false, { 0 }, "CAST(... AS VARCHAR)" },
	{ DUCKDB_TYPE_BIT, "BIT", false, { 0 }, "CAST(... AS VARCHAR)" },
	{ DUCKDB_TYPE_GEOMETRY, "GEOMETRY", false, { 0 }, "CAST(... AS VARCHAR)" },
	{ DUCKDB_TYPE_VARIANT, "VARIANT", false, { 0 }, "CAST(... AS JSON)" },
	{ DUCKDB_TYPE_LIST, "LIST", false, { 0 }, "to_json(...)" },
	{ DUCKDB_TYPE_ARRAY, "ARRAY", false, { 0 }, "to_json(...)" },
	{ DUCKDB_TYPE_STRUCT, "STRUCT", false, { 0 }, "to_json(...)" },
	{ DUCKDB_TYPE_MAP, "MAP", false, { 0 }, "to_json(...)" },
	{ DUCKDB_TYPE_UNION, "UNION", false, { 0 }, "to_json(...)" },
	{ DUCKDB_TYPE_SQLNULL, "NULL", false, { 0 }, "CAST(NULL AS VARCHAR)" },
};

static const struct result_row *find_result(duckdb_type id)
{
	for (size_t i = 0; i < sizeof results / sizeof *results; i++)
		if (results[i].id == id)
			return &results[i];
	return NULL;
}

static bool has_alias(duckdb_logical_type type, const char *want)
{
	char *alias = duckdb_logical_type_get_alias(type);
	bool same = alias && strcmp(alias, want) == 0;
	duckdb_free(alias);
	return same;
}

const char *tr_engine_type_name(duckdb_logical_type type, char *buf)
{
	duckdb_type id = duckdb_get_type_id(type);
	const struct result_row *row = find_result(id);
	if (id == DUCKDB_TYPE_DECIMAL)
		snprintf(buf, TR_ENGINE_TYPE_TEXT, "DECIMAL(%u,%u)", duckdb_decimal_width(type),
			duckdb_decimal_scale(type));
	else if (id == DUCKDB_TYPE_VARCHAR && has_alias(type, "JSON"))
		snprintf(buf, TR_ENGINE_TYPE_TEXT, "JSON");
	else
		snprintf(buf, TR_ENGINE_TYPE_TEXT, "%s", row ? row->name : "of an unknown kind");
	return buf;
}

bool tr_engine_type_read(duckdb_logical_type type, const char *column, struct tr_type *out,
	struct tr_err *err)
{
	duckdb_type id = duckdb_get_type_id(type);
	if (id == DUCKDB_TYPE_DECIMAL) {
		*out = (struct tr_type){ TR_DECIMAL, duckdb_decimal_width(type), duckdb_decimal_scale(type) };
		return true;
	}
	const struct result_row *row = find_result(id);
	if (row && row->carried) {
		*out = row->type;
		if (id == DUCKDB_TYPE_VARCHAR && has_alias(type, "JSON"))
			out->kind = TR_JSON;
		return true;
	}
	char name[TR_ENGINE_TYPE_TEXT];
	tr_err_set(err, TR_ERR_USER,
		"the result's column `%s` has the type %s, which tailrace does not carry", column,
		tr_engine_type_name(type, name));
	return tr_err_hint(err, "write %s AS \"%s\" in the SQL", row ? row->cast : "CAST(... AS VARCHAR)",
		column);
}
