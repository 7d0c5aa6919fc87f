#include "cli/cell.h"

#include <math.h>

#include "cli/console.h"
#include "data/datetime.h"
#include "data/value.h"

static void bool_text(const struct tr_cell_column *c, int64_t row, struct tr_str *out)
{
	tr_str_add(out, tr_view_bool(&c->view, row) ? "true" : "false");
}

static void fixed_text(const struct tr_cell_column *c, int64_t row, struct tr_str *out)
{
	char buf[TR_VALUE_TEXT];
	size_t len = tr_value_text(c->type, tr_view_fixed(&c->view, row, c->width), buf);
	tr_str_addn(out, buf, len);
}

static void string_text(const struct tr_cell_column *c, int64_t row, struct tr_str *out)
{
	size_t len;
	const char *text = tr_view_bytes(&c->view, row, &len);
	tr_str_addn(out, text, len);
}

static void binary_text(const struct tr_cell_column *c, int64_t row, struct tr_str *out)
{
	tr_value_format(&c->view, c->type, row, out);
}

/* ---- JSON ---- */

static void quoted_json(const struct tr_cell_column *c, int64_t row, struct tr_str *out)
{
	tr_str_addc(out, '"');
	c->text(c, row, out);
	tr_str_addc(out, '"');
}

/* JSON has no NaN and no infinities: they are strings. */
static void float_json(const struct tr_cell_column *c, int64_t row, struct tr_str *out)
{
	const float *value = tr_view_fixed(&c->view, row, sizeof *value);
	(isfinite(*value) ? fixed_text : quoted_json)(c, row, out);
}

static void double_json(const struct tr_cell_column *c, int64_t row, struct tr_str *out)
{
	const double *value = tr_view_fixed(&c->view, row, sizeof *value);
	(isfinite(*value) ? fixed_text : quoted_json)(c, row, out);
}

static void string_json(const struct tr_cell_column *c, int64_t row, struct tr_str *out)
{
	size_t len;
	const char *text = tr_view_bytes(&c->view, row, &len);
	tr_json_string(out, text, len);
}

/* JSON in JSON: nested as it is. A line break can stand only between its tokens, and would
 * tear a line of jsonl. */
static void nested_json(const struct tr_cell_column *c, int64_t row, struct tr_str *out)
{
	size_t from = out->len;
	string_text(c, row, out);
	for (size_t i = from; !out->failed && i < out->len; i++)
		if (out->ptr[i] == '\n' || out->ptr[i] == '\r')
			out->ptr[i] = ' ';
}

/* `\x00ff` has a backslash to escape; dates, times, decimals and uuids have nothing. */
static void binary_json(const struct tr_cell_column *c, int64_t row, struct tr_str *out)
{
	tr_str_add(out, "\"\\");
	binary_text(c, row, out);
	tr_str_addc(out, '"');
}

/* RFC 3339's form, which every JSON reader's date parser knows: T between, Z or nothing behind. */
static void timestamp_json(const struct tr_cell_column *c, int64_t row, struct tr_str *out)
{
	char buf[TR_DATETIME_TEXT];
	const int64_t *micros = tr_view_fixed(&c->view, row, sizeof *micros);
	size_t n = tr_timestamp_format(*micros, false, buf);
	char *blank = memchr(buf, ' ', n);
	if (blank)
		*blank = 'T';
	tr_str_addc(out, '"');
	tr_str_addn(out, buf, n);
	tr_str_add(out, c->type.kind == TR_TIMESTAMPTZ ? "Z\"" : "\"");
}

static const struct {
	tr_cell_fn text, json;
} FUNCTIONS[] = {
	[TR_BOOL] = { bool_text, bool_text },
	[TR_INT16] = { fixed_text, fixed_text },
	[TR_INT32] = { fixed_text, fixed_text },
	[TR_INT64] = { fixed_text, fixed_text },
	[TR_FLOAT] = { fixed_text, float_json },
	[TR_DOUBLE] = { fixed_text, double_json },
	[TR_DECIMAL] = { fixed_text, quoted_json },
	[TR_STRING] = { string_text, string_json },
	[TR_BINARY] = { binary_text, binary_json },
	[TR_DATE] = { fixed_text, quoted_json },
	[TR_TIMESTAMP] = { fixed_text, timestamp_json },
	[TR_TIMESTAMPTZ] = { fixed_text, timestamp_json },
	[TR_TIME] = { fixed_text, quoted_json },
	[TR_UUID] = { fixed_text, quoted_json },
	[TR_JSON] = { string_text, nested_json },
};

void tr_cell_bind(struct tr_cell_column *c, struct tr_type type)
{
	memset(c, 0, sizeof *c);
	c->type = type;
	c->width = tr_type_width(type);
	c->text = FUNCTIONS[type.kind].text;
	c->json = FUNCTIONS[type.kind].json;
}

void tr_cell_batch(struct tr_cell_column *c, const struct ArrowArray *batch, size_t i)
{
	tr_view_init(&c->view, batch, i, c->type);
}

bool tr_cell_is_number(struct tr_type type)
{
	return type.kind >= TR_INT16 && type.kind <= TR_DECIMAL; /* the order of enum tr_kind */
}
