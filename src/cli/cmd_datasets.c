#include <stdlib.h>
#include <string.h>

#include "cli/project.h"
#include "cli/table.h"
#include "cli/units.h"

/* A dataset that is published, configured, or both. */
struct listed {
	const char *name;
	bool configured, published;
	struct tr_manifest manifest; /* where published */
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct listed *)a)->name, ((const struct listed *)b)->name);
}

static bool gather(const struct tr_project_lake *p, char **names, size_t n, bool with_manifests,
	struct listed **out, size_t *n_out, struct tr_err *err)
{
	size_t n_config = p->has_config ? p->config.n_datasets : 0;
	struct listed *items = tr_calloc(n + n_config + 1, sizeof *items, err);
	*out = items;
	*n_out = 0;
	if (!items)
		return false;
	struct tr_manifest *manifests = tr_calloc(n, sizeof *manifests, err);
	if (!manifests)
		return false;
	bool ok = !with_manifests || tr_project_manifests(p->lake, names, n, manifests, err);
	for (size_t i = 0; i < n; i++)
		items[(*n_out)++] = (struct listed){ .name = names[i],
			.published = true,
			.configured = p->has_config && tr_config_dataset(&p->config, names[i]),
			.manifest = manifests[i] };
	free(manifests);
	if (!ok)
		return false;
	for (size_t i = 0; i < n_config; i++) {
		bool there = false;
		for (size_t k = 0; k < n && !there; k++)
			there = strcmp(names[k], p->config.datasets[i].name) == 0;
		if (!there)
			items[(*n_out)++] =
				(struct listed){ .name = p->config.datasets[i].name, .configured = true };
	}
	qsort(items, *n_out, sizeof *items, by_name);
	return true;
}

static json_t *columns_json(const struct tr_manifest *m, struct tr_err *err)
{
	struct tr_schema schema;
	tr_schema_init(&schema);
	json_t *list = json_array();
	if (tr_manifest_columns(m, &schema, err)) {
		for (size_t i = 0; i < schema.n; i++) {
			const struct tr_field *f = &schema.fields[i];
			char type[TR_TYPE_TEXT];
			json_t *column = json_pack("{s:s, s:s, s:b, s:b}", "name", f->name, "type",
				tr_type_format(f->type, type), "nullable", f->nullable, "partition",
				i >= schema.n - m->n_keys);
			if (f->doc)
				json_object_set_new(column, "doc", json_string(f->doc));
			json_array_append_new(list, column);
		}
	}
	tr_schema_clear(&schema);
	return list;
}

static int print_json(struct tr_cli *cli, const struct listed *items, size_t n)
{
	struct tr_err err = { 0 };
	json_t *list = json_array();
	for (size_t i = 0; i < n; i++) {
		const struct listed *d = &items[i];
		json_t *o = json_pack("{s:s, s:b, s:b}", "dataset", d->name, "configured", d->configured,
			"published", d->published);
		if (d->published) {
			json_object_set_new(o, "version", json_integer((json_int_t)d->manifest.version));
			json_object_set_new(o, "rows", json_integer(d->manifest.rows));
			json_object_set_new(o, "bytes", json_integer((json_int_t)d->manifest.bytes));
			json_object_set_new(o, "files", json_integer((json_int_t)d->manifest.n_files));
			json_object_set_new(o, "from", tr_project_sources_json(&d->manifest));
			json_object_set_new(o, "columns", columns_json(&d->manifest, &err));
		}
		json_array_append_new(list, o);
	}
	if (err.kind == TR_ERR_NONE)
		return tr_project_print_json(cli, list);
	json_decref(list);
	return tr_console_error(&cli->console, &err);
}

/* `Postgres`, or the versions that it was made of. */
static void add_sources(struct tr_table *t, const struct tr_manifest *m)
{
	struct tr_str text;
	tr_str_init(&text, (size_t)1 << 16);
	for (size_t i = 0; i < m->n_sources; i++)
		tr_str_addf(&text, "%s%s v%llu", i ? ", " : "", m->sources[i].dataset,
			(unsigned long long)m->sources[i].version);
	tr_table_text(t, m->n_sources ? text.ptr : "Postgres");
	tr_str_clear(&text);
}

static int print_table(struct tr_cli *cli, const struct listed *items, size_t n)
{
	struct tr_err err = { 0 };
	struct tr_table t;
	char text[TR_UNITS_TEXT];
	tr_table_init(&t, (size_t)64 << 20);
	tr_table_column(&t, "dataset", NULL, false);
	tr_table_column(&t, "version", NULL, true);
	tr_table_column(&t, "rows", NULL, true);
	tr_table_column(&t, "size", NULL, true);
	tr_table_column(&t, "files", NULL, true);
	tr_table_column(&t, "columns", NULL, true);
	tr_table_column(&t, "from", NULL, false);
	tr_table_column(&t, "state", NULL, false);
	for (size_t i = 0; i < n; i++) {
		const struct listed *d = &items[i];
		tr_table_text(&t, d->name);
		if (!d->published) {
			for (int k = 0; k < 6; k++)
				tr_table_text(&t, "");
			tr_table_text(&t, "not published yet");
			continue;
		}
		tr_table_textf(&t, "%llu", (unsigned long long)d->manifest.version);
		tr_table_text(&t, tr_units_count(d->manifest.rows, text));
		tr_table_text(&t, tr_units_bytes(d->manifest.bytes, text));
		tr_table_text(&t, tr_units_count((int64_t)d->manifest.n_files, text));
		tr_table_textf(&t, "%zu", d->manifest.schema.n + d->manifest.n_keys);
		add_sources(&t, &d->manifest);
		tr_table_text(&t, "published");
	}
	bool ok = tr_table_print(&t, &cli->console, cli->console.out, 0, &err);
	tr_table_clear(&t);
	return ok ? 0 : tr_console_error(&cli->console, &err);
}

int tr_cmd_datasets(struct tr_cli *cli, const struct tr_cli_args *args)
{
	struct tr_project_lake p;
	struct tr_err err = { 0 };
	char **names = NULL;
	size_t n = 0, n_items = 0;
	struct listed *items = NULL;
	bool only_names = tr_cli_flag(args, "names");
	int code = tr_project_lake(cli, tr_cli_value(args, "lake"), true, &p);
	if (code)
		return code;
	if (p.house.store)
		code = tr_project_published(cli, p.lake, NULL, 0, &names, &n);
	if (code)
		goto out;
	if (!gather(&p, names, n, !only_names, &items, &n_items, &err))
		code = tr_console_error(&cli->console, &err);
	else if (only_names)
		for (size_t i = 0; i < n_items; i++)
			fprintf(cli->console.out, "%s\n", items[i].name);
	else if (tr_cli_flag(args, "json"))
		code = print_json(cli, items, n_items);
	else if (n_items == 0)
		tr_console_note(&cli->console, "no datasets yet; `tailrace run` publishes");
	else
		code = print_table(cli, items, n_items);
out:
	for (size_t i = 0; i < n_items; i++)
		if (items[i].published)
			tr_manifest_clear(&items[i].manifest);
	free(items);
	tr_names_free(names, n);
	tr_project_lake_clear(&p);
	return code;
}
