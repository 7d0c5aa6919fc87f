#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/project.h"
#include "cli/table.h"
#include "cli/units.h"

static const char *describe(const struct tr_manifest *m, char *buf, size_t size)
{
	if (strcmp(m->kind, "rollback") == 0)
		snprintf(buf, size, "rollback to %llu%s", (unsigned long long)m->rollback_of,
			m->expired ? ", expired" : "");
	else
		snprintf(buf, size, "%s%s", m->kind, m->expired ? ", expired" : "");
	return buf;
}

static int print_table(struct tr_cli *cli, const struct tr_manifest *items, size_t n)
{
	struct tr_table t;
	struct tr_err err = { 0 };
	tr_table_init(&t, (size_t)64 << 20);
	const char *const heads[] = { "version", "published", "kind", "rows", "size", "files", "snapshot",
		"LSN", "run" };
	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
		tr_table_column(&t, heads[i], NULL, i == 0 || (i >= 3 && i <= 5));
	for (size_t i = 0; i < n; i++) {
		const struct tr_manifest *m = &items[i];
		char text[128], when[TR_CLOCK_TEXT];
		tr_table_textf(&t, "%llu", (unsigned long long)m->version);
		tr_clock_iso(m->committed_us, when);
		tr_table_text(&t, when);
		tr_table_text(&t, describe(m, text, sizeof text));
		tr_table_text(&t, tr_units_count(m->rows, text));
		tr_table_text(&t, tr_units_bytes(m->bytes, text));
		tr_table_text(&t, tr_units_count((int64_t)m->n_files, text));
		tr_clock_iso(m->snapshot_us, when);
		tr_table_text(&t, when);
		tr_table_text(&t, m->snapshot_lsn);
		tr_table_text(&t, m->run_id);
	}
	bool ok = tr_table_print(&t, &cli->console, cli->console.out, 0, &err);
	tr_table_clear(&t);
	return ok ? 0 : tr_console_error(&cli->console, &err);
}

static int print_json(struct tr_cli *cli, const struct tr_manifest *items, size_t n)
{
	json_t *list = json_array();
	for (size_t i = 0; i < n; i++) {
		const struct tr_manifest *m = &items[i];
		char committed[TR_CLOCK_TEXT], snapshot[TR_CLOCK_TEXT];
		tr_clock_iso(m->committed_us, committed);
		tr_clock_iso(m->snapshot_us, snapshot);
		json_array_append_new(list,
			json_pack("{s:I, s:I, s:s, s:I, s:s, s:b, s:I, s:I, s:I, s:s, s:s, s:s, s:s}",
				"version", (json_int_t)m->version, "parent", (json_int_t)m->parent, "kind",
				m->kind, "rollback_of", (json_int_t)m->rollback_of, "run_id", m->run_id,
				"expired", m->expired, "rows", (json_int_t)m->rows, "bytes",
				(json_int_t)m->bytes, "files", (json_int_t)m->n_files, "committed", committed,
				"snapshot_time", snapshot, "snapshot_lsn",
				m->snapshot_lsn ? m->snapshot_lsn : "", "tailrace", m->tailrace));
	}
	return tr_project_print_json(cli, list);
}

int tr_cmd_history(struct tr_cli *cli, const struct tr_cli_args *args)
{
	struct tr_project_lake p;
	struct tr_err err = { 0 };
	struct tr_manifest *items = NULL;
	char **names = NULL;
	size_t n = 0, n_names = 0;
	int code = tr_project_lake(cli, tr_cli_value(args, "lake"), false, &p);
	if (code)
		return code;
	code = tr_project_published(cli, p.lake, args->positional, 1, &names, &n_names);
	if (!code &&
		!tr_lake_history(p.lake, names[0], (size_t)tr_cli_count(args, "limit", 20), &items, &n, &err))
		code = tr_console_error(&cli->console, &err);
	else if (!code)
		code = tr_cli_flag(args, "json") ? print_json(cli, items, n) : print_table(cli, items, n);
	for (size_t i = 0; i < n; i++)
		tr_manifest_clear(&items[i]);
	free(items);
	tr_names_free(names, n_names);
	tr_project_lake_clear(&p);
	return code;
}
