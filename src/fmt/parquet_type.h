/*
 * How a column's type is stored in Parquet: physical type, logical type and the legacy
 * converted type (parquet-format: parquet.thrift, LogicalTypes.md), the order that its
 * bounds follow, and both representations of a bound.
 */
#ifndef TR_FMT_PARQUET_TYPE_H
#define TR_FMT_PARQUET_TYPE_H

#include "data/schema.h"
#include "fmt/parquet_stats.h"
#include "fmt/thrift.h"

enum tr_pq_physical {
	TR_PQ_BOOLEAN = 0,
	TR_PQ_INT32 = 1,
	TR_PQ_INT64 = 2,
	TR_PQ_FLOAT = 4,
	TR_PQ_DOUBLE = 5,
	TR_PQ_BYTE_ARRAY = 6,
	TR_PQ_FIXED = 7,
};

enum tr_pq_encoding { TR_PQ_PLAIN = 0, TR_PQ_RLE = 3, TR_PQ_DELTA = 5, TR_PQ_DICTIONARY = 8 };

enum tr_pq_page_type { TR_PQ_DATA_PAGE = 0, TR_PQ_DICTIONARY_PAGE = 2 };

/* The order of values, as their bounds need it. */
enum tr_pq_order {
	TR_PQ_ORDER_INT32, /* BOOLEAN, too: a byte of 0 or 1 */
	TR_PQ_ORDER_INT64,
	TR_PQ_ORDER_FLOAT,
	TR_PQ_ORDER_DOUBLE,
	TR_PQ_ORDER_BYTES,  /* unsigned, byte by byte */
	TR_PQ_ORDER_SIGNED, /* big-endian two's complement of `width` bytes */
};

struct tr_pq_column {
	const char *name; /* borrowed from the schema */
	struct tr_type type;
	bool nullable;
	int32_t field_id; /* 0: none */
	enum tr_pq_physical physical;
	uint32_t width; /* of a PLAIN value; BOOLEAN: 1 (a byte until it is packed); BYTE_ARRAY: 0 */
	enum tr_pq_order order;
	bool integer; /* DELTA_BINARY_PACKED is possible */
};

/* Bind a field; `field_id` replaces the field's own where that is not 0. */
void tr_pq_column_bind(struct tr_pq_column *c, const struct tr_field *field, int32_t field_id);

/* The column's SchemaElement, as a list's element. */
void tr_pq_column_write(struct tr_thrift_out *o, const struct tr_pq_column *c);

/* A SchemaElement as a file has it. */
struct tr_pq_element {
	int64_t physical, width, repetition, children, converted, scale, precision; /* -1: not there */
	const uint8_t *name; /* in the footer's bytes */
	size_t name_len;
	int logical; /* the union's field id; 0: none */
	int64_t logical_scale, logical_precision, logical_bits;
	bool utc, is_signed;
	int unit; /* the time unit's field id */
};
void tr_pq_element_read(struct tr_thrift_in *in, struct tr_pq_element *e);
/* NULL if the element is what tailrace writes for the column (names, physical and logical
 * type), else what differs. */
const char *tr_pq_element_mismatch(const struct tr_pq_element *e, const struct tr_pq_column *c);

/* Inside fmt a tr_bound holds a value's PLAIN bytes (of FIXED and BYTE_ARRAY: the value
 * alone); this makes the Arrow buffer's bytes of them. False if the length is impossible
 * for the column. */
bool tr_pq_bound_to_arrow(const struct tr_pq_column *c, const uint8_t *bytes, size_t n, bool exact,
	struct tr_bound *out) TR_CHECKED;
/* Compare two bounds by their PLAIN bytes, both of a length that is right for the order: <0, 0, >0. */
int tr_pq_bound_compare(enum tr_pq_order order, const struct tr_bound *a, const struct tr_bound *b);

/* `PLAIN,RLE_DICTIONARY` from a set of 1 << tr_pq_encoding. */
void tr_pq_encodings_format(unsigned set, char *buf, size_t size);

#endif
