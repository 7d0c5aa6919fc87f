/*
 * The datasets that a statement names: each identifier that is one, by its spelling only.
 */
#ifndef TR_CLI_STATEMENT_NAMES_H
#define TR_CLI_STATEMENT_NAMES_H

#include "data/name.h"
#include "lake/lake.h"

struct tr_statement_names {
	char **published; /* all of the lake */
	size_t n_published;
	char **used; /* in lower case: `orders` or `orders@3` */
	size_t n_used, cap;
	bool reads; /* it has a FROM or TABLE: it reads something, of the lake or not */
};

/* A lake without a store (nothing was ever published) has no datasets. */
bool tr_statement_names_find(const struct tr_lake *lake, const char *sql, struct tr_statement_names *out,
	struct tr_err *err) TR_CHECKED;
void tr_statement_names_clear(struct tr_statement_names *names);

/* The version of `orders@3`, 0 without one; `dataset` has TR_NAME_MAX + 1 bytes. */
uint64_t tr_statement_name_version(const char *name, char *dataset);

#endif
