#include "engine/remote_value.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "data/literal.h"
#include "data/value.h"
#include "fmt/json_text.h"

#define NESTED_MAX ((size_t)256 << 20)
#define NESTED_DEPTH 200

/* ---- types ---- */

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

bool tr_remote_type(const char *base, int64_t precision, int64_t scale, bool nested_json, struct tr_type *out,
	struct tr_err *err)
{
	static const struct {
		const char *name;
		enum tr_kind kind;
	} plain[] = {
		{ "boolean", TR_BOOL },
		{ "tinyint", TR_INT16 },
		{ "smallint", TR_INT16 },
		{ "integer", TR_INT32 },
		{ "int", TR_INT32 },
		{ "bigint", TR_INT64 },
		{ "real", TR_FLOAT },
		{ "float", TR_FLOAT },
		{ "double", TR_DOUBLE },
		{ "varbinary", TR_BINARY },
		{ "binary", TR_BINARY },
		{ "date", TR_DATE },
		{ "time", TR_TIME },
		{ "timestamp", TR_TIMESTAMP },
		{ "timestamp with time zone", TR_TIMESTAMPTZ },
		{ "uuid", TR_UUID },
		{ "json", TR_JSON },
	};
	static const char *const nested[] = { "array", "map", "row", "struct", NULL };
	*out = (struct tr_type){ .kind = TR_STRING };
	if (strcmp(base, "decimal") == 0) {
		if (precision < 1 || precision > 38 || scale < 0 || scale > precision) {
			tr_err_set(err, TR_ERR_INTERNAL, "the service has an impossible decimal(%lld,%lld)",
				(long long)precision, (long long)scale);
			return tr_err_hint(err, "cast the column in the statement, as to decimal(38,10)");
		}
		*out = (struct tr_type){ TR_DECIMAL, (uint8_t)precision, (uint8_t)scale };
		return true;
	}
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		if (strcmp(base, plain[i].name) == 0)
			out->kind = plain[i].kind;
	bool timestamp = out->kind == TR_TIMESTAMP || out->kind == TR_TIMESTAMPTZ;
	/* Without a precision it is timestamp(3) there. */
	if (timestamp && precision <= 3)
		out->precision = 3;
	if (nested_json && is_one_of(base, nested))
		out->kind = TR_JSON;
	return true;
}

bool tr_remote_type_parse(const char *text, bool nested_json, struct tr_type *out, struct tr_err *err)
{
	char base[64];
	int64_t numbers[2] = { -1, -1 };
	size_t n = strcspn(text, "("), k = 0;
	const char *p = text + n;
	if (n >= sizeof base)
		n = sizeof base - 1;
	snprintf(base, sizeof base, "%.*s", (int)n, text);
	if (*p == '(') {
		for (p++; k < 2; k++) {
			char *end;
			p += strspn(p, " ");
			if (*p < '0' || *p > '9')
				break; /* the types of an array, the fields of a row */
			numbers[k] = strtoll(p, &end, 10);
			p = end + strspn(end, " ");
			if (*p != ',')
				break;
			p++;
		}
		/* What is behind the parentheses belongs to the name: `with time zone`. */
		const char *close = strrchr(text, ')');
		if (close && close[1])
			snprintf(base + n, sizeof base - n, "%s", close + 1);
	}
	return tr_remote_type(base, numbers[0], numbers[1], nested_json, out, err);
}

/* ---- text ---- */

static bool refuse(const struct tr_remote_value *v, const char *text, size_t len, struct tr_err *err)
{
	char shown[64], type[TR_TYPE_TEXT];
	snprintf(shown, sizeof shown, "%.*s", (int)(len < 48 ? len : 48), text);
	char cut[sizeof shown + 4];
	tr_copy_text(cut, sizeof cut, shown);
	tr_err_set(err, TR_ERR_DATA, "column `%s` has a value that %s can't hold exactly: `%s`", v->name,
		tr_type_format(v->type, type), cut);
	if (v->type.kind == TR_TIMESTAMPTZ)
		return tr_err_hint(err,
			"write `%s AT TIME ZONE 'UTC'`, or CAST(%s AS varchar), in the statement", v->name,
			v->name);
	return tr_err_hint(err, "write CAST(%s AS varchar) in the statement", v->name);
}

