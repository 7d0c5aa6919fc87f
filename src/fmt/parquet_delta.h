/* DELTA_BINARY_PACKED (parquet-format: Encodings.md, "Delta Encoding"): blocks of 128
 * differences in four miniblocks, each as narrow as its widest. */
#ifndef TR_FMT_PARQUET_DELTA_H
#define TR_FMT_PARQUET_DELTA_H

#include "base/mem.h"

/* Append n integers of `width` (4 or 8) bytes, given as PLAIN. n may be 0. */
bool tr_pq_delta_write(const uint8_t *values, size_t n, uint32_t width, struct tr_buf *out,
	struct tr_err *err) TR_CHECKED;

#endif
