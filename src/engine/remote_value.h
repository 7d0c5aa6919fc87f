/*
 * Values of Athena and Trino, which share their types and spell them alike: from text or
 * JSON into growing columns. One function a column, bound once a statement.
 */
#ifndef TR_ENGINE_REMOTE_VALUE_H
#define TR_ENGINE_REMOTE_VALUE_H

#include <jansson.h>

#include "data/column.h"

/* How bytes are written. */
enum tr_remote_bytes { TR_REMOTE_HEX, TR_REMOTE_BASE64 };

struct tr_remote_value {
	struct tr_type type;
	const char *name; /* the column's, borrowed, for messages */
	/* Append a value written as text. */
	bool (*text)(const struct tr_remote_value *v, const char *text, size_t len, struct tr_column *out,
		struct tr_err *err);
	/* Append a value of a JSON document, null included. */
	bool (*json)(const struct tr_remote_value *v, json_t *value, struct tr_column *out,
		struct tr_err *err);
};

/*
 * What a column of the service's type travels as. `base` is the type without its
 * parameters: `bigint`, `decimal`, `timestamp with time zone`; precision and scale < 0 where
 * there are none. Types that tailrace has no kind for travel as text; with `nested_json`
 * arrays, maps and rows as JSON. tinyint is widened; a decimal's parameters are required.
 */
bool tr_remote_type(const char *base, int64_t precision, int64_t scale, bool nested_json, struct tr_type *out,
	struct tr_err *err) TR_CHECKED;
/* The same from `decimal(10,2)`, `timestamp(6) with time zone`, `array(bigint)`. */
bool tr_remote_type_parse(const char *text, bool nested_json, struct tr_type *out,
	struct tr_err *err) TR_CHECKED;

/* `name` is borrowed. */
void tr_remote_value_bind(struct tr_remote_value *v, struct tr_type type, const char *name,
	enum tr_remote_bytes bytes);

/* The columns of a result, and the batch that is being filled. */
struct tr_remote_result {
	struct tr_schema schema;
	struct tr_remote_value *values; /* one a column */
	struct tr_column *columns;
};
void tr_remote_result_init(struct tr_remote_result *r);
void tr_remote_result_clear(struct tr_remote_result *r);
/* After the schema has all its columns. */
bool tr_remote_result_bind(struct tr_remote_result *r, enum tr_remote_bytes bytes,
	struct tr_err *err) TR_CHECKED;
/* What has been appended as a batch; none: out->release is NULL. */
bool tr_remote_result_take(struct tr_remote_result *r, int64_t rows, struct ArrowArray *out,
	struct tr_err *err) TR_CHECKED;

#endif
