/* The encodings against decoders written here from parquet-format's Encodings.md. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmt/parquet_choice.h"
#include "fmt/parquet_delta.h"
#include "fmt/parquet_dict.h"
#include "fmt/parquet_rle.h"

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static uint64_t read_varint(const uint8_t **p)
{
	uint64_t v = 0;
	unsigned shift = 0;
	uint8_t b;
	do {
		b = *(*p)++;
		v |= (uint64_t)(b & 0x7f) << shift;
		shift += 7;
	} while (b & 0x80);
	return v;
}

static int64_t read_zigzag(const uint8_t **p)
{
	uint64_t v = read_varint(p);
	return (int64_t)(v >> 1 ^ (v & 1 ? UINT64_MAX : 0));
}

/* Bit by bit: slow and plain. */
static uint64_t read_bits(const uint8_t *p, size_t at, unsigned width)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < width; i++)
		v |= (uint64_t)(p[(at + i) / 8] >> (at + i) % 8 & 1) << i;
	return v;
}

static void decode_rle(const uint8_t *p, const uint8_t *end, unsigned width, uint32_t *out, size_t n)
{
	size_t done = 0;
	while (done < n) {
		assert_true(p < end);
		uint64_t head = read_varint(&p);
		size_t count = head & 1 ? (head >> 1) * 8 : head >> 1;
		assert_true(count > 0);
		for (size_t i = 0; i < count; i++) {
			uint32_t v = (uint32_t)(head & 1 ? read_bits(p, i * width, width)
							 : read_bits(p, 0, (width + 7) / 8 * 8));
			if (done < n)
				out[done++] = v;
			else
				assert_int_equal(v, 0);
		}
		p += head & 1 ? (head >> 1) * width : (width + 7) / 8;
	}
	assert_ptr_equal(p, end);
}

static void check_rle(const uint32_t *values, size_t n, unsigned width)
{
	struct tr_err err = { 0 };
	struct tr_buf buf;
	tr_buf_init(&buf, (size_t)1 << 26);
	uint32_t *back = malloc((n + 1) * sizeof *back);
	assert_non_null(back);
	assert_ok(tr_pq_rle_write(values, n, width, &buf, &err), err);
	decode_rle(buf.data, buf.data + buf.len, width, back, n);
	if (n)
		assert_memory_equal(back, values, n * sizeof *back);
	/* Never worse than everything packed, but for the head. */
	assert_true(buf.len <= (n + 7) / 8 * width + 6);
	free(back);
	tr_buf_clear(&buf);
}

static void runs_and_literals_of_every_width_read_back(void **state)
{
	(void)state;
	uint64_t seed = 7;
	uint32_t values[3000];
	for (unsigned width = 1; width <= 32; width++) {
		uint32_t mask = width == 32 ? UINT32_MAX : (UINT32_C(1) << width) - 1;
		for (int round = 0; round < 12; round++) {
			size_t n = (size_t)(next_random(&seed) % 3000);
			size_t run = 0;
			uint32_t v = 0;
			for (size_t i = 0; i < n; i++) {
				if (!run) {
					run = round % 3 == 0
						? 1
						: next_random(&seed) % (round % 3 == 1 ? 40 : 700) + 1;
					v = (uint32_t)next_random(&seed) & mask;
				}
				run--;
				values[i] = v;
			}
			check_rle(values, n, width);
		}
	}
	for (size_t n = 0; n <= 17; n++) {
		memset(values, 0, sizeof values);
		check_rle(values, n, 1);
		check_rle(values, n, 20);
	}
}

static void long_runs_take_a_few_bytes(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_buf buf;
	tr_buf_init(&buf, 1 << 20);
	uint32_t values[2000];
	for (size_t i = 0; i < 2000; i++)
		values[i] = i < 1000 ? 3 : 77777;
	assert_ok(tr_pq_rle_write(values, 2000, 17, &buf, &err), err);
	assert_int_equal(buf.len, 2 * (2 + 3));
	tr_buf_clear(&buf);
}

/* ---- levels ---- */

