#include "lake/splitter.h"

#include <stdlib.h>
#include <xxhash.h>

#include "base/pages.h"
#include "fmt/spill.h"
#include "lake/splitter_pool.h"

/* The part of a partition in the piece that is being split. */
struct local {
	uint32_t count, start;
};

struct tr_splitter_input {
	struct tr_splitter *s;
	tr_partition_image_fn **image_of; /* one a key */
	int *key_source;                  /* its column in the batches */
	struct tr_view *keys, *columns;   /* of the batch at hand */
	uint8_t *image;
	struct tr_partition_index met; /* partitions as this input numbers them */
	struct local *locals;          /* one each */
	size_t locals_cap;
	uint32_t *group, *order; /* of each row of a piece: its local; rows in order of locals */
	uint32_t *touched;       /* locals that occur in the piece */
	uint32_t n_touched;
	size_t piece_max; /* bytes */
};

#define PIECE_ROWS TR_BATCH_ROWS
#define PIECE_MIN ((size_t)64 << 10)
#define PIECE_MAX ((size_t)8 << 20)
/* What an input's table takes for a partition. */
#define LOCAL_BYTES 48

bool tr_splitter_input_new(struct tr_splitter *s, struct tr_splitter_input **out, struct tr_err *err)
{
	struct tr_splitter_input *in = tr_calloc(1, sizeof *in, err);
	if (!in)
		return false;
	size_t n_keys = s->files->n_keys;
	in->s = s;
	bool indexed = tr_partition_index_init(&in->met, err);
	/* All inputs' pieces together take at most a quarter of the pool. */
	in->piece_max = s->pool_max / 4 / (size_t)s->writers;
	in->piece_max = in->piece_max < PIECE_MIN ? PIECE_MIN
		: in->piece_max > PIECE_MAX       ? PIECE_MAX
						  : in->piece_max;
	in->image_of = tr_calloc(n_keys, sizeof *in->image_of, err);
	in->key_source = tr_calloc(n_keys, sizeof *in->key_source, err);
	in->keys = tr_calloc(n_keys, sizeof *in->keys, err);
	in->columns = tr_calloc(s->files->schema.n, sizeof *in->columns, err);
	in->image = tr_calloc(n_keys, TR_PARTITION_IMAGE, err);
	in->group = tr_calloc(PIECE_ROWS, sizeof *in->group, err);
	in->order = tr_calloc(PIECE_ROWS, sizeof *in->order, err);
	in->touched = tr_calloc(PIECE_ROWS, sizeof *in->touched, err);
	if (!indexed || !in->image_of || !in->key_source || !in->keys || !in->columns || !in->image ||
		!in->group || !in->order || !in->touched) {
		tr_splitter_input_free(in);
		return false;
	}
	for (size_t i = 0; i < n_keys; i++) {
		const struct tr_partition_key *key = &s->files->keys[i];
		in->key_source[i] = tr_schema_find(s->schema, key->column);
		in->image_of[i] =
			tr_partition_image(s->schema->fields[in->key_source[i]].type, key->transform);
	}
	*out = in;
	return true;
}

void tr_splitter_input_free(struct tr_splitter_input *in)
{
	if (!in)
		return;
	free(in->image_of);
	free(in->key_source);
	free(in->keys);
	free(in->columns);
	free(in->image);
	tr_partition_index_clear(&in->met);
	free(in->locals);
	free(in->group);
	free(in->order);
	free(in->touched);
	free(in);
}

/* ---- which partition a row belongs to ---- */

static bool same_image(const struct tr_partition *p, const uint8_t *image, size_t len)
{
	return p->image_len == len && memcmp(p->image, image, len) == 0;
}

static bool find_local(struct tr_splitter_input *in, size_t len, int64_t row, uint32_t *out,
	struct tr_err *err)
{
	uint64_t hash = XXH3_64bits(in->image, len);
	*out = tr_partition_index_find(&in->met, in->image, len, hash);
	if (*out != TR_PARTITION_NONE)
		return true;
	if (!tr_array_grow((void **)&in->locals, in->met.n, &in->locals_cap, sizeof *in->locals, err))
		return false;
	struct tr_partition *p = tr_splitter_partition(in->s, in->image, len, hash, in->keys, row, err);
	if (!p || !tr_partition_index_add(&in->met, p, err))
		return false;
	*out = (uint32_t)in->met.n - 1;
	in->locals[*out] = (struct local){ 0 };
	return true;
}

