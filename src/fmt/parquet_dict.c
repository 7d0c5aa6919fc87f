#include "fmt/parquet_dict.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Hashes are computed, and their slots fetched into the cache, this many values ahead. */
enum { AHEAD = 32, SLOT_BITS_MIN = 8, SLOT_BITS_MAX = 30 };

void tr_pq_dict_init(struct tr_pq_dict *d, const struct tr_pq_column *column)
{
	*d = (struct tr_pq_dict){ .column = column };
	tr_buf_init(&d->values, UINT32_MAX);
}

void tr_pq_dict_clear(struct tr_pq_dict *d)
{
	tr_buf_clear(&d->values);
	free(d->starts);
	free(d->slots);
	free(d->tags);
	tr_pq_dict_init(d, d->column);
}

void tr_pq_dict_reset(struct tr_pq_dict *d)
{
	d->n = 0;
	d->values.len = 0;
	if (d->slot_bits)
		memset(d->slots, 0, sizeof *d->slots << d->slot_bits);
}

size_t tr_pq_dict_memory(const struct tr_pq_dict *d)
{
	size_t slots = d->slot_bits ? sizeof *d->slots << d->slot_bits : 0;
	return d->values.cap + d->starts_cap * sizeof *d->starts + slots * (d->tags ? 2 : 1);
}

/* The top bits of the product depend on every bit of the value (Knuth's multiplicative hash). */
static inline uint64_t hash_word(uint64_t v)
{
	return (v ^ v >> 32) * UINT64_C(0x9e3779b97f4a7c15);
}

static inline uint64_t hash_pair(uint64_t a, uint64_t b)
{
	return hash_word(a ^ hash_word(b));
}

static inline uint64_t load(const uint8_t *p, size_t width)
{
	uint64_t v = 0;
	memcpy(&v, p, width);
	return v;
}

/* A FIXED value of 9 to 16 bytes as two words that overlap. */
static inline uint64_t hash_fixed(const uint8_t *p, size_t width)
{
	return hash_pair(load(p, 8), load(p + width - 8, 8));
}

static uint64_t hash_stored(const struct tr_pq_dict *d, uint32_t number)
{
	uint32_t width = d->column->width;
	const uint8_t *p = d->values.data + (size_t)number * width;
	return width > 8 ? hash_fixed(p, width) : hash_word(load(p, width));
}

/* Double the table; byte arrays are found again by their tags' bits and so keep both arrays in step. */
static bool grow(struct tr_pq_dict *d, struct tr_err *err)
{
	unsigned bits = d->slot_bits ? d->slot_bits + 1 : SLOT_BITS_MIN;
	bool bytes = d->column->width == 0;
	if (bits > SLOT_BITS_MAX)
		return tr_err_set(err, TR_ERR_INTERNAL, "a dictionary passed its maximum");
	uint32_t *slots = tr_calloc((size_t)1 << bits, sizeof *slots, err);
	uint32_t *tags = slots && bytes ? tr_calloc((size_t)1 << bits, sizeof *tags, err) : NULL;
	if (!slots || (bytes && !tags)) {
		free(slots);
		return false;
	}
	size_t mask = ((size_t)1 << bits) - 1, old = d->slot_bits ? (size_t)1 << d->slot_bits : 0;
	for (size_t i = 0; i < old; i++) {
		if (!d->slots[i])
			continue;
		size_t at = bytes ? d->tags[i] & mask
			: (size_t)(hash_stored(d, d->slots[i] - 1) >> (64 - bits));
		while (slots[at])
			at = (at + 1) & mask;
		slots[at] = d->slots[i];
		if (bytes)
			tags[at] = d->tags[i];
	}
	free(d->slots);
	free(d->tags);
	d->slots = slots;
	d->tags = tags;
	d->slot_bits = bits;
	return true;
}

/* At most half of the slots are taken. */
static inline bool room(struct tr_pq_dict *d, struct tr_err *err)
{
	return (d->slot_bits && (size_t)d->n * 2 < (size_t)1 << d->slot_bits) || grow(d, err);
}

/* The number of one value of `width` bytes; the width is a constant at every call. */
static inline bool number_one(struct tr_pq_dict *d, const uint8_t *p, size_t width, uint64_t hash,
	uint32_t *number, struct tr_err *err)
{
	size_t mask = ((size_t)1 << d->slot_bits) - 1;
	size_t at = (size_t)(hash >> (64 - d->slot_bits));
	for (; d->slots[at]; at = (at + 1) & mask) {
		uint32_t k = d->slots[at] - 1;
		if (memcmp(d->values.data + (size_t)k * width, p, width) == 0) {
			*number = k;
			return true;
		}
	}
	if (!tr_buf_append(&d->values, p, width, err))
		return false;
	d->slots[at] = ++d->n;
	*number = d->n - 1;
	return room(d, err);
}

