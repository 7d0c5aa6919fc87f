#include "fmt/parquet_dict.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/*
 * Places are in groups of 8, found from the top bits of a value's hash; a group that is full
 * goes on in the next one. A place's tag is 0 while it is free, else 0x80 and the last 7 bits of
 * the hash, so that one comparison of 8 bytes tells which place of a group may hold a value:
 * nearly always one, and the right one, which leaves the processor no branch to guess.
 */
enum { GROUP = 8, PLACE_BITS_MIN = 6, PLACE_BITS_MAX = 31 };

/* Hashes are computed, and what they lead to is fetched into the cache, this many values
 * ahead: a large dictionary's lookups are a wait for memory each, unless they overlap. */
enum { AHEAD = 32 };

#define LOW_BITS UINT64_C(0x0101010101010101)
#define HIGH_BITS UINT64_C(0x8080808080808080)
#define NONE UINT32_MAX

#define INLINE static inline __attribute__((always_inline))

void tr_pq_dict_init(struct tr_pq_dict *d, const struct tr_pq_column *column)
{
	*d = (struct tr_pq_dict){ .column = column };
	tr_buf_init(&d->values, UINT32_MAX);
}

void tr_pq_dict_clear(struct tr_pq_dict *d)
{
	tr_buf_clear(&d->values);
	free(d->starts);
	free(d->tags);
	free(d->numbers);
	tr_pq_dict_init(d, d->column);
}

void tr_pq_dict_reset(struct tr_pq_dict *d)
{
	d->n = 0;
	d->values.len = 0;
	if (d->place_bits)
		memset(d->tags, 0, (size_t)1 << d->place_bits);
}

size_t tr_pq_dict_memory(const struct tr_pq_dict *d)
{
	size_t places = d->place_bits ? (sizeof *d->tags + sizeof *d->numbers) << d->place_bits : 0;
	return d->values.cap + d->starts_cap * sizeof *d->starts + places;
}

/* ---- values ---- */

/* A value: of `width` bytes, a constant at most calls, or of any number of them (width 0). */
struct value {
	const uint8_t *p;
	size_t len;
};

INLINE struct value value_of(const struct tr_pq_slice *s, size_t width, size_t i)
{
	if (width)
		return (struct value){ s->fixed + i * width, width };
	return (struct value){ s->refs[i].len ? s->refs[i].ptr : (const uint8_t *)"", s->refs[i].len };
}

/* The dictionary's own. */
INLINE struct value entry_of(const struct tr_pq_dict *d, size_t width, uint32_t number)
{
	if (width)
		return (struct value){ d->values.data + (size_t)number * width, width };
	const uint8_t *p = d->values.data + d->starts[number];
	uint32_t len;
	memcpy(&len, p, 4);
	return (struct value){ p + 4, len };
}

INLINE uint64_t load(const uint8_t *p, size_t width)
{
	uint64_t v = 0;
	memcpy(&v, p, width);
	return v;
}

/* The top bits of the product depend on every bit of the value (Knuth's multiplicative hash). */
INLINE uint64_t mix(uint64_t v)
{
	return (v ^ v >> 32) * UINT64_C(0x9e3779b97f4a7c15);
}

INLINE uint32_t hash_of(struct value v, size_t width)
{
	if (!width)
		return (uint32_t)(XXH3_64bits(v.p, v.len) >> 32);
	/* More than 8 bytes: as two words that overlap. */
	uint64_t word = width <= 8 ? load(v.p, width) : load(v.p, 8) ^ mix(load(v.p + width - 8, 8));
	return (uint32_t)(mix(word) >> 32);
}

