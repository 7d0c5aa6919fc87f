#include "lake/lake_shown.h"

#include <stdio.h>
#include <string.h>

#include "lake/lake_key.h"

static void mark_key(const char *dataset, const char *database, char out[TR_KEY_MAX])
{
	snprintf(out, TR_KEY_MAX, TR_META "%s/glue/%s", dataset, database);
}

bool tr_lake_mark_shown(const struct tr_lake *lake, const char *dataset, const char *database,
	struct tr_err *err)
{
	char key[TR_KEY_MAX];
	mark_key(dataset, database, key);
	return lake->store->ops->put(lake->store, key, "\n", 1, err);
}

static bool not_asked(const char *dataset, const char *database, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER,
		"dataset `%s` has a Glue table in the database `%.255s`, which is not asked here what it shows",
		dataset, database);
	return tr_err_hint(err,
		"run gc with the configuration that has `catalog: glue` and `database: %.255s`; where that table is "
		"gone, `tailrace gc --forget-glue`; nothing of the dataset was removed",
		database);
}

bool tr_lake_check_shown(const struct tr_lake *lake, const char *dataset, bool forget, bool dry_run,
	struct tr_err *err)
{
	const struct tr_catalog *catalog = lake->catalog;
	const char *asked = catalog && catalog->ops->database ? catalog->ops->database(catalog->self) : NULL;
	char prefix[TR_KEY_MAX];
	struct tr_store_list marks;
	mark_key(dataset, "", prefix);
	if (!tr_lake_name(dataset, err) || !lake->store->ops->list(lake->store, prefix, &marks, err))
		return false;
	bool ok = true;
	for (size_t i = 0; ok && i < marks.n; i++) {
		const char *key = marks.items[i].key, *database = key + strlen(prefix);
		if (asked && strcmp(database, asked) == 0)
			continue;
		if (!forget)
			ok = not_asked(dataset, database, err);
		else
			ok = dry_run || lake->store->ops->remove(lake->store, key, err);
	}
	tr_store_list_clear(&marks);
	return ok;
}