/* The key image of a row into in->image; 0 with the error set where a value is too long. */
static size_t make_image(struct tr_splitter_input *in, int64_t row, struct tr_err *err)
{
	size_t len = 0;
	for (size_t k = 0; k < in->s->files->n_keys; k++) {
		size_t n = in->image_of[k](&in->keys[k], row, in->image + len);
		if (n == 0) {
			const struct tr_partition_key *key = &in->s->files->keys[k];
			char text[TR_PARTITION_TEXT];
			bool null;
			struct tr_type type = in->s->schema->fields[in->key_source[k]].type;
			(void)!tr_partition_value(key, &in->keys[k], type, row, text, &null, err);
			return 0;
		}
		len += n;
	}
	return len;
}

/* Sort rows [from, from + n) by partition: order[] lists them (relative to the batch)
 * local by local, each local's in their old order. */
static bool sort_piece(struct tr_splitter_input *in, int64_t from, int64_t n, struct tr_err *err)
{
	in->n_touched = 0;
	uint32_t local = 0;
	const struct tr_partition *last = NULL;
	for (int64_t i = 0; i < n; i++) {
		size_t len = make_image(in, from + i, err);
		if (len == 0)
			return false;
		if (!last || !same_image(last, in->image, len)) {
			if (!find_local(in, len, from + i, &local, err))
				return false;
			last = in->met.items[local];
		}
		in->group[i] = local;
		if (in->locals[local].count++ == 0)
			in->touched[in->n_touched++] = local;
	}
	uint32_t start = 0;
	for (uint32_t t = 0; t < in->n_touched; t++) {
		struct local *l = &in->locals[in->touched[t]];
		l->start = start;
		start += l->count;
		l->count = 0;
	}
	for (int64_t i = 0; i < n; i++) {
		struct local *l = &in->locals[in->group[i]];
		in->order[l->start + l->count++] = (uint32_t)(from + i);
	}
	return true;
}

/* ---- into the pool ---- */

/* Take `bytes` of the pool, emptying it first where it has not so much left. */
static bool reserve(struct tr_splitter *s, size_t bytes, struct tr_err *err)
{
	pthread_mutex_lock(&s->lock);
	size_t keys = s->keys_bytes + s->partitions.slots * sizeof *s->partitions.table +
		s->partitions.n * LOCAL_BYTES * (size_t)s->writers;
	/* However many keys there are, some rows must fit between two evictions. */
	size_t room = keys < s->pool_max * 3 / 4 ? s->pool_max - keys : s->pool_max / 4;
	bool ok = s->pool_bytes + bytes <= room || s->n_chunks == 0 || tr_splitter_evict(s, err);
	if (ok)
		s->pool_bytes += bytes;
	pthread_mutex_unlock(&s->lock);
	return ok;
}

static uint8_t *take_block(uint8_t *block, size_t *at, size_t bytes)
{
	uint8_t *p = block ? block + *at : NULL;
	*at += (bytes + 15) & ~(size_t)15;
	return p;
}

/* Give a column room in the block for exactly rows [from, from + n) of v, from *at on.
 * Without a block, only *at moves. */
static void place_column(struct tr_column *c, const struct tr_view *v, int64_t from, int64_t n,
	uint8_t *block, size_t *at)
{
	size_t bits = (size_t)(n + 7) / 8;
	size_t data = c->type.kind == TR_BOOL ? bits : (size_t)n * c->width;
	if (v->validity) {
		c->validity = take_block(block, at, bits);
		if (block)
			memset(c->validity, 0xFF, bits);
	}
	if (tr_type_is_bytes(c->type)) {
		const int32_t *offsets = v->offsets + v->offset + from;
		size_t len = (size_t)(offsets[n] - offsets[0]);
		c->offsets = (int32_t *)(void *)take_block(block, at, (size_t)(n + 1) * sizeof(int32_t));
		c->bytes_cap = data = len ? len : 1;
	}
	c->data = take_block(block, at, data);
	c->cap = n;
}

