/*
 * Setting errors. The struct is public (tailrace/err.h); these functions are
 * how the library fills it. All of them return false, so that a failing
 * function can end with `return tr_err_set(...)`.
 */
#ifndef TR_BASE_ERR_H
#define TR_BASE_ERR_H

#include <stdarg.h>
#include <stddef.h>

#include "tailrace/err.h"

#define TR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define TR_CHECKED __attribute__((warn_unused_result))

/* Set kind and `what`. An error that is already set is kept: the first one,
 * nearest to the cause, wins. Returns false. `err` may not be NULL. */
bool tr_err_set(struct tr_err *err, enum tr_err_kind kind, const char *fmt, ...) TR_PRINTF(3, 4);

/* Add the cause / the hint to an error just set. They return false. */
bool tr_err_detail(struct tr_err *err, const char *fmt, ...) TR_PRINTF(2, 3);
bool tr_err_hint(struct tr_err *err, const char *fmt, ...) TR_PRINTF(2, 3);

/* As tr_err_set for TR_ERR_INTERNAL, with strerror(errno_value) as detail. A full
 * disk (ENOSPC, EDQUOT) gets a hint of its own, which can't know what was done before. Returns
 * false. */
bool tr_err_errno(struct tr_err *err, int errno_value, const char *fmt, ...) TR_PRINTF(3, 4);

/* "out of memory" with the size that was asked for. Returns false. */
bool tr_err_memory(struct tr_err *err, size_t size);

/* Fill the place: a position in a file (1-based; excerpt may be NULL), or a
 * table, field and row key (each may be NULL to leave it as it is). */
bool tr_err_at_file(struct tr_err *err, const char *file, int line, int column, const char *excerpt);
bool tr_err_at_row(struct tr_err *err, const char *table, const char *field, const char *row_key);

/* Forget the error, for a caller that has dealt with it. */
void tr_err_clear(struct tr_err *err);

/* Copy text into a fixed buffer, cut at a UTF-8 boundary where it is too long
 * (the cut is shown as "..."). */
void tr_copy_text(char *dst, size_t size, const char *src);

/* A list of errors, for parsers that report all mistakes of a file in one pass.
 * Owned by the caller; at most TR_ERRS_MAX are kept, `dropped` counts the rest. */
#define TR_ERRS_MAX 100
struct tr_errs {
	struct tr_err *items;
	size_t n, cap, dropped;
	struct tr_err scratch;
};
void tr_errs_init(struct tr_errs *errs);
void tr_errs_clear(struct tr_errs *errs);
/* A new empty entry to fill, borrowed until the next call; never NULL (a scratch
 * entry of the list is lent where memory has run out or the list is full). */
struct tr_err *tr_errs_add(struct tr_errs *errs);
/* Append a copy. Returns false, so that a failing function can end with it. */
bool tr_errs_push(struct tr_errs *errs, const struct tr_err *err);

#endif
