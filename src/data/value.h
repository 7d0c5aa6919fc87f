/*
 * One value as text: exact, the same spelling everywhere (messages, samples, CSV).
 * bool `true`; numbers in the fewest digits that read back equal; NaN, Infinity,
 * -Infinity; decimals with their scale; dates and times as data/datetime.h; binary as
 * `\x` and hex; uuid in its 36 characters; text as it is.
 */
#ifndef TR_DATA_VALUE_H
#define TR_DATA_VALUE_H

#include "data/column.h"

/* The longest text of a value that is not string, binary or json. */
#define TR_VALUE_TEXT 64

/* Format a value of a fixed-width type (or bool) given its Arrow bytes (bool: one byte,
 * 0 or 1). buf has TR_VALUE_TEXT bytes. Returns the length. */
size_t tr_value_text(struct tr_type type, const void *value, char *buf);
/* Append row's value to a text, `null` for SQL NULL. */
void tr_value_format(const struct tr_view *v, struct tr_type type, int64_t row, struct tr_str *out);
/* 36 characters and NUL into buf. */
void tr_uuid_text(const uint8_t uuid[16], char buf[37]);

#endif
