/*
 * Thrift's compact protocol (apache/thrift: doc/specs/thrift-compact-protocol.md), as far
 * as Parquet uses it: structs, lists, integers, bools and binaries; anything else can be
 * skipped.
 *
 * The writer appends to a buffer and remembers its first failure: write many fields, ask
 * tr_thrift_ok once. The reader is for hostile bytes: it never reads past its input, never
 * believes a length, never recurses deeper than TR_THRIFT_DEPTH, and once it has failed
 * every further call answers zero and every loop over fields ends.
 */
#ifndef TR_FMT_THRIFT_H
#define TR_FMT_THRIFT_H

#include "base/mem.h"

#define TR_THRIFT_DEPTH 24

enum tr_thrift_type {
	TR_THRIFT_STOP = 0,
	TR_THRIFT_TRUE = 1,
	TR_THRIFT_FALSE = 2,
	TR_THRIFT_I8 = 3,
	TR_THRIFT_I16 = 4,
	TR_THRIFT_I32 = 5,
	TR_THRIFT_I64 = 6,
	TR_THRIFT_DOUBLE = 7,
	TR_THRIFT_BINARY = 8,
	TR_THRIFT_LIST = 9,
	TR_THRIFT_SET = 10,
	TR_THRIFT_MAP = 11,
	TR_THRIFT_STRUCT = 12,
};

/* ---- writing ---- */

struct tr_thrift_out {
	struct tr_buf *buf; /* borrowed */
	bool failed;
	struct tr_err err;
	int depth;
	int16_t last[TR_THRIFT_DEPTH]; /* the last field id of each open struct */
};

void tr_thrift_out_init(struct tr_thrift_out *o, struct tr_buf *buf);
/* True if everything was written, else the first error. */
bool tr_thrift_ok(const struct tr_thrift_out *o, struct tr_err *err) TR_CHECKED;

/* A struct that is the message itself or a list's element. */
void tr_thrift_begin(struct tr_thrift_out *o);
void tr_thrift_end(struct tr_thrift_out *o);
/* A struct in a field; close it with tr_thrift_end. */
void tr_thrift_struct(struct tr_thrift_out *o, int16_t id);
void tr_thrift_bool(struct tr_thrift_out *o, int16_t id, bool value);
void tr_thrift_i8(struct tr_thrift_out *o, int16_t id, int8_t value);
void tr_thrift_i16(struct tr_thrift_out *o, int16_t id, int16_t value);
void tr_thrift_i32(struct tr_thrift_out *o, int16_t id, int32_t value);
void tr_thrift_i64(struct tr_thrift_out *o, int16_t id, int64_t value);
void tr_thrift_binary(struct tr_thrift_out *o, int16_t id, const void *bytes, size_t n);
void tr_thrift_string(struct tr_thrift_out *o, int16_t id, const char *text);
/* A list's head; exactly n elements of that type must follow. */
void tr_thrift_list(struct tr_thrift_out *o, int16_t id, enum tr_thrift_type element, size_t n);
void tr_thrift_element_bool(struct tr_thrift_out *o, bool value);
void tr_thrift_element_int(struct tr_thrift_out *o, int64_t value); /* i16, i32, i64 */
void tr_thrift_element_binary(struct tr_thrift_out *o, const void *bytes, size_t n);
/* Bytes that are already compact protocol: a struct written earlier into another buffer,
 * as a field or as a list's element. */
void tr_thrift_struct_raw(struct tr_thrift_out *o, int16_t id, const void *bytes, size_t n);
void tr_thrift_raw(struct tr_thrift_out *o, const void *bytes, size_t n);

/* ---- reading ---- */

struct tr_thrift_in {
	const uint8_t *p, *end;
	const char *why; /* NULL until it fails: a static text, what was wrong */
	int depth;
	int16_t last[TR_THRIFT_DEPTH];
};

struct tr_thrift_field {
	int16_t id;
	enum tr_thrift_type type;
};

void tr_thrift_in_init(struct tr_thrift_in *in, const void *bytes, size_t n);
/* Note a failure (the first one stays). */
void tr_thrift_fail(struct tr_thrift_in *in, const char *why);
/* Enter a struct (the message, a struct field or element), then ask for its fields until
 * false: at its end, which is then left, or after a failure. */
void tr_thrift_enter(struct tr_thrift_in *in);
bool tr_thrift_next(struct tr_thrift_in *in, struct tr_thrift_field *field);
/* The value of a field just announced; a field of another type is a failure. */
bool tr_thrift_get_bool(struct tr_thrift_in *in, const struct tr_thrift_field *field);
int64_t tr_thrift_get_int(struct tr_thrift_in *in, const struct tr_thrift_field *field);
const uint8_t *tr_thrift_get_binary(struct tr_thrift_in *in, const struct tr_thrift_field *field, size_t *n);
void tr_thrift_get_struct(struct tr_thrift_in *in, const struct tr_thrift_field *field); /* enters it */
/* A list of elements of that type: how many. At most as many as bytes are left. */
size_t tr_thrift_get_list(struct tr_thrift_in *in, const struct tr_thrift_field *field,
	enum tr_thrift_type element);
int64_t tr_thrift_get_element_int(struct tr_thrift_in *in);
const uint8_t *tr_thrift_get_element_binary(struct tr_thrift_in *in, size_t *n);
bool tr_thrift_get_element_bool(struct tr_thrift_in *in);
/* Pass over a field that the reader does not know. */
void tr_thrift_skip(struct tr_thrift_in *in, const struct tr_thrift_field *field);

#endif
