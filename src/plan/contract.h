/*
 * The contract: what the transform yields against what is declared, and the conversion
 * that is left. Only lossless widening is implicit (design.md §2): anything else is an
 * error that shows the CAST to write.
 */
#ifndef TR_PLAN_CONTRACT_H
#define TR_PLAN_CONTRACT_H

#include "data/stream.h"

/* One published column: where it comes from and how it is converted. */
struct tr_contract_column {
	int source; /* index into the yielded schema */
	struct tr_type from, to;
	bool not_null;
	bool truncate;               /* timestamp(3) */
	const char *const *accepted; /* borrowed */
	size_t n_accepted;
};

/* Can `from` become `to` without loss? */
bool tr_contract_widens(struct tr_type from, struct tr_type to);
/* The SQL that converts `column` where it does not widen, as `CAST(amount AS BIGINT)`. */
void tr_contract_cast(struct tr_type from, struct tr_type to, const char *column, char *buf, size_t size);

/* Wrap a stream: columns picked, converted, and checked in the stream (not_null, accepted,
 * finer digits, decimals that do not fit). A broken contract is TR_ERR_DATA and names the
 * dataset, column, value and the row by `key_columns` (indices into the result). Takes `in` over. */
struct tr_contract {
	const char *dataset;
	struct tr_schema schema; /* the published columns */
	struct tr_contract_column *columns;
	const int *key_columns;
	size_t n_key_columns;
};
bool tr_contract_apply(const struct tr_contract *contract, struct ArrowArrayStream *in,
	struct ArrowArrayStream *out, struct tr_err *err) TR_CHECKED;

#endif
