#include "lake/stage_file.h"

#include <stdlib.h>
#include <string.h>

#define FILE_BYTES ((uint64_t)512 << 20)
#define PATH_MAX_BYTES 4096
#define PAGE_MIN ((size_t)64 << 10)
#define PAGE_MAX ((size_t)1 << 20)

/* ---- all files ---- */

bool tr_stage_files_init(struct tr_stage_files *f, const struct tr_stage_options *options, struct tr_err *err)
{
	*f = (struct tr_stage_files){
		.store = options->store,
		.keys = options->keys,
		.n_keys = options->n_keys,
		.parquet = options->parquet,
		.file_bytes = options->file_bytes ? options->file_bytes : FILE_BYTES,
	};
	pthread_mutex_init(&f->lock, NULL);
	struct tr_str prefix;
	tr_str_init(&prefix, PATH_MAX_BYTES);
	tr_str_addf(&prefix, "%s/%s/", options->dataset, options->run_id);
	f->prefix = tr_str_take(&prefix, err);
	return f->prefix && tr_stage_schema(options->schema, options->keys, options->n_keys, &f->schema, err);
}

static struct tr_stage_closing *closing_at(struct tr_stage_files *f, size_t i)
{
	return &f->closing[(f->oldest + i) % TR_STAGE_CLOSING_MAX];
}

static void remove_file(struct tr_stage_files *f, const char *path)
{
	struct tr_err ignored = { 0 }; /* what stays is unreferenced: gc's work */
	(void)!f->store->ops->remove(f->store, path, &ignored);
}

/* Also of those that were being committed: they may be there. */
static void remove_all(struct tr_stage_files *f)
{
	struct tr_err ignored = { 0 };
	size_t n = f->n + f->n_closing;
	const char **keys = n ? tr_calloc(n, sizeof *keys, &ignored) : NULL;
	for (size_t i = 0; keys && i < n; i++)
		keys[i] = i < f->n ? f->done[i].path : closing_at(f, i - f->n)->entry.path;
	if (keys)
		(void)!f->store->ops->remove_many(f->store, keys, n, &ignored);
	free(keys);
}

void tr_stage_files_clear(struct tr_stage_files *f)
{
	for (size_t i = 0; i < f->n_closing; i++)
		tr_sink_free(closing_at(f, i)->sink);
	remove_all(f);
	for (size_t i = 0; i < f->n_closing; i++)
		tr_manifest_file_clear(&closing_at(f, i)->entry, f->n_keys);
	for (size_t i = 0; i < f->n; i++)
		tr_manifest_file_clear(&f->done[i], f->n_keys);
	free(f->done);
	free(f->prefix);
	tr_schema_clear(&f->schema);
	pthread_mutex_destroy(&f->lock);
	*f = (struct tr_stage_files){ 0 };
}

/* ---- what is being committed ---- */

static bool add_entry(struct tr_stage_files *f, const struct tr_manifest_file *e, struct tr_err *err)
{
	pthread_mutex_lock(&f->lock);
	bool ok = tr_array_grow((void **)&f->done, f->n, &f->cap, sizeof *f->done, err);
	if (ok)
		f->done[f->n++] = *e;
	pthread_mutex_unlock(&f->lock);
	return ok;
}

/* The file is there, with what the sink says of it; or it will not be. Frees the sink. */
static bool end_commit(struct tr_stage_files *f, struct tr_stage_closing *c, struct tr_err *err)
{
	bool ok = tr_sink_commit(c->sink, err);
	if (ok) {
		memcpy(c->entry.checksum, c->sink->checksum, sizeof c->entry.checksum);
		ok = add_entry(f, &c->entry, err);
		if (!ok)
			remove_file(f, c->entry.path);
	}
	if (!ok)
		tr_manifest_file_clear(&c->entry, f->n_keys);
	tr_sink_free(c->sink);
	return ok;
}

/* Wait for the oldest commits until no more than `most` are left. */
static bool end_closing(struct tr_stage_files *f, size_t most, struct tr_err *err)
{
	for (;;) {
		pthread_mutex_lock(&f->lock);
		bool more = f->n_closing > most;
		struct tr_stage_closing c = more ? *closing_at(f, 0) : (struct tr_stage_closing){ 0 };
		if (more) {
			f->oldest = (f->oldest + 1) % TR_STAGE_CLOSING_MAX;
			f->n_closing--;
		}
		pthread_mutex_unlock(&f->lock);
		if (!more)
			return true;
		if (!end_commit(f, &c, err))
			return false;
	}
}

static bool add_closing(struct tr_stage_files *f, const struct tr_stage_closing *c)
{
	pthread_mutex_lock(&f->lock);
	bool room = f->n_closing < TR_STAGE_CLOSING_MAX;
	if (room)
		*closing_at(f, f->n_closing++) = *c;
	pthread_mutex_unlock(&f->lock);
	return room;
}

/* Takes sink and entry over, also on failure. */
static bool begin_commit(struct tr_stage_files *f, struct tr_stage_closing *c, struct tr_err *err)
{
	if (!c->sink->ops->start_commit)
		return end_commit(f, c, err);
	bool started = c->sink->ops->start_commit(c->sink, err), ok = started;
	while (ok && !add_closing(f, c))
		ok = end_closing(f, TR_STAGE_CLOSING_MAX - 1, err);
	if (ok)
		return true;
	tr_sink_free(c->sink);
	if (started)
		remove_file(f, c->entry.path);
	tr_manifest_file_clear(&c->entry, f->n_keys);
	return false;
}

