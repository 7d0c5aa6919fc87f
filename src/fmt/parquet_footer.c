/* Reading a footer back (parquet_stats.h). Its bytes are hostile. */
#include "fmt/parquet_stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fmt/parquet_foreign.h"
#include "fmt/parquet_metadata.h"

/* Magic, footer's length, magic. */
#define FILE_LEAST 12
#define PHYSICAL_INT96 3
#define INT96_WIDTH 12

void tr_parquet_stats_clear(struct tr_parquet_stats *s)
{
	free(s->columns);
	*s = (struct tr_parquet_stats){ 0 };
}

static bool footer_error(struct tr_err *err, const char *why, const char *column)
{
	tr_err_set(err, TR_ERR_DATA, "the file's footer is not what tailrace writes");
	if (column)
		tr_err_detail(err, "column `%s`: %s", column, why);
	else
		tr_err_detail(err, "%s", why);
	tr_err_hint(err, "The file is damaged or was replaced: publish the dataset again.");
	return column ? tr_err_at_row(err, NULL, column, NULL) : false;
}

bool tr_parquet_footer_length(const uint8_t tail[8], uint64_t file_size, uint64_t *length, struct tr_err *err)
{
	uint32_t len;
	memcpy(&len, tail, 4);
	if (memcmp(tail + 4, "PAR1", 4) != 0)
		return footer_error(err, "the file does not end as a Parquet file does", NULL);
	if (file_size < FILE_LEAST || len > file_size - FILE_LEAST || len == 0)
		return footer_error(err, "its length is impossible", NULL);
	*length = len;
	return true;
}

struct footer {
	struct tr_thrift_in in;
	uint64_t file_size;
	const struct tr_schema *schema;
	struct tr_pq_column *columns;
	struct tr_pq_totals *totals;
	struct tr_pq_foreign *foreign; /* one a column; NULL: a file of tailrace's own */
	char found[TR_PQ_FOUND_TEXT];  /* what a foreign file has in the contract's stead */
	bool have_schema, have_orders;
	int64_t rows, group_rows; /* as the file says; the sum of the row groups */
	int64_t groups;
	const char *culprit; /* the column that a failure is about, or NULL */
};

static void fail(struct footer *f, const char *why, const char *column)
{
	if (!f->in.why)
		f->culprit = column;
	tr_thrift_fail(&f->in, why);
}

static void read_schema(struct footer *f, const struct tr_thrift_field *field)
{
	struct tr_pq_element e;
	size_t n = tr_thrift_get_list(&f->in, field, TR_THRIFT_STRUCT);
	if (f->in.why)
		return;
	if (n != f->schema->n + 1 || f->have_schema) {
		fail(f, "it has another number of columns", NULL);
		return;
	}
	tr_pq_element_read(&f->in, &e);
	if (e.children != (int64_t)f->schema->n)
		fail(f, "its columns are not a flat list", NULL);
	for (size_t i = 0; i < f->schema->n && !f->in.why; i++) {
		tr_pq_element_read(&f->in, &e);
		const char *why = f->in.why ? NULL
			: f->foreign        ? tr_pq_foreign_bind(&e, &f->columns[i], &f->foreign[i], f->found)
					    : tr_pq_element_mismatch(&e, &f->columns[i]);
		if (why)
			fail(f, why, f->columns[i].name);
	}
	f->have_schema = true;
}

/* ---- a column chunk ---- */

struct chunk {
	int64_t type, values, compressed, uncompressed, data_offset, dictionary_offset, nulls;
	bool named; /* its path is the column's name */
	unsigned encodings;
	struct tr_bound min, max;
	bool min_exact, max_exact;
};

/* Keep a bound's bytes, where they can be one. */
static void read_bound(struct footer *f, const struct tr_thrift_field *field, const struct tr_pq_column *c,
	struct tr_bound *out)
{
	size_t n;
	const uint8_t *p = tr_thrift_get_binary(&f->in, field, &n);
	if (f->in.why)
		return;
	if (c->physical != TR_PQ_BYTE_ARRAY && n != c->width) {
		if (!f->foreign)
			fail(f, "a bound has an impossible length", c->name);
		return;
	}
	if (n > TR_BOUND_MAX)
		return; /* a longer one is right, but more than we hold: as if there were none */
	*out = (struct tr_bound){ .set = true, .len = (uint8_t)n };
	if (n)
		memcpy(out->bytes, p, n);
}

