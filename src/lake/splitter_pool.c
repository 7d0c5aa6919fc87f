#include "lake/splitter_pool.h"

#include <stdlib.h>

#include "base/pages.h"
#include "fmt/spill.h"

#define SEGMENT_ROWS (2 * TR_BATCH_ROWS)
/* A file that got no row while the pool was filled that often is taken for complete. */
#define STALE_EVICTIONS 4
/* An open file between row groups: the codec's state and the sink's buffer. */
#define IDLE_MEMORY ((size_t)4 << 20)
#define SEGMENT_MAX ((size_t)4 << 20)
#define SEGMENT_MIN ((size_t)256 << 10)
#define SCRATCH_MAX ((size_t)1 << 32)

void tr_chunk_clear(struct tr_chunk *c)
{
	tr_pages_free(c->block, c->block_bytes);
	free(c->columns);
	*c = (struct tr_chunk){ 0 };
}

/* ---- making and freeing ---- */

/* How the budget is used: three eighths for gathered rows, two for the file being encoded
 * (at the end: for all threads' files), one, at worst two, for files that are kept open;
 * the rest is for segments on their way, the indices, and what the heap wastes. */
static void share_memory(struct tr_splitter *s, const struct tr_stage_options *options)
{
	size_t segment = options->memory / 64;
	s->idle_memory = IDLE_MEMORY;
	s->pool_max = options->memory / 8 * 3;
	s->file_memory = options->memory / 4;
	s->open_max = options->memory / 8;
	s->segment_bytes = segment < SEGMENT_MIN ? SEGMENT_MIN
		: segment > SEGMENT_MAX          ? SEGMENT_MAX
						 : segment;
}

bool tr_splitter_new(struct tr_stage_files *files, const struct tr_stage_options *options,
	struct tr_splitter **out, struct tr_err *err)
{
	struct tr_splitter *s = tr_calloc(1, sizeof *s, err);
	if (!s)
		return false;
	s->files = files;
	s->schema = options->schema;
	s->cancel = options->cancel;
	s->writers = options->writers > 0 ? options->writers : 1;
	share_memory(s, options);
	pthread_mutex_init(&s->lock, NULL);
	tr_spill_runs_init(&s->runs, options->temp_dir, options->disk);
	bool indexed = tr_partition_index_init(&s->partitions, err);
	s->source = tr_calloc(files->schema.n, sizeof *s->source, err);
	s->gather = tr_calloc(files->schema.n, sizeof *s->gather, err);
	if (!indexed || !s->source || !s->gather) {
		tr_splitter_free(s);
		return false;
	}
	for (size_t i = 0; i < files->schema.n; i++) {
		s->source[i] = tr_schema_find(s->schema, files->schema.fields[i].name);
		tr_gather_bind(&s->gather[i], files->schema.fields[i].type);
	}
	*out = s;
	return true;
}

static void free_partition(struct tr_partition *p, size_t n_keys)
{
	if (!p)
		return;
	tr_stage_file_abort(&p->file);
	for (size_t i = 0; p->values && i < n_keys; i++)
		free(p->values[i]);
	free(p->values);
	free(p);
}

void tr_splitter_free(struct tr_splitter *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_chunks; i++)
		tr_chunk_clear(&s->chunks[i]);
	for (size_t i = 0; i < s->partitions.n; i++)
		free_partition(s->partitions.items[i], s->files->n_keys);
	free(s->chunks);
	free(s->slices);
	tr_partition_index_clear(&s->partitions);
	free(s->source);
	free(s->gather);
	tr_spill_runs_clear(&s->runs);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

bool tr_splitter_scratch_init(struct tr_splitter_scratch *x, const struct tr_splitter *s, struct tr_err *err)
{
	*x = (struct tr_splitter_scratch){ 0 };
	tr_buf_init(&x->raw, SCRATCH_MAX);
	tr_buf_init(&x->bytes, SCRATCH_MAX);
	x->columns = tr_calloc(s->files->schema.n, sizeof *x->columns, err);
	x->views = tr_calloc(s->files->schema.n, sizeof *x->views, err);
	for (size_t i = 0; x->columns && i < s->files->schema.n; i++)
		tr_column_init(&x->columns[i], s->files->schema.fields[i].type);
	return x->columns && x->views;
}

