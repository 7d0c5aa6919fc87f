#include "lake/catalog_glue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lake/glue_register.h"
#include "lake/lake_shown.h"
#include "lake/lake_versions.h"

/* Each conflict means that somebody else's update went through. */
#define ATTEMPTS 20

static const struct tr_glue_table *table_of(const struct tr_glue *glue, const char *dataset)
{
	for (size_t i = 0; i < glue->options.n_tables; i++)
		if (strcmp(glue->options.tables[i].dataset, dataset) == 0)
			return &glue->options.tables[i];
	return NULL;
}

static bool read_table(struct tr_glue *glue, const char *dataset, const char *lake, struct tr_glue_seen *out,
	struct tr_err *err)
{
	enum tr_glue_answer answer;
	json_t *reply = NULL;
	*out = (struct tr_glue_seen){ 0 };
	bool ok = tr_glue_call(glue, "GetTable", dataset, json_pack("{s:s}", "Name", dataset), &reply,
			  &answer, err) &&
		tr_glue_seen_read(answer == TR_GLUE_NOT_FOUND ? NULL : reply, dataset, lake, out, err);
	json_decref(reply);
	return ok;
}

/* May this table be changed? */
static bool allowed(const struct tr_glue *glue, const struct tr_glue_seen *seen, const char *dataset,
	bool adopt, struct tr_err *err)
{
	if (!seen->found || seen->ours || (adopt && seen->replaceable))
		return true;
	tr_err_set(err, TR_ERR_USER, "the Glue table `%s.%s` %s", glue->options.database, dataset, seen->why);
	if (!seen->replaceable)
		return tr_err_hint(err,
			"choose another `lake.database` or dataset name, or drop it in Glue; it was not touched");
	return tr_err_hint(err,
		"set `adopt: true` for the dataset to make it show this lake (its columns and location are "
		"replaced), or choose another `lake.database`; it was not touched");
}

/* ---- publishing ---- */

struct publishing {
	struct tr_glue *glue;
	const struct tr_lake *lake;
	const struct tr_glue_table *table;
	const char *dataset;
	char location[TR_KEY_MAX];
	const struct tr_manifest *m; /* the newest that was read */
	struct tr_manifest later;    /* where it is another than the caller's */
	struct tr_glue_seen seen;
	bool marked;  /* gc knows that there is a table */
	bool touched; /* partitions were changed: they must be looked at again before this ends */
	bool done;
};

/* Read after the table, so that the table can't be ahead of it. */
static bool read_newest(struct publishing *p, struct tr_err *err)
{
	uint64_t version;
	bool found;
	struct tr_manifest m;
	if (!tr_lake_version(p->lake, p->dataset, &version, err))
		return false;
	if (version <= p->m->version)
		return true;
	if (!tr_lake_load(p->lake, p->dataset, 0, &m, &found, err))
		return false;
	if (!found)
		return true;
	tr_manifest_clear(&p->later);
	p->later = m;
	p->m = &p->later;
	return true;
}

static bool ahead(const struct publishing *p, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER,
		"the Glue table `%s.%s` shows version %" PRIu64 ", but the newest in `%s` is %" PRIu64,
		p->glue->options.database, p->dataset, p->seen.version, p->location, p->m->version);
	tr_err_detail(err, "the table is of run %s, the lake's newest version of run %s",
		p->seen.run_id[0] ? p->seen.run_id : "unknown", p->m->run_id);
	return tr_err_hint(err,
		"was the lake emptied or restored from a copy? set `adopt: true` for the dataset to make the table "
		"show what is there, or drop the table in Glue (no file is lost)");
}

static bool send_table(struct publishing *p, const char *operation, json_t *input,
	enum tr_glue_answer *answer, struct tr_err *err)
{
	json_t *body = json_pack("{s:O}", "TableInput", input);
	if (body && p->seen.found &&
		(json_object_set_new(body, "VersionId", json_string(p->seen.version_id)) != 0 ||
			json_object_set_new(body, "SkipArchive", json_true()) != 0)) {
		json_decref(body);
		body = NULL;
	}
	if (tr_glue_call(p->glue, operation, p->dataset, body, NULL, answer, err))
		return true;
	if (p->seen.found && tr_glue_keys_differ(&p->seen, input))
		tr_err_hint(err,
			"the dataset has other partition columns now: where Glue refuses that, drop the table there "
			"(no file is lost) and publish again");
	return false;
}

static bool create_database(struct publishing *p, struct tr_err *err)
{
	enum tr_glue_answer answer;
	return tr_glue_call(p->glue, "CreateDatabase", p->dataset,
		json_pack("{s:{s:s, s:s}}", "DatabaseInput", "Name", p->glue->options.database, "Description",
			"made by tailrace"),
		NULL, &answer, err);
}

