#include "run/spool.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "fmt/spill.h"
#include "io/spill_file.h"

#define SEGMENT_MAX ((size_t)1 << 30)

struct segment {
	uint64_t offset;
	size_t bytes;
};

struct tr_spool {
	struct tr_schema schema;
	struct tr_spill_file file;
	struct segment *segments;
	size_t n, cap;
};

/* ---- writing ---- */

static bool add_segment(struct tr_spool *s, const struct ArrowArray *batch, struct tr_buf *scratch,
	struct tr_buf *bytes, struct tr_err *err)
{
	struct segment segment;
	bytes->len = 0;
	if (!tr_array_grow((void **)&s->segments, s->n, &s->cap, sizeof *s->segments, err) ||
		!tr_spill_encode(&s->schema, batch, 0, batch->length, scratch, bytes, err) ||
		!tr_spill_file_append(&s->file, bytes->data, bytes->len, &segment.offset, err))
		return false;
	segment.bytes = bytes->len;
	s->segments[s->n++] = segment;
	return true;
}

bool tr_spool_fill(struct ArrowArrayStream *in, const char *folder, uint64_t limit,
	const struct tr_cancel *cancel, struct tr_spool **out, struct tr_err *err)
{
	struct tr_buf scratch, bytes;
	struct ArrowArray batch = { 0 };
	tr_buf_init(&scratch, SEGMENT_MAX);
	tr_buf_init(&bytes, SEGMENT_MAX);
	struct tr_spool *s = tr_calloc(1, sizeof *s, err);
	bool ok = s != NULL;
	if (ok) {
		tr_schema_init(&s->schema);
		tr_spill_file_init(&s->file, folder, limit);
		ok = tr_stream_schema(in, &s->schema, err);
	}
	while (ok) {
		ok = tr_stream_next(in, &batch, err);
		if (!ok || !batch.release)
			break;
		ok = add_segment(s, &batch, &scratch, &bytes, err) &&
			(!tr_cancel_raised(cancel) || tr_cancel_err(err));
		tr_batch_clear(&batch);
	}
	ok = ok && tr_spill_file_flush(&s->file, err);
	tr_stream_clear(in);
	tr_buf_clear(&scratch);
	tr_buf_clear(&bytes);
	if (ok)
		*out = s;
	else
		tr_spool_free(s);
	return ok;
}

void tr_spool_free(struct tr_spool *s)
{
	if (!s)
		return;
	tr_spill_file_clear(&s->file);
	tr_schema_clear(&s->schema);
	free(s->segments);
	free(s);
}

/* ---- reading ---- */

struct reader {
	struct tr_spool *s;
	size_t *columns, n;
	size_t next;
	_Atomic uint64_t *rows, *bytes;
	struct tr_buf raw, scratch;
};

/* Keep the columns that are wanted, in their order; the others are released with the rest. */
static bool pick(const struct reader *r, struct ArrowArray *batch, struct ArrowArray *out, struct tr_err *err)
{
	struct ArrowArray *columns = tr_calloc(r->n, sizeof *columns, err);
	if (!columns)
		return false;
	for (size_t i = 0; i < r->n; i++)
		tr_batch_move(&columns[i], batch->children[r->columns[i]]);
	bool ok = tr_batch_join(columns, r->n, batch->length, out, err);
	free(columns);
	return ok;
}

static bool reader_next(void *self, struct ArrowArray *out, struct tr_err *err)
{
	struct reader *r = self;
	if (r->next == r->s->n)
		return true;
	const struct segment *segment = &r->s->segments[r->next++];
	struct ArrowArray batch = { 0 };
	r->raw.len = 0;
	if (!tr_buf_reserve(&r->raw, segment->bytes, err) ||
		!tr_spill_file_read(&r->s->file, segment->offset, r->raw.data, segment->bytes, err) ||
		!tr_spill_decode(&r->s->schema, r->raw.data, segment->bytes, &r->scratch, &batch, err))
		return false;
	bool ok = pick(r, &batch, out, err);
	if (ok && r->rows)
		atomic_fetch_add(r->rows, (uint64_t)batch.length);
	if (ok && r->bytes)
		atomic_fetch_add(r->bytes, segment->bytes);
	tr_batch_clear(&batch);
	return ok;
}

static void reader_free(void *self)
{
	struct reader *r = self;
	tr_buf_clear(&r->raw);
	tr_buf_clear(&r->scratch);
	free(r->columns);
	free(r);
}

bool tr_spool_open(struct tr_spool *s, const size_t *columns, size_t n, _Atomic uint64_t *rows,
	_Atomic uint64_t *bytes, struct ArrowArrayStream *out, struct tr_err *err)
{
	static const struct tr_stream_ops ops = { reader_next, reader_free };
	struct tr_schema schema;
	struct reader *r = tr_calloc(1, sizeof *r, err);
	if (!r)
		return false;
	*r = (struct reader){ .s = s, .n = n, .rows = rows, .bytes = bytes };
	tr_buf_init(&r->raw, SEGMENT_MAX);
	tr_buf_init(&r->scratch, SEGMENT_MAX);
	tr_schema_init(&schema);
	r->columns = tr_calloc(n, sizeof *r->columns, err);
	bool ok = r->columns != NULL;
	for (size_t i = 0; ok && i < n; i++) {
		const struct tr_field *f = &s->schema.fields[columns[i]];
		r->columns[i] = columns[i];
		ok = tr_schema_add(&schema, f->name, f->type, f->nullable, f->doc, err);
	}
	if (ok)
		ok = tr_stream_init(out, &schema, &ops, r, err);
	else
		reader_free(r);
	tr_schema_clear(&schema);
	return ok;
}
