#include "engine/embedded_state.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/column.h"
#include "data/name.h"
#include "engine/embedded_types.h"

#define SQL_MAX ((size_t)1 << 20)

static duckdb_value decimal_value(struct tr_type type, const uint8_t *data)
{
	tr_i128 x;
	if (type.precision <= 4)
		x = *(const int16_t *)(const void *)data;
	else if (type.precision <= 9)
		x = *(const int32_t *)(const void *)data;
	else if (type.precision <= 18)
		x = *(const int64_t *)(const void *)data;
	else
		memcpy(&x, data, sizeof x);
	duckdb_decimal decimal = { .width = type.precision, .scale = type.scale };
	memcpy(&decimal.value, &x, sizeof x);
	return duckdb_create_decimal(decimal);
}

static duckdb_value bytes_value(struct tr_type type, duckdb_string_t *s)
{
	const char *p = duckdb_string_t_data(s);
	uint32_t len = duckdb_string_t_length(*s);
	return type.kind == TR_BINARY ? duckdb_create_blob((const uint8_t *)p, len)
				      : duckdb_create_varchar_length(p, len);
}

/* The first value of a vector, as a value that can be bound. */
static duckdb_value read_value(struct tr_type type, duckdb_vector vector)
{
	void *data = duckdb_vector_get_data(vector);
	switch (type.kind) {
	case TR_BOOL: return duckdb_create_bool(*(bool *)data);
	case TR_INT16: return duckdb_create_int16(*(int16_t *)data);
	case TR_INT32: return duckdb_create_int32(*(int32_t *)data);
	case TR_INT64: return duckdb_create_int64(*(int64_t *)data);
	case TR_FLOAT: return duckdb_create_float(*(float *)data);
	case TR_DOUBLE: return duckdb_create_double(*(double *)data);
	case TR_DECIMAL: return decimal_value(type, data);
	case TR_DATE: return duckdb_create_date(*(duckdb_date *)data);
	case TR_TIMESTAMP: return duckdb_create_timestamp(*(duckdb_timestamp *)data);
	case TR_TIMESTAMPTZ: return duckdb_create_timestamp_tz(*(duckdb_timestamp *)data);
	case TR_TIME: return duckdb_create_time(*(duckdb_time *)data);
	case TR_UUID: {
		/* The value is made of the plain number, the vector holds it with the sign flipped. */
		const duckdb_hugeint *x = data;
		return duckdb_create_uuid((duckdb_uhugeint){ .lower = x->lower,
			.upper = (uint64_t)x->upper ^ UINT64_C(1) << 63 });
	}
	case TR_STRING:
	case TR_BINARY:
	case TR_JSON: return bytes_value(type, data);
	}
	return NULL;
}

/* The engine's own cast reads the text, so that a parameter means what the same literal would. */
static duckdb_value make_value(struct tr_engine *e, duckdb_connection con, const struct tr_engine_param *p,
	struct tr_err *err)
{
	if (!p->value)
		return duckdb_create_null_value();
	struct tr_str sql;
	char type[TR_ENGINE_TYPE_TEXT];
	duckdb_value value = NULL;
	tr_str_init(&sql, SQL_MAX);
	tr_str_add(&sql, "SELECT CAST(");
	tr_str_add_literal(&sql, p->value);
	tr_str_addf(&sql, " AS %s)", tr_engine_type_sql(p->type, type));
	if (!tr_str_ok(&sql, err)) {
		tr_str_clear(&sql);
		return NULL;
	}
	duckdb_result result;
	bool ok = duckdb_query(con, sql.ptr, &result) == DuckDBSuccess;
	duckdb_data_chunk chunk = ok ? duckdb_fetch_chunk(result) : NULL;
	if (chunk)
		value = read_value(p->type, duckdb_data_chunk_get_vector(chunk, 0));
	duckdb_destroy_data_chunk(&chunk);
	if (!value) {
		struct tr_err cause = { 0 };
		tr_engine_fail(e, duckdb_result_error(&result), NULL, NULL, false, &cause);
		char name[TR_TYPE_TEXT];
		tr_err_set(err, TR_ERR_USER, "the parameter `%s` is not a value of type %s", p->name,
			tr_type_format(p->type, name));
		tr_err_detail(err, "%s", cause.what);
		tr_err_hint(err, "mend its value or its type under params:");
	}
	duckdb_destroy_result(&result);
	tr_str_clear(&sql);
	return value;
}

static bool unknown_param(const char *name, const struct tr_engine_param *params, size_t n,
	struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER, "the statement uses the parameter `$%s`, which is not declared", name);
	if (name[0] >= '0' && name[0] <= '9')
		return tr_err_hint(err,
			"parameters are written by name, as `$tax_rate`, and declared under params:");
	const char **names = calloc(n ? n : 1, sizeof *names);
	if (!names)
		return false;
	for (size_t i = 0; i < n; i++)
		names[i] = params[i].name;
	const char *closest = tr_name_closest(name, names, n);
	free(names);
	if (closest)
		return tr_err_hint(err, "did you mean `$%s`?", closest);
	return tr_err_hint(err, "declare it: params: { %s: { type: ..., value: ... } }", name);
}

bool tr_engine_bind(struct tr_engine *e, duckdb_connection con, duckdb_prepared_statement prepared,
	const struct tr_engine_param *params, size_t n_params, struct tr_err *err)
{
	idx_t n = duckdb_nparams(prepared);
	bool ok = true;
	for (idx_t i = 1; ok && i <= n; i++) {
		const char *name = duckdb_parameter_name(prepared, i);
		size_t k = 0;
		while (name && k < n_params && strcasecmp(params[k].name, name) != 0)
			k++;
		if (!name || k == n_params) {
			ok = unknown_param(name ? name : "?", params, n_params, err);
		} else {
			duckdb_value value = make_value(e, con, &params[k], err);
			ok = value &&
				(duckdb_bind_value(prepared, i, value) == DuckDBSuccess ||
					tr_err_set(err, TR_ERR_INTERNAL, "can't bind the parameter `%s`",
						name));
			if (value)
				duckdb_destroy_value(&value);
		}
		duckdb_free((void *)(uintptr_t)name);
	}
	return ok;
}
