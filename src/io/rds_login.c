#include "io/rds_login.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define VALID_S 900 /* the longest that RDS takes */
#define HOST_TEXT 512
#define REGION_TEXT 64

bool tr_rds_token(const char *host, const char *port, const char *user, const char *region,
	const struct tr_aws_keys *keys, int64_t time_us, char **out, struct tr_err *err)
{
	const struct tr_sigv4_pair query[] = { { "Action", "connect" }, { "DBUser", user } };
	char where[HOST_TEXT], hash[65], *target = NULL;
	struct tr_str text;
	*out = NULL;
	if ((size_t)snprintf(where, sizeof where, "%s:%s", host, port) >= sizeof where)
		return tr_err_set(err, TR_ERR_USER, "the host's name in source.url is too long");
	tr_sha256_hex("", 0, hash);
	const struct tr_sigv4_request request = { .method = "GET",
		.host = where,
		.path = "/",
		.query = query,
		.n_query = 2,
		.payload_hash = hash,
		.region = region,
		.service = "rds-db",
		.time_us = time_us };
	const struct tr_sigv4_keys signer = { keys->access_key, keys->secret_key, keys->session_token };
	if (!tr_sigv4_presign(&request, &signer, VALID_S, &target, err))
		return false;
	tr_str_init(&text, (size_t)64 << 10);
	tr_str_addf(&text, "%s%s", where, target);
	*out = tr_str_take(&text, err);
	tr_str_clear(&text);
	free(target);
	return *out != NULL;
}

struct tr_rds_login {
	struct tr_pg_login login;
	struct tr_rds_login_options options;
	char *host, *port, *user, region[REGION_TEXT];
};

static bool make_token(void *context, char **out, struct tr_err *err)
{
	const struct tr_rds_login *l = context;
	const struct tr_rds_login_options *o = &l->options;
	struct tr_aws_keys keys;
	*out = NULL;
	if (!tr_aws_credentials_get(o->aws->credentials, &keys, err))
		return false;
	bool ok = tr_rds_token(l->host, l->port, l->user, l->region, &keys,
		o->now_us ? o->now_us(o->now_context) : tr_clock_wall_us(), out, err);
	tr_aws_keys_clear(&keys);
	return ok;
}

/* ---- what the address must say ---- */

/* A setting of the conninfo; else what libpq takes for it (its environment, its default). */
static const char *setting(const PQconninfoOption *own, const PQconninfoOption *usual, const char *name)
{
	const PQconninfoOption *lists[] = { own, usual };
	for (size_t i = 0; i < 2; i++)
		for (const PQconninfoOption *o = lists[i]; o && o->keyword; o++)
			if (strcmp(o->keyword, name) == 0 && o->val && o->val[0])
				return o->val;
	return NULL;
}

static bool check_tls(const char *sslmode, struct tr_err *err)
{
	static const char *const MODES[] = { "require", "verify-ca", "verify-full" };
	for (size_t i = 0; sslmode && i < sizeof MODES / sizeof *MODES; i++)
		if (strcmp(sslmode, MODES[i]) == 0)
			return true;
	tr_err_set(err, TR_ERR_USER, "source.iam_auth needs TLS, and sslmode is %s",
		sslmode ? sslmode : "prefer");
	return tr_err_hint(err,
		"add sslmode=verify-full and sslrootcert=<the RDS CA bundle> to source.url (sslmode=require "
		"at least)");
}

static bool check_host(const char *host, const char *user, struct tr_err *err)
{
	if (!host || host[0] == '/' || strchr(host, ',')) {
		tr_err_set(err, TR_ERR_USER, "source.iam_auth needs one host in source.url%s",
			host && strchr(host, ',') ? ", and there are several" : "");
		return tr_err_hint(err, "write postgres://user@host:5432/database?sslmode=verify-full");
	}
	if (user)
		return true;
	tr_err_set(err, TR_ERR_USER, "source.iam_auth needs the database's user in source.url");
	return tr_err_hint(err, "write postgres://user@host:5432/database?sslmode=verify-full");
}

/* shop.abc.eu-west-1.rds.amazonaws.com[.cn] */
static void find_region(const char *host, const char *fallback, char out[REGION_TEXT])
{
	const char *suffix = strstr(host, ".rds.amazonaws.com");
	const char *start = suffix;
	while (start && start > host && start[-1] != '.')
		start--;
	size_t n = start ? (size_t)(suffix - start) : 0;
	if (n > 0 && n < REGION_TEXT && start > host)
		snprintf(out, REGION_TEXT, "%.*s", (int)n, start);
	else
		tr_copy_text(out, REGION_TEXT, fallback);
}

static bool take_address(struct tr_rds_login *l, struct tr_err *err)
{
	bool ok = false;
	PQconninfoOption *usual = PQconndefaults();
	PQconninfoOption *own = PQconninfoParse(l->options.conninfo, NULL);
	if (!own) {
		tr_err_set(err, TR_ERR_USER, "source.url is not a connection's address");
		tr_err_hint(err, "write postgres://user@host:5432/database?sslmode=verify-full");
		goto out;
	}
	/* What a service file would say is not seen here. */
	const PQconninfoOption *rest = setting(own, NULL, "service") ? NULL : usual;
	const char *host = setting(own, rest, "host"), *user = setting(own, rest, "user");
	const char *port = setting(own, rest, "port");
	if (!check_host(host, user, err) || !check_tls(setting(own, rest, "sslmode"), err))
		goto out;
	if (setting(own, NULL, "password")) {
		tr_err_set(err, TR_ERR_USER, "source.url has a password, and there is source.iam_auth");
		tr_err_hint(err, "leave one of the two out");
		goto out;
	}
	find_region(host, l->options.aws->region, l->region);
	l->host = tr_strdup(host, err);
	l->port = l->host ? tr_strdup(port ? port : "5432", err) : NULL;
	l->user = l->port ? tr_strdup(user, err) : NULL;
	ok = l->user != NULL;
out:
	PQconninfoFree(own);
	PQconninfoFree(usual);
	return ok;
}

bool tr_rds_login_new(const struct tr_rds_login_options *options, struct tr_rds_login **out,
	struct tr_err *err)
{
	struct tr_rds_login *l = tr_calloc(1, sizeof *l, err);
	*out = l;
	if (!l)
		return false;
	l->options = *options;
	l->login = (struct tr_pg_login){ .password = make_token, .context = l };
	if (take_address(l, err)) {
		l->options.conninfo = NULL;
		return true;
	}
	tr_rds_login_free(l);
	*out = NULL;
	return false;
}

const struct tr_pg_login *tr_rds_login(const struct tr_rds_login *l)
{
	return &l->login;
}

void tr_rds_login_free(struct tr_rds_login *l)
{
	if (!l)
		return;
	free(l->host);
	free(l->port);
	free(l->user);
	free(l);
}
