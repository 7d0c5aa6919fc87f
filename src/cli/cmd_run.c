#include <string.h>

#include "cli/planning.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/units.h"
#include "run/run.h"

static json_t *sources_json(const struct tr_run_dataset_report *d)
{
	json_t *list = json_array();
	for (size_t i = 0; i < d->n_sources; i++)
		json_array_append_new(list,
			json_pack("{s:s, s:I, s:I, s:I}", "dataset", d->sources[i].dataset, "version",
				(json_int_t)d->sources[i].version, "rows", (json_int_t)d->sources[i].rows,
				"bytes", (json_int_t)d->sources[i].bytes));
	return list;
}

static json_t *report_json(const struct tr_run_report *r)
{
	json_t *list = json_array();
	for (size_t i = 0; i < r->n; i++) {
		const struct tr_run_dataset_report *d = &r->datasets[i];
		json_t *o = json_pack("{s:s, s:b, s:s, s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "dataset",
			d->dataset, "published", d->published, "run_id", d->run_id, "rows_in",
			(json_int_t)d->rows_in, "rows_out", (json_int_t)d->rows_out, "bytes_in",
			(json_int_t)d->bytes_in, "bytes_out", (json_int_t)d->bytes_out, "files",
			(json_int_t)d->files, "seconds", d->seconds, "seconds_postgres", d->seconds_postgres);
		if (d->n_sources)
			json_object_set_new(o, "from", sources_json(d));
		if (d->published)
			json_object_set_new(o, "version", json_integer((json_int_t)d->version));
		else
			json_object_set_new(o, "error", json_string(d->err.what));
		json_array_append_new(list, o);
	}
	return json_pack("{s:o, s:s, s:b, s:f, s:f, s:I}", "datasets", list, "snapshot_lsn", r->snapshot.lsn,
		"standby", r->snapshot.standby, "seconds", r->seconds, "seconds_snapshot",
		r->seconds_snapshot, "peak_memory", (json_int_t)r->peak_memory);
}

/* `daily read enriched_orders version 7 (1,000 rows, 12 KB)`, a line for each. */
static void print_sources(FILE *out, const struct tr_run_report *r)
{
	char rows[TR_UNITS_TEXT], bytes[TR_UNITS_TEXT];
	bool first = true;
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->datasets[i].n_sources; k++) {
			const struct tr_run_source_report *s = &r->datasets[i].sources[k];
			fprintf(out, "%s%s read %s version %llu (%s row%s, %s)\n", first ? "\n" : "",
				r->datasets[i].dataset, s->dataset, (unsigned long long)s->version,
				tr_units_count((int64_t)s->rows, rows), s->rows == 1 ? "" : "s",
				tr_units_bytes(s->bytes, bytes));
			first = false;
		}
}

static void print_report(struct tr_cli *cli, const struct tr_run_report *r)
{
	struct tr_err err = { 0 };
	struct tr_table t;
	char text[TR_UNITS_TEXT];
	tr_table_init(&t, (size_t)64 << 20);
	const char *const heads[] = { "dataset", "version", "rows in", "rows out", "read", "written", "files",
		"Postgres", "total" };
	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
		tr_table_column(&t, heads[i], NULL, i > 0);
	for (size_t i = 0; i < r->n; i++) {
		const struct tr_run_dataset_report *d = &r->datasets[i];
		tr_table_text(&t, d->dataset);
		if (d->published)
			tr_table_textf(&t, "%llu", (unsigned long long)d->version);
		else
			tr_table_text(&t, "failed");
		tr_table_text(&t, tr_units_count((int64_t)d->rows_in, text));
		tr_table_text(&t, tr_units_count((int64_t)d->rows_out, text));
		tr_table_text(&t, tr_units_bytes(d->bytes_in, text));
		tr_table_text(&t, tr_units_bytes(d->bytes_out, text));
		tr_table_text(&t, tr_units_count((int64_t)d->files, text));
		tr_table_text(&t,
			d->seconds_postgres > 0 ? tr_units_seconds(d->seconds_postgres, text) : "-");
		tr_table_text(&t, tr_units_seconds(d->seconds, text));
	}
	FILE *out = cli->console.out;
	if (!tr_table_print(&t, &cli->console, out, 0, &err))
		tr_console_error(&cli->console, &err);
	tr_table_clear(&t);
	print_sources(out, r);
	char memory[TR_UNITS_TEXT], wall[TR_UNITS_TEXT], held[TR_UNITS_TEXT];
	if (r->read_postgres)
		fprintf(out, "\nsnapshot at LSN %s%s, held for %s; ",
			r->snapshot.lsn[0] ? r->snapshot.lsn : "(none)",
			r->snapshot.standby ? " (standby)" : "", tr_units_seconds(r->seconds_snapshot, held));
	else
		fputs("\nPostgres was not read; ", out);
	fprintf(out, "%s in all, peak memory %s\n", tr_units_seconds(r->seconds, wall),
		tr_units_memory(r->peak_memory, memory));
}

