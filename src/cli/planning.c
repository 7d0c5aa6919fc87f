#include "cli/planning.h"

#include <string.h>

#include "io/pg.h"

static int plan(struct tr_cli *cli, struct tr_pg *pg, const struct tr_plan_options *options,
	struct tr_planning *out)
{
	struct tr_errs errs;
	tr_errs_init(&errs);
	int code = 0;
	if (!tr_plan_make(&out->config, pg, options, &out->plan, &errs))
		code = tr_console_errors(&cli->console, &errs);
	tr_errs_clear(&errs);
	return code;
}

int tr_planning_make(struct tr_cli *cli, const struct tr_plan_options *options, struct tr_planning *out)
{
	struct tr_err err = { 0 };
	struct tr_pg *pg = NULL;
	memset(out, 0, sizeof *out);
	int code = tr_project_config(cli, &out->config);
	if (code)
		return code;
	const struct tr_pg_options connection = { .conninfo = out->config.source.url,
		.application_name = "tailrace/plan",
		.cancel = &cli->cancel };
	if (!tr_pg_open(&connection, &pg, &err)) {
		code = tr_console_error(&cli->console, &err);
	} else {
		tr_copy_text(out->where, sizeof out->where, tr_pg_where(pg));
		out->server_version = tr_pg_server_version(pg);
		code = plan(cli, pg, options, out);
		tr_pg_close(pg);
	}
	if (code)
		tr_config_clear(&out->config);
	return code;
}

void tr_planning_clear(struct tr_planning *p)
{
	tr_plan_clear(&p->plan);
	tr_config_clear(&p->config);
}
