/*
 * Memory straight from the system, which has it back the moment it is freed: for large
 * buffers that come and go. The heap keeps such blocks in pieces, one set for each
 * thread, and a ceiling on the process's memory could not be held.
 */
#ifndef TR_BASE_PAGES_H
#define TR_BASE_PAGES_H

#include "base/err.h"

/* Zeroed, aligned to a page. size may not be 0. */
void *tr_pages_new(size_t size, struct tr_err *err) TR_CHECKED;
/* Moved where it must be, without being copied; what is new is zeroed. The old one is good on
 * failure. */
void *tr_pages_resize(void *pages, size_t old_size, size_t size, struct tr_err *err) TR_CHECKED;
/* `size` as it was asked for; NULL is allowed. */
void tr_pages_free(void *pages, size_t size);

#endif