void tr_splitter_scratch_clear(struct tr_splitter_scratch *x, const struct tr_splitter *s)
{
	for (size_t i = 0; x->columns && i < s->files->schema.n; i++)
		tr_column_clear(&x->columns[i]);
	free(x->columns);
	free(x->views);
	tr_buf_clear(&x->raw);
	tr_buf_clear(&x->bytes);
	*x = (struct tr_splitter_scratch){ 0 };
}

/* ---- partitions ---- */

static bool too_many(const struct tr_splitter *s, struct tr_err *err)
{
	struct tr_str names;
	tr_str_init(&names, 400);
	for (size_t i = 0; i < s->files->n_keys; i++) {
		tr_str_add(&names, i ? ", `" : "`");
		tr_str_add(&names, s->files->keys[i].name);
		tr_str_addc(&names, '`');
	}
	tr_err_set(err, TR_ERR_DATA, "partitioning by %s makes more than %d partitions",
		names.ptr ? names.ptr : "the keys", TR_PARTITIONS_MAX);
	tr_str_clear(&names);
	tr_err_hint(err, "partition by a coarser key: month(...) of a date, or a column with fewer values");
	return tr_err_at_row(err, NULL, s->files->keys[0].column, NULL);
}

static bool fill_values(struct tr_splitter *s, struct tr_partition *p, const struct tr_view *keys,
	int64_t row, struct tr_err *err)
{
	p->values = tr_calloc(s->files->n_keys, sizeof *p->values, err);
	if (!p->values)
		return false;
	p->file.values = p->values;
	for (size_t i = 0; i < s->files->n_keys; i++) {
		const struct tr_partition_key *key = &s->files->keys[i];
		struct tr_type type = s->schema->fields[tr_schema_find(s->schema, key->column)].type;
		char text[TR_PARTITION_TEXT];
		bool null;
		if (!tr_partition_value(key, &keys[i], type, row, text, &null, err))
			return false;
		if (!null && !(p->values[i] = tr_strdup(text, err)))
			return false;
		s->keys_bytes += null ? 0 : strlen(text) + 17;
	}
	return true;
}

static struct tr_partition *add_partition(struct tr_splitter *s, const uint8_t *image, size_t len,
	uint64_t hash, const struct tr_view *keys, int64_t row, struct tr_err *err)
{
	if (s->partitions.n >= TR_PARTITIONS_MAX) {
		too_many(s, err);
		return NULL;
	}
	struct tr_partition *p = tr_calloc(1, sizeof *p + len, err);
	if (!p)
		return NULL;
	*p = (struct tr_partition){ .number = (uint32_t)s->partitions.n,
		.image_len = (uint32_t)len,
		.hash = hash,
		.first = TR_SLICE_NONE,
		.last = TR_SLICE_NONE };
	memcpy(p->image, image, len);
	if (!fill_values(s, p, keys, row, err) || !tr_partition_index_add(&s->partitions, p, err)) {
		free_partition(p, s->files->n_keys);
		return NULL;
	}
	s->keys_bytes += sizeof *p + len + (s->files->n_keys + 2) * sizeof(void *);
	return p;
}

struct tr_partition *tr_splitter_partition(struct tr_splitter *s, const uint8_t *image, size_t len,
	uint64_t hash, const struct tr_view *keys, int64_t row, struct tr_err *err)
{
	pthread_mutex_lock(&s->lock);
	uint32_t at = tr_partition_index_find(&s->partitions, image, len, hash);
	struct tr_partition *found = at != TR_PARTITION_NONE
		? s->partitions.items[at]
		: add_partition(s, image, len, hash, keys, row, err);
	pthread_mutex_unlock(&s->lock);
	return found;
}

/* ---- from slices to batches ---- */

