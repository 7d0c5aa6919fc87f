/* Independent pieces of work in threads. */
#ifndef TR_RUN_SIDE_BY_SIDE_H
#define TR_RUN_SIDE_BY_SIDE_H

#include <stddef.h>

/* Call work(context, i) for every i below n, at most `threads` at once; the caller's thread is
 * one of them, and where no other can be started it does all. */
void tr_side_by_side(size_t n, size_t threads, void (*work)(void *context, size_t i), void *context);

#endif