INLINE bool equal(struct value a, struct value b, size_t width)
{
	if (width)
		return memcmp(a.p, b.p, width) == 0;
	return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

/* ---- the table ---- */

INLINE uint64_t tag_of(uint32_t hash)
{
	return 0x80 | (hash & 0x7f);
}

INLINE size_t group_of(const struct tr_pq_dict *d, uint32_t hash)
{
	return hash >> (32 - d->place_bits) & ~(size_t)(GROUP - 1);
}

INLINE size_t next_group(const struct tr_pq_dict *d, size_t group)
{
	return (group + GROUP) & (((size_t)1 << d->place_bits) - 1);
}

/* The high bit of every byte that is zero; of bytes above such a one perhaps, too. */
INLINE uint64_t zeros(uint64_t tags)
{
	return (tags - LOW_BITS) & ~tags & HIGH_BITS;
}

/* A group's tags, the first place in the lowest byte. */
INLINE uint64_t tags_at(const struct tr_pq_dict *d, size_t group)
{
	uint64_t tags = load(d->tags + group, GROUP);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	tags = __builtin_bswap64(tags);
#endif
	return tags;
}

INLINE size_t first_of(uint64_t bits)
{
	return (size_t)__builtin_ctzll(bits) / 8;
}

/* Of a value that is not there yet, where a place is free. */
static void put(struct tr_pq_dict *d, uint32_t hash, uint32_t number)
{
	size_t at = group_of(d, hash);
	uint64_t vacant;
	while (!(vacant = zeros(tags_at(d, at))))
		at = next_group(d, at);
	at += first_of(vacant);
	d->tags[at] = (uint8_t)tag_of(hash);
	d->numbers[at] = number;
}

static bool grow(struct tr_pq_dict *d, struct tr_err *err)
{
	unsigned bits = d->place_bits ? d->place_bits + 1 : PLACE_BITS_MIN;
	if (bits > PLACE_BITS_MAX)
		return tr_err_set(err, TR_ERR_INTERNAL, "a dictionary passed its maximum");
	uint32_t *numbers = tr_malloc(sizeof *numbers << bits, err);
	uint8_t *tags = numbers ? tr_calloc((size_t)1 << bits, sizeof *tags, err) : NULL;
	if (!tags) {
		free(numbers);
		return false;
	}
	free(d->tags);
	free(d->numbers);
	d->tags = tags;
	d->numbers = numbers;
	d->place_bits = bits;
	size_t width = d->column->width;
	for (uint32_t i = 0; i < d->n; i++)
		put(d, hash_of(entry_of(d, width, i), width), i);
	return true;
}

/* At most three quarters of the places are taken: few groups are full. */
static bool make_room(struct tr_pq_dict *d, struct tr_err *err)
{
	return (d->place_bits && (uint64_t)d->n * 4 < (uint64_t)3 << d->place_bits) || grow(d, err);
}

static bool add(struct tr_pq_dict *d, struct value v, size_t width, uint32_t hash, struct tr_err *err)
{
	if (!make_room(d, err))
		return false;
	if (!width) {
		uint32_t len = (uint32_t)v.len;
		if (!tr_array_grow((void **)&d->starts, d->n, &d->starts_cap, sizeof *d->starts, err) ||
			!tr_buf_reserve(&d->values, 4 + v.len, err))
			return false;
		d->starts[d->n] = (uint32_t)d->values.len;
		memcpy(d->values.data + d->values.len, &len, 4);
		d->values.len += 4;
	}
	if (!tr_buf_append(&d->values, v.p, v.len, err))
		return false;
	put(d, hash, d->n++);
	return true;
}

/* The number of a value that is new, or not the first one that its tag led to. */
static bool search(struct tr_pq_dict *d, struct value v, size_t width, uint32_t hash, uint32_t *number,
	struct tr_err *err)
{
	uint64_t tags;
	size_t at = group_of(d, hash);
	do {
		tags = tags_at(d, at);
		for (uint64_t match = zeros(tags ^ tag_of(hash) * LOW_BITS); match; match &= match - 1) {
			size_t place = at + first_of(match);
			/* Of the bits above the first some may be wrong. */
			if (d->tags[place] != tag_of(hash))
				continue;
			*number = d->numbers[place];
			if (equal(entry_of(d, width, *number), v, width))
				return true;
		}
		at = next_group(d, at);
	} while (!zeros(tags));
	*number = d->n;
	return add(d, v, width, hash, err);
}

/* numbers[0 .. n) of the slice's values from `from` on, n at most AHEAD. */
INLINE bool number_some(struct tr_pq_dict *d, const struct tr_pq_slice *s, size_t width, size_t from,
	size_t n, uint32_t *numbers, struct tr_err *err)
{
	uint32_t hash[AHEAD];
	for (size_t k = 0; k < n; k++) {
		hash[k] = hash_of(value_of(s, width, from + k), width);
		__builtin_prefetch(d->tags + group_of(d, hash[k]));
		__builtin_prefetch(d->numbers + group_of(d, hash[k]));
	}
	for (size_t k = 0; k < n; k++) {
		size_t at = group_of(d, hash[k]);
		uint64_t match = zeros(tags_at(d, at) ^ tag_of(hash[k]) * LOW_BITS);
		numbers[k] = match ? d->numbers[at + first_of(match)] : NONE;
		if (match && width)
			__builtin_prefetch(d->values.data + (size_t)numbers[k] * width);
		else if (match)
			__builtin_prefetch(d->values.data + d->starts[numbers[k]]);
	}
	for (size_t k = 0; k < n; k++) {
		struct value v = value_of(s, width, from + k);
		if ((numbers[k] == NONE || !equal(entry_of(d, width, numbers[k]), v, width)) &&
			!search(d, v, width, hash[k], &numbers[k], err))
			return false;
	}
	return true;
}

INLINE bool number_all(struct tr_pq_dict *d, const struct tr_pq_slice *s, size_t width, uint32_t *numbers,
	struct tr_err *err)
{
	for (size_t i = 0; i < s->values; i += AHEAD) {
		size_t n = s->values - i < AHEAD ? s->values - i : AHEAD;
		if (!number_some(d, s, width, i, n, numbers + i, err))
			return false;
	}
	return true;
}

bool tr_pq_dict_number(struct tr_pq_dict *d, const struct tr_pq_slice *s, uint32_t *numbers,
	struct tr_err *err)
{
	if (!d->place_bits && !grow(d, err))
		return false;
	switch (d->column->width) {
	case 0: return number_all(d, s, 0, numbers, err);
	case 4: return number_all(d, s, 4, numbers, err);
	case 8: return number_all(d, s, 8, numbers, err);
	default: return number_all(d, s, d->column->width, numbers, err);
	}
}