/* Bytes of the chunk's rows [from, from + n); x->views become the chunk's. */
static size_t measure(const struct tr_splitter *s, const struct tr_chunk *chunk,
	struct tr_splitter_scratch *x, uint32_t from, uint32_t n)
{
	const struct tr_schema *schema = &s->files->schema;
	size_t bytes = 0;
	for (size_t i = 0; i < schema->n; i++) {
		tr_view_column(&x->views[i], &chunk->columns[i]);
		bytes += tr_view_memory(&x->views[i], schema->fields[i].type, from, n);
	}
	return bytes;
}

bool tr_splitter_gather(const struct tr_splitter *s, struct tr_slice_cursor *cursor,
	struct tr_splitter_scratch *x, struct ArrowArray *out, struct tr_err *err)
{
	const struct tr_schema *schema = &s->files->schema;
	int64_t rows = 0;
	size_t bytes = 0;
	while (cursor->slice != TR_SLICE_NONE) {
		const struct tr_slice *slice = &s->slices[cursor->slice];
		const struct tr_chunk *chunk = &s->chunks[slice->chunk];
		uint32_t from = slice->start + cursor->at;
		uint32_t n = slice->n - cursor->at;
		size_t more = measure(s, chunk, x, from, n);
		if (rows > 0 && (bytes + more > s->segment_bytes || rows + n > SEGMENT_ROWS))
			break;
		while (more > s->segment_bytes && n > 1) {
			n /= 2;
			more = measure(s, chunk, x, from, n);
		}
		for (size_t i = 0; i < schema->n; i++)
			if (!tr_gather_range(&s->gather[i], &x->columns[i], &x->views[i], from, n, err))
				return false;
		rows += n;
		bytes += more;
		cursor->at += n;
		if (cursor->at == slice->n)
			*cursor = (struct tr_slice_cursor){ .slice = slice->next };
	}
	return tr_batch_take(x->columns, schema->n, rows, out, err);
}

/* ---- emptying the pool ---- */

static bool spill_partition(struct tr_splitter *s, struct tr_partition *p, struct tr_splitter_scratch *x,
	struct tr_err *err)
{
	for (struct tr_slice_cursor at = { .slice = p->first }; at.slice != TR_SLICE_NONE;) {
		struct ArrowArray batch;
		if (!tr_splitter_gather(s, &at, x, &batch, err))
			return false;
		x->bytes.len = 0;
		bool ok = tr_spill_encode(&s->files->schema, &batch, 0, batch.length, &x->raw, &x->bytes,
				  err) &&
			tr_spill_runs_add(&s->runs, p->number, x->bytes.data, x->bytes.len, err);
		tr_batch_clear(&batch);
		if (!ok)
			return false;
	}
	return true;
}

/* ---- files that stay open ---- */

static size_t open_memory(const struct tr_splitter *s)
{
	size_t sum = 0;
	for (size_t i = 0; i < s->n_open; i++)
		sum += tr_stage_file_memory(&s->open[i]->file);
	return sum;
}

static bool close_open(struct tr_splitter *s, size_t i, struct tr_err *err)
{
	struct tr_partition *p = s->open[i];
	s->open[i] = s->open[--s->n_open];
	p->open = false;
	return tr_stage_file_close(s->files, &p->file, err);
}

static size_t oldest_open(const struct tr_splitter *s)
{
	size_t oldest = 0;
	for (size_t i = 1; i < s->n_open; i++)
		if (s->open[i]->used < s->open[oldest]->used)
			oldest = i;
	return oldest;
}

/* Whether one more file may be opened, closing one for it that seems complete. Where
 * none is, the partition's rows are spilled: closing a live one would make more files. */
static bool room_for_file(struct tr_splitter *s, bool *room, struct tr_err *err)
{
	for (;;) {
		*room = s->n_open < TR_OPEN_FILES_MAX && open_memory(s) + s->idle_memory <= s->open_max;
		if (*room || s->n_open == 0)
			return true;
		size_t oldest = oldest_open(s);
		if (s->evictions - s->open[oldest]->used < STALE_EVICTIONS)
			return true;
		if (!close_open(s, oldest, err))
			return false;
	}
}

