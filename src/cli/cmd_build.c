#include <stdlib.h>

#include "cli/filing.h"
#include "cli/planning.h"
#include "data/name.h"

static bool deliver(struct tr_cli *cli, const struct tr_plan_dataset *d, const char *folder,
	struct tr_err *err)
{
	const char *object = tr_transform_object(d->transform);
	char name[TR_NAME_MAX + 8];
	if (!folder) {
		fprintf(cli->console.out, "%s: %s\n", d->config->name, object);
		return true;
	}
	snprintf(name, sizeof name, "%s.so", d->config->name);
	char *path = tr_filing_path(folder, name, err);
	/* Loaded objects run with tailrace's rights: nobody else may write them. */
	bool ok = path && tr_filing_copy(object, path, 0644, err);
	if (ok)
		fprintf(cli->console.out, "%s: %s\n", d->config->name, path);
	free(path);
	return ok;
}

int tr_cmd_build(struct tr_cli *cli, const struct tr_cli_args *args)
{
	struct tr_planning p;
	struct tr_err err = { 0 };
	const char *folder = tr_cli_value(args, "out");
	size_t n = 0;
	bool ok = true;
	const struct tr_plan_options options = { .names = args->positional,
		.n = args->n,
		.only_c = true,
		.force_build = tr_cli_flag(args, "force") };
	int code = tr_planning_make(cli, &options, TR_PLANNING_LOOK, &p);
	if (code)
		return code;
	for (size_t i = 0; ok && i < p.plan.n_datasets; i++) {
		if (p.plan.datasets[i].kind != TR_PLAN_C)
			continue;
		ok = deliver(cli, &p.plan.datasets[i], folder, &err);
		n++;
	}
	if (!ok)
		code = tr_console_error(&cli->console, &err);
	else if (n == 0)
		tr_console_note(&cli->console, "no dataset has a C transform (`c: transforms/NAME.c`)");
	tr_planning_clear(&p);
	return code;
}
