/* Completion at the prompt: commands, datasets, columns of the datasets that the
 * statement names, SQL's words. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/project.h"
#include "cli/prompt.h"

static const char *const WORDS[] = { "ALL", "AND", "AS", "ASC", "avg", "BETWEEN", "BY", "CASE", "CAST",
	"coalesce", "count", "CROSS JOIN", "DESC", "DESCRIBE", "DISTINCT", "ELSE", "END", "EXCEPT", "EXISTS",
	"FALSE", "FROM", "GROUP BY", "HAVING", "ILIKE", "IN", "INNER JOIN", "INTERSECT", "IS", "JOIN",
	"LEFT JOIN", "LIKE", "LIMIT", "max", "median", "min", "NOT", "NULL", "OFFSET", "ON", "OR", "ORDER BY",
	"OVER", "PARTITION BY", "QUALIFY", "round", "SELECT", "sum", "SUMMARIZE", "THEN", "TRUE", "UNION ALL",
	"USING", "WHEN", "WHERE", "WITH" };

/* Before a statement names a dataset, the columns of all are offered, of so many at most. */
#define DATASETS_MAX 64

struct candidates {
	const char *prefix;
	size_t prefix_len;
	char **items;
	size_t n, cap;
};

static bool offer(struct candidates *c, const char *text, bool lower, struct tr_err *err)
{
	if (strncasecmp(text, c->prefix, c->prefix_len) != 0)
		return true;
	if (!tr_array_grow((void **)&c->items, c->n, &c->cap, sizeof *c->items, err))
		return false;
	char *copy = tr_strdup(text, err);
	if (!copy)
		return false;
	for (char *p = copy; lower && *p; p++)
		*p = (char)tolower((unsigned char)*p);
	c->items[c->n++] = copy;
	return true;
}

struct mention {
	char **names;
	size_t n;
	bool *seen;
};

static bool mark(void *context, const char *name, struct tr_err *err)
{
	(void)err;
	struct mention *m = context;
	for (size_t i = 0; i < m->n; i++)
		m->seen[i] = m->seen[i] || strcasecmp(m->names[i], name) == 0;
	return true;
}

static bool offer_columns(const struct tr_lake *lake, const char *dataset, struct candidates *c,
	struct tr_err *err)
{
	struct tr_manifest m;
	struct tr_schema schema;
	tr_manifest_init(&m);
	tr_schema_init(&schema);
	bool ok = tr_project_manifest(lake, dataset, 0, &m, err) && tr_manifest_columns(&m, &schema, err);
	for (size_t i = 0; ok && i < schema.n; i++)
		ok = offer(c, schema.fields[i].name, false, err);
	tr_schema_clear(&schema);
	tr_manifest_clear(&m);
	return ok;
}

