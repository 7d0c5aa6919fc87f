#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/each.h"
#include "data/name.h"
#include "lake/lake_key.h"
#include "lake/lake_versions.h"

#define JSON ".json"
#define EXPIRED ".expired"

static int by_number(const void *a, const void *b)
{
	uint64_t x = ((const struct tr_version *)a)->number, y = ((const struct tr_version *)b)->number;
	return (x > y) - (x < y);
}

static struct tr_version *find_version(struct tr_versions *versions, uint64_t number)
{
	struct tr_version key = { .number = number };
	return versions->n ? bsearch(&key, versions->items, versions->n, sizeof key, by_number) : NULL;
}

bool tr_lake_versions(const struct tr_lake *lake, const char *dataset, struct tr_versions *out,
	struct tr_err *err)
{
	char prefix[TR_KEY_MAX];
	struct tr_store_list list;
	*out = (struct tr_versions){ 0 };
	tr_lake_manifest_key(dataset, 0, "", prefix);
	strrchr(prefix, '/')[1] = '\0';
	if (!tr_lake_name(dataset, err) || !lake->store->ops->list(lake->store, prefix, &list, err))
		return false;
	out->items = tr_calloc(list.n, sizeof *out->items, err);
	/* Names have one width, so that the list is sorted by number. */
	for (size_t i = 0; out->items && i < list.n; i++) {
		uint64_t number = tr_lake_manifest_number(list.items[i].key, JSON);
		if (number)
			out->items[out->n++] =
				(struct tr_version){ number, list.items[i].modified_us, false };
	}
	for (size_t i = 0; out->items && i < list.n; i++) {
		struct tr_version *version =
			find_version(out, tr_lake_manifest_number(list.items[i].key, EXPIRED));
		if (version)
			version->expired = true;
	}
	tr_store_list_clear(&list);
	return out->items != NULL;
}

void tr_versions_clear(struct tr_versions *versions)
{
	free(versions->items);
	*versions = (struct tr_versions){ 0 };
}

bool tr_lake_version(const struct tr_lake *lake, const char *dataset, uint64_t *version, struct tr_err *err)
{
	struct tr_versions versions;
	*version = 0;
	if (!tr_lake_versions(lake, dataset, &versions, err))
		return false;
	if (versions.n)
		*version = versions.items[versions.n - 1].number;
	tr_versions_clear(&versions);
	return true;
}

bool tr_lake_read(const struct tr_lake *lake, const char *dataset, uint64_t version, struct tr_manifest *out,
	bool *found, struct tr_err *err)
{
	char key[TR_KEY_MAX];
	struct tr_buf text;
	tr_manifest_init(out);
	tr_buf_init(&text, TR_MANIFEST_BYTES_MAX);
	tr_lake_manifest_key(dataset, version, JSON, key);
	bool ok = lake->store->ops->get(lake->store, key, 0, SIZE_MAX, &text, found, err);
	if (ok && *found) {
		ok = tr_manifest_parse((const char *)text.data, text.len, out, err);
		if (ok && (strcmp(out->dataset, dataset) != 0 || out->version != version)) {
			tr_err_set(err, TR_ERR_INTERNAL,
				"the manifest of version %llu of `%s` says it is version %llu "
				"of `%s`",
				(unsigned long long)version, dataset, (unsigned long long)out->version,
				out->dataset);
			tr_err_hint(err, "someone has renamed or copied manifests by hand: put them back");
			tr_manifest_clear(out);
			ok = false;
		}
		if (!ok) {
			char place[TR_KEY_MAX + 256];
			snprintf(place, sizeof place, "%s/%s", lake->store->location, key);
			tr_err_at_file(err, place, err->place.line, err->place.column, NULL);
		}
	}
	tr_buf_clear(&text);
	return ok;
}

