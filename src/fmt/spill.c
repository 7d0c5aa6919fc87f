#include "fmt/spill.h"

#include <lz4.h>
#include <stdlib.h>
#include <xxhash.h>

#define SPILL_MAGIC 0x50535254u /* "TRSP" */

struct segment_head {
	uint32_t magic, rows, raw, body;
	uint64_t checksum;
};

/* ---- encode ---- */

static bool append_bits(struct tr_buf *b, const uint8_t *bits, int64_t from, int64_t n, struct tr_err *err)
{
	size_t bytes = (size_t)(n + 7) / 8;
	if (!tr_buf_reserve(b, bytes, err))
		return false;
	uint8_t *to = b->data + b->len;
	if (from % 8 == 0) {
		memcpy(to, bits + from / 8, bytes);
	} else {
		memset(to, 0, bytes);
		for (int64_t i = 0; i < n; i++)
			if (tr_bit(bits, from + i))
				tr_bit_set(to, i);
	}
	b->len += bytes;
	return true;
}

static bool append_bytes_values(struct tr_buf *b, const struct tr_view *v, int64_t from, int64_t n,
	struct tr_err *err)
{
	const int32_t *offsets = v->offsets + v->offset + from;
	if (!tr_buf_reserve(b, (size_t)n * sizeof(int32_t), err))
		return false;
	for (int64_t i = 1; i <= n; i++) {
		int32_t end = offsets[i] - offsets[0];
		memcpy(b->data + b->len, &end, sizeof end);
		b->len += sizeof end;
	}
	return tr_buf_append(b, v->data + offsets[0], (size_t)(offsets[n] - offsets[0]), err);
}

static bool append_column(struct tr_buf *b, const struct tr_view *v, struct tr_type type, int64_t from,
	int64_t n, struct tr_err *err)
{
	uint8_t has_nulls = v->validity != NULL;
	if (!tr_buf_append(b, &has_nulls, 1, err) ||
		(has_nulls && !append_bits(b, v->validity, v->offset + from, n, err)))
		return false;
	if (tr_type_is_bytes(type))
		return append_bytes_values(b, v, from, n, err);
	if (type.kind == TR_BOOL)
		return append_bits(b, v->data, v->offset + from, n, err);
	uint32_t width = tr_type_width(type);
	return tr_buf_append(b, tr_view_fixed(v, from, width), (size_t)n * width, err);
}

bool tr_spill_encode(const struct tr_schema *schema, const struct ArrowArray *batch, int64_t from, int64_t n,
	struct tr_buf *scratch, struct tr_buf *out, struct tr_err *err)
{
	if (n <= 0 || n > INT32_MAX)
		return tr_err_set(err, TR_ERR_INTERNAL, "a spill segment of %lld rows", (long long)n);
	scratch->len = 0;
	for (size_t i = 0; i < schema->n; i++) {
		struct tr_view v;
		tr_view_init(&v, batch, i, schema->fields[i].type);
		if (!append_column(scratch, &v, schema->fields[i].type, from, n, err))
			return false;
	}
	if (scratch->len > LZ4_MAX_INPUT_SIZE)
		return tr_err_set(err, TR_ERR_INTERNAL, "a spill segment of %zu bytes", scratch->len);
	struct segment_head head = { SPILL_MAGIC, (uint32_t)n, (uint32_t)scratch->len, 0, 0 };
	int bound = LZ4_compressBound((int)scratch->len);
	if (!tr_buf_reserve(out, sizeof head + (size_t)bound, err))
		return false;
	uint8_t *body = out->data + out->len + sizeof head;
	int len = LZ4_compress_default((const char *)scratch->data, (char *)body, (int)scratch->len, bound);
	if (len <= 0)
		return tr_err_set(err, TR_ERR_INTERNAL, "LZ4 could not compress a spill segment");
	head.body = (uint32_t)len;
	head.checksum = XXH3_64bits(body, (size_t)len);
	memcpy(out->data + out->len, &head, sizeof head);
	out->len += sizeof head + (size_t)len;
	return true;
}

/* ---- decode ---- */

struct reader {
	const uint8_t *at, *end;
};

static bool damaged(struct tr_err *err)
{
	tr_err_set(err, TR_ERR_INTERNAL, "a segment read back from the spill file is damaged");
	return tr_err_hint(err, "run again; if it happens again, the disk of limits.temp_dir is failing");
}

