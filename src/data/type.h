/*
 * The types of a dataset's columns: what the contract spells, what streams carry,
 * what files hold. Their Arrow representation is fixed by tr_type_arrow_format;
 * the mapping from Postgres is source/catalog.h's, to Parquet fmt/parquet_*'s.
 */
#ifndef TR_DATA_TYPE_H
#define TR_DATA_TYPE_H

#include <stdint.h>

#include "base/err.h"

enum tr_kind {
	TR_BOOL,        /* Arrow b: one bit */
	TR_INT16,       /* s */
	TR_INT32,       /* i */
	TR_INT64,       /* l */
	TR_FLOAT,       /* f */
	TR_DOUBLE,      /* g */
	TR_DECIMAL,     /* d:p,s: 128-bit little-endian two's complement of unscaled units */
	TR_STRING,      /* u: UTF-8, int32 offsets */
	TR_BINARY,      /* z: int32 offsets */
	TR_DATE,        /* tdD: int32 days since 1970-01-01 */
	TR_TIMESTAMP,   /* tsu: int64 microseconds since 1970-01-01, no zone */
	TR_TIMESTAMPTZ, /* tsu:UTC int64 microseconds since the epoch, UTC */
	TR_TIME,        /* ttu: int64 microseconds since midnight, 0 .. 86,400,000,000 */
	TR_UUID,        /* w:16 with extension arrow.uuid: 16 bytes, big-endian */
	TR_JSON,        /* u with extension arrow.json */
};

struct tr_type {
	enum tr_kind kind;
	uint8_t precision; /* decimal: 1..38; timestamps: 3 or 6 digits of the second, 0 = undeclared (6) */
	uint8_t scale;     /* decimal: 0..precision */
};

#define TR_TYPE_TEXT 32
/* The contract's spelling: bool smallint int bigint float double decimal(p,s) string
 * binary date timestamp timestamp(3) timestamptz time uuid json. buf has TR_TYPE_TEXT bytes. */
const char *tr_type_format(struct tr_type type, char *buf);
/* Read that spelling (and `boolean`, `integer`, `text`, `timestamp(6)`); blanks are
 * allowed inside the parentheses. On failure the hint names the closest type. */
bool tr_type_parse(const char *text, struct tr_type *out, struct tr_err *err) TR_CHECKED;
/* As Glue and Athena spell it (reference: Hive types): smallint, int, decimal(10,2), string ... */
const char *tr_type_hive(struct tr_type type, char *buf);

bool tr_type_equal(struct tr_type a, struct tr_type b);
/* Bytes a value in an Arrow buffer takes; 0 for bool (bits), string, binary, json. */
uint32_t tr_type_width(struct tr_type type);
/* Offsets and bytes rather than fixed width. */
bool tr_type_is_bytes(struct tr_type type);
/* Arrow's format string; buf has TR_TYPE_TEXT bytes. */
const char *tr_type_arrow_format(struct tr_type type, char *buf);

#endif