#define NUMBER_FIXED(name, width, hash_of) \
	static bool name(struct tr_pq_dict *d, const uint8_t *p, size_t n, uint32_t *numbers, \
		struct tr_err *err) \
	{ \
		for (size_t i = 0; i < n; i += AHEAD) { \
			uint64_t hash[AHEAD]; \
			size_t take = n - i < AHEAD ? n - i : AHEAD; \
			for (size_t k = 0; k < take; k++) { \
				hash[k] = hash_of; \
				__builtin_prefetch(d->slots + (hash[k] >> (64 - d->slot_bits))); \
			} \
			for (size_t k = 0; k < take; k++) \
				if (!number_one(d, p + (i + k) * (width), (width), hash[k], numbers + i + k, err)) \
					return false; \
		} \
		return true; \
	}
NUMBER_FIXED(number_4, 4, hash_word(load(p + (i + k) * 4, 4)))
NUMBER_FIXED(number_8, 8, hash_word(load(p + (i + k) * 8, 8)))
NUMBER_FIXED(number_wide, (size_t)d->column->width,
	hash_fixed(p + (i + k) * d->column->width, d->column->width))

static bool add_bytes(struct tr_pq_dict *d, const struct tr_pq_bytes *v, uint32_t tag, size_t at,
	struct tr_err *err)
{
	uint32_t len = (uint32_t)v->len;
	if (!tr_array_grow((void **)&d->starts, d->n, &d->starts_cap, sizeof *d->starts, err)
		|| !tr_buf_reserve(&d->values, 4 + v->len, err))
		return false;
	d->starts[d->n] = (uint32_t)d->values.len;
	uint8_t *p = d->values.data + d->values.len;
	memcpy(p, &len, 4);
	if (len)
		memcpy(p + 4, v->ptr, len);
	d->values.len += 4 + (size_t)len;
	d->tags[at] = tag;
	d->slots[at] = ++d->n;
	return room(d, err);
}

static inline bool same_bytes(const struct tr_pq_dict *d, uint32_t number, const struct tr_pq_bytes *v)
{
	const uint8_t *p = d->values.data + d->starts[number];
	uint32_t len;
	memcpy(&len, p, 4);
	return len == v->len && (len == 0 || memcmp(p + 4, v->ptr, len) == 0);
}

static bool number_bytes(struct tr_pq_dict *d, const struct tr_pq_bytes *refs, size_t n, uint32_t *numbers,
	struct tr_err *err)
{
	for (size_t i = 0; i < n; i += AHEAD) {
		uint32_t tag[AHEAD];
		size_t take = n - i < AHEAD ? n - i : AHEAD;
		for (size_t k = 0; k < take; k++) {
			tag[k] = (uint32_t)XXH3_64bits(refs[i + k].ptr ? refs[i + k].ptr : (const uint8_t *)"",
				refs[i + k].len);
			__builtin_prefetch(d->slots + (tag[k] & ((UINT32_C(1) << d->slot_bits) - 1)));
			__builtin_prefetch(d->tags + (tag[k] & ((UINT32_C(1) << d->slot_bits) - 1)));
		}
		for (size_t k = 0; k < take; k++) {
			size_t mask = ((size_t)1 << d->slot_bits) - 1, at = tag[k] & mask;
			while (d->slots[at]
				&& (d->tags[at] != tag[k] || !same_bytes(d, d->slots[at] - 1, refs + i + k)))
				at = (at + 1) & mask;
			if (d->slots[at])
				numbers[i + k] = d->slots[at] - 1;
			else if (add_bytes(d, refs + i + k, tag[k], at, err))
				numbers[i + k] = d->n - 1;
			else
				return false;
		}
	}
	return true;
}

bool tr_pq_dict_number(struct tr_pq_dict *d, const struct tr_pq_slice *s, uint32_t *numbers,
	struct tr_err *err)
{
	if (!d->slot_bits && !grow(d, err))
		return false;
	switch (d->column->width) {
	case 0: return number_bytes(d, s->refs, s->values, numbers, err);
	case 4: return number_4(d, s->fixed, s->values, numbers, err);
	case 8: return number_8(d, s->fixed, s->values, numbers, err);
	default: return number_wide(d, s->fixed, s->values, numbers, err);
	}
}
