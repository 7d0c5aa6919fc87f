#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tr_copy_text(char *dst, size_t size, const char *src)
{
	size_t len = strlen(src);
	if (len < size) {
		memcpy(dst, src, len + 1);
		return;
	}
	if (size < 4) {
		if (size > 0)
			dst[0] = '\0';
		return;
	}
	size_t cut = size - 4;
	while (cut > 0 && ((unsigned char)src[cut] & 0xC0) == 0x80)
		cut--;
	memcpy(dst, src, cut);
	memcpy(dst + cut, "...", 4);
}

static void format_text(char *dst, size_t size, const char *fmt, va_list args) TR_PRINTF(3, 0);

static void format_text(char *dst, size_t size, const char *fmt, va_list args)
{
	int n = vsnprintf(dst, size, fmt, args);
	if (n < 0) {
		tr_copy_text(dst, size, fmt);
	} else if ((size_t)n >= size) {
		size_t cut = size - 4;
		while (cut > 0 && ((unsigned char)dst[cut] & 0xC0) == 0x80)
			cut--;
		memcpy(dst + cut, "...", 4);
	}
}

bool tr_err_set(struct tr_err *err, enum tr_err_kind kind, const char *fmt, ...)
{
	if (err->kind != TR_ERR_NONE)
		return false;
	memset(err, 0, sizeof *err);
	err->kind = kind;
	err->retry = kind == TR_ERR_TRANSIENT;
	va_list args;
	va_start(args, fmt);
	format_text(err->what, sizeof err->what, fmt, args);
	va_end(args);
	return false;
}

bool tr_err_detail(struct tr_err *err, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	format_text(err->detail, sizeof err->detail, fmt, args);
	va_end(args);
	return false;
}

bool tr_err_hint(struct tr_err *err, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	format_text(err->hint, sizeof err->hint, fmt, args);
	va_end(args);
	return false;
}

bool tr_err_errno(struct tr_err *err, int errno_value, const char *fmt, ...)
{
	if (err->kind != TR_ERR_NONE)
		return false;
	memset(err, 0, sizeof *err);
	err->kind = TR_ERR_INTERNAL;
	va_list args;
	va_start(args, fmt);
	format_text(err->what, sizeof err->what, fmt, args);
	va_end(args);
	char text[256];
	const char *message = strerror_r(errno_value, text, sizeof text);
	tr_copy_text(err->detail, sizeof err->detail, message);
	if (errno_value == ENOSPC || errno_value == EDQUOT)
		tr_copy_text(err->hint, sizeof err->hint,
			"free space on that disk, or point lake.location or limits.temp_dir elsewhere");
	return false;
}

bool tr_err_memory(struct tr_err *err, size_t size)
{
	return tr_err_set(err, TR_ERR_INTERNAL, "out of memory (%zu bytes asked for)", size);
}

bool tr_err_at_file(struct tr_err *err, const char *file, int line, int column, const char *excerpt)
{
	tr_copy_text(err->place.file, sizeof err->place.file, file);
	err->place.line = line;
	err->place.column = column;
	if (excerpt)
		tr_copy_text(err->place.excerpt, sizeof err->place.excerpt, excerpt);
	return false;
}

bool tr_err_at_row(struct tr_err *err, const char *table, const char *field, const char *row_key)
{
	if (table)
		tr_copy_text(err->place.table, sizeof err->place.table, table);
	if (field)
		tr_copy_text(err->place.field, sizeof err->place.field, field);
	if (row_key)
		tr_copy_text(err->place.row_key, sizeof err->place.row_key, row_key);
	return false;
}

void tr_err_clear(struct tr_err *err)
{
	memset(err, 0, sizeof *err);
}

void tr_errs_init(struct tr_errs *errs)
{
	memset(errs, 0, sizeof *errs);
}

void tr_errs_clear(struct tr_errs *errs)
{
	free(errs->items);
	memset(errs, 0, sizeof *errs);
}

struct tr_err *tr_errs_add(struct tr_errs *errs)
{
	if (errs->n == errs->cap && errs->n < TR_ERRS_MAX) {
		size_t cap = errs->cap ? errs->cap * 2 : 8;
		struct tr_err *items = realloc(errs->items, cap * sizeof *items);
		if (items) {
			errs->items = items;
			errs->cap = cap;
		}
	}
	if (errs->n >= TR_ERRS_MAX || errs->n >= errs->cap) {
		errs->dropped++;
		memset(&errs->scratch, 0, sizeof errs->scratch);
		return &errs->scratch;
	}
	struct tr_err *err = &errs->items[errs->n++];
	memset(err, 0, sizeof *err);
	return err;
}

bool tr_errs_push(struct tr_errs *errs, const struct tr_err *err)
{
	*tr_errs_add(errs) = *err;
	return false;
}
