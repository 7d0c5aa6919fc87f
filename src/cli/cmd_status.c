#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/each.h"
#include "cli/project.h"
#include "cli/table.h"
#include "cli/units.h"

/* The same columns, in another order: one that is published before one that the contract has first. */
static void describe_order(const struct tr_config_dataset *d, const struct tr_manifest *m, char *buf,
	size_t size)
{
	int last = -1;
	for (size_t i = 0; i < d->n_columns; i++) {
		int at = tr_schema_find(&m->schema, d->columns[i].name);
		if (at < 0)
			continue; /* an identity partition column stands in no file */
		if (at < last) {
			snprintf(buf, size, "order of columns changed");
			return;
		}
		last = at;
	}
}

/* How the configuration's contract differs from what is published, in a few words; empty:
 * it does not. A copy without `columns` follows its source and can't be compared here. */
static void describe_drift(const struct tr_config_dataset *d, const struct tr_manifest *m, char *buf,
	size_t size)
{
	buf[0] = '\0';
	if (d->n_partitions != m->n_keys) {
		snprintf(buf, size, "partitions changed");
		return;
	}
	for (size_t i = 0; i < m->n_keys; i++)
		if (strcmp(d->partitions[i].column, m->keys[i].column) != 0 ||
			d->partitions[i].transform != m->keys[i].transform) {
			snprintf(buf, size, "partitions changed");
			return;
		}
	for (size_t i = 0; i < d->n_columns; i++) {
		const struct tr_config_column *c = &d->columns[i];
		bool stripped = false; /* an identity partition column stands in no file */
		for (size_t k = 0; k < m->n_keys && !stripped; k++)
			stripped = strcmp(m->keys[k].name, c->name) == 0;
		int at = tr_schema_find(&m->schema, c->name);
		if (at < 0 && !stripped)
			snprintf(buf, size, "column %s is new", c->name);
		else if (at >= 0 && !tr_type_equal(m->schema.fields[at].type, c->type))
			snprintf(buf, size, "type of %s changed", c->name);
		else if (at >= 0 && m->schema.fields[at].nullable == c->not_null)
			snprintf(buf, size, "%s of %s changed", "nullability", c->name);
		if (buf[0])
			return;
	}
	for (size_t i = 0; d->n_columns && i < m->schema.n; i++) {
		bool there = false;
		for (size_t k = 0; k < d->n_columns && !there; k++)
			there = strcmp(d->columns[k].name, m->schema.fields[i].name) == 0;
		if (!there) {
			snprintf(buf, size, "column %s is gone", m->schema.fields[i].name);
			return;
		}
	}
	describe_order(d, m, buf, size);
}

/* What there is to say of the state, the first thing first. */
static const char *state_of(const struct tr_manifest *m, const char *drift, const struct tr_view_state *view)
{
	return drift[0]                            ? drift
		: view->behind                     ? view->text
		: strcmp(m->kind, "rollback") == 0 ? "rolled back"
						   : "ok";
}

/* A dataset that it was made of has a newer version by now; empty: none has. */
static void describe_sources(const struct tr_lake *lake, const struct tr_manifest *m, char *buf, size_t size)
{
	for (size_t i = 0; i < m->n_sources && !buf[0]; i++) {
		const struct tr_manifest_source *source = &m->sources[i];
		struct tr_err ignored = { 0 };
		uint64_t newest = 0;
		if (tr_lake_version(lake, source->dataset, &newest, &ignored) && newest > source->version)
			snprintf(buf, size, "%s has v%llu", source->dataset, (unsigned long long)newest);
	}
}

static void add_row(struct tr_table *t, const struct tr_manifest *m, const char *state, int64_t age)
{
	char text[TR_UNITS_TEXT], when[TR_CLOCK_TEXT];
	tr_table_text(t, m->dataset);
	tr_table_textf(t, "%llu", (unsigned long long)m->version);
	tr_table_text(t, tr_units_ago(age, text));
	tr_table_text(t, tr_units_count(m->rows, text));
	tr_table_text(t, tr_units_bytes(m->bytes, text));
	tr_clock_iso(m->snapshot_us, when);
	tr_table_text(t, when);
	tr_table_text(t, m->snapshot_lsn);
	tr_table_text(t, state);
}

static json_t *row_json(const struct tr_manifest *m, const char *drift, const struct tr_view_state *view,
	int64_t age)
{
	char committed[TR_CLOCK_TEXT], snapshot[TR_CLOCK_TEXT];
	tr_clock_iso(m->committed_us, committed);
	tr_clock_iso(m->snapshot_us, snapshot);
	return json_pack("{s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:I, s:s, s:b, s:s, s:s, s:b, s:o}",
		"dataset", m->dataset, "version", (json_int_t)m->version, "kind", m->kind, "run_id",
		m->run_id, "rows", (json_int_t)m->rows, "bytes", (json_int_t)m->bytes, "files",
		(json_int_t)m->n_files, "committed", committed, "snapshot_time", snapshot, "age_seconds",
		(json_int_t)age, "snapshot_lsn", m->snapshot_lsn ? m->snapshot_lsn : "", "standby",
		m->standby, "drift", drift, "view", view->text, "view_behind", view->behind, "from",
		tr_project_sources_json(m));
}

