/* Between transform_build.c (compile and cache), transform.c (load) and transform_apply.c (rows). */
#ifndef TR_ENGINE_TRANSFORM_INTERNAL_H
#define TR_ENGINE_TRANSFORM_INTERNAL_H

#include "engine/transform.h"
#include "tailrace/transform.h"

struct tr_transform {
	char *object;
	char *warnings;
	void *handle;
	const struct tr_transform_descriptor *descriptor;
	char *dataset;
	/* Copies of the spec's types, for binding rows. */
	struct tr_schema *sides;
	bool *may_miss;
	size_t n_sides;
	struct tr_schema out;
	void *params; /* the filled params struct */
	struct tr_arena arena;
};

/* The object's path in the cache, compiled if it is not there; *warnings: what the compiler said then,
 * NULL for nothing. Both owned, free(). */
bool tr_transform_compile(const struct tr_transform_spec *spec, const struct tr_transform_build *build,
	char **object, char **warnings, struct tr_err *err) TR_CHECKED;

#endif
