#include <stdlib.h>
#include <string.h>

#include "cli/filing.h"
#include "cli/planning.h"
#include "data/name.h"

struct tally {
	size_t written, stale, current;
};

/* Write gen/<name> unless it is current; with `only_check` say that it is not. */
static bool put(struct tr_cli *cli, const char *folder, const char *name, const char *text, bool only_check,
	struct tally *tally, struct tr_err *err)
{
	char *path = tr_filing_path(folder, name, err);
	bool ok = path != NULL;
	if (ok && tr_filing_equals(path, text, strlen(text))) {
		tally->current++;
	} else if (ok && only_check) {
		tally->stale++;
		fprintf(cli->console.out, "%s is not current\n", name);
	} else if (ok) {
		ok = tr_filing_write(path, text, strlen(text), 0666, err);
		if (ok) {
			tally->written++;
			fprintf(cli->console.out, "%s\n", name);
		}
	}
	free(path);
	return ok;
}

static bool generate(struct tr_cli *cli, struct tr_planning *p, struct tr_plan_dataset *d, bool only_check,
	struct tally *tally, struct tr_err *err)
{
	struct tr_transform_spec spec;
	char name[TR_NAME_MAX + 16];
	if (!tr_plan_transform_spec(&p->plan, d, &spec, err))
		return false;
	char *text = tr_transform_header(&spec, err);
	if (!text)
		return false;
	snprintf(name, sizeof name, "gen/%s.h", d->config->name);
	bool ok = put(cli, p->config.folder, name, text, only_check, tally, err);
	free(text);
	return ok;
}

int tr_cmd_gen(struct tr_cli *cli, const struct tr_cli_args *args)
{
	struct tr_planning p;
	struct tr_err err = { 0 };
	struct tally tally = { 0 };
	bool only_check = tr_cli_flag(args, "check"), ok = true;
	const struct tr_plan_options options = { .names = args->positional,
		.n = args->n,
		.only_c = true,
		.skip_transforms = true };
	int code = tr_planning_make(cli, &options, TR_PLANNING_LOOK, &p);
	if (code)
		return code;
	for (size_t i = 0; ok && i < p.plan.n_datasets; i++)
		if (p.plan.datasets[i].kind == TR_PLAN_C)
			ok = generate(cli, &p, &p.plan.datasets[i], only_check, &tally, &err);
	bool any = tally.written + tally.current + tally.stale > 0;
	if (ok && any)
		ok = put(cli, p.config.folder, "gen/tailrace/transform.h", tr_transform_abi_header(),
			only_check, &tally, &err);
	if (!ok) {
		code = tr_console_error(&cli->console, &err);
	} else if (tally.stale > 0) {
		tr_err_set(&err, TR_ERR_USER, "%zu generated header%s not current", tally.stale,
			tally.stale == 1 ? " is" : "s are");
		tr_err_hint(&err, "write them with `tailrace gen`");
		code = tr_console_error(&cli->console, &err);
	} else if (!any) {
		tr_console_note(&cli->console, "no dataset has a C transform (`c: transforms/NAME.c`)");
	} else if (tally.written == 0) {
		tr_console_note(&cli->console, "all headers are current");
	}
	tr_planning_clear(&p);
	return code;
}