/* A piece's rows, sorted, into columns that lie in one block of just their size. */
static bool fill_chunk(struct tr_splitter_input *in, struct tr_chunk *chunk, int64_t from, int64_t n,
	struct tr_err *err)
{
	struct tr_splitter *s = in->s;
	const struct tr_schema *schema = &s->files->schema;
	chunk->columns = tr_calloc(schema->n, sizeof *chunk->columns, err);
	if (!chunk->columns)
		return false;
	for (int placing = 0; placing < 2; placing++) {
		size_t at = 0;
		for (size_t i = 0; i < schema->n; i++) {
			tr_column_init(&chunk->columns[i], schema->fields[i].type);
			place_column(&chunk->columns[i], &in->columns[i], from, n, chunk->block, &at);
		}
		if (!placing && !(chunk->block = tr_pages_new(at, err)))
			return false;
		chunk->block_bytes = at;
	}
	for (size_t i = 0; i < schema->n; i++)
		if (!tr_gather_rows(&s->gather[i], &chunk->columns[i], &in->columns[i], in->order, n, err))
			return false;
	return true;
}

static bool link_chunk(struct tr_splitter_input *in, const struct tr_chunk *chunk, struct tr_err *err)
{
	struct tr_splitter *s = in->s;
	if (!tr_array_grow((void **)&s->chunks, s->n_chunks, &s->chunks_cap, sizeof *s->chunks, err))
		return false;
	uint32_t number = (uint32_t)s->n_chunks;
	for (uint32_t t = 0; t < in->n_touched; t++) {
		const struct local *l = &in->locals[in->touched[t]];
		if (!tr_array_grow((void **)&s->slices, s->n_slices, &s->slices_cap, sizeof *s->slices, err))
			return false;
		uint32_t at = (uint32_t)s->n_slices++;
		s->slices[at] = (struct tr_slice){ TR_SLICE_NONE, number, l->start, l->count };
		struct tr_partition *p = in->met.items[in->touched[t]];
		if (p->first == TR_SLICE_NONE)
			p->first = at;
		else
			s->slices[p->last].next = at;
		p->last = at;
	}
	s->chunks[s->n_chunks++] = *chunk;
	return true;
}

/* A partition's bytes are its rows' share of the chunk: enough to tell large from small. */
static void count_bytes(struct tr_splitter_input *in, size_t bytes, int64_t rows)
{
	for (uint32_t t = 0; t < in->n_touched; t++) {
		uint32_t local = in->touched[t];
		in->met.items[local]->bytes += bytes * in->locals[local].count / (size_t)rows;
	}
}

static bool split_piece(struct tr_splitter_input *in, int64_t from, int64_t n, size_t bytes,
	struct tr_err *err)
{
	struct tr_splitter *s = in->s;
	struct tr_chunk chunk = { 0 };
	bool ok = sort_piece(in, from, n, err);
	if (ok) {
		chunk.bytes = bytes + in->n_touched * sizeof(struct tr_slice);
		ok = reserve(s, chunk.bytes, err);
	}
	if (ok) {
		ok = fill_chunk(in, &chunk, from, n, err);
		pthread_mutex_lock(&s->lock);
		ok = ok && link_chunk(in, &chunk, err);
		if (ok)
			count_bytes(in, bytes, n);
		pthread_mutex_unlock(&s->lock);
		if (!ok)
			tr_chunk_clear(&chunk);
	}
	for (uint32_t t = 0; t < in->n_touched; t++)
		in->locals[in->touched[t]].count = 0;
	return ok;
}

static size_t piece_bytes(const struct tr_splitter_input *in, int64_t from, int64_t n)
{
	const struct tr_schema *schema = &in->s->files->schema;
	size_t bytes = 0;
	for (size_t i = 0; i < schema->n; i++)
		bytes += tr_view_memory(&in->columns[i], schema->fields[i].type, from, n);
	return bytes;
}

bool tr_splitter_write(struct tr_splitter_input *in, const struct ArrowArray *batch, struct tr_err *err)
{
	struct tr_splitter *s = in->s;
	const struct tr_schema *schema = &s->files->schema;
	for (size_t i = 0; i < s->files->n_keys; i++) {
		size_t column = (size_t)in->key_source[i];
		tr_view_init(&in->keys[i], batch, column, s->schema->fields[column].type);
	}
	for (size_t i = 0; i < schema->n; i++)
		tr_view_init(&in->columns[i], batch, (size_t)s->source[i], schema->fields[i].type);
	for (int64_t from = 0; from < batch->length;) {
		int64_t n = batch->length - from;
		if (n > PIECE_ROWS)
			n = PIECE_ROWS;
		size_t bytes = piece_bytes(in, from, n);
		while (bytes > in->piece_max && n > 1) {
			n = (n + 1) / 2;
			bytes = piece_bytes(in, from, n);
		}
		if (!split_piece(in, from, n, bytes, err))
			return false;
		from += n;
	}
	return true;
}

/* ---- the end: partition by partition ---- */