/* Create the table or replace what was seen; *won false: somebody else changed it meanwhile. */
static bool put_table(struct publishing *p, json_t *input, bool *won, struct tr_err *err)
{
	enum tr_glue_answer answer;
	*won = false;
	if (!p->seen.found) {
		if (!send_table(p, "CreateTable", input, &answer, err))
			return false;
		*won = answer == TR_GLUE_OK;
		/* There is no such database. */
		return answer != TR_GLUE_NOT_FOUND || create_database(p, err);
	}
	if (!p->seen.version_id[0]) {
		tr_err_set(err, TR_ERR_INTERNAL, "Glue gives no VersionId for `%s.%s`",
			p->glue->options.database, p->dataset);
		return tr_err_hint(err,
			"without it two writers can't be told apart: use AWS Glue, or a service "
			"that has it");
	}
	if (!send_table(p, "UpdateTable", input, &answer, err))
		return false;
	*won = answer == TR_GLUE_OK;
	return true;
}

/* ---- one location: unpartitioned, or by projection ---- */

/* Whether the table is still what this publishing made of it, as far as partitions matter. */
static bool still_newest(void *context, bool *still, struct tr_err *err)
{
	struct publishing *p = context;
	struct tr_glue_seen seen;
	if (!read_table(p->glue, p->dataset, p->location, &seen, err))
		return false;
	*still = seen.found && (seen.ours || p->table->adopt) &&
		(!seen.ours || (seen.version <= p->m->version && seen.mark <= p->m->version));
	tr_glue_seen_clear(&seen);
	return true;
}

static bool register_rows(struct publishing *p, const struct tr_manifest *m, json_t *columns, bool *moved,
	struct tr_err *err)
{
	struct tr_glue_registering r = { .glue = p->glue,
		.dataset = p->dataset,
		.lake = p->location,
		.still = still_newest,
		.context = p };
	bool ok = tr_glue_register(&r, m, columns, moved, err);
	p->touched = p->touched || r.touched;
	return ok;
}

static bool publish_location(struct publishing *p, json_t *input, struct tr_err *err)
{
	bool moved;
	if (!put_table(p, input, &p->done, err))
		return false;
	/* Partitions that were registered once are of no more use. They go after the table has
	 * stopped reading them; another writer that registers its own is not disturbed. */
	return !p->done || !p->seen.partitioned || register_rows(p, NULL, NULL, &moved, err);
}

/* ---- registered partitions ---- */

/* The table as it is, or where that can't hold the partitions (or is of a lake's past) as it will be,
 * with the mark: until
 * it is gone no writer of an older version can finish. */
static bool put_mark(struct publishing *p, json_t *input, bool *won, struct tr_err *err)
{
	json_t *marked = NULL;
	bool ahead_of_us = p->seen.version > p->m->version || p->seen.mark > p->m->version;
	bool differs = !p->seen.found || !p->seen.ours || ahead_of_us || tr_glue_keys_differ(&p->seen, input);
	if (differs)
		marked = tr_glue_copy(input);
	else if (!tr_glue_same(&p->seen, &marked, err))
		return false;
	if (!marked)
		return tr_err_memory(err, 0);
	bool ok = tr_glue_mark(marked, p->m->version, err) && put_table(p, marked, won, err);
	json_decref(marked);
	return ok;
}

static bool read_again(struct publishing *p, struct tr_err *err)
{
	tr_glue_seen_clear(&p->seen);
	return read_table(p->glue, p->dataset, p->location, &p->seen, err) &&
		allowed(p->glue, &p->seen, p->dataset, p->table->adopt, err);
}

static bool publish_registered(struct publishing *p, json_t *input, struct tr_err *err)
{
	bool won, moved = false;
	json_t *columns = json_object_get(json_object_get(input, "StorageDescriptor"), "Columns");
	/* Partitions of other keys can't stay beside those of the new ones. */
	if (p->seen.found && p->seen.partitioned && tr_glue_keys_differ(&p->seen, input) &&
		!register_rows(p, NULL, NULL, &moved, err))
		return false;
	if (moved)
		return true;
	if (!put_mark(p, input, &won, err) || !won)
		return err->kind == TR_ERR_NONE;
	if (!register_rows(p, p->m, columns, &moved, err))
		return false;
	if (moved)
		return true;
	if (!read_again(p, err))
		return false;
	if (!p->seen.found || p->seen.version > p->m->version || p->seen.mark > p->m->version)
		return true;
	return tr_glue_keep(&p->seen, input, err) && put_table(p, input, &p->done, err);
}

/* ---- the protocol ---- */

