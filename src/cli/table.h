/*
 * A table of text for people: cells are gathered, then printed in columns as wide as
 * their widest cell.
 */
#ifndef TR_CLI_TABLE_H
#define TR_CLI_TABLE_H

#include "cli/console.h"

struct tr_table_column {
	const char *name, *type; /* in `names`; type NULL: no type line */
	bool right;
	size_t width;
};

struct tr_table {
	struct tr_table_column *columns;
	size_t n_columns, columns_cap;
	const char **cells; /* row by row; NULL: SQL NULL */
	size_t n_cells, cells_cap;
	struct tr_arena arena; /* of cells */
	struct tr_arena names;
	bool started;      /* the header has been printed: widths are settled */
	struct tr_err err; /* sticky: gathering cells fails at the end */
};

/* `max` bounds the memory of gathered cells. */
void tr_table_init(struct tr_table *t, size_t max);
void tr_table_clear(struct tr_table *t);
void tr_table_column(struct tr_table *t, const char *name, const char *type, bool right);
/* The next cell of the current row, copied with control characters made visible. */
void tr_table_cell(struct tr_table *t, const char *text, size_t len);
void tr_table_null(struct tr_table *t);
void tr_table_text(struct tr_table *t, const char *text); /* NULL: an empty cell */
void tr_table_textf(struct tr_table *t, const char *fmt, ...) TR_PRINTF(2, 3);
size_t tr_table_memory(const struct tr_table *t);
/* Print what was gathered (with the header the first time) and forget the rows. Later
 * rows keep the widths of the first ones. `columns`: cut long values so that a line
 * takes at most so many columns; 0: never cut. */
bool tr_table_print(struct tr_table *t, const struct tr_console *c, FILE *f, size_t columns,
	struct tr_err *err) TR_CHECKED;

#endif
