#include "lake/foreign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/each.h"
#include "base/hex.h"
#include "data/decimal.h"
#include "fmt/utf8.h"
#include "lake/footer.h"
#include "lake/lake_key.h"

/* Files read side by side before what they say is put into the manifest, in their order. */
#define BLOCK 64

#define NULL_FOLDER "__HIVE_DEFAULT_PARTITION__"

/* ---- folders ---- */

/* `1.5` of a decimal(3,2), as Trino names a folder, is `1.50`. */
static bool with_its_scale(struct tr_type type, char *value)
{
	char text[TR_DECIMAL_TEXT];
	tr_i128 unscaled;
	if (!tr_decimal_parse(value, strlen(value), type.scale, &unscaled))
		return false;
	tr_decimal_format(unscaled, type.scale, text);
	strcpy(value, text);
	return true;
}

/* The value as tailrace itself writes one of its type. */
static bool is_value(struct tr_type type, char *value)
{
	struct tr_bound bound;
	size_t bad;
	if (type.kind == TR_STRING)
		return tr_utf8_is_text(value, strlen(value), &bad);
	return (type.kind != TR_DECIMAL || with_its_scale(type, value)) &&
		tr_bound_parse(value, type, false, &bound);
}

bool tr_partition_unfold(const struct tr_partition_key *key, const char *folder, size_t len, char *out,
	bool *null)
{
	size_t name = strlen(key->name), n = 0;
	if (len <= name || memcmp(folder, key->name, name) != 0 || folder[name] != '=')
		return false;
	const char *p = folder + name + 1, *end = folder + len;
	*null = (size_t)(end - p) == sizeof NULL_FOLDER - 1 &&
		memcmp(p, NULL_FOLDER, sizeof NULL_FOLDER - 1) == 0;
	out[0] = '\0';
	if (*null)
		return true;
	while (p < end) {
		int high = *p == '%' && end - p > 2 ? tr_hex_digit(p[1]) : -1;
		int low = high >= 0 ? tr_hex_digit(p[2]) : -1;
		char c = low >= 0 ? (char)(high * 16 + low) : *p;
		p += low >= 0 ? 3 : 1;
		if (c == '\0' || n == TR_PARTITION_VALUE_MAX)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return is_value(key->type, out);
}

static bool bad_folder(const char *path, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_DATA, "the folders of %s do not name its partition", path);
	return tr_err_hint(err,
		"a partition's value must be one that its column's type has, written as tailrace writes it");
}

/* `dataset/run/k=v/.../name`: one folder a key. */
static bool read_partition(const struct tr_manifest *m, const char *path, size_t prefix,
	struct tr_manifest_file *file, struct tr_err *err)
{
	const char *p = path + prefix;
	for (size_t i = 0; i < m->n_keys; i++) {
		char value[TR_PARTITION_VALUE_MAX + 1];
		bool null;
		size_t len = strcspn(p, "/");
		if (p[len] != '/' || !tr_partition_unfold(&m->keys[i], p, len, value, &null))
			return bad_folder(path, err);
		if (!null && !(file->partition[i] = tr_strdup(value, err)))
			return false;
		p += len + 1;
	}
	return strchr(p, '/') ? bad_folder(path, err) : true;
}

/* ---- files ---- */

/* One way of storing a column is said of the whole version: engines write all files alike. */
static bool note_stored(struct tr_manifest *m, const struct tr_parquet_stats *stats, struct tr_err *err)
{
	for (size_t i = 0; i < m->schema.n; i++) {
		const char *stored = stats->columns[i].stored;
		if (!stored || (m->stored && m->stored[i]))
			continue;
		if (!m->stored && !(m->stored = tr_calloc(m->schema.n, sizeof *m->stored, err)))
			return false;
		if (!(m->stored[i] = tr_strdup(stored, err)))
			return false;
	}
	return true;
}

struct foreign {
	struct tr_parquet_stats stats;
	char checksum[TR_CHECKSUM_TEXT];
};

