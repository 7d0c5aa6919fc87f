#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/each.h"
#include "lake/lake_key.h"
#include "lake/lake_lease.h"
#include "lake/lake_shown.h"
#include "lake/lake_versions.h"

#define DAY_US INT64_C(86400000000)

struct gc {
	const struct tr_lake *lake;
	const char *dataset;
	struct tr_gc_report *report;
	bool dry_run, forget_glue;
	int keep_versions;
	int64_t keep_us, grace_us, now_us;
	struct tr_store_list files, unfinished; /* of `<dataset>/` */
	struct tr_versions versions;
	pthread_mutex_t lock;    /* of named, while manifests are read side by side */
	struct tr_run_ids named; /* runs whose folders a spared version names */
	struct tr_run_ids given_up;
	struct tr_leases leases;
	const char **doomed; /* borrowed keys, gathered for one removal */
	size_t n_doomed, doomed_cap;
};

/* ---- what is spared ---- */

static bool name_version(struct gc *g, uint64_t number, struct tr_err *err)
{
	struct tr_manifest m;
	bool found;
	if (!tr_lake_read(g->lake, g->dataset, number, &m, &found, err))
		return false;
	bool ok = true;
	size_t start = strlen(g->dataset) + 1;
	pthread_mutex_lock(&g->lock);
	for (size_t i = 0; ok && i < m.n_files; i++) {
		char run_id[TR_RUN_ID_TEXT];
		size_t n = strcspn(m.files[i].path + start, "/");
		if (i > 0 && strncmp(m.files[i].path, m.files[i - 1].path, start + n + 1) == 0)
			continue;
		memcpy(run_id, m.files[i].path + start, n);
		run_id[n] = '\0';
		ok = tr_run_ids_add(&g->named, run_id, err);
	}
	pthread_mutex_unlock(&g->lock);
	tr_manifest_clear(&m);
	return ok;
}

/* Some of the versions, or of the runs, by their number in a list. */
struct some {
	struct gc *g;
	const uint64_t *numbers;
};

static bool each(struct gc *g, const uint64_t *numbers, size_t n, tr_each_fn fn, struct tr_err *err)
{
	struct some some = { g, numbers };
	return tr_each(n, g->lake->store->side_by_side, fn, &some, err);
}

static bool name_one(void *context, size_t i, struct tr_err *err)
{
	const struct some *some = context;
	return name_version(some->g, some->numbers[i], err);
}

/* When version i left retention by the policy; INT64_MAX: it has not. */
static int64_t left_retention(const struct gc *g, size_t i)
{
	const struct tr_version *v = g->versions.items;
	size_t keep = (size_t)g->keep_versions;
	if (g->versions.n - i <= keep)
		return INT64_MAX;
	int64_t by_count = v[i + keep].modified_us, by_age = v[i + 1].modified_us + g->keep_us;
	int64_t left = by_count > by_age ? by_count : by_age;
	return left <= g->now_us ? left : INT64_MAX;
}

static bool expire_one(void *context, size_t i, struct tr_err *err)
{
	const struct some *some = context;
	const struct gc *g = some->g;
	char key[TR_KEY_MAX], now[TR_CLOCK_TEXT + 1];
	tr_clock_iso(g->now_us, now);
	strcat(now, "\n");
	tr_lake_manifest_key(g->dataset, some->numbers[i], ".expired", key);
	return g->lake->store->ops->put(g->lake->store, key, now, strlen(now), err);
}

/* Name the files of what is retained or has left it lately; mark what has left. All
 * manifests are read before the first mark is made. */
static bool retain(struct gc *g, struct tr_err *err)
{
	if (!tr_lake_versions(g->lake, g->dataset, &g->versions, err))
		return false;
	size_t named = 0, left = 0;
	uint64_t *numbers = tr_calloc(g->versions.n, 2 * sizeof *numbers, err), *expiring = NULL;
	if (!numbers)
		return false;
	expiring = numbers + g->versions.n;
	for (size_t i = 0; i < g->versions.n; i++) {
		const struct tr_version *version = &g->versions.items[i];
		int64_t since = left_retention(g, i);
		if (since == INT64_MAX || g->now_us - since < g->grace_us)
			numbers[named++] = version->number;
		if (since != INT64_MAX && !version->expired)
			expiring[left++] = version->number;
	}
	bool ok = each(g, numbers, named, name_one, err);
	if (ok) {
		g->report->versions_expired += left;
		ok = g->dry_run || each(g, expiring, left, expire_one, err);
	}
	free(numbers);
	return ok;
}

