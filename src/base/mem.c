#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *tr_malloc(size_t size, struct tr_err *err)
{
	void *p = malloc(size ? size : 1);
	if (!p)
		tr_err_memory(err, size);
	return p;
}

void *tr_calloc(size_t n, size_t size, struct tr_err *err)
{
	void *p = calloc(n ? n : 1, size ? size : 1);
	if (!p)
		tr_err_memory(err, size && n > SIZE_MAX / size ? SIZE_MAX : n * size);
	return p;
}

void *tr_realloc_array(void *old, size_t n, size_t size, struct tr_err *err)
{
	if (size && n > SIZE_MAX / size) {
		tr_err_memory(err, SIZE_MAX);
		return NULL;
	}
	size_t bytes = n * size;
	void *p = realloc(old, bytes ? bytes : 1);
	if (!p)
		tr_err_memory(err, bytes);
	return p;
}

char *tr_strndup(const char *s, size_t len, struct tr_err *err)
{
	char *copy = len == SIZE_MAX ? NULL : malloc(len + 1);
	if (!copy) {
		tr_err_memory(err, len);
		return NULL;
	}
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

char *tr_strdup(const char *s, struct tr_err *err)
{
	return tr_strndup(s, strlen(s), err);
}

bool tr_array_grow(void **items, size_t n, size_t *cap, size_t size, struct tr_err *err)
{
	if (n < *cap)
		return true;
	size_t grown = *cap ? *cap * 2 : 8;
	if (grown <= n)
		grown = n + 1;
	void *p = tr_realloc_array(*items, grown, size, err);
	if (!p)
		return false;
	*items = p;
	*cap = grown;
	return true;
}

void tr_buf_init(struct tr_buf *b, size_t max)
{
	*b = (struct tr_buf){ .max = max };
}

void tr_buf_clear(struct tr_buf *b)
{
	free(b->data);
	*b = (struct tr_buf){ .max = b->max };
}

bool tr_buf_reserve(struct tr_buf *b, size_t extra, struct tr_err *err)
{
	if (extra <= b->cap - b->len)
		return true;
	if (extra > b->max || b->len > b->max - extra)
		return tr_err_set(err, TR_ERR_INTERNAL, "a buffer would pass its maximum of %zu bytes",
			b->max);
	size_t need = b->len + extra;
	size_t cap = b->cap > b->max / 2 ? b->max : b->cap * 2;
	if (cap < need)
		cap = need;
	if (cap < 64 && b->max >= 64)
		cap = 64;
	void *p = tr_realloc_array(b->data, cap, 1, err);
	if (!p)
		return false;
	b->data = p;
	b->cap = cap;
	return true;
}

bool tr_buf_append(struct tr_buf *b, const void *p, size_t n, struct tr_err *err)
{
	if (!tr_buf_reserve(b, n, err))
		return false;
	if (n)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	return true;
}

void tr_str_init(struct tr_str *s, size_t max)
{
	*s = (struct tr_str){ .max = max };
}

void tr_str_clear(struct tr_str *s)
{
	free(s->ptr);
	*s = (struct tr_str){ .max = s->max };
}

static bool str_room(struct tr_str *s, size_t extra)
{
	if (s->failed)
		return false;
	if (extra >= s->max || s->len > s->max - extra - 1) {
		s->failed = true;
		return false;
	}
	size_t need = s->len + extra + 1;
	if (need <= s->cap)
		return true;
	size_t cap = s->cap > s->max / 2 ? s->max : s->cap * 2;
	if (cap < need)
		cap = need;
	if (cap < 64 && s->max >= 64)
		cap = 64;
	char *p = realloc(s->ptr, cap);
	if (!p) {
		s->failed = true;
		return false;
	}
	s->ptr = p;
	s->cap = cap;
	return true;
}

void tr_str_addn(struct tr_str *s, const char *text, size_t len)
{
	if (!str_room(s, len))
		return;
	if (len)
		memcpy(s->ptr + s->len, text, len);
	s->len += len;
	s->ptr[s->len] = '\0';
}

void tr_str_add(struct tr_str *s, const char *text)
{
	tr_str_addn(s, text, strlen(text));
}

void tr_str_addc(struct tr_str *s, char c)
{
	tr_str_addn(s, &c, 1);
}

void tr_str_addf(struct tr_str *s, const char *fmt, ...)
{
	va_list args, again;
	va_start(args, fmt);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n < 0)
		s->failed = true;
	else if (str_room(s, (size_t)n)) {
		vsnprintf(s->ptr + s->len, (size_t)n + 1, fmt, again);
		s->len += (size_t)n;
	}
	va_end(again);
}