/* Keep the open files within their share by ending row groups, the largest first. */
static bool limit_open_files(struct tr_splitter *s, struct tr_err *err)
{
	while (open_memory(s) > s->open_max) {
		struct tr_partition *largest = s->open[0];
		for (size_t i = 1; i < s->n_open; i++)
			if (tr_stage_file_memory(&s->open[i]->file) > tr_stage_file_memory(&largest->file))
				largest = s->open[i];
		size_t before = tr_stage_file_memory(&largest->file);
		if (!tr_stage_file_flush(&largest->file, err))
			return false;
		size_t after = tr_stage_file_memory(&largest->file);
		if (after > s->idle_memory)
			s->idle_memory = after;
		if (after <= before / 4 * 3)
			continue;
		/* All are between row groups. What they hold then was admitted by an estimate:
		 * only where that was far off is a file closed for it. */
		if (open_memory(s) <= 2 * s->open_max)
			break;
		if (!close_open(s, oldest_open(s), err))
			return false;
	}
	return true;
}

/* A partition this large fills row groups by itself; there are few of them at a time. */
static bool is_large(const struct tr_splitter *s, const struct tr_partition *p)
{
	return p->bytes >= s->pool_max / 16;
}

bool tr_splitter_append(struct tr_splitter *s, struct tr_partition *p, struct tr_splitter_scratch *x,
	struct tr_err *err)
{
	for (struct tr_slice_cursor at = { .slice = p->first }; at.slice != TR_SLICE_NONE;) {
		struct ArrowArray batch;
		if (!tr_splitter_gather(s, &at, x, &batch, err))
			return false;
		bool ok = tr_stage_file_append(s->files, &p->file, &batch, 0, batch.length, err);
		tr_batch_clear(&batch);
		if (!ok)
			return false;
	}
	return true;
}

static bool append_partition(struct tr_splitter *s, struct tr_partition *p, struct tr_splitter_scratch *x,
	struct tr_err *err)
{
	if (!p->open)
		s->open[s->n_open++] = p;
	p->open = true;
	p->used = s->evictions;
	p->file.memory_max = s->file_memory;
	return tr_splitter_append(s, p, x, err) && limit_open_files(s, err);
}

static bool evict_partition(struct tr_splitter *s, struct tr_partition *p, struct tr_splitter_scratch *x,
	struct tr_err *err)
{
	bool direct = p->open;
	if (!direct && is_large(s, p) && !room_for_file(s, &direct, err))
		return false;
	return direct ? append_partition(s, p, x, err) : spill_partition(s, p, x, err);
}

static void reset_pool(struct tr_splitter *s)
{
	for (size_t i = 0; i < s->n_chunks; i++) {
		s->pool_bytes -= s->chunks[i].bytes;
		tr_chunk_clear(&s->chunks[i]);
	}
	s->n_chunks = 0;
	s->n_slices = 0;
	for (size_t i = 0; i < s->partitions.n; i++) {
		s->partitions.items[i]->first = s->partitions.items[i]->last = TR_SLICE_NONE;
		s->partitions.items[i]->bytes = 0;
	}
}

bool tr_splitter_evict(struct tr_splitter *s, struct tr_err *err)
{
	struct tr_splitter_scratch x;
	bool ok = tr_splitter_scratch_init(&x, s, err);
	s->evictions++;
	for (size_t i = 0; ok && i < s->partitions.n; i++) {
		struct tr_partition *p = s->partitions.items[i];
		if (p->first == TR_SLICE_NONE)
			continue;
		ok = tr_cancel_raised(s->cancel) ? tr_cancel_err(err) : evict_partition(s, p, &x, err);
	}
	ok = ok && tr_spill_runs_end(&s->runs, err);
	if (ok)
		reset_pool(s);
	tr_splitter_scratch_clear(&x, s);
	return ok;
}