static void read_statistics(struct footer *f, const struct tr_pq_column *c, struct chunk *k)
{
	struct tr_thrift_field field;
	while (tr_thrift_next(&f->in, &field)) {
		switch (field.id) {
		case 3: k->nulls = tr_thrift_get_int(&f->in, &field); break;
		case 5: read_bound(f, &field, c, &k->max); break;
		case 6: read_bound(f, &field, c, &k->min); break;
		case 7: k->max_exact = tr_thrift_get_bool(&f->in, &field); break;
		case 8: k->min_exact = tr_thrift_get_bool(&f->in, &field); break;
		default: tr_thrift_skip(&f->in, &field); break;
		}
	}
	/* Others need not say so of a value that can't be cut. */
	bool whole = f->foreign && c->physical != TR_PQ_BYTE_ARRAY;
	k->max.exact = k->max_exact || whole;
	k->min.exact = k->min_exact || whole;
}

static void read_path(struct footer *f, const struct tr_thrift_field *field, const struct tr_pq_column *c,
	struct chunk *k)
{
	size_t n = tr_thrift_get_list(&f->in, field, TR_THRIFT_BINARY), len;
	for (size_t i = 0; i < n && !f->in.why; i++) {
		const uint8_t *p = tr_thrift_get_element_binary(&f->in, &len);
		k->named = n == 1 && len == strlen(c->name) && memcmp(p, c->name, len) == 0;
	}
}

static void read_encoding_stats(struct footer *f, const struct tr_thrift_field *field, struct chunk *k)
{
	size_t n = tr_thrift_get_list(&f->in, field, TR_THRIFT_STRUCT);
	for (size_t i = 0; i < n && !f->in.why; i++) {
		struct tr_thrift_field part;
		int64_t type = -1, encoding = -1;
		tr_thrift_enter(&f->in);
		while (tr_thrift_next(&f->in, &part)) {
			if (part.id == 1)
				type = tr_thrift_get_int(&f->in, &part);
			else if (part.id == 2)
				encoding = tr_thrift_get_int(&f->in, &part);
			else
				tr_thrift_skip(&f->in, &part);
		}
		if (type == TR_PQ_DATA_PAGE && encoding >= 0 && encoding <= TR_PQ_DICTIONARY)
			k->encodings |= 1u << encoding;
	}
}

static void read_metadata(struct footer *f, const struct tr_pq_column *c, struct chunk *k)
{
	struct tr_thrift_field field;
	while (tr_thrift_next(&f->in, &field)) {
		switch (field.id) {
		case 1: k->type = tr_thrift_get_int(&f->in, &field); break;
		case 3: read_path(f, &field, c, k); break;
		case 5: k->values = tr_thrift_get_int(&f->in, &field); break;
		case 6: k->uncompressed = tr_thrift_get_int(&f->in, &field); break;
		case 7: k->compressed = tr_thrift_get_int(&f->in, &field); break;
		case 9: k->data_offset = tr_thrift_get_int(&f->in, &field); break;
		case 11: k->dictionary_offset = tr_thrift_get_int(&f->in, &field); break;
		case 12:
			tr_thrift_get_struct(&f->in, &field);
			read_statistics(f, c, k);
			break;
		case 13: read_encoding_stats(f, &field, k); break;
		default: tr_thrift_skip(&f->in, &field); break;
		}
	}
}

static bool is_nan_bound(const struct tr_pq_column *c, const struct tr_bound *b)
{
	float f;
	double d;
	if (!b->set)
		return false;
	if (c->order == TR_PQ_ORDER_FLOAT) {
		memcpy(&f, b->bytes, sizeof f);
		return isnan(f);
	}
	memcpy(&d, b->bytes, sizeof d);
	return c->order == TR_PQ_ORDER_DOUBLE && isnan(d);
}

