#include "fmt/pgcopy_field.h"

#include <stdio.h>

#include "data/datetime.h"
#include "fmt/json_syntax.h"
#include "fmt/utf8.h"

/* Postgres counts from 2000-01-01, Arrow from 1970-01-01. */
#define EPOCH_DAYS 10957
#define EPOCH_US (EPOCH_DAYS * TR_DAY_US)

bool tr_pgcopy_null(struct tr_pgcopy_field *f, int64_t row, struct tr_err *err)
{
	struct tr_column *c = f->column;
	if (!tr_column_set_null(c, row, err))
		return false;
	if (c->offsets)
		c->offsets[row + 1] = (int32_t)c->bytes;
	else if (c->width)
		memset(c->data + (size_t)row * c->width, 0, c->width);
	else
		tr_bit_unset(c->data, row);
	return true;
}

bool tr_pgcopy_special(struct tr_pgcopy_field *f, int64_t row, const char *value, struct tr_err *err)
{
	if (f->special_to_null)
		return tr_pgcopy_null(f, row, err);
	char type[TR_TYPE_TEXT];
	tr_err_set(err, TR_ERR_DATA, "column `%s` holds %s, which `%s` cannot hold", f->name, value,
		tr_type_format(f->type, type));
	tr_err_hint(err,
		"correct the row, set `special_values: null` for the dataset to write such values as "
		"null, or cast the column in a view, for example to text");
	return tr_err_at_row(err, NULL, f->name, NULL);
}

bool tr_pgcopy_malformed(const struct tr_pgcopy_field *f, const char *problem, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_TRANSIENT, "the COPY stream is broken: column `%s` %s", f->name, problem);
	tr_err_hint(err,
		"run again; if it happens again, the server or a proxy before it does not speak "
		"Postgres's binary COPY format for this type");
	return tr_err_at_row(err, NULL, f->name, NULL);
}

static bool wrong_length(const struct tr_pgcopy_field *f, uint32_t len, struct tr_err *err)
{
	char problem[64];
	snprintf(problem, sizeof problem, "has a value of %u bytes", len);
	return tr_pgcopy_malformed(f, problem, err);
}

static bool decode_bool(struct tr_pgcopy_field *f, int64_t row, const uint8_t *p, uint32_t len,
	struct tr_err *err)
{
	if (len != 1)
		return wrong_length(f, len, err);
	if (p[0] > 1)
		return tr_pgcopy_malformed(f, "has a bool that is neither 0 nor 1", err);
	if (p[0])
		tr_bit_set(f->column->data, row);
	else
		tr_bit_unset(f->column->data, row);
	return true;
}

static bool decode_2(struct tr_pgcopy_field *f, int64_t row, const uint8_t *p, uint32_t len,
	struct tr_err *err)
{
	if (len != 2)
		return wrong_length(f, len, err);
	((uint16_t *)(void *)f->column->data)[row] = tr_load_be16(p);
	return true;
}

static bool decode_4(struct tr_pgcopy_field *f, int64_t row, const uint8_t *p, uint32_t len,
	struct tr_err *err)
{
	if (len != 4)
		return wrong_length(f, len, err);
	((uint32_t *)(void *)f->column->data)[row] = tr_load_be32(p);
	return true;
}

static bool decode_8(struct tr_pgcopy_field *f, int64_t row, const uint8_t *p, uint32_t len,
	struct tr_err *err)
{
	if (len != 8)
		return wrong_length(f, len, err);
	((uint64_t *)(void *)f->column->data)[row] = tr_load_be64(p);
	return true;
}

static bool decode_oid(struct tr_pgcopy_field *f, int64_t row, const uint8_t *p, uint32_t len,
	struct tr_err *err)
{
	if (len != 4)
		return wrong_length(f, len, err);
	((int64_t *)(void *)f->column->data)[row] = tr_load_be32(p);
	return true;
}

static bool decode_date(struct tr_pgcopy_field *f, int64_t row, const uint8_t *p, uint32_t len,
	struct tr_err *err)
{
	if (len != 4)
		return wrong_length(f, len, err);
	int32_t days = (int32_t)tr_load_be32(p);
	if (days == INT32_MAX || days == INT32_MIN)
		return tr_pgcopy_special(f, row, days > 0 ? "infinity" : "-infinity", err);
	/* The server's own dates (4713 BC .. 5874897) all fit; INT32_MAX - 1 is the last that
	 * readers take for a day. */
	if (days >= INT32_MAX - EPOCH_DAYS)
		return tr_pgcopy_special(f, row, "a date after 5881580-07-10", err);
	((int32_t *)(void *)f->column->data)[row] = days + EPOCH_DAYS;
	return true;
}

