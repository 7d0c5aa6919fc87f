/* What can be shown in Glue at all: at planning by the keys, before the commit by the values. */
#include <stdlib.h>
#include <string.h>

#include "lake/glue_table.h"

#define REASON_MAX 16384
#define NULL_NAME "__HIVE_DEFAULT_PARTITION__"

static bool is_timestamp(const struct tr_partition_key *key)
{
	return key->type.kind == TR_TIMESTAMP || key->type.kind == TR_TIMESTAMPTZ;
}

static bool refuse_timestamp(const struct tr_partition_key *key, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER,
		"`%s` can't be a partition column in Glue: engines cut timestamps there to "
		"milliseconds",
		key->name);
	return tr_err_hint(err, "partition by day(%s), month(%s) or hour(%s)", key->column, key->column,
		key->column);
}

bool tr_glue_columns_check(const struct tr_schema *columns, struct tr_err *err)
{
	for (size_t i = 0; i < columns->n; i++) {
		if (columns->fields[i].type.kind != TR_TIME)
			continue;
		tr_err_set(err, TR_ERR_USER,
			"`%s` can't be a column in Glue: no engine there has a type time",
			columns->fields[i].name);
		return tr_err_hint(err, "declare it `string`");
	}
	return true;
}

/* ---- before the commit ---- */

static bool refuse_value(const struct tr_manifest *m, const struct tr_partition_key *key, const char *value,
	const char *why, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_DATA, "the partition column `%s` of `%s` has the value `%s`, which %s",
		key->name, m->dataset, value, why);
	return tr_err_hint(err,
		"put another text in its place in the transform, or partition by another column");
}

bool tr_glue_values_check(const struct tr_manifest *m, struct tr_err *err)
{
	for (size_t k = 0; k < m->n_keys; k++) {
		if (is_timestamp(&m->keys[k]))
			return refuse_timestamp(&m->keys[k], err);
		for (size_t i = 0; i < m->n_files; i++) {
			const char *value = m->files[i].partition[k];
			if (!value)
				continue;
			if (!value[0] || strcmp(value, NULL_NAME) == 0)
				return refuse_value(m, &m->keys[k], value, "engines read as null", err);
			/* A sign: a year beyond 0 to 9999. */
			if (m->keys[k].type.kind == TR_DATE && !(value[0] >= '0' && value[0] <= '9'))
				return refuse_value(m, &m->keys[k], value, "engines can't read as a date",
					err);
		}
	}
	return true;
}

bool tr_glue_projection(const struct tr_manifest *m, bool *possible, char **reason, struct tr_err *err)
{
	struct tr_glue_parts parts;
	struct tr_glue_axes axes;
	*reason = NULL;
	if (!tr_glue_parts_find(m, &parts, err))
		return false;
	bool ok = tr_glue_axes_find(m, &parts, &axes, err);
	if (ok) {
		*possible = axes.possible;
		*reason = tr_str_take(&axes.reason, err);
		tr_glue_axes_clear(&axes);
	}
	tr_glue_parts_clear(&parts);
	return *reason != NULL;
}

/* ---- at planning ---- */

static bool stop(const struct tr_glue_table *table, const struct tr_partition_key *key, const char *why,
	bool null, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER,
		"`%s` can't be partitioned by `%s` in Glue with readers that never see two versions",
		table->dataset, key->name);
	tr_err_detail(err, "partition projection can't carry it: %s", why);
	return tr_err_hint(err,
		"%s or set `partitions: registered` (then a refresh is not atomic for readers)",
		null ? "declare the column `not_null: true`, partition by another one,"
		     : "partition by another column,");
}

/* A time that is a partition column is a text there. */
static bool check_times(const struct tr_schema *columns, const struct tr_partition_key *keys, size_t n_keys,
	struct tr_err *err)
{
	for (size_t i = 0; i < columns->n; i++) {
		const struct tr_schema one = { &columns->fields[i], 1, 1 };
		bool key = false;
		for (size_t k = 0; k < n_keys; k++)
			key = key || strcmp(keys[k].name, columns->fields[i].name) == 0;
		if (!key && !tr_glue_columns_check(&one, err))
			return false;
	}
	return true;
}

bool tr_glue_plan(const struct tr_glue_table *table, const struct tr_schema *columns,
	const struct tr_partition_key *keys, size_t n_keys, char **reason, struct tr_err *err)
{
	struct tr_str text;
	*reason = NULL;
	if (!check_times(columns, keys, n_keys, err))
		return false;
	tr_str_init(&text, REASON_MAX);
	for (size_t i = 0; i < n_keys; i++) {
		int column = tr_schema_find(columns, keys[i].column);
		const char *never = tr_glue_axis_never(&keys[i]);
		bool null = column < 0 || columns->fields[column].nullable;
		if (is_timestamp(&keys[i]))
			return refuse_timestamp(&keys[i], err);
		if (table->partitions == TR_GLUE_REGISTERED)
			continue;
		if (never)
			return stop(table, &keys[i], never, false, err);
		if (null)
			return stop(table, &keys[i], "its column may be null", true, err);
	}
	if (n_keys == 0)
		tr_str_add(&text, "one location: a refresh is atomic for readers");
	else if (table->partitions == TR_GLUE_REGISTERED)
		tr_str_add(&text,
			"registered partitions, as the configuration says: a refresh is not atomic for readers");
	else
		tr_str_add(&text,
			"partition projection: a refresh is atomic for readers; values that it can't carry stop the run "
			"before the commit");
	*reason = tr_str_take(&text, err);
	return *reason != NULL;
}