/* What is impossible about a chunk, or NULL. */
static const char *chunk_fault(const struct footer *f, const struct tr_pq_column *c, const struct chunk *k)
{
	/* Some writers say 0 where there is no dictionary. */
	int64_t least = f->foreign ? 1 : 0;
	int64_t start = k->dictionary_offset >= least ? k->dictionary_offset : k->data_offset;
	bool int96 = f->foreign && c->width == INT96_WIDTH && c->type.kind == TR_TIMESTAMP;
	if (!k->named || k->type != (int96 ? PHYSICAL_INT96 : (int64_t)c->physical))
		return "a column chunk is another column's";
	if (k->values < 0 || k->compressed < 0 || k->uncompressed < 0)
		return "a column chunk has no size";
	if (f->foreign && k->values == 0)
		return k->nulls > 0 ? "an empty column chunk has nulls" : NULL;
	if (start < 4 || k->data_offset < start || (uint64_t)k->data_offset > f->file_size ||
		(uint64_t)k->compressed > f->file_size - (uint64_t)start)
		return "a column chunk lies outside of the file";
	if (k->nulls < 0 || k->nulls > k->values)
		return "a column chunk's count of nulls is missing or impossible";
	if (is_nan_bound(c, &k->min) || is_nan_bound(c, &k->max))
		return "a bound is NaN";
	if (k->min.set && k->max.set && tr_pq_bound_compare(c->order, &k->min, &k->max) > 0)
		return "a column chunk's bounds are in the wrong order";
	return NULL;
}

/* One ColumnChunk; its number of values is given back. */
static int64_t read_chunk(struct footer *f, size_t i)
{
	const struct tr_pq_column *c = &f->columns[i];
	struct chunk k = { .type = -1,
		.values = -1,
		.compressed = -1,
		.uncompressed = -1,
		.data_offset = -1,
		.dictionary_offset = -1,
		.nulls = -1 };
	struct tr_thrift_field field;
	tr_thrift_enter(&f->in);
	while (tr_thrift_next(&f->in, &field)) {
		if (field.id == 3) {
			tr_thrift_get_struct(&f->in, &field);
			read_metadata(f, c, &k);
		} else {
			tr_thrift_skip(&f->in, &field);
		}
	}
	if (f->foreign && !f->foreign[i].bounds)
		k.min = k.max = (struct tr_bound){ 0 };
	const char *why = f->in.why ? NULL : chunk_fault(f, c, &k);
	if (why)
		fail(f, why, c->name);
	if (f->in.why)
		return 0;
	struct tr_pq_totals *t = &f->totals[i];
	t->nulls += k.nulls > 0 ? k.nulls : 0;
	t->compressed += (uint64_t)k.compressed;
	t->uncompressed += (uint64_t)k.uncompressed;
	t->encodings |= k.encodings;
	if (k.nulls < k.values)
		tr_pq_span_add(&t->span, c->order, &k.min, &k.max);
	return k.values;
}

static void read_chunks(struct footer *f, const struct tr_thrift_field *field, int64_t *values)
{
	size_t n = tr_thrift_get_list(&f->in, field, TR_THRIFT_STRUCT);
	if (!f->in.why && (n != f->schema->n || !f->have_schema))
		fail(f, "a row group has another number of columns", NULL);
	for (size_t i = 0; i < n && !f->in.why; i++) {
		int64_t got = read_chunk(f, i);
		if (i > 0 && got != *values)
			fail(f, "the columns of a row group differ in length", f->columns[i].name);
		*values = got;
	}
}

static void read_groups(struct footer *f, const struct tr_thrift_field *field)
{
	size_t n = tr_thrift_get_list(&f->in, field, TR_THRIFT_STRUCT);
	for (size_t g = 0; g < n && !f->in.why; g++) {
		struct tr_thrift_field part;
		int64_t rows = -1, values = -1;
		tr_thrift_enter(&f->in);
		while (tr_thrift_next(&f->in, &part)) {
			if (part.id == 1)
				read_chunks(f, &part, &values);
			else if (part.id == 3)
				rows = tr_thrift_get_int(&f->in, &part);
			else
				tr_thrift_skip(&f->in, &part);
		}
		if (rows < 0 || values != rows || __builtin_add_overflow(f->group_rows, rows, &f->group_rows))
			fail(f, "a row group's number of rows is not its columns'", NULL);
		f->groups++;
	}
}

