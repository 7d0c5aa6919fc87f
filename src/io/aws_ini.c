#include "io/aws_ini.h"

#include <stdlib.h>
#include <string.h>

#include "io/read_file.h"

struct parser {
	struct tr_aws_ini *ini;
	const char *path;
	int line;
	size_t indent;     /* of the last setting: what stands deeper continues it */
	bool in_setting;   /* a setting stands above in this section */
	const char *whole; /* its name, where it has no value: deeper settings are its parts; else NULL */
};

static bool wrong(const struct parser *p, const char *problem, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER, "%s, line %d: %s", p->path, p->line, problem);
	tr_err_at_file(err, p->path, p->line, 1, NULL);
	return tr_err_hint(err, "sections are written as [profile name], settings as name = value");
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* Cut white space off both ends, in place. */
static char *trim(char *text)
{
	while (is_space(*text))
		text++;
	size_t n = strlen(text);
	while (n > 0 && is_space(text[n - 1]))
		text[--n] = '\0';
	return text;
}

/* A quoted name may hold spaces: `[profile "a b"]`. */
static char *unquote(char *text)
{
	size_t n = strlen(text);
	if (n >= 2 && (text[0] == '"' || text[0] == '\'') && text[n - 1] == text[0]) {
		text[n - 1] = '\0';
		return text + 1;
	}
	return text;
}

static bool add_section(struct parser *p, char *line, struct tr_err *err)
{
	struct tr_aws_ini *ini = p->ini;
	char *end = strchr(line, ']');
	if (!end)
		return wrong(p, "a section's name has no ] at its end", err);
	*end = '\0';
	char *kind = trim(line + 1), *name = kind;
	while (*name && !is_space(*name))
		name++;
	if (*name) {
		*name = '\0';
		name = unquote(trim(name + 1));
	} else {
		name = unquote(kind);
		kind = NULL;
	}
	if (!*name)
		return wrong(p, "a section has no name", err);
	if (!tr_array_grow((void **)&ini->sections, ini->n_sections, &ini->cap_sections,
		    sizeof *ini->sections, err))
		return false;
	ini->sections[ini->n_sections++] =
		(struct tr_aws_ini_section){ .kind = kind ? kind : "", .name = name };
	p->in_setting = false;
	p->indent = 0;
	return true;
}

static void cut_comment(char *value)
{
	for (char *c = value; *c; c++)
		if (is_space(*c) && (c[1] == '#' || c[1] == ';')) {
			*c = '\0';
			return;
		}
}

