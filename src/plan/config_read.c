#include "plan/config_read.h"

#include <stdio.h>
#include <string.h>

#include "data/name.h"

#define CANDIDATES 64

static bool excerpt_line(const struct tr_config *c, int line, char *buf, size_t size)
{
	const char *p = c->text;
	for (int i = 1; i < line; i++) {
		p = strchr(p, '\n');
		if (!p)
			return false;
		p++;
	}
	size_t len = strcspn(p, "\r\n");
	snprintf(buf, size, "%.*s", (int)(len < size ? len : size - 1), p);
	tr_config_mask(buf);
	return true;
}

bool tr_config_at(const struct tr_config *c, struct tr_pos pos, struct tr_err *err)
{
	char line[1024];
	bool known = excerpt_line(c, pos.line, line, sizeof line);
	return tr_err_at_file(err, c->shown, pos.line, pos.column, known ? line : NULL);
}

/* A secret that stands in the file, as `password: hunter2`. */
static void mask_key(char *text, const char *key)
{
	for (char *p = text; (p = strstr(p, key)) != NULL;) {
		p += strlen(key);
		p += strspn(p, " \t");
		const char *ends = *p == '"' ? "\"" : *p == '\'' ? "'" : *p == '[' || *p == '{' ? "" : ",}";
		size_t len = *p ? 1 + strcspn(p + 1, ends) : 0;
		if (len && *p != '$' && strncmp(p + 1, "${", 2) != 0)
			memset(p, '*', len);
	}
}

void tr_config_mask(char *text)
{
	for (char *p = text; (p = strstr(p, "://")) != NULL;) {
		p += 3;
		size_t authority = strcspn(p, "/?# '\"");
		char *colon = memchr(p, ':', authority);
		/* A password may itself hold an @: the last one ends it. */
		char *at = memrchr(p, '@', authority);
		if (colon && at && colon < at && colon[1] != '$')
			memset(colon + 1, '*', (size_t)(at - colon - 1));
	}
	for (char *p = text; (p = strcasestr(p, "password=")) != NULL;) {
		p += strlen("password=");
		size_t len = *p == '\'' ? 1 + strcspn(p + 1, "'") : strcspn(p, " &\"'");
		if (*p != '$')
			memset(p, '*', len);
	}
	mask_key(text, "password:");
	mask_key(text, "token:");
}

static struct tr_err *mistake_v(const struct tr_config *c, struct tr_errs *errs, struct tr_pos pos,
	const char *prefix, const char *fmt, va_list args) TR_PRINTF(5, 0);

static struct tr_err *mistake_v(const struct tr_config *c, struct tr_errs *errs, struct tr_pos pos,
	const char *prefix, const char *fmt, va_list args)
{
	char text[1024];
	vsnprintf(text, sizeof text, fmt, args);
	struct tr_err *err = tr_errs_add(errs);
	tr_err_set(err, TR_ERR_USER, "%s%s%s", prefix, *prefix ? ": " : "", text);
	tr_config_at(c, pos, err);
	return err;
}

struct tr_err *tr_config_mistake(const struct tr_config *c, struct tr_errs *errs, struct tr_pos pos,
	const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	struct tr_err *err = mistake_v(c, errs, pos, "", fmt, args);
	va_end(args);
	return err;
}

struct tr_err *tr_config_wrong(struct tr_config_reader *r, struct tr_pos pos, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	struct tr_err *err = mistake_v(r->config, r->errs, pos, r->path, fmt, args);
	va_end(args);
	return err;
}

size_t tr_config_mistakes(const struct tr_config_reader *r)
{
	return r->errs->n + r->errs->dropped;
}

size_t tr_config_enter(struct tr_config_reader *r, const char *name)
{
	size_t mark = r->path_len;
	size_t room = sizeof r->path - mark;
	char cut[TR_CONFIG_SHOWN];
	tr_copy_text(cut, sizeof cut, name);
	int n = snprintf(r->path + mark, room, "%s%s", mark ? "." : "", cut);
	r->path_len = mark + ((size_t)n < room ? (size_t)n : room - 1);
	return mark;
}

void tr_config_leave(struct tr_config_reader *r, size_t mark)
{
	r->path_len = mark;
	r->path[mark] = '\0';
}

void *tr_config_alloc(struct tr_config_reader *r, size_t size)
{
	struct tr_err err = { 0 };
	void *p = tr_arena_alloc(&r->config->arena, size, &err);
	if (!p)
		*tr_errs_add(r->errs) = err;
	return p;
}