static bool add_literal(const struct tr_remote_value *v, const char *text, size_t len, struct tr_column *out,
	struct tr_err *err)
{
	union tr_literal literal;
	if (!tr_literal_parse(v->type, text, len, &literal))
		return refuse(v, text, len, err);
	return tr_column_add_fixed(out, &literal, err);
}

static bool text_bool(const struct tr_remote_value *v, const char *text, size_t len, struct tr_column *out,
	struct tr_err *err)
{
	union tr_literal literal;
	if (!tr_literal_parse(v->type, text, len, &literal))
		return refuse(v, text, len, err);
	return tr_column_add_bool(out, literal.boolean, err);
}

/* The nearest number of 32 bits: that is what the service had before it wrote it down. */
static bool text_float(const struct tr_remote_value *v, const char *text, size_t len, struct tr_column *out,
	struct tr_err *err)
{
	char buf[64], *end;
	if (len == 0 || len >= sizeof buf)
		return refuse(v, text, len, err);
	memcpy(buf, text, len);
	buf[len] = '\0';
	errno = 0;
	float value = strtof(buf, &end);
	if (*end || end == buf || *buf == ' ' || (errno == ERANGE && isinf(value)))
		return refuse(v, text, len, err);
	return tr_column_add_fixed(out, &value, err);
}

/* Drop zeros behind the microseconds: what is left reads exactly, or is refused. */
static size_t cut_fraction(char *text, size_t len)
{
	char *dot = memchr(text, '.', len);
	if (!dot)
		return len;
	char *digit = dot + 1, *end = text + len;
	while (digit < end && *digit >= '0' && *digit <= '9')
		digit++;
	char *keep = digit;
	while (keep > dot + 7 && keep[-1] == '0')
		keep--;
	memmove(keep, digit, (size_t)(end - digit));
	return len - (size_t)(digit - keep);
}

/* `2024-06-17 09:30:00.123 UTC`, `... +05:30`: the zone as a literal has it. Names of other
 * zones need a database of them, so they are refused. */
static size_t join_zone(char *text, size_t len)
{
	static const char *const utc[] = { "UTC", "Z", "GMT", "Etc/UTC", NULL };
	char *blank = memrchr(text, ' ', len);
	if (!blank || blank == text || memchr(text, ' ', (size_t)(blank - text)) == NULL)
		return len;
	text[len] = '\0';
	if (is_one_of(blank + 1, utc)) {
		*blank = 'Z';
		return (size_t)(blank - text) + 1;
	}
	memmove(blank, blank + 1, (size_t)(text + len - blank));
	return len - 1;
}

static bool text_moment(const struct tr_remote_value *v, const char *text, size_t len, struct tr_column *out,
	struct tr_err *err)
{
	char buf[80];
	union tr_literal literal;
	if (len >= sizeof buf)
		return refuse(v, text, len, err);
	memcpy(buf, text, len);
	size_t n = v->type.kind == TR_TIMESTAMPTZ ? join_zone(buf, len) : len;
	n = cut_fraction(buf, n);
	if (!tr_literal_parse(v->type, buf, n, &literal))
		return refuse(v, text, len, err);
	return tr_column_add_fixed(out, &literal, err);
}

static bool text_string(const struct tr_remote_value *v, const char *text, size_t len, struct tr_column *out,
	struct tr_err *err)
{
	(void)v;
	return tr_column_add_bytes(out, text, len, err);
}

/* `68 65 6c`, or without the blanks. */
static bool text_hex(const struct tr_remote_value *v, const char *text, size_t len, struct tr_column *out,
	struct tr_err *err)
{
	uint8_t *bytes = tr_malloc(len / 2 + 1, err);
	if (!bytes)
		return false;
	size_t n = 0, i = 0;
	bool ok = true;
	while (ok && i < len) {
		if (text[i] == ' ') {
			i++;
			continue;
		}
		int high = tr_hex_digit(text[i]), low = i + 1 < len ? tr_hex_digit(text[i + 1]) : -1;
		ok = high >= 0 && low >= 0;
		if (ok)
			bytes[n++] = (uint8_t)(high << 4 | low);
		i += 2;
	}
	ok = ok ? tr_column_add_bytes(out, bytes, n, err) : refuse(v, text, len, err);
	free(bytes);
	return ok;
}

static int base64_digit(char c)
{
	return c >= 'A' && c <= 'Z'    ? c - 'A'
		: c >= 'a' && c <= 'z' ? c - 'a' + 26
		: c >= '0' && c <= '9' ? c - '0' + 52
		: c == '+'             ? 62
		: c == '/'             ? 63
				       : -1;
}