static void read_orders(struct footer *f, const struct tr_thrift_field *field)
{
	size_t n = tr_thrift_get_list(&f->in, field, TR_THRIFT_STRUCT);
	for (size_t i = 0; i < n && !f->in.why; i++) {
		struct tr_thrift_field part;
		tr_thrift_enter(&f->in);
		while (tr_thrift_next(&f->in, &part)) {
			if (part.id != 1 && f->foreign)
				f->foreign[i < f->schema->n ? i : 0].bounds = false;
			else if (part.id != 1)
				fail(f, "a column's order is unknown", NULL);
			tr_thrift_skip(&f->in, &part);
		}
	}
	f->have_orders = n == f->schema->n;
}

static void read_file(struct footer *f)
{
	struct tr_thrift_field field;
	f->rows = -1;
	tr_thrift_enter(&f->in);
	while (tr_thrift_next(&f->in, &field)) {
		switch (field.id) {
		case 2: read_schema(f, &field); break;
		case 3: f->rows = tr_thrift_get_int(&f->in, &field); break;
		case 4: read_groups(f, &field); break;
		case 7: read_orders(f, &field); break;
		default: tr_thrift_skip(&f->in, &field); break;
		}
	}
	if (!f->in.why && f->in.p != f->in.end)
		fail(f, "there are bytes behind it", NULL);
	if (!f->have_schema || (!f->have_orders && !f->foreign))
		fail(f, "it has no schema or no column orders", NULL);
	if (f->rows != f->group_rows)
		fail(f, "its number of rows is not that of its row groups", NULL);
}

static bool type_error(struct tr_err *err, const struct footer *f)
{
	char type[TR_TYPE_TEXT];
	int i = tr_schema_find(f->schema, f->culprit);
	tr_err_set(err, TR_ERR_DATA, "column `%s` of the file is %s, the contract says %s", f->culprit,
		f->found, i < 0 ? "?" : tr_type_format(f->schema->fields[i].type, type));
	tr_err_hint(err, "cast it in the statement, or declare what it is");
	return tr_err_at_row(err, NULL, f->culprit, NULL);
}

static bool export_stats(const struct footer *f, struct tr_parquet_stats *out, struct tr_err *err)
{
	*out = (struct tr_parquet_stats){ .rows = f->rows, .row_groups = f->groups };
	out->columns = tr_calloc(f->schema->n ? f->schema->n : 1, sizeof *out->columns, err);
	if (!out->columns)
		return false;
	out->n = f->schema->n;
	for (size_t i = 0; i < out->n; i++) {
		struct tr_parquet_column_stats *c = &out->columns[i];
		const struct tr_pq_foreign *foreign = f->foreign ? &f->foreign[i] : NULL;
		tr_pq_totals_export(&f->totals[i], &f->columns[i], c);
		if (!foreign)
			continue;
		c->stored = tr_pq_foreign_stored(foreign);
		tr_pq_foreign_bound(foreign, &c->min);
		tr_pq_foreign_bound(foreign, &c->max);
		/* Without an order a bound is of the kind that nobody can use. */
		if (!f->have_orders || !foreign->bounds)
			c->min = c->max = (struct tr_bound){ 0 };
	}
	return true;
}

bool tr_parquet_footer_parse(const uint8_t *bytes, size_t n, uint64_t file_size,
	const struct tr_schema *schema, bool foreign, struct tr_parquet_stats *out, struct tr_err *err)
{
	bool ok = false;
	struct footer f = { .file_size = file_size, .schema = schema };
	*out = (struct tr_parquet_stats){ 0 };
	f.columns = tr_calloc(schema->n ? schema->n : 1, sizeof *f.columns, err);
	f.totals = f.columns ? tr_calloc(schema->n ? schema->n : 1, sizeof *f.totals, err) : NULL;
	if (foreign && f.totals)
		f.foreign = tr_calloc(schema->n ? schema->n : 1, sizeof *f.foreign, err);
	if (!f.totals || (foreign && !f.foreign))
		goto out;
	for (size_t i = 0; i < schema->n; i++)
		tr_pq_column_bind(&f.columns[i], &schema->fields[i], 0);
	tr_thrift_in_init(&f.in, bytes, n);
	read_file(&f);
	if (f.in.why && f.found[0])
		type_error(err, &f);
	else if (f.in.why)
		footer_error(err, f.in.why, f.culprit);
	else
		ok = export_stats(&f, out, err);
out:
	free(f.columns);
	free(f.totals);
	free(f.foreign);
	return ok;
}
