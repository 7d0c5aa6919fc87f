#include "fmt/parquet_foreign.h"

#include <stdio.h>
#include <string.h>

#define PHYSICAL_INT96 3
#define DECIMAL_WIDTH_MAX 16

/* parquet.thrift: ConvertedType; field ids of LogicalType and TimeUnit. */
enum {
	UTF8 = 0,
	ENUM = 4,
	DECIMAL = 5,
	DATE = 6,
	TIMESTAMP_MILLIS = 9,
	TIMESTAMP_MICROS = 10,
	INT_16 = 16,
	INT_32 = 17,
	INT_64 = 18
};
enum {
	LOGICAL_STRING = 1,
	LOGICAL_ENUM = 4,
	LOGICAL_DECIMAL = 5,
	LOGICAL_DATE = 6,
	LOGICAL_TIMESTAMP = 8,
	LOGICAL_INTEGER = 10
};
enum { UNIT_MILLIS = 1, UNIT_MICROS = 2, UNIT_NANOS = 3 };

/* What the file has, in the words of Parquet. */
static void describe(const struct tr_pq_element *e, char *found)
{
	static const char *const physical[] = { "BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE",
		"BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY" };
	const char *name = e->physical >= 0 && e->physical < 8 ? physical[e->physical] : "a group";
	if (e->logical == LOGICAL_DECIMAL || e->converted == DECIMAL)
		snprintf(found, TR_PQ_FOUND_TEXT, "DECIMAL(%lld,%lld)", (long long)e->precision,
			(long long)e->scale);
	else if (e->logical == LOGICAL_INTEGER)
		snprintf(found, TR_PQ_FOUND_TEXT, "%s of %lld bits%s", name, (long long)e->logical_bits,
			e->is_signed ? "" : ", unsigned");
	else if (e->logical == LOGICAL_TIMESTAMP || e->converted == TIMESTAMP_MILLIS ||
		e->converted == TIMESTAMP_MICROS)
		snprintf(found, TR_PQ_FOUND_TEXT, "TIMESTAMP%s", e->utc ? " in UTC" : "");
	else if (e->logical == LOGICAL_DATE || e->converted == DATE)
		snprintf(found, TR_PQ_FOUND_TEXT, "DATE");
	else if (e->logical == LOGICAL_STRING || e->converted == UTF8)
		snprintf(found, TR_PQ_FOUND_TEXT, "STRING");
	else
		snprintf(found, TR_PQ_FOUND_TEXT, "%s", name);
}

static bool is_plain(const struct tr_pq_element *e)
{
	return e->logical == 0 && e->converted == -1;
}

/* An integer of that width: with its annotation, or, of the physical type's own, without one. */
static bool is_integer(const struct tr_pq_element *e, int64_t bits, int converted)
{
	if (e->physical != (bits == 64 ? TR_PQ_INT64 : TR_PQ_INT32))
		return false;
	if (is_plain(e))
		return bits >= 32;
	if (e->logical == LOGICAL_INTEGER)
		return e->logical_bits == bits && e->is_signed;
	return e->logical == 0 && e->converted == converted;
}

static bool is_decimal(const struct tr_pq_element *e, struct tr_pq_column *c, struct tr_pq_foreign *out)
{
	if ((e->logical != LOGICAL_DECIMAL && e->converted != DECIMAL) || e->scale != c->type.scale ||
		e->precision != c->type.precision)
		return false;
	switch (e->physical) {
	case TR_PQ_INT32: c->order = TR_PQ_ORDER_INT32; break;
	case TR_PQ_INT64: c->order = TR_PQ_ORDER_INT64; break;
	case TR_PQ_FIXED: c->order = TR_PQ_ORDER_SIGNED; break;
	case TR_PQ_BYTE_ARRAY: c->order = TR_PQ_ORDER_BYTES; break;
	default: return false;
	}
	c->physical = (enum tr_pq_physical)e->physical;
	c->width = e->physical == TR_PQ_INT32 ? 4
		: e->physical == TR_PQ_INT64  ? 8
		: e->physical == TR_PQ_FIXED  ? (uint32_t)e->width
					      : 0;
	/* Numbers of any length have an order of their own. */
	out->bounds = e->physical != TR_PQ_BYTE_ARRAY;
	return e->physical != TR_PQ_FIXED || (e->width > 0 && e->width <= DECIMAL_WIDTH_MAX);
}

