/*
 * One column of a COPY stream, bound to its decode function: the inside of pgcopy.c.
 * Wire formats: the server's *_send functions; integers are big-endian.
 */
#ifndef TR_FMT_PGCOPY_FIELD_H
#define TR_FMT_PGCOPY_FIELD_H

#include "fmt/pgcopy.h"

struct tr_pgcopy_field;
/* Decode the field's `len` bytes, all of them, into row `row` of the column. The
 * column has room for the row. */
typedef bool (*tr_pgcopy_decode)(struct tr_pgcopy_field *f, int64_t row, const uint8_t *p, uint32_t len,
	struct tr_err *err);

struct tr_pgcopy_field {
	tr_pgcopy_decode decode;
	struct tr_column *column;
	size_t *text_bytes; /* the decoder's count of bytes in bytes columns */
	const char *name;
	struct tr_type type;
	bool special_to_null;
};

/* The function for a wire format; NULL if it does not make values of that type. */
tr_pgcopy_decode tr_pgcopy_bind(enum tr_pgcopy_wire wire, struct tr_type type);
/* TR_PG_NUMERIC, in a file of its own. */
bool tr_pgcopy_numeric(struct tr_pgcopy_field *f, int64_t row, const uint8_t *p, uint32_t len,
	struct tr_err *err);

/* Make row `row` null (its value bytes zero). */
bool tr_pgcopy_null(struct tr_pgcopy_field *f, int64_t row, struct tr_err *err);
/* A value the type cannot hold: null where the column says so, else a data error
 * "column `x` holds <value>". */
bool tr_pgcopy_special(struct tr_pgcopy_field *f, int64_t row, const char *value, struct tr_err *err);
/* The field's bytes are not what the server sends for this wire format. */
bool tr_pgcopy_malformed(const struct tr_pgcopy_field *f, const char *problem, struct tr_err *err);

static inline uint16_t tr_load_be16(const void *p)
{
	uint16_t v;
	memcpy(&v, p, 2);
	return __builtin_bswap16(v);
}

static inline uint32_t tr_load_be32(const void *p)
{
	uint32_t v;
	memcpy(&v, p, 4);
	return __builtin_bswap32(v);
}

static inline uint64_t tr_load_be64(const void *p)
{
	uint64_t v;
	memcpy(&v, p, 8);
	return __builtin_bswap64(v);
}

#endif
