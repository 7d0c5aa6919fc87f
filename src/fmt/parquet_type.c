#include "fmt/parquet_type.h"

#include <stdio.h>
#include <string.h>

/* parquet.thrift: ConvertedType, and the field ids of LogicalType and TimeUnit. */
enum {
	CONVERTED_NONE = -1,
	CONVERTED_UTF8 = 0,
	CONVERTED_DECIMAL = 5,
	CONVERTED_DATE = 6,
	CONVERTED_TIME_MICROS = 8,
	CONVERTED_TIMESTAMP_MICROS = 10,
	CONVERTED_INT_16 = 16,
	CONVERTED_JSON = 19
};
enum {
	LOGICAL_NONE = 0,
	LOGICAL_STRING = 1,
	LOGICAL_DECIMAL = 5,
	LOGICAL_DATE = 6,
	LOGICAL_TIME = 7,
	LOGICAL_TIMESTAMP = 8,
	LOGICAL_INTEGER = 10,
	LOGICAL_JSON = 12,
	LOGICAL_UUID = 14
};
enum { UNIT_MICROS = 2 };

/* One row a kind: how it is stored where no precision decides. */
static const struct {
	enum tr_pq_physical physical;
	uint32_t width;
	enum tr_pq_order order;
	int converted, logical;
} STORED[] = {
	[TR_BOOL] = { TR_PQ_BOOLEAN, 1, TR_PQ_ORDER_INT32, CONVERTED_NONE, LOGICAL_NONE },
	[TR_INT16] = { TR_PQ_INT32, 4, TR_PQ_ORDER_INT32, CONVERTED_INT_16, LOGICAL_INTEGER },
	[TR_INT32] = { TR_PQ_INT32, 4, TR_PQ_ORDER_INT32, CONVERTED_NONE, LOGICAL_NONE },
	[TR_INT64] = { TR_PQ_INT64, 8, TR_PQ_ORDER_INT64, CONVERTED_NONE, LOGICAL_NONE },
	[TR_FLOAT] = { TR_PQ_FLOAT, 4, TR_PQ_ORDER_FLOAT, CONVERTED_NONE, LOGICAL_NONE },
	[TR_DOUBLE] = { TR_PQ_DOUBLE, 8, TR_PQ_ORDER_DOUBLE, CONVERTED_NONE, LOGICAL_NONE },
	[TR_DECIMAL] = { TR_PQ_FIXED, 16, TR_PQ_ORDER_SIGNED, CONVERTED_DECIMAL, LOGICAL_DECIMAL },
	[TR_STRING] = { TR_PQ_BYTE_ARRAY, 0, TR_PQ_ORDER_BYTES, CONVERTED_UTF8, LOGICAL_STRING },
	[TR_BINARY] = { TR_PQ_BYTE_ARRAY, 0, TR_PQ_ORDER_BYTES, CONVERTED_NONE, LOGICAL_NONE },
	[TR_DATE] = { TR_PQ_INT32, 4, TR_PQ_ORDER_INT32, CONVERTED_DATE, LOGICAL_DATE },
	[TR_TIMESTAMP] = { TR_PQ_INT64, 8, TR_PQ_ORDER_INT64, CONVERTED_TIMESTAMP_MICROS, LOGICAL_TIMESTAMP },
	[TR_TIMESTAMPTZ] = { TR_PQ_INT64, 8, TR_PQ_ORDER_INT64, CONVERTED_TIMESTAMP_MICROS,
		LOGICAL_TIMESTAMP },
	[TR_TIME] = { TR_PQ_INT64, 8, TR_PQ_ORDER_INT64, CONVERTED_TIME_MICROS, LOGICAL_TIME },
	[TR_UUID] = { TR_PQ_FIXED, 16, TR_PQ_ORDER_BYTES, CONVERTED_NONE, LOGICAL_UUID },
	[TR_JSON] = { TR_PQ_BYTE_ARRAY, 0, TR_PQ_ORDER_BYTES, CONVERTED_JSON, LOGICAL_JSON },
};

