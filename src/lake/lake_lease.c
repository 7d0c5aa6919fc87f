#include "lake/lake_lease.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "lake/lake_key.h"
#include "fmt/json_text.h"

#define LEASE_MAX 4096
#define CONDEMNED ".condemned"

/* ---- sets of runs ---- */

bool tr_run_ids_has(const struct tr_run_ids *ids, const char *run_id)
{
	for (size_t i = 0; i < ids->n; i++)
		if (strcmp(ids->items[i], run_id) == 0)
			return true;
	return false;
}

bool tr_run_ids_add(struct tr_run_ids *ids, const char *run_id, struct tr_err *err)
{
	if (tr_run_ids_has(ids, run_id))
		return true;
	if (!tr_array_grow((void **)&ids->items, ids->n, &ids->cap, sizeof *ids->items, err))
		return false;
	tr_copy_text(ids->items[ids->n++], sizeof *ids->items, run_id);
	return true;
}

void tr_run_ids_clear(struct tr_run_ids *ids)
{
	free(ids->items);
	*ids = (struct tr_run_ids){ 0 };
}

/* ---- one lease ---- */

static char *lease_text(const char *run_id, uint64_t holds, struct tr_err *err)
{
	char now[TR_CLOCK_TEXT], host[256] = "";
	tr_clock_iso(tr_clock_wall_us(), now);
	gethostname(host, sizeof host - 1);
	/* A host's name is for people; one that is not text may be missing. */
	json_t *lease = json_pack("{s:s, s:s, s:i, s:I}", "run_id", run_id, "renewed", now, "pid",
		(int)getpid(), "holds", (json_int_t)holds);
	if (lease)
		(void)json_object_set_new(lease, "host", json_string(host));
	char *text = tr_json_text(lease, 0, err);
	json_decref(lease);
	return text;
}

bool tr_lake_lease_hold(const struct tr_lake *lake, const char *dataset, const char *run_id, uint64_t holds,
	struct tr_err *err)
{
	char key[TR_KEY_MAX];
	if (!tr_lake_name(dataset, err))
		return false;
	if (!tr_run_id_is(run_id))
		return tr_err_set(err, TR_ERR_INTERNAL, "`%.100s` is not a run id", run_id);
	char *text = lease_text(run_id, holds, err);
	if (!text)
		return false;
	tr_lake_run_key(dataset, run_id, "", key);
	bool ok = lake->store->ops->put(lake->store, key, text, strlen(text), err);
	free(text);
	if (!ok)
		return false;
	/* Only now, with the lease renewed, is it safe to look. */
	struct tr_buf mark;
	bool condemned;
	tr_buf_init(&mark, LEASE_MAX);
	tr_lake_run_key(dataset, run_id, CONDEMNED, key);
	ok = lake->store->ops->get(lake->store, key, 0, 1, &mark, &condemned, err);
	tr_buf_clear(&mark);
	if (ok && condemned) {
		tr_err_set(err, TR_ERR_TRANSIENT,
			"this run was silent for more than %d minutes, and `tailrace gc` has "
			"given it up; nothing of it is visible",
			TR_LEASE_LIFE_S / 60);
		tr_err_hint(err,
			"run it again; a machine that sleeps or hangs in between is the usual reason");
		ok = false;
	}
	return ok;
}

/* A server that ignores the condition of a put would let two runs publish over each other.
 * The lease is there: another put of its key must lose. Once it may win, should gc have taken
 * it for a dead one's just now. */
static bool check_conditional(const struct tr_lake *lake, const char *dataset, const char *run_id,
	struct tr_err *err)
{
	char key[TR_KEY_MAX];
	bool ok = true, won = true;
	char *text = lease_text(run_id, 0, err);
	if (!text)
		return false;
	tr_lake_run_key(dataset, run_id, "", key);
	for (int i = 0; ok && won && i < 2; i++)
		ok = lake->store->ops->put_if_absent(lake->store, key, text, strlen(text), &won, err);
	free(text);
	if (!ok || !won)
		return ok;
	tr_err_set(err, TR_ERR_USER,
		"the server of `%s` ignores If-None-Match: two runs could publish over each other",
		lake->store->location);
	return tr_err_hint(err,
		"versions are committed by conditional puts: use a server, or a newer release of "
		"it, that honours `If-None-Match: *`");
}

bool tr_lake_lease(const struct tr_lake *lake, const char *dataset, const char *run_id, struct tr_err *err)
{
	return tr_lake_lease_hold(lake, dataset, run_id, 0, err) &&
		(lake->store->local_root || check_conditional(lake, dataset, run_id, err));
}

