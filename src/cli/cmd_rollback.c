#include "cli/project.h"

/* The version to go back to: as given, or the newest one's parent. */
static bool choose(const struct tr_lake *lake, const char *dataset, int64_t to, uint64_t *version,
	struct tr_err *err)
{
	struct tr_manifest m;
	tr_manifest_init(&m);
	bool ok = tr_project_manifest(lake, dataset, 0, &m, err);
	if (ok && to > 0 && (uint64_t)to == m.version) {
		ok = tr_err_set(err, TR_ERR_USER, "version %llu of `%s` is the current one",
			(unsigned long long)to, dataset);
		tr_err_hint(err, "`tailrace history %s` lists the others", dataset);
	} else if (ok && to < 0 && m.parent == 0) {
		ok = tr_err_set(err, TR_ERR_USER, "dataset `%s` has only one version", dataset);
		tr_err_hint(err, "there is nothing to go back to");
	}
	*version = to >= 0 ? (uint64_t)to : m.parent;
	tr_manifest_clear(&m);
	if (!ok || *version > 0)
		return ok;
	return tr_project_version_zero(dataset, err);
}

int tr_cmd_rollback(struct tr_cli *cli, const struct tr_cli_args *args)
{
	struct tr_project_lake p;
	struct tr_err err = { 0 };
	struct tr_manifest m;
	const char *dataset = args->positional[0];
	uint64_t version = 0;
	int code = tr_project_lake(cli, tr_cli_value(args, "lake"), false, &p);
	if (code)
		return code;
	tr_manifest_init(&m);
	if (!choose(p.lake, dataset, tr_cli_count(args, "to", -1), &version, &err) ||
		!tr_lake_rollback(p.lake, dataset, version, &m, &err))
		code = tr_console_error(&cli->console, &err);
	else if (tr_cli_flag(args, "json"))
		code = tr_project_print_json(cli,
			json_pack("{s:s, s:I, s:I, s:I}", "dataset", dataset, "version",
				(json_int_t)m.version, "rollback_of", (json_int_t)version, "rows",
				(json_int_t)m.rows));
	else
		fprintf(cli->console.out, "%s: version %llu published, with the content of version %llu\n",
			dataset, (unsigned long long)m.version, (unsigned long long)version);
	tr_manifest_clear(&m);
	tr_project_lake_clear(&p);
	return code;
}