static bool decode_timestamp(struct tr_pgcopy_field *f, int64_t row, const uint8_t *p, uint32_t len,
	struct tr_err *err)
{
	if (len != 8)
		return wrong_length(f, len, err);
	int64_t micros = (int64_t)tr_load_be64(p);
	if (micros == INT64_MAX || micros == INT64_MIN)
		return tr_pgcopy_special(f, row, micros > 0 ? "infinity" : "-infinity", err);
	/* INT64_MAX itself is DuckDB's infinity. The server's first timestamp is in 4713 BC, so
	 * there is no bound below. */
	if (micros >= INT64_MAX - EPOCH_US)
		return tr_pgcopy_special(f, row, "a time after 294247-01-10 04:00:54.775806", err);
	((int64_t *)(void *)f->column->data)[row] = micros + EPOCH_US;
	return true;
}

static bool decode_time(struct tr_pgcopy_field *f, int64_t row, const uint8_t *p, uint32_t len,
	struct tr_err *err)
{
	if (len != 8)
		return wrong_length(f, len, err);
	uint64_t micros = tr_load_be64(p);
	if (micros > (uint64_t)TR_DAY_US)
		return tr_pgcopy_malformed(f, "has a time of day outside 00:00 .. 24:00", err);
	((uint64_t *)(void *)f->column->data)[row] = micros;
	return true;
}

static bool decode_uuid(struct tr_pgcopy_field *f, int64_t row, const uint8_t *p, uint32_t len,
	struct tr_err *err)
{
	if (len != 16)
		return wrong_length(f, len, err);
	memcpy(f->column->data + (size_t)row * 16, p, 16);
	return true;
}

static bool decode_bytes(struct tr_pgcopy_field *f, int64_t row, const uint8_t *p, uint32_t len,
	struct tr_err *err)
{
	struct tr_column *c = f->column;
	if (len > c->bytes_cap - c->bytes && !tr_column_reserve_bytes(c, len, err))
		return false;
	if (len)
		memcpy(c->data + c->bytes, p, len);
	c->bytes += len;
	c->offsets[row + 1] = (int32_t)c->bytes;
	*f->text_bytes += len;
	return true;
}

static bool not_text(struct tr_pgcopy_field *f, const uint8_t *p, uint32_t len, size_t bad,
	struct tr_err *err)
{
	char bytes[16] = "";
	for (size_t i = bad, n = 0; i < len && i < bad + 4; i++, n += 3)
		snprintf(bytes + n, sizeof bytes - n, " %02X", p[i]);
	tr_err_set(err, TR_ERR_DATA, "column `%s` holds text that is not valid UTF-8", f->name);
	tr_err_detail(err, "the bytes%s at byte %zu of %u are not a character", bytes, bad + 1, len);
	tr_err_hint(err,
		"correct the row, or convert the column in a view, for example with "
		"convert_from(convert_to(...), 'LATIN1'); a SQL_ASCII database does not check its text");
	return tr_err_at_row(err, NULL, f->name, NULL);
}

static bool decode_text(struct tr_pgcopy_field *f, int64_t row, const uint8_t *p, uint32_t len,
	struct tr_err *err)
{
	size_t bad;
	if (!tr_utf8_is_text(p, len, &bad))
		return not_text(f, p, len, bad, err);
	return decode_bytes(f, row, p, len, err);
}

/* The server has checked the syntax; only an escape can be wrong (see json_syntax.h). */
static bool decode_json(struct tr_pgcopy_field *f, int64_t row, const uint8_t *p, uint32_t len,
	struct tr_err *err)
{
	size_t bad;
	if (!tr_utf8_is_text(p, len, &bad))
		return not_text(f, p, len, bad, err);
	if (f->type.kind == TR_JSON && len && memchr(p, '\\', len) && !tr_json_is_value(p, len, &bad))
		return tr_pgcopy_special(f, row, "JSON with one half of a surrogate pair", err);
	return decode_bytes(f, row, p, len, err);
}

static bool decode_jsonb(struct tr_pgcopy_field *f, int64_t row, const uint8_t *p, uint32_t len,
	struct tr_err *err)
{
	if (len < 1)
		return wrong_length(f, len, err);
	if (p[0] != 1)
		return tr_pgcopy_malformed(f, "has jsonb of an unknown version", err);
	return decode_text(f, row, p + 1, len - 1, err);
}

struct binding {
	tr_pgcopy_decode decode;
	enum tr_kind kinds[3];
	int n_kinds;
};

