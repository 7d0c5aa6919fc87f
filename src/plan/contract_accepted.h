/* A column's accepted values as a set of byte strings. Private to the contract. */
#ifndef TR_PLAN_CONTRACT_ACCEPTED_H
#define TR_PLAN_CONTRACT_ACCEPTED_H

#include "data/column.h"

struct tr_accepted_value {
	const uint8_t *bytes; /* as in an Arrow buffer; of a bool one byte, 0 or 1 */
	size_t len;
};

struct tr_accepted {
	struct tr_type type;
	struct tr_accepted_value *values; /* sorted by length, then bytes */
	size_t n;
	uint8_t *storage;
	int64_t (*find)(const struct tr_accepted *a, const struct tr_view *column);
};

/* The texts are values of the type, as configurations write them. */
bool tr_accepted_init(struct tr_accepted *a, struct tr_type type, const char *const *texts, size_t n,
	struct tr_err *err) TR_CHECKED;
void tr_accepted_clear(struct tr_accepted *a);
/* The first row whose value is not among them, or -1. A null passes. */
static inline int64_t tr_accepted_find(const struct tr_accepted *a, const struct tr_view *column)
{
	return a->find(a, column);
}

#endif
