#include <stdlib.h>
#include <string.h>

#include "cli/project.h"
#include "cli/units.h"

/* Retention where there is no configuration. */
#define VERSIONS 10
#define DAYS 7

static void print_report(struct tr_cli *cli, const char *dataset, const struct tr_gc_report *r, bool dry_run)
{
	char bytes[TR_UNITS_TEXT];
	fprintf(cli->console.out, "%s: %zu file%s (%s) %s, %zu version%s %s", dataset, r->files_removed,
		r->files_removed == 1 ? "" : "s", tr_units_bytes(r->bytes_removed, bytes),
		dry_run ? "would be removed" : "removed", r->versions_expired,
		r->versions_expired == 1 ? "" : "s", dry_run ? "would expire" : "expired");
	if (r->runs_live)
		fprintf(cli->console.out, "; %zu live run%s spared", r->runs_live,
			r->runs_live == 1 ? "" : "s");
	putc('\n', cli->console.out);
}

static bool is_known(char *const *known, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(known[i], name) == 0)
			return true;
	return false;
}

/* The datasets named, or all: also those of which only an unfinished run is there. */
static int datasets_to_collect(struct tr_cli *cli, const struct tr_lake *lake, const struct tr_cli_args *args,
	char ***names, size_t *n)
{
	struct tr_err err = { 0 };
	char **known = NULL;
	size_t n_known = 0, kept = 0;
	if (!tr_lake_known(lake, &known, &n_known, &err))
		return tr_console_error(&cli->console, &err);
	for (size_t i = 0; i < args->n; i++)
		if (!is_known(known, n_known, args->positional[i])) {
			tr_names_free(known, n_known);
			return tr_project_published(cli, lake, args->positional, args->n, names, n);
		}
	for (size_t i = 0; i < n_known; i++) {
		if (args->n == 0 || is_known((char *const *)(uintptr_t)args->positional, args->n, known[i]))
			known[kept++] = known[i];
		else
			free(known[i]);
	}
	*names = known;
	*n = kept;
	return 0;
}

int tr_cmd_gc(struct tr_cli *cli, const struct tr_cli_args *args)
{
	struct tr_project_lake p;
	struct tr_err err = { 0 };
	char **names = NULL;
	size_t n = 0;
	if (tr_cli_count(args, "keep", 1) < 1) {
		tr_err_set(&err, TR_ERR_USER, "--keep 0 would remove what is published");
		tr_err_hint(&err, "the newest version always stays: --keep is at least 1");
		return tr_console_error(&cli->console, &err);
	}
	int code = tr_project_lake(cli, tr_cli_value(args, "lake"), false, &p);
	if (code)
		return code;
	int days = (int)tr_cli_count(args, "days", p.has_config ? p.config.retention.keep_days : DAYS);
	struct tr_gc_options options = {
		.keep_versions = (int)tr_cli_count(args, "keep",
			p.has_config ? p.config.retention.keep_versions : VERSIONS),
		.keep_days = days > 0 ? days : -1, /* the library's 0 is its default */
		.dry_run = tr_cli_flag(args, "dry-run"),
		.forget_glue = tr_cli_flag(args, "forget-glue"),
	};
	json_t *list = tr_cli_flag(args, "json") ? json_array() : NULL;
	code = datasets_to_collect(cli, p.lake, args, &names, &n);
	for (size_t i = 0; !code && i < n; i++) {
		struct tr_gc_report r = { 0 };
		if (!tr_lake_gc(p.lake, names[i], &options, &r, &err))
			code = tr_console_error(&cli->console, &err);
		else if (list)
			json_array_append_new(list,
				json_pack("{s:s, s:b, s:I, s:I, s:I, s:I}", "dataset", names[i], "dry_run",
					options.dry_run, "files_removed", (json_int_t)r.files_removed,
					"bytes_removed", (json_int_t)r.bytes_removed, "versions_expired",
					(json_int_t)r.versions_expired, "runs_live",
					(json_int_t)r.runs_live));
		else
			print_report(cli, names[i], &r, options.dry_run);
	}
	if (!code && list)
		code = tr_project_print_json(cli, json_incref(list));
	json_decref(list);
	tr_names_free(names, n);
	tr_project_lake_clear(&p);
	return code;
}
