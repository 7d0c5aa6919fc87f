#include "engine/published.h"

#include <stdlib.h>

#define READERS_A_THREAD 4
#define READERS_MAX 16
/* A thread that sorts or joins keeps so much even where it spills. */
#define READER_MEMORY ((size_t)32 << 20)

void tr_engine_allow(struct tr_engine_options *o, const struct tr_store *store, const char **dir)
{
	*dir = store->local_root ? store->local_root : store->location;
	o->allowed_dirs = dir;
	o->n_allowed_dirs = 1;
	o->s3 = store->s3;
}

int tr_engine_read_threads(const struct tr_store *store, size_t memory, int threads)
{
	if (!store->s3)
		return threads;
	int readers = threads < READERS_MAX / READERS_A_THREAD ? threads * READERS_A_THREAD : READERS_MAX;
	size_t most = memory / READER_MEMORY;
	readers = (size_t)readers < most ? readers : (int)most;
	return readers > threads ? readers : threads;
}

bool tr_engine_add_published(struct tr_engine *e, const struct tr_store *store, const struct tr_manifest *m,
	const char *name, struct tr_err *err)
{
	const char *root = store->local_root ? store->local_root : store->location;
	struct tr_schema columns;
	struct tr_arena arena;
	tr_schema_init(&columns);
	tr_arena_init(&arena, (size_t)1 << 30);
	const char **paths = tr_calloc(m->n_files, sizeof *paths, err);
	const char **values = tr_calloc(m->n_files * m->n_keys, sizeof *values, err);
	bool ok = paths && values && tr_manifest_columns(m, &columns, err);
	for (size_t i = 0; ok && i < m->n_files; i++) {
		paths[i] = tr_arena_printf(&arena, err, "%s/%s", root, m->files[i].path);
		ok = paths[i] != NULL;
		for (size_t k = 0; k < m->n_keys; k++)
			values[i * m->n_keys + k] = m->files[i].partition[k];
	}
	const struct tr_engine_files files = { .name = name,
		.columns = &columns,
		.n_partition_columns = m->n_keys,
		.paths = paths,
		.n_paths = m->n_files,
		.partition_values = values };
	ok = ok && tr_engine_add_files(e, &files, err);
	free(paths);
	free(values);
	tr_arena_clear(&arena);
	tr_schema_clear(&columns);
	return ok;
}
