/*
 * Memory: checked allocation, a growable buffer with a maximum, a text builder
 * with a sticky error, an arena for values that die together, and a budget that
 * several parts of a pipeline share.
 */
#ifndef TR_BASE_MEM_H
#define TR_BASE_MEM_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/err.h"

/* ---- heap: as malloc/realloc/strdup, with the error set on failure ---- */

void *tr_malloc(size_t size, struct tr_err *err) TR_CHECKED;
void *tr_calloc(size_t n, size_t size, struct tr_err *err) TR_CHECKED;
/* Resize to n elements of `size` bytes; the old block stays valid on failure. */
void *tr_realloc_array(void *old, size_t n, size_t size, struct tr_err *err) TR_CHECKED;
char *tr_strdup(const char *s, struct tr_err *err) TR_CHECKED;
char *tr_strndup(const char *s, size_t len, struct tr_err *err) TR_CHECKED;

/* Make room for one more element in a plain array: grows *items (elements of
 * `size` bytes) so that n < *cap. */
bool tr_array_grow(void **items, size_t n, size_t *cap, size_t size, struct tr_err *err) TR_CHECKED;

/* ---- byte buffer ---- */

struct tr_buf {
	uint8_t *data;
	size_t len, cap;
	size_t max; /* a hard limit on cap; growing beyond it is an error */
};

void tr_buf_init(struct tr_buf *b, size_t max);
void tr_buf_clear(struct tr_buf *b);
/* Room for `extra` more bytes after len. */
bool tr_buf_reserve(struct tr_buf *b, size_t extra, struct tr_err *err) TR_CHECKED;
bool tr_buf_append(struct tr_buf *b, const void *p, size_t n, struct tr_err *err) TR_CHECKED;

/* ---- text builder: append many times, check once ---- */

struct tr_str {
	char *ptr; /* NUL-terminated; NULL only before the first append */
	size_t len, cap, max;
	bool failed; /* memory ran out or max was passed; later appends do nothing */
};

void tr_str_init(struct tr_str *s, size_t max);
void tr_str_clear(struct tr_str *s);
void tr_str_add(struct tr_str *s, const char *text);
void tr_str_addn(struct tr_str *s, const char *text, size_t len);
void tr_str_addc(struct tr_str *s, char c);
void tr_str_addf(struct tr_str *s, const char *fmt, ...) TR_PRINTF(2, 3);
/* Append as an SQL identifier in double quotes / literal in single quotes. */
void tr_str_add_ident(struct tr_str *s, const char *name);
void tr_str_add_literal(struct tr_str *s, const char *text);
/* True if every append succeeded, else sets the error. */
bool tr_str_ok(const struct tr_str *s, struct tr_err *err) TR_CHECKED;
/* The text as an owned string (free with free()), and the builder is empty again. */
char *tr_str_take(struct tr_str *s, struct tr_err *err) TR_CHECKED;

/* ---- arena: many small values with one lifetime ---- */

struct tr_arena_block;
struct tr_arena {
	struct tr_arena_block *head;
	size_t used; /* bytes handed out since init or reset */
	size_t max;
};

void tr_arena_init(struct tr_arena *a, size_t max);
void tr_arena_clear(struct tr_arena *a);
/* Forget all values but keep one block for reuse (a batch's arena). */
void tr_arena_reset(struct tr_arena *a);
/* Zeroed memory, aligned for any type; NULL with *err set on failure. */
void *tr_arena_alloc(struct tr_arena *a, size_t size, struct tr_err *err) TR_CHECKED;
char *tr_arena_strdup(struct tr_arena *a, const char *s, struct tr_err *err) TR_CHECKED;
char *tr_arena_strndup(struct tr_arena *a, const char *s, size_t len, struct tr_err *err) TR_CHECKED;
char *tr_arena_printf(struct tr_arena *a, struct tr_err *err, const char *fmt, ...)
	TR_PRINTF(3, 4) TR_CHECKED;
char *tr_arena_vprintf(struct tr_arena *a, struct tr_err *err, const char *fmt, va_list args)
	TR_PRINTF(3, 0) TR_CHECKED;

/* ---- budget: bytes that several threads may use between them ---- */

struct tr_budget {
	size_t limit;
	_Atomic size_t used;
};

void tr_budget_init(struct tr_budget *b, size_t limit);
/* Take n bytes if they are there; false (no error set) if not: the caller spills. */
bool tr_budget_take(struct tr_budget *b, size_t n);
void tr_budget_give(struct tr_budget *b, size_t n);

#endif
