#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/each.h"
#include "lake/lake_commit.h"
#include "lake/lake_key.h"
#include "lake/lake_lease.h"
#include "lake/lake_versions.h"

static void step(const struct tr_publish_steps *steps, const char *name)
{
	if (steps && steps->step)
		steps->step(steps->context, name);
}

/* ---- the files against the manifest ---- */

static int by_path(const void *a, const void *b)
{
	return strcmp((*(const struct tr_manifest_file *const *)a)->path,
		(*(const struct tr_manifest_file *const *)b)->path);
}

static bool staged_wrong(struct tr_err *err, const char *path, const char *how)
{
	tr_err_set(err, TR_ERR_INTERNAL, "`%s` %s", path, how);
	return tr_err_hint(err,
		"run it again, and look for what else writes to or removes from the lake's folder; "
		"nothing was published");
}

static bool check_size(const struct tr_manifest_file *file, uint64_t bytes, struct tr_err *err)
{
	char how[160];
	if (bytes == file->bytes)
		return true;
	snprintf(how, sizeof how, "has %llu bytes where its manifest says %llu", (unsigned long long)bytes,
		(unsigned long long)file->bytes);
	return staged_wrong(err, file->path, how);
}

struct files {
	const struct tr_lake *lake;
	struct tr_manifest_file **items;
};

static bool check_sum(void *context, size_t i, struct tr_err *err)
{
	const struct files *files = context;
	const struct tr_manifest_file *file = files->items[i];
	struct tr_store *store = files->lake->store;
	char found[TR_CHECKSUM_TEXT];
	if (!store->ops->checksum(store, file->path, found, err))
		return false;
	return strcmp(found, file->checksum) == 0 ||
		staged_wrong(err, file->path,
			"has another checksum than its manifest says: its bytes have changed");
}

/* Go along listing and manifest, both sorted. `only`: the listing may hold nothing else. */
static bool compare_files(const struct tr_store_list *list, struct tr_manifest_file *const *files, size_t n,
	bool only, struct tr_err *err)
{
	for (size_t i = 0, k = 0; i < list->n || k < n;) {
		int order = i == list->n ? 1 : k == n ? -1 : strcmp(list->items[i].key, files[k]->path);
		if (order < 0 && only)
			return staged_wrong(err, list->items[i].key,
				"is not a file of this run, but would be read by "
				"whoever lists its folder");
		if (order > 0)
			return staged_wrong(err, files[k]->path, "is in the manifest but not in the lake");
		if (order == 0 && !check_size(files[k++], list->items[i].bytes, err))
			return false;
		i++;
	}
	return true;
}

static bool check_files(const struct tr_lake *lake, const struct tr_manifest *m, bool only,
	struct tr_err *err)
{
	char prefix[TR_KEY_MAX];
	struct tr_store_list list;
	struct tr_manifest_file **files = tr_calloc(m->n_files, sizeof *files, err);
	if (!files)
		return false;
	for (size_t i = 0; i < m->n_files; i++)
		files[i] = &m->files[i];
	qsort(files, m->n_files, sizeof *files, by_path);
	tr_lake_data_prefix(m->dataset, m->run_id, prefix);
	if (!only)
		strchr(prefix, '/')[1] = '\0';
	bool ok = lake->store->ops->list(lake->store, prefix, &list, err);
	if (ok) {
		struct files all = { lake, files };
		ok = compare_files(&list, files, m->n_files, only, err) &&
			tr_each(m->n_files, lake->store->side_by_side, check_sum, &all, err);
		tr_store_list_clear(&list);
	}
	free(files);
	return ok;
}

