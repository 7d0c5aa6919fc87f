#include "fmt/parquet_choice.h"

#include <math.h>
#include <stdlib.h>

#include "fmt/parquet_bits.h"

/* A column that another encoding makes this small needs no further trial. */
#define SMALL 16
/* The least quota for a projection, which is a lower bound; what is left over is added later. */
#define MARGIN(bytes) ((bytes)*1.05 + 4096)

double tr_pq_project_distinct(double n, double d, double total)
{
	if (d >= n)
		return total;
	/* Values drawn evenly from D show d = D (1 - exp(-n/D)) of them in n: find D by
	 * bisection; the right side grows with D. Uneven draws show fewer, so D is a lower bound. */
	double lo = d, hi = n * n / (2 * (n - d)) * 2 + d;
	for (int i = 0; i < 60; i++) {
		double mid = (lo + hi) / 2;
		if (mid * -expm1(-n / mid) < d)
			lo = mid;
		else
			hi = mid;
	}
	double expected = hi * -expm1(-total / hi);
	return expected < d ? d : expected;
}

/* Encode as a page would and compress: the size. */
static bool measure(struct tr_pq_encoder *e, const struct tr_pq_column *c, const struct tr_pq_page_values *v,
	double *size, struct tr_err *err)
{
	e->body.len = e->compressed.len = 0;
	if (!tr_pq_values_write(c, v, &e->body, err) ||
		!tr_pq_compress(&e->codec, e->body.data, e->body.len, &e->compressed, err))
		return false;
	*size = (double)e->compressed.len;
	return true;
}

/* Number the sample's values into `numbers`, until they cannot pay any more. */
static bool number_sample(struct tr_pq_encoder *e, const struct tr_pq_column *c, const uint8_t *plain,
	size_t n, struct tr_pq_dict *dict, uint32_t *numbers, bool *worth, struct tr_err *err)
{
	struct tr_pq_replay replay = { .p = plain, .rows = n };
	struct tr_pq_slice s;
	size_t done = 0;
	*worth = true;
	while (tr_pq_replay_next(c, &replay, &e->gather, &s)) {
		if (!tr_pq_dict_number(dict, &s, numbers + done, err))
			return false;
		done += s.values;
		/* Hardly a value twice in four slices: a key. */
		if (done >= 4 * TR_PQ_SLICE_ROWS && (double)dict->n > 0.98 * (double)done) {
			*worth = false;
			return true;
		}
	}
	return true;
}

static bool try_dictionary(struct tr_pq_encoder *e, const struct tr_pq_column *c, const uint8_t *plain,
	size_t n, double scale, double fallback_size, struct tr_pq_dict *dict, struct tr_pq_choice *out,
	struct tr_err *err)
{
	bool ok = false, worth;
	double indexes, values;
	uint32_t *numbers = tr_malloc(n * sizeof *numbers, err);
	if (!numbers || !number_sample(e, c, plain, n, dict, numbers, &worth, err))
		goto out;
	ok = true;
	if (!worth)
		goto out;
	double d = (double)dict->n, total = (double)n * scale;
	double distinct = tr_pq_project_distinct((double)n, d, total);
	/* Numbers are as wide as the whole dictionary needs. */
	struct tr_pq_page_values v = { .encoding = TR_PQ_DICTIONARY,
		.numbers = numbers,
		.n = n,
		.dictionary_n = distinct < (double)UINT32_MAX ? (uint32_t)distinct : UINT32_MAX };
	struct tr_pq_page_values entries = { .encoding = TR_PQ_PLAIN,
		.plain = dict->values.data,
		.plain_bytes = dict->values.len,
		.n = dict->n };
	ok = measure(e, c, &v, &indexes, err) && measure(e, c, &entries, &values, err);
	if (!ok)
		goto out;
	double entry = (double)dict->values.len / d;
	out->dictionary_ratio = values / (double)dict->values.len;
	out->dictionary_bytes = distinct * entry;
	out->dictionary_most = d * entry * scale;
	out->saved = (fallback_size - indexes) * scale - distinct * entry * out->dictionary_ratio;
	if (out->saved > 0 && out->dictionary_bytes <= (double)TR_PARQUET_DICT_MAX)
		out->best = TR_PQ_DICTIONARY;
out:
	free(numbers);
	return ok;
}

bool tr_pq_choose(struct tr_pq_encoder *e, const struct tr_pq_column *c, const uint8_t *plain, size_t bytes,
	size_t n, double scale, struct tr_pq_dict *dict, struct tr_pq_choice *out, struct tr_err *err)
{
	*out = (struct tr_pq_choice){ .best = TR_PQ_PLAIN, .fallback = TR_PQ_PLAIN, .fallback_ratio = 1 };
	if (c->physical == TR_PQ_BOOLEAN)
		return true; /* a bit a value already */
	struct tr_pq_page_values v = { .encoding = TR_PQ_DELTA,
		.plain = plain,
		.plain_bytes = bytes,
		.n = n };
	double size = 0, delta = 0;
	if (c->integer) {
		if (!measure(e, c, &v, &delta, err))
			return false;
		if (delta * SMALL <= (double)bytes) {
			out->best = out->fallback = TR_PQ_DELTA;
			return true;
		}
	}
	v.encoding = TR_PQ_PLAIN;
	if (!measure(e, c, &v, &size, err))
		return false;
	if (c->integer && delta < size) {
		out->best = out->fallback = TR_PQ_DELTA;
		size = delta;
	}
	out->fallback_ratio = size / (double)bytes;
	return try_dictionary(e, c, plain, n, scale, size, dict, out, err);
}

/* ---- sharing the row group's dictionary memory ---- */

struct rank {
	double saved;
	size_t index;
};

static int by_saving(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;
	if (x->saved != y->saved)
		return x->saved > y->saved ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

bool tr_pq_grant(const struct tr_pq_choice *choices, size_t n, size_t each, size_t total, size_t *quota,
	struct tr_err *err)
{
	size_t left = total, ranked = 0;
	struct rank *ranks = tr_malloc(n * sizeof *ranks, err);
	if (!ranks)
		return false;
	for (size_t i = 0; i < n; i++) {
		quota[i] = 0;
		if (choices[i].best == TR_PQ_DICTIONARY)
			ranks[ranked++] = (struct rank){ choices[i].saved, i };
	}
	qsort(ranks, ranked, sizeof *ranks, by_saving);
	for (size_t k = 0; k < ranked; k++) {
		size_t i = ranks[k].index;
		double want = MARGIN(choices[i].dictionary_bytes);
		size_t grant = want < (double)each ? (size_t)want : each;
		if (grant > left)
			continue;
		quota[i] = grant;
		left -= grant;
	}
	/* What is left goes to those whose projection may prove too low. */
	for (size_t k = 0; k < ranked && left; k++) {
		size_t i = ranks[k].index;
		double most = MARGIN(fmax(choices[i].dictionary_most, choices[i].dictionary_bytes * 1.2));
		size_t want = most < (double)each ? (size_t)most : each;
		if (!quota[i] || want <= quota[i])
			continue;
		size_t more = want - quota[i] < left ? want - quota[i] : left;
		quota[i] += more;
		left -= more;
	}
	free(ranks);
	return true;
}
