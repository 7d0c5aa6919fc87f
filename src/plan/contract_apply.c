/* The contract as a stream: columns picked, converted and checked batch by batch. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "data/value.h"
#include "plan/contract.h"
#include "plan/contract_accepted.h"
#include "plan/contract_convert.h"

struct bound_column {
	const struct tr_contract_column *spec;
	const char *name;
	struct tr_convert convert;
	struct tr_accepted accepted;
	bool check_accepted;
};

struct applied {
	const struct tr_contract *contract;
	struct ArrowArrayStream in;
	struct bound_column *columns;
	size_t n;
	struct ArrowArray *arrays; /* n: the batch that is being built */
	int64_t rows;              /* of the batches before this one */
};

/* ---- values that stay as they are ---- */

/* A batch whose columns are handed on one by one: the last of them releases it. */
struct shared_batch {
	struct ArrowArray batch;
	atomic_int users;
};

static void leave_batch(struct shared_batch *shared)
{
	if (atomic_fetch_sub(&shared->users, 1) > 1)
		return;
	tr_batch_clear(&shared->batch);
	free(shared);
}

static void release_shared(struct ArrowArray *array)
{
	leave_batch(array->private_data);
	array->release = NULL;
}

/* The rows of the batch in one of its columns, without a copy. */
static void share_column(struct shared_batch *shared, int source, struct ArrowArray *out)
{
	const struct ArrowArray *child = shared->batch.children[source];
	bool whole = shared->batch.offset == 0 && shared->batch.length == child->length;
	*out = (struct ArrowArray){
		.length = shared->batch.length,
		.null_count = whole || child->null_count == 0 ? child->null_count : -1,
		.offset = child->offset + shared->batch.offset,
		.n_buffers = child->n_buffers,
		.buffers = child->buffers,
		.release = release_shared,
		.private_data = shared,
	};
	atomic_fetch_add(&shared->users, 1);
}

/* ---- broken contracts ---- */

/* Where there is no key, the row's number. */
static void row_key(const struct applied *a, const struct ArrowArray *batch, int64_t row, struct tr_str *out)
{
	const struct tr_contract *c = a->contract;
	for (size_t i = 0; i < c->n_key_columns; i++) {
		const struct tr_contract_column *key = &c->columns[c->key_columns[i]];
		struct tr_view view;
		tr_view_init(&view, batch, (size_t)key->source, key->from);
		tr_str_addf(out, "%s%s=", i ? ", " : "", c->schema.fields[c->key_columns[i]].name);
		tr_value_format(&view, key->from, row, out);
	}
	if (c->n_key_columns == 0)
		tr_str_addf(out, "%lld", (long long)(a->rows + row + 1));
}