static bool text_base64(const struct tr_remote_value *v, const char *text, size_t len, struct tr_column *out,
	struct tr_err *err)
{
	size_t digits = len, n = 0;
	while (digits > 0 && len - digits < 2 && text[digits - 1] == '=')
		digits--;
	if (len % 4 != 0 || digits % 4 == 1)
		return refuse(v, text, len, err);
	uint8_t *bytes = tr_malloc(len / 4 * 3 + 1, err);
	if (!bytes)
		return false;
	uint32_t bits = 0;
	bool ok = true;
	for (size_t i = 0; ok && i < digits; i++) {
		int digit = base64_digit(text[i]);
		ok = digit >= 0;
		bits = (bits << 6 | (uint32_t)(digit & 63)) & 0xffffff;
		if (i % 4 == 3) {
			bytes[n++] = (uint8_t)(bits >> 16);
			bytes[n++] = (uint8_t)(bits >> 8);
			bytes[n++] = (uint8_t)bits;
		}
	}
	if (digits % 4 == 2) {
		bytes[n++] = (uint8_t)(bits >> 4);
	} else if (digits % 4 == 3) {
		bytes[n++] = (uint8_t)(bits >> 10);
		bytes[n++] = (uint8_t)(bits >> 2);
	}
	ok = ok ? tr_column_add_bytes(out, bytes, n, err) : refuse(v, text, len, err);
	free(bytes);
	return ok;
}

/* ---- JSON ---- */

static bool wrong_json(const struct tr_remote_value *v, json_t *value, struct tr_err *err)
{
	static const char *const names[] = { "an object", "an array", "a text", "a number", "a number",
		"true", "false", "null" };
	char type[TR_TYPE_TEXT];
	tr_err_set(err, TR_ERR_INTERNAL, "column `%s` of type %s came as %s", v->name,
		tr_type_format(v->type, type), names[json_typeof(value)]);
	return tr_err_hint(err, "write CAST(%s AS varchar) in the statement", v->name);
}

static bool json_text(const struct tr_remote_value *v, json_t *value, struct tr_column *out,
	struct tr_err *err)
{
	if (json_is_null(value))
		return tr_column_add_null(out, err);
	if (!json_is_string(value))
		return wrong_json(v, value, err);
	return v->text(v, json_string_value(value), json_string_length(value), out, err);
}

static bool json_bool(const struct tr_remote_value *v, json_t *value, struct tr_column *out,
	struct tr_err *err)
{
	if (json_is_null(value))
		return tr_column_add_null(out, err);
	if (!json_is_boolean(value))
		return wrong_json(v, value, err);
	return tr_column_add_bool(out, json_is_true(value), err);
}

static bool json_int(const struct tr_remote_value *v, json_t *value, struct tr_column *out,
	struct tr_err *err)
{
	if (json_is_null(value))
		return tr_column_add_null(out, err);
	if (!json_is_integer(value))
		return wrong_json(v, value, err);
	int64_t n = json_integer_value(value);
	int16_t n16 = (int16_t)n;
	int32_t n32 = (int32_t)n;
	switch (tr_type_width(v->type)) {
	case 2: return n16 == n ? tr_column_add_fixed(out, &n16, err) : wrong_json(v, value, err);
	case 4: return n32 == n ? tr_column_add_fixed(out, &n32, err) : wrong_json(v, value, err);
	default: return tr_column_add_fixed(out, &n, err);
	}
}

/* NaN and the infinities come as texts. */
static bool json_number(const struct tr_remote_value *v, json_t *value, struct tr_column *out,
	struct tr_err *err)
{
	if (!json_is_number(value))
		return json_text(v, value, out, err);
	double number = json_number_value(value);
	float single = (float)number;
	return v->type.kind == TR_FLOAT ? tr_column_add_fixed(out, &single, err)
					: tr_column_add_fixed(out, &number, err);
}

static void write_string(struct tr_str *out, json_t *value)
{
	struct tr_err memory = { 0 };
	char *text = tr_json_text(value, 0, &memory);
	if (text)
		tr_str_add(out, text);
	else
		out->failed = true;
	free(text);
}

