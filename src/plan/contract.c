#include "plan/contract.h"

#include <stdio.h>
#include <string.h>

#include "data/name.h"

/* Digits in front of the point that every value of an integer type fits into. */
static int integer_digits(enum tr_kind kind)
{
	switch (kind) {
	case TR_INT16: return 5;
	case TR_INT32: return 10;
	case TR_INT64: return 19;
	default: return 0;
	}
}

static bool widens_to_decimal(struct tr_type from, struct tr_type to)
{
	int digits = to.precision - to.scale;
	if (from.kind == TR_DECIMAL)
		return to.scale >= from.scale && digits >= from.precision - from.scale;
	return integer_digits(from.kind) > 0 && digits >= integer_digits(from.kind);
}

bool tr_contract_widens(struct tr_type from, struct tr_type to)
{
	enum tr_kind kind = from.kind;
	switch (to.kind) {
	case TR_INT32: return kind == TR_INT32 || kind == TR_INT16;
	case TR_INT64: return kind == TR_INT64 || kind == TR_INT32 || kind == TR_INT16;
	case TR_FLOAT: return kind == TR_FLOAT || kind == TR_INT16;
	case TR_DOUBLE: return kind == TR_DOUBLE || kind == TR_FLOAT || kind == TR_INT32 || kind == TR_INT16;
	case TR_DECIMAL: return widens_to_decimal(from, to);
	case TR_STRING: return kind == TR_STRING || kind == TR_UUID || kind == TR_TIME || kind == TR_JSON;
	/* Finer digits than timestamp(3) holds are found in the data. */
	default: return kind == to.kind;
	}
}

/* ---- the CAST to write ---- */

/* The engine's name of a type. */
static const char *sql_type(struct tr_type type, char *buf, size_t size)
{
	static const char *const names[] = {
		[TR_BOOL] = "BOOLEAN",
		[TR_INT16] = "SMALLINT",
		[TR_INT32] = "INTEGER",
		[TR_INT64] = "BIGINT",
		[TR_FLOAT] = "FLOAT",
		[TR_DOUBLE] = "DOUBLE",
		[TR_DECIMAL] = "DECIMAL",
		[TR_STRING] = "VARCHAR",
		[TR_BINARY] = "BLOB",
		[TR_DATE] = "DATE",
		[TR_TIMESTAMP] = "TIMESTAMP",
		[TR_TIMESTAMPTZ] = "TIMESTAMPTZ",
		[TR_TIME] = "TIME",
		[TR_UUID] = "UUID",
		[TR_JSON] = "JSON",
	};
	if (type.kind == TR_DECIMAL)
		snprintf(buf, size, "DECIMAL(%u,%u)", type.precision, type.scale);
	else
		snprintf(buf, size, "%s", names[type.kind]);
	return buf;
}

static bool is_integer(enum tr_kind kind)
{
	return integer_digits(kind) > 0;
}

/* Pairs where a plain CAST is not what is meant, as a format of the column; NULL: a CAST. */
static const char *special_cast(enum tr_kind from, enum tr_kind to)
{
	if ((from == TR_TIMESTAMPTZ && to == TR_TIMESTAMP) || (from == TR_TIMESTAMP && to == TR_TIMESTAMPTZ))
		return "%s AT TIME ZONE 'UTC'";
	if (from == TR_TIMESTAMPTZ && to == TR_DATE)
		return "CAST(%s AT TIME ZONE 'UTC' AS DATE)";
	if (from == TR_DATE && to == TR_TIMESTAMPTZ)
		return "CAST(%s AS TIMESTAMP) AT TIME ZONE 'UTC'";
	if (from == TR_STRING && to == TR_BINARY)
		return "encode(%s)";
	if (from == TR_BINARY && to == TR_STRING)
		return "decode(%s)";
	if ((from == TR_TIMESTAMP || from == TR_TIMESTAMPTZ) && is_integer(to))
		return "epoch_us(%s)";
	if (is_integer(from) && to == TR_TIMESTAMP)
		return "make_timestamp(%s)";
	if (is_integer(from) && to == TR_TIMESTAMPTZ)
		return "make_timestamp(%s) AT TIME ZONE 'UTC'";
	if (is_integer(from) && to == TR_DATE)
		return "DATE '1970-01-01' + %s";
	if (from == TR_DATE && is_integer(to))
		return "%s - DATE '1970-01-01'";
	return NULL;
}

void tr_contract_cast(struct tr_type from, struct tr_type to, const char *column, char *buf, size_t size)
{
	char type[TR_TYPE_TEXT];
	struct tr_str name, sql;
	tr_str_init(&name, 1024);
	tr_str_init(&sql, 2048);
	if (tr_name_is_column(column))
		tr_str_add(&name, column);
	else
		tr_str_add_ident(&name, column);
	const char *shown = name.failed ? column : name.ptr;
	const char *special = special_cast(from.kind, to.kind);
	const char *gap = special ? strstr(special, "%s") : NULL;
	if (gap) {
		tr_str_addn(&sql, special, (size_t)(gap - special));
		tr_str_addf(&sql, "%s%s", shown, gap + 2);
	} else {
		tr_str_addf(&sql, "CAST(%s AS %s)", shown, sql_type(to, type, sizeof type));
	}
	tr_copy_text(buf, size, sql.failed ? "CAST(...)" : sql.ptr);
	tr_str_clear(&name);
	tr_str_clear(&sql);
}