bool tr_stage_files_take(struct tr_stage_files *f, struct tr_manifest *m, struct tr_err *err)
{
	if (!end_closing(f, 0, err))
		return false;
	while (m->files_cap < m->n_files + f->n)
		if (!tr_array_grow((void **)&m->files, m->files_cap, &m->files_cap, sizeof *m->files, err))
			return false;
	for (size_t i = 0; i < f->n; i++) {
		m->rows += f->done[i].rows;
		m->bytes += f->done[i].bytes;
		m->files[m->n_files++] = f->done[i];
	}
	f->n = 0;
	return true;
}

/* ---- one file ---- */

static char *make_path(struct tr_stage_files *f, const struct tr_stage_file *file, struct tr_err *err)
{
	struct tr_str path;
	tr_str_init(&path, PATH_MAX_BYTES);
	tr_str_add(&path, f->prefix);
	for (size_t i = 0; i < f->n_keys; i++) {
		tr_partition_folder(&f->keys[i], file->values[i] ? file->values[i] : "", !file->values[i],
			&path);
		tr_str_addc(&path, '/');
	}
	tr_str_addf(&path, "part-%05llu.parquet", (unsigned long long)atomic_fetch_add(&f->next, 1));
	char *text = tr_str_take(&path, err);
	if (!text)
		tr_str_clear(&path);
	return text;
}

static bool open_file(struct tr_stage_files *f, struct tr_stage_file *file, struct tr_err *err)
{
	struct tr_parquet_options options = f->parquet;
	options.memory_max = file->memory_max;
	if (!options.page_bytes) {
		/* Pages in the making of all columns must fit several times. */
		size_t share = file->memory_max / 4 / f->schema.n;
		options.page_bytes = share < PAGE_MIN ? PAGE_MIN : share > PAGE_MAX ? PAGE_MAX : share;
	}
	file->counted = 0;
	file->path = make_path(f, file, err);
	return file->path && f->store->ops->create(f->store, file->path, &file->sink, err) &&
		tr_parquet_writer_new(&f->schema, &options, file->sink, &file->writer, err);
}

static void count_bytes(struct tr_stage_files *f, struct tr_stage_file *file, uint64_t size)
{
	atomic_fetch_add(&f->bytes, size - file->counted); /* wraps where an estimate shrinks */
	file->counted = size;
}

bool tr_stage_file_append(struct tr_stage_files *f, struct tr_stage_file *file,
	const struct ArrowArray *batch, int64_t from, int64_t n, struct tr_err *err)
{
	if (n == 0)
		return true;
	if (!file->writer && !open_file(f, file, err))
		return false;
	if (!tr_parquet_writer_append(file->writer, batch, from, n, err))
		return false;
	uint64_t size = tr_parquet_writer_size(file->writer);
	count_bytes(f, file, size);
	return size < f->file_bytes || tr_stage_file_close(f, file, err);
}

bool tr_stage_file_flush(struct tr_stage_file *file, struct tr_err *err)
{
	return tr_parquet_writer_flush(file->writer, err);
}

size_t tr_stage_file_memory(const struct tr_stage_file *file)
{
	return file->writer ? tr_parquet_writer_memory(file->writer) + file->sink->memory : 0;
}

/* What the manifest says of the file; the path moves over. */
static bool fill_entry(const struct tr_stage_files *f, struct tr_stage_file *file,
	const struct tr_parquet_stats *stats, struct tr_manifest_file *e, struct tr_err *err)
{
	if (!tr_manifest_file_init(e, stats->n, f->n_keys, err))
		return false;
	tr_manifest_file_fill(e, stats);
	e->bytes = file->sink->bytes;
	for (size_t i = 0; i < f->n_keys; i++)
		if (file->values[i] && !(e->partition[i] = tr_strdup(file->values[i], err)))
			return false;
	e->path = file->path;
	file->path = NULL;
	return true;
}

bool tr_stage_file_close(struct tr_stage_files *f, struct tr_stage_file *file, struct tr_err *err)
{
	if (!file->writer)
		return true;
	struct tr_stage_closing closing = { 0 };
	struct tr_parquet_stats stats = { 0 };
	bool ok = tr_parquet_writer_close(file->writer, &stats, err);
	if (ok) {
		count_bytes(f, file, file->sink->bytes);
		ok = fill_entry(f, file, &stats, &closing.entry, err);
	}
	if (ok) {
		closing.sink = file->sink;
		file->sink = NULL;
		ok = begin_commit(f, &closing, err);
	} else {
		tr_manifest_file_clear(&closing.entry, f->n_keys);
	}
	tr_parquet_stats_clear(&stats);
	tr_stage_file_abort(file);
	return ok;
}

void tr_stage_file_abort(struct tr_stage_file *file)
{
	tr_parquet_writer_free(file->writer);
	tr_sink_free(file->sink);
	free(file->path);
	*file = (struct tr_stage_file){ .values = file->values, .memory_max = file->memory_max };
}