static void check_levels(size_t rows, const uint8_t *validity, int64_t shift)
{
	struct tr_err err = { 0 };
	struct tr_pq_levels levels;
	struct tr_buf buf;
	uint64_t seed = rows + 1;
	tr_pq_levels_init(&levels);
	tr_buf_init(&buf, 1 << 20);
	size_t nulls = 0;
	for (size_t at = 0; at < rows;) {
		size_t take = (size_t)(next_random(&seed) % 300) + 1;
		take = take < rows - at ? take : rows - at;
		struct tr_pq_slice s = { .rows = take,
			.validity = validity,
			.validity_at = shift + (int64_t)at };
		for (size_t i = 0; i < take; i++)
			s.values += tr_bit(validity, s.validity_at + (int64_t)i);
		if (s.values == take)
			s.validity = NULL;
		nulls += take - s.values;
		assert_ok(tr_pq_levels_add(&levels, &s, &err), err);
		at += take;
	}
	assert_int_equal(levels.rows, rows);
	assert_int_equal(levels.nulls, nulls);
	assert_ok(tr_pq_levels_write(&levels, &buf, &err), err);
	uint32_t len;
	memcpy(&len, buf.data, 4);
	assert_int_equal(len, buf.len - 4);
	uint32_t *back = malloc((rows + 1) * sizeof *back);
	assert_non_null(back);
	decode_rle(buf.data + 4, buf.data + buf.len, 1, back, rows);
	for (size_t i = 0; i < rows; i++)
		assert_int_equal(back[i], tr_bit(validity, shift + (int64_t)i));
	free(back);
	tr_pq_levels_clear(&levels);
	tr_buf_clear(&buf);
}

static void definition_levels_read_back(void **state)
{
	(void)state;
	uint64_t seed = 99;
	uint8_t bits[1024];
	for (int round = 0; round < 60; round++) {
		for (size_t i = 0; i < sizeof bits; i++) {
			uint64_t r = next_random(&seed);
			bits[i] = round % 4 == 0 ? (uint8_t)r
				: round % 4 == 1 ? (uint8_t)(r % 50 ? 0xff : r)
				: round % 4 == 2 ? (i / 100 % 2 ? 0 : 0xff)
						 : (uint8_t)(round & 4 ? 0 : 0xff);
		}
		check_levels((size_t)(next_random(&seed) % 8000) + 1, bits, round % 13);
	}
}

/* ---- delta ---- */

static void check_delta(const void *values, size_t n, uint32_t width)
{
	struct tr_err err = { 0 };
	struct tr_buf buf;
	tr_buf_init(&buf, (size_t)1 << 26);
	assert_ok(tr_pq_delta_write(values, n, width, &buf, &err), err);
	const uint8_t *p = buf.data;
	size_t block = read_varint(&p), minis = read_varint(&p);
	assert_int_equal(block % 128, 0);
	assert_int_equal(block / minis % 32, 0);
	assert_int_equal(read_varint(&p), n);
	uint64_t value = (uint64_t)read_zigzag(&p);
	for (size_t at = 0; at < n;) {
		assert_memory_equal(&value, (const uint8_t *)values + at * width, width); /* little-endian */
		if (++at == n)
			break;
		if ((at - 1) % block == 0) {
			/* a block's head, then its miniblocks, all at once */
			uint64_t least = (uint64_t)read_zigzag(&p);
			const uint8_t *widths = p;
			p += minis;
			size_t left = n - at < block ? n - at : block, per = block / minis;
			for (size_t k = 0; k < left; k++) {
				if (k)
					assert_memory_equal(&value,
						(const uint8_t *)values + (at + k - 1) * width, width);
				assert_true(widths[k / per] <= width * 8);
				value += least + read_bits(p, k % per * widths[k / per], widths[k / per]);
				if (k % per == per - 1 || k == left - 1)
					p += per * widths[k / per] / 8;
			}
			at += left - 1;
		}
	}
	assert_ptr_equal(p, buf.data + buf.len);
	tr_buf_clear(&buf);
}

static void deltas_of_both_widths_read_back(void **state)
{
	(void)state;
	uint64_t seed = 5;
	int64_t wide[700];
	int32_t narrow[700];
	for (int round = 0; round < 300; round++) {
		size_t n = (size_t)(next_random(&seed) % 700);
		unsigned bits = (unsigned)(next_random(&seed) % 64);
		for (size_t i = 0; i < n; i++) {
			uint64_t r = next_random(&seed) >> bits;
			wide[i] = round % 3 ? (int64_t)r : (int64_t)(i * 1000 + r % 3);
			narrow[i] = (int32_t)wide[i];
		}
		check_delta(wide, n, 8);
		check_delta(narrow, n, 4);
	}
}

