/* The readers of single values: texts, words, numbers, sizes, durations, types. */
#include <stdio.h>
#include <string.h>

#include "data/column.h"
#include "data/name.h"
#include "plan/config_read.h"

struct unit {
	const char *name;
	int64_t factor;
};

/* Those written in messages come first, largest first. */
static const struct unit size_units[] = {
	{ "TiB", INT64_C(1) << 40 },
	{ "GiB", INT64_C(1) << 30 },
	{ "MiB", INT64_C(1) << 20 },
	{ "KiB", 1024 },
	{ "B", 1 },
	{ "TB", INT64_C(1000000000000) },
	{ "GB", 1000000000 },
	{ "MB", 1000000 },
	{ "kB", 1000 },
	{ NULL, 0 },
};
static const struct unit duration_units[] = {
	{ "d", 86400000 },
	{ "h", 3600000 },
	{ "min", 60000 },
	{ "s", 1000 },
	{ "ms", 1 },
	{ NULL, 0 },
};

static void *field_of(const struct tr_config_key *key, void *target)
{
	return (char *)target + key->field;
}

static void set_pos(const struct tr_config_key *key, const struct tr_yaml *node, void *target)
{
	if (key->pos)
		*(struct tr_pos *)((char *)target + key->pos) = node->pos;
}

const char *tr_config_show(const struct tr_yaml *node, char *buf)
{
	if (node->kind == TR_YAML_MAP)
		return strcpy(buf, "a group of keys");
	if (node->kind == TR_YAML_LIST)
		return strcpy(buf, "a list");
	if (tr_yaml_is_null(node))
		return strcpy(buf, "nothing");
	char text[1024], cut[TR_CONFIG_SHOWN - 3];
	tr_copy_text(text, sizeof text, node->text);
	tr_config_mask(text);
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	tr_copy_text(cut, sizeof cut, text);
	snprintf(buf, TR_CONFIG_SHOWN, "`%s`", cut);
	return buf;
}

char *tr_config_text(struct tr_config_reader *r, const struct tr_yaml *node, const char *what)
{
	char shown[TR_CONFIG_SHOWN];
	if (node->kind == TR_YAML_TEXT && !tr_yaml_is_null(node))
		return tr_config_expand(r, node);
	struct tr_err *err =
		tr_config_wrong(r, node->pos, "expected %s, got %s", what, tr_config_show(node, shown));
	if (node->kind == TR_YAML_TEXT)
		tr_err_hint(err, "write a value, or leave the key out");
	else
		tr_err_hint(err, "a text with one of []{} in front needs quotes");
	return NULL;
}

/* The value of a variable is never shown, only the place that names it. */
struct tr_err *tr_config_unexpected(struct tr_config_reader *r, const struct tr_yaml *node, const char *what)
{
	char shown[TR_CONFIG_SHOWN];
	return tr_config_wrong(r, node->pos, "expected %s, got %s%s", what,
		strstr(node->text, "${") ? "the content of " : "", tr_config_show(node, shown));
}

/* ---- texts ---- */

void tr_config_read_text(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	char *text = tr_config_text(r, node, "a text");
	if (!text)
		return;
	if (key->min > 0 && text[strspn(text, " \t\r\n")] == '\0') {
		tr_err_hint(tr_config_wrong(r, node->pos, "expected a text, got an empty one"),
			"write a value, or leave the key out");
		return;
	}
	*(char **)field_of(key, target) = text;
	set_pos(key, node, target);
}

void tr_config_read_name(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	char *text = tr_config_text(r, node, "a name");
	if (text && tr_name_is_dataset(text))
		*(char **)field_of(key, target) = text;
	else if (text)
		tr_err_hint(tr_config_unexpected(r, node, "a name"),
			"a name has a-z, 0-9 and _, begins with a letter, and has at most %d bytes",
			TR_NAME_MAX);
}

char *tr_config_absolute(struct tr_config_reader *r, const char *path)
{
	while (strncmp(path, "./", 2) == 0)
		path += 2 + strspn(path + 2, "/");
	if (strcmp(path, ".") == 0)
		path = "";
	const char *folder = *path == '/' ? "" : r->config->folder;
	size_t n = strlen(folder), len = strlen(path);
	char *full = tr_config_alloc(r, n + len + 2);
	if (full)
		snprintf(full, n + len + 2, "%s%s%s", folder,
			*folder && *path && folder[n - 1] != '/' ? "/" : "", path);
	return full;
}

