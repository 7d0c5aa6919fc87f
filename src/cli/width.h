/*
 * How wide text stands on a terminal: East Asian wide characters take two columns,
 * combining ones none (wcwidth(3); the locale must be a UTF-8 one).
 */
#ifndef TR_CLI_WIDTH_H
#define TR_CLI_WIDTH_H

#include "base/mem.h"

/* Columns that `len` bytes of UTF-8 take. Bytes that are no UTF-8 count as one each. */
size_t tr_width(const char *text, size_t len);
/* The bytes of the longest beginning that takes at most `columns`, never splitting a
 * character from the combining ones behind it. *width: the columns it takes. */
size_t tr_width_cut(const char *text, size_t len, size_t columns, size_t *width);
/* Append text with everything that could move the cursor made visible: `\n`, `\t`,
 * `\x1b`. Invalid UTF-8 is \xNN. */
void tr_width_printable(const char *text, size_t len, struct tr_str *out);

#endif
