#include "lake/glue_projection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/datetime.h"
#include "data/name.h"

#define REASON_MAX 16384
#define NUMBER_TEXT 32
#define PARAMETER_MAX (TR_NAME_MAX + 64)

/* ---- the partitions of a manifest ---- */

size_t tr_glue_folder_len(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? (size_t)(slash - path) + 1 : 0;
}

static int compare_values(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

static int compare_parts(const void *a, const void *b, void *context)
{
	const struct tr_manifest_file *x = *(const struct tr_manifest_file *const *)a;
	const struct tr_manifest_file *y = *(const struct tr_manifest_file *const *)b;
	size_t n_keys = *(const size_t *)context;
	for (size_t i = 0; i < n_keys; i++) {
		int order = compare_values(x->partition[i], y->partition[i]);
		if (order)
			return order;
	}
	return 0;
}

static bool same_folder(const char *a, const char *b)
{
	size_t n = tr_glue_folder_len(a);
	return n == tr_glue_folder_len(b) && memcmp(a, b, n) == 0;
}

bool tr_glue_parts_find(const struct tr_manifest *m, struct tr_glue_parts *out, struct tr_err *err)
{
	size_t n_keys = m->n_keys, n = 0;
	*out = (struct tr_glue_parts){ .items = tr_calloc(m->n_files, sizeof *out->items, err) };
	if (!out->items)
		return false;
	for (size_t i = 0; i < m->n_files; i++)
		out->items[i] = &m->files[i];
	qsort_r(out->items, m->n_files, sizeof *out->items, compare_parts, &n_keys);
	for (size_t i = 0; i < m->n_files; i++) {
		if (n == 0 || compare_parts(&out->items[n - 1], &out->items[i], &n_keys) != 0)
			out->items[n++] = out->items[i];
		else if (!same_folder(out->items[n - 1]->path, out->items[i]->path))
			out->split = out->items[i];
	}
	out->n = n;
	return true;
}

void tr_glue_parts_clear(struct tr_glue_parts *parts)
{
	free(parts->items);
	*parts = (struct tr_glue_parts){ 0 };
}

/* ---- what can be projected ---- */

static void impossible(struct tr_glue_axes *axes, const char *fmt, ...) TR_PRINTF(2, 3);

/* Not an error: the reason takes the place of what would be used. */
static void impossible(struct tr_glue_axes *axes, const char *fmt, ...)
{
	char text[512];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	tr_str_clear(&axes->reason);
	tr_str_init(&axes->reason, REASON_MAX);
	tr_str_add(&axes->reason, text);
	axes->possible = false;
}

const char *tr_glue_axis_never(const struct tr_partition_key *key)
{
	switch (key->type.kind) {
	case TR_STRING:
	case TR_UUID:
	case TR_INT32:
	case TR_INT64:
	case TR_DATE: return NULL;
	case TR_INT16: return "no engine projects smallint: make it int";
	case TR_TIME: return "times have `:` in them";
	default: return "only text, int, bigint, uuid and dates can be projected";
	}
}

static bool plain(const char *value)
{
	return value[0] &&
		value[strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")] ==
		'\0';
}

/* Move *at behind text, if it stands there. */
static bool skip(const char **at, const char *text, size_t n)
{
	if (strncmp(*at, text, n) != 0)
		return false;
	*at += n;
	return true;
}

/* Whether the folder is the one that the location template makes of these values. */
static bool follows_template(const struct tr_manifest *m, const struct tr_manifest_file *file,
	const char *run, size_t run_len)
{
	const char *at = file->path;
	bool follows = skip(&at, run, run_len);
	for (size_t i = 0; follows && i < m->n_keys; i++) {
		const char *name = m->keys[i].name, *value = file->partition[i];
		follows = skip(&at, name, strlen(name)) && skip(&at, "=", 1) &&
			skip(&at, value, strlen(value)) && skip(&at, "/", 1);
	}
	return follows && !strchr(at, '/');
}

static void check_value(const struct tr_partition_key *key, const char *value, struct tr_glue_axes *axes)
{
	char shown[64];
	if (!value) {
		impossible(axes, "`%s` is null in some rows, and projection has no null", key->name);
	} else if (!plain(value)) {
		tr_copy_text(shown, sizeof shown, value);
		impossible(axes,
			"`%s` has the value `%s`: only letters, digits, `.`, `_` and `-` can be projected",
			key->name, shown);
	}
}

/* `<dataset>/<run-id>/`, of which all files must be. */
static size_t run_len(const char *path)
{
	const char *run = strchr(path, '/');
	const char *end = run ? strchr(run + 1, '/') : NULL;
	return end ? (size_t)(end - path) + 1 : 0;
}

static void check_parts(const struct tr_manifest *m, const struct tr_glue_parts *parts,
	struct tr_glue_axes *axes)
{
	for (size_t i = 0; i < m->n_keys; i++) {
		const char *never = tr_glue_axis_never(&m->keys[i]);
		if (never && axes->possible)
			impossible(axes, "`%s`: %s", m->keys[i].name, never);
	}
	const char *first = parts->n ? parts->items[0]->path : "";
	const char *astray = parts->split ? parts->split->path : NULL;
	for (size_t i = 0; axes->possible && i < parts->n; i++) {
		for (size_t k = 0; axes->possible && k < m->n_keys; k++)
			check_value(&m->keys[k], parts->items[i]->partition[k], axes);
		if (axes->possible && !follows_template(m, parts->items[i], first, run_len(first)))
			astray = parts->items[i]->path;
	}
	if (axes->possible && astray)
		impossible(axes, "`%.300s` does not lie where a template would find it", astray);
}

/* ---- one key ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool find_values(const struct tr_glue_parts *parts, size_t k, struct tr_glue_axis *axis,
	struct tr_err *err)
{
	axis->values = tr_calloc(parts->n, sizeof *axis->values, err);
	if (!axis->values)
		return false;
	for (size_t i = 0; i < parts->n; i++)
		axis->values[i] = parts->items[i]->partition[k];
	qsort(axis->values, parts->n, sizeof *axis->values, by_text);
	for (size_t i = 0; i < parts->n; i++)
		if (axis->n == 0 || strcmp(axis->values[axis->n - 1], axis->values[i]) != 0)
			axis->values[axis->n++] = axis->values[i];
	return true;
}

static void format_point(enum tr_glue_axis_kind kind, int64_t point, char *buf)
{
	if (kind == TR_GLUE_INTEGER) {
		snprintf(buf, TR_DATETIME_TEXT, "%lld", (long long)point);
		return;
	}
	int64_t day = kind == TR_GLUE_DAYS ? point : point / 24 - (point % 24 < 0);
	size_t n = tr_date_format((int32_t)day, buf);
	if (kind == TR_GLUE_HOURS)
		snprintf(buf + n, TR_DATETIME_TEXT - n, "-%02d", (int)(point - day * 24));
}

/* Read a value; false where it would not be written the same way again. */
static bool read_point(enum tr_glue_axis_kind kind, const char *text, int64_t *out)
{
	char again[TR_DATETIME_TEXT];
	int year, month, day, hour = 0;
	if (kind == TR_GLUE_INTEGER) {
		char *end;
		long long value = strtoll(text, &end, 10);
		/* Trino counts in 32 bits, one step beyond the end. */
		if (*end || value < INT32_MIN || value > INT32_MAX)
			return false;
		*out = value;
	} else {
		int n = sscanf(text, kind == TR_GLUE_DAYS ? "%4d-%2d-%2d" : "%4d-%2d-%2d-%2d", &year, &month,
			&day, &hour);
		if (n != (kind == TR_GLUE_DAYS ? 3 : 4) || year < 1 || year > 9999 || month < 1 ||
			month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23)
			return false;
		*out = tr_days_from_civil(year, month, day) * (kind == TR_GLUE_DAYS ? 1 : 24) + hour;
	}
	format_point(kind, *out, again);
	return strcmp(text, again) == 0;
}

static int by_point(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static int64_t divisor(int64_t a, int64_t b)
{
	while (b) {
		int64_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

static uint64_t projected(const struct tr_glue_axis *axis)
{
	return axis->kind == TR_GLUE_ENUM ? axis->n : (uint64_t)((axis->high - axis->low) / axis->step) + 1;
}

/* The texts as points, sorted; false: a range can't hold one of them. */
static bool read_points(const struct tr_glue_axis *axis, int64_t *points, struct tr_glue_axes *axes)
{
	for (size_t i = 0; i < axis->n; i++)
		if (!read_point(axis->kind, axis->values[i], &points[i])) {
			impossible(axes, "`%s` has the value `%.60s`, which no range can hold",
				axis->key->name, axis->values[i]);
			return false;
		}
	qsort(points, axis->n, sizeof *points, by_point);
	return true;
}

static void set_range(struct tr_glue_axis *axis, const int64_t *points, struct tr_glue_axes *axes)
{
	axis->low = points[0];
	axis->high = points[axis->n - 1];
	for (size_t i = 1; i < axis->n; i++)
		axis->step = divisor(points[i] - points[i - 1], axis->step);
	if (axis->step == 0)
		axis->step = 1;
	/* A range of dates must be of two at least: the day after stays empty. */
	if (axis->kind != TR_GLUE_INTEGER && axis->low == axis->high)
		axis->high += axis->step;
	int64_t last = axis->kind == TR_GLUE_INTEGER ? INT32_MAX : tr_days_from_civil(10000, 1, 1);
	if (axis->high + axis->step > last * (axis->kind == TR_GLUE_HOURS ? 24 : 1))
		impossible(axes, "the values of `%s` reach too far for a range", axis->key->name);
	else if (projected(axis) > 2 * (uint64_t)axis->n)
		impossible(axes,
			"`%s` has %zu values with gaps between them: a range would name %llu, more than half of "
			"them empty",
			axis->key->name, axis->n, (unsigned long long)projected(axis));
}

static bool find_range(struct tr_glue_axis *axis, enum tr_glue_axis_kind kind, struct tr_glue_axes *axes,
	struct tr_err *err)
{
	axis->kind = kind;
	int64_t *points = tr_calloc(axis->n, sizeof *points, err);
	if (!points)
		return false;
	if (read_points(axis, points, axes))
		set_range(axis, points, axes);
	free(points);
	return true;
}

static bool find_axis(struct tr_glue_axis *axis, struct tr_glue_axes *axes, struct tr_err *err)
{
	const struct tr_partition_key *key = axis->key;
	if (key->type.kind == TR_INT32 || key->type.kind == TR_INT64)
		return find_range(axis, TR_GLUE_INTEGER, axes, err);
	if (key->type.kind == TR_DATE)
		return find_range(axis, TR_GLUE_DAYS, axes, err);
	size_t bytes = 0;
	for (size_t i = 0; i < axis->n; i++)
		bytes += strlen(axis->values[i]) + 1;
	axis->kind = TR_GLUE_ENUM;
	if (axis->n <= TR_GLUE_ENUM_MAX && bytes <= TR_GLUE_ENUM_BYTES_MAX)
		return true;
	if (key->transform == TR_PART_DAY)
		return find_range(axis, TR_GLUE_DAYS, axes, err);
	if (key->transform == TR_PART_HOUR)
		return find_range(axis, TR_GLUE_HOURS, axes, err);
	impossible(axes, "`%s` has %zu values in %zu bytes: at most %d in %d can be listed", key->name,
		axis->n, bytes, TR_GLUE_ENUM_MAX, TR_GLUE_ENUM_BYTES_MAX);
	return true;
}

/* ---- all keys ---- */

static void check_product(const struct tr_glue_parts *parts, struct tr_glue_axes *axes)
{
	uint64_t product = 1;
	for (size_t i = 0; i < axes->n; i++)
		if (__builtin_mul_overflow(product, projected(&axes->items[i]), &product))
			product = UINT64_MAX;
	bool sparse = product > TR_GLUE_PROJECTED_FREE && product / TR_GLUE_PROJECTED_TIMES > parts->n;
	if (product > TR_GLUE_PROJECTED_MAX || sparse)
		impossible(axes, "its %zu keys together would name %llu partitions, where %zu are published",
			axes->n, (unsigned long long)product, parts->n);
}

static void describe(const struct tr_glue_axis *axis, struct tr_str *out)
{
	static const char *const units[] = { "values", "numbers", "days", "hours" };
	char low[TR_DATETIME_TEXT], high[TR_DATETIME_TEXT];
	if (out->len)
		tr_str_add(out, "; ");
	if (axis->kind == TR_GLUE_ENUM) {
		tr_str_addf(out, "`%s`: enum of %zu value%s", axis->key->name, axis->n,
			axis->n == 1 ? "" : "s");
		return;
	}
	format_point(axis->kind, axis->low, low);
	format_point(axis->kind, axis->high, high);
	tr_str_addf(out, "`%s`: the %s from %s to %s", axis->key->name, units[axis->kind], low, high);
	if (axis->step != 1)
		tr_str_addf(out, ", every %lld", (long long)axis->step);
}

static bool find_axes(const struct tr_manifest *m, const struct tr_glue_parts *parts,
	struct tr_glue_axes *axes, struct tr_err *err)
{
	check_parts(m, parts, axes);
	if (!axes->possible)
		return true;
	if (parts->n == 0) {
		tr_str_add(&axes->reason, "no partition is published");
		return true;
	}
	axes->items = tr_calloc(m->n_keys, sizeof *axes->items, err);
	if (!axes->items)
		return false;
	for (size_t i = 0; axes->possible && i < m->n_keys; i++) {
		axes->items[axes->n++] = (struct tr_glue_axis){ .key = &m->keys[i] };
		if (!find_values(parts, i, &axes->items[i], err) || !find_axis(&axes->items[i], axes, err))
			return false;
	}
	if (axes->possible)
		check_product(parts, axes);
	for (size_t i = 0; axes->possible && i < axes->n; i++)
		describe(&axes->items[i], &axes->reason);
	return true;
}

bool tr_glue_axes_find(const struct tr_manifest *m, const struct tr_glue_parts *parts,
	struct tr_glue_axes *out, struct tr_err *err)
{
	*out = (struct tr_glue_axes){ .possible = true };
	tr_str_init(&out->reason, REASON_MAX);
	if (find_axes(m, parts, out, err) && tr_str_ok(&out->reason, err))
		return true;
	tr_glue_axes_clear(out);
	return false;
}

void tr_glue_axes_clear(struct tr_glue_axes *axes)
{
	for (size_t i = 0; i < axes->n; i++)
		free(axes->items[i].values);
	free(axes->items);
	tr_str_clear(&axes->reason);
	*axes = (struct tr_glue_axes){ 0 };
}

/* ---- parameters ---- */

static bool set(json_t *parameters, const char *name, const char *what, const char *value)
{
	char key[PARAMETER_MAX];
	snprintf(key, sizeof key, "projection.%s.%s", name, what);
	return json_object_set_new(parameters, key, json_string(value)) == 0;
}

static bool set_enum(const struct tr_glue_axis *axis, json_t *parameters)
{
	struct tr_str list;
	tr_str_init(&list, TR_GLUE_ENUM_BYTES_MAX + 1);
	for (size_t i = 0; i < axis->n; i++)
		tr_str_addf(&list, "%s%s", i ? "," : "", axis->values[i]);
	bool ok = !list.failed && set(parameters, axis->key->name, "type", "enum") &&
		set(parameters, axis->key->name, "values", list.ptr);
	tr_str_clear(&list);
	return ok;
}

static bool set_axis(const struct tr_glue_axis *axis, json_t *parameters)
{
	const char *name = axis->key->name;
	char low[TR_DATETIME_TEXT], high[TR_DATETIME_TEXT], range[2 * TR_DATETIME_TEXT], step[NUMBER_TEXT];
	if (axis->kind == TR_GLUE_ENUM)
		return set_enum(axis, parameters);
	format_point(axis->kind, axis->low, low);
	format_point(axis->kind, axis->high, high);
	snprintf(range, sizeof range, "%s,%s", low, high);
	snprintf(step, sizeof step, "%lld", (long long)axis->step);
	bool ok = set(parameters, name, "range", range) && set(parameters, name, "interval", step);
	if (axis->kind == TR_GLUE_INTEGER)
		return ok && set(parameters, name, "type", "integer");
	bool days = axis->kind == TR_GLUE_DAYS;
	return ok && set(parameters, name, "type", "date") &&
		set(parameters, name, "format", days ? "yyyy-MM-dd" : "yyyy-MM-dd-HH") &&
		set(parameters, name, "interval.unit", days ? "DAYS" : "HOURS");
}

bool tr_glue_axes_parameters(const struct tr_glue_axes *axes, const struct tr_manifest *m, const char *lake,
	json_t *parameters, struct tr_err *err)
{
	if (axes->n == 0)
		return true;
	struct tr_str template;
	const char *path = m->files[0].path;
	tr_str_init(&template, 4 * TR_KEY_MAX);
	tr_str_addf(&template, "%s/%.*s", lake, (int)run_len(path), path);
	for (size_t i = 0; i < axes->n; i++)
		tr_str_addf(&template, "%s=${%s}/", axes->items[i].key->name, axes->items[i].key->name);
	bool ok = tr_str_ok(&template, err);
	bool set_all = ok &&
		json_object_set_new(parameters, "projection.enabled", json_string("true")) == 0 &&
		json_object_set_new(parameters, "storage.location.template", json_string(template.ptr)) == 0;
	for (size_t i = 0; set_all && i < axes->n; i++)
		set_all = set_axis(&axes->items[i], parameters);
	tr_str_clear(&template);
	return ok && (set_all || tr_err_memory(err, 0));
}
