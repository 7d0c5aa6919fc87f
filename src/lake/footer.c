#include "lake/footer.h"

#include <stdio.h>
#include <string.h>

/* A footer is some hundred bytes a column and row group. */
#define FOOTER_MAX ((size_t)256 << 20)
#define LENGTH_AND_MAGIC 8
/* Read first: most footers are in it, and every read of a store in S3 is a round trip. */
#define TAIL ((uint64_t)16 << 10)

static bool read_part(struct tr_store *store, const char *key, uint64_t offset, size_t n, struct tr_buf *out,
	struct tr_err *err)
{
	bool found = false;
	out->len = 0;
	if (!store->ops->get(store, key, offset, n, out, &found, err))
		return false;
	if (!found)
		return tr_err_set(err, TR_ERR_DATA, "the file %s is missing", key);
	if (out->len == n)
		return true;
	tr_err_set(err, TR_ERR_DATA, "the file %s became shorter while it was read", key);
	return tr_err_hint(err, "run it again, and look for what else writes to the lake");
}

bool tr_lake_footer(struct tr_store *store, const char *key, uint64_t bytes, const struct tr_schema *schema,
	bool foreign, struct tr_parquet_stats *stats, struct tr_err *err)
{
	struct tr_buf part;
	uint64_t length = 0, tail = bytes < TAIL ? bytes : TAIL;
	*stats = (struct tr_parquet_stats){ 0 };
	if (bytes < LENGTH_AND_MAGIC)
		return tr_err_set(err, TR_ERR_DATA, "the file %s is too short for a Parquet file", key);
	tr_buf_init(&part, FOOTER_MAX + LENGTH_AND_MAGIC);
	bool ok = read_part(store, key, bytes - tail, (size_t)tail, &part, err) &&
		tr_parquet_footer_length(part.data + tail - LENGTH_AND_MAGIC, bytes, &length, err);
	if (ok && (length > bytes - LENGTH_AND_MAGIC || length > FOOTER_MAX))
		ok = tr_err_set(err, TR_ERR_DATA, "the footer of %s has %llu bytes", key,
			(unsigned long long)length);
	if (ok && length + LENGTH_AND_MAGIC > tail) {
		tail = length + LENGTH_AND_MAGIC;
		ok = read_part(store, key, bytes - tail, (size_t)tail, &part, err);
	}
	ok = ok &&
		tr_parquet_footer_parse(part.data + tail - LENGTH_AND_MAGIC - length, (size_t)length, bytes,
			schema, foreign, stats, err);
	tr_buf_clear(&part);
	return ok;
}

static bool same_bound(const struct tr_bound *a, const struct tr_bound *b)
{
	return a->set == b->set &&
		(!a->set ||
			(a->exact == b->exact && a->len == b->len &&
				memcmp(a->bytes, b->bytes, a->len) == 0));
}

static void compare(const struct tr_schema *schema, const struct tr_manifest_file *file,
	const struct tr_parquet_stats *stats, char difference[TR_FOOTER_TEXT])
{
	difference[0] = '\0';
	if (stats->rows != file->rows || stats->row_groups != file->row_groups)
		snprintf(difference, TR_FOOTER_TEXT,
			"has %lld rows in %lld row groups, its manifest says %lld in %lld",
			(long long)stats->rows, (long long)stats->row_groups, (long long)file->rows,
			(long long)file->row_groups);
	for (size_t i = 0; i < schema->n && !difference[0]; i++) {
		const struct tr_field *field = &schema->fields[i];
		const struct tr_parquet_column_stats *column = &stats->columns[i];
		if (column->nulls != file->nulls[i])
			snprintf(difference, TR_FOOTER_TEXT,
				"has %lld nulls in column `%s`, its manifest says %lld",
				(long long)column->nulls, field->name, (long long)file->nulls[i]);
		else if (column->nulls && !field->nullable)
			snprintf(difference, TR_FOOTER_TEXT,
				"has %lld nulls in column `%s`, its manifest says that it has none",
				(long long)column->nulls, field->name);
		else if (!same_bound(&column->min, &file->min[i]) || !same_bound(&column->max, &file->max[i]))
			snprintf(difference, TR_FOOTER_TEXT,
				"has other bounds of column `%s` than its manifest says", field->name);
	}
}

bool tr_lake_footer_compare(struct tr_store *store, const struct tr_manifest *m,
	const struct tr_manifest_file *file, char difference[TR_FOOTER_TEXT], struct tr_err *err)
{
	struct tr_parquet_stats stats;
	bool ok = tr_lake_footer(store, file->path, file->bytes, &m->schema, m->engine != NULL, &stats, err);
	if (ok)
		compare(&m->schema, file, &stats, difference);
	tr_parquet_stats_clear(&stats);
	return ok;
}
