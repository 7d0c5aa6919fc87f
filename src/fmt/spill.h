/*
 * Segments of a spill file: a batch as bytes and back, compressed with LZ4.
 * Only the process that wrote a segment reads it; a checksum tells a damaged one.
 *
 * Segment: magic, rows, raw length, body length (uint32 each), XXH3-64 of the body;
 * the body is one LZ4 block of the columns one after the other: a byte that says
 * whether a validity bitmap follows, the bitmap, then the values: bits, fixed widths,
 * or int32 end offsets and bytes.
 */
#ifndef TR_FMT_SPILL_H
#define TR_FMT_SPILL_H

#include "data/column.h"

/* Append rows [from, from + n) of the batch as one segment to *out. `scratch` is
 * overwritten (keep it between calls to save allocations). */
bool tr_spill_encode(const struct tr_schema *schema, const struct ArrowArray *batch, int64_t from, int64_t n,
	struct tr_buf *scratch, struct tr_buf *out, struct tr_err *err) TR_CHECKED;
/* Exactly one segment of that schema; everything in it is checked. The caller
 * releases *out. Damage is TR_ERR_INTERNAL. */
bool tr_spill_decode(const struct tr_schema *schema, const uint8_t *bytes, size_t n, struct tr_buf *scratch,
	struct ArrowArray *out, struct tr_err *err) TR_CHECKED;

#endif
