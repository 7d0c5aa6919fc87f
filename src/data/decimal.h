/* Decimals: 128-bit unscaled units, at most 38 digits. */
#ifndef TR_DATA_DECIMAL_H
#define TR_DATA_DECIMAL_H

#include "data/column.h"

#define TR_DECIMAL_TEXT 48

/* 10^n, 0 <= n <= 38. */
tr_i128 tr_decimal_power(unsigned n);
/* |value| < 10^precision. */
bool tr_decimal_fits(tr_i128 value, unsigned precision);
/* value * 10^by; false (no error set) if it would pass 38 digits. */
bool tr_decimal_scale_up(tr_i128 value, unsigned by, tr_i128 *out);
/* `-12.340` for (-12340, 3). buf has TR_DECIMAL_TEXT bytes. Returns the length. */
size_t tr_decimal_format(tr_i128 value, unsigned scale, char *buf);
/* Read a plain decimal number exactly into `scale` digits behind the point; false (no
 * error set) for anything else, more digits than the scale, or over 38 digits. */
bool tr_decimal_parse(const char *text, size_t len, unsigned scale, tr_i128 *out);

#endif
