/*
 * The conversions of the contract, a whole column of a batch at a time. Each is bound
 * once per column; a value that does not convert exactly is reported by its row.
 * Private to the contract.
 */
#ifndef TR_PLAN_CONTRACT_CONVERT_H
#define TR_PLAN_CONTRACT_CONVERT_H

#include "data/column.h"

struct tr_convert;
/* Append the view's rows to c->out (which is empty). Values under nulls are never judged.
 * c->bad_row >= 0 afterwards: the first row whose value does not convert. */
typedef bool (*tr_convert_fn)(struct tr_convert *c, const struct tr_view *in, struct tr_err *err);

struct tr_convert {
	tr_convert_fn run; /* NULL: the values stay as they are, see `judge` */
	/* The first row whose value can't stay as it is, -1 if there is none; NULL: all can. */
	int64_t (*judge)(const struct tr_convert *c, const struct tr_view *in);
	struct tr_type from, to;
	tr_i128 factor; /* 10^(added digits behind the point) */
	tr_i128 bound;  /* |value| must stay below it, before the factor */
	int64_t bad_row;
	struct tr_column out;
};

/* Bind the conversion of a pair for which tr_contract_widens holds. */
bool tr_convert_init(struct tr_convert *c, struct tr_type from, struct tr_type to, bool truncate,
	struct tr_err *err) TR_CHECKED;
void tr_convert_clear(struct tr_convert *c);

#endif
