/* A contract applied to a stream of prepared batches: `id` and one value column. */
#ifndef TEST_CONTRACT_SUPPORT_H
#define TEST_CONTRACT_SUPPORT_H

#include "check.h"

#include <stdlib.h>

#include "data/value.h"
#include "plan/contract.h"

static inline struct tr_type type_of(const char *text)
{
	struct tr_err err = { 0 };
	struct tr_type type = { .kind = TR_BOOL };
	assert_ok(tr_type_parse(text, &type, &err), err);
	return type;
}

struct source {
	struct ArrowArray batches[4];
	size_t n, next;
};

static inline bool source_next(void *self, struct ArrowArray *out, struct tr_err *err)
{
	struct source *s = self;
	(void)err;
	if (s->next < s->n)
		tr_batch_move(out, &s->batches[s->next++]);
	return true;
}

static inline void source_free(void *self)
{
	struct source *s = self;
	for (size_t i = 0; i < s->n; i++)
		tr_batch_clear(&s->batches[i]);
	free(s);
}

/* Two columns: `id` bigint (0, 1, 2 ...) and `x` of a type. */
struct fixture {
	struct tr_schema yielded;
	struct tr_column columns[2];
	struct tr_contract contract;
	struct tr_contract_column bound[2];
	struct source *source;
	struct ArrowArrayStream out;
	struct tr_err err;
	int key;
	int64_t rows;
};

static inline void begin(struct fixture *f, const char *from, const char *to)
{
	*f = (struct fixture){ 0 };
	f->source = calloc(1, sizeof *f->source);
	tr_column_init(&f->columns[0], type_of("bigint"));
	tr_column_init(&f->columns[1], type_of(from));
	assert_ok(tr_schema_add(&f->yielded, "id", type_of("bigint"), true, NULL, &f->err), f->err);
	assert_ok(tr_schema_add(&f->yielded, "x", type_of(from), true, NULL, &f->err), f->err);
	assert_ok(tr_schema_add(&f->contract.schema, "value", type_of(to), true, NULL, &f->err), f->err);
	assert_ok(tr_schema_add(&f->contract.schema, "order_id", type_of("bigint"), true, NULL, &f->err),
		f->err);
	f->bound[0] = (struct tr_contract_column){ .source = 1, .from = type_of(from), .to = type_of(to) };
	f->bound[1] = (struct tr_contract_column){ .source = 0,
		.from = type_of("bigint"),
		.to = type_of("bigint") };
	f->contract.columns = f->bound;
	f->contract.dataset = "orders";
	f->key = 1;
	f->contract.key_columns = &f->key;
	f->contract.n_key_columns = 1;
}

static inline void add_id(struct fixture *f)
{
	int64_t id = f->rows++;
	assert_ok(tr_column_add_fixed(&f->columns[0], &id, &f->err), f->err);
}

static inline void add_null(struct fixture *f)
{
	add_id(f);
	assert_ok(tr_column_add_null(&f->columns[1], &f->err), f->err);
}

static inline void add(struct fixture *f, const void *value)
{
	add_id(f);
	assert_ok(tr_column_add_fixed(&f->columns[1], value, &f->err), f->err);
}

static inline void add_bytes(struct fixture *f, const char *value)
{
	add_id(f);
	assert_ok(tr_column_add_bytes(&f->columns[1], value, __builtin_strlen(value), &f->err), f->err);
}

static inline void end_batch(struct fixture *f)
{
	struct source *s = f->source;
	assert_ok(tr_batch_take(f->columns, 2, f->columns[0].n, &s->batches[s->n], &f->err), f->err);
	s->n++;
}

/* Leave the first `skip` rows of the last batch out by the offset of its struct array. */
static inline void skip_rows(struct fixture *f, int64_t skip)
{
	struct ArrowArray *batch = &f->source->batches[f->source->n - 1];
	batch->offset = skip;
	batch->length -= skip;
}

static inline bool apply(struct fixture *f)
{
	static const struct tr_stream_ops ops = { source_next, source_free };
	struct ArrowArrayStream in;
	struct source *s = f->source;
	f->source = NULL;
	return tr_stream_init(&in, &f->yielded, &ops, s, &f->err) &&
		tr_contract_apply(&f->contract, &in, &f->out, &f->err);
}

static inline void end(struct fixture *f)
{
	if (f->source)
		source_free(f->source);
	tr_stream_clear(&f->out);
	tr_column_clear(&f->columns[0]);
	tr_column_clear(&f->columns[1]);
	tr_schema_clear(&f->yielded);
	tr_schema_clear(&f->contract.schema);
}

/* Pull one batch; its value column as texts, comma-joined. */
static inline void expect_batch(struct fixture *f, const char *texts)
{
	struct ArrowArray batch;
	struct tr_view view, ids;
	struct tr_str got;
	assert_ok(tr_stream_next(&f->out, &batch, &f->err), f->err);
	assert_non_null(batch.release);
	assert_int_equal(batch.n_children, 2);
	tr_view_init(&view, &batch, 0, f->bound[0].to);
	tr_view_init(&ids, &batch, 1, f->bound[1].to);
	tr_str_init(&got, 1 << 20);
	tr_str_add(&got, "");
	int64_t nulls = 0;
	for (int64_t i = 0; i < batch.length; i++) {
		tr_str_add(&got, i ? "," : "");
		tr_value_format(&view, f->bound[0].to, i, &got);
		nulls += tr_view_is_null(&view, i);
		assert_false(tr_view_is_null(&ids, i));
	}
	if (batch.children[0]->null_count >= 0)
		assert_int_equal(batch.children[0]->null_count, nulls);
	assert_string_equal(got.ptr, texts);
	tr_str_clear(&got);
	tr_batch_clear(&batch);
}

static inline void expect_end(struct fixture *f)
{
	struct ArrowArray batch;
	assert_ok(tr_stream_next(&f->out, &batch, &f->err), f->err);
	assert_null(batch.release);
}

static inline void expect_broken(struct fixture *f, const char *what, const char *hint, const char *key)
{
	struct ArrowArray batch;
	assert_ok(apply(f), f->err);
	while (tr_stream_next(&f->out, &batch, &f->err)) {
		assert_non_null(batch.release);
		tr_batch_clear(&batch);
	}
	assert_int_equal(f->err.kind, TR_ERR_DATA);
	assert_string_equal(f->err.what, what);
	assert_string_equal(f->err.hint, hint);
	assert_string_equal(f->err.place.table, "orders");
	assert_string_equal(f->err.place.field, "value");
	assert_string_equal(f->err.place.row_key, key);
	end(f);
}

#endif
