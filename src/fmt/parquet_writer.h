/*
 * Writing Parquet: batches in, one file's bytes out to a sink
 * (apache/parquet-format: README, Thrift definitions, Encodings.md, LogicalTypes.md,
 * PageIndex.md).
 *
 * Each column's encoding is chosen from sizes measured on a sample, the first rows of a row
 * group; up to three row groups after it go by the same sample, while nothing shows that it
 * no longer holds. It is a dictionary that is kept as long as it pays (TR_PARQUET_DICT_MAX a
 * column, TR_PARQUET_DICT_TOTAL a row group), DELTA_BINARY_PACKED where it is smaller, else
 * PLAIN. A row group closes at `row_group_rows`, at `row_group_bytes` of encoded data or when
 * the writer's memory passes `memory_max`, whichever comes first; only compressed pages are
 * kept. A codec that takes most of `memory_max` by itself passes it: a row group has at least
 * a quarter of it then. Not thread-safe: one thread appends. With encode_threads > 1 the columns
 * of a batch are encoded by that many threads of the writer's own.
 */
#ifndef TR_FMT_PARQUET_WRITER_H
#define TR_FMT_PARQUET_WRITER_H

#include "base/sink.h"
#include "data/schema.h"
#include "fmt/parquet_stats.h"

enum tr_parquet_codec { TR_CODEC_NONE, TR_CODEC_SNAPPY, TR_CODEC_GZIP, TR_CODEC_LZ4, TR_CODEC_ZSTD };

#define TR_PARQUET_DICT_MAX ((size_t)16 << 20)
#define TR_PARQUET_DICT_TOTAL ((size_t)32 << 20)

struct tr_parquet_pair {
	const char *key, *value;
};

/* Zero-initialise and set what differs; tr_parquet_writer_new fills in defaults for zeros. */
struct tr_parquet_options {
	enum tr_parquet_codec codec;
	bool codec_set;           /* false: zstd */
	int codec_level;          /* 0: 3 for zstd, 6 for gzip */
	int64_t row_group_rows;   /* 0: 1,048,576 */
	uint64_t row_group_bytes; /* 0: 128 MiB of encoded data */
	size_t page_bytes;        /* 0: 1 MiB before compression */
	size_t memory_max;        /* 0: 256 MiB; what the writer may hold at once; at most 2 GiB */
	int encode_threads;       /* 0 or 1: none of its own */
	const struct tr_parquet_pair *metadata; /* key-value provenance, borrowed for _new */
	size_t n_metadata;
};

struct tr_parquet_writer;

/* `sink` is borrowed and must outlive the writer; it is neither committed nor freed. */
bool tr_parquet_writer_new(const struct tr_schema *schema, const struct tr_parquet_options *options,
	struct tr_sink *sink, struct tr_parquet_writer **out, struct tr_err *err) TR_CHECKED;
/* Encode rows [from, from + n) of a batch of that schema. */
bool tr_parquet_writer_append(struct tr_parquet_writer *w, const struct ArrowArray *batch, int64_t from,
	int64_t n, struct tr_err *err) TR_CHECKED;
/* End the open row group, if it has rows. */
bool tr_parquet_writer_flush(struct tr_parquet_writer *w, struct tr_err *err) TR_CHECKED;
/* Bytes that a close now would make the file, about. */
uint64_t tr_parquet_writer_size(const struct tr_parquet_writer *w);
/* Memory held now. */
size_t tr_parquet_writer_memory(const struct tr_parquet_writer *w);
/* Write the footer; afterwards only _free is allowed. *stats (initialised by the callee,
 * cleared by the caller) gets rows and per-column figures. */
bool tr_parquet_writer_close(struct tr_parquet_writer *w, struct tr_parquet_stats *stats,
	struct tr_err *err) TR_CHECKED;
void tr_parquet_writer_free(struct tr_parquet_writer *w);

#endif