struct finish {
	struct tr_splitter *s;
	pthread_mutex_t lock; /* of what follows, and of the runs' cursors */
	size_t next;          /* partition */
	bool failed;
	struct tr_err err;
	size_t memory; /* for each encoder */
};

/* The next partition with its spilled segments; NULL: no more, or another thread failed. */
static struct tr_partition *claim(struct finish *f, struct tr_spill_list *list, struct tr_err *err)
{
	struct tr_splitter *s = f->s;
	struct tr_partition *p = NULL;
	pthread_mutex_lock(&f->lock);
	if (!f->failed && tr_cancel_raised(s->cancel))
		tr_cancel_err(err);
	else if (!f->failed && f->next < s->partitions.n) {
		p = s->partitions.items[f->next++];
		if (!tr_spill_runs_next(&s->runs, p->number, list, err))
			p = NULL;
	}
	pthread_mutex_unlock(&f->lock);
	return p;
}

static bool append_segment(struct tr_splitter *s, struct tr_partition *p, struct tr_splitter_scratch *x,
	const struct tr_spill_segment *segment, struct tr_err *err)
{
	x->bytes.len = 0;
	if (!tr_buf_reserve(&x->bytes, segment->bytes, err) ||
		!tr_spill_file_read(&s->runs.file, segment->offset, x->bytes.data, segment->bytes, err))
		return false;
	struct ArrowArray batch;
	if (!tr_spill_decode(&s->files->schema, x->bytes.data, segment->bytes, &x->raw, &batch, err))
		return false;
	bool ok = tr_stage_file_append(s->files, &p->file, &batch, 0, batch.length, err);
	tr_batch_clear(&batch);
	return ok;
}

static bool encode_partition(struct finish *f, struct tr_partition *p, const struct tr_spill_list *list,
	struct tr_splitter_scratch *x, struct tr_err *err)
{
	struct tr_splitter *s = f->s;
	p->file.memory_max = f->memory;
	for (size_t i = 0; i < list->n; i++)
		if (!append_segment(s, p, x, &list->items[i], err))
			return false;
	return tr_splitter_append(s, p, x, err) && tr_stage_file_close(s->files, &p->file, err);
}

static void *finish_thread(void *context)
{
	struct finish *f = context;
	struct tr_splitter_scratch x;
	struct tr_spill_list list = { 0 };
	struct tr_err err = { 0 };
	bool ok = tr_splitter_scratch_init(&x, f->s, &err);
	while (ok) {
		struct tr_partition *p = claim(f, &list, &err);
		if (!p)
			break;
		ok = encode_partition(f, p, &list, &x, &err);
	}
	if (err.kind != TR_ERR_NONE) {
		pthread_mutex_lock(&f->lock);
		if (!f->failed)
			f->err = err;
		f->failed = true;
		pthread_mutex_unlock(&f->lock);
	}
	tr_splitter_scratch_clear(&x, f->s);
	free(list.items);
	return NULL;
}

#define FINISH_THREADS_MAX 16
/* With less than this, an encoder makes small row groups. */
#define ENCODER_MEMORY_MIN ((size_t)8 << 20)

static int finish_threads(const struct tr_splitter *s, int wanted)
{
	size_t most = s->file_memory / ENCODER_MEMORY_MIN;
	size_t n = wanted < FINISH_THREADS_MAX ? (size_t)wanted : FINISH_THREADS_MAX;
	return (int)(n < most ? n : most ? most : 1);
}

bool tr_splitter_finish(struct tr_splitter *s, int wanted, struct tr_err *err)
{
	/* Open files may take as much again as the files that are still to be opened: let
	 * the pool go, and its memory is theirs. */
	if (s->n_open > 0 && !tr_splitter_evict(s, err))
		return false;
	int threads = finish_threads(s, wanted);
	struct finish f = { .s = s, .memory = s->file_memory / (size_t)threads };
	if (!tr_spill_runs_rewind(&s->runs, s->pool_max / 32, err))
		return false;
	pthread_mutex_init(&f.lock, NULL);
	pthread_t started[FINISH_THREADS_MAX];
	int n = 0;
	/* This thread is one of them; where the system has no more, it does their work. */
	while (n < threads - 1 && pthread_create(&started[n], NULL, finish_thread, &f) == 0)
		n++;
	finish_thread(&f);
	for (int i = 0; i < n; i++)
		pthread_join(started[i], NULL);
	pthread_mutex_destroy(&f.lock);
	if (f.failed)
		*err = f.err;
	return !f.failed;
}
