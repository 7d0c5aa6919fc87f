#include "fmt/parquet_chunk.h"

#include <stdlib.h>

/* A page, or the sample: at most a giant value behind what is less than a page. */
#define VALUES_MAX ((size_t)INT32_MAX)

/* Pages that keep this much of their size: bit-packed noise, in which zstd's search for
 * matches would take half of the whole writer's time. */
#define DENSE 0.98

/* What a codec adds to a few values: a page is not judged by so little. */
#define FRAME_BYTES 64

/* A sample no longer holds for a chunk in which values are so many times as common, unless
 * they are too few to matter. */
#define MORE_COMMON 4
#define FEW_VALUES 1024

void tr_pq_chunk_init(struct tr_pq_chunk *k, const struct tr_pq_column *column, size_t page_bytes)
{
	*k = (struct tr_pq_chunk){ .column = column, .page_bytes = page_bytes, .sampling = true };
	tr_buf_init(&k->values, VALUES_MAX);
	tr_pq_levels_init(&k->levels);
	tr_pq_range_reset(&k->range);
	tr_pq_dict_init(&k->dict, column);
}

static void free_pages(struct tr_pq_page *page)
{
	while (page) {
		struct tr_pq_page *next = page->next;
		free(page);
		page = next;
	}
}

void tr_pq_chunk_clear(struct tr_pq_chunk *k)
{
	free_pages(k->pages);
	free(k->dictionary);
	tr_buf_clear(&k->values);
	tr_pq_levels_clear(&k->levels);
	free(k->numbers);
	tr_pq_dict_clear(&k->dict);
	tr_pq_chunk_init(k, k->column, k->page_bytes);
}

/* Empty, with the buffers that it has. */
static void reset(struct tr_pq_chunk *k)
{
	struct tr_pq_chunk kept = *k;
	free_pages(k->pages);
	free(k->dictionary);
	tr_pq_dict_reset(&kept.dict);
	tr_pq_levels_reset(&kept.levels);
	kept.values.len = 0;
	tr_pq_chunk_init(k, kept.column, kept.page_bytes);
	k->values = kept.values;
	k->levels = kept.levels;
	k->numbers = kept.numbers;
	k->numbers_cap = kept.numbers_cap;
	k->dict = kept.dict;
}

static enum tr_pq_encoding first_encoding(const struct tr_pq_chunk *k)
{
	return k->quota ? TR_PQ_DICTIONARY : k->choice.fallback;
}

void tr_pq_chunk_repeat(struct tr_pq_chunk *k, bool keep)
{
	struct tr_pq_chunk last = *k;
	if (keep)
		reset(k);
	else
		tr_pq_chunk_clear(k);
	k->sampling = false;
	k->choice = last.choice;
	k->value_share = last.value_share;
	k->quota = last.quota;
	k->expected_rows = last.expected_rows;
	k->encoding = first_encoding(k);
}

bool tr_pq_chunk_went_as_chosen(const struct tr_pq_chunk *k)
{
	size_t values = k->rows - k->nulls;
	double most = MORE_COMMON * k->value_share * (double)k->rows;
	return k->encoding == first_encoding(k) && (values < FEW_VALUES || (double)values <= most);
}

size_t tr_pq_chunk_open_memory(const struct tr_pq_chunk *k)
{
	return k->values.cap + k->levels.bits.cap + k->numbers_cap * sizeof *k->numbers +
		tr_pq_dict_memory(&k->dict);
}

size_t tr_pq_chunk_memory(const struct tr_pq_chunk *k)
{
	return tr_pq_chunk_open_memory(k) + k->compressed + (k->n_pages + 1) * sizeof(struct tr_pq_page);
}

size_t tr_pq_chunk_size(const struct tr_pq_chunk *k)
{
	/* Open values as well as finished ones compressed; half, while nothing is known. */
	double ratio = k->uncompressed ? (double)k->compressed / (double)k->uncompressed : 0.5;
	size_t open = k->encoding == TR_PQ_DICTIONARY ? k->n_values * 2 : k->values.len;
	size_t dict = k->dictionary ? 0 : k->dict.values.len;
	return k->compressed + (size_t)(ratio * (double)(open + dict)) + k->levels.rows / 8;
}

