/* Is it UTF-8? As Unicode defines it (The Unicode Standard, table 3-7): no overlong
 * forms, no surrogates, nothing beyond U+10FFFF. */
#ifndef TR_FMT_UTF8_H
#define TR_FMT_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* True if all n bytes are valid UTF-8 and none of them is NUL; else *bad is where the
 * first wrong character starts. */
bool tr_utf8_is_text(const void *bytes, size_t n, size_t *bad);

#endif