/* Is it the error of several? */
static bool is_shared(const struct tr_run_report *r, const struct tr_err *err)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++)
		n += strcmp(r->datasets[i].err.what, err->what) == 0;
	return n > 1;
}

/* Errors of all datasets, then what was not one of theirs. */
static void print_errors(struct tr_cli *cli, const struct tr_run_report *r, const struct tr_err *err)
{
	size_t shown = 0, failed = 0;
	for (size_t i = 0; i < r->n; i++) {
		failed += !r->datasets[i].published;
		if (r->datasets[i].err.kind == TR_ERR_NONE)
			continue;
		/* One failure ends all of them (a lost connection): it is shown once. */
		if (shown > 0 && strcmp(r->datasets[i].err.what, err->what) == 0)
			continue;
		if (r->n > 1 && !is_shared(r, &r->datasets[i].err))
			tr_console_error_of(&cli->console, r->datasets[i].dataset, &r->datasets[i].err);
		else
			tr_console_error(&cli->console, &r->datasets[i].err);
		shown++;
	}
	if (shown == 0)
		tr_console_error(&cli->console, err);
	if (failed < r->n)
		tr_console_warn(&cli->console, "%zu of %zu datasets failed; the others are published", failed,
			r->n);
	else
		tr_console_note(&cli->console, "nothing was published");
}

static int run_plan(struct tr_cli *cli, const struct tr_planning *planning, bool json)
{
	const struct tr_plan *plan = &planning->plan;
	struct tr_lakehouse house;
	struct tr_progress progress;
	struct tr_run_report report = { 0 };
	struct tr_err err = { 0 };
	int code = tr_project_lake_create(cli, plan->config, &house);
	if (code)
		return code;
	if (!tr_progress_init(&progress, &cli->console, &err)) {
		tr_lakehouse_close(&house);
		return tr_console_error(&cli->console, &err);
	}
	struct tr_events events = tr_progress_events(&progress);
	house.lake.events = &events;
	const struct tr_run_options options = { .plan = plan,
		.login = &planning->login,
		.lake = &house.lake,
		.events = &events,
		.cancel = &cli->cancel,
		.glue = house.glue };
	bool ok = tr_run(&options, &report, &err);
	tr_progress_clear(&progress);
	if (json)
		code = tr_project_print_json(cli, report_json(&report));
	else if (!cli->console.quiet && report.n > 0)
		print_report(cli, &report);
	if (!ok) {
		print_errors(cli, &report, &err);
		code = report.n > 0 ? tr_run_exit_code(&report) : tr_console_exit_code(err.kind);
	}
	tr_run_report_clear(&report);
	tr_lakehouse_close(&house);
	return code;
}

int tr_cmd_run(struct tr_cli *cli, const struct tr_cli_args *args)
{
	struct tr_planning planning;
	const struct tr_plan_options options = { .names = args->positional,
		.n = args->n,
		.object_dir = tr_cli_value(args, "objects") };
	if (tr_cli_flag(args, "dry-run"))
		return tr_cmd_check(cli, args);
	int code = tr_planning_make(cli, &options, TR_PLANNING_RUN, &planning);
	if (code)
		return code;
	if (planning.plan.n_datasets == 0)
		tr_console_note(&cli->console, "the configuration has no datasets");
	else
		code = run_plan(cli, &planning, tr_cli_flag(args, "json"));
	tr_planning_clear(&planning);
	return code;
}
