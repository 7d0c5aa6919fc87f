#include "cli/check_aws.h"

#include <stdlib.h>
#include <string.h>

void tr_check_aws_try(struct tr_cli *cli, const struct tr_planning *planning, bool offline,
	struct tr_check_aws *out)
{
	const struct tr_config *config = &planning->config;
	const struct tr_lakehouse_options options = { .config = config, .cancel = &cli->cancel };
	memset(out, 0, sizeof *out);
	out->aws = planning->login.aws.credentials ? &planning->login.aws : NULL;
	if (offline || !tr_config_is_s3(config) || !tr_lakehouse_open(&options, &out->house, &out->err))
		return;
	out->aws = &out->house.aws;
	if (!tr_permissions_try(&out->house, config, &out->permissions, &out->err) && !out->err.kind)
		tr_err_set(&out->err, TR_ERR_INTERNAL, "the lake could not be looked at");
}

void tr_check_aws_clear(struct tr_check_aws *a)
{
	tr_permissions_clear(&a->permissions);
	tr_lakehouse_close(&a->house);
}

/* What names the partitions of the newest version; nothing where none is published. */
static void add_partitions(const struct tr_check_aws *a, const struct tr_plan_dataset *d, struct tr_str *out)
{
	struct tr_manifest m;
	struct tr_err ignored = { 0 };
	char *reason = NULL;
	bool found = false, possible;
	bool ok = d->n_keys && tr_lake_load(&a->house.lake, d->config->name, 0, &m, &found, &ignored) &&
		found && tr_glue_projection(&m, &possible, &reason, &ignored);
	if (ok && m.n_keys) /* it may have had none before */
		tr_str_addf(out, "; of version %llu projection %s %s", (unsigned long long)m.version,
			possible ? "names" : "can't name the partitions:", reason);
	if (found)
		tr_manifest_clear(&m);
	free(reason);
}

char *tr_check_aws_table(const struct tr_check_aws *a, const struct tr_plan_dataset *d)
{
	struct tr_view_state view;
	struct tr_err ignored = { 0 };
	struct tr_str text;
	/* What is wrong is said with the permissions. */
	if (a->err.kind || !a->house.glue || !tr_lake_view(&a->house.lake, d->config->name, &view, &ignored))
		return NULL;
	tr_str_init(&text, 32768);
	tr_str_add(&text, view.text);
	add_partitions(a, d, &text);
	return tr_str_take(&text, &ignored);
}

/* Which source gave the credentials, and a line a source. Owned; "" where none was asked. */
static void story(const struct tr_check_aws *a, char **source, char **tried)
{
	struct tr_err ignored = { 0 };
	*source = *tried = NULL;
	if (!tr_aws_credentials_story(a->aws->credentials, source, tried, &ignored))
		*source = *tried = NULL;
}

static const char *shown(enum tr_permission_state state)
{
	return state == TR_PERMISSION_GIVEN     ? "given"
		: state == TR_PERMISSION_DENIED ? "denied"
						: "not tried";
}

static void print_permission(struct tr_cli *cli, const struct tr_permission *p)
{
	FILE *out = cli->console.out;
	enum tr_ink ink = p->state == TR_PERMISSION_GIVEN ? TR_INK_GREEN
		: p->state == TR_PERMISSION_DENIED        ? TR_INK_RED
							  : TR_INK_DIM;
	fprintf(out, "  permission   %-30s %s%s%s", p->action, tr_ink(&cli->console, out, ink),
		shown(p->state), tr_ink_end(&cli->console, out));
	if (p->state == TR_PERMISSION_NOT_TRIED)
		fprintf(out, ": %s", p->why);
	putc('\n', out);
}

void tr_check_aws_print(struct tr_cli *cli, const struct tr_check_aws *a)
{
	FILE *out = cli->console.out;
	char *source, *tried;
	if (!a->aws)
		return;
	story(a, &source, &tried);
	fprintf(out, "%sAWS%s: %s, region %s\n", tr_ink(&cli->console, out, TR_INK_BOLD),
		tr_ink_end(&cli->console, out), a->house.store ? a->house.store->location : "the source",
		a->aws->region);
	if (source && *source)
		fprintf(out, "  credentials  %s\n", source);
	for (char *line = tried; line && *line;) {
		char *next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		fprintf(out, "  tried        %s\n", line);
		line = next;
	}
	/* Where something stands in the way of all, the rest would be guesses. */
	for (size_t i = 0; !a->err.kind && i < a->permissions.n; i++)
		print_permission(cli, &a->permissions.items[i]);
	putc('\n', out);
	fflush(out);
	free(source);
	free(tried);
}

static json_t *permissions_json(const struct tr_permissions *permissions)
{
	json_t *list = json_array();
	for (size_t i = 0; i < permissions->n; i++) {
		const struct tr_permission *p = &permissions->items[i];
		json_t *o = json_pack("{s:s, s:s}", "action", p->action, "state", shown(p->state));
		if (p->state == TR_PERMISSION_NOT_TRIED)
			json_object_set_new(o, "why", json_string(p->why));
		if (p->state == TR_PERMISSION_DENIED)
			json_object_set_new(o, "why", json_string(p->err.what));
		json_array_append_new(list, o);
	}
	return list;
}

json_t *tr_check_aws_json(const struct tr_check_aws *a)
{
	char *source, *tried;
	if (!a->aws)
		return json_null();
	story(a, &source, &tried);
	json_t *lines = json_array();
	for (char *line = tried; line && *line;) {
		size_t n = strcspn(line, "\n");
		json_array_append_new(lines, json_stringn(line, n));
		line += n + (line[n] == '\n');
	}
	json_t *o = json_pack("{s:s, s:s, s:o, s:o}", "region", a->aws->region, "credentials",
		source ? source : "", "tried", lines, "permissions", permissions_json(&a->permissions));
	free(source);
	free(tried);
	return o;
}

int tr_check_aws_errors(struct tr_cli *cli, const struct tr_check_aws *a)
{
	int code = 0;
	if (a->err.kind)
		return tr_console_error(&cli->console, &a->err);
	for (size_t i = 0; i < a->permissions.n; i++)
		if (a->permissions.items[i].state == TR_PERMISSION_DENIED)
			code = tr_console_error(&cli->console, &a->permissions.items[i].err);
	return code;
}
