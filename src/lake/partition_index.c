#include "lake/partition_index.h"

#include <stdlib.h>
#include <string.h>

#include "lake/splitter_pool.h"

#define FIRST_SLOTS 256

bool tr_partition_index_init(struct tr_partition_index *x, struct tr_err *err)
{
	*x = (struct tr_partition_index){ .slots = FIRST_SLOTS };
	x->table = tr_calloc(x->slots, sizeof *x->table, err);
	return x->table != NULL;
}

void tr_partition_index_clear(struct tr_partition_index *x)
{
	free(x->items);
	free(x->table);
	*x = (struct tr_partition_index){ 0 };
}

uint32_t tr_partition_index_find(const struct tr_partition_index *x, const uint8_t *image, size_t len,
	uint64_t hash)
{
	for (size_t at = hash & (x->slots - 1); x->table[at]; at = (at + 1) & (x->slots - 1)) {
		const struct tr_partition *p = x->items[x->table[at] - 1];
		if (p->hash == hash && p->image_len == len && memcmp(p->image, image, len) == 0)
			return x->table[at] - 1;
	}
	return TR_PARTITION_NONE;
}

static void enter(uint32_t *table, size_t slots, uint64_t hash, size_t position)
{
	size_t at = hash & (slots - 1);
	while (table[at])
		at = (at + 1) & (slots - 1);
	table[at] = (uint32_t)position + 1;
}

bool tr_partition_index_add(struct tr_partition_index *x, struct tr_partition *p, struct tr_err *err)
{
	if (!tr_array_grow((void **)&x->items, x->n, &x->cap, sizeof(struct tr_partition *), err))
		return false;
	if (x->n >= x->slots / 2) {
		size_t slots = x->slots * 2;
		uint32_t *table = tr_calloc(slots, sizeof *table, err);
		if (!table)
			return false;
		for (size_t i = 0; i < x->n; i++)
			enter(table, slots, x->items[i]->hash, i);
		free(x->table);
		x->table = table;
		x->slots = slots;
	}
	enter(x->table, x->slots, p->hash, x->n);
	x->items[x->n++] = p;
	return true;
}
