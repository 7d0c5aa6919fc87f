/* The footer of a Parquet file in a store, read back, and held against what its manifest says. */
#ifndef TR_LAKE_FOOTER_H
#define TR_LAKE_FOOTER_H

#include "fmt/parquet_stats.h"
#include "io/store.h"
#include "lake/manifest.h"

/* *stats is cleared by the caller, also on failure. `foreign`: tailrace did not write the file. */
bool tr_lake_footer(struct tr_store *store, const char *key, uint64_t bytes, const struct tr_schema *schema,
	bool foreign, struct tr_parquet_stats *stats, struct tr_err *err) TR_CHECKED;

/* Whether the file's footer says what the manifest says of it. `difference` becomes the first
 * thing in which they differ, as `has 3 rows ..., its manifest says 4 ...`; "" where there is none.
 * Error: the footer can't be read. */
#define TR_FOOTER_TEXT 400
bool tr_lake_footer_compare(struct tr_store *store, const struct tr_manifest *m,
	const struct tr_manifest_file *file, char difference[TR_FOOTER_TEXT], struct tr_err *err) TR_CHECKED;

#endif