/* Looked at after the lease that holds the version was written. */
static bool check_held(const struct tr_lake *lake, const char *dataset, uint64_t version, struct tr_err *err)
{
	struct tr_versions versions;
	bool there = false;
	if (!tr_lake_versions(lake, dataset, &versions, err))
		return false;
	for (size_t i = 0; i < versions.n; i++)
		there = there || (versions.items[i].number == version && !versions.items[i].expired);
	tr_versions_clear(&versions);
	if (there)
		return true;
	tr_err_set(err, TR_ERR_USER, "version %llu of `%s` has expired", (unsigned long long)version,
		dataset);
	return tr_err_hint(err, "`tailrace history %s` lists the versions that are kept", dataset);
}

/* ---- the manifest ---- */

static bool lost_race(const struct tr_manifest *m, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_TRANSIENT,
		"version %llu was published meanwhile; nothing of this run is visible",
		(unsigned long long)m->version);
	return tr_err_hint(err, "another run of `%s` was faster: run it again if its data is still wanted",
		m->dataset);
}

/* After a put that failed or lost: whose manifest is there? A reply may have been lost,
 * and a put that was sent again finds its own first one. */
static bool settle(const struct tr_lake *lake, const struct tr_manifest *m, const struct tr_err *cause,
	bool *refused, struct tr_err *err)
{
	struct tr_manifest there;
	struct tr_err unread = { 0 };
	bool found;
	bool read = tr_lake_read(lake, m->dataset, m->version, &there, &found, &unread);
	bool ours = read && found && strcmp(there.run_id, m->run_id) == 0;
	tr_manifest_clear(&there);
	if (ours)
		return true;
	/* Only where another's is there can no late put of ours succeed. */
	*refused = read && found;
	if (read && (found || cause->kind == TR_ERR_NONE))
		return lost_race(m, err);
	if (read) {
		*err = *cause;
		return false;
	}
	tr_err_set(err, TR_ERR_TRANSIENT, "it is not known whether version %llu of `%s` was published",
		(unsigned long long)m->version, m->dataset);
	tr_err_detail(err, "%s (%s); reading it back: %s",
		cause->kind == TR_ERR_NONE ? "a manifest of this number is there" : cause->what,
		cause->detail, unread.what);
	return tr_err_hint(err, "`tailrace history %s` tells once the lake can be reached", m->dataset);
}

/* The manifest's text, once it has been shown to read back. */
static char *checked_text(struct tr_manifest *m, struct tr_err *err)
{
	struct tr_manifest again;
	char *text = tr_manifest_format(m, err);
	if (!text)
		return NULL;
	if (!tr_manifest_parse(text, strlen(text), &again, err)) {
		free(text);
		return NULL;
	}
	m->last_field_id = again.last_field_id;
	tr_manifest_clear(&again);
	return text;
}

static bool put_manifest(const struct tr_lake *lake, const struct tr_manifest *m, const char *text,
	bool *refused, struct tr_err *err)
{
	char key[TR_KEY_MAX];
	struct tr_err cause = { 0 };
	bool won;
	tr_lake_manifest_key(m->dataset, m->version, ".json", key);
	bool ok = lake->store->ops->put_if_absent(lake->store, key, text, strlen(text), &won, &cause);
	return (ok && won) || settle(lake, m, &cause, refused, err);
}

/* ---- the view ---- */

bool tr_lake_refresh_view(const struct tr_lake *lake, const char *dataset, struct tr_err *err)
{
	if (!lake->catalog)
		return true;
	/* Whoever changes the view last looks at the newest version after that: so the view
	 * ends at the newest however publishers interleave. */
	for (;;) {
		struct tr_manifest newest;
		bool found;
		uint64_t version;
		if (!tr_lake_load(lake, dataset, 0, &newest, &found, err))
			return false;
		uint64_t shown = newest.version;
		bool ok = !found || lake->catalog->ops->publish(lake->catalog->self, lake, &newest, err);
		tr_manifest_clear(&newest);
		if (!ok || !found)
			return ok;
		if (!tr_lake_version(lake, dataset, &version, err))
			return false;
		if (version <= shown)
			return true;
	}
}