void tr_lake_lease_end(const struct tr_lake *lake, const char *dataset, const char *run_id)
{
	char key[TR_KEY_MAX];
	struct tr_err ignored = { 0 };
	/* A lease that stays is only a dead one: gc removes it. */
	tr_lake_run_key(dataset, run_id, "", key);
	if (!lake->store->ops->remove(lake->store, key, &ignored))
		tr_err_clear(&ignored);
}

/* ---- all of a dataset ---- */

/* Seconds between clocks of machines that share a lake, at most, are far below a lease's
 * life; a lease of the future is live. */
static bool is_live(int64_t renewed_us)
{
	return tr_clock_wall_us() - renewed_us < (int64_t)TR_LEASE_LIFE_S * 1000000;
}

/* Whether the lease is live by the store's clock; what it holds. */
static bool read_lease(const struct tr_lake *lake, const char *key, uint64_t *holds, bool *found,
	struct tr_err *err)
{
	struct tr_buf text;
	tr_buf_init(&text, LEASE_MAX);
	*holds = 0;
	bool ok = lake->store->ops->get(lake->store, key, 0, LEASE_MAX, &text, found, err);
	json_t *lease = ok && *found ? json_loadb((const char *)text.data, text.len, 0, NULL) : NULL;
	const json_t *held = json_object_get(lease, "holds");
	if (json_is_integer(held) && json_integer_value(held) > 0)
		*holds = (uint64_t)json_integer_value(held);
	json_decref(lease);
	tr_buf_clear(&text);
	return ok;
}

static bool add_live(const struct tr_lake *lake, const struct tr_store_entry *entry, const char *run_id,
	struct tr_leases *out, struct tr_err *err)
{
	uint64_t holds;
	bool found;
	if (!tr_run_ids_add(&out->live, run_id, err) || !read_lease(lake, entry->key, &holds, &found, err))
		return false;
	if (!holds)
		return true;
	if (!tr_array_grow((void **)&out->holds, out->n_holds, &out->holds_cap, sizeof *out->holds, err))
		return false;
	out->holds[out->n_holds++] = holds;
	return true;
}

bool tr_lake_leases(const struct tr_lake *lake, const char *dataset, struct tr_leases *out,
	struct tr_err *err)
{
	char prefix[TR_KEY_MAX];
	struct tr_store_list list;
	*out = (struct tr_leases){ 0 };
	tr_lake_run_key(dataset, "", "", prefix);
	if (!lake->store->ops->list(lake->store, prefix, &list, err))
		return false;
	bool ok = true;
	for (size_t i = 0; ok && i < list.n; i++) {
		char run_id[TR_RUN_ID_TEXT];
		const char *name = list.items[i].key + strlen(prefix);
		size_t n = strcspn(name, ".");
		if (n == 0 || n > TR_RUN_ID_MAX)
			continue;
		memcpy(run_id, name, n);
		run_id[n] = '\0';
		if (!tr_run_id_is(run_id))
			continue;
		ok = tr_run_ids_add(&out->known, run_id, err);
		if (ok && name[n] == '\0' && is_live(list.items[i].modified_us))
			ok = add_live(lake, &list.items[i], run_id, out, err);
	}
	tr_store_list_clear(&list);
	if (!ok)
		tr_leases_clear(out);
	return ok;
}

void tr_leases_clear(struct tr_leases *leases)
{
	tr_run_ids_clear(&leases->live);
	tr_run_ids_clear(&leases->known);
	free(leases->holds);
	*leases = (struct tr_leases){ 0 };
}

bool tr_lake_condemn(const struct tr_lake *lake, const char *dataset, const char *run_id, struct tr_err *err)
{
	char key[TR_KEY_MAX];
	tr_lake_run_key(dataset, run_id, CONDEMNED, key);
	return lake->store->ops->put(lake->store, key, "\n", 1, err);
}

bool tr_lake_pardon(const struct tr_lake *lake, const char *dataset, const char *run_id, struct tr_err *err)
{
	char key[TR_KEY_MAX];
	tr_lake_run_key(dataset, run_id, CONDEMNED, key);
	return lake->store->ops->remove(lake->store, key, err);
}

bool tr_lake_forget_run(const struct tr_lake *lake, const char *dataset, const char *run_id,
	struct tr_err *err)
{
	char key[TR_KEY_MAX];
	tr_lake_run_key(dataset, run_id, "", key);
	return lake->store->ops->remove(lake->store, key, err) && tr_lake_pardon(lake, dataset, run_id, err);
}
