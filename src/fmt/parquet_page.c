#include "fmt/parquet_page.h"

#include <stdlib.h>
#include <zlib.h>

#include "fmt/parquet_bits.h"
#include "fmt/parquet_delta.h"
#include "fmt/thrift.h"

/* Sizes in a page's header are int32. */
#define PAGE_MAX ((size_t)INT32_MAX)

bool tr_pq_encoder_init(struct tr_pq_encoder *e, enum tr_parquet_codec codec, int level, size_t page_bytes,
	struct tr_err *err)
{
	e->keep = 2 * page_bytes; /* they double while they grow */
	tr_buf_init(&e->body, PAGE_MAX);
	tr_buf_init(&e->compressed, PAGE_MAX + ((size_t)64 << 20));
	tr_buf_init(&e->header, 1024);
	return tr_pq_codec_init(&e->codec, codec, level, err);
}

void tr_pq_encoder_clear(struct tr_pq_encoder *e)
{
	tr_pq_codec_clear(&e->codec);
	tr_buf_clear(&e->body);
	tr_buf_clear(&e->compressed);
	tr_buf_clear(&e->header);
}

size_t tr_pq_encoder_memory(const struct tr_pq_encoder *e)
{
	return sizeof *e + tr_pq_codec_memory(&e->codec) + e->body.cap + e->compressed.cap + e->header.cap;
}

void tr_pq_encoder_trim(struct tr_pq_encoder *e)
{
	if (e->body.cap > e->keep)
		tr_buf_clear(&e->body);
	if (e->compressed.cap > e->keep)
		tr_buf_clear(&e->compressed);
}

static bool pack_bools(const uint8_t *bytes, size_t n, struct tr_buf *out, struct tr_err *err)
{
	if (!tr_buf_reserve(out, (n + 7) / 8, err))
		return false;
	uint8_t *p = out->data + out->len;
	for (size_t i = 0; i < n; i += 8) {
		unsigned bits = 0;
		for (size_t k = 0; k < 8 && i + k < n; k++)
			bits |= (unsigned)bytes[i + k] << k;
		*p++ = (uint8_t)bits;
	}
	out->len += (n + 7) / 8;
	return true;
}

bool tr_pq_values_write(const struct tr_pq_column *c, const struct tr_pq_page_values *v, struct tr_buf *out,
	struct tr_err *err)
{
	switch (v->encoding) {
	case TR_PQ_DICTIONARY: {
		/* The width stands in front, so it may grow from page to page. Readers differ
		 * about a width of 0: use 1. */
		unsigned width = v->dictionary_n > 1 ? tr_pq_bit_width(v->dictionary_n - 1) : 1;
		uint8_t byte = (uint8_t)width;
		return tr_buf_append(out, &byte, 1, err) &&
			tr_pq_rle_write(v->numbers, v->n, width, out, err);
	}
	case TR_PQ_DELTA: return tr_pq_delta_write(v->plain, v->n, c->width, out, err);
	case TR_PQ_PLAIN:
	case TR_PQ_RLE:
	default:
		if (c->physical == TR_PQ_BOOLEAN)
			return pack_bools(v->plain, v->n, out, err);
		return tr_buf_append(out, v->plain, v->plain_bytes, err);
	}
}

/* Compress and put the header in front. `values` and `encoding` go into it. */
static bool build(struct tr_pq_encoder *e, enum tr_pq_page_type type, const uint8_t *body, size_t n,
	size_t values, enum tr_pq_encoding encoding, struct tr_pq_page **out, struct tr_err *err)
{
	e->compressed.len = e->header.len = 0;
	if (n > PAGE_MAX || !tr_pq_compress(&e->codec, body, n, &e->compressed, err))
		return tr_err_set(err, TR_ERR_INTERNAL, "a page would pass its maximum of 2 GiB");
	size_t size = e->compressed.len;
	if (size > PAGE_MAX)
		return tr_err_set(err, TR_ERR_INTERNAL, "a page would pass its maximum of 2 GiB");
	uint32_t crc = (uint32_t)crc32_z(0, e->compressed.data, size);
	struct tr_thrift_out o;
	tr_thrift_out_init(&o, &e->header);
	tr_thrift_begin(&o);
	tr_thrift_i32(&o, 1, (int32_t)type);
	tr_thrift_i32(&o, 2, (int32_t)n);
	tr_thrift_i32(&o, 3, (int32_t)size);
	tr_thrift_i32(&o, 4, (int32_t)crc);
	tr_thrift_struct(&o, type == TR_PQ_DATA_PAGE ? 5 : 7);
	tr_thrift_i32(&o, 1, (int32_t)values);
	tr_thrift_i32(&o, 2, (int32_t)encoding);
	if (type == TR_PQ_DATA_PAGE) {
		tr_thrift_i32(&o, 3, TR_PQ_RLE);
		tr_thrift_i32(&o, 4, TR_PQ_RLE);
	}
	tr_thrift_end(&o);
	tr_thrift_end(&o);
	if (!tr_thrift_ok(&o, err))
		return false;
	struct tr_pq_page *page = tr_malloc(sizeof *page + e->header.len + size, err);
	if (!page)
		return false;
	*page = (struct tr_pq_page){ .encoding = encoding,
		.rows = values,
		.uncompressed = e->header.len + n,
		.size = e->header.len + size };
	memcpy(page->bytes, e->header.data, e->header.len);
	memcpy(page->bytes + e->header.len, e->compressed.data, size);
	*out = page;
	return true;
}

bool tr_pq_data_page(struct tr_pq_encoder *e, const struct tr_pq_column *c, const struct tr_pq_levels *levels,
	const struct tr_pq_page_values *v, struct tr_pq_page **out, struct tr_err *err)
{
	const uint8_t *body = v->plain;
	size_t n = v->plain_bytes, levels_bytes = 0;
	/* PLAIN values without levels are the page's body as they are. */
	if (c->nullable || v->encoding != TR_PQ_PLAIN || c->physical == TR_PQ_BOOLEAN) {
		e->body.len = 0;
		if (c->nullable && !tr_pq_levels_write(levels, &e->body, err))
			return false;
		levels_bytes = e->body.len;
		if (!tr_pq_values_write(c, v, &e->body, err))
			return false;
		body = e->body.data;
		n = e->body.len;
	}
	if (!build(e, TR_PQ_DATA_PAGE, body, n, levels->rows, v->encoding, out, err))
		return false;
	(*out)->nulls = levels->nulls;
	(*out)->overhead = e->header.len + levels_bytes;
	return true;
}

bool tr_pq_dictionary_page(struct tr_pq_encoder *e, const uint8_t *plain, size_t bytes, uint32_t n,
	struct tr_pq_page **out, struct tr_err *err)
{
	return build(e, TR_PQ_DICTIONARY_PAGE, plain, bytes, n, TR_PQ_PLAIN, out, err);
}
