/*
 * The cells of a result: one column's values as text or JSON. A column's functions are
 * bound once; the spelling is data/value.h's.
 */
#ifndef TR_CLI_CELL_H
#define TR_CLI_CELL_H

#include "data/column.h"

struct tr_cell_column;
/* Append the value of a row that is not null. */
typedef void (*tr_cell_fn)(const struct tr_cell_column *c, int64_t row, struct tr_str *out);

struct tr_cell_column {
	struct tr_type type;
	uint32_t width; /* tr_type_width */
	struct tr_view view;
	tr_cell_fn text; /* as it stands in a table or in CSV, before any quoting */
	tr_cell_fn json; /* a JSON value */
};

void tr_cell_bind(struct tr_cell_column *c, struct tr_type type);
/* Point it at column i of a batch. */
void tr_cell_batch(struct tr_cell_column *c, const struct ArrowArray *batch, size_t i);
/* Numbers stand on the right. */
bool tr_cell_is_number(struct tr_type type);

#endif
