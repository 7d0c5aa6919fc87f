/* Compressing pages: one codec object a thread, whose contexts are used again for every page. */
#ifndef TR_FMT_PARQUET_CODEC_H
#define TR_FMT_PARQUET_CODEC_H

#include "base/mem.h"
#include "fmt/parquet_writer.h"

struct tr_pq_codec {
	enum tr_parquet_codec kind;
	int level;
	bool quick;    /* spend little: what comes will hardly get smaller (zstd alone heeds it) */
	void *context; /* of zstd or gzip; NULL for the others */
};

/* Level 0 is the codec's default; a level that it does not have is a user error. */
bool tr_pq_codec_init(struct tr_pq_codec *c, enum tr_parquet_codec kind, int level,
	struct tr_err *err) TR_CHECKED;
void tr_pq_codec_clear(struct tr_pq_codec *c);
size_t tr_pq_codec_memory(const struct tr_pq_codec *c);
/* Append n compressed bytes' worth to *out. */
bool tr_pq_compress(struct tr_pq_codec *c, const uint8_t *bytes, size_t n, struct tr_buf *out,
	struct tr_err *err) TR_CHECKED;
/* The number of parquet.thrift's CompressionCodec. */
int32_t tr_pq_codec_number(enum tr_parquet_codec kind);

#endif
