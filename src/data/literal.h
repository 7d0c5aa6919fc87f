/*
 * The text of one value, as a configuration writes it, read as a type: parameters and
 * accepted values. Exact: what does not fit is refused, never rounded.
 */
#ifndef TR_DATA_LITERAL_H
#define TR_DATA_LITERAL_H

#include "data/column.h"

/* As the value lies in an Arrow buffer of its type. */
union tr_literal {
	bool boolean;
	int16_t int16;
	int32_t int32; /* also dates */
	int64_t int64; /* also timestamps and times */
	float float32;
	double float64;
	tr_i128 decimal;
	uint8_t uuid[16];
};

/* false (no error set): the text is no value of the type. Texts are always values. */
bool tr_literal_parse(struct tr_type type, const char *text, size_t len, union tr_literal *out);
/* How a value of the type is written, for hints: `2024-06-17 09:30:00`. */
const char *tr_literal_example(struct tr_type type);

#endif