/* What is asked of the lake and its catalog about one dataset. */
struct looked {
	struct tr_manifest manifest;
	char sources[160];
	bool view_seen;
	struct tr_view_state view;
	struct tr_err view_err;
};

struct look {
	const struct tr_lake *lake;
	char **names;
	struct looked *items;
};

static bool look_at(void *context, size_t i, struct tr_err *err)
{
	const struct look *look = context;
	struct looked *item = &look->items[i];
	if (!tr_project_manifest(look->lake, look->names[i], 0, &item->manifest, err))
		return false;
	describe_sources(look->lake, &item->manifest, item->sources, sizeof item->sources);
	item->view_seen = tr_lake_view(look->lake, look->names[i], &item->view, &item->view_err);
	return true;
}

/* One a name (where there is none, the lake may be NULL), asked side by side; NULL: failed. */
static struct looked *look_at_all(const struct tr_lake *lake, char **names, size_t n, struct tr_err *err)
{
	struct look look = { lake, names, tr_calloc(n, sizeof *look.items, err) };
	for (size_t i = 0; look.items && i < n; i++)
		tr_manifest_init(&look.items[i].manifest);
	if (!look.items || n == 0 || tr_each(n, lake->store->side_by_side, look_at, &look, err))
		return look.items;
	for (size_t i = 0; i < n; i++)
		tr_manifest_clear(&look.items[i].manifest);
	free(look.items);
	return NULL;
}

/* A view that can't be looked at is a warning: what is published is known all the same. */
static void warn_of_view(struct tr_cli *cli, const char *dataset, struct looked *item)
{
	const struct tr_err *err = &item->view_err;
	if (item->view_seen)
		return;
	tr_console_warn(&cli->console, "%s: %s%s%s", dataset, err->what, err->hint[0] ? "; " : "", err->hint);
	item->view = (struct tr_view_state){ .behind = true, .text = "Glue: see the warning" };
}

static void describe(const struct tr_project_lake *p, const struct looked *item, char *drift, size_t size)
{
	const struct tr_manifest *m = &item->manifest;
	const struct tr_config_dataset *d = p->has_config ? tr_config_dataset(&p->config, m->dataset) : NULL;
	drift[0] = '\0';
	if (d)
		describe_drift(d, m, drift, size);
	else if (p->has_config)
		snprintf(drift, size, "not in the configuration");
	if (!drift[0])
		snprintf(drift, size, "%s", item->sources);
}

int tr_cmd_status(struct tr_cli *cli, const struct tr_cli_args *args)
{
	struct tr_project_lake p;
	struct tr_err err = { 0 };
	struct looked *items = NULL;
	char **names = NULL;
	size_t n = 0;
	bool json = tr_cli_flag(args, "json");
	int code = tr_project_lake(cli, tr_cli_value(args, "lake"), false, &p);
	if (code)
		return code;
	struct tr_table t;
	json_t *list = json_array();
	tr_table_init(&t, (size_t)64 << 20);
	const char *const heads[] = { "dataset", "version", "data from", "rows", "size", "snapshot", "LSN",
		"state" };
	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
		tr_table_column(&t, heads[i], NULL, i == 1 || i == 3 || i == 4);
	code = tr_project_published(cli, p.lake, args->positional, args->n, &names, &n);
	if (!code && !(items = look_at_all(p.lake, names, n, &err)))
		code = tr_console_error(&cli->console, &err);
	for (size_t i = 0; items && i < n; i++) {
		const struct tr_manifest *m = &items[i].manifest;
		char drift[256];
		int64_t age = (tr_clock_wall_us() - m->snapshot_us) / 1000000;
		describe(&p, &items[i], drift, sizeof drift);
		warn_of_view(cli, names[i], &items[i]);
		if (json)
			json_array_append_new(list, row_json(m, drift, &items[i].view, age));
		else
			add_row(&t, m, state_of(m, drift, &items[i].view), age);
		tr_manifest_clear(&items[i].manifest);
	}
	if (!code && json)
		code = tr_project_print_json(cli, json_incref(list));
	else if (!code && n == 0)
		tr_console_note(&cli->console, "nothing is published yet; `tailrace run` publishes");
	else if (!code && !tr_table_print(&t, &cli->console, cli->console.out, 0, &err))
		code = tr_console_error(&cli->console, &err);
	free(items);
	json_decref(list);
	tr_table_clear(&t);
	tr_names_free(names, n);
	tr_project_lake_clear(&p);
	return code;
}
