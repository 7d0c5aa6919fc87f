/* Is it one JSON value? As RFC 8259 defines it; besides, each `\u` escape of a surrogate must be one
 * of a pair (section 8.2 leaves that open, Postgres's `json` takes others, readers of the lake don't). */
#ifndef TR_FMT_JSON_SYNTAX_H
#define TR_FMT_JSON_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

/* Deeper nesting counts as wrong. */
#define TR_JSON_DEPTH_MAX 65536

/* `text` is valid UTF-8. False: *bad is where the first wrong byte is, n where the end came too soon. */
bool tr_json_is_value(const void *text, size_t n, size_t *bad);

#endif
