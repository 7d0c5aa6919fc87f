#include <inttypes.h>

#include "cli/project.h"
#include "cli/units.h"

/* One dataset: its findings are printed, its figures go to `list` or stdout. */
static int verify(struct tr_cli *cli, const struct tr_lake *lake, const char *dataset, uint64_t version,
	json_t *list)
{
	struct tr_err err = { 0 };
	struct tr_errs findings;
	struct tr_verify_report report = { 0 };
	struct tr_manifest m;
	char rows[TR_UNITS_TEXT], bytes[TR_UNITS_TEXT];
	int code = 0;
	tr_errs_init(&findings);
	tr_manifest_init(&m);
	if (!tr_project_manifest(lake, dataset, version, &m, &err) ||
		!tr_lake_verify(lake, dataset, m.version, &report, &findings, &err)) {
		/* Of a cancel the command tells, once. */
		code = err.kind == TR_ERR_CANCELLED ? 130 : tr_console_error(&cli->console, &err);
	} else {
		bool good = findings.n == 0;
		if (list)
			json_array_append_new(list,
				json_pack("{s:s, s:I, s:I, s:I, s:I, s:b, s:I}", "dataset", dataset,
					"version", (json_int_t)report.version, "files",
					(json_int_t)report.files, "rows", (json_int_t)report.rows, "bytes",
					(json_int_t)report.bytes, "ok", good, "findings",
					(json_int_t)(findings.n + findings.dropped)));
		else
			fprintf(cli->console.out, "%s: version %" PRIu64 " %s: %zu file%s, %s row%s, %s\n",
				dataset, report.version, good ? "is as published" : "IS DAMAGED",
				report.files, report.files == 1 ? "" : "s", tr_units_count(report.rows, rows),
				report.rows == 1 ? "" : "s", tr_units_bytes(report.bytes, bytes));
		if (!good) {
			tr_console_errors(&cli->console, &findings);
			code = 4;
		}
	}
	tr_manifest_clear(&m);
	tr_errs_clear(&findings);
	return code;
}

int tr_cmd_verify(struct tr_cli *cli, const struct tr_cli_args *args)
{
	struct tr_project_lake p;
	char **names = NULL;
	size_t n = 0;
	struct tr_err err = { 0 };
	uint64_t version;
	if (!tr_project_at(args, args->n ? args->positional[0] : "DATASET", &version, &err))
		return tr_console_error(&cli->console, &err);
	int code = tr_project_lake(cli, tr_cli_value(args, "lake"), false, &p);
	if (code)
		return code;
	json_t *list = tr_cli_flag(args, "json") ? json_array() : NULL;
	code = tr_project_published(cli, p.lake, args->positional, args->n, &names, &n);
	bool listed = !code;
	for (size_t i = 0; i < n && !tr_cancel_raised(&cli->cancel); i++) {
		int one = verify(cli, p.lake, names[i], version, list);
		if (code == 0)
			code = one;
	}
	if (tr_cancel_raised(&cli->cancel)) {
		tr_cancel_err(&err);
		code = tr_console_error(&cli->console, &err);
	}
	if (list && code != 130 && listed) {
		int printed = tr_project_print_json(cli, json_incref(list));
		code = code ? code : printed;
	}
	json_decref(list);
	tr_names_free(names, n);
	tr_project_lake_clear(&p);
	return code;
}
