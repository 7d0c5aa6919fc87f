#include "run/presence.h"

#include <stdlib.h>

#include "data/column.h"

struct presence {
	struct ArrowArrayStream in;
	size_t position, n; /* of the result's columns */
};

static bool constant_true(int64_t rows, struct ArrowArray *out, struct tr_err *err)
{
	struct tr_column c;
	tr_column_init(&c, (struct tr_type){ .kind = TR_BOOL });
	if (!tr_column_reserve(&c, rows, err))
		return false;
	memset(c.data, 0xFF, (size_t)(rows + 7) / 8);
	c.n = rows;
	if (tr_column_take(&c, out, err))
		return true;
	tr_column_clear(&c);
	return false;
}

static bool presence_next(void *self, struct ArrowArray *out, struct tr_err *err)
{
	struct presence *p = self;
	struct ArrowArray batch = { 0 };
	if (!tr_stream_next(&p->in, &batch, err))
		return false;
	if (!batch.release)
		return true;
	struct ArrowArray *columns = tr_calloc(p->n, sizeof *columns, err);
	bool ok = columns && constant_true(batch.length, &columns[p->position], err);
	if (ok) {
		for (size_t i = 0, from = 0; i < p->n; i++)
			if (i != p->position)
				tr_batch_move(&columns[i], batch.children[from++]);
		ok = tr_batch_join(columns, p->n, batch.length, out, err);
	}
	free(columns);
	tr_batch_clear(&batch);
	return ok;
}

static void presence_free(void *self)
{
	struct presence *p = self;
	tr_stream_clear(&p->in);
	free(p);
}

bool tr_presence(struct ArrowArrayStream *in, const char *name, size_t position, struct ArrowArrayStream *out,
	struct tr_err *err)
{
	static const struct tr_stream_ops ops = { presence_next, presence_free };
	struct tr_schema schema, wider;
	tr_schema_init(&schema);
	tr_schema_init(&wider);
	struct presence *p = tr_calloc(1, sizeof *p, err);
	bool ok = p && tr_stream_schema(in, &schema, err);
	for (size_t i = 0; ok && i <= schema.n; i++) {
		const struct tr_field *f = schema.fields + (i - (i > position));
		ok = i == position
			? tr_schema_add(&wider, name, (struct tr_type){ .kind = TR_BOOL }, false, NULL, err)
			: tr_schema_add(&wider, f->name, f->type, f->nullable, f->doc, err);
	}
	if (ok) {
		*p = (struct presence){ .in = *in, .position = position, .n = wider.n };
		in->release = NULL;
		ok = tr_stream_init(out, &wider, &ops, p, err);
	} else {
		tr_stream_clear(in);
		free(p);
	}
	tr_schema_clear(&schema);
	tr_schema_clear(&wider);
	return ok;
}
