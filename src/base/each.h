/* The same for each of many things, by some threads side by side. */
#ifndef TR_BASE_EACH_H
#define TR_BASE_EACH_H

#include <stddef.h>

#include "base/err.h"

typedef bool (*tr_each_fn)(void *context, size_t i, struct tr_err *err);

/* Call fn for 0 .. n-1, by at most `threads` threads, the caller's among them (fewer where no
 * more can be started). No further call begins once one has failed; *err is then the failure of
 * the first thing, by its number, that failed. */
bool tr_each(size_t n, int threads, tr_each_fn fn, void *context, struct tr_err *err) TR_CHECKED;

#endif
