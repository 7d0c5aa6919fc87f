/*
 * What a statement will read at most, before it is run: the columns that it touches, by the
 * sizes that the manifests tell.
 */
#ifndef TR_CLI_ESTIMATE_H
#define TR_CLI_ESTIMATE_H

#include "cli/statement.h"
#include "cli/statement_names.h"

struct tr_estimate {
	bool known;     /* false: it reads what is not in the lake */
	uint64_t bytes; /* no partition, row group or page is taken off */
};
/* Where the embedded engine does not understand the statement, all columns of the datasets
 * that it names count. */
bool tr_estimate_scan(const struct tr_statement_options *options, const char *sql,
	const struct tr_statement_names *names, struct tr_estimate *out, struct tr_err *err) TR_CHECKED;
/* Refuse a statement that may read more than options->max_scan. */
bool tr_estimate_check(const struct tr_statement_options *options, const struct tr_estimate *estimate,
	struct tr_err *err) TR_CHECKED;

/* Millionths of a dollar that Athena asks for scanned bytes: whole megabytes, at least 10. */
int64_t tr_estimate_cost(uint64_t bytes, int64_t price_per_tb_micros);
/* `$0.0045`, `$12.30`; buf has TR_UNITS_TEXT bytes. */
const char *tr_estimate_dollars(int64_t micros, char *buf);

#endif
