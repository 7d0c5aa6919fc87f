/* CSV (RFC 4180 with \n), JSON, JSON lines and Markdown. */
#include <stdlib.h>

#include "cli/output.h"
#include "cli/width.h"

#define FLUSH ((size_t)1 << 20)

static void free_plain(struct tr_output *o)
{
	tr_output_clear(o);
	free(o);
}

static bool new_plain(const struct tr_output_ops *ops, const struct tr_schema *schema,
	struct tr_target *target, struct tr_output **out, struct tr_err *err)
{
	struct tr_output *o = tr_calloc(1, sizeof *o, err);
	if (!o)
		return false;
	if (!tr_output_init(o, ops, schema, target, err)) {
		free_plain(o);
		return false;
	}
	*out = o;
	return true;
}

static bool finish_nothing(struct tr_output *o, struct tr_err *err)
{
	(void)o;
	(void)err;
	return true;
}

/* Large batches leave in pieces, so that memory stays small. */
static bool flush_if_large(struct tr_output *o, struct tr_err *err)
{
	return o->text.len < FLUSH || tr_output_flush(o, err);
}

/* ---- CSV ---- */

/* Quote what was appended from `from` on, where CSV asks for it. */
static void csv_quote(struct tr_str *s, size_t from)
{
	if (s->failed)
		return;
	const char *text = s->ptr + from;
	size_t len = s->len - from, quotes = 0;
	bool needed = len == 0 || text[0] == ' ' || text[len - 1] == ' ';
	for (size_t i = 0; i < len; i++) {
		quotes += text[i] == '"';
		needed = needed || text[i] == '"' || text[i] == ',' || text[i] == '\n' || text[i] == '\r';
	}
	if (!needed)
		return;
	for (size_t i = 0; i < quotes + 2; i++)
		tr_str_addc(s, '"'); /* room; the text moves back to front below */
	if (s->failed)
		return;
	char *to = s->ptr + s->len;
	*--to = '"';
	for (size_t i = len; i-- > 0;) {
		char c = s->ptr[from + i];
		*--to = c;
		if (c == '"')
			*--to = '"';
	}
	*--to = '"';
}

static bool csv_rows(struct tr_output *o, const struct ArrowArray *batch, int64_t n, struct tr_err *err)
{
	(void)batch;
	for (int64_t row = 0; row < n; row++) {
		for (size_t i = 0; i < o->schema->n; i++) {
			if (i > 0)
				tr_str_addc(&o->text, ',');
			if (tr_view_is_null(&o->columns[i].view, row))
				continue;
			size_t from = o->text.len;
			o->columns[i].text(&o->columns[i], row, &o->text);
			csv_quote(&o->text, from);
		}
		tr_str_addc(&o->text, '\n');
		if (!flush_if_large(o, err))
			return false;
	}
	return true;
}

bool tr_output_csv(const struct tr_schema *schema, struct tr_target *target, struct tr_output **out,
	struct tr_err *err)
{
	static const struct tr_output_ops OPS = { csv_rows, finish_nothing, free_plain };
	if (!new_plain(&OPS, schema, target, out, err))
		return false;
	struct tr_str *s = &(*out)->text;
	for (size_t i = 0; i < schema->n; i++) {
		if (i > 0)
			tr_str_addc(s, ',');
		size_t from = s->len;
		tr_str_add(s, schema->fields[i].name);
		csv_quote(s, from);
	}
	tr_str_addc(s, '\n');
	return true;
}

/* ---- JSON ---- */

static void json_row(struct tr_output *o, int64_t row)
{
	struct tr_str *s = &o->text;
	tr_str_addc(s, '{');
	for (size_t i = 0; i < o->schema->n; i++) {
		if (i > 0)
			tr_str_addc(s, ',');
		const char *name = o->schema->fields[i].name;
		tr_json_string(s, name, strlen(name));
		tr_str_addc(s, ':');
		if (tr_view_is_null(&o->columns[i].view, row))
			tr_str_add(s, "null");
		else
			o->columns[i].json(&o->columns[i], row, s);
	}
	tr_str_addc(s, '}');
}

