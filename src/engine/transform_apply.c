/* Rows through a typed C transform. Every field is bound once: a load or store function,
 * its place in the struct and its column. */
#include <stdlib.h>

#include "data/datetime.h"
#include "data/decimal.h"
#include "data/value.h"
#include "fmt/json_syntax.h"
#include "fmt/utf8.h"
#include "engine/transform_internal.h"

#define BATCH_ARENA_MAX ((size_t)1 << 30)
#define TEXT_MAX ((size_t)1 << 30) /* of one field */

struct in_field {
	void (*load)(const struct in_field *f, int64_t row);
	uint8_t *place; /* in the side's struct */
	uint32_t width; /* of the value in the struct */
	size_t column;  /* in the joined batch */
	struct tr_type type;
	bool nullable;
	struct tr_view view;
};

struct out_field;
typedef bool (*store_fn)(struct out_field *f, const uint8_t *place, struct tr_err *err);

struct out_field {
	store_fn store;
	uint32_t offset, width;
	bool nullable;
	size_t *text; /* counts the bytes of the batch's texts */
	struct tr_column *column;
};

struct side {
	uint8_t *row; /* the struct */
	struct in_field *fields;
	size_t n_fields;
	size_t presence; /* column; SIZE_MAX: always there */
	struct tr_view present;
};

struct apply {
	struct tr_ctx ctx; /* first: the function's ctx is a pointer to it */
	struct tr_transform *t;
	struct ArrowArrayStream in;
	struct tr_schema schema; /* of `in` */
	struct ArrowArray batch; /* of `in`, being read */
	int64_t row;             /* of the batch, the next */
	size_t text;             /* bytes of text in the result's batch */
	struct tr_arena arena, batch_arena;
	struct side *sides;
	const void **side_rows;
	uint8_t *out;
	struct out_field *out_fields;
	struct tr_column *columns;
	size_t n_out;
	size_t *keys; /* columns of `in` that name a row */
	size_t n_keys;
	struct tr_err err; /* set by the function through ctx */
};

/* ---- loading a side ---- */

static void load_fixed(const struct in_field *f, int64_t row)
{
	memcpy(f->place, f->view.data + (size_t)(f->view.offset + row) * f->width, f->width);
}

/* A decimal of at most 18 digits: the low eight of its sixteen bytes. */
static void load_small_decimal(const struct in_field *f, int64_t row)
{
	memcpy(f->place, f->view.data + (size_t)(f->view.offset + row) * 16, 8);
}

static void load_bool(const struct in_field *f, int64_t row)
{
	*f->place = tr_view_bool(&f->view, row);
}

static void load_text(const struct in_field *f, int64_t row)
{
	struct tr_text text;
	text.ptr = tr_view_bytes(&f->view, row, &text.len);
	memcpy(f->place, &text, sizeof text);
}

static void load_side(const struct side *s, int64_t row)
{
	for (size_t i = 0; i < s->n_fields; i++) {
		const struct in_field *f = &s->fields[i];
		if (!f->nullable) {
			f->load(f, row);
			continue;
		}
		bool null = tr_view_is_null(&f->view, row);
		if (null)
			memset(f->place, 0, f->width);
		else
			f->load(f, row);
		/* `valid` stands behind `value`, which every tr_nullable_ struct begins with. */
		f->place[f->width] = !null;
	}
}

/* ---- storing the result ---- */

static bool store_fixed(struct out_field *f, const uint8_t *place, struct tr_err *err)
{
	return tr_column_add_fixed(f->column, place, err);
}

/* ---- what only a function can make: the source's values are judged as they are read ---- */

static bool store_date(struct out_field *f, const uint8_t *place, struct tr_err *err)
{
	int32_t days;
	memcpy(&days, place, sizeof days);
	if (!tr_date_is_finite(days))
		return tr_err_set(err, TR_ERR_DATA,
			"a date is outside the range of readers (5877642-06-25 BC to 5881580-07-10)");
	return tr_column_add_fixed(f->column, place, err);
}

static bool store_timestamp(struct out_field *f, const uint8_t *place, struct tr_err *err)
{
	int64_t micros;
	memcpy(&micros, place, sizeof micros);
	if (!tr_timestamp_is_finite(micros))
		return tr_err_set(err, TR_ERR_DATA,
			"a timestamp is outside the range of readers (290309 BC to 294247 AD)");
	return tr_column_add_fixed(f->column, place, err);
}