/* The next n bytes, or NULL. */
static const uint8_t *take(struct reader *r, size_t n)
{
	const uint8_t *p = r->at;
	if (n > (size_t)(r->end - r->at))
		return NULL;
	r->at += n;
	return p;
}

static bool read_offsets(struct reader *r, struct tr_column *c, int64_t rows, struct tr_err *err)
{
	const uint8_t *ends = take(r, (size_t)rows * sizeof(int32_t));
	if (!ends)
		return damaged(err);
	c->offsets[0] = 0;
	memcpy(c->offsets + 1, ends, (size_t)rows * sizeof(int32_t));
	for (int64_t i = 0; i < rows; i++)
		if (c->offsets[i + 1] < c->offsets[i])
			return damaged(err);
	size_t len = (size_t)c->offsets[rows];
	const uint8_t *bytes = take(r, len);
	if (!bytes)
		return damaged(err);
	if (!tr_column_reserve_bytes(c, len ? len : 1, err))
		return false;
	memcpy(c->data, bytes, len);
	c->bytes = len;
	return true;
}

static bool read_values(struct reader *r, struct tr_column *c, int64_t rows, struct tr_err *err)
{
	if (tr_type_is_bytes(c->type))
		return read_offsets(r, c, rows, err);
	size_t len = c->type.kind == TR_BOOL ? (size_t)(rows + 7) / 8 : (size_t)rows * c->width;
	const uint8_t *values = take(r, len);
	if (!values)
		return damaged(err);
	memcpy(c->data, values, len);
	return true;
}

static bool read_column(struct reader *r, struct tr_column *c, int64_t rows, struct tr_err *err)
{
	const uint8_t *flag = take(r, 1);
	if (!flag || *flag > 1)
		return damaged(err);
	const uint8_t *validity = NULL;
	if (*flag && !(validity = take(r, (size_t)(rows + 7) / 8)))
		return damaged(err);
	if (!tr_column_reserve(c, rows, err) || !read_values(r, c, rows, err))
		return false;
	c->n = rows;
	for (int64_t i = 0; validity && i < rows; i++)
		if (!tr_bit(validity, i) && !tr_column_set_null(c, i, err))
			return false;
	return true;
}

/* The head, checked against what is there, and the body decompressed into scratch. */
static bool open_segment(const uint8_t *bytes, size_t n, struct tr_buf *scratch, struct segment_head *head,
	struct tr_err *err)
{
	if (n < sizeof *head)
		return damaged(err);
	memcpy(head, bytes, sizeof *head);
	const uint8_t *body = bytes + sizeof *head;
	if (head->magic != SPILL_MAGIC || head->body != n - sizeof *head || head->rows == 0 ||
		head->rows > INT32_MAX || head->raw > LZ4_MAX_INPUT_SIZE ||
		head->checksum != XXH3_64bits(body, head->body))
		return damaged(err);
	scratch->len = 0;
	if (!tr_buf_reserve(scratch, head->raw ? head->raw : 1, err))
		return false;
	int len = LZ4_decompress_safe((const char *)body, (char *)scratch->data, (int)head->body,
		(int)head->raw);
	if (len < 0 || (uint32_t)len != head->raw)
		return damaged(err);
	scratch->len = head->raw;
	return true;
}

bool tr_spill_decode(const struct tr_schema *schema, const uint8_t *bytes, size_t n, struct tr_buf *scratch,
	struct ArrowArray *out, struct tr_err *err)
{
	struct segment_head head;
	if (!open_segment(bytes, n, scratch, &head, err))
		return false;
	struct tr_column *columns = tr_calloc(schema->n, sizeof *columns, err);
	if (!columns)
		return false;
	for (size_t i = 0; i < schema->n; i++)
		tr_column_init(&columns[i], schema->fields[i].type);
	struct reader r = { scratch->data, scratch->data + scratch->len };
	bool ok = true;
	/* Every column takes a byte at least an 8th of its rows: a lying row count ends here. */
	if (schema->n && head.rows / 8 > head.raw)
		ok = damaged(err);
	for (size_t i = 0; ok && i < schema->n; i++)
		ok = read_column(&r, &columns[i], head.rows, err);
	if (ok && r.at != r.end)
		ok = damaged(err);
	ok = ok && tr_batch_take(columns, schema->n, head.rows, out, err);
	for (size_t i = 0; i < schema->n; i++)
		tr_column_clear(&columns[i]);
	free(columns);
	return ok;
}
