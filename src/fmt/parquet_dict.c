#include "fmt/parquet_dict.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Hashes are computed, and what they lead to is fetched into the cache, this many values
 * ahead: a large dictionary's lookups are a wait for memory each, unless they overlap. */
enum { AHEAD = 32, SLOT_BITS_MIN = 6, SLOT_BITS_MAX = 31 };

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
	return d->values.cap + d->starts_cap * sizeof *d->starts + slots;
}

/* ---- the table ---- */

/* A slot holds the value's hash above its number + 1; 0: free. A value's place is found
 * from the top bits of its hash, so that a table can be enlarged from its slots alone. */
static inline uint64_t slot_of(uint32_t hash, uint32_t number)
{
	return (uint64_t)hash << 32 | (number + 1);
}

static inline uint32_t slot_hash(uint64_t slot)
{
	return (uint32_t)(slot >> 32);
}

static inline uint32_t slot_number(uint64_t slot)
{
	return (uint32_t)slot - 1;
}

static inline size_t place(const struct tr_pq_dict *d, uint32_t hash)
{
	return hash >> (32 - d->slot_bits);
}

static bool grow(struct tr_pq_dict *d, struct tr_err *err)
{
	unsigned bits = d->slot_bits ? d->slot_bits + 1 : SLOT_BITS_MIN;
	if (bits > SLOT_BITS_MAX)
		return tr_err_set(err, TR_ERR_INTERNAL, "a dictionary passed its maximum");
	uint64_t *slots = tr_calloc((size_t)1 << bits, sizeof *slots, err);
	if (!slots)
		return false;
	size_t mask = ((size_t)1 << bits) - 1, old = d->slot_bits ? (size_t)1 << d->slot_bits : 0;
	for (size_t i = 0; i < old; i++) {
		if (!d->slots[i])
			continue;
		size_t at = slot_hash(d->slots[i]) >> (32 - bits);
		while (slots[at])
			at = (at + 1) & mask;
		slots[at] = d->slots[i];
	}
	free(d->slots);
	d->slots = slots;
	d->slot_bits = bits;
	return true;
}

/* At most three quarters of the slots are taken: neighbours share cache lines. */
static inline bool room(struct tr_pq_dict *d, struct tr_err *err)
{
	return (d->slot_bits && (uint64_t)d->n * 4 < (uint64_t)3 << d->slot_bits) || grow(d, err);
}

/* ---- values of fixed width ---- */

static inline uint64_t load(const uint8_t *p, size_t width)
{
	uint64_t v = 0;
	memcpy(&v, p, width);
	return v;
}

/* The top bits of the product depend on every bit of the value (Knuth's multiplicative hash). */
static inline uint64_t mix(uint64_t v)
{
	return (v ^ v >> 32) * UINT64_C(0x9e3779b97f4a7c15);
}

static inline uint32_t hash_fixed(const uint8_t *p, size_t width)
{
	/* More than 8 bytes: as two words that overlap. */
	uint64_t v = width <= 8 ? load(p, width) : load(p, 8) ^ mix(load(p + width - 8, 8));
	return (uint32_t)(mix(v) >> 32);
}

/* The number of one value; the width is a constant at most calls. */
static inline bool number_one(struct tr_pq_dict *d, const uint8_t *p, size_t width, uint32_t hash,
	uint32_t *number, struct tr_err *err)
{
	size_t mask = ((size_t)1 << d->slot_bits) - 1, at = place(d, hash);
	uint64_t slot;
	for (; (slot = d->slots[at]); at = (at + 1) & mask) {
		if (slot_hash(slot) == hash &&
			memcmp(d->values.data + (size_t)slot_number(slot) * width, p, width) == 0) {
			*number = slot_number(slot);
			return true;
		}
	}
	if (!tr_buf_append(&d->values, p, width, err))
		return false;
	*number = d->n++;
	d->slots[at] = slot_of(hash, *number);
	return room(d, err);
}

static inline bool number_fixed(struct tr_pq_dict *d, const uint8_t *p, size_t width, size_t n,
	uint32_t *numbers, struct tr_err *err)
{
	for (size_t i = 0; i < n; i += AHEAD, p += AHEAD * width, numbers += AHEAD) {
		uint32_t hash[AHEAD];
		size_t take = n - i < AHEAD ? n - i : AHEAD;
		for (size_t k = 0; k < take; k++) {
			hash[k] = hash_fixed(p + k * width, width);
			__builtin_prefetch(d->slots + place(d, hash[k]));
		}
		for (size_t k = 0; k < take; k++) {
			uint64_t slot = d->slots[place(d, hash[k])];
			if (slot)
				__builtin_prefetch(d->values.data + (size_t)slot_number(slot) * width);
		}
		for (size_t k = 0; k < take; k++)
			if (!number_one(d, p + k * width, width, hash[k], numbers + k, err))
				return false;
	}
	return true;
}

/* ---- byte arrays ---- */

static bool add_bytes(struct tr_pq_dict *d, const struct tr_pq_bytes *v, uint32_t hash, size_t at,
	struct tr_err *err)
{
	uint32_t len = (uint32_t)v->len;
	if (!tr_array_grow((void **)&d->starts, d->n, &d->starts_cap, sizeof *d->starts, err) ||
		!tr_buf_reserve(&d->values, 4 + v->len, err))
		return false;
	d->starts[d->n] = (uint32_t)d->values.len;
	uint8_t *p = d->values.data + d->values.len;
	memcpy(p, &len, 4);
	if (len)
		memcpy(p + 4, v->ptr, len);
	d->values.len += 4 + (size_t)len;
	d->slots[at] = slot_of(hash, d->n++);
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
	for (size_t i = 0; i < n; i += AHEAD, refs += AHEAD, numbers += AHEAD) {
		uint32_t hash[AHEAD];
		size_t take = n - i < AHEAD ? n - i : AHEAD;
		for (size_t k = 0; k < take; k++) {
			const void *p = refs[k].len ? (const void *)refs[k].ptr : "";
			hash[k] = (uint32_t)(XXH3_64bits(p, refs[k].len) >> 32);
			__builtin_prefetch(d->slots + place(d, hash[k]));
		}
		for (size_t k = 0; k < take; k++) {
			uint64_t slot = d->slots[place(d, hash[k])];
			if (slot)
				__builtin_prefetch(d->values.data + d->starts[slot_number(slot)]);
		}
		for (size_t k = 0; k < take; k++) {
			size_t mask = ((size_t)1 << d->slot_bits) - 1, at = place(d, hash[k]);
			uint64_t slot;
			while ((slot = d->slots[at]) &&
				(slot_hash(slot) != hash[k] || !same_bytes(d, slot_number(slot), refs + k)))
				at = (at + 1) & mask;
			if (!slot && !add_bytes(d, refs + k, hash[k], at, err))
				return false;
			numbers[k] = slot ? slot_number(slot) : d->n - 1;
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
	case 4: return number_fixed(d, s->fixed, 4, s->values, numbers, err);
	case 8: return number_fixed(d, s->fixed, 8, s->values, numbers, err);
	default: return number_fixed(d, s->fixed, d->column->width, s->values, numbers, err);
	}
}
