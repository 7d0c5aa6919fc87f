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

/* The manifest of a name in `used`: of `orders@3` that version, else version `at`; 0: the newest.
 * One that is not published or has expired is an error. */
bool tr_statement_manifest(const struct tr_lake *lake, const char *name, uint64_t at, struct tr_manifest *out,
	struct tr_err *err) TR_CHECKED;

#endif