static bool read_leases(struct gc *g, struct tr_err *err)
{
	tr_leases_clear(&g->leases);
	if (!tr_lake_leases(g->lake, g->dataset, &g->leases, err))
		return false;
	for (size_t i = 0; i < g->leases.n_holds; i++)
		if (!name_version(g, g->leases.holds[i], err))
			return false;
	return true;
}

static bool spared(const struct gc *g, const char *run_id)
{
	return tr_run_ids_has(&g->named, run_id) || tr_run_ids_has(&g->leases.live, run_id);
}

static bool give_up_listed(struct gc *g, const struct tr_store_list *list, struct tr_err *err)
{
	char run_id[TR_RUN_ID_TEXT], last[TR_RUN_ID_TEXT] = "";
	for (size_t i = 0; i < list->n; i++) {
		if (!tr_lake_run_of(list->items[i].key, g->dataset, run_id) || strcmp(run_id, last) == 0)
			continue;
		if (!spared(g, run_id) && !tr_run_ids_add(&g->given_up, run_id, err))
			return false;
		memcpy(last, run_id, sizeof last);
	}
	return true;
}

static bool condemn_one(void *context, size_t i, struct tr_err *err)
{
	const struct gc *g = ((const struct some *)context)->g;
	return tr_lake_condemn(g->lake, g->dataset, g->given_up.items[i], err);
}

static bool give_up(struct gc *g, struct tr_err *err)
{
	return give_up_listed(g, &g->files, err) && give_up_listed(g, &g->unfinished, err) &&
		(g->dry_run || each(g, NULL, g->given_up.n, condemn_one, err));
}

/* After the marks: whoever came to life, committed or is pointed at meanwhile is spared. */
static bool look_again(struct gc *g, struct tr_err *err)
{
	struct tr_versions later;
	uint64_t newest = g->versions.n ? g->versions.items[g->versions.n - 1].number : 0;
	if (!read_leases(g, err) || !tr_lake_versions(g->lake, g->dataset, &later, err))
		return false;
	bool ok = true;
	for (size_t i = 0; ok && i < later.n; i++)
		if (later.items[i].number > newest)
			ok = name_version(g, later.items[i].number, err);
	tr_versions_clear(&later);
	const struct tr_catalog *catalog = g->lake->catalog;
	return ok && (!catalog || catalog->ops->holds(catalog->self, g->lake, g->dataset, &g->named, err));
}

/* ---- removing ---- */

static bool remove_entry(struct gc *g, const struct tr_store_entry *entry, struct tr_err *err)
{
	if (!tr_array_grow((void **)&g->doomed, g->n_doomed, &g->doomed_cap, sizeof *g->doomed, err))
		return false;
	g->doomed[g->n_doomed++] = entry->key;
	size_t n = strlen(entry->key);
	if (n && entry->key[n - 1] != '/') {
		g->report->files_removed++;
		g->report->bytes_removed += entry->bytes;
	}
	return true;
}

/* What was gathered goes, in as few requests as the store has. */
static bool remove_doomed(struct gc *g, struct tr_err *err)
{
	struct tr_store *store = g->lake->store;
	size_t n = g->n_doomed;
	g->n_doomed = 0;
	return g->dry_run || n == 0 || store->ops->remove_many(store, g->doomed, n, err);
}

static bool remove_given_up(struct gc *g, struct tr_err *err)
{
	char run_id[TR_RUN_ID_TEXT];
	for (size_t i = 0; i < g->files.n; i++)
		if (tr_lake_run_of(g->files.items[i].key, g->dataset, run_id) && !spared(g, run_id) &&
			tr_run_ids_has(&g->given_up, run_id) && !remove_entry(g, &g->files.items[i], err))
			return false;
	return true;
}

/* A run that has committed and is over needs nothing that is unfinished any more: an upload whose
 * start was lost, and made again, stays behind in S3. */
static bool remove_unfinished(struct gc *g, struct tr_err *err)
{
	char run_id[TR_RUN_ID_TEXT];
	for (size_t i = 0; i < g->unfinished.n; i++)
		if (tr_lake_run_of(g->unfinished.items[i].key, g->dataset, run_id) &&
			!tr_run_ids_has(&g->leases.live, run_id) &&
			(tr_run_ids_has(&g->named, run_id) || tr_run_ids_has(&g->given_up, run_id)) &&
			!remove_entry(g, &g->unfinished.items[i], err))
			return false;
	return true;
}

