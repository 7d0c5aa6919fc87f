/*
 * What a typed C transform sees of tailrace: the ABI between the program and the
 * compiled object. `tailrace gen` writes this file beside the generated headers.
 *
 * Text that comes in lives until the function returns and may be assigned to `out`;
 * new text comes from tr_text_printf, whose memory lives until the batch is written.
 */
#ifndef TAILRACE_TRANSFORM_H
#define TAILRACE_TRANSFORM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TAILRACE_TRANSFORM_ABI 1

enum tr_verdict {
	TR_EMIT = 1, /* write `out` as a row */
	TR_SKIP = 2, /* drop the row */
	TR_FAIL = 3, /* stop the run; returned by tr_fail */
};

struct tr_text {
	const char *ptr;
	size_t len;
};

struct tr_uuid {
	uint8_t bytes[16];
};

__extension__ typedef __int128 tr_int128;

/* One line a type, and attributes on lines of their own. */
/* clang-format off */
struct tr_nullable_bool { bool value; bool valid; };
struct tr_nullable_int16 { int16_t value; bool valid; };
struct tr_nullable_int32 { int32_t value; bool valid; };
struct tr_nullable_int64 { int64_t value; bool valid; };
struct tr_nullable_int128 { tr_int128 value; bool valid; };
struct tr_nullable_float { float value; bool valid; };
struct tr_nullable_double { double value; bool valid; };
struct tr_nullable_text { struct tr_text value; bool valid; };
struct tr_nullable_uuid { struct tr_uuid value; bool valid; };

/* Calls back into tailrace, reached only through the functions below. */
struct tr_ctx;
struct tr_ctx_ops {
	enum tr_verdict (*fail)(struct tr_ctx *ctx, const char *message);
	char *(*alloc)(struct tr_ctx *ctx, size_t size); /* NULL: out of memory, the run stops */
};
struct tr_ctx {
	const struct tr_ctx_ops *ops;
};

/* ---- what a compiled object exports; written by the generated header ---- */

struct tr_transform_field {
	uint32_t offset, size; /* in its struct */
};

struct tr_transform_descriptor {
	uint32_t abi;              /* TAILRACE_TRANSFORM_ABI */
	uint32_t n_sides, n_params, n_out;
	const char *dataset;
	const char *fingerprint;   /* of `description` */
	const char *description;   /* inputs, parameters and contract, a line each */
	const uint32_t *side_sizes;   /* sizeof of each input's struct */
	const uint32_t *side_fields;  /* how many fields each has */
	const struct tr_transform_field *sides;  /* of all inputs, one after the other */
	const struct tr_transform_field *params, *out;
	uint32_t params_size, out_size;
	enum tr_verdict (*call)(const void *const *sides, const void *params, void *out, struct tr_ctx *ctx);
};

/* The one exported symbol: `const struct tr_transform_descriptor *tailrace_transform(void)`. */
#define TAILRACE_TRANSFORM_SYMBOL "tailrace_transform"

/* Stop the run: `return tr_fail(ctx, "negative amount %f", o->amount);`. The row's key is added. */
__attribute__((format(printf, 2, 3), unused))
static enum tr_verdict tr_fail(struct tr_ctx *ctx, const char *fmt, ...)
{
	char text[1024];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	return ctx->ops->fail(ctx, text);
}

/* New text, valid until the batch is written. */
__attribute__((format(printf, 2, 3), unused))
static struct tr_text tr_text_printf(struct tr_ctx *ctx, const char *fmt, ...)
{
	va_list args, again;
	va_start(args, fmt);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	struct tr_text text = { "", 0 };
	char *ptr = n > 0 ? ctx->ops->alloc(ctx, (size_t)n + 1) : NULL;
	if (ptr) {
		vsnprintf(ptr, (size_t)n + 1, fmt, again);
		text.ptr = ptr;
		text.len = (size_t)n;
	}
	va_end(again);
	return text;
}

/* clang-format on */

/* The 36 characters of a uuid, as new text. */
__attribute__((unused)) static struct tr_text tr_uuid_printf(struct tr_ctx *ctx, struct tr_uuid uuid)
{
	const uint8_t *b = uuid.bytes;
	return tr_text_printf(ctx, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		b[15]);
}

#endif