/* Set the error of a row: which value breaks which rule. */
static bool broken(const struct applied *a, const struct bound_column *b, const struct ArrowArray *batch,
	int64_t row, const char *rule, const char *hint, struct tr_err *err)
{
	struct tr_str key, value;
	struct tr_view view;
	char shown[128];
	tr_str_init(&key, 4096);
	tr_str_init(&value, (size_t)1 << 30);
	row_key(a, batch, row, &key);
	tr_view_init(&view, batch, (size_t)b->spec->source, b->spec->from);
	tr_value_format(&view, b->spec->from, row, &value);
	tr_copy_text(shown, sizeof shown, value.ptr ? value.ptr : "");
	for (char *p = shown; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' '; /* `what` is one line */
	bool known = !key.failed && key.ptr;
	const char *where = known ? key.ptr : "a row with a long key";
	tr_err_set(err, TR_ERR_DATA, "%s.%s is %s in %s%s, %s", a->contract->dataset, b->name, shown,
		known && a->contract->n_key_columns == 0 ? "row " : "", where, rule);
	tr_err_detail(err, "nothing of this dataset was published");
	tr_err_hint(err, "%s", hint);
	tr_err_at_row(err, a->contract->dataset, b->name, where);
	tr_str_clear(&key);
	tr_str_clear(&value);
	return false;
}

static bool broken_conversion(const struct applied *a, const struct bound_column *b,
	const struct ArrowArray *batch, int64_t row, struct tr_err *err)
{
	char rule[96], hint[160], type[TR_TYPE_TEXT];
	const struct tr_contract_column *spec = b->spec;
	tr_type_format(spec->to, type);
	bool millis = spec->to.precision == 3 && spec->to.kind != TR_DECIMAL && !spec->truncate;
	snprintf(rule, sizeof rule, "which %s cannot hold exactly", type);
	if (millis)
		snprintf(hint, sizeof hint, "declare %.*s(6), or `truncate: true` to cut the finer digits",
			(int)strcspn(type, "("), type);
	else
		snprintf(hint, sizeof hint,
			"declare a type that holds it, or change the value in the transform");
	return broken(a, b, batch, row, rule, hint, err);
}

static int64_t first_null(const struct tr_view *v)
{
	for (int64_t i = 0; v->validity && i < v->length;) {
		/* Whole bytes of set bits are passed over at once. */
		int64_t at = v->offset + i;
		if ((at & 7) == 0 && i + 8 <= v->length && v->validity[at >> 3] == 0xFF)
			i += 8;
		else if (tr_view_is_null(v, i))
			return i;
		else
			i++;
	}
	return -1;
}

/* ---- a batch ---- */

static bool apply_column(struct applied *a, struct bound_column *b, struct shared_batch *shared,
	struct ArrowArray *out, struct tr_err *err)
{
	const struct ArrowArray *batch = &shared->batch;
	struct tr_view in;
	int64_t bad = -1;
	tr_view_init(&in, batch, (size_t)b->spec->source, b->spec->from);
	if (b->spec->not_null && (bad = first_null(&in)) >= 0)
		return broken(a, b, batch, bad, "which the contract does not allow (not_null)",
			"mend the row or the transform, or declare the column without `not_null`", err);
	if (b->convert.run) {
		if (!b->convert.run(&b->convert, &in, err))
			return false;
		bad = b->convert.bad_row;
	} else if (b->convert.judge) {
		bad = b->convert.judge(&b->convert, &in);
	}
	if (bad >= 0)
		return broken_conversion(a, b, batch, bad, err);
	if (!b->convert.run)
		share_column(shared, b->spec->source, out);
	else if (!tr_column_take(&b->convert.out, out, err))
		return false;
	if (!b->check_accepted)
		return true;
	struct tr_view values;
	const struct ArrowArray one = { .length = batch->length,
		.n_children = 1,
		.children = (struct ArrowArray *[]){ out } };
	tr_view_init(&values, &one, 0, b->spec->to);
	bad = tr_accepted_find(&b->accepted, &values);
	return bad < 0 ||
		broken(a, b, batch, bad, "which is not among the accepted values",
			"mend the row or the transform, or add the value to `accepted`", err);
}

static bool applied_next(void *self, struct ArrowArray *out, struct tr_err *err)
{
	struct applied *a = self;
	struct shared_batch *shared = tr_calloc(1, sizeof *shared, err);
	size_t done = 0;
	bool ok = false;
	if (!shared)
		return false;
	atomic_init(&shared->users, 1);
	if (!tr_stream_next(&a->in, &shared->batch, err))
		goto out;
	ok = true;
	if (!shared->batch.release)
		goto out;
	memset(a->arrays, 0, a->n * sizeof *a->arrays);
	for (; ok && done < a->n; done += ok)
		ok = apply_column(a, &a->columns[done], shared, &a->arrays[done], err);
	if (ok) {
		a->rows += shared->batch.length;
		ok = tr_batch_join(a->arrays, a->n, shared->batch.length, out, err);
	} else {
		for (size_t i = 0; i < a->n; i++)
			tr_batch_clear(&a->arrays[i]);
	}
out:
	leave_batch(shared);
	return ok;
}

static void applied_free(void *self)
{
	struct applied *a = self;
	for (size_t i = 0; i < a->n; i++) {
		tr_convert_clear(&a->columns[i].convert);
		tr_accepted_clear(&a->columns[i].accepted);
	}
	tr_stream_clear(&a->in);
	free(a->columns);
	free(a->arrays);
	free(a);
}

/* ---- binding ---- */

/* What the plan was told must be what now comes. */
static bool check_source(const struct tr_contract *contract, const struct tr_contract_column *spec,
	const char *name, const struct tr_schema *yielded, struct tr_err *err)
{
	char have[TR_TYPE_TEXT], want[TR_TYPE_TEXT];
	if (spec->source < 0 || (size_t)spec->source >= yielded->n)
		return tr_err_set(err, TR_ERR_INTERNAL, "%s.%s: the transform yields no column %d",
			contract->dataset, name, spec->source + 1);
	struct tr_type type = yielded->fields[spec->source].type;
	bool decimal = spec->from.kind == TR_DECIMAL;
	if (type.kind != spec->from.kind || (decimal && !tr_type_equal(type, spec->from)))
		return tr_err_set(err, TR_ERR_INTERNAL, "%s.%s: the transform yields %s where %s was planned",
			contract->dataset, name, tr_type_format(type, have),
			tr_type_format(spec->from, want));
	return true;
}

static bool bind(struct applied *a, const struct tr_schema *yielded, struct tr_err *err)
{
	const struct tr_contract *c = a->contract;
	for (; a->n < c->schema.n; a->n++) {
		struct bound_column *b = &a->columns[a->n];
		b->spec = &c->columns[a->n];
		b->name = c->schema.fields[a->n].name;
		b->check_accepted = b->spec->accepted != NULL;
		if (!check_source(c, b->spec, b->name, yielded, err) ||
			!tr_convert_init(&b->convert, b->spec->from, b->spec->to, b->spec->truncate, err))
			return false;
		if (b->check_accepted &&
			!tr_accepted_init(&b->accepted, b->spec->to, b->spec->accepted, b->spec->n_accepted,
				err))
			return false;
	}
	return true;
}

bool tr_contract_apply(const struct tr_contract *contract, struct ArrowArrayStream *in,
	struct ArrowArrayStream *out, struct tr_err *err)
{
	struct tr_schema yielded;
	bool ok = false;
	tr_schema_init(&yielded);
	memset(out, 0, sizeof *out);
	struct applied *a = tr_calloc(1, sizeof *a, err);
	if (!a) {
		tr_stream_clear(in);
		return false;
	}
	a->contract = contract;
	a->in = *in;
	memset(in, 0, sizeof *in);
	a->columns = tr_calloc(contract->schema.n, sizeof *a->columns, err);
	a->arrays = tr_calloc(contract->schema.n, sizeof *a->arrays, err);
	ok = a->columns && a->arrays && tr_stream_schema(&a->in, &yielded, err) && bind(a, &yielded, err);
	tr_schema_clear(&yielded);
	if (!ok) {
		applied_free(a);
		return false;
	}
	static const struct tr_stream_ops ops = { applied_next, applied_free };
	return tr_stream_init(out, &contract->schema, &ops, a, err);
}
