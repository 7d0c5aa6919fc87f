/* The catalog queries behind relation.h: any number of relations in four round trips. */
#ifndef TR_SOURCE_RELATION_CATALOG_H
#define TR_SOURCE_RELATION_CATALOG_H

#include "source/relation.h"

/* Load the relations with these oids (`{16384,16385}`), in the order of their oids; those
 * that were dropped meanwhile are left out. *out is an array to free(), each relation for
 * tr_relation_free. */
bool tr_relation_catalog(struct tr_pg *pg, const char *oids, struct tr_relation ***out, size_t *n,
	struct tr_err *err) TR_CHECKED;

#endif
