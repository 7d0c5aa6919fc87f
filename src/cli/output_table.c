/* The aligned table with names and types. Widths come from the first rows; later ones
 * are printed as they come, so that memory stays bounded. */
#include <stdlib.h>

#include "cli/output.h"
#include "cli/table.h"
#include "cli/units.h"

#define ROWS_FIRST 10000               /* rows that decide the widths */
#define CELLS_FIRST ((size_t)16 << 20) /* or bytes of them */

struct table_output {
	struct tr_output base;
	struct tr_table table;
	const struct tr_console *console;
	size_t columns; /* of the terminal; 0: no cutting */
};

static bool print_gathered(struct table_output *o, struct tr_err *err)
{
	return tr_table_print(&o->table, o->console, o->base.target->file, o->columns, err);
}

static bool table_rows(struct tr_output *base, const struct ArrowArray *batch, int64_t n, struct tr_err *err)
{
	(void)batch;
	struct table_output *o = (struct table_output *)base;
	for (int64_t row = 0; row < n; row++) {
		for (size_t i = 0; i < base->schema->n; i++) {
			struct tr_cell_column *c = &base->columns[i];
			if (tr_view_is_null(&c->view, row)) {
				tr_table_null(&o->table);
				continue;
			}
			base->text.len = 0;
			c->text(c, row, &base->text);
			if (!tr_str_ok(&base->text, err))
				return false;
			tr_table_cell(&o->table, base->text.len ? base->text.ptr : "", base->text.len);
		}
		bool decided = base->rows + row >= ROWS_FIRST || tr_table_memory(&o->table) > CELLS_FIRST;
		if (decided && !print_gathered(o, err))
			return false;
	}
	base->text.len = 0;
	return true;
}

static bool table_finish(struct tr_output *base, struct tr_err *err)
{
	struct table_output *o = (struct table_output *)base;
	char count[TR_UNITS_TEXT];
	if (!print_gathered(o, err))
		return false;
	tr_str_addf(&base->text, "(%s row%s)\n", tr_units_count(base->rows, count),
		base->rows == 1 ? "" : "s");
	return true;
}

static void table_free(struct tr_output *base)
{
	struct table_output *o = (struct table_output *)base;
	tr_table_clear(&o->table);
	tr_output_clear(base);
	free(o);
}

bool tr_output_table(const struct tr_console *c, const struct tr_schema *schema, struct tr_target *target,
	struct tr_output **out, struct tr_err *err)
{
	static const struct tr_output_ops OPS = { table_rows, table_finish, table_free };
	struct table_output *o = tr_calloc(1, sizeof *o, err);
	if (!o)
		return false;
	tr_table_init(&o->table, (size_t)4 << 30);
	o->console = c;
	o->columns = target->file == c->out && c->out_terminal ? tr_console_columns(c->out) : 0;
	if (!tr_output_init(&o->base, &OPS, schema, target, err)) {
		table_free(&o->base);
		return false;
	}
	for (size_t i = 0; i < schema->n; i++) {
		char type[TR_TYPE_TEXT];
		tr_table_column(&o->table, schema->fields[i].name,
			tr_type_format(schema->fields[i].type, type),
			tr_cell_is_number(schema->fields[i].type));
	}
	*out = &o->base;
	return true;
}