/* Bytes that hold every number of that many digits: ceil((precision * log2(10) + 1) / 8). */
static uint32_t decimal_width(unsigned precision)
{
	static const uint8_t WIDTH[39] = { 1, 1, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7, 8, 8, 9, 9, 9,
		10, 10, 11, 11, 11, 12, 12, 13, 13, 13, 14, 14, 15, 15, 16, 16, 16 };
	return WIDTH[precision];
}

void tr_pq_column_bind(struct tr_pq_column *c, const struct tr_field *field, int32_t field_id)
{
	enum tr_kind kind = field->type.kind;
	*c = (struct tr_pq_column){
		.name = field->name,
		.type = field->type,
		.nullable = field->nullable,
		.field_id = field->field_id ? field->field_id : field_id,
		.physical = STORED[kind].physical,
		.width = STORED[kind].width,
		.order = STORED[kind].order,
	};
	if (kind == TR_DECIMAL) {
		unsigned p = field->type.precision;
		if (p <= 9) {
			c->physical = TR_PQ_INT32;
			c->width = 4;
			c->order = TR_PQ_ORDER_INT32;
		} else if (p <= 18) {
			c->physical = TR_PQ_INT64;
			c->width = 8;
			c->order = TR_PQ_ORDER_INT64;
		} else {
			c->width = decimal_width(p);
		}
	}
	c->integer = c->physical == TR_PQ_INT32 || c->physical == TR_PQ_INT64;
}

static void write_logical(struct tr_thrift_out *o, const struct tr_pq_column *c)
{
	int logical = STORED[c->type.kind].logical;
	tr_thrift_struct(o, 10);
	tr_thrift_struct(o, (int16_t)logical);
	if (logical == LOGICAL_DECIMAL) {
		tr_thrift_i32(o, 1, c->type.scale);
		tr_thrift_i32(o, 2, c->type.precision);
	} else if (logical == LOGICAL_TIME || logical == LOGICAL_TIMESTAMP) {
		tr_thrift_bool(o, 1, c->type.kind == TR_TIMESTAMPTZ);
		tr_thrift_struct(o, 2);
		tr_thrift_struct(o, UNIT_MICROS);
		tr_thrift_end(o);
		tr_thrift_end(o);
	} else if (logical == LOGICAL_INTEGER) {
		tr_thrift_i8(o, 1, 16);
		tr_thrift_bool(o, 2, true);
	}
	tr_thrift_end(o);
	tr_thrift_end(o);
}

void tr_pq_column_write(struct tr_thrift_out *o, const struct tr_pq_column *c)
{
	tr_thrift_begin(o);
	tr_thrift_i32(o, 1, (int32_t)c->physical);
	if (c->physical == TR_PQ_FIXED)
		tr_thrift_i32(o, 2, (int32_t)c->width);
	tr_thrift_i32(o, 3, c->nullable ? 1 : 0);
	tr_thrift_string(o, 4, c->name);
	if (STORED[c->type.kind].converted != CONVERTED_NONE)
		tr_thrift_i32(o, 6, STORED[c->type.kind].converted);
	if (c->type.kind == TR_DECIMAL) {
		tr_thrift_i32(o, 7, c->type.scale);
		tr_thrift_i32(o, 8, c->type.precision);
	}
	if (c->field_id)
		tr_thrift_i32(o, 9, c->field_id);
	if (STORED[c->type.kind].logical != LOGICAL_NONE)
		write_logical(o, c);
	tr_thrift_end(o);
}

static void read_unit(struct tr_thrift_in *in, struct tr_pq_element *e)
{
	struct tr_thrift_field f;
	while (tr_thrift_next(in, &f)) {
		e->unit = f.id;
		tr_thrift_skip(in, &f);
	}
}