static bool fill_file(struct tr_manifest *m, const struct tr_store_entry *entry,
	const struct foreign *foreign, size_t prefix, struct tr_err *err)
{
	const struct tr_parquet_stats *stats = &foreign->stats;
	struct tr_manifest_file *file = tr_manifest_add_file(m, err);
	if (!file || !(file->path = tr_strdup(entry->key, err)) ||
		!read_partition(m, entry->key, prefix, file, err) || !note_stored(m, stats, err))
		return false;
	memcpy(file->checksum, foreign->checksum, sizeof file->checksum);
	tr_manifest_file_fill(file, stats);
	file->bytes = entry->bytes;
	m->rows += file->rows;
	m->bytes += file->bytes;
	return true;
}

struct block {
	struct tr_store *store;
	const struct tr_manifest *m;
	const struct tr_cancel *cancel;
	const struct tr_store_entry *entries;
	struct foreign files[BLOCK];
};

static bool read_foreign(void *context, size_t i, struct tr_err *err)
{
	struct block *b = context;
	struct tr_store *store = b->store;
	const struct tr_store_entry *entry = &b->entries[i];
	struct foreign *file = &b->files[i];
	if (tr_cancel_raised(b->cancel))
		return tr_cancel_err(err);
	if (!tr_lake_footer(store, entry->key, entry->bytes, &b->m->schema, true, &file->stats, err))
		return false;
	return file->stats.rows == 0 ? store->ops->remove(store, entry->key, err)
				     : store->ops->checksum(store, entry->key, file->checksum, err);
}

static bool adopt_block(struct block *b, struct tr_manifest *m, size_t n, size_t prefix, struct tr_err *err)
{
	memset(b->files, 0, sizeof b->files);
	bool ok = tr_each(n, b->store->side_by_side, read_foreign, b, err);
	for (size_t i = 0; ok && i < n; i++)
		ok = b->files[i].stats.rows == 0 || fill_file(m, &b->entries[i], &b->files[i], prefix, err);
	for (size_t i = 0; i < n; i++)
		tr_parquet_stats_clear(&b->files[i].stats);
	return ok;
}

static bool list_run(struct tr_store *store, const char *dataset, const char *run_id, char *prefix,
	struct tr_store_list *list, struct tr_err *err)
{
	snprintf(prefix, TR_KEY_MAX, "%s/%s/", dataset, run_id);
	return store->ops->list(store, prefix, list, err);
}

bool tr_lake_adopt_files(struct tr_store *store, struct tr_manifest *m, const struct tr_cancel *cancel,
	struct tr_err *err)
{
	char prefix[TR_KEY_MAX];
	struct tr_store_list list;
	if (!list_run(store, m->dataset, m->run_id, prefix, &list, err))
		return false;
	struct block *b = tr_calloc(1, sizeof *b, err);
	bool ok = b != NULL;
	for (size_t i = 0; ok && i < list.n; i += BLOCK) {
		size_t n = list.n - i < BLOCK ? list.n - i : BLOCK;
		b->store = store;
		b->m = m;
		b->cancel = cancel;
		b->entries = &list.items[i];
		ok = adopt_block(b, m, n, strlen(prefix), err);
	}
	free(b);
	tr_store_list_clear(&list);
	return ok;
}

void tr_lake_remove_run(struct tr_store *store, const char *dataset, const char *run_id)
{
	char prefix[TR_KEY_MAX];
	struct tr_store_list list;
	struct tr_err ignored = { 0 };
	if (!list_run(store, dataset, run_id, prefix, &list, &ignored))
		return;
	const char **keys = tr_calloc(list.n, sizeof *keys, &ignored);
	for (size_t i = 0; keys && i < list.n; i++)
		keys[i] = list.items[i].key;
	if (keys && list.n)
		(void)!store->ops->remove_many(store, keys, list.n, &ignored);
	free(keys);
	tr_store_list_clear(&list);
}