static bool is_timestamp(const struct tr_pq_element *e, struct tr_pq_column *c, struct tr_pq_foreign *out)
{
	if (e->physical == PHYSICAL_INT96 && is_plain(e)) {
		/* Nanoseconds of a day, then its Julian number: no order is defined for its bounds. */
		out->stored = TR_PQ_STORED_INT96;
		out->bounds = false;
		c->width = 12;
		return c->type.kind == TR_TIMESTAMP;
	}
	if (e->physical != TR_PQ_INT64)
		return false;
	if (e->logical == LOGICAL_TIMESTAMP) {
		out->stored = e->unit == UNIT_MILLIS ? TR_PQ_STORED_MILLIS
			: e->unit == UNIT_MICROS     ? TR_PQ_STORED_MICROS
						     : TR_PQ_STORED_NANOS;
		out->bounds = e->unit != UNIT_NANOS;
		return e->unit >= UNIT_MILLIS && e->unit <= UNIT_NANOS &&
			e->utc == (c->type.kind == TR_TIMESTAMPTZ);
	}
	/* The legacy annotation means UTC. */
	out->stored = e->converted == TIMESTAMP_MILLIS ? TR_PQ_STORED_MILLIS : TR_PQ_STORED_MICROS;
	return e->logical == 0 && c->type.kind == TR_TIMESTAMPTZ &&
		(e->converted == TIMESTAMP_MILLIS || e->converted == TIMESTAMP_MICROS);
}

static bool is_type(const struct tr_pq_element *e, struct tr_pq_column *c, struct tr_pq_foreign *out)
{
	switch (c->type.kind) {
	case TR_BOOL: return e->physical == TR_PQ_BOOLEAN && is_plain(e);
	case TR_INT16: return is_integer(e, 16, INT_16);
	case TR_INT32: return is_integer(e, 32, INT_32);
	case TR_INT64: return is_integer(e, 64, INT_64);
	/* Whether a NaN is among the values can't be told of them. */
	case TR_FLOAT: out->bounds = false; return e->physical == TR_PQ_FLOAT && is_plain(e);
	case TR_DOUBLE: out->bounds = false; return e->physical == TR_PQ_DOUBLE && is_plain(e);
	case TR_DECIMAL: return is_decimal(e, c, out);
	case TR_STRING:
		return e->physical == TR_PQ_BYTE_ARRAY &&
			(e->logical == LOGICAL_STRING || e->logical == LOGICAL_ENUM ||
				(e->logical == 0 && (e->converted == UTF8 || e->converted == ENUM)));
	case TR_BINARY: return e->physical == TR_PQ_BYTE_ARRAY && is_plain(e);
	case TR_DATE:
		return e->physical == TR_PQ_INT32 && (e->logical == LOGICAL_DATE || e->converted == DATE);
	case TR_TIMESTAMP:
	case TR_TIMESTAMPTZ: return is_timestamp(e, c, out);
	default: return false; /* planning refuses the others */
	}
}

const char *tr_pq_foreign_bind(const struct tr_pq_element *e, struct tr_pq_column *c,
	struct tr_pq_foreign *out, char *found)
{
	*out = (struct tr_pq_foreign){ .stored = TR_PQ_STORED_MICROS, .bounds = true };
	found[0] = '\0';
	if (e->name_len != strlen(c->name) || memcmp(e->name, c->name, e->name_len) != 0)
		return "another name";
	if (e->children > 0 || e->repetition > 1)
		return "a nested column";
	if (is_type(e, c, out))
		return NULL;
	describe(e, found);
	return "another type";
}

void tr_pq_foreign_bound(const struct tr_pq_foreign *f, struct tr_bound *bound)
{
	int64_t value;
	if (!bound->set || f->stored != TR_PQ_STORED_MILLIS)
		return;
	memcpy(&value, bound->bytes, sizeof value);
	if (__builtin_mul_overflow(value, INT64_C(1000), &value))
		*bound = (struct tr_bound){ 0 };
	else
		memcpy(bound->bytes, &value, sizeof value);
}

const char *tr_pq_foreign_stored(const struct tr_pq_foreign *f)
{
	static const char *const names[] = { [TR_PQ_STORED_MILLIS] = "milliseconds",
		[TR_PQ_STORED_NANOS] = "nanoseconds",
		[TR_PQ_STORED_INT96] = "INT96" };
	return names[f->stored];
}
