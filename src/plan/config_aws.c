#include "plan/config_aws.h"

#include <stdlib.h>
#include <string.h>

static bool open_http(const struct tr_config_aws_options *o, struct tr_http **out, struct tr_err *err)
{
	struct tr_http_options http = { .cancel = o->cancel, .env = o->env, .env_context = o->env_context };
	if (o->config) {
		http.ca_file = o->config->aws.ca_file;
		http.attempts = o->config->aws.attempts;
		http.connect_timeout_ms = o->config->aws.connect_timeout_ms;
		http.stall_timeout_ms = o->config->aws.stall_timeout_ms;
	}
	return tr_http_new(&http, out, err);
}

bool tr_config_aws_open(const struct tr_config_aws_options *o, struct tr_config_aws *out, struct tr_err *err)
{
	const struct tr_config *c = o->config;
	*out = (struct tr_config_aws){ 0 };
	if (!open_http(o, &out->http, err))
		return false;
	struct tr_aws_credentials_options credentials = { .profile = c ? c->aws.profile : NULL,
		.endpoint = c ? c->aws.endpoint : NULL,
		.http = out->http,
		.env = o->env,
		.env_context = o->env_context };
	if (!tr_aws_region(c ? c->aws.region : NULL, &credentials, &out->region, err))
		goto fail;
	credentials.region = out->region;
	if (!tr_aws_credentials_new(&credentials, &out->credentials, err))
		goto fail;
	out->aws = (struct tr_aws){ .http = out->http,
		.credentials = out->credentials,
		.region = out->region,
		.endpoint = credentials.endpoint,
		.profile = credentials.profile,
		.env = o->env,
		.env_context = o->env_context };
	return true;
fail:
	tr_config_aws_close(out);
	return false;
}

void tr_config_aws_close(struct tr_config_aws *a)
{
	tr_aws_credentials_free(a->credentials);
	tr_http_free(a->http);
	free(a->region);
	*a = (struct tr_config_aws){ 0 };
}
