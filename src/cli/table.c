#include "cli/table.h"

#include <stdlib.h>
#include <string.h>

#include "cli/width.h"

#define CELL_MAX ((size_t)1 << 30)
#define WIDTH_LEAST 8 /* a column is not cut below this */

void tr_table_init(struct tr_table *t, size_t max)
{
	memset(t, 0, sizeof *t);
	tr_arena_init(&t->arena, max);
	tr_arena_init(&t->names, max);
}

void tr_table_clear(struct tr_table *t)
{
	free(t->columns);
	free(t->cells);
	tr_arena_clear(&t->arena);
	tr_arena_clear(&t->names);
	memset(t, 0, sizeof *t);
}

void tr_table_column(struct tr_table *t, const char *name, const char *type, bool right)
{
	if (t->err.kind != TR_ERR_NONE ||
		!tr_array_grow((void **)&t->columns, t->n_columns, &t->columns_cap, sizeof *t->columns,
			&t->err))
		return;
	struct tr_str shown;
	tr_str_init(&shown, CELL_MAX);
	tr_width_printable(name, strlen(name), &shown);
	char *text = tr_str_take(&shown, &t->err);
	tr_str_clear(&shown);
	/* Names live as long as the table, rows do not: they have memory of their own. */
	struct tr_table_column *column = &t->columns[t->n_columns];
	memset(column, 0, sizeof *column);
	column->right = right;
	column->name = text ? tr_arena_strdup(&t->names, text, &t->err) : NULL;
	column->type = type ? tr_arena_strdup(&t->names, type, &t->err) : NULL;
	free(text);
	if (t->err.kind == TR_ERR_NONE)
		t->n_columns++;
}

static void add(struct tr_table *t, const char *text)
{
	if (t->err.kind == TR_ERR_NONE &&
		tr_array_grow((void **)&t->cells, t->n_cells, &t->cells_cap, sizeof *t->cells, &t->err))
		t->cells[t->n_cells++] = text;
}

void tr_table_cell(struct tr_table *t, const char *text, size_t len)
{
	if (t->err.kind != TR_ERR_NONE)
		return;
	struct tr_str shown;
	tr_str_init(&shown, CELL_MAX);
	tr_width_printable(text, len, &shown);
	if (tr_str_ok(&shown, &t->err)) {
		char *copy = tr_arena_strndup(&t->arena, shown.ptr ? shown.ptr : "", shown.len, &t->err);
		if (copy)
			add(t, copy);
	}
	tr_str_clear(&shown);
}

void tr_table_null(struct tr_table *t)
{
	add(t, NULL);
}

void tr_table_text(struct tr_table *t, const char *text)
{
	tr_table_cell(t, text ? text : "", text ? strlen(text) : 0);
}

void tr_table_textf(struct tr_table *t, const char *fmt, ...)
{
	char text[512];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	tr_table_text(t, text);
}

size_t tr_table_memory(const struct tr_table *t)
{
	return t->arena.used + t->n_cells * sizeof *t->cells;
}

static const char NULL_TEXT[] = "NULL";

static void measure(struct tr_table *t)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		struct tr_table_column *column = &t->columns[i];
		size_t type = column->type ? strlen(column->type) : 0;
		column->width = tr_width(column->name, strlen(column->name));
		if (type > column->width)
			column->width = type;
	}
	for (size_t k = 0; k < t->n_cells; k++) {
		const char *text = t->cells[k] ? t->cells[k] : NULL_TEXT;
		size_t width = tr_width(text, strlen(text));
		struct tr_table_column *column = &t->columns[k % t->n_columns];
		if (width > column->width)
			column->width = width;
	}
}

/* Narrow the widest column step by step until a line fits. */
static void fit(struct tr_table *t, size_t limit)
{
	size_t total = 0;
	for (size_t i = 0; i < t->n_columns; i++)
		total += t->columns[i].width + 3;
	while (total > limit + 1) {
		struct tr_table_column *widest = &t->columns[0];
		for (size_t i = 1; i < t->n_columns; i++)
			if (t->columns[i].width > widest->width)
				widest = &t->columns[i];
		if (widest->width <= WIDTH_LEAST)
			return;
		widest->width--;
		total--;
	}
}

static void print_cell(const struct tr_table_column *column, const char *text, bool right, bool cut,
	bool last, FILE *f)
{
	size_t len = strlen(text), width = tr_width(text, len);
	bool shorten = cut && width > column->width;
	if (shorten)
		len = tr_width_cut(text, len, column->width - 1, &width);
	size_t shown = width + shorten;
	size_t pad = shown < column->width ? column->width - shown : 0;
	if (right)
		fprintf(f, "%*s", (int)pad, "");
	fwrite(text, 1, len, f);
	if (shorten)
		fputs("\xE2\x80\xA6", f);
	if (!right && !last)
		fprintf(f, "%*s", (int)pad, "");
}

static void print_header(const struct tr_table *t, const struct tr_console *c, FILE *f, bool cut)
{
	bool types = t->n_columns > 0 && t->columns[0].type;
	for (int line = 0; line < (types ? 2 : 1); line++) {
		fputs(tr_ink(c, f, line == 0 ? TR_INK_BOLD : TR_INK_DIM), f);
		for (size_t i = 0; i < t->n_columns; i++) {
			const struct tr_table_column *column = &t->columns[i];
			fputs(i == 0 ? " " : " | ", f);
			print_cell(column, line == 0 ? column->name : column->type, column->right, cut,
				i + 1 == t->n_columns, f);
		}
		fprintf(f, "%s\n", tr_ink_end(c, f));
	}
	for (size_t i = 0; i < t->n_columns; i++) {
		fputs(i == 0 ? "-" : "-+-", f);
		for (size_t k = 0; k < t->columns[i].width; k++)
			putc('-', f);
	}
	fputs("-\n", f);
}

static void print_row(const struct tr_table *t, const char *const *cells, const struct tr_console *c, FILE *f,
	bool cut)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		const struct tr_table_column *column = &t->columns[i];
		fputs(i == 0 ? " " : " | ", f);
		if (!cells[i])
			fputs(tr_ink(c, f, TR_INK_DIM), f);
		print_cell(column, cells[i] ? cells[i] : NULL_TEXT, column->right, cut, i + 1 == t->n_columns,
			f);
		if (!cells[i])
			fputs(tr_ink_end(c, f), f);
	}
	putc('\n', f);
}

bool tr_table_print(struct tr_table *t, const struct tr_console *c, FILE *f, size_t columns,
	struct tr_err *err)
{
	if (t->err.kind != TR_ERR_NONE) {
		*err = t->err;
		return false;
	}
	if (!t->started) {
		measure(t);
		if (columns)
			fit(t, columns);
		print_header(t, c, f, columns > 0);
		t->started = true;
	}
	for (size_t k = 0; t->n_columns && k + t->n_columns <= t->n_cells; k += t->n_columns)
		print_row(t, t->cells + k, c, f, columns > 0);
	t->n_cells = 0;
	tr_arena_reset(&t->arena);
	return true;
}
