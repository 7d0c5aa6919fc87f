#include "data/type.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/name.h"

struct type_row {
	enum tr_kind kind;
	uint32_t width;
	const char *name, *alias, *hive, *arrow;
};

/* Indexed by kind: one row a type, all its spellings. */
static const struct type_row rows[] = {
	[TR_BOOL] = { TR_BOOL, 0, "bool", "boolean", "boolean", "b" },
	[TR_INT16] = { TR_INT16, 2, "smallint", "int2", "smallint", "s" },
	[TR_INT32] = { TR_INT32, 4, "int", "integer", "int", "i" },
	[TR_INT64] = { TR_INT64, 8, "bigint", "int8", "bigint", "l" },
	[TR_FLOAT] = { TR_FLOAT, 4, "float", "real", "float", "f" },
	[TR_DOUBLE] = { TR_DOUBLE, 8, "double", "float8", "double", "g" },
	[TR_DECIMAL] = { TR_DECIMAL, 16, "decimal", "numeric", "decimal", "d" },
	[TR_STRING] = { TR_STRING, 0, "string", "text", "string", "u" },
	[TR_BINARY] = { TR_BINARY, 0, "binary", "bytea", "binary", "z" },
	[TR_DATE] = { TR_DATE, 4, "date", "date", "date", "tdD" },
	[TR_TIMESTAMP] = { TR_TIMESTAMP, 8, "timestamp", "timestamp", "timestamp", "tsu:" },
	[TR_TIMESTAMPTZ] = { TR_TIMESTAMPTZ, 8, "timestamptz", "timestamptz", "timestamp", "tsu:UTC" },
	[TR_TIME] = { TR_TIME, 8, "time", "time", "time", "ttu" },
	[TR_UUID] = { TR_UUID, 16, "uuid", "uuid", "binary", "w:16" },
	[TR_JSON] = { TR_JSON, 0, "json", "jsonb", "string", "u" },
};
#define N_KINDS (sizeof rows / sizeof rows[0])

const char *tr_type_format(struct tr_type type, char *buf)
{
	const char *name = rows[type.kind].name;
	if (type.kind == TR_DECIMAL)
		snprintf(buf, TR_TYPE_TEXT, "decimal(%u,%u)", type.precision, type.scale);
	else if (type.precision)
		snprintf(buf, TR_TYPE_TEXT, "%s(%u)", name, type.precision);
	else
		snprintf(buf, TR_TYPE_TEXT, "%s", name);
	return buf;
}

const char *tr_type_hive(struct tr_type type, char *buf)
{
	if (type.kind == TR_DECIMAL)
		return tr_type_format(type, buf);
	snprintf(buf, TR_TYPE_TEXT, "%s", rows[type.kind].hive);
	return buf;
}

/* `(a)` or `(a,b)` behind a type's name; n is how many numbers were read, -1 for none of these. */
static int parse_arguments(const char *text, long out[2])
{
	char *end;
	int n = 0;
	if (*text++ != '(')
		return -1;
	for (;;) {
		out[n++] = strtol(text, &end, 10);
		if (end == text)
			return -1;
		text = end + strspn(end, " ");
		if (*text != ',' || n == 2)
			break;
		text++;
	}
	if (*text != ')')
		return -1;
	text += 1 + strspn(text + 1, " ");
	return *text ? -1 : n;
}

static bool unknown_type(const char *text, struct tr_err *err)
{
	const char *names[2 * N_KINDS];
	size_t n = 0;
	for (size_t i = 0; i < N_KINDS; i++)
		names[n++] = rows[i].name;
	const char *close = tr_name_closest(text, names, n);
	tr_err_set(err, TR_ERR_USER, "unknown type `%s`", text);
	if (close)
		return tr_err_hint(err, "did you mean `%s`?", close);
	return tr_err_hint(err,
		"the types are bool, smallint, int, bigint, float, double, decimal(p,s), "
		"string, binary, date, timestamp, timestamptz, time, uuid, json");
}

bool tr_type_parse(const char *text, struct tr_type *out, struct tr_err *err)
{
	size_t len = strcspn(text, "( ");
	const struct type_row *row = NULL;
	for (size_t i = 0; i < N_KINDS && !row; i++) {
		const char *spellings[] = { rows[i].name, rows[i].alias };
		for (int k = 0; k < 2; k++)
			if (strlen(spellings[k]) == len && strncasecmp(spellings[k], text, len) == 0)
				row = &rows[i];
	}
	if (!row)
		return unknown_type(text, err);
	*out = (struct tr_type){ .kind = row->kind };
	const char *rest = text + len + strspn(text + len, " ");
	long args[2] = { 0, 0 };
	int n = *rest ? parse_arguments(rest, args) : 0;
	if (row->kind == TR_DECIMAL) {
		if (n < 1 || args[0] < 1 || args[0] > 38 || args[1] < 0 || args[1] > args[0]) {
			tr_err_set(err, TR_ERR_USER, "`%s` is not a decimal type", text);
			return tr_err_hint(err,
				"write decimal(p,s) with 1 <= p <= 38 digits, "
				"0 <= s <= p of them behind the point, as decimal(12,2)");
		}
		out->precision = (uint8_t)args[0];
		out->scale = (uint8_t)args[1];
		return true;
	}
	bool digits = row->kind == TR_TIMESTAMP || row->kind == TR_TIMESTAMPTZ;
	if (n == 0)
		return true;
	if (digits && n == 1 && (args[0] == 3 || args[0] == 6)) {
		out->precision = (uint8_t)args[0];
		return true;
	}
	tr_err_set(err, TR_ERR_USER, "`%s` is not a type", text);
	if (digits)
		return tr_err_hint(err, "write %s, %s(3) for milliseconds or %s(6) for microseconds",
			row->name, row->name, row->name);
	return tr_err_hint(err, "write `%s` without parentheses", row->name);
}

bool tr_type_equal(struct tr_type a, struct tr_type b)
{
	return a.kind == b.kind && a.precision == b.precision && a.scale == b.scale;
}

uint32_t tr_type_width(struct tr_type type)
{
	return rows[type.kind].width;
}

bool tr_type_is_bytes(struct tr_type type)
{
	return type.kind == TR_STRING || type.kind == TR_BINARY || type.kind == TR_JSON;
}

const char *tr_type_arrow_format(struct tr_type type, char *buf)
{
	if (type.kind == TR_DECIMAL)
		snprintf(buf, TR_TYPE_TEXT, "d:%u,%u", type.precision, type.scale);
	else
		snprintf(buf, TR_TYPE_TEXT, "%s", rows[type.kind].arrow);
	return buf;
}
