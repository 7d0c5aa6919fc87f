/*
 * Decoding Postgres's COPY ... (FORMAT binary) into batches
 * (PostgreSQL documentation, COPY, "Binary Format"; per type: the server's *_send
 * functions). Bytes come in pieces of any size: a message is not a row.
 *
 * A decoder is bound once: each column has its own decode function, which is given
 * exactly its field's bytes and must take them all.
 */
#ifndef TR_FMT_PGCOPY_H
#define TR_FMT_PGCOPY_H

#include "data/column.h"

/* How a column's wire bytes become the column's type. */
enum tr_pgcopy_wire {
	TR_PG_BOOL,
	TR_PG_INT2,
	TR_PG_INT4,
	TR_PG_INT8,
	TR_PG_OID, /* uint32 -> TR_INT64 */
	TR_PG_FLOAT4,
	TR_PG_FLOAT8,
	TR_PG_NUMERIC, /* -> TR_DECIMAL(p,s); NaN and infinities by policy */
	TR_PG_TEXT,    /* text family, enum, name ...: must be valid UTF-8 without NUL */
	TR_PG_BYTEA,
	/* Infinities and values out of range by policy. Every finite date that the server
	 * stores (4713 BC .. 5874897) is held; of timestamps those up to
	 * 294247-01-10 04:00:54.775806, the last that int64 microseconds since 1970 and all
	 * readers hold: the server's own range ends 294276. */
	TR_PG_DATE,
	TR_PG_TIMESTAMP,
	TR_PG_TIMESTAMPTZ,
	TR_PG_TIME,
	TR_PG_UUID,
	TR_PG_JSONB, /* version byte 1, then text */
	TR_PG_JSON,  /* text; as TR_JSON, without halves of surrogate pairs in escapes */
};

struct tr_pgcopy_column {
	const char *name; /* for errors; borrowed for the decoder's life */
	enum tr_pgcopy_wire wire;
	struct tr_type type;  /* int2 may decode to int32/int64 etc. only by its own type: no widening here */
	bool special_to_null; /* NaN/infinity/out-of-range becomes null instead of an error */
};

struct tr_pgcopy;

bool tr_pgcopy_new(const struct tr_pgcopy_column *columns, size_t n, struct tr_pgcopy **out,
	struct tr_err *err) TR_CHECKED;
void tr_pgcopy_free(struct tr_pgcopy *d);
/* Take a piece of the stream. A data error names the column (place.field); the row it is
 * about has the index tr_pgcopy_rows. A malformed stream is TR_ERR_TRANSIENT (a broken
 * transfer). A decoder that failed stays failed. */
bool tr_pgcopy_feed(struct tr_pgcopy *d, const void *bytes, size_t n, struct tr_err *err) TR_CHECKED;
/* After a data error, while the piece that was fed is still there: the bytes of a field of
 * the row it is about (NULL for null), to name the row by its key. False: there is none. */
bool tr_pgcopy_bad_field(const struct tr_pgcopy *d, size_t column, const void **bytes, size_t *n) TR_CHECKED;
/* A field's bytes as text for a message, cut to fit; false for a format whose text would
 * need more than this (numeric, json, floats). */
bool tr_pgcopy_describe(enum tr_pgcopy_wire wire, const void *bytes, size_t n, char *buf,
	size_t size) TR_CHECKED;
/* Complete rows decoded since the start: the index of the row that an error is about. */
int64_t tr_pgcopy_rows(const struct tr_pgcopy *d);
/* Complete rows buffered and their memory: when to take a batch. Both are cheap. */
int64_t tr_pgcopy_pending(const struct tr_pgcopy *d);
size_t tr_pgcopy_memory(const struct tr_pgcopy *d);
/* Move the buffered rows out as a batch (pending may be 0: an empty batch). */
bool tr_pgcopy_take(struct tr_pgcopy *d, struct ArrowArray *out, struct tr_err *err) TR_CHECKED;
/* At the end of input: the trailer must have come, and nothing after it. */
bool tr_pgcopy_finish(struct tr_pgcopy *d, struct tr_err *err) TR_CHECKED;

#endif