static void deltas_wrap_around_at_the_edges(void **state)
{
	(void)state;
	int64_t wide[300];
	int32_t narrow[300];
	for (size_t i = 0; i < 300; i++) {
		wide[i] = i % 2 ? INT64_MAX : INT64_MIN;
		narrow[i] = i % 3 ? INT32_MAX : INT32_MIN;
	}
	for (size_t n = 0; n <= 300; n++) {
		check_delta(wide, n, 8);
		check_delta(narrow, n, 4);
	}
}

/* ---- dictionaries ---- */

static void bind(struct tr_pq_column *c, enum tr_kind kind, uint8_t precision)
{
	static char name[] = "v";
	struct tr_field field = { .name = name, .type = { .kind = kind, .precision = precision } };
	tr_pq_column_bind(c, &field, 1);
}

/* Values of `distinct` ones into an empty dictionary. */
static void number_fixed(const struct tr_pq_column *c, uint32_t distinct, uint64_t seed,
	struct tr_pq_dict *dict)
{
	struct tr_err err = { 0 };
	uint8_t values[512 * 16];
	uint32_t numbers[512];
	for (int round = 0; round < 100; round++) {
		for (size_t i = 0; i < 512; i++) {
			/* neighbours in the low bytes, in the high ones, and all over */
			uint64_t k = next_random(&seed) % distinct,
				 pair[2] = { k, c->width == 16 ? k << 40 : 0 };
			if (c->width == 8)
				pair[0] = k << 44;
			memcpy(values + i * c->width, pair, c->width);
		}
		struct tr_pq_slice s = { .rows = 512,
			.values = 512,
			.fixed = values,
			.bytes = 512 * c->width };
		assert_ok(tr_pq_dict_number(dict, &s, numbers, &err), err);
		for (size_t i = 0; i < 512; i++) {
			assert_true(numbers[i] < dict->n);
			assert_memory_equal(dict->values.data + numbers[i] * c->width, values + i * c->width,
				c->width);
		}
	}
	assert_true(dict->n <= distinct);
	assert_int_equal(dict->values.len, (size_t)dict->n * c->width);
}

static void check_fixed_dictionary(enum tr_kind kind, uint8_t precision, uint32_t distinct)
{
	struct tr_pq_column column;
	struct tr_pq_dict dict;
	bind(&column, kind, precision);
	tr_pq_dict_init(&dict, &column);
	number_fixed(&column, distinct, 3, &dict);
	/* What was in it before is forgotten, its memory is kept. */
	size_t memory = tr_pq_dict_memory(&dict);
	tr_pq_dict_reset(&dict);
	assert_int_equal(dict.n, 0);
	assert_int_equal(tr_pq_dict_memory(&dict), memory);
	number_fixed(&column, (distinct + 1) / 2, 4, &dict);
	tr_pq_dict_clear(&dict);
}

static void dictionaries_number_equal_values_alike(void **state)
{
	(void)state;
	for (uint32_t distinct = 1; distinct < 20000; distinct *= 7) {
		check_fixed_dictionary(TR_INT32, 0, distinct);
		check_fixed_dictionary(TR_DOUBLE, 0, distinct);
		check_fixed_dictionary(TR_UUID, 0, distinct);
		check_fixed_dictionary(TR_DECIMAL, 19, distinct);
	}
}

static void text_dictionaries_tell_lengths_apart(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_pq_column column;
	struct tr_pq_dict dict;
	bind(&column, TR_STRING, 0);
	tr_pq_dict_init(&dict, &column);
	static const uint8_t zeros[64] = { 0 };
	struct tr_pq_bytes refs[64];
	uint32_t numbers[64];
	for (size_t i = 0; i < 64; i++)
		refs[i] = (struct tr_pq_bytes){ i ? zeros : NULL, i };
	struct tr_pq_slice s = { .rows = 64, .values = 64, .refs = refs };
	for (int round = 0; round < 2; round++) {
		assert_ok(tr_pq_dict_number(&dict, &s, numbers, &err), err);
		for (uint32_t i = 0; i < 64; i++)
			assert_int_equal(numbers[i], i);
	}
	assert_int_equal(dict.n, 64);
	assert_int_equal(dict.values.len, 64 * 4 + 63 * 64 / 2);
	tr_pq_dict_clear(&dict);
}