/* ---- pages ---- */

static void add_page(struct tr_pq_chunk *k, struct tr_pq_page *page)
{
	if (k->last)
		k->last->next = page;
	else
		k->pages = page;
	k->last = page;
	k->n_pages++;
	k->rows += page->rows;
	k->nulls += page->nulls;
	k->compressed += page->size;
	k->uncompressed += page->uncompressed;
}

/* Past a quarter of the row group most values of a useful dictionary have been seen: a
 * page whose new entries and numbers then take more than its values would is the end of it. */
static bool dictionary_pays(struct tr_pq_chunk *k, const struct tr_pq_page *page)
{
	double entries = (double)(k->dict.values.len - k->dict_paid) * k->choice.dictionary_ratio;
	k->dict_paid = k->dict.values.len;
	if ((double)k->rows < k->expected_rows / 4)
		return true;
	double fallback =
		(double)(page->overhead + FRAME_BYTES) + (double)k->plain_bytes * k->choice.fallback_ratio;
	return (double)page->size + entries <= fallback;
}

static bool end_page(struct tr_pq_chunk *k, struct tr_pq_encoder *e, struct tr_err *err)
{
	if (!k->levels.rows)
		return true;
	struct tr_pq_page *page;
	struct tr_pq_page_values v = { .encoding = k->encoding,
		.plain = k->values.data,
		.plain_bytes = k->values.len,
		.numbers = k->numbers,
		.dictionary_n = k->dict.n,
		.n = k->n_values };
	e->codec.quick = k->dense;
	bool ok = tr_pq_data_page(e, k->column, &k->levels, &v, &page, err);
	e->codec.quick = false;
	if (!ok)
		return false;
	k->dense = (double)page->size > DENSE * (double)page->uncompressed;
	page->value_bytes = k->plain_bytes - (k->column->physical == TR_PQ_BYTE_ARRAY ? 4 * k->n_values : 0);
	tr_pq_range_bounds(&k->range, k->column, &page->min, &page->max);
	add_page(k, page);
	if (k->encoding == TR_PQ_DICTIONARY && !dictionary_pays(k, page))
		k->encoding = k->choice.fallback;
	tr_pq_levels_reset(&k->levels);
	tr_pq_range_reset(&k->range);
	k->values.len = k->n_values = k->plain_bytes = 0;
	tr_pq_encoder_trim(e);
	return true;
}

static bool numbers_room(struct tr_pq_chunk *k, size_t n, struct tr_err *err)
{
	size_t need = k->n_values + n;
	if (need <= k->numbers_cap)
		return true;
	size_t cap = k->numbers_cap * 2 > need ? k->numbers_cap * 2 : need;
	uint32_t *p = tr_realloc_array(k->numbers, cap, sizeof *p, err);
	if (!p)
		return false;
	k->numbers = p;
	k->numbers_cap = cap;
	return true;
}

/* Number the slice's values. *full: the dictionary has no room for all of them; then it
 * is left as it was, complete for the pages that use it, but can't be searched any more. */
static bool put_numbers(struct tr_pq_chunk *k, const struct tr_pq_slice *s, bool *full, struct tr_err *err)
{
	uint32_t n = k->dict.n;
	size_t bytes = k->dict.values.len;
	/* A value that is larger than the quota is not among those that fit it. */
	*full = s->values == 1 && s->bytes > k->quota;
	if (*full)
		return true;
	if (!numbers_room(k, s->values, err) ||
		!tr_pq_dict_number(&k->dict, s, k->numbers + k->n_values, err))
		return false;
	*full = k->dict.values.len > k->quota;
	if (*full) {
		k->dict.n = n;
		k->dict.values.len = bytes;
	}
	return true;
}

