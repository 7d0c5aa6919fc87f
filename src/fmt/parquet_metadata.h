/*
 * A file's metadata in the making: each finished chunk's ColumnMetaData and page indexes
 * (kept serialised, so that a file of many row groups stays small in memory), then the
 * page indexes and the footer (parquet-format: README, PageIndex.md, parquet.thrift).
 */
#ifndef TR_FMT_PARQUET_METADATA_H
#define TR_FMT_PARQUET_METADATA_H

#include "base/sink.h"
#include "fmt/parquet_chunk.h"

struct tr_pq_chunk_meta {
	uint8_t *bytes; /* ColumnMetaData, ColumnIndex, OffsetIndex, one behind the other */
	uint32_t metadata_len, column_index_len, offset_index_len; /* 0: there is none */
};

struct tr_pq_group {
	int64_t rows;
	uint64_t offset, compressed, uncompressed;
	struct tr_pq_chunk_meta *chunks; /* one a column */
};

/* What the file holds of a column so far. */
struct tr_pq_totals {
	int64_t nulls;
	struct tr_pq_span span;
	uint64_t compressed, uncompressed;
	unsigned encodings; /* of the data pages, a set of 1 << tr_pq_encoding */
};

struct tr_pq_metadata {
	const struct tr_pq_column *columns; /* borrowed */
	size_t n_columns;
	enum tr_parquet_codec codec;
	struct tr_pq_totals *totals;
	struct tr_pq_group *groups;
	size_t n_groups, groups_cap;
	int64_t rows;
	size_t memory;
	struct tr_buf scratch;
};

bool tr_pq_metadata_init(struct tr_pq_metadata *m, const struct tr_pq_column *columns, size_t n,
	enum tr_parquet_codec codec, struct tr_err *err) TR_CHECKED;
void tr_pq_metadata_clear(struct tr_pq_metadata *m);

/* Open a row group that begins at `offset`, then add its chunks in the columns' order. */
bool tr_pq_metadata_group(struct tr_pq_metadata *m, int64_t rows, uint64_t offset,
	struct tr_err *err) TR_CHECKED;
/* A finished chunk whose first page was written at `offset`. */
bool tr_pq_metadata_chunk(struct tr_pq_metadata *m, size_t column, const struct tr_pq_chunk *k,
	uint64_t offset, struct tr_err *err) TR_CHECKED;

/* Write the page indexes, the footer and its frame; the sink stands behind the last row group. */
bool tr_pq_metadata_write(struct tr_pq_metadata *m, const struct tr_parquet_pair *pairs, size_t n_pairs,
	struct tr_sink *sink, struct tr_err *err) TR_CHECKED;
/* The figures of the whole file; *out is initialised here and cleared by the caller. */
bool tr_pq_metadata_stats(const struct tr_pq_metadata *m, struct tr_parquet_stats *out,
	struct tr_err *err) TR_CHECKED;

/* A column's figures as tr_parquet_stats has them. */
void tr_pq_totals_export(const struct tr_pq_totals *t, const struct tr_pq_column *c,
	struct tr_parquet_column_stats *out);

#endif
