/*
 * Typed C transforms, the running side: compile (without a shell, empty environment but
 * PATH and TMPDIR), cache (0700 folder of the user's, owner checked, named by the hash of
 * source, headers, compiler, flags and ABI), load, and apply to a stream of joined rows.
 */
#ifndef TR_ENGINE_TRANSFORM_H
#define TR_ENGINE_TRANSFORM_H

#include "data/stream.h"
#include "engine/transform_gen.h"

struct tr_transform_build {
	const char *compiler;    /* NULL: $CC's default `cc` found on PATH */
	const char *cache_dir;   /* NULL: $XDG_CACHE_HOME/tailrace or ~/.cache/tailrace */
	const char *project_dir; /* the folder of tailrace.yaml: -I for "gen/..." */
	const char *object;      /* not NULL: use this built object, no compiler */
	bool force;              /* compile even where the cache has it */
};

struct tr_transform;
/* Compile if needed and load. A compiler's message is the error's detail with place at
 * its first file:line:column. A stale gen/ header, or an object of another ABI or
 * fingerprint, is an error that shows the difference field by field. */
bool tr_transform_load(const struct tr_transform_spec *spec, const struct tr_transform_build *build,
	struct tr_transform **out, struct tr_err *err) TR_CHECKED;
void tr_transform_free(struct tr_transform *t);
/* The object's path in the cache, borrowed. */
const char *tr_transform_object(const struct tr_transform *t);
/* What the compiler warned of, borrowed; NULL: of nothing, or the object was there. */
const char *tr_transform_warnings(const struct tr_transform *t);
/* Per input, which columns the function reads can't be known: all columns of its struct. */

/* Wrap a stream of joined rows into one of the contract's rows. Its columns are, for each
 * input in turn: `<alias>.<column>` for every column of the input's schema, preceded by a
 * bool `<alias>` (true: the side is present) where may_miss. Takes `in` over. Row errors
 * (TR_FAIL, an unset required field) name the row by `key_columns` (names in `in`). */
bool tr_transform_apply(struct tr_transform *t, struct ArrowArrayStream *in, const char *const *key_columns,
	size_t n_keys, struct ArrowArrayStream *out, struct tr_err *err) TR_CHECKED;

#endif