char *tr_config_path(struct tr_config_reader *r, const struct tr_yaml *node, const char *text)
{
	struct tr_err *err = NULL;
	if (!*text) {
		err = tr_config_wrong(r, node->pos, "expected a path, got an empty text");
		tr_err_hint(err, "write a folder, as ./lake");
	} else if (strstr(text, "://")) {
		err = tr_config_unexpected(r, node, "a path");
		tr_err_hint(err, "write the path of a local file or folder");
	} else if (*text == '~') {
		err = tr_config_wrong(r, node->pos, "`~` has no meaning in a path here");
		tr_err_hint(err, "write ${HOME}%s", strchr(text, '/') ? "/..." : "");
	}
	return err ? NULL : tr_config_absolute(r, text);
}

void tr_config_read_path(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	char *text = tr_config_text(r, node, "a path");
	char *path = text ? tr_config_path(r, node, text) : NULL;
	if (path)
		*(char **)field_of(key, target) = path;
	set_pos(key, node, target);
}

/* ---- choices ---- */

static void add_words(struct tr_str *out, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		tr_str_addf(out, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
}

static size_t gather(const char *const *words, const char **names, size_t n, size_t max)
{
	for (size_t i = 0; words && words[i] && n < max; i++)
		names[n++] = words[i];
	return n;
}

/* Index of the word in key->words, or -1: reported. */
static int read_choice(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node)
{
	const char *names[16];
	struct tr_str what;
	int found = -1;
	tr_str_init(&what, 256);
	add_words(&what, key->words);
	char *text = tr_config_text(r, node, what.failed ? "a word" : what.ptr);
	for (int i = 0; text && key->words[i]; i++)
		if (strcmp(key->words[i], text) == 0)
			found = i;
	if (!text || found >= 0)
		goto out;
	for (size_t i = 0; key->later && key->later[i]; i++)
		if (strcmp(key->later[i], text) == 0) {
			tr_err_hint(tr_config_wrong(r, node->pos, "`%s` is not available in this version",
					    key->later[i]),
				"write %s", what.ptr);
			goto out;
		}
	size_t n = gather(key->words, names, 0, 16);
	n = gather(key->later, names, n, 16);
	struct tr_err *err = tr_config_unexpected(r, node, what.failed ? "a word" : what.ptr);
	const char *close = tr_name_closest(text, names, n);
	if (close)
		tr_err_hint(err, "did you mean `%s`?", close);
	else
		tr_err_hint(err, "write one of these words");
out:
	tr_str_clear(&what);
	return found;
}

void tr_config_read_word(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	int i = read_choice(r, key, node);
	if (i < 0)
		return;
	*(char **)field_of(key, target) = tr_config_copy(r, key->words[i]);
	set_pos(key, node, target);
}

void tr_config_read_either(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	/* YAML's null is a word like others where `null` is one of the two. */
	struct tr_yaml quoted = *node;
	quoted.plain = quoted.plain && !*node->text;
	int i = read_choice(r, key, node->kind == TR_YAML_TEXT ? &quoted : node);
	if (i < 0)
		return;
	*(bool *)field_of(key, target) = i == 1;
	set_pos(key, node, target);
}

void tr_config_read_bool(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	char *text = tr_config_text(r, node, "true or false");
	if (!text)
		return;
	bool yes = strcmp(text, "true") == 0;
	if (yes || strcmp(text, "false") == 0)
		*(bool *)field_of(key, target) = yes;
	else
		tr_err_hint(tr_config_unexpected(r, node, "true or false"),
			"write true or false, without quotes");
}

/* ---- numbers ---- */

static void format_units(int64_t value, const struct unit *units, char *buf, size_t size)
{
	for (; value && units->name; units++)
		if (value % units->factor == 0) {
			snprintf(buf, size, "%lld%s", (long long)(value / units->factor), units->name);
			return;
		}
	snprintf(buf, size, "%lld", (long long)value);
}

static const struct unit *units_of(const struct tr_config_key *key)
{
	if (key->read == tr_config_read_size)
		return size_units;
	return key->read == tr_config_read_duration ? duration_units : NULL;
}

const char *tr_config_bounds(const struct tr_config_key *key, char *buf)
{
	const struct unit none = { NULL, 0 }, *units = units_of(key);
	char min[24], max[24];
	buf[0] = '\0';
	if (!units && key->read != tr_config_read_int)
		return buf;
	format_units(key->min, units ? units : &none, min, sizeof min);
	format_units(key->max, units ? units : &none, max, sizeof max);
	if (key->min == 0 && units && key->max == INT64_MAX)
		return buf;
	if (key->min == 0 && units)
		snprintf(buf, TR_CONFIG_BOUNDS, "at most %s", max);
	else
		snprintf(buf, TR_CONFIG_BOUNDS, "from %s to %s", min, max);
	return buf;
}

/* `a size from 64MiB to 1TiB`, `a rate, as 80MB/s`. */
static const char *expectation(const struct tr_config_key *key, char *buf, size_t size)
{
	char bounds[TR_CONFIG_BOUNDS];
	tr_config_bounds(key, bounds);
	snprintf(buf, size, "a %s%s%s%s", key->kind,
		!*bounds                 ? ""
			: *bounds == 'a' ? " of "
					 : " ",
		bounds, key->min == 0 && units_of(key) ? ", or `unlimited`" : "");
	return buf;
}

/* digits, perhaps with a fraction, then one of the units; exact in `out`, rounded down. */
static bool parse_units(const char *text, const struct unit *units, int64_t *out)
{
	size_t whole = strspn(text, "0123456789");
	size_t fraction = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
	if (whole == 0 || whole > 18 || fraction > 6 || (text[whole] == '.' && fraction == 0))
		return false;
	tr_i128 number = 0, divisor = 1;
	for (size_t i = 0; i < whole; i++)
		number = number * 10 + (text[i] - '0');
	for (size_t i = 0; i < fraction; i++) {
		number = number * 10 + (text[whole + 1 + i] - '0');
		divisor *= 10;
	}
	const char *unit = text + whole + (fraction ? fraction + 1 : 0);
	unit += strspn(unit, " ");
	for (; units->name; units++)
		if (strcasecmp(units->name, unit) == 0)
			break;
	if (!units->name)
		return false;
	number = number * units->factor / divisor;
	if (number > INT64_MAX)
		return false;
	*out = (int64_t)number;
	return true;
}

void tr_config_read_int(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	char what[128];
	char *text = tr_config_text(r, node, expectation(key, what, sizeof what));
	if (!text)
		return;
	static const struct unit none[] = { { "", 1 }, { NULL, 0 } };
	int64_t value = 0;
	if (strchr(text, '.') || !parse_units(text, none, &value) || value < key->min || value > key->max) {
		char bounds[TR_CONFIG_BOUNDS];
		tr_err_hint(tr_config_unexpected(r, node, what), "write a number %s",
			tr_config_bounds(key, bounds));
		return;
	}
	*(int *)field_of(key, target) = (int)value;
}

/* For sizes, rates and durations. */
static bool read_units(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, const char *example, int64_t *out)
{
	char what[128];
	char *text = tr_config_text(r, node, expectation(key, what, sizeof what));
	if (!text)
		return false;
	if (key->min == 0 && (strcmp(text, "unlimited") == 0 || strcmp(text, "0") == 0)) {
		*out = 0;
		return true;
	}
	size_t len = strlen(text);
	bool per_second = len > 2 && strcmp(text + len - 2, "/s") == 0;
	bool rate = strcmp(key->kind, "rate") == 0;
	if (per_second)
		text[len - 2] = '\0';
	if (per_second == rate && parse_units(text, units_of(key), out) && *out >= key->min &&
		*out <= key->max && *out > 0)
		return true;
	tr_err_hint(tr_config_unexpected(r, node, what), "%s", example);
	return false;
}

void tr_config_read_size(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	int64_t value;
	if (read_units(r, key, node,
		    strcmp(key->kind, "rate") == 0 ? "write bytes per second, as 80MB/s, 10MiB/s or 500kB/s"
						   : "write a number with its unit, as 512MiB, 2GiB or 80MB",
		    &value))
		*(uint64_t *)field_of(key, target) = (uint64_t)value;
}

void tr_config_read_duration(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	int64_t value;
	if (read_units(r, key, node, "write a number with its unit, as 500ms, 30s, 10min, 2h or 7d", &value))
		*(int64_t *)field_of(key, target) = value;
}

/* ---- types ---- */

bool tr_config_type(struct tr_config_reader *r, const struct tr_yaml *node, struct tr_type *out)
{
	char shown[TR_CONFIG_SHOWN];
	char *text = tr_config_text(r, node, "a type");
	struct tr_err found = { 0 };
	if (!text || tr_type_parse(text, out, &found))
		return text != NULL;
	struct tr_err *err = strstr(node->text, "${") ? tr_config_unexpected(r, node, "a type")
		: strncmp(found.what, "unknown", 7) == 0
		? tr_config_wrong(r, node->pos, "unknown type %s", tr_config_show(node, shown))
		: tr_config_wrong(r, node->pos, "%s", found.what);
	return tr_err_hint(err, "%s", found.hint);
}

void tr_config_read_type(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	if (tr_config_type(r, node, field_of(key, target)))
		set_pos(key, node, target);
}