char *tr_config_copy(struct tr_config_reader *r, const char *text)
{
	size_t n = strlen(text) + 1;
	char *copy = tr_config_alloc(r, n);
	return copy ? memcpy(copy, text, n) : NULL;
}

/* ---- groups ---- */

static const struct tr_config_key *find_key(const struct tr_config_section *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->keys[i].name, name) == 0)
			return &s->keys[i];
	return NULL;
}

static void list_keys(const struct tr_config_section *s, char *buf, size_t size)
{
	size_t len = 0;
	buf[0] = '\0';
	for (size_t i = 0; i < s->n && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s", i ? ", " : "", s->keys[i].name);
}

/* The key that was probably meant, or NULL. */
static const char *closest_key(const struct tr_config_section *s, const struct tr_yaml *key)
{
	const char *names[CANDIDATES];
	size_t n = 0;
	for (; n < s->n && n < CANDIDATES; n++)
		names[n] = s->keys[n].name;
	return tr_name_closest(key->text, names, n);
}

static void unknown_key(struct tr_config_reader *r, const struct tr_config_section *s,
	const struct tr_yaml *key)
{
	char all[512];
	struct tr_err *err = tr_config_wrong(r, key->pos, "unknown key %s", tr_config_show(key, all));
	const char *close = closest_key(s, key);
	list_keys(s, all, sizeof all);
	if (close)
		tr_err_hint(err, "did you mean `%s`?", close);
	else
		tr_err_hint(err, "the keys here are %s", all);
}

/* The defaults go through the same readers as what a file says. */
void tr_config_defaults(struct tr_config_reader *r, const struct tr_config_section *s, void *target)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct tr_config_key *key = &s->keys[i];
		if (key->section && key->read == tr_config_read_group)
			tr_config_defaults(r, key->section, target);
		if (!key->fallback)
			continue;
		char text[64];
		tr_copy_text(text, sizeof text, key->fallback);
		struct tr_yaml node = { .kind = TR_YAML_TEXT, .pos = { 1, 1 }, .text = text, .plain = true };
		key->read(r, key, &node, target);
		if (key->pos) /* it stands nowhere */
			*(struct tr_pos *)((char *)target + key->pos) = (struct tr_pos){ 0 };
	}
}

/* The group has it, or has a mistyped key that was reported as probably it. */
static bool mentions(const struct tr_config_section *s, const struct tr_yaml *node, const char *name)
{
	if (tr_yaml_find(node, name))
		return true;
	for (const struct tr_yaml *child = node->first; child; child = child->next) {
		const char *close = find_key(s, child->key->text) ? NULL : closest_key(s, child->key);
		if (close && strcmp(close, name) == 0)
			return true;
	}
	return false;
}

static void read_entries(struct tr_config_reader *r, const struct tr_config_section *s,
	const struct tr_yaml *node, void *target)
{
	for (const struct tr_yaml *child = node->first; child; child = child->next) {
		const struct tr_config_key *key = find_key(s, child->key->text);
		if (!key) {
			unknown_key(r, s, child->key);
			continue;
		}
		size_t mark = tr_config_enter(r, key->name);
		key->read(r, key, child, target);
		tr_config_leave(r, mark);
	}
}

void tr_config_group(struct tr_config_reader *r, const struct tr_config_section *s,
	const struct tr_yaml *node, struct tr_pos at, void *target)
{
	char all[512], shown[TR_CONFIG_SHOWN];
	if (node->kind != TR_YAML_MAP && !tr_yaml_is_null(node)) {
		list_keys(s, all, sizeof all);
		struct tr_err *err = tr_config_wrong(r, node->pos, "expected a group of keys, got %s",
			tr_config_show(node, shown));
		tr_err_hint(err, "write `key: value` lines under it; the keys are %s", all);
		return;
	}
	read_entries(r, s, node, target);
	for (size_t i = 0; i < s->n; i++) {
		const struct tr_config_key *key = &s->keys[i];
		if (!key->required || mentions(s, node, key->name) ||
			(key->unless && mentions(s, node, key->unless)))
			continue;
		struct tr_err *err = tr_config_wrong(r, at, "the key `%s` is missing", key->name);
		tr_err_hint(err, "add `%s:`: %s", key->name, key->doc);
	}
}

void tr_config_read_group(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	if (key->pos)
		*(struct tr_pos *)((char *)target + key->pos) = node->key->pos;
	tr_config_group(r, key->section, node, node->key->pos, target);
}