static bool store_time(struct out_field *f, const uint8_t *place, struct tr_err *err)
{
	int64_t micros;
	memcpy(&micros, place, sizeof micros);
	if (micros < 0 || micros > TR_DAY_US)
		return tr_err_set(err, TR_ERR_DATA, "a time of day is outside 00:00 .. 24:00");
	return tr_column_add_fixed(f->column, place, err);
}

static bool store_units(struct out_field *f, tr_i128 units, struct tr_err *err)
{
	if (!tr_decimal_fits(units, f->column->type.precision))
		return tr_err_set(err, TR_ERR_DATA, "a decimal has more digits than its type");
	return tr_column_add_fixed(f->column, &units, err);
}

static bool store_small_decimal(struct out_field *f, const uint8_t *place, struct tr_err *err)
{
	int64_t units;
	memcpy(&units, place, 8);
	return store_units(f, units, err);
}

static bool store_decimal(struct out_field *f, const uint8_t *place, struct tr_err *err)
{
	tr_i128 units;
	memcpy(&units, place, 16);
	return store_units(f, units, err);
}

static bool store_bool(struct out_field *f, const uint8_t *place, struct tr_err *err)
{
	return tr_column_add_bool(f->column, *place != 0, err);
}

static bool read_text(const struct out_field *f, const uint8_t *place, struct tr_text *text,
	struct tr_err *err)
{
	memcpy(text, place, sizeof *text);
	if (!text->ptr)
		return tr_err_set(err, TR_ERR_DATA, "a %s field was left unset",
			f->nullable ? "valid" : "required");
	*f->text += text->len;
	return text->len <= TEXT_MAX || tr_err_set(err, TR_ERR_DATA, "a text is longer than 1 GiB");
}

static bool store_bytes(struct out_field *f, const uint8_t *place, struct tr_err *err)
{
	struct tr_text text;
	return read_text(f, place, &text, err) && tr_column_add_bytes(f->column, text.ptr, text.len, err);
}

/* Nobody else looks at what the function made: readers of the lake rely on UTF-8. */
static bool store_text(struct out_field *f, const uint8_t *place, struct tr_err *err)
{
	struct tr_text text;
	size_t bad;
	if (!read_text(f, place, &text, err))
		return false;
	if (!tr_utf8_is_text(text.ptr, text.len, &bad))
		return tr_err_set(err, TR_ERR_DATA, "a text %s at its byte %zu",
			bad < text.len && !text.ptr[bad] ? "holds a NUL" : "is not valid UTF-8", bad + 1);
	if (f->column->type.kind == TR_JSON && !tr_json_is_value(text.ptr, text.len, &bad))
		return tr_err_set(err, TR_ERR_DATA, "a text is no JSON value from its byte %zu on", bad + 1);
	return tr_column_add_bytes(f->column, text.ptr, text.len, err);
}

/* ---- errors of a row ---- */

static void row_key(const struct apply *a, const struct ArrowArray *batch, int64_t row, char *buf,
	size_t size)
{
	struct tr_str s;
	tr_str_init(&s, 4096);
	for (size_t i = 0; i < a->n_keys; i++) {
		const struct tr_field *f = &a->schema.fields[a->keys[i]];
		struct tr_view v;
		tr_view_init(&v, batch, a->keys[i], f->type);
		tr_str_addf(&s, "%s%s=", i ? ", " : "", f->name);
		tr_value_format(&v, f->type, row, &s);
	}
	tr_copy_text(buf, size, s.ptr ? s.ptr : "");
	tr_str_clear(&s);
}

static bool row_failed(struct apply *a, const struct ArrowArray *batch, int64_t row, const char *field,
	struct tr_err *err)
{
	char key[256];
	row_key(a, batch, row, key, sizeof key);
	if (err->kind == TR_ERR_NONE)
		tr_err_set(err, TR_ERR_DATA, "the C transform of dataset `%s` stopped the run",
			a->t->dataset);
	tr_err_at_row(err, a->t->dataset, field, key);
	if (!err->hint[0])
		tr_err_hint(err, "nothing was published; mend the row or the transform");
	return false;
}

static enum tr_verdict ctx_fail(struct tr_ctx *ctx, const char *message)
{
	struct apply *a = (struct apply *)ctx;
	tr_err_set(&a->err, TR_ERR_DATA, "the C transform of dataset `%s` stopped the run: %s", a->t->dataset,
		message);
	return TR_FAIL;
}

static char *ctx_alloc(struct tr_ctx *ctx, size_t size)
{
	struct apply *a = (struct apply *)ctx;
	return tr_arena_alloc(&a->batch_arena, size, &a->err);
}

/* ---- a batch ---- */