static const struct binding bindings[] = {
	[TR_PG_BOOL] = { decode_bool, { TR_BOOL }, 1 },
	[TR_PG_INT2] = { decode_2, { TR_INT16 }, 1 },
	[TR_PG_INT4] = { decode_4, { TR_INT32 }, 1 },
	[TR_PG_INT8] = { decode_8, { TR_INT64 }, 1 },
	[TR_PG_OID] = { decode_oid, { TR_INT64 }, 1 },
	[TR_PG_FLOAT4] = { decode_4, { TR_FLOAT }, 1 },
	[TR_PG_FLOAT8] = { decode_8, { TR_DOUBLE }, 1 },
	[TR_PG_NUMERIC] = { tr_pgcopy_numeric, { TR_DECIMAL }, 1 },
	[TR_PG_TEXT] = { decode_text, { TR_STRING }, 1 },
	[TR_PG_JSON] = { decode_json, { TR_JSON, TR_STRING }, 2 },
	[TR_PG_BYTEA] = { decode_bytes, { TR_BINARY }, 1 },
	[TR_PG_DATE] = { decode_date, { TR_DATE }, 1 },
	[TR_PG_TIMESTAMP] = { decode_timestamp, { TR_TIMESTAMP }, 1 },
	[TR_PG_TIMESTAMPTZ] = { decode_timestamp, { TR_TIMESTAMPTZ }, 1 },
	[TR_PG_TIME] = { decode_time, { TR_TIME }, 1 },
	[TR_PG_UUID] = { decode_uuid, { TR_UUID }, 1 },
	[TR_PG_JSONB] = { decode_jsonb, { TR_JSON, TR_STRING }, 2 },
};

tr_pgcopy_decode tr_pgcopy_bind(enum tr_pgcopy_wire wire, struct tr_type type)
{
	if ((size_t)wire >= sizeof bindings / sizeof bindings[0])
		return NULL;
	const struct binding *b = &bindings[wire];
	for (int i = 0; i < b->n_kinds; i++)
		if (b->kinds[i] == type.kind)
			return b->decode;
	return NULL;
}

static size_t format_uuid(const uint8_t *p, char *buf)
{
	size_t len = 0;
	for (int i = 0; i < 16; i++)
		len += (size_t)sprintf(buf + len, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			p[i]);
	return len;
}

static void describe_date(int32_t days, char *buf)
{
	if (days >= INT32_MAX - EPOCH_DAYS || days == INT32_MIN)
		strcpy(buf, days > 0 ? "infinity" : "-infinity");
	else
		tr_date_format(days + EPOCH_DAYS, buf);
}

static void describe_timestamp(int64_t micros, bool utc, char *buf)
{
	if (micros >= INT64_MAX - EPOCH_US || micros == INT64_MIN)
		strcpy(buf, micros > 0 ? "infinity" : "-infinity");
	else
		tr_timestamp_format(micros + EPOCH_US, utc, buf);
}

bool tr_pgcopy_describe(enum tr_pgcopy_wire wire, const void *bytes, size_t n, char *buf, size_t size)
{
	char text[256] = "";
	size_t bad;
	if (wire == TR_PG_BOOL && n == 1)
		strcpy(text, *(const uint8_t *)bytes ? "true" : "false");
	else if (wire == TR_PG_INT2 && n == 2)
		snprintf(text, sizeof text, "%d", (int16_t)tr_load_be16(bytes));
	else if (wire == TR_PG_INT4 && n == 4)
		snprintf(text, sizeof text, "%d", (int32_t)tr_load_be32(bytes));
	else if (wire == TR_PG_OID && n == 4)
		snprintf(text, sizeof text, "%u", tr_load_be32(bytes));
	else if (wire == TR_PG_INT8 && n == 8)
		snprintf(text, sizeof text, "%lld", (long long)tr_load_be64(bytes));
	else if (wire == TR_PG_DATE && n == 4)
		describe_date((int32_t)tr_load_be32(bytes), text);
	else if ((wire == TR_PG_TIMESTAMP || wire == TR_PG_TIMESTAMPTZ) && n == 8)
		describe_timestamp((int64_t)tr_load_be64(bytes), wire == TR_PG_TIMESTAMPTZ, text);
	else if (wire == TR_PG_UUID && n == 16)
		format_uuid(bytes, text);
	else if (wire == TR_PG_TEXT && n < sizeof text && tr_utf8_is_text(bytes, n, &bad))
		memcpy(text, bytes, n);
	else
		return false;
	tr_copy_text(buf, size, text);
	return true;
}
