#include "lake/partition.h"

#include <stdio.h>
#include <xxhash.h>

#include "data/datetime.h"
#include "data/value.h"

#define HOUR_US INT64_C(3600000000)
#define FOLDER_MAX 255 /* NAME_MAX of every file system worth the name */

bool tr_partition_allowed(struct tr_type type, enum tr_partition_transform transform)
{
	bool timestamp = type.kind == TR_TIMESTAMP || type.kind == TR_TIMESTAMPTZ;
	switch (transform) {
	case TR_PART_IDENTITY:
		return type.kind != TR_FLOAT && type.kind != TR_DOUBLE && type.kind != TR_BINARY &&
			type.kind != TR_JSON;
	case TR_PART_HOUR: return timestamp;
	default: return timestamp || type.kind == TR_DATE;
	}
}

/* ---- the raw image of a value ---- */

static int64_t read_i64(const struct tr_view *v, int64_t row)
{
	int64_t value;
	memcpy(&value, tr_view_fixed(v, row, 8), sizeof value);
	return value;
}

static int32_t read_i32(const struct tr_view *v, int64_t row)
{
	int32_t value;
	memcpy(&value, tr_view_fixed(v, row, 4), sizeof value);
	return value;
}

static int64_t day_of_date(const struct tr_view *v, int64_t row)
{
	return read_i32(v, row);
}

static int64_t day_of_micros(const struct tr_view *v, int64_t row)
{
	return tr_days_from_micros(read_i64(v, row));
}

static int64_t month_of_day(int64_t day)
{
	struct tr_civil c;
	tr_civil_from_days(day, &c);
	return c.year * 12 + c.month - 1;
}

static int64_t year_of_day(int64_t day)
{
	struct tr_civil c;
	tr_civil_from_days(day, &c);
	return c.year;
}

static int64_t hour_of_micros(const struct tr_view *v, int64_t row)
{
	int64_t micros = read_i64(v, row);
	return micros / HOUR_US - (micros % HOUR_US < 0);
}

/* A tag byte first: 0 null, 1 a value. */
#define IMAGE(name, ctype, expression)                                         \
	static size_t name(const struct tr_view *v, int64_t row, uint8_t *out) \
	{                                                                      \
		out[0] = !tr_view_is_null(v, row);                             \
		if (!out[0])                                                   \
			return 1;                                              \
		ctype value = expression;                                      \
		memcpy(out + 1, &value, sizeof value);                         \
		return 1 + sizeof value;                                       \
	}

IMAGE(image_bool, uint8_t, tr_view_bool(v, row))
IMAGE(image_i32, int32_t, read_i32(v, row))
IMAGE(image_i64, int64_t, read_i64(v, row))
IMAGE(image_date_year, int64_t, year_of_day(day_of_date(v, row)))
IMAGE(image_date_month, int64_t, month_of_day(day_of_date(v, row)))
IMAGE(image_year, int64_t, year_of_day(day_of_micros(v, row)))
IMAGE(image_month, int64_t, month_of_day(day_of_micros(v, row)))
IMAGE(image_day, int64_t, day_of_micros(v, row))
IMAGE(image_hour, int64_t, hour_of_micros(v, row))

static size_t image_fixed(const struct tr_view *v, int64_t row, uint8_t *out, uint32_t width)
{
	out[0] = !tr_view_is_null(v, row);
	if (!out[0])
		return 1;
	memcpy(out + 1, tr_view_fixed(v, row, width), width);
	return 1 + width;
}

static size_t image_i16(const struct tr_view *v, int64_t row, uint8_t *out)
{
	return image_fixed(v, row, out, 2);
}

static size_t image_16(const struct tr_view *v, int64_t row, uint8_t *out)
{
	return image_fixed(v, row, out, 16);
}

static size_t image_text(const struct tr_view *v, int64_t row, uint8_t *out)
{
	out[0] = !tr_view_is_null(v, row);
	if (!out[0])
		return 1;
	size_t len;
	const char *text = tr_view_bytes(v, row, &len);
	if (len >= TR_PARTITION_TEXT)
		return 0;
	uint16_t stored = (uint16_t)len;
	memcpy(out + 1, &stored, sizeof stored);
	memcpy(out + 1 + sizeof stored, text, len);
	return 1 + sizeof stored + len;
}

static tr_partition_image_fn *image_identity(struct tr_type type)
{
	switch (tr_type_width(type)) {
	case 2: return image_i16;
	case 4: return image_i32;
	case 8: return image_i64;
	case 16: return image_16;
	default: return type.kind == TR_BOOL ? image_bool : image_text;
	}
}

tr_partition_image_fn *tr_partition_image(struct tr_type type, enum tr_partition_transform transform)
{
	bool date = type.kind == TR_DATE;
	switch (transform) {
	case TR_PART_YEAR: return date ? image_date_year : image_year;
	case TR_PART_MONTH: return date ? image_date_month : image_month;
	case TR_PART_DAY: return date ? image_i32 : image_day;
	case TR_PART_HOUR: return image_hour;
	default: return image_identity(type);
	}
}

/* ---- its text ---- */