/* A setting, or a part of p->whole. */
static bool keep_setting(struct parser *p, char *name, char *value, bool part, struct tr_err *err)
{
	struct tr_aws_ini *ini = p->ini;
	for (char *c = name; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	if (!tr_array_grow((void **)&ini->settings, ini->n_settings, &ini->cap_settings,
		    sizeof *ini->settings, err))
		return false;
	ini->settings[ini->n_settings++] = (struct tr_aws_ini_setting){ .section = ini->n_sections - 1,
		.name = name,
		.value = value,
		.part_of = part ? p->whole : NULL };
	return true;
}

static bool add_setting(struct parser *p, char *line, struct tr_err *err)
{
	char *value = strpbrk(line, "=:");
	if (!value)
		return wrong(p, "a setting has no =", err);
	*value++ = '\0';
	cut_comment(value);
	char *name = trim(line);
	if (!*name)
		return wrong(p, "a setting has no name", err);
	if (p->ini->n_sections == 0)
		return wrong(p, "a setting stands before the first section", err);
	value = trim(value);
	p->whole = *value ? NULL : name;
	return keep_setting(p, name, value, false, err);
}

/* A line below a setting: one of its parts, or more of its value, which nothing here needs. */
static bool add_part(struct parser *p, char *line, struct tr_err *err)
{
	char *value = p->whole ? strchr(line, '=') : NULL;
	if (!value)
		return true;
	*value++ = '\0';
	cut_comment(value);
	return keep_setting(p, trim(line), trim(value), true, err);
}

static bool add_line(struct parser *p, char *line, struct tr_err *err)
{
	size_t indent = 0;
	while (is_space(line[indent]))
		indent++;
	char *text = line + indent;
	if (!*text || *text == '#' || *text == ';')
		return true;
	if (p->in_setting && indent > p->indent)
		return add_part(p, text, err);
	if (*text == '[')
		return add_section(p, text, err);
	p->in_setting = true;
	p->indent = indent;
	return add_setting(p, text, err);
}

static bool parse(struct tr_aws_ini *ini, const char *path, struct tr_err *err)
{
	struct parser p = { .ini = ini, .path = path };
	char *line = (char *)ini->text.data;
	if (strncmp(line, "\xEF\xBB\xBF", 3) == 0)
		line += 3;
	while (line) {
		char *next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		p.line++;
		if (!add_line(&p, line, err))
			return false;
		line = next;
	}
	return true;
}

bool tr_aws_ini_parse(const char *text, size_t n, const char *path, struct tr_aws_ini *out,
	struct tr_err *err)
{
	memset(out, 0, sizeof *out);
	tr_buf_init(&out->text, TR_AWS_INI_MAX + 1);
	if (n > TR_AWS_INI_MAX || (n && memchr(text, '\0', n))) {
		tr_err_set(err, TR_ERR_USER, "%s is not a text file of at most 1 MiB", path);
		return tr_err_hint(err, "check that it is the file that was meant");
	}
	if (tr_buf_append(&out->text, text, n, err) && tr_buf_append(&out->text, "", 1, err) &&
		parse(out, path, err))
		return true;
	tr_aws_ini_clear(out);
	return false;
}

bool tr_aws_ini_load(const char *path, struct tr_aws_ini *out, struct tr_err *err)
{
	bool found;
	memset(out, 0, sizeof *out);
	tr_buf_init(&out->text, TR_AWS_INI_MAX + 1);
	if (tr_read_file(path, &out->text, &found, err) && (!found || parse(out, path, err)))
		return true;
	tr_aws_ini_clear(out);
	return false;
}

void tr_aws_ini_clear(struct tr_aws_ini *ini)
{
	if (ini->text.data)
		explicit_bzero(ini->text.data, ini->text.cap);
	tr_buf_clear(&ini->text);
	free(ini->sections);
	free(ini->settings);
	memset(ini, 0, sizeof *ini);
}

static bool is_section(const struct tr_aws_ini_section *s, const char *kind, const char *name)
{
	return strcmp(s->kind, kind) == 0 && strcmp(s->name, name) == 0;
}

bool tr_aws_ini_has(const struct tr_aws_ini *ini, const char *kind, const char *name)
{
	for (size_t i = 0; i < ini->n_sections; i++)
		if (is_section(&ini->sections[i], kind, name))
			return true;
	return false;
}

static const char *find(const struct tr_aws_ini *ini, const char *kind, const char *name, const char *part_of,
	const char *setting)
{
	for (size_t i = ini->n_settings; i-- > 0;) {
		const struct tr_aws_ini_setting *s = &ini->settings[i];
		bool there = part_of ? s->part_of && strcmp(s->part_of, part_of) == 0 : !s->part_of;
		if (there && strcmp(s->name, setting) == 0 &&
			is_section(&ini->sections[s->section], kind, name))
			return s->value;
	}
	return NULL;
}

const char *tr_aws_ini_get(const struct tr_aws_ini *ini, const char *kind, const char *name,
	const char *setting)
{
	return find(ini, kind, name, NULL, setting);
}

const char *tr_aws_ini_part(const struct tr_aws_ini *ini, const char *kind, const char *name,
	const char *setting, const char *part)
{
	return find(ini, kind, name, setting, part);
}
