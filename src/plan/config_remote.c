#include "plan/config_remote.h"

#include <stdlib.h>
#include <string.h>

#include "engine/athena.h"
#include "engine/trino.h"

bool tr_config_is_remote(const char *engine)
{
	return strcmp(engine, "athena") == 0 || strcmp(engine, "trino") == 0;
}

static bool open_athena(const struct tr_config_remote_options *o, struct tr_config_remote *out,
	struct tr_err *err)
{
	const struct tr_config *c = o->config;
	const struct tr_config_aws_options aws = { .config = c,
		.cancel = o->cancel,
		.env = o->env,
		.env_context = o->env_context };
	if (!o->aws && !tr_config_aws_open(&aws, &out->own, err))
		return false;
	const struct tr_athena_options options = { .aws = o->aws ? o->aws : &out->own.aws,
		.http = { .ca_file = c->aws.ca_file,
			.attempts = c->aws.attempts,
			.connect_timeout_ms = c->aws.connect_timeout_ms,
			.stall_timeout_ms = c->aws.stall_timeout_ms,
			.cancel = o->cancel,
			.env = o->env,
			.env_context = o->env_context },
		.workgroup = c->athena.workgroup,
		.output_location = c->athena.output_location,
		.catalog = c->athena.catalog,
		.database = c->lake.database,
		.result_reuse_ms = c->athena.result_reuse_ms,
		.events = o->events };
	return tr_athena_new(&options, &out->remote, err);
}

static bool has_property(const struct tr_config *c, const char *name)
{
	for (size_t i = 0; i < c->trino.n_session; i++)
		if (strcmp(c->trino.session[i].name, name) == 0)
			return true;
	return false;
}

static bool open_trino(const struct tr_config_remote_options *o, struct tr_config_remote *out,
	struct tr_err *err)
{
	const struct tr_config *c = o->config;
	if (!c->trino.url) {
		tr_err_set(err, TR_ERR_USER, "the configuration does not say where Trino is");
		return tr_err_hint(err, "add `trino: { url: https://trino.example.org:8443 }` to %s",
			c->shown);
	}
	struct tr_trino_property *session =
		tr_calloc(c->trino.n_session + o->n_session, sizeof *session, err);
	if (!session)
		return false;
	size_t n = 0;
	for (; n < c->trino.n_session; n++)
		session[n] =
			(struct tr_trino_property){ c->trino.session[n].name, c->trino.session[n].value };
	for (size_t i = 0; i < o->n_session; i++)
		if (!has_property(c, o->session[i].name))
			session[n++] = o->session[i];
	const struct tr_trino_options options = { .url = c->trino.url,
		.catalog = c->trino.catalog,
		.schema = c->trino.schema ? c->trino.schema : c->lake.database,
		.user = c->trino.user,
		.password = c->trino.password,
		.token = c->trino.token,
		.session = session,
		.n_session = n,
		.ca_file = c->trino.ca_file,
		.repeatable = o->repeatable,
		.events = o->events,
		.cancel = o->cancel,
		.env = o->env,
		.env_context = o->env_context };
	bool ok = tr_trino_new(&options, &out->remote, err);
	free(session);
	return ok;
}

bool tr_config_remote_open(const struct tr_config_remote_options *o, struct tr_config_remote *out,
	struct tr_err *err)
{
	*out = (struct tr_config_remote){ 0 };
	bool ok = strcmp(o->engine, "athena") == 0 ? open_athena(o, out, err) : open_trino(o, out, err);
	if (!ok)
		tr_config_remote_close(out);
	return ok;
}

void tr_config_remote_close(struct tr_config_remote *r)
{
	tr_remote_free(r->remote);
	tr_config_aws_close(&r->own);
	*r = (struct tr_config_remote){ 0 };
}