/* Temporary files that belong to no run: of metadata, and of the view. */
static bool remove_old(struct gc *g, const struct tr_store_list *list, struct tr_err *err)
{
	char run_id[TR_RUN_ID_TEXT];
	for (size_t i = 0; i < list->n; i++) {
		const char *key = list->items[i].key, *name = strrchr(key, '/');
		bool old = g->now_us - list->items[i].modified_us >= (int64_t)TR_LEASE_LIFE_S * 1000000;
		if (old && name && strncmp(name, "/.tmp-", 6) == 0 &&
			!tr_lake_run_of(key, g->dataset, run_id) && !remove_entry(g, &list->items[i], err))
			return false;
	}
	return true;
}

static bool pardon_one(void *context, size_t i, struct tr_err *err)
{
	const struct gc *g = ((const struct some *)context)->g;
	const char *run_id = g->given_up.items[i];
	return !spared(g, run_id) || tr_lake_pardon(g->lake, g->dataset, run_id, err);
}

static bool forget_one(void *context, size_t i, struct tr_err *err)
{
	const struct gc *g = ((const struct some *)context)->g;
	const char *run_id = g->leases.known.items[i];
	return tr_run_ids_has(&g->leases.live, run_id) ||
		tr_lake_forget_run(g->lake, g->dataset, run_id, err);
}

/* Leases and marks of runs that are dead or were wrongly given up. */
static bool settle_runs(struct gc *g, struct tr_err *err)
{
	return g->dry_run ||
		(each(g, NULL, g->given_up.n, pardon_one, err) &&
			each(g, NULL, g->leases.known.n, forget_one, err));
}

static bool collect(struct gc *g, struct tr_err *err)
{
	struct tr_store *store = g->lake->store;
	char prefix[TR_KEY_MAX];
	struct tr_store_list meta;
	snprintf(prefix, sizeof prefix, "%s/", g->dataset);
	if (!tr_lake_check_shown(g->lake, g->dataset, g->forget_glue, g->dry_run, err) ||
		!store->ops->list(store, prefix, &g->files, err) ||
		!store->ops->unfinished(store, prefix, &g->unfinished, err) || !retain(g, err) ||
		!read_leases(g, err) || !give_up(g, err) || !look_again(g, err))
		return false;
	g->report->runs_live = g->leases.live.n;
	if (!remove_given_up(g, err) || !remove_unfinished(g, err) || !remove_old(g, &g->unfinished, err) ||
		!remove_doomed(g, err))
		return false;
	snprintf(prefix, sizeof prefix, TR_META "%s/", g->dataset);
	if (!store->ops->unfinished(store, prefix, &meta, err))
		return false;
	bool ok = remove_old(g, &meta, err) && remove_doomed(g, err);
	tr_store_list_clear(&meta);
	return ok && settle_runs(g, err);
}

bool tr_lake_gc(const struct tr_lake *lake, const char *dataset, const struct tr_gc_options *options,
	struct tr_gc_report *report, struct tr_err *err)
{
	*report = (struct tr_gc_report){ 0 };
	if (!tr_lake_name(dataset, err))
		return false;
	struct gc g = { .lake = lake,
		.dataset = dataset,
		.report = report,
		.dry_run = options->dry_run,
		.forget_glue = options->forget_glue,
		.keep_versions = options->keep_versions > 0 ? options->keep_versions
			: options->keep_versions            ? 1
							    : 10,
		.keep_us = (options->keep_days ? options->keep_days : 7) * DAY_US,
		.grace_us = options->grace_us ? options->grace_us : DAY_US,
		.now_us = tr_clock_wall_us() };
	if (g.keep_us < 0)
		g.keep_us = 0;
	pthread_mutex_init(&g.lock, NULL);
	bool ok = collect(&g, err);
	pthread_mutex_destroy(&g.lock);
	tr_store_list_clear(&g.files);
	tr_store_list_clear(&g.unfinished);
	tr_versions_clear(&g.versions);
	tr_run_ids_clear(&g.named);
	tr_run_ids_clear(&g.given_up);
	tr_leases_clear(&g.leases);
	free(g.doomed);
	return ok;
}