static bool store_row(struct apply *a, const struct ArrowArray *batch, int64_t row, struct tr_err *err)
{
	for (size_t i = 0; i < a->n_out; i++) {
		struct out_field *f = &a->out_fields[i];
		const uint8_t *place = a->out + f->offset;
		bool ok = f->nullable && !place[f->width] ? tr_column_add_null(f->column, err)
							  : f->store(f, place, err);
		if (!ok)
			return row_failed(a, batch, row, a->t->out.fields[i].name, err);
	}
	return true;
}

static bool transform_row(struct apply *a, const struct ArrowArray *batch, int64_t row, int64_t *emitted,
	struct tr_err *err)
{
	const struct tr_transform_descriptor *d = a->t->descriptor;
	for (size_t i = 0; i < a->t->n_sides; i++) {
		const struct side *s = &a->sides[i];
		bool there = s->presence == SIZE_MAX ||
			(!tr_view_is_null(&s->present, row) && tr_view_bool(&s->present, row));
		if (there)
			load_side(s, row);
		a->side_rows[i] = there ? s->row : NULL;
	}
	memset(a->out, 0, d->out_size);
	enum tr_verdict verdict = d->call(a->side_rows, a->t->params, a->out, &a->ctx);
	if (a->err.kind != TR_ERR_NONE) {
		*err = a->err;
		return row_failed(a, batch, row, NULL, err);
	}
	if (verdict == TR_SKIP)
		return true;
	if (verdict != TR_EMIT) {
		tr_err_set(err, TR_ERR_DATA, "the C transform of dataset `%s` returned %d", a->t->dataset,
			(int)verdict);
		tr_err_hint(err, "return TR_EMIT, TR_SKIP, or tr_fail(ctx, \"...\")");
		return row_failed(a, batch, row, NULL, err);
	}
	(*emitted)++;
	return store_row(a, batch, row, err);
}

static void bind_batch(struct apply *a, const struct ArrowArray *batch)
{
	for (size_t i = 0; i < a->t->n_sides; i++) {
		struct side *s = &a->sides[i];
		if (s->presence != SIZE_MAX)
			tr_view_init(&s->present, batch, s->presence, (struct tr_type){ .kind = TR_BOOL });
		for (size_t k = 0; k < s->n_fields; k++)
			tr_view_init(&s->fields[k].view, batch, s->fields[k].column, s->fields[k].type);
	}
}

/* The next batch of the input, its columns bound. At the end: no batch. */
static bool next_batch(struct apply *a, struct tr_err *err)
{
	tr_batch_clear(&a->batch);
	a->row = 0;
	if (!tr_stream_next(&a->in, &a->batch, err))
		return false;
	if (a->batch.release)
		bind_batch(a, &a->batch);
	return true;
}

/* A function may make long texts of short rows: the result has batches of its own. */
static bool apply_next(void *self, struct ArrowArray *out, struct tr_err *err)
{
	struct apply *a = self;
	int64_t emitted = 0;
	tr_arena_reset(&a->batch_arena);
	a->text = 0;
	do {
		if ((!a->batch.release || a->row == a->batch.length) && !next_batch(a, err))
			return false;
		if (!a->batch.release)
			return true;
		while (a->row < a->batch.length && a->text + a->batch_arena.used < TR_BATCH_BYTES)
			if (!transform_row(a, &a->batch, a->row++, &emitted, err))
				return false;
		if (!emitted)
			tr_arena_reset(&a->batch_arena);
	} while (!emitted);
	return tr_batch_take(a->columns, a->n_out, emitted, out, err);
}

static void apply_free(void *self)
{
	struct apply *a = self;
	for (size_t i = 0; a->columns && i < a->n_out; i++)
		tr_column_clear(&a->columns[i]);
	tr_batch_clear(&a->batch);
	tr_stream_clear(&a->in);
	tr_schema_clear(&a->schema);
	tr_arena_clear(&a->batch_arena);
	tr_arena_clear(&a->arena);
	free(a);
}

/* ---- binding ---- */

static bool is_small_decimal(struct tr_type type)
{
	return type.kind == TR_DECIMAL && type.precision <= 18;
}

static uint32_t struct_width(struct tr_type type)
{
	if (is_small_decimal(type))
		return 8;
	if (type.kind == TR_BOOL)
		return 1;
	return tr_type_is_bytes(type) ? (uint32_t)sizeof(struct tr_text) : tr_type_width(type);
}

