#include "fmt/thrift.h"

#include <string.h>

/* ---- writing ---- */

void tr_thrift_out_init(struct tr_thrift_out *o, struct tr_buf *buf)
{
	*o = (struct tr_thrift_out){ .buf = buf };
}

bool tr_thrift_ok(const struct tr_thrift_out *o, struct tr_err *err)
{
	if (o->failed)
		*err = o->err;
	return !o->failed;
}

void tr_thrift_raw(struct tr_thrift_out *o, const void *bytes, size_t n)
{
	if (!o->failed && !tr_buf_append(o->buf, bytes, n, &o->err))
		o->failed = true;
}

static void put_byte(struct tr_thrift_out *o, unsigned byte)
{
	uint8_t b = (uint8_t)byte;
	tr_thrift_raw(o, &b, 1);
}

static void put_varint(struct tr_thrift_out *o, uint64_t v)
{
	uint8_t bytes[10];
	size_t n = 0;
	while (v >= 0x80) {
		bytes[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	bytes[n++] = (uint8_t)v;
	tr_thrift_raw(o, bytes, n);
}

static void put_zigzag(struct tr_thrift_out *o, int64_t v)
{
	put_varint(o, (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0));
}

static void put_field(struct tr_thrift_out *o, int16_t id, enum tr_thrift_type type)
{
	if (o->failed)
		return;
	int16_t *last = &o->last[o->depth - 1];
	int delta = id - *last;
	if (delta > 0 && delta <= 15) {
		put_byte(o, (unsigned)delta << 4 | type);
	} else {
		put_byte(o, type);
		put_zigzag(o, id);
	}
	*last = id;
}

void tr_thrift_begin(struct tr_thrift_out *o)
{
	if (o->failed)
		return;
	if (o->depth == TR_THRIFT_DEPTH) {
		tr_err_set(&o->err, TR_ERR_INTERNAL, "metadata is nested deeper than %d", TR_THRIFT_DEPTH);
		o->failed = true;
		return;
	}
	o->last[o->depth++] = 0;
}

void tr_thrift_end(struct tr_thrift_out *o)
{
	put_byte(o, TR_THRIFT_STOP);
	if (!o->failed)
		o->depth--;
}

void tr_thrift_struct(struct tr_thrift_out *o, int16_t id)
{
	put_field(o, id, TR_THRIFT_STRUCT);
	tr_thrift_begin(o);
}

void tr_thrift_bool(struct tr_thrift_out *o, int16_t id, bool value)
{
	put_field(o, id, value ? TR_THRIFT_TRUE : TR_THRIFT_FALSE);
}

void tr_thrift_i8(struct tr_thrift_out *o, int16_t id, int8_t value)
{
	put_field(o, id, TR_THRIFT_I8);
	put_byte(o, (uint8_t)value);
}

void tr_thrift_i16(struct tr_thrift_out *o, int16_t id, int16_t value)
{
	put_field(o, id, TR_THRIFT_I16);
	put_zigzag(o, value);
}

void tr_thrift_i32(struct tr_thrift_out *o, int16_t id, int32_t value)
{
	put_field(o, id, TR_THRIFT_I32);
	put_zigzag(o, value);
}

void tr_thrift_i64(struct tr_thrift_out *o, int16_t id, int64_t value)
{
	put_field(o, id, TR_THRIFT_I64);
	put_zigzag(o, value);
}

void tr_thrift_binary(struct tr_thrift_out *o, int16_t id, const void *bytes, size_t n)
{
	put_field(o, id, TR_THRIFT_BINARY);
	tr_thrift_element_binary(o, bytes, n);
}

void tr_thrift_string(struct tr_thrift_out *o, int16_t id, const char *text)
{
	tr_thrift_binary(o, id, text, strlen(text));
}

void tr_thrift_list(struct tr_thrift_out *o, int16_t id, enum tr_thrift_type element, size_t n)
{
	put_field(o, id, TR_THRIFT_LIST);
	if (n < 15) {
		put_byte(o, (unsigned)n << 4 | element);
	} else {
		put_byte(o, 0xf0u | element);
		put_varint(o, n);
	}
}

void tr_thrift_element_bool(struct tr_thrift_out *o, bool value)
{
	put_byte(o, value ? TR_THRIFT_TRUE : TR_THRIFT_FALSE);
}

void tr_thrift_element_int(struct tr_thrift_out *o, int64_t value)
{
	put_zigzag(o, value);
}

void tr_thrift_element_binary(struct tr_thrift_out *o, const void *bytes, size_t n)
{
	put_varint(o, n);
	tr_thrift_raw(o, bytes, n);
}

void tr_thrift_struct_raw(struct tr_thrift_out *o, int16_t id, const void *bytes, size_t n)
{
	put_field(o, id, TR_THRIFT_STRUCT);
	tr_thrift_raw(o, bytes, n);
}

/* ---- reading ---- */

void tr_thrift_in_init(struct tr_thrift_in *in, const void *bytes, size_t n)
{
	*in = (struct tr_thrift_in){ .p = bytes };
	in->end = in->p + n;
}

void tr_thrift_fail(struct tr_thrift_in *in, const char *why)
{
	if (!in->why)
		in->why = why;
	in->p = in->end;
}

static unsigned get_byte(struct tr_thrift_in *in)
{
	if (in->p == in->end) {
		tr_thrift_fail(in, "it ends in the middle of a value");
		return 0;
	}
	return *in->p++;
}

static uint64_t get_varint(struct tr_thrift_in *in)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		unsigned b = get_byte(in);
		if (shift == 63 && b > 1)
			break;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return in->why ? 0 : v;
	}
	tr_thrift_fail(in, "a number is longer than 64 bits");
	return 0;
}

