/*
 * What a Parquet file says of its columns, as its writer knew it and as its footer,
 * read back, tells: the audit compares the two.
 */
#ifndef TR_FMT_PARQUET_STATS_H
#define TR_FMT_PARQUET_STATS_H

#include "data/schema.h"

/* A bound in the representation of the Arrow buffer (tr_type_width bytes, host order;
 * bytes types: at most TR_BOUND_MAX bytes, `exact` false where it was cut). */
#define TR_BOUND_MAX 64
struct tr_bound {
	bool set, exact;
	uint8_t len;
	uint8_t bytes[TR_BOUND_MAX];
};

struct tr_parquet_column_stats {
	int64_t nulls;
	struct tr_bound min, max; /* over the file; never NaN, -0 for a zero min, +0 for a zero max */
	uint64_t compressed_bytes, uncompressed_bytes;
	const char *stored; /* NULL: as tailrace stores the type; else `INT96`, `milliseconds` ... */
	char encodings[64]; /* `RLE_DICTIONARY`, `DELTA_BINARY_PACKED` ..., for reports */
};

struct tr_parquet_stats {
	int64_t rows;
	int64_t row_groups;
	struct tr_parquet_column_stats *columns; /* one a schema column */
	size_t n;
};

void tr_parquet_stats_clear(struct tr_parquet_stats *s);

/* The footer of a complete file: its last bytes, read by the caller. Feed
 * tr_parquet_footer_length the last 8 bytes, then tr_parquet_footer_parse exactly the
 * footer's. Hostile input: everything is checked. The file's schema must equal
 * `schema` in names, physical and logical types, or it is an error. */
bool tr_parquet_footer_length(const uint8_t tail[8], uint64_t file_size, uint64_t *length,
	struct tr_err *err) TR_CHECKED;
/* `foreign`: another program wrote the file. Then every way of storing a type's values exactly is
 * as good as ours, all columns may be nullable, and bounds whose order is not sure are left out. */
bool tr_parquet_footer_parse(const uint8_t *bytes, size_t n, uint64_t file_size,
	const struct tr_schema *schema, bool foreign, struct tr_parquet_stats *out,
	struct tr_err *err) TR_CHECKED;

#endif
