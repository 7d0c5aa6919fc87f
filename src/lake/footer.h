/* The footer of a Parquet file in a store, read back and checked against its schema. */
#ifndef TR_LAKE_FOOTER_H
#define TR_LAKE_FOOTER_H

#include "fmt/parquet_stats.h"
#include "io/store.h"

/* *stats is cleared by the caller, also on failure. `foreign`: tailrace did not write the file. */
bool tr_lake_footer(struct tr_store *store, const char *key, uint64_t bytes, const struct tr_schema *schema,
	bool foreign, struct tr_parquet_stats *stats, struct tr_err *err) TR_CHECKED;

#endif
