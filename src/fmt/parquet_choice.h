/*
 * Choosing a column chunk's encoding by measuring a sample: its first rows are encoded
 * and compressed in each possible way, and the sizes are projected to the whole row group.
 */
#ifndef TR_FMT_PARQUET_CHOICE_H
#define TR_FMT_PARQUET_CHOICE_H

#include "fmt/parquet_dict.h"
#include "fmt/parquet_page.h"

struct tr_pq_choice {
	enum tr_pq_encoding best;     /* with a dictionary allowed */
	enum tr_pq_encoding fallback; /* without: PLAIN or DELTA */
	double saved;                 /* bytes of the row group that the dictionary saves */
	double dictionary_bytes;      /* it will take, projected from how values repeat */
	double dictionary_most;       /* it would take if new values went on coming as in the sample */
	double fallback_ratio;        /* compressed bytes a PLAIN byte without the dictionary */
	double dictionary_ratio;      /* compressed bytes a dictionary byte */
};

/* `plain` are the sample's n > 0 values in PLAIN, at `bytes`; `scale` times as many values
 * are expected in the row group. `dict` is empty and is left with the sample's values. */
bool tr_pq_choose(struct tr_pq_encoder *e, const struct tr_pq_column *c, const uint8_t *plain, size_t bytes,
	size_t n, double scale, struct tr_pq_dict *dict, struct tr_pq_choice *out,
	struct tr_err *err) TR_CHECKED;

/* How many distinct values to expect among `total`, where a sample of n had d. */
double tr_pq_project_distinct(double n, double d, double total);

/* Share `total` bytes of dictionaries out, at most `each` a column: those that save most
 * first. quota[i] is 0 for a column that shall do without. */
bool tr_pq_grant(const struct tr_pq_choice *choices, size_t n, size_t each, size_t total, size_t *quota,
	struct tr_err *err) TR_CHECKED;

#endif
