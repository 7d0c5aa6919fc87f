/* What a configuration says of the engines elsewhere: Athena and Trino. */
#include <string.h>

#include "base/url.h"
#include "data/decimal.h"
#include "plan/config_read.h"

#define PRICE_MAX_MICROS 1000000000 /* 1,000 dollars */
#define SESSION_MAX 100

static char **text_field(const struct tr_config_key *key, void *target)
{
	return (char **)((char *)target + key->field);
}

void tr_config_read_output(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	char *text = tr_config_text(r, node, "s3://bucket/prefix");
	if (text && strncmp(text, "s3://", 5) == 0 && text[5] && text[5] != '/')
		*text_field(key, target) = text;
	else if (text)
		tr_err_hint(tr_config_unexpected(r, node, "s3://bucket/prefix"),
			"write a prefix of a bucket that you may write to, as s3://acme-athena/results/");
}

void tr_config_read_price(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	char *text = tr_config_text(r, node, "a price");
	tr_i128 micros;
	if (text && tr_decimal_parse(text, strlen(text), 6, &micros) && micros >= 0 &&
		micros <= PRICE_MAX_MICROS)
		*(int64_t *)((char *)target + key->field) = (int64_t)micros;
	else if (text)
		tr_err_hint(tr_config_unexpected(r, node, "a price in dollars"),
			"write a number, as 5 or 6.75");
}

void tr_config_read_trino_url(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	struct tr_url url;
	char *text = tr_config_text(r, node, "a URL");
	if (!text)
		return;
	*(struct tr_pos *)((char *)target + key->pos) = node->pos;
	if (tr_url_parse(text, &url) && !strpbrk(url.path, "?#"))
		*text_field(key, target) = text;
	else
		tr_err_hint(tr_config_unexpected(r, node, "the URL of a Trino coordinator"),
			"write https://host:port; user and password have keys of their own");
}

void tr_config_read_secret(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	char *text = tr_config_text(r, node, "a text");
	if (text && *text)
		*text_field(key, target) = text;
}

void tr_config_read_session(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	static const char NAME[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	struct tr_config *c = target;
	char shown[TR_CONFIG_SHOWN];
	(void)key;
	if (node->kind != TR_YAML_MAP || node->n > SESSION_MAX) {
		tr_err_hint(tr_config_wrong(r, node->pos, "expected at most %d session properties, got %s",
				    SESSION_MAX, tr_config_show(node, shown)),
			"write `{ query_max_run_time: 10m }`");
		return;
	}
	c->trino.session = tr_config_alloc(r, node->n * sizeof *c->trino.session + 1);
	for (const struct tr_yaml *child = node->first; c->trino.session && child; child = child->next) {
		const char *name = child->key->text;
		if (!*name || name[strspn(name, NAME)]) {
			tr_err_hint(tr_config_wrong(r, child->key->pos, "%s is no session property",
					    tr_config_show(child->key, shown)),
				"SHOW SESSION lists them; a catalog's are written as hive.name");
			continue;
		}
		size_t mark = tr_config_enter(r, name);
		char *value = tr_config_text(r, child, "a text");
		if (value)
			c->trino.session[c->trino.n_session++] =
				(struct tr_config_property){ tr_config_copy(r, name), value };
		tr_config_leave(r, mark);
	}
}

static void check_trino(struct tr_config_reader *r, const struct tr_yaml *trino)
{
	const struct tr_config *c = r->config;
	const struct tr_yaml *token = tr_yaml_find(trino, "token");
	struct tr_url url;
	if (c->trino.password && c->trino.token && token)
		tr_err_hint(tr_config_wrong(r, token->key->pos,
				    "trino.token: `password` and `token` exclude each other"),
			"remove one of them");
	bool secret = c->trino.password || c->trino.token;
	if (secret && c->trino.url && tr_url_parse(c->trino.url, &url) && !url.tls && !tr_url_is_local(&url))
		tr_err_hint(tr_config_wrong(r, c->trino.url_pos,
				    "trino.url: a password or token would go there unencrypted"),
			"write https://; only a server on this machine may do without");
}

void tr_config_check_engine(struct tr_config_reader *r, const struct tr_yaml *root)
{
	const struct tr_config *c = r->config;
	const struct tr_yaml *trino = tr_yaml_find(root, "trino");
	check_trino(r, trino);
	if (c->engine && strcmp(c->engine, "trino") == 0 && !trino)
		tr_err_hint(tr_config_wrong(r, c->engine_pos, "engine: `trino` needs to know where Trino is"),
			"add `trino: { url: https://trino.example.org:8443 }`");
}
