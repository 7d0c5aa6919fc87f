#include "fmt/pgcopy_field.h"

#include <stdlib.h>

#include "base/mem.h"

/* The server builds a row in a buffer of at most 1 GiB, so no honest row is longer. */
#define ROW_MAX ((size_t)1 << 30)
/* Signature, int32 flags, int32 length of an extension. */
#define HEADER 19
#define EXTENSION_MAX ((size_t)1 << 20)
/* Rows that a new decoder makes room for; later as many as the last batch had. */
#define FIRST_ROWS 1024

static const uint8_t signature[11] = { 'P', 'G', 'C', 'O', 'P', 'Y', '\n', 0xFF, '\r', '\n', 0 };

enum state { IN_HEADER, IN_ROWS, AT_END };

struct tr_pgcopy {
	enum state state;
	struct tr_pgcopy_field *fields;
	struct tr_column *columns;
	size_t n_columns;
	int64_t rows;   /* complete, since the start */
	int64_t n, cap; /* complete rows buffered; rows there is room for */
	int64_t first_rows;
	size_t row_bytes;                 /* of fixed-width values and offsets, per row */
	size_t text_bytes;                /* buffered in bytes columns */
	struct tr_buf part;               /* the start of something that is not complete */
	size_t need;                      /* bytes that `part` must reach before it is looked at again */
	const uint8_t *bad_row, *bad_end; /* after a data error: the row's bytes */
	struct tr_err failure;
};

bool tr_pgcopy_new(const struct tr_pgcopy_column *columns, size_t n, struct tr_pgcopy **out,
	struct tr_err *err)
{
	if (n > TR_COLUMNS_MAX)
		return tr_err_set(err, TR_ERR_USER, "more than %d columns", TR_COLUMNS_MAX);
	struct tr_pgcopy *d = tr_calloc(1, sizeof *d, err);
	if (!d)
		return false;
	d->n_columns = n;
	d->first_rows = FIRST_ROWS;
	tr_buf_init(&d->part, ROW_MAX);
	d->columns = tr_calloc(n, sizeof *d->columns, err);
	d->fields = tr_calloc(n, sizeof *d->fields, err);
	if (!d->columns || !d->fields)
		goto fail;
	for (size_t i = 0; i < n; i++) {
		const struct tr_pgcopy_column *c = &columns[i];
		tr_column_init(&d->columns[i], c->type);
		d->fields[i] = (struct tr_pgcopy_field){
			.decode = tr_pgcopy_bind(c->wire, c->type),
			.column = &d->columns[i],
			.text_bytes = &d->text_bytes,
			.name = c->name,
			.type = c->type,
			.special_to_null = c->special_to_null,
		};
		if (!d->fields[i].decode) {
			tr_err_set(err, TR_ERR_INTERNAL,
				"column `%s` is bound to a type that its wire format "
				"does not make",
				c->name);
			goto fail;
		}
		d->row_bytes += tr_type_is_bytes(c->type) ? 4
			: tr_type_width(c->type)          ? tr_type_width(c->type)
							  : 1;
	}
	*out = d;
	return true;
fail:
	tr_pgcopy_free(d);
	return false;
}

void tr_pgcopy_free(struct tr_pgcopy *d)
{
	if (!d)
		return;
	for (size_t i = 0; d->columns && i < d->n_columns; i++)
		tr_column_clear(&d->columns[i]);
	free(d->columns);
	free(d->fields);
	tr_buf_clear(&d->part);
	free(d);
}

static bool broken(struct tr_err *err, const char *problem)
{
	tr_err_set(err, TR_ERR_TRANSIENT, "the COPY stream is broken: %s", problem);
	return tr_err_hint(err,
		"run again; if it happens again, the server or a proxy before it does not "
		"speak Postgres's binary COPY format");
}

/* What lies at p: *size is the length of the thing when all of it is there (else 0, and
 * d->need says from how many bytes on to look again). */
static bool header_extent(struct tr_pgcopy *d, const uint8_t *p, size_t n, size_t *size, struct tr_err *err)
{
	*size = 0;
	d->need = HEADER;
	if (memcmp(p, signature, n < sizeof signature ? n : sizeof signature) != 0)
		return broken(err, "it does not begin with PGCOPY");
	if (n < HEADER)
		return true;
	/* Bits 16-31 are critical: a reader that does not know them must stop. */
	if (tr_load_be32(p + 11) >> 16)
		return broken(err, "its header has flags of an unknown meaning");
	size_t extension = tr_load_be32(p + 15);
	if (extension > EXTENSION_MAX)
		return broken(err, "its header's extension is too long");
	d->need = HEADER + extension;
	if (n >= d->need)
		*size = d->need;
	return true;
}

static bool row_extent(struct tr_pgcopy *d, const uint8_t *p, size_t n, size_t *size, struct tr_err *err)
{
	*size = 0;
	d->need = 2;
	if (n < 2)
		return true;
	uint16_t count = tr_load_be16(p);
	if (count == 0xFFFF) {
		d->state = AT_END;
		*size = 2;
		return true;
	}
	if (count != d->n_columns)
		return broken(err, "a row has another number of fields than were asked for");
	size_t at = 2;
	for (size_t i = 0; i < d->n_columns; i++) {
		d->need = at + 4;
		if (n < at + 4)
			return true;
		uint32_t len = tr_load_be32(p + at);
		at += 4;
		if (len == UINT32_MAX)
			continue;
		if (len > ROW_MAX || at + len > ROW_MAX)
			return broken(err, "a field's length is beyond what the server can send");
		at += len;
	}
	d->need = at;
	if (n >= at)
		*size = at;
	return true;
}

