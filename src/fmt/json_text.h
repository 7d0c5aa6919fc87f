/* A JSON value as text. */
#ifndef TR_FMT_JSON_TEXT_H
#define TR_FMT_JSON_TEXT_H

#include <jansson.h>

#include "base/err.h"

/* Owned, free(); flags are Jansson's. Any value, not only objects and arrays; NULL (memory ran
 * out while it was made) is an error. Whole or an error: json_dumps of Jansson 2.14 leaves a
 * key away where its buffer can't grow, and tells nobody. */
char *tr_json_text(const json_t *value, size_t flags, struct tr_err *err) TR_CHECKED;

#endif
