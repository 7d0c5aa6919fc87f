/*
 * Published (or staged) files of a manifest as a table of the embedded engine: exactly the
 * manifest's list, the types of partition columns from the manifest.
 */
#ifndef TR_ENGINE_PUBLISHED_H
#define TR_ENGINE_PUBLISHED_H

#include "engine/embedded.h"
#include "lake/manifest.h"

/* The engine must have been opened with store->local_root among its allowed folders. */
bool tr_engine_add_published(struct tr_engine *e, const struct tr_store *store, const struct tr_manifest *m,
	const char *name, struct tr_err *err) TR_CHECKED;

#endif
