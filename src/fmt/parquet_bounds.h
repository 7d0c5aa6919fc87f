/*
 * Bounds of a run of values, as statistics and the column index need them
 * (parquet.thrift, Statistics and ColumnOrder): a run with a NaN has none, a zero is -0
 * as a minimum and +0 as a maximum, long byte arrays are cut to TR_BOUND_MAX bytes (text at a
 * character's boundary), a cut maximum is rounded up.
 */
#ifndef TR_FMT_PARQUET_BOUNDS_H
#define TR_FMT_PARQUET_BOUNDS_H

#include "fmt/parquet_plain.h"

/* The first bytes of a byte array: enough for its bound and for comparing. */
struct tr_pq_prefix {
	uint8_t bytes[TR_BOUND_MAX];
	uint8_t len;
	bool cut; /* the value is longer */
};

struct tr_pq_range {
	bool any; /* false: no value that counts yet */
	bool nan; /* one is among the values: readers that order it behind all numbers, as Postgres
	           * and DuckDB do, would skip it by bounds that leave it out */
	int64_t lo, hi;
	double real_lo, real_hi;
	struct tr_pq_prefix first, last;
	uint64_t first_head, last_head; /* their first 8 bytes, big-endian: most comparisons end here */
};

void tr_pq_range_reset(struct tr_pq_range *r);
void tr_pq_range_add(struct tr_pq_range *r, const struct tr_pq_column *c, const struct tr_pq_slice *s);
/* As PLAIN bytes. Unset where there is no value, or no byte string above a cut maximum. */
void tr_pq_range_bounds(const struct tr_pq_range *r, const struct tr_pq_column *c, struct tr_bound *min,
	struct tr_bound *max);

/* The bounds of several runs together. */
struct tr_pq_span {
	bool any; /* false: no run yet */
	struct tr_bound min, max;
};
/* Widen by the bounds of a run that has values. A run without a bound leaves none. */
void tr_pq_span_add(struct tr_pq_span *span, enum tr_pq_order order, const struct tr_bound *min,
	const struct tr_bound *max);

#endif