static bool grow(struct tr_pgcopy *d, struct tr_err *err)
{
	int64_t more = d->cap ? d->cap : d->first_rows;
	for (size_t i = 0; i < d->n_columns; i++) {
		d->columns[i].n = d->n;
		if (!tr_column_reserve(&d->columns[i], more, err))
			return false;
	}
	d->cap = d->n + more;
	return true;
}

static bool decode_row(struct tr_pgcopy *d, const uint8_t *p, struct tr_err *err)
{
	if (d->n == d->cap && !grow(d, err))
		return false;
	int64_t row = d->n;
	p += 2;
	for (struct tr_pgcopy_field *f = d->fields, *end = f + d->n_columns; f < end; f++) {
		uint32_t len = tr_load_be32(p);
		p += 4;
		if (len == UINT32_MAX) {
			if (!tr_pgcopy_null(f, row, err))
				return false;
			continue;
		}
		if (!f->decode(f, row, p, len, err))
			return false;
		p += len;
	}
	d->n++;
	d->rows++;
	return true;
}

/* Take all that is complete at p; *used is how much that was. */
static bool parse(struct tr_pgcopy *d, const uint8_t *p, size_t n, size_t *used, struct tr_err *err)
{
	size_t at = 0, size;
	*used = 0;
	if (d->state == IN_HEADER) {
		if (!header_extent(d, p, n, &size, err))
			return false;
		if (size == 0)
			return true;
		d->state = IN_ROWS;
		at = size;
	}
	while (d->state == IN_ROWS && at < n) {
		if (!row_extent(d, p + at, n - at, &size, err))
			return false;
		if (size == 0)
			break;
		if (d->state == IN_ROWS && !decode_row(d, p + at, err)) {
			d->bad_row = p + at;
			d->bad_end = p + at + size;
			return false;
		}
		at += size;
	}
	*used = at;
	if (d->state == AT_END && at < n)
		return broken(err, "there are bytes after its end");
	return true;
}

static bool feed(struct tr_pgcopy *d, const uint8_t *p, size_t n, struct tr_err *err)
{
	size_t used;
	/* Complete what an earlier piece began, with no more than it needs. */
	while (n > 0 && d->part.len > 0) {
		size_t take = d->need - d->part.len < n ? d->need - d->part.len : n;
		if (!tr_buf_append(&d->part, p, take, err))
			return false;
		p += take;
		n -= take;
		if (d->part.len < d->need)
			return true;
		if (!parse(d, d->part.data, d->part.len, &used, err))
			return false;
		if (used > 0)
			d->part.len = 0;
	}
	if (n == 0)
		return true;
	if (!parse(d, p, n, &used, err))
		return false;
	return tr_buf_append(&d->part, p + used, n - used, err);
}

bool tr_pgcopy_feed(struct tr_pgcopy *d, const void *bytes, size_t n, struct tr_err *err)
{
	if (d->failure.kind != TR_ERR_NONE) {
		if (err->kind == TR_ERR_NONE)
			*err = d->failure;
		return false;
	}
	if (feed(d, bytes, n, err))
		return true;
	d->failure = *err;
	return false;
}

bool tr_pgcopy_bad_field(const struct tr_pgcopy *d, size_t column, const void **bytes, size_t *n)
{
	if (!d->bad_row || column >= d->n_columns)
		return false;
	const uint8_t *p = d->bad_row + 2;
	for (size_t i = 0;; i++) {
		uint32_t len = tr_load_be32(p);
		p += 4;
		if (i == column) {
			*bytes = len == UINT32_MAX ? NULL : p;
			*n = len == UINT32_MAX ? 0 : len;
			return true;
		}
		p += len == UINT32_MAX ? 0 : len;
	}
}

int64_t tr_pgcopy_rows(const struct tr_pgcopy *d)
{
	return d->rows;
}

int64_t tr_pgcopy_pending(const struct tr_pgcopy *d)
{
	return d->n;
}

size_t tr_pgcopy_memory(const struct tr_pgcopy *d)
{
	return (size_t)d->n * d->row_bytes + d->text_bytes;
}

bool tr_pgcopy_take(struct tr_pgcopy *d, struct ArrowArray *out, struct tr_err *err)
{
	if (d->failure.kind != TR_ERR_NONE) {
		if (err->kind == TR_ERR_NONE)
			*err = d->failure;
		return false;
	}
	for (size_t i = 0; i < d->n_columns; i++)
		d->columns[i].n = d->n;
	if (!tr_batch_take(d->columns, d->n_columns, d->n, out, err))
		return false;
	if (d->n > d->first_rows)
		d->first_rows = d->n;
	d->n = 0;
	d->cap = 0;
	d->text_bytes = 0;
	return true;
}

bool tr_pgcopy_finish(struct tr_pgcopy *d, struct tr_err *err)
{
	if (d->failure.kind != TR_ERR_NONE) {
		if (err->kind == TR_ERR_NONE)
			*err = d->failure;
		return false;
	}
	return d->state == AT_END || broken(err, "it ended in the middle");
}
