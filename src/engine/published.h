/*
 * Published (or staged) files of a manifest as a table of the embedded engine: exactly the
 * manifest's list, the types of partition columns from the manifest.
 */
#ifndef TR_ENGINE_PUBLISHED_H
#define TR_ENGINE_PUBLISHED_H

#include "engine/embedded.h"
#include "lake/manifest.h"

/* Let an engine read the files of a store; *dir lives as long as the options. */
void tr_engine_allow(struct tr_engine_options *o, const struct tr_store *store, const char **dir);
/* How many threads read a store's files fast: in S3 most of them wait for an answer, so that it is
 * up to four times `threads` where the engine's memory is enough for them. */
int tr_engine_read_threads(const struct tr_store *store, size_t memory, int threads);
/* The engine must have been opened with tr_engine_allow of that store. */
bool tr_engine_add_published(struct tr_engine *e, const struct tr_store *store, const struct tr_manifest *m,
	const char *name, struct tr_err *err) TR_CHECKED;

#endif