static bool offer_names(const struct tr_lake *lake, const char *pending, const char *text, bool only_columns,
	struct candidates *c, struct tr_err *err)
{
	struct mention m = { 0 };
	bool any = false;
	if (!tr_lake_datasets(lake, &m.names, &m.n, err))
		return false;
	m.seen = tr_calloc(m.n + 1, sizeof *m.seen, err);
	bool ok = m.seen && tr_statement_identifiers(pending, mark, &m, err) &&
		tr_statement_identifiers(text, mark, &m, err);
	for (size_t i = 0; ok && i < m.n; i++) {
		any = any || m.seen[i];
		ok = only_columns || offer(c, m.names[i], false, err);
	}
	for (size_t i = 0; ok && i < m.n && (any || i < DATASETS_MAX); i++)
		if (m.seen[i] || !any)
			ok = offer_columns(lake, m.names[i], c, err);
	free(m.seen);
	tr_names_free(m.names, m.n);
	return ok;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_unique(struct candidates *c)
{
	if (c->n == 0)
		return;
	qsort(c->items, c->n, sizeof *c->items, by_text);
	size_t kept = 1;
	for (size_t i = 1; i < c->n; i++) {
		if (strcmp(c->items[i], c->items[kept - 1]) == 0)
			free(c->items[i]);
		else
			c->items[kept++] = c->items[i];
	}
	c->n = kept;
}

bool tr_prompt_candidates(const struct tr_lake *lake, const char *pending, const char *text, size_t cursor,
	size_t *word, char ***out, size_t *n, struct tr_err *err)
{
	size_t start = cursor;
	while (start > 0 && (isalnum((unsigned char)text[start - 1]) || text[start - 1] == '_'))
		start--;
	bool command = start > 0 && text[start - 1] == '\\' && !pending[0];
	if (command)
		start--;
	struct candidates c = { .prefix = text + start, .prefix_len = cursor - start };
	bool describes = !pending[0] && strncmp(text, "\\d ", 3) == 0;
	bool ok = true;
	if (command) {
		for (size_t i = 0; ok && tr_prompt_commands[i]; i++)
			ok = offer(&c, tr_prompt_commands[i], false, err);
	} else {
		bool qualified = start > 0 && text[start - 1] == '.';
		bool lower = c.prefix_len > 0 && islower((unsigned char)c.prefix[0]);
		ok = offer_names(lake, pending, describes ? "" : text, qualified, &c, err);
		for (size_t i = 0; ok && !qualified && !describes && c.prefix_len > 0 &&
			i < sizeof WORDS / sizeof WORDS[0];
			i++)
			ok = offer(&c, WORDS[i], lower, err);
	}
	sort_unique(&c);
	*word = start;
	*out = c.items;
	*n = c.n;
	if (!ok) {
		tr_names_free(c.items, c.n);
		*out = NULL;
		*n = 0;
	}
	return ok;
}

static size_t common_prefix(char *const *items, size_t n)
{
	size_t len = strlen(items[0]);
	for (size_t i = 1; i < n; i++) {
		size_t k = 0;
		while (k < len && tolower((unsigned char)items[i][k]) == tolower((unsigned char)items[0][k]))
			k++;
		len = k;
	}
	return len;
}

static void list(struct tr_prompt *p, char *const *items, size_t n)
{
	FILE *out = p->cli->console.out;
	size_t widest = 0, columns = tr_console_columns(out);
	for (size_t i = 0; i < n; i++)
		if (strlen(items[i]) > widest)
			widest = strlen(items[i]);
	size_t across = columns / (widest + 2);
	if (across == 0)
		across = 1;
	putc('\n', out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%-*s%s", (int)widest + 2, items[i],
			(i + 1) % across == 0 || i + 1 == n ? "\n" : "");
	fflush(out);
}

static unsigned char insert(EditLine *editor, const char *text, size_t typed, size_t len, bool whole)
{
	char piece[512];
	/* The word is replaced, not only continued: `ENR` becomes `enriched_orders`. */
	el_deletestr(editor, (int)typed);
	snprintf(piece, sizeof piece, "%.*s%s", (int)len, text, whole ? " " : "");
	return el_insertstr(editor, piece) == 0 ? CC_REFRESH : CC_ERROR;
}

unsigned char tr_prompt_complete(EditLine *editor, int key)
{
	(void)key;
	struct tr_err err = { 0 };
	void *data = NULL;
	el_get(editor, EL_CLIENTDATA, &data);
	struct tr_prompt *p = data;
	const LineInfo *line = el_line(editor);
	char *text = tr_strndup(line->buffer, (size_t)(line->lastchar - line->buffer), &err);
	size_t cursor = (size_t)(line->cursor - line->buffer), word, n = 0;
	char **items = NULL;
	unsigned char answer = CC_ERROR;
	const char *pending = p->pending.len ? p->pending.ptr : "";
	if (text && tr_prompt_candidates(p->options.lake, pending, text, cursor, &word, &items, &n, &err) &&
		n > 0) {
		size_t typed = cursor - word, common = common_prefix(items, n);
		if (n == 1 || common > typed) {
			answer = insert(editor, items[0], typed, common, n == 1);
		} else {
			list(p, items, n);
			answer = CC_REDISPLAY;
		}
	}
	tr_names_free(items, n);
	free(text);
	return answer;
}