static bool put(struct tr_pq_chunk *k, struct tr_pq_encoder *e, const struct tr_pq_slice *s,
	struct tr_err *err)
{
	bool full = false;
	if (k->encoding == TR_PQ_DICTIONARY && !put_numbers(k, s, &full, err))
		return false;
	if (full) {
		if (!end_page(k, e, err))
			return false;
		k->encoding = k->choice.fallback;
		if (!k->pages) /* none uses it */
			tr_pq_dict_clear(&k->dict);
	}
	if (k->encoding != TR_PQ_DICTIONARY && !tr_pq_plain_append(k->column, s, &k->values, err))
		return false;
	if (!tr_pq_levels_add(&k->levels, s, err))
		return false;
	tr_pq_range_add(&k->range, k->column, s);
	k->n_values += s->values;
	k->plain_bytes += s->bytes;
	size_t held = k->encoding == TR_PQ_DICTIONARY ? k->n_values * sizeof *k->numbers : k->values.len;
	if (held >= k->page_bytes || k->levels.rows >= TR_PQ_PAGE_ROWS)
		return end_page(k, e, err);
	return true;
}

/* ---- rows in ---- */

bool tr_pq_chunk_append(struct tr_pq_chunk *k, struct tr_pq_encoder *e, const struct tr_view *v, int64_t row,
	int64_t n, struct tr_err *err)
{
	while (n > 0) {
		struct tr_pq_slice s;
		if (!tr_pq_gather(k->column, v, row, n, &e->gather, &s, err))
			return false;
		if (k->sampling) {
			if (!tr_pq_plain_append(k->column, &s, &k->values, err) ||
				!tr_pq_levels_add(&k->levels, &s, err))
				return false;
			k->n_values += s.values;
		} else if (!put(k, e, &s, err)) {
			return false;
		}
		row += (int64_t)s.rows;
		n -= (int64_t)s.rows;
	}
	return true;
}

bool tr_pq_chunk_measure(struct tr_pq_chunk *k, struct tr_pq_encoder *e, double expected_rows,
	struct tr_err *err)
{
	k->expected_rows = expected_rows;
	k->value_share = (double)k->n_values / (double)k->levels.rows;
	k->choice =
		(struct tr_pq_choice){ .best = TR_PQ_PLAIN, .fallback = TR_PQ_PLAIN, .fallback_ratio = 1 };
	if (!k->n_values)
		return true;
	double scale = expected_rows / (double)k->levels.rows;
	bool ok = tr_pq_choose(e, k->column, k->values.data, k->values.len, k->n_values,
		scale < 1 ? 1 : scale, &k->dict, &k->choice, err);
	tr_pq_encoder_trim(e);
	return ok;
}

bool tr_pq_chunk_begin(struct tr_pq_chunk *k, struct tr_pq_encoder *e, size_t quota, struct tr_err *err)
{
	struct tr_buf values = k->values;
	struct tr_pq_levels levels = k->levels;
	tr_buf_init(&k->values, VALUES_MAX);
	tr_pq_levels_init(&k->levels);
	k->n_values = 0;
	k->sampling = false;
	k->quota = quota;
	k->encoding = first_encoding(k);
	if (!quota)
		tr_pq_dict_clear(&k->dict);
	struct tr_pq_replay replay = { .p = values.data,
		.rows = levels.rows,
		.validity = levels.nulls ? levels.bits.data : NULL };
	struct tr_pq_slice s;
	bool ok = true;
	while (ok && tr_pq_replay_next(k->column, &replay, &e->gather, &s))
		ok = put(k, e, &s, err);
	tr_buf_clear(&values);
	tr_pq_levels_clear(&levels);
	return ok;
}

bool tr_pq_chunk_finish(struct tr_pq_chunk *k, struct tr_pq_encoder *e, struct tr_err *err)
{
	if (!end_page(k, e, err))
		return false;
	if (!k->pages || k->pages->encoding != TR_PQ_DICTIONARY)
		return true;
	if (!tr_pq_dictionary_page(e, k->dict.values.data, k->dict.values.len, k->dict.n, &k->dictionary,
		    err))
		return false;
	k->compressed += k->dictionary->size;
	k->uncompressed += k->dictionary->uncompressed;
	return true;
}