static void add_quoted(struct tr_str *s, const char *text, char quote)
{
	tr_str_addc(s, quote);
	for (const char *p = text; *p; p++) {
		if (*p == quote)
			tr_str_addc(s, quote);
		tr_str_addc(s, *p);
	}
	tr_str_addc(s, quote);
}

void tr_str_add_ident(struct tr_str *s, const char *name)
{
	add_quoted(s, name, '"');
}

void tr_str_add_literal(struct tr_str *s, const char *text)
{
	add_quoted(s, text, '\'');
}

bool tr_str_ok(const struct tr_str *s, struct tr_err *err)
{
	if (s->failed)
		return tr_err_set(err, TR_ERR_INTERNAL, "a text of more than %zu bytes could not be built",
			s->max);
	return true;
}

char *tr_str_take(struct tr_str *s, struct tr_err *err)
{
	if (!s->ptr)
		tr_str_addn(s, "", 0);
	if (!tr_str_ok(s, err))
		return NULL;
	char *text = s->ptr;
	*s = (struct tr_str){ .max = s->max };
	return text;
}

/* ---- arena ---- */

#define ARENA_BLOCK 16384
#define ARENA_ALIGN _Alignof(max_align_t)

struct tr_arena_block {
	struct tr_arena_block *next;
	size_t used, cap;
	_Alignas(max_align_t) unsigned char data[];
};

void tr_arena_init(struct tr_arena *a, size_t max)
{
	*a = (struct tr_arena){ .max = max };
}

void tr_arena_clear(struct tr_arena *a)
{
	struct tr_arena_block *block = a->head;
	while (block) {
		struct tr_arena_block *next = block->next;
		free(block);
		block = next;
	}
	*a = (struct tr_arena){ .max = a->max };
}

void tr_arena_reset(struct tr_arena *a)
{
	struct tr_arena_block *keep = a->head;
	if (!keep)
		return;
	struct tr_arena_block *block = keep->next;
	while (block) {
		struct tr_arena_block *next = block->next;
		free(block);
		block = next;
	}
	keep->next = NULL;
	keep->used = 0;
	a->used = 0;
}

void *tr_arena_alloc(struct tr_arena *a, size_t size, struct tr_err *err)
{
	if (size > a->max || a->used > a->max - size) {
		tr_err_set(err, TR_ERR_INTERNAL, "an arena would pass its maximum of %zu bytes", a->max);
		return NULL;
	}
	size_t rounded = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	struct tr_arena_block *block = a->head;
	if (!block || rounded > block->cap - block->used) {
		size_t cap = rounded > ARENA_BLOCK ? rounded : ARENA_BLOCK;
		block = malloc(sizeof *block + cap);
		if (!block) {
			tr_err_memory(err, cap);
			return NULL;
		}
		*block = (struct tr_arena_block){ .next = a->head, .cap = cap };
		a->head = block;
	}
	void *p = block->data + block->used;
	block->used += rounded;
	a->used += size;
	memset(p, 0, size);
	return p;
}

char *tr_arena_strndup(struct tr_arena *a, const char *s, size_t len, struct tr_err *err)
{
	char *copy = tr_arena_alloc(a, len + 1, err);
	if (copy)
		memcpy(copy, s, len);
	return copy;
}

char *tr_arena_strdup(struct tr_arena *a, const char *s, struct tr_err *err)
{
	return tr_arena_strndup(a, s, strlen(s), err);
}

char *tr_arena_vprintf(struct tr_arena *a, struct tr_err *err, const char *fmt, va_list args)
{
	va_list again;
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, args);
	char *text = NULL;
	if (n < 0)
		tr_err_set(err, TR_ERR_INTERNAL, "a text could not be formatted: %s", fmt);
	else
		text = tr_arena_alloc(a, (size_t)n + 1, err);
	if (text)
		vsnprintf(text, (size_t)n + 1, fmt, again);
	va_end(again);
	return text;
}

char *tr_arena_printf(struct tr_arena *a, struct tr_err *err, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *text = tr_arena_vprintf(a, err, fmt, args);
	va_end(args);
	return text;
}

/* ---- budget ---- */

void tr_budget_init(struct tr_budget *b, size_t limit)
{
	b->limit = limit;
	atomic_init(&b->used, 0);
}

bool tr_budget_take(struct tr_budget *b, size_t n)
{
	size_t used = atomic_load(&b->used);
	do {
		if (n > b->limit || used > b->limit - n)
			return false;
	} while (!atomic_compare_exchange_weak(&b->used, &used, used + n));
	return true;
}

void tr_budget_give(struct tr_budget *b, size_t n)
{
	atomic_fetch_sub(&b->used, n);
}