static int64_t get_zigzag(struct tr_thrift_in *in)
{
	uint64_t v = get_varint(in);
	return (int64_t)(v >> 1 ^ (v & 1 ? UINT64_MAX : 0));
}

void tr_thrift_enter(struct tr_thrift_in *in)
{
	if (in->why)
		return;
	if (in->depth == TR_THRIFT_DEPTH) {
		tr_thrift_fail(in, "it is nested too deeply");
		return;
	}
	in->last[in->depth++] = 0;
}

bool tr_thrift_next(struct tr_thrift_in *in, struct tr_thrift_field *field)
{
	if (in->why)
		return false;
	unsigned b = get_byte(in);
	if (in->why)
		return false;
	if (b == TR_THRIFT_STOP) {
		in->depth--;
		return false;
	}
	int64_t id = b >> 4 ? in->last[in->depth - 1] + (int64_t)(b >> 4) : get_zigzag(in);
	field->type = (enum tr_thrift_type)(b & 15);
	if (id < 0 || id > INT16_MAX || field->type == TR_THRIFT_STOP || field->type > TR_THRIFT_STRUCT) {
		tr_thrift_fail(in, "a field's head is impossible");
		return false;
	}
	if (in->why)
		return false;
	field->id = in->last[in->depth - 1] = (int16_t)id;
	return true;
}

static bool expect(struct tr_thrift_in *in, bool right)
{
	if (!right)
		tr_thrift_fail(in, "a field has another type than the format says");
	return !in->why;
}

bool tr_thrift_get_bool(struct tr_thrift_in *in, const struct tr_thrift_field *field)
{
	return expect(in, field->type == TR_THRIFT_TRUE || field->type == TR_THRIFT_FALSE) &&
		field->type == TR_THRIFT_TRUE;
}

int64_t tr_thrift_get_int(struct tr_thrift_in *in, const struct tr_thrift_field *field)
{
	if (!expect(in, field->type >= TR_THRIFT_I8 && field->type <= TR_THRIFT_I64))
		return 0;
	return field->type == TR_THRIFT_I8 ? (int8_t)get_byte(in) : get_zigzag(in);
}

const uint8_t *tr_thrift_get_element_binary(struct tr_thrift_in *in, size_t *n)
{
	*n = 0;
	uint64_t len = get_varint(in);
	if (len > (uint64_t)(in->end - in->p))
		tr_thrift_fail(in, "a text is longer than what holds it");
	if (in->why)
		return in->end;
	const uint8_t *bytes = in->p;
	in->p += len;
	*n = (size_t)len;
	return bytes;
}

const uint8_t *tr_thrift_get_binary(struct tr_thrift_in *in, const struct tr_thrift_field *field, size_t *n)
{
	*n = 0;
	return expect(in, field->type == TR_THRIFT_BINARY) ? tr_thrift_get_element_binary(in, n) : in->end;
}