static bool json_rows(struct tr_output *o, const struct ArrowArray *batch, int64_t n, struct tr_err *err)
{
	(void)batch;
	for (int64_t row = 0; row < n; row++) {
		tr_str_add(&o->text, o->rows + row == 0 ? "[\n" : ",\n");
		json_row(o, row);
		if (!flush_if_large(o, err))
			return false;
	}
	return true;
}

static bool json_finish(struct tr_output *o, struct tr_err *err)
{
	(void)err;
	tr_str_add(&o->text, o->rows == 0 ? "[]\n" : "\n]\n");
	return true;
}

static bool jsonl_rows(struct tr_output *o, const struct ArrowArray *batch, int64_t n, struct tr_err *err)
{
	(void)batch;
	for (int64_t row = 0; row < n; row++) {
		json_row(o, row);
		tr_str_addc(&o->text, '\n');
		if (!flush_if_large(o, err))
			return false;
	}
	return true;
}

bool tr_output_json(bool lines, const struct tr_schema *schema, struct tr_target *target,
	struct tr_output **out, struct tr_err *err)
{
	static const struct tr_output_ops ARRAY = { json_rows, json_finish, free_plain };
	static const struct tr_output_ops LINES = { jsonl_rows, finish_nothing, free_plain };
	return new_plain(lines ? &LINES : &ARRAY, schema, target, out, err);
}

/* ---- Markdown ---- */

static bool is_markup(char c)
{
	return c != '\0' && strchr("\n&<|\\`*_[]~", c);
}

/* A cell's text may not end the cell or the line, nor become markup, nor move the cursor. What a
 * table shows as `\r` is `\r` here, too; a text's own backslash is doubled. */
static void markdown_text(struct tr_str *s, const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = 0;
		while (i + n < len && !is_markup(text[i + n]))
			n++;
		tr_width_printable(text + i, n, s);
		i += n;
		if (i == len)
			return;
		if (text[i] == '\n')
			tr_str_add(s, "<br>");
		else if (text[i] == '&')
			tr_str_add(s, "&amp;");
		else if (text[i] == '<')
			tr_str_add(s, "&lt;");
		else
			tr_str_addf(s, "\\%c", text[i]);
		i++;
	}
}

static bool markdown_rows(struct tr_output *o, const struct ArrowArray *batch, int64_t n, struct tr_err *err)
{
	(void)batch;
	struct tr_str cell;
	tr_str_init(&cell, o->text.max);
	bool ok = true;
	for (int64_t row = 0; ok && row < n; row++) {
		for (size_t i = 0; i < o->schema->n; i++) {
			tr_str_add(&o->text, i == 0 ? "| " : " | ");
			if (tr_view_is_null(&o->columns[i].view, row)) {
				tr_str_add(&o->text, "*NULL*");
				continue;
			}
			cell.len = 0;
			o->columns[i].text(&o->columns[i], row, &cell);
			markdown_text(&o->text, cell.ptr ? cell.ptr : "", cell.len);
		}
		tr_str_add(&o->text, " |\n");
		ok = tr_str_ok(&cell, err) && flush_if_large(o, err);
	}
	tr_str_clear(&cell);
	return ok;
}

bool tr_output_markdown(const struct tr_schema *schema, struct tr_target *target, struct tr_output **out,
	struct tr_err *err)
{
	static const struct tr_output_ops OPS = { markdown_rows, finish_nothing, free_plain };
	if (!new_plain(&OPS, schema, target, out, err))
		return false;
	struct tr_str *s = &(*out)->text;
	for (size_t i = 0; i < schema->n; i++) {
		tr_str_add(s, i == 0 ? "| " : " | ");
		markdown_text(s, schema->fields[i].name, strlen(schema->fields[i].name));
	}
	tr_str_add(s, " |\n");
	for (size_t i = 0; i < schema->n; i++)
		tr_str_add(s, tr_cell_is_number(schema->fields[i].type) ? "| ---: " : "| --- ");
	tr_str_add(s, "|\n");
	return true;
}
