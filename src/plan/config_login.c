#include "plan/config_login.h"

#include <stdlib.h>
#include <string.h>

#include "io/aws_secret.h"
#include "io/pg_password.h"

static bool open_aws(const struct tr_config_login_options *o, struct tr_config_aws *out, struct tr_err *err)
{
	const struct tr_config_aws_options options = { .config = o->config,
		.cancel = o->cancel,
		.env = o->env,
		.env_context = o->env_context };
	return tr_config_aws_open(&options, out, err);
}

static bool add_secret(const struct tr_config_login_options *o, struct tr_config_login *out,
	struct tr_err *err)
{
	const struct tr_config *c = o->config;
	char *text = NULL;
	bool ok = open_aws(o, &out->aws, err) &&
		tr_aws_secret_get(&out->aws.aws, c->source.secret, &text, err) &&
		tr_pg_add_secret(c->source.url, c->source.secret, text, &out->own_conninfo, err);
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
	return ok;
}

static bool use_iam(const struct tr_config_login_options *o, struct tr_config_login *out, struct tr_err *err)
{
	const struct tr_rds_login_options options = { .conninfo = o->config->source.url,
		.aws = &out->aws.aws };
	if (!open_aws(o, &out->aws, err))
		return false;
	if (!tr_rds_login_new(&options, &out->rds, err))
		return tr_config_at(o->config, o->config->source.pos, err);
	out->login = tr_rds_login(out->rds);
	return true;
}

bool tr_config_login_open(const struct tr_config_login_options *options, struct tr_config_login *out,
	struct tr_err *err)
{
	const struct tr_config *c = options->config;
	bool ok = true;
	*out = (struct tr_config_login){ .conninfo = c->source.url };
	if (c->source.password_command)
		ok = tr_pg_add_password(c->source.url, c->source.password_command, c->folder,
			options->child_env, &out->own_conninfo, err);
	else if (c->source.secret)
		ok = add_secret(options, out, err);
	else if (c->source.iam_auth)
		ok = use_iam(options, out, err);
	if (out->own_conninfo)
		out->conninfo = out->own_conninfo;
	if (!ok)
		tr_config_login_close(out);
	return ok;
}

bool tr_config_login_connect(const struct tr_config_login *l, const struct tr_cancel *cancel,
	struct tr_pg **out, struct tr_err *err)
{
	const struct tr_pg_options connection = { .conninfo = l->conninfo,
		.login = l->login,
		.application_name = "tailrace/plan",
		.cancel = cancel };
	return tr_pg_open(&connection, out, err);
}

void tr_config_login_close(struct tr_config_login *l)
{
	tr_rds_login_free(l->rds);
	tr_config_aws_close(&l->aws);
	if (l->own_conninfo)
		explicit_bzero(l->own_conninfo, strlen(l->own_conninfo));
	free(l->own_conninfo);
	*l = (struct tr_config_login){ 0 };
}
