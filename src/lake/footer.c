#include "lake/footer.h"

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