/* The structs in LogicalType have so little in common that one loop reads them all: the
 * field ids mean what the struct's id says. */
static void read_logical_parameters(struct tr_thrift_in *in, struct tr_pq_element *e)
{
	struct tr_thrift_field f;
	bool timed = e->logical == LOGICAL_TIME || e->logical == LOGICAL_TIMESTAMP;
	while (tr_thrift_next(in, &f)) {
		if (e->logical == LOGICAL_DECIMAL && f.id == 1) {
			e->logical_scale = tr_thrift_get_int(in, &f);
		} else if (e->logical == LOGICAL_DECIMAL && f.id == 2) {
			e->logical_precision = tr_thrift_get_int(in, &f);
		} else if (timed && f.id == 1) {
			e->utc = tr_thrift_get_bool(in, &f);
		} else if (timed && f.id == 2) {
			tr_thrift_get_struct(in, &f);
			read_unit(in, e);
		} else if (e->logical == LOGICAL_INTEGER && f.id == 1) {
			e->logical_bits = tr_thrift_get_int(in, &f);
		} else if (e->logical == LOGICAL_INTEGER && f.id == 2) {
			e->is_signed = tr_thrift_get_bool(in, &f);
		} else {
			tr_thrift_skip(in, &f);
		}
	}
}

static void read_logical(struct tr_thrift_in *in, struct tr_pq_element *e)
{
	struct tr_thrift_field f;
	while (tr_thrift_next(in, &f)) {
		e->logical = f.id;
		tr_thrift_get_struct(in, &f);
		read_logical_parameters(in, e);
	}
}

void tr_pq_element_read(struct tr_thrift_in *in, struct tr_pq_element *e)
{
	struct tr_thrift_field f;
	*e = (struct tr_pq_element){ .physical = -1,
		.width = -1,
		.repetition = -1,
		.children = -1,
		.converted = -1,
		.scale = -1,
		.precision = -1,
		.name = (const uint8_t *)"" };
	tr_thrift_enter(in);
	while (tr_thrift_next(in, &f)) {
		switch (f.id) {
		case 1: e->physical = tr_thrift_get_int(in, &f); break;
		case 2: e->width = tr_thrift_get_int(in, &f); break;
		case 3: e->repetition = tr_thrift_get_int(in, &f); break;
		case 4: e->name = tr_thrift_get_binary(in, &f, &e->name_len); break;
		case 5: e->children = tr_thrift_get_int(in, &f); break;
		case 6: e->converted = tr_thrift_get_int(in, &f); break;
		case 7: e->scale = tr_thrift_get_int(in, &f); break;
		case 8: e->precision = tr_thrift_get_int(in, &f); break;
		case 10:
			tr_thrift_get_struct(in, &f);
			read_logical(in, e);
			break;
		default: tr_thrift_skip(in, &f); break;
		}
	}
}

const char *tr_pq_element_mismatch(const struct tr_pq_element *e, const struct tr_pq_column *c)
{
	int logical = STORED[c->type.kind].logical;
	if (e->name_len != strlen(c->name) || memcmp(e->name, c->name, e->name_len) != 0)
		return "another name";
	if (e->children > 0)
		return "nested columns";
	if (e->physical != (int64_t)c->physical ||
		(c->physical == TR_PQ_FIXED && e->width != (int64_t)c->width))
		return "another physical type";
	if (e->logical != logical || e->converted != STORED[c->type.kind].converted)
		return "another logical type";
	if (logical == LOGICAL_DECIMAL &&
		(e->scale != c->type.scale || e->precision != c->type.precision ||
			e->logical_scale != c->type.scale || e->logical_precision != c->type.precision))
		return "another precision or scale";
	if ((logical == LOGICAL_TIME || logical == LOGICAL_TIMESTAMP) &&
		(e->unit != UNIT_MICROS || e->utc != (c->type.kind == TR_TIMESTAMPTZ)))
		return "another unit or time zone";
	if (logical == LOGICAL_INTEGER && (e->logical_bits != 16 || !e->is_signed))
		return "another integer width";
	return NULL;
}