bool tr_lake_load(const struct tr_lake *lake, const char *dataset, uint64_t version, struct tr_manifest *out,
	bool *found, struct tr_err *err)
{
	struct tr_versions versions;
	tr_manifest_init(out);
	*found = false;
	if (!tr_lake_versions(lake, dataset, &versions, err))
		return false;
	if (version == 0 && versions.n)
		version = versions.items[versions.n - 1].number;
	const struct tr_version *entry = find_version(&versions, version);
	bool expired = entry && entry->expired;
	bool ok = !entry || tr_lake_read(lake, dataset, version, out, found, err);
	if (ok && *found)
		out->expired = expired;
	tr_versions_clear(&versions);
	return ok;
}

struct history {
	const struct tr_lake *lake;
	const char *dataset;
	const struct tr_versions *versions;
	struct tr_manifest *items; /* the newest first */
	bool *found;
};

static bool read_version(void *context, size_t i, struct tr_err *err)
{
	struct history *h = context;
	const struct tr_version *version = &h->versions->items[h->versions->n - 1 - i];
	if (!tr_lake_read(h->lake, h->dataset, version->number, &h->items[i], &h->found[i], err))
		return false;
	h->items[i].expired = version->expired;
	return true;
}

bool tr_lake_history(const struct tr_lake *lake, const char *dataset, size_t limit, struct tr_manifest **out,
	size_t *n, struct tr_err *err)
{
	struct tr_versions versions;
	*out = NULL;
	*n = 0;
	if (!tr_lake_versions(lake, dataset, &versions, err))
		return false;
	size_t count = limit && limit < versions.n ? limit : versions.n;
	struct history h = { lake, dataset, &versions, tr_calloc(count, sizeof *h.items, err),
		tr_calloc(count, sizeof *h.found, err) };
	bool ok = h.items && h.found;
	for (size_t i = 0; ok && i < count; i++)
		tr_manifest_init(&h.items[i]);
	if (ok) {
		ok = tr_each(count, lake->store->side_by_side, read_version, &h, err);
		for (size_t i = 0; i < count; i++) {
			if (ok && h.found[i])
				h.items[(*n)++] = h.items[i];
			else
				tr_manifest_clear(&h.items[i]);
		}
	}
	tr_versions_clear(&versions);
	free(h.found);
	if (ok)
		*out = h.items;
	else
		free(h.items);
	return ok;
}

/* The dataset of a key `_tailrace/<dataset>/...`, where `published` only of a manifest's;
 * false for any other key. */
static bool dataset_of(const char *key, bool published, char name[TR_NAME_MAX + 1])
{
	const char *start = key + strlen(TR_META), *end = strchr(start, '/');
	if (!end || end - start > TR_NAME_MAX)
		return false;
	if (published && (strncmp(end, "/manifests/", 11) != 0 || !tr_lake_manifest_number(key, JSON)))
		return false;
	memcpy(name, start, (size_t)(end - start));
	name[end - start] = '\0';
	return tr_name_is_dataset(name);
}

static bool list_datasets(const struct tr_lake *lake, bool published, char ***names, size_t *n,
	struct tr_err *err)
{
	struct tr_store_list list;
	size_t cap = 0;
	*names = NULL;
	*n = 0;
	if (!lake->store->ops->list(lake->store, TR_META, &list, err))
		return false;
	bool ok = true;
	for (size_t i = 0; ok && i < list.n; i++) {
		char name[TR_NAME_MAX + 1];
		if (!dataset_of(list.items[i].key, published, name) ||
			(*n && strcmp((*names)[*n - 1], name) == 0))
			continue;
		ok = tr_array_grow((void **)names, *n, &cap, sizeof **names, err) &&
			((*names)[*n] = tr_strdup(name, err)) != NULL;
		*n += ok;
	}
	tr_store_list_clear(&list);
	for (size_t i = 0; !ok && i < *n; i++)
		free((*names)[i]);
	if (!ok) {
		free(*names);
		*names = NULL;
		*n = 0;
	}
	return ok;
}

bool tr_lake_datasets(const struct tr_lake *lake, char ***names, size_t *n, struct tr_err *err)
{
	return list_datasets(lake, true, names, n, err);
}

bool tr_lake_known(const struct tr_lake *lake, char ***names, size_t *n, struct tr_err *err)
{
	return list_datasets(lake, false, names, n, err);
}
