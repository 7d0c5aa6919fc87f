/* Files that another engine (Trino, Athena) wrote into a run's folder, as a manifest's. */
#ifndef TR_LAKE_FOREIGN_H
#define TR_LAKE_FOREIGN_H

#include "base/cancel.h"
#include "lake/manifest.h"

/* List `<dataset>/<run_id>/`, read every footer, and add the files to m: rows, bytes, the store's
 * checksum, nulls, bounds, partition values out of the folders' names, and how columns are stored
 * where tailrace would do it otherwise. Files of no rows are removed. m has dataset, run_id,
 * engine, schema and keys, and no files; its schema is what the footers must say (a file of another
 * type is TR_ERR_DATA). Sets m->rows, m->bytes. */
bool tr_lake_adopt_files(struct tr_store *store, struct tr_manifest *m, const struct tr_cancel *cancel,
	struct tr_err *err) TR_CHECKED;

/* Remove everything in the folder of a run that will not be published, as far as possible: what
 * stays is gc's. */
void tr_lake_remove_run(struct tr_store *store, const char *dataset, const char *run_id);

/* The value in a folder's name `country=Gr%C3%BCn`, by Hive's escapes; *null for its name of null.
 * `out` has TR_PARTITION_VALUE_MAX + 1 bytes. False: it is not the folder of that key, or of no
 * value that its type has. */
bool tr_partition_unfold(const struct tr_partition_key *key, const char *folder, size_t len, char *out,
	bool *null);

#endif