bool tr_pq_bound_to_arrow(const struct tr_pq_column *c, const uint8_t *bytes, size_t n, bool exact,
	struct tr_bound *out)
{
	*out = (struct tr_bound){ .set = true, .exact = exact };
	if (c->physical == TR_PQ_BYTE_ARRAY ? n > TR_BOUND_MAX : n != c->width)
		return false;
	if (c->type.kind == TR_DECIMAL) {
		/* Sign-extended to the 16 little-endian bytes of Arrow's decimal128. */
		bool big_endian = c->physical == TR_PQ_FIXED;
		uint8_t top = bytes[big_endian ? 0 : n - 1];
		memset(out->bytes, top & 0x80 ? 0xff : 0, 16);
		for (size_t i = 0; i < n; i++)
			out->bytes[i] = bytes[big_endian ? n - 1 - i : i];
		out->len = 16;
		return true;
	}
	/* An int16 is the low half of its INT32. */
	out->len = c->type.kind == TR_INT16 ? 2 : (uint8_t)n;
	if (out->len)
		memcpy(out->bytes, bytes, out->len);
	return true;
}

static int64_t bound_int(const struct tr_bound *b)
{
	int32_t i32;
	int64_t i64;
	if (b->len == 1)
		return b->bytes[0];
	if (b->len == 4) {
		memcpy(&i32, b->bytes, 4);
		return i32;
	}
	memcpy(&i64, b->bytes, 8);
	return i64;
}

static double bound_real(const struct tr_bound *b)
{
	float f;
	double d;
	if (b->len == 4) {
		memcpy(&f, b->bytes, 4);
		return (double)f;
	}
	memcpy(&d, b->bytes, 8);
	return d;
}

static int compare_bytes(const struct tr_bound *a, const struct tr_bound *b)
{
	size_t n = a->len < b->len ? a->len : b->len;
	int d = memcmp(a->bytes, b->bytes, n);
	return d ? d : (int)a->len - (int)b->len;
}

int tr_pq_bound_compare(enum tr_pq_order order, const struct tr_bound *a, const struct tr_bound *b)
{
	switch (order) {
	case TR_PQ_ORDER_INT32:
	case TR_PQ_ORDER_INT64: {
		int64_t x = bound_int(a), y = bound_int(b);
		return (x > y) - (x < y);
	}
	case TR_PQ_ORDER_FLOAT:
	case TR_PQ_ORDER_DOUBLE: {
		double x = bound_real(a), y = bound_real(b);
		return (x > y) - (x < y);
	}
	case TR_PQ_ORDER_SIGNED: {
		/* With the sign's bit turned over, two's complement orders as unsigned bytes do. */
		int x = a->bytes[0] ^ 0x80, y = b->bytes[0] ^ 0x80;
		return x != y ? x - y : compare_bytes(a, b);
	}
	case TR_PQ_ORDER_BYTES:
	default: return compare_bytes(a, b);
	}
}

void tr_pq_encodings_format(unsigned set, char *buf, size_t size)
{
	static const struct {
		enum tr_pq_encoding encoding;
		const char *name;
	} NAMES[] = { { TR_PQ_PLAIN, "PLAIN" }, { TR_PQ_DELTA, "DELTA_BINARY_PACKED" },
		{ TR_PQ_DICTIONARY, "RLE_DICTIONARY" } };
	size_t len = 0;
	buf[0] = 0;
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
		if (!(set >> NAMES[i].encoding & 1))
			continue;
		int n = snprintf(buf + len, size - len, "%s%s", len ? "," : "", NAMES[i].name);
		if (n < 0 || (size_t)n >= size - len)
			return;
		len += (size_t)n;
	}
}