static bool is_shown(const struct publishing *p)
{
	const struct tr_glue_seen *s = &p->seen;
	return s->ours && s->version == p->m->version && strcmp(s->run_id, p->m->run_id) == 0 && !s->mark &&
		!p->touched;
}

static bool publish_once(struct publishing *p, struct tr_err *err)
{
	json_t *input;
	tr_glue_seen_clear(&p->seen);
	if (!read_table(p->glue, p->dataset, p->location, &p->seen, err) ||
		!allowed(p->glue, &p->seen, p->dataset, p->table->adopt, err) || !read_newest(p, err))
		return false;
	if (is_shown(p)) {
		p->done = true;
		return true;
	}
	if (p->seen.ours && p->seen.version > p->m->version && !p->table->adopt)
		return ahead(p, err);
	p->marked = p->marked || tr_lake_mark_shown(p->lake, p->dataset, p->glue->options.database, err);
	if (!p->marked || !tr_glue_table_input(p->m, p->table, p->location, &input, err))
		return false;
	bool registered = p->m->n_keys && p->table->partitions == TR_GLUE_REGISTERED;
	bool ok = (!p->seen.found || tr_glue_keep(&p->seen, input, err)) &&
		(registered ? publish_registered(p, input, err) : publish_location(p, input, err));
	json_decref(input);
	return ok;
}

static bool busy(const struct publishing *p, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_TRANSIENT, "the Glue table `%s.%s` was changed by others %d times meanwhile",
		p->glue->options.database, p->dataset, ATTEMPTS);
	return tr_err_hint(err, "look for what else writes to this table");
}

static bool glue_publish(void *self, const struct tr_lake *lake, const struct tr_manifest *newest,
	struct tr_err *err)
{
	const struct tr_glue_table defaults = { .dataset = newest->dataset };
	struct publishing p = { .glue = self, .lake = lake, .dataset = newest->dataset, .m = newest };
	p.table = table_of(p.glue, newest->dataset);
	if (!p.table)
		p.table = &defaults;
	if (!tr_glue_lake(lake->store->location, p.location, err))
		return false;
	tr_manifest_init(&p.later);
	bool ok = true;
	for (int i = 0; ok && !p.done && i < ATTEMPTS; i++) {
		if (i > 1)
			tr_glue_wait(i);
		ok = publish_once(&p, err);
	}
	if (ok && !p.done)
		ok = busy(&p, err);
	tr_glue_seen_clear(&p.seen);
	tr_manifest_clear(&p.later);
	return ok;
}

static bool glue_check(void *self, const struct tr_lake *lake, const struct tr_manifest *m,
	struct tr_err *err)
{
	const struct tr_glue_table defaults = { .dataset = m->dataset };
	const struct tr_glue_table *table = table_of(self, m->dataset);
	json_t *input;
	if (!tr_glue_table_input(m, table ? table : &defaults, lake->store->location, &input, err))
		return false;
	json_decref(input);
	return true;
}

/* ---- what gc spares ---- */

struct holding {
	const char *lake, *dataset;
	struct tr_run_ids *out;
};

static bool hold(void *context, const char *location, struct tr_err *err)
{
	const struct holding *h = context;
	char run_id[TR_RUN_ID_TEXT];
	return !tr_glue_run_of(location, h->lake, h->dataset, run_id) || tr_run_ids_has(h->out, run_id) ||
		tr_run_ids_add(h->out, run_id, err);
}

static bool glue_holds(void *self, const struct tr_lake *lake, const char *dataset, struct tr_run_ids *out,
	struct tr_err *err)
{
	char location[TR_KEY_MAX];
	struct tr_glue_seen seen;
	struct holding h = { location, dataset, out };
	if (!tr_glue_lake(lake->store->location, location, err) ||
		!read_table(self, dataset, location, &seen, err))
		return false;
	const char *at = json_string_value(
		json_object_get(json_object_get(seen.table, "StorageDescriptor"), "Location"));
	const char *template = json_string_value(
		json_object_get(json_object_get(seen.table, "Parameters"), "storage.location.template"));
	bool ok = (!at || hold(&h, at, err)) && (!template || hold(&h, template, err)) &&
		(!seen.partitioned || tr_glue_locations(self, dataset, hold, &h, err));
	tr_glue_seen_clear(&seen);
	return ok;
}

/* ---- what it shows ---- */

/* A version is never taken back: a table that is ahead of the lake, or of another run, shows a past of the
 * lake, before it was emptied or restored. The newest is read after the table. */
