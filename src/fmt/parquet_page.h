/*
 * Pages (parquet-format: README, "Data Pages"; parquet.thrift, PageHeader): header, CRC-32
 * over the compressed bytes, and the bytes. Data pages are of version 1.
 */
#ifndef TR_FMT_PARQUET_PAGE_H
#define TR_FMT_PARQUET_PAGE_H

#include "fmt/parquet_codec.h"
#include "fmt/parquet_rle.h"

/* What a thread needs to encode: nothing in it outlives a call. */
struct tr_pq_encoder {
	struct tr_pq_codec codec;
	struct tr_pq_gather gather;
	uint32_t numbers[TR_PQ_SLICE_ROWS];
	struct tr_buf body; /* a page before compression */
	struct tr_buf compressed;
	struct tr_buf header;
	size_t keep; /* larger buffers are not kept from page to page */
};

/* `page_bytes`: what a page has before compression, unless it holds giant values. */
bool tr_pq_encoder_init(struct tr_pq_encoder *e, enum tr_parquet_codec codec, int level, size_t page_bytes,
	struct tr_err *err) TR_CHECKED;
void tr_pq_encoder_clear(struct tr_pq_encoder *e);
size_t tr_pq_encoder_memory(const struct tr_pq_encoder *e);
/* Give large buffers back, once a sample or a page of giant values is done. */
void tr_pq_encoder_trim(struct tr_pq_encoder *e);

/* A finished page, in the list of its chunk. */
struct tr_pq_page {
	struct tr_pq_page *next;
	enum tr_pq_encoding encoding;
	size_t rows, nulls;
	size_t value_bytes;       /* of a BYTE_ARRAY column: its values without lengths */
	struct tr_bound min, max; /* PLAIN bytes; unset: none */
	size_t uncompressed;      /* with the header */
	size_t size;
	size_t overhead; /* header, and levels before compression: what any encoding adds to */
	uint8_t bytes[]; /* header and compressed body */
};

/* The values of a data page, before their encoding's last step. */
struct tr_pq_page_values {
	enum tr_pq_encoding encoding;
	const uint8_t *plain; /* PLAIN and DELTA: n values in PLAIN */
	size_t plain_bytes;
	const uint32_t *numbers; /* DICTIONARY: n numbers below dictionary_n */
	uint32_t dictionary_n;
	size_t n;
};

/* Append the encoded values to *out: what a page holds behind its levels. */
bool tr_pq_values_write(const struct tr_pq_column *c, const struct tr_pq_page_values *v, struct tr_buf *out,
	struct tr_err *err) TR_CHECKED;
/* Encode and compress a data page; *out is owned, free it with free(). The caller fills
 * in value_bytes, min and max. */
bool tr_pq_data_page(struct tr_pq_encoder *e, const struct tr_pq_column *c, const struct tr_pq_levels *levels,
	const struct tr_pq_page_values *v, struct tr_pq_page **out, struct tr_err *err) TR_CHECKED;
bool tr_pq_dictionary_page(struct tr_pq_encoder *e, const uint8_t *plain, size_t bytes, uint32_t n,
	struct tr_pq_page **out, struct tr_err *err) TR_CHECKED;

#endif
