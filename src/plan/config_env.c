/* `${NAME}` and `${NAME:-default}` in a value; `$${` is a plain `${`. */
#include <string.h>

#include "plan/config_read.h"

#define EXPANDED_MAX 65536

static bool is_name_byte(char c, bool first)
{
	return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		(!first && c >= '0' && c <= '9');
}

/* Where the n-th `${` of a value stands in the file: quotes and line breaks may lie before it. */
static struct tr_pos dollar_pos(const struct tr_config_reader *r, const struct tr_yaml *node, int nth)
{
	const char *at = r->config->text + node->start;
	struct tr_pos pos = node->pos;
	for (; *at; at++) {
		if (at[0] == '$' && at[1] == '{' && nth-- == 0)
			return pos;
		pos.column++;
		if (*at == '\n')
			pos = (struct tr_pos){ pos.line + 1, 1 };
	}
	return node->pos;
}

/* Append the variable that `p` (just behind `${`) names; returns what follows its `}`, or NULL. */
static const char *add_variable(struct tr_config_reader *r, struct tr_str *out, const char *p,
	struct tr_pos pos)
{
	size_t len = 0;
	while (is_name_byte(p[len], len == 0))
		len++;
	const char *fallback = strncmp(p + len, ":-", 2) == 0 ? p + len + 2 : NULL;
	const char *end = strchr(p, '}');
	if (len == 0 || len > 255 || !end || (!fallback && p + len != end)) {
		struct tr_err *err = tr_config_wrong(r, pos, "`${` does not begin a variable");
		tr_err_hint(err, "write ${NAME} or ${NAME:-default}; for a plain `${` write `$${`");
		return NULL;
	}
	char name[256];
	memcpy(name, p, len);
	name[len] = '\0';
	const char *value = r->env(r->env_context, name);
	if (value && (*value || !fallback)) {
		tr_str_add(out, value);
	} else if (fallback) {
		tr_str_addn(out, fallback, (size_t)(end - fallback));
	} else if (r->lake_only && strncmp(r->path, "source.", 7) == 0) {
		return NULL;
	} else {
		struct tr_err *err =
			tr_config_wrong(r, pos, "the environment variable `%s` is not set", name);
		tr_err_hint(err, "set it (export %s=...), or write a default: ${%s:-...}", name, name);
		return NULL;
	}
	return end + 1;
}

char *tr_config_expand(struct tr_config_reader *r, const struct tr_yaml *node)
{
	const char *p = node->text;
	struct tr_str out;
	int nth = 0;
	char *text = NULL;
	bool ok = true;
	tr_str_init(&out, EXPANDED_MAX);
	tr_str_add(&out, "");
	while (p && *p) {
		size_t plain = strcspn(p, "$");
		tr_str_addn(&out, p, plain);
		p += plain;
		if (strncmp(p, "$${", 3) == 0) {
			tr_str_add(&out, "${");
			p += 3;
			nth++;
		} else if (strncmp(p, "${", 2) == 0) {
			const char *next = add_variable(r, &out, p + 2, dollar_pos(r, node, nth++));
			ok = ok && next;
			/* Go on behind a bad one, so that the next is reported too. */
			p = next ? next : p + 2;
		} else if (*p) {
			tr_str_addc(&out, *p++);
		}
	}
	if (out.failed) {
		struct tr_err *err =
			tr_config_wrong(r, node->pos, "the value is longer than %d bytes", EXPANDED_MAX);
		tr_err_hint(err, "shorten it, or the variables in it");
	} else if (ok && (text = tr_config_alloc(r, out.len + 1)) != NULL) {
		memcpy(text, out.ptr, out.len);
	}
	tr_str_clear(&out);
	return text;
}
