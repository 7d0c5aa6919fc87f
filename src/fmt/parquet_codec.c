#include "fmt/parquet_codec.h"

#include <lz4.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

/* deflate's window and hash tables at windowBits 15 and memLevel 8 (zconf.h). */
#define GZIP_MEMORY ((size_t)256 << 10)

#define ZSTD_QUICK 1

static bool level_error(const char *codec, int level, int least, int most, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER, "%s has no compression level %d", codec, level);
	return tr_err_hint(err, "Choose a level from %d to %d.", least, most);
}

static bool init_zstd(struct tr_pq_codec *c, struct tr_err *err)
{
	c->level = c->level ? c->level : 3;
	if (c->level < 1 || c->level > ZSTD_maxCLevel())
		return level_error("zstd", c->level, 1, ZSTD_maxCLevel(), err);
	c->context = ZSTD_createCCtx();
	if (!c->context)
		return tr_err_memory(err, 0);
	return true;
}

static bool init_gzip(struct tr_pq_codec *c, struct tr_err *err)
{
	c->level = c->level ? c->level : 6;
	if (c->level < 1 || c->level > 9)
		return level_error("gzip", c->level, 1, 9, err);
	z_stream *z = tr_calloc(1, sizeof *z, err);
	if (!z)
		return false;
	/* 16 more than the window's size: a gzip head and not zlib's. */
	if (deflateInit2(z, c->level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(z);
		return tr_err_memory(err, GZIP_MEMORY);
	}
	c->context = z;
	return true;
}

bool tr_pq_codec_init(struct tr_pq_codec *c, enum tr_parquet_codec kind, int level, struct tr_err *err)
{
	*c = (struct tr_pq_codec){ .kind = kind, .level = level };
	if (kind == TR_CODEC_ZSTD)
		return init_zstd(c, err);
	if (kind == TR_CODEC_GZIP)
		return init_gzip(c, err);
	if (level) {
		tr_err_set(err, TR_ERR_USER, "this compression codec has no levels");
		return tr_err_hint(err, "Leave the level out, or choose zstd or gzip.");
	}
	return true;
}

void tr_pq_codec_clear(struct tr_pq_codec *c)
{
	if (c->kind == TR_CODEC_ZSTD) {
		ZSTD_freeCCtx(c->context);
	} else if (c->context) {
		deflateEnd(c->context);
		free(c->context);
	}
	c->context = NULL;
}

size_t tr_pq_codec_memory(const struct tr_pq_codec *c)
{
	if (!c->context)
		return 0;
	return c->kind == TR_CODEC_ZSTD ? ZSTD_sizeof_CCtx(c->context) : GZIP_MEMORY;
}

static bool compress_zstd(struct tr_pq_codec *c, const uint8_t *bytes, size_t n, struct tr_buf *out,
	struct tr_err *err)
{
	if (!tr_buf_reserve(out, ZSTD_compressBound(n), err))
		return false;
	int level = c->quick ? ZSTD_QUICK : c->level;
	size_t got =
		ZSTD_compressCCtx(c->context, out->data + out->len, out->cap - out->len, bytes, n, level);
	if (ZSTD_isError(got)) {
		tr_err_set(err, TR_ERR_INTERNAL, "zstd could not compress a page");
		return tr_err_detail(err, "%s", ZSTD_getErrorName(got));
	}
	out->len += got;
	return true;
}

static bool compress_gzip(struct tr_pq_codec *c, const uint8_t *bytes, size_t n, struct tr_buf *out,
	struct tr_err *err)
{
	z_stream *z = c->context;
	/* compressed size is an int32 in the page header, so the sizes fit zlib's uInt. */
	size_t bound = deflateBound(z, n);
	if (!tr_buf_reserve(out, bound, err))
		return false;
	z->next_in = (Bytef *)(uintptr_t)bytes;
	z->avail_in = (uInt)n;
	z->next_out = out->data + out->len;
	z->avail_out = (uInt)(out->cap - out->len < UINT32_MAX ? out->cap - out->len : UINT32_MAX);
	int code = deflate(z, Z_FINISH);
	if (code == Z_STREAM_END)
		out->len = (size_t)(z->next_out - out->data);
	deflateReset(z);
	return code == Z_STREAM_END || tr_err_set(err, TR_ERR_INTERNAL, "gzip could not compress a page");
}

static bool compress_snappy(const uint8_t *bytes, size_t n, struct tr_buf *out, struct tr_err *err)
{
	size_t got = snappy_max_compressed_length(n);
	if (!tr_buf_reserve(out, got, err))
		return false;
	if (snappy_compress((const char *)bytes, n, (char *)out->data + out->len, &got) != SNAPPY_OK)
		return tr_err_set(err, TR_ERR_INTERNAL, "snappy could not compress a page");
	out->len += got;
	return true;
}

static bool compress_lz4(const uint8_t *bytes, size_t n, struct tr_buf *out, struct tr_err *err)
{
	int bound = n <= LZ4_MAX_INPUT_SIZE ? LZ4_compressBound((int)n) : 0;
	if (!tr_buf_reserve(out, (size_t)bound, err))
		return false;
	int got = LZ4_compress_default((const char *)bytes, (char *)out->data + out->len, (int)n, bound);
	if (got <= 0)
		return tr_err_set(err, TR_ERR_INTERNAL, "lz4 could not compress a page");
	out->len += (size_t)got;
	return true;
}

bool tr_pq_compress(struct tr_pq_codec *c, const uint8_t *bytes, size_t n, struct tr_buf *out,
	struct tr_err *err)
{
	switch (c->kind) {
	case TR_CODEC_ZSTD: return compress_zstd(c, bytes, n, out, err);
	case TR_CODEC_GZIP: return compress_gzip(c, bytes, n, out, err);
	case TR_CODEC_SNAPPY: return compress_snappy(bytes, n, out, err);
	case TR_CODEC_LZ4: return compress_lz4(bytes, n, out, err);
	case TR_CODEC_NONE:
	default: return tr_buf_append(out, bytes, n, err);
	}
}

int32_t tr_pq_codec_number(enum tr_parquet_codec kind)
{
	static const int32_t NUMBER[] = { [TR_CODEC_NONE] = 0,
		[TR_CODEC_SNAPPY] = 1,
		[TR_CODEC_GZIP] = 2,
		[TR_CODEC_LZ4] = 7,
		[TR_CODEC_ZSTD] = 6 };
	return NUMBER[kind];
}