/* Texts of 5 to 39 bytes, told apart by their last ones, in a dictionary of any size. */
static void check_text_dictionary(uint32_t distinct)
{
	struct tr_err err = { 0 };
	struct tr_pq_column column;
	struct tr_pq_dict dict;
	bind(&column, TR_STRING, 0);
	tr_pq_dict_init(&dict, &column);
	uint64_t seed = 5;
	static char texts[512][64];
	struct tr_pq_bytes refs[512];
	uint32_t numbers[512];
	bool *seen = calloc(distinct, sizeof *seen);
	uint32_t n_seen = 0;
	assert_non_null(seen);
	for (int round = 0; round < 100; round++) {
		for (size_t i = 0; i < 512; i++) {
			uint32_t k = (uint32_t)(next_random(&seed) % distinct);
			int len = snprintf(texts[i], sizeof texts[i], "%0*u", (int)(k % 35) + 5, k);
			refs[i] = (struct tr_pq_bytes){ (const uint8_t *)texts[i], (size_t)len };
			n_seen += !seen[k];
			seen[k] = true;
		}
		struct tr_pq_slice s = { .rows = 512, .values = 512, .refs = refs };
		assert_ok(tr_pq_dict_number(&dict, &s, numbers, &err), err);
		assert_int_equal(dict.n, n_seen);
		for (size_t i = 0; i < 512; i++) {
			assert_true(numbers[i] < dict.n);
			const uint8_t *entry = dict.values.data + dict.starts[numbers[i]];
			uint32_t len;
			memcpy(&len, entry, 4);
			assert_int_equal(len, refs[i].len);
			assert_memory_equal(entry + 4, refs[i].ptr, len);
		}
	}
	free(seen);
	tr_pq_dict_clear(&dict);
}

static void text_dictionaries_number_equal_texts_alike(void **state)
{
	(void)state;
	for (uint32_t distinct = 1; distinct < 20000; distinct *= 7)
		check_text_dictionary(distinct);
}

/* ---- the choice ---- */

static void distinct_values_are_projected_from_collisions(void **state)
{
	(void)state;
	/* 65,536 draws of 100,000 show 48,072 of them on average. */
	double d = tr_pq_project_distinct(65536, 48072, 1048576);
	assert_true(d > 99000 && d < 101000);
	assert_true(tr_pq_project_distinct(65536, 65536, 1048576) == 1048576);
	assert_true(tr_pq_project_distinct(65536, 1, 1048576) < 1.01);
	assert_true(tr_pq_project_distinct(65536, 20, 65536) >= 20);
	double rare = tr_pq_project_distinct(65536, 65000, 1048576);
	assert_true(rare > 800000 && rare < 1048576);
}

static void the_columns_that_save_most_keep_their_dictionaries(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_pq_choice c[4] = {
		{ .best = TR_PQ_DICTIONARY, .saved = 10, .dictionary_bytes = 6e6, .dictionary_most = 6e6 },
		{ .best = TR_PQ_DICTIONARY, .saved = 30, .dictionary_bytes = 6e6, .dictionary_most = 6e6 },
		{ .best = TR_PQ_PLAIN, .saved = 99 },
		{ .best = TR_PQ_DICTIONARY, .saved = 20, .dictionary_bytes = 1e3, .dictionary_most = 9e6 },
	};
	size_t quota[4];
	assert_ok(tr_pq_grant(c, 4, 8000000, 10000000, quota, &err), err);
	assert_int_equal(quota[0], 0);
	assert_true(quota[1] >= 6000000 && quota[1] <= 8000000);
	assert_int_equal(quota[2], 0);
	assert_true(quota[3] > 2000000);
	assert_true(quota[1] + quota[3] <= 10000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_and_literals_of_every_width_read_back),
		cmocka_unit_test(long_runs_take_a_few_bytes),
		cmocka_unit_test(definition_levels_read_back),
		cmocka_unit_test(deltas_of_both_widths_read_back),
		cmocka_unit_test(deltas_wrap_around_at_the_edges),
		cmocka_unit_test(dictionaries_number_equal_values_alike),
		cmocka_unit_test(text_dictionaries_tell_lengths_apart),
		cmocka_unit_test(text_dictionaries_number_equal_texts_alike),
		cmocka_unit_test(distinct_values_are_projected_from_collisions),
		cmocka_unit_test(the_columns_that_save_most_keep_their_dictionaries),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