/* Compact, and numbers in their fewest digits (Jansson writes 17 of them). */
static void write_json(struct tr_str *out, json_t *value, int depth)
{
	char number[TR_VALUE_TEXT];
	size_t i;
	const char *key;
	json_t *child;
	if (depth > NESTED_DEPTH)
		out->failed = true;
	if (out->failed)
		return;
	if (json_is_array(value)) {
		tr_str_addc(out, '[');
		json_array_foreach(value, i, child)
		{
			tr_str_add(out, i ? "," : "");
			write_json(out, child, depth + 1);
		}
		tr_str_addc(out, ']');
	} else if (json_is_object(value)) {
		const char *comma = "";
		tr_str_addc(out, '{');
		json_object_foreach(value, key, child)
		{
			json_t *name = json_string(key);
			tr_str_add(out, comma);
			write_string(out, name);
			json_decref(name);
			tr_str_addc(out, ':');
			write_json(out, child, depth + 1);
			comma = ",";
		}
		tr_str_addc(out, '}');
	} else if (json_is_real(value)) {
		double real = json_real_value(value);
		tr_str_addn(out, number, tr_value_text((struct tr_type){ .kind = TR_DOUBLE }, &real, number));
	} else {
		write_string(out, value);
	}
}

/* Arrays, maps and rows, and whatever is no text: as JSON. */
static bool json_nested(const struct tr_remote_value *v, json_t *value, struct tr_column *out,
	struct tr_err *err)
{
	if (json_is_null(value))
		return tr_column_add_null(out, err);
	if (json_is_string(value))
		return v->text(v, json_string_value(value), json_string_length(value), out, err);
	struct tr_str text;
	tr_str_init(&text, NESTED_MAX);
	write_json(&text, value, 0);
	bool ok = tr_str_ok(&text, err) && tr_column_add_bytes(out, text.ptr, text.len, err);
	tr_str_clear(&text);
	return ok;
}

void tr_remote_value_bind(struct tr_remote_value *v, struct tr_type type, const char *name,
	enum tr_remote_bytes bytes)
{
	*v = (struct tr_remote_value){ .type = type, .name = name, .text = add_literal, .json = json_text };
	switch (type.kind) {
	case TR_BOOL:
		v->text = text_bool;
		v->json = json_bool;
		break;
	case TR_INT16:
	case TR_INT32:
	case TR_INT64: v->json = json_int; break;
	case TR_FLOAT:
		v->text = text_float;
		v->json = json_number;
		break;
	case TR_DOUBLE: v->json = json_number; break;
	case TR_STRING:
	case TR_JSON:
		v->text = text_string;
		v->json = json_nested;
		break;
	case TR_BINARY: v->text = bytes == TR_REMOTE_HEX ? text_hex : text_base64; break;
	case TR_TIME:
	case TR_TIMESTAMP:
	case TR_TIMESTAMPTZ: v->text = text_moment; break;
	case TR_DECIMAL:
	case TR_DATE:
	case TR_UUID: break;
	}
}

/* ---- results ---- */

void tr_remote_result_init(struct tr_remote_result *r)
{
	*r = (struct tr_remote_result){ 0 };
	tr_schema_init(&r->schema);
}

void tr_remote_result_clear(struct tr_remote_result *r)
{
	for (size_t i = 0; r->columns && i < r->schema.n; i++)
		tr_column_clear(&r->columns[i]);
	free(r->columns);
	free(r->values);
	tr_schema_clear(&r->schema);
	tr_remote_result_init(r);
}

bool tr_remote_result_bind(struct tr_remote_result *r, enum tr_remote_bytes bytes, struct tr_err *err)
{
	size_t n = r->schema.n ? r->schema.n : 1;
	r->values = tr_calloc(n, sizeof *r->values, err);
	r->columns = r->values ? tr_calloc(n, sizeof *r->columns, err) : NULL;
	if (!r->columns)
		return false;
	for (size_t i = 0; i < r->schema.n; i++) {
		const struct tr_field *field = &r->schema.fields[i];
		tr_remote_value_bind(&r->values[i], field->type, field->name, bytes);
		tr_column_init(&r->columns[i], field->type);
	}
	return true;
}

bool tr_remote_result_take(struct tr_remote_result *r, int64_t rows, struct ArrowArray *out,
	struct tr_err *err)
{
	out->release = NULL;
	return rows == 0 || tr_batch_take(r->columns, r->schema.n, rows, out, err);
}