static bool format_text(const struct tr_partition_key *key, const struct tr_view *v, int64_t row, char *buf,
	struct tr_err *err)
{
	size_t len;
	const char *text = tr_view_bytes(v, row, &len);
	if (len >= TR_PARTITION_TEXT) {
		tr_err_set(err, TR_ERR_DATA, "a value of partition column `%s` has %zu bytes, more than %d",
			key->name, len, TR_PARTITION_TEXT - 1);
		tr_err_hint(err, "partition by a column with short values, or shorten it in the transform");
		return tr_err_at_row(err, NULL, key->column, NULL);
	}
	if (memchr(text, '\0', len)) {
		tr_err_set(err, TR_ERR_DATA, "a value of partition column `%s` contains a NUL byte",
			key->name);
		tr_err_hint(err, "partition by another column, or remove the byte in the transform");
		return tr_err_at_row(err, NULL, key->column, NULL);
	}
	memcpy(buf, text, len);
	buf[len] = '\0';
	return true;
}

static void format_fixed(const struct tr_view *v, struct tr_type type, int64_t row, char *buf)
{
	uint8_t bit = type.kind == TR_BOOL && tr_view_bool(v, row);
	const void *value = type.kind == TR_BOOL ? &bit : tr_view_fixed(v, row, tr_type_width(type));
	tr_value_text(type, value, buf);
}

static void format_calendar(enum tr_partition_transform transform, const struct tr_view *v,
	struct tr_type type, int64_t row, char *buf)
{
	int64_t day = type.kind == TR_DATE ? day_of_date(v, row) : day_of_micros(v, row);
	struct tr_civil c;
	tr_civil_from_days(day, &c);
	/* As tr_date_format: a sign where four digits are not enough. */
	bool sign = c.year < 0 || c.year > 9999;
	int n = snprintf(buf, TR_PARTITION_TEXT, sign ? "%+05lld" : "%04lld", (long long)c.year);
	char *rest = buf + n;
	size_t room = TR_PARTITION_TEXT - (size_t)n;
	if (transform == TR_PART_MONTH)
		snprintf(rest, room, "-%02d", c.month);
	else if (transform == TR_PART_DAY)
		snprintf(rest, room, "-%02d-%02d", c.month, c.day);
	else if (transform == TR_PART_HOUR)
		snprintf(rest, room, "-%02d-%02d-%02d", c.month, c.day,
			(int)(hour_of_micros(v, row) - day * 24));
}

bool tr_partition_value(const struct tr_partition_key *key, const struct tr_view *column, struct tr_type type,
	int64_t row, char *buf, bool *null, struct tr_err *err)
{
	buf[0] = '\0';
	if (!tr_partition_allowed(type, key->transform)) {
		char text[TR_TYPE_TEXT];
		tr_err_set(err, TR_ERR_USER, "`%s` cannot be partitioned by: its type is %s", key->column,
			tr_type_format(type, text));
		return tr_err_hint(err,
			"partition by a column of another type, or by day(...) of a timestamp");
	}
	*null = tr_view_is_null(column, row);
	if (*null)
		return true;
	if (key->transform != TR_PART_IDENTITY)
		format_calendar(key->transform, column, type, row, buf);
	else if (tr_type_is_bytes(type))
		return format_text(key, column, row, buf, err);
	else
		format_fixed(column, type, row, buf);
	return true;
}

/* ---- folder names ---- */

#define NULL_FOLDER "__HIVE_DEFAULT_PARTITION__"

/* Hive escapes these (org.apache.hadoop.hive.common.FileUtils), and control characters. */
static bool escaped(unsigned char c)
{
	return c < 0x20 || c == 0x7F || strchr("\"#%'*/:=?\\{}[]^", c) != NULL;
}

static size_t escape_char(unsigned char c, bool escape, char out[4])
{
	if (!escape) {
		out[0] = (char)c;
		return 1;
	}
	return (size_t)snprintf(out, 4, "%%%02X", c);
}

/* The first `room` bytes of the escaped value, ending between characters. Returns
 * whether that is all of it. */
static bool add_escaped(const char *value, size_t room, struct tr_str *out)
{
	/* A text that reads like NULL's folder must not become it. */
	bool clash = strcmp(value, NULL_FOLDER) == 0;
	size_t used = 0;
	while (*value) {
		char text[8 * 3];
		size_t n = 0;
		size_t bytes = 0;
		/* One character: its lead byte and the continuation bytes behind it. */
		do {
			unsigned char c = (unsigned char)value[bytes++];
			n += escape_char(c, escaped(c) || clash, text + n);
			clash = false;
		} while (((unsigned char)value[bytes] & 0xC0) == 0x80 && bytes < 4);
		if (used + n > room)
			return false;
		tr_str_addn(out, text, n);
		used += n;
		value += bytes;
	}
	return true;
}

static size_t escaped_len(const char *value)
{
	size_t n = 0;
	for (; *value; value++)
		n += escaped((unsigned char)*value) ? 3 : 1;
	return n;
}

void tr_partition_folder(const struct tr_partition_key *key, const char *value, bool null, struct tr_str *out)
{
	tr_str_add(out, key->name);
	tr_str_addc(out, '=');
	if (null) {
		tr_str_add(out, NULL_FOLDER);
		return;
	}
	size_t room = FOLDER_MAX - strlen(key->name) - 1;
	if (escaped_len(value) <= room) {
		add_escaped(value, room, out);
		return;
	}
	/* Too long for a folder's name: its beginning and its hash. No escaped text contains
	 * `%~`, and readers take the value from the manifest. */
	XXH128_hash_t hash = XXH3_128bits(value, strlen(value));
	add_escaped(value, room - 34, out);
	tr_str_addf(out, "%%~%016llx%016llx", (unsigned long long)hash.high64,
		(unsigned long long)hash.low64);
}
