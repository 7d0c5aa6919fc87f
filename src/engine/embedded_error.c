#include "engine/embedded_state.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/name.h"

#define CANDIDATES_MAX 16
#define COLUMNS_MAX 4096

/* Byte offset of character `n` of UTF-8 text: the parser counts characters, the binder bytes. */
static size_t byte_of_character(const char *text, size_t n)
{
	size_t i = 0;
	for (; text[i]; i++) {
		bool starts = ((unsigned char)text[i] & 0xC0) != 0x80;
		if (starts && n-- == 0)
			break;
	}
	return i;
}

void tr_engine_place(const char *sql, const char *sql_file, size_t offset, struct tr_err *err)
{
	size_t len = strlen(sql);
	if (offset > len)
		offset = len;
	/* An error at the very end points at the last thing that was written. */
	while (offset > 0 && (offset == len || sql[offset] == '\n') &&
		(sql[offset - 1] == '\n' || sql[offset - 1] == ' ' || sql[offset - 1] == '\t'))
		offset--;
	int line = 1;
	size_t start = 0;
	for (size_t i = 0; i < offset; i++) {
		if (sql[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	char excerpt[sizeof err->place.excerpt * 2];
	size_t n = strcspn(sql + start, "\r\n");
	if (n >= sizeof excerpt)
		n = sizeof excerpt - 1;
	memcpy(excerpt, sql + start, n);
	excerpt[n] = '\0';
	tr_err_at_file(err, sql_file ? sql_file : "", line, (int)(offset - start) + 1, excerpt);
}

static const char *member(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

static bool type_is(const char *type, const char *const *names)
{
	for (; *names; names++)
		if (strcasecmp(type, *names) == 0)
			return true;
	return false;
}

static enum tr_err_kind kind_of(const char *type, bool running)
{
	static const char *const about_data[] = { "Conversion", "Out of Range", "Invalid Input", "Constraint",
		"Divide by Zero", "Mismatch Type", "Decimal", "Object Size", NULL };
	static const char *const ours[] = { "INTERNAL", "FATAL", "Out of Memory", "IO", "Invalid",
		"Scheduler", "Executor", "NULL pointer", "Serialization", NULL };
	if (type_is(type, ours))
		return TR_ERR_INTERNAL;
	return running && type_is(type, about_data) ? TR_ERR_DATA : TR_ERR_USER;
}

/* `a, b` or "amount" -> up to CANDIDATES_MAX names, cut in place. */
static size_t split_candidates(char *text, const char **names)
{
	size_t n = 0;
	char *rest = NULL;
	for (char *p = strtok_r(text, ",", &rest); p && n < CANDIDATES_MAX; p = strtok_r(NULL, ",", &rest)) {
		while (*p == ' ')
			p++;
		names[n++] = p;
	}
	return n;
}

/* The name behind a qualifier: `o.amount` -> `amount`. */
static const char *unqualified(const char *name)
{
	const char *dot = strrchr(name, '.');
	return dot ? dot + 1 : name;
}

static void hint_names(struct tr_err *err, const char *name, const char *const *names, size_t n,
	const char *lead)
{
	const char *closest = tr_name_closest(name, names, n);
	if (closest) {
		tr_err_hint(err, "did you mean `%s`?", closest);
		return;
	}
	if (!lead)
		return;
	struct tr_str list;
	tr_str_init(&list, sizeof err->hint);
	for (size_t i = 0; i < n; i++)
		tr_str_addf(&list, "%s`%s`", i ? ", " : "", names[i]);
	if (list.ptr)
		tr_err_hint(err, "%s: %s", lead, list.ptr);
	tr_str_clear(&list);
}

/* What DuckDB finds nearest is worth a list for columns only; of functions it is far off. */
static void hint_candidates(struct tr_err *err, const char *name, const char *candidates, bool list)
{
	char text[2048];
	const char *names[CANDIDATES_MAX];
	tr_copy_text(text, sizeof text, candidates);
	size_t n = split_candidates(text, names);
	for (size_t i = 0; i < n; i++)
		names[i] = unqualified(names[i]);
	hint_names(err, unqualified(name), names, n, list ? "the nearest there are" : NULL);
}

/* DuckDB would propose its own system tables. */
static void hint_tables(struct tr_err *err, const struct tr_engine *e, const char *name)
{
	const char *names[CANDIDATES_MAX];
	size_t n = 0;
	for (size_t i = 0; i < e->n_sources && n < CANDIDATES_MAX; i++)
		names[n++] = e->sources[i]->name;
	for (size_t i = 0; i < e->n_published && n < CANDIDATES_MAX; i++)
		names[n++] = tr_engine_published_name(e->published[i]);
	hint_names(err, unqualified(name), names, n, "the tables here are");
}

/* The text between the first pair of double quotes from `from` on. */
static bool quoted(const char *from, char *out, size_t size)
{
	const char *start = strchr(from, '"');
	const char *end = start ? strchr(start + 1, '"') : NULL;
	if (!end || (size_t)(end - start) > size)
		return false;
	memcpy(out, start + 1, (size_t)(end - start) - 1);
	out[end - start - 1] = '\0';
	return true;
}

static size_t add_column_names(const struct tr_schema *schema, const char **names, size_t n)
{
	for (size_t i = 0; i < schema->n && n < COLUMNS_MAX; i++)
		names[n++] = schema->fields[i].name;
	return n;
}

static void hint_column(struct tr_err *err, const struct tr_engine *e, const char *name)
{
	const char **names = calloc(COLUMNS_MAX, sizeof *names);
	if (!names)
		return;
	size_t n = 0;
	for (size_t i = 0; i < e->n_sources; i++)
		n = add_column_names(&e->sources[i]->schema, names, n);
	for (size_t i = 0; i < e->n_published; i++)
		n = add_column_names(tr_engine_published_columns(e->published[i]), names, n);
	const char *closest = tr_name_closest(name, names, n);
	if (closest)
		tr_err_hint(err, "did you mean `%s`?", closest);
	free(names);
}

/* `o.amont` of a view: the binder names no candidates, and the name in its text only. */
static void hint_columns(struct tr_err *err, const struct tr_engine *e, const char *text)
{
	char name[256];
	const char *missing = strstr(text, " does not have a column named \"");
	if (missing && quoted(missing, name, sizeof name))
		hint_column(err, e, name);
}

/* `u.naem` where a table `u` has a column `u`, too: DuckDB takes it for a field of that column. */
static bool set_field(struct tr_err *err, const struct tr_engine *e, const char *text, const char *sql,
	const char *sql_file)
{
	char field[256], of[256];
	const char *lead = "Cannot extract field '", *end, *in = strstr(text, " from expression \"");
	if (strncmp(text, lead, strlen(lead)) != 0 || !in || !quoted(in, of, sizeof of))
		return false;
	text += strlen(lead);
	end = strchr(text, '\'');
	if (!end || end > in || (size_t)(end - text) >= sizeof field)
		return false;
	memcpy(field, text, (size_t)(end - text));
	field[end - text] = '\0';
	tr_err_set(err, TR_ERR_USER, "`%s` has no column or field `%s`", of, field);
	char written[sizeof field + sizeof of];
	snprintf(written, sizeof written, "%s.%s", of, field);
	const char *at = sql ? strcasestr(sql, written) : NULL;
	if (at)
		tr_engine_place(sql, sql_file, (size_t)(at - sql), err);
	hint_column(err, e, field);
	return true;
}

/* Words that are fine as names in Postgres, or tempting, and that the engine's grammar keeps. */
static bool is_kept_word(const char *word, size_t n)
{
	static const char *const words[] = { "all", "analyze", "anti", "any", "array", "at", "binary", "both",
		"check", "collation", "column", "constraint", "default", "desc", "do", "end", "for",
		"foreign", "freeze", "full", "glob", "group", "is", "left", "limit", "natural", "offset",
		"only", "order", "outer", "pivot", "positional", "primary", "references", "right", "semi",
		"show", "similar", "some", "table", "to", "unique", "verbose", "window" };
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strlen(words[i]) == n && strncasecmp(words[i], word, n) == 0)
			return true;
	return false;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The word at the mistake, or the one before it, may have been meant as a name. */
static void hint_kept_word(struct tr_err *err, const char *sql, size_t offset)
{
	size_t len = strlen(sql), start = offset < len ? offset : len, end = start;
	if (sql[start] == '@') {
		tr_err_hint(err, "a version is named in double quotes: \"orders@7\"");
		return;
	}
	while (is_word(sql[end]))
		end++;
	if (!is_kept_word(sql + start, end - start)) {
		for (end = start; end > 0 && !is_word(sql[end - 1]) && start - end < 3;)
			end--;
		for (start = end; start > 0 && is_word(sql[start - 1]);)
			start--;
	}
	if (is_kept_word(sql + start, end - start))
		tr_err_hint(err, "where `%.*s` is meant as a name, write it in double quotes",
			(int)(end - start), sql + start);
}

static void hint_by_type(struct tr_err *err, const char *type, const char *text)
{
	if (strcasecmp(type, "Out of Memory") == 0)
		tr_err_hint(err, "raise limits.memory, or limits.disk where the folder for spilling is full");
	else if (strcasecmp(type, "Permission") == 0)
		tr_err_hint(err,
			"a statement reads its tables by their names only: no files, no network, no "
			"settings");
	else if (strcasecmp(type, "IO") == 0 && strstr(text, "No space left"))
		tr_err_hint(err,
			"free space on that disk, or point limits.temp_dir elsewhere; nothing was published");
	else if (strcasecmp(type, "IO") == 0 && strstr(text, "No files found"))
		tr_err_hint(err, "a published file is gone: `tailrace verify` lists what is missing");
	else if (strcasecmp(type, "Conversion") == 0)
		tr_err_hint(err, "TRY_CAST gives NULL for a value that does not convert");
	else if (strcasecmp(type, "Missing Extension") == 0 || strcasecmp(type, "Autoload") == 0)
		tr_err_hint(err, "extensions are not loaded here; use the functions that are built in");
}

/* First line -> what, the others -> detail, without DuckDB's own suggestions, which the hint replaces. */
static void set_text(struct tr_err *err, enum tr_err_kind kind, const char *text)
{
	char line[sizeof err->what];
	size_t n = strcspn(text, "\n");
	const char *rest = text[n] ? text + n + 1 : "";
	while (n > 0 && (text[n - 1] == '!' || text[n - 1] == '.' || text[n - 1] == ' '))
		n--;
	if (n >= sizeof line)
		n = sizeof line - 1;
	memcpy(line, text, n);
	line[n] = '\0';
	tr_err_set(err, kind, "%s", line);
	rest += strspn(rest, "\n");
	if (*rest && strncmp(rest, "Did you mean", 12) != 0 && strncmp(rest, "Candidate bindings", 18) != 0)
		tr_err_detail(err, "%s", rest);
}

static void set_position(struct tr_err *err, json_t *root, const char *type, const char *sql,
	const char *sql_file)
{
	const char *position = member(root, "position");
	if (!sql || !*position)
		return;
	size_t offset = (size_t)strtoull(position, NULL, 10);
	if (strcasecmp(type, "Parser") == 0 || strcasecmp(type, "Syntax") == 0) {
		offset = byte_of_character(sql, offset);
		hint_kept_word(err, sql, offset);
	}
	tr_engine_place(sql, sql_file, offset, err);
}

bool tr_engine_fail(const struct tr_engine *e, const char *message, const char *sql, const char *sql_file,
	bool running, struct tr_err *err)
{
	if (err->kind != TR_ERR_NONE)
		return false;
	if (!message)
		message = "the engine failed without a message";
	const char *start = strstr(message, "{\"exception_type\"");
	json_t *root = start ? json_loads(start, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
	if (!root) {
		if (strstr(message, "Interrupted"))
			return tr_cancel_err(err);
		set_text(err, running ? TR_ERR_INTERNAL : TR_ERR_USER, message);
		return false;
	}
	const char *type = member(root, "exception_type"), *text = member(root, "exception_message");
	if (strcasecmp(type, "INTERRUPT") == 0) {
		tr_cancel_err(err);
		goto out;
	}
	if (e->s3 &&
		(strcasecmp(type, "HTTP") == 0 || (strcasecmp(type, "IO") == 0 && strstr(text, "http")))) {
		tr_engine_s3_fail(text, err);
		goto out;
	}
	if (set_field(err, e, text, sql, sql_file))
		goto out;
	/* A view's columns are bound as a list of values: for its reader it is a table. */
	if (strncmp(text, "Values list \"", 13) == 0) {
		char table[512];
		tr_copy_text(table, sizeof table, text + strlen("Values list "));
		set_text(err, kind_of(type, running), table);
	} else {
		set_text(err, kind_of(type, running), text);
	}
	set_position(err, root, type, sql, sql_file);
	if (strcmp(member(root, "type"), "Table") == 0)
		hint_tables(err, e, member(root, "name"));
	else if (*member(root, "candidates"))
		hint_candidates(err, member(root, "name"), member(root, "candidates"),
			strcmp(member(root, "error_subtype"), "COLUMN_NOT_FOUND") == 0);
	else
		hint_by_type(err, type, text);
	if (!err->hint[0])
		hint_columns(err, e, text);
out:
	json_decref(root);
	return false;
}