void tr_thrift_get_struct(struct tr_thrift_in *in, const struct tr_thrift_field *field)
{
	if (expect(in, field->type == TR_THRIFT_STRUCT))
		tr_thrift_enter(in);
}

static size_t get_list_head(struct tr_thrift_in *in, enum tr_thrift_type *element)
{
	unsigned b = get_byte(in);
	uint64_t n = b >> 4 == 15 ? get_varint(in) : b >> 4;
	*element = (enum tr_thrift_type)(b & 15);
	/* Every element takes a byte or more, so a larger count is a lie. */
	if (n > (uint64_t)(in->end - in->p))
		tr_thrift_fail(in, "a list is longer than what holds it");
	return in->why ? 0 : (size_t)n;
}

size_t tr_thrift_get_list(struct tr_thrift_in *in, const struct tr_thrift_field *field,
	enum tr_thrift_type element)
{
	if (!expect(in, field->type == TR_THRIFT_LIST))
		return 0;
	enum tr_thrift_type found;
	size_t n = get_list_head(in, &found);
	bool bools = element == TR_THRIFT_TRUE && found == TR_THRIFT_FALSE; /* both spellings are in use */
	if (n && !expect(in, found == element || bools))
		return 0;
	return n;
}

int64_t tr_thrift_get_element_int(struct tr_thrift_in *in)
{
	return get_zigzag(in);
}

bool tr_thrift_get_element_bool(struct tr_thrift_in *in)
{
	return get_byte(in) == 1;
}

static void skip_value(struct tr_thrift_in *in, enum tr_thrift_type type, int depth, bool element);

static void skip_list(struct tr_thrift_in *in, int depth)
{
	enum tr_thrift_type element;
	size_t n = get_list_head(in, &element);
	for (size_t i = 0; i < n && !in->why; i++)
		skip_value(in, element, depth + 1, true);
}

static void skip_map(struct tr_thrift_in *in, int depth)
{
	uint64_t n = get_varint(in);
	if (n > (uint64_t)(in->end - in->p))
		tr_thrift_fail(in, "a map is longer than what holds it");
	unsigned types = n && !in->why ? get_byte(in) : 0;
	for (uint64_t i = 0; i < n && !in->why; i++) {
		skip_value(in, (enum tr_thrift_type)(types >> 4), depth + 1, true);
		skip_value(in, (enum tr_thrift_type)(types & 15), depth + 1, true);
	}
}

static void skip_bytes(struct tr_thrift_in *in, size_t n)
{
	if ((size_t)(in->end - in->p) < n)
		tr_thrift_fail(in, "it ends in the middle of a value");
	else
		in->p += n;
}

/* A bool's value stands in a field's head, but takes a byte as an element. */
static void skip_value(struct tr_thrift_in *in, enum tr_thrift_type type, int depth, bool element)
{
	struct tr_thrift_field field;
	size_t n;
	if (depth > TR_THRIFT_DEPTH) {
		tr_thrift_fail(in, "it is nested too deeply");
		return;
	}
	switch (type) {
	case TR_THRIFT_TRUE:
	case TR_THRIFT_FALSE: skip_bytes(in, element ? 1 : 0); return;
	case TR_THRIFT_I8: skip_bytes(in, 1); return;
	case TR_THRIFT_I16:
	case TR_THRIFT_I32:
	case TR_THRIFT_I64: get_varint(in); return;
	case TR_THRIFT_DOUBLE: skip_bytes(in, 8); return;
	case TR_THRIFT_BINARY: tr_thrift_get_element_binary(in, &n); return;
	case TR_THRIFT_LIST:
	case TR_THRIFT_SET: skip_list(in, depth); return;
	case TR_THRIFT_MAP: skip_map(in, depth); return;
	case TR_THRIFT_STRUCT:
		tr_thrift_enter(in);
		while (tr_thrift_next(in, &field))
			skip_value(in, field.type, depth + 1, false);
		return;
	case TR_THRIFT_STOP:
	default: tr_thrift_fail(in, "a value has no type");
	}
}

void tr_thrift_skip(struct tr_thrift_in *in, const struct tr_thrift_field *field)
{
	skip_value(in, field->type, in->depth, false);
}