static bool bind_side(struct apply *a, size_t i, size_t *column, size_t *field, struct tr_err *err)
{
	const struct tr_transform_descriptor *d = a->t->descriptor;
	const struct tr_schema *schema = &a->t->sides[i];
	struct side *s = &a->sides[i];
	s->presence = a->t->may_miss[i] ? (*column)++ : SIZE_MAX;
	s->n_fields = schema->n;
	s->row = tr_arena_alloc(&a->arena, d->side_sizes[i], err);
	s->fields = tr_arena_alloc(&a->arena, schema->n * sizeof *s->fields, err);
	if (!s->row || !s->fields)
		return false;
	for (size_t k = 0; k < schema->n; k++) {
		struct tr_type type = schema->fields[k].type;
		s->fields[k] = (struct in_field){ .place = s->row + d->sides[(*field)++].offset,
			.width = struct_width(type),
			.column = (*column)++,
			.type = type,
			.nullable = schema->fields[k].nullable,
			.load = type.kind == TR_BOOL     ? load_bool
				: tr_type_is_bytes(type) ? load_text
				: is_small_decimal(type) ? load_small_decimal
							 : load_fixed };
	}
	return true;
}

static store_fn store_of(struct tr_type type)
{
	switch (type.kind) {
	case TR_BOOL: return store_bool;
	case TR_BINARY: return store_bytes;
	case TR_STRING:
	case TR_JSON: return store_text;
	case TR_DECIMAL: return is_small_decimal(type) ? store_small_decimal : store_decimal;
	case TR_DATE: return store_date;
	case TR_TIMESTAMP:
	case TR_TIMESTAMPTZ: return store_timestamp;
	case TR_TIME: return store_time;
	default: return store_fixed;
	}
}

static bool bind_out(struct apply *a, struct tr_err *err)
{
	const struct tr_transform_descriptor *d = a->t->descriptor;
	a->n_out = a->t->out.n;
	a->out = tr_arena_alloc(&a->arena, d->out_size, err);
	a->out_fields = tr_arena_alloc(&a->arena, a->n_out * sizeof *a->out_fields, err);
	a->columns = tr_arena_alloc(&a->arena, a->n_out * sizeof *a->columns, err);
	if (!a->out || !a->out_fields || !a->columns)
		return false;
	for (size_t i = 0; i < a->n_out; i++) {
		struct tr_type type = a->t->out.fields[i].type;
		tr_column_init(&a->columns[i], type);
		a->out_fields[i] = (struct out_field){ .offset = d->out[i].offset,
			.width = struct_width(type),
			.nullable = a->t->out.fields[i].nullable,
			.text = &a->text,
			.column = &a->columns[i],
			.store = store_of(type) };
	}
	return true;
}

static bool bind(struct apply *a, const char *const *key_columns, size_t n_keys, struct tr_err *err)
{
	size_t column = 0, field = 0;
	a->sides = tr_arena_alloc(&a->arena, a->t->n_sides * sizeof *a->sides, err);
	a->side_rows = tr_arena_alloc(&a->arena, a->t->n_sides * sizeof *a->side_rows, err);
	a->keys = tr_arena_alloc(&a->arena, (n_keys + 1) * sizeof *a->keys, err);
	if (!a->sides || !a->side_rows || !a->keys || !tr_stream_schema(&a->in, &a->schema, err))
		return false;
	for (size_t i = 0; i < a->t->n_sides; i++)
		if (!bind_side(a, i, &column, &field, err))
			return false;
	if (column != a->schema.n)
		return tr_err_set(err, TR_ERR_INTERNAL, "a transform of %zu columns was given %zu", column,
			a->schema.n);
	for (size_t i = 0; i < n_keys; i++) {
		int k = tr_schema_find(&a->schema, key_columns[i]);
		if (k >= 0)
			a->keys[a->n_keys++] = (size_t)k;
	}
	return bind_out(a, err);
}

bool tr_transform_apply(struct tr_transform *t, struct ArrowArrayStream *in, const char *const *key_columns,
	size_t n_keys, struct ArrowArrayStream *out, struct tr_err *err)
{
	static const struct tr_ctx_ops ctx_ops = { ctx_fail, ctx_alloc };
	static const struct tr_stream_ops ops = { apply_next, apply_free };
	struct apply *a = tr_calloc(1, sizeof *a, err);
	if (!a) {
		tr_stream_clear(in);
		return false;
	}
	a->ctx.ops = &ctx_ops;
	a->t = t;
	a->in = *in;
	in->release = NULL;
	tr_schema_init(&a->schema);
	tr_arena_init(&a->arena, BATCH_ARENA_MAX);
	tr_arena_init(&a->batch_arena, BATCH_ARENA_MAX);
	if (bind(a, key_columns, n_keys, err))
		return tr_stream_init(out, &t->out, &ops, a, err);
	apply_free(a);
	return false;
}