static bool look_for_past(const struct tr_lake *lake, const char *dataset, const struct tr_glue_seen *seen,
	const struct tr_glue_status *out, bool *past, struct tr_err *err)
{
	struct tr_manifest newest;
	bool found;
	*past = false;
	if (!seen->ours || seen->mark || out->shown < out->newest || !out->shown)
		return true;
	*past = out->shown > out->newest;
	if (*past)
		return true;
	if (!tr_lake_read(lake, dataset, out->newest, &newest, &found, err))
		return false;
	*past = found && strcmp(newest.run_id, seen->run_id) != 0;
	tr_manifest_clear(&newest);
	return true;
}

static void describe(const struct tr_glue_seen *seen, bool past, struct tr_glue_status *out)
{
	unsigned long long shown = out->shown, newest = out->newest;
	if (!seen->found) {
		out->state = TR_GLUE_ABSENT;
		snprintf(out->text, sizeof out->text,
			newest ? "Glue has no table yet, the newest version is %llu"
			       : "Glue has no table yet",
			newest);
	} else if (seen->mark) {
		out->state = TR_GLUE_REFRESHING;
		snprintf(out->text, sizeof out->text,
			"the partitions in Glue are being changed to version %" PRIu64
			", or were left so by a crash",
			seen->mark);
	} else if (past) {
		out->state = TR_GLUE_PAST;
		snprintf(out->text, sizeof out->text,
			shown > newest ? "Glue shows version %llu, the newest is %llu: drop the table or set "
					 "`adopt: true`, then run"
				       : "Glue shows version %llu of another run than the lake's: run again",
			shown, newest);
	} else {
		out->state = shown < newest ? TR_GLUE_BEHIND : TR_GLUE_CURRENT;
		snprintf(out->text, sizeof out->text,
			shown < newest ? "Glue shows version %llu, the newest is %llu"
				       : "Glue shows version %llu",
			shown, newest);
	}
}

bool tr_glue_examine(struct tr_glue *glue, const struct tr_lake *lake, const char *dataset,
	struct tr_glue_status *out, struct tr_err *err)
{
	char location[TR_KEY_MAX];
	struct tr_glue_seen seen;
	const struct tr_glue_table *table = table_of(glue, dataset);
	*out = (struct tr_glue_status){ 0 };
	if (!tr_glue_lake(lake->store->location, location, err) ||
		!read_table(glue, dataset, location, &seen, err))
		return false;
	bool past = false;
	out->shown = seen.ours ? seen.version : 0;
	bool ok = allowed(glue, &seen, dataset, table && table->adopt, err) &&
		tr_lake_version(lake, dataset, &out->newest, err) &&
		look_for_past(lake, dataset, &seen, out, &past, err);
	if (ok)
		describe(&seen, past, out);
	tr_glue_seen_clear(&seen);
	return ok;
}

static bool glue_examine(void *self, const struct tr_lake *lake, const char *dataset,
	struct tr_view_state *out, struct tr_err *err)
{
	struct tr_glue_status status;
	if (!tr_glue_examine(self, lake, dataset, &status, err))
		return false;
	out->behind = status.shown < status.newest || status.state == TR_GLUE_REFRESHING ||
		status.state == TR_GLUE_PAST;
	memcpy(out->text, status.text, sizeof out->text);
	return true;
}

/* ---- the catalog ---- */

static const char *glue_database(const void *self)
{
	return ((const struct tr_glue *)self)->options.database;
}

static const struct tr_catalog_ops glue_ops = { glue_publish, glue_holds, glue_check, glue_examine,
	glue_database };

/* Glue folds names to lower case: two spellings would be one database. */
static bool check_database(const char *name, struct tr_err *err)
{
	if (name && name[0] && strlen(name) <= 255 &&
		name[strcspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ \t\"'`;/")] == '\0')
		return true;
	tr_err_set(err, TR_ERR_USER, "`%.100s` can't be the name of a Glue database", name ? name : "");
	return tr_err_hint(err, "lower-case letters, digits and `_` are safe in every engine");
}

bool tr_glue_new(const struct tr_glue_options *options, struct tr_glue **out, struct tr_err *err)
{
	*out = NULL;
	if (!check_database(options->database, err))
		return false;
	struct tr_glue *glue = tr_calloc(1, sizeof *glue, err);
	if (!glue)
		return false;
	int failed = pthread_mutex_init(&glue->lock, NULL);
	if (failed) {
		free(glue);
		return tr_err_errno(err, failed, "cannot make a lock");
	}
	glue->options = *options;
	glue->catalog = (struct tr_catalog){ &glue_ops, glue };
	*out = glue;
	return true;
}

void tr_glue_free(struct tr_glue *glue)
{
	if (!glue)
		return;
	pthread_mutex_destroy(&glue->lock);
	free(glue->endpoint);
	free(glue);
}

const struct tr_catalog *tr_glue_catalog(struct tr_glue *glue)
{
	return &glue->catalog;
}
