#include "cli/planning.h"

#include <string.h>
#include <unistd.h>

#include "io/pg.h"

static int make_plan(struct tr_cli *cli, struct tr_pg **pg, const struct tr_plan_options *options,
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

/* With the lake at hand, where a dataset reads others that are there. */
static int plan(struct tr_cli *cli, struct tr_pg **pg, const struct tr_plan_options *options, bool offline,
	struct tr_planning *out)
{
	struct tr_plan_options with_lake = *options;
	struct tr_lakehouse house = { 0 };
	int code = 0;
	bool look = !offline || !tr_config_is_s3(&out->config);
	if (look && tr_plan_reads_lake(&out->config, options->names, options->n))
		code = tr_project_lake_to_read(cli, &out->config, &house);
	if (house.store)
		with_lake.lake = &house.lake;
	if (!code)
		code = make_plan(cli, pg, &with_lake, out);
	tr_lakehouse_close(&house);
	return code;
}

static bool sign_in(struct tr_cli *cli, struct tr_planning *p, struct tr_pg **pg, struct tr_err *err)
{
	const struct tr_config_login_options login = { .config = &p->config,
		.child_env = (const char *const *)environ,
		.cancel = &cli->cancel };
	return tr_config_login_open(&login, &p->login, err) &&
		tr_secrets_add_conninfo(&cli->console.secrets, p->login.conninfo, err) &&
		tr_config_login_connect(&p->login, &cli->cancel, pg, err);
}

/* Where Postgres is read. */
static int plan_source(struct tr_cli *cli, const struct tr_plan_options *options,
	enum tr_planning_purpose purpose, struct tr_planning *out)
{
	struct tr_err err = { 0 };
	struct tr_pg *pg = NULL;
	struct tr_plan_options chosen = *options;
	if (sign_in(cli, out, &pg, &err)) {
		tr_copy_text(out->where, sizeof out->where, tr_pg_where(pg));
		out->server_version = tr_pg_server_version(pg);
	} else if (purpose == TR_PLANNING_RUN && err.kind == TR_ERR_TRANSIENT) {
		chosen.unreachable = &err;
	} else {
		return tr_console_error(&cli->console, &err);
	}
	int code = plan(cli, &pg, &chosen, purpose == TR_PLANNING_OFFLINE, out);
	tr_pg_close(pg);
	out->plan.options.unreachable = NULL; /* it was ours */
	return code;
}

static void show_compiler_warnings(struct tr_cli *cli, const struct tr_plan *plan)
{
	for (size_t i = 0; i < plan->n_datasets; i++) {
		const struct tr_plan_dataset *d = &plan->datasets[i];
		const char *text = d->transform ? tr_transform_warnings(d->transform) : NULL;
		if (text)
			tr_console_warn(&cli->console, "%s: the compiler warns of its transform:\n%s",
				d->config->name, text);
	}
}

int tr_planning_make(struct tr_cli *cli, const struct tr_plan_options *options,
	enum tr_planning_purpose purpose, struct tr_planning *out)
{
	struct tr_pg *none = NULL;
	memset(out, 0, sizeof *out);
	int code = tr_project_config(cli, options->names, options->n, &out->config);
	if (code)
		return code;
	if (tr_plan_reads_postgres(&out->config, options->names, options->n))
		code = plan_source(cli, options, purpose, out);
	else
		code = plan(cli, &none, options, purpose == TR_PLANNING_OFFLINE, out);
	if (code) {
		tr_config_login_close(&out->login);
		tr_config_clear(&out->config);
	} else {
		show_compiler_warnings(cli, &out->plan);
	}
	return code;
}

void tr_planning_clear(struct tr_planning *p)
{
	tr_plan_clear(&p->plan);
	tr_config_login_close(&p->login);
	tr_config_clear(&p->config);
}