static bool check_view(const struct tr_lake *lake, const struct tr_manifest *m, struct tr_err *err)
{
	const struct tr_catalog *catalog = lake->catalog;
	return !catalog || !catalog->ops->check || catalog->ops->check(catalog->self, lake, m, err);
}

bool tr_lake_view(const struct tr_lake *lake, const char *dataset, struct tr_view_state *out,
	struct tr_err *err)
{
	const struct tr_catalog *catalog = lake->catalog;
	*out = (struct tr_view_state){ 0 };
	return !catalog || !catalog->ops->examine ||
		catalog->ops->examine(catalog->self, lake, dataset, out, err);
}

static void follow_view(const struct tr_lake *lake, const struct tr_manifest *m)
{
	struct tr_err err = { 0 };
	if (tr_lake_refresh_view(lake, m->dataset, &err))
		return;
	/* What the user has to change stands in the hint. */
	const char *repairs = err.kind == TR_ERR_USER ? "then the next run or rollback repairs it"
						      : "the next run or rollback repairs it";
	tr_emit_text(lake->events, TR_EVENT_WARNING, m->dataset,
		"version %llu is published, but its view is not up to date: %s%s%s%s%s%s; %s",
		(unsigned long long)m->version, err.what, err.detail[0] ? " (" : "", err.detail,
		err.detail[0] ? ")" : "", err.hint[0] ? "; " : "", err.hint, repairs);
}

/* ---- commit ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A manifest may name only what a crash can't take back. */
static bool settle_files(const struct tr_lake *lake, const struct tr_manifest *m, struct tr_err *err)
{
	const char **keys = tr_calloc(m->n_files, sizeof *keys, err);
	if (!keys)
		return false;
	for (size_t i = 0; i < m->n_files; i++)
		keys[i] = m->files[i].path;
	qsort(keys, m->n_files, sizeof *keys, by_text);
	bool ok = lake->store->ops->settle(lake->store, keys, m->n_files, err);
	free(keys);
	return ok;
}

static bool fill(struct tr_manifest *m, struct tr_err *err)
{
	if (m->parent >= INT64_MAX)
		return tr_err_set(err, TR_ERR_INTERNAL, "version %llu can have no successor",
			(unsigned long long)m->parent);
	m->version = m->parent + 1;
	m->committed_us = tr_clock_wall_us();
	if (!m->kind && !(m->kind = tr_strdup("run", err)))
		return false;
	return m->tailrace || (m->tailrace = tr_strdup(TR_VERSION, err));
}

bool tr_lake_commit_held(const struct tr_lake *lake, struct tr_manifest *m, uint64_t holds,
	const struct tr_publish_steps *steps, bool *refused, struct tr_err *err)
{
	*refused = true;
	if (!fill(m, err))
		return false;
	/* The text is checked first: names and paths in it become keys. */
	char *text = checked_text(m, err);
	if (!text)
		return false;
	step(steps, "lease");
	bool ok = check_view(lake, m, err) && tr_lake_lease_hold(lake, m->dataset, m->run_id, holds, err);
	if (ok)
		step(steps, "check");
	ok = ok && (!holds || check_held(lake, m->dataset, holds, err)) && check_files(lake, m, !holds, err);
	if (ok)
		step(steps, "settle");
	ok = ok && (holds || settle_files(lake, m, err));
	if (ok)
		step(steps, "manifest");
	ok = ok && put_manifest(lake, m, text, refused, err);
	free(text);
	if (!ok)
		return false;
	*refused = false;
	step(steps, "view");
	follow_view(lake, m);
	step(steps, "done");
	tr_lake_lease_end(lake, m->dataset, m->run_id);
	return true;
}

bool tr_lake_commit(const struct tr_lake *lake, struct tr_manifest *m, const struct tr_publish_steps *steps,
	bool *refused, struct tr_err *err)
{
	bool ignored;
	return tr_lake_commit_held(lake, m, 0, steps, refused ? refused : &ignored, err);
}
