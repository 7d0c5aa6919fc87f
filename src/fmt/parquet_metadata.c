#include "fmt/parquet_metadata.h"

#include <stdlib.h>

#include "fmt/build_hash.inc.h"

#define SCRATCH_MAX ((size_t)512 << 20)
#define CREATED_BY "tailrace version " TR_VERSION " (build " TR_BUILD_HASH ")"

enum { UNORDERED = 0, ASCENDING = 1, DESCENDING = 2 }; /* parquet.thrift: BoundaryOrder */

bool tr_pq_metadata_init(struct tr_pq_metadata *m, const struct tr_pq_column *columns, size_t n,
	enum tr_parquet_codec codec, struct tr_err *err)
{
	*m = (struct tr_pq_metadata){ .columns = columns, .n_columns = n, .codec = codec };
	tr_buf_init(&m->scratch, SCRATCH_MAX);
	m->totals = tr_calloc(n ? n : 1, sizeof *m->totals, err);
	m->memory = n * sizeof *m->totals;
	return m->totals != NULL;
}

void tr_pq_metadata_clear(struct tr_pq_metadata *m)
{
	for (size_t g = 0; g < m->n_groups; g++) {
		for (size_t i = 0; i < m->n_columns; i++)
			free(m->groups[g].chunks[i].bytes);
		free(m->groups[g].chunks);
	}
	free(m->groups);
	free(m->totals);
	tr_buf_clear(&m->scratch);
	*m = (struct tr_pq_metadata){ 0 };
}

bool tr_pq_metadata_group(struct tr_pq_metadata *m, int64_t rows, uint64_t offset, struct tr_err *err)
{
	if (!tr_array_grow((void **)&m->groups, m->n_groups, &m->groups_cap, sizeof *m->groups, err))
		return false;
	struct tr_pq_chunk_meta *chunks = tr_calloc(m->n_columns ? m->n_columns : 1, sizeof *chunks, err);
	if (!chunks)
		return false;
	m->groups[m->n_groups++] = (struct tr_pq_group){ .rows = rows, .offset = offset, .chunks = chunks };
	m->rows += rows;
	m->memory += sizeof *m->groups + m->n_columns * sizeof *chunks;
	return true;
}

/* ---- a chunk ---- */

static void write_statistics(struct tr_thrift_out *o, const struct tr_pq_chunk *k,
	const struct tr_pq_span *span)
{
	tr_thrift_struct(o, 12);
	tr_thrift_i64(o, 3, (int64_t)k->nulls);
	if (span->any && span->max.set)
		tr_thrift_binary(o, 5, span->max.bytes, span->max.len);
	if (span->any && span->min.set)
		tr_thrift_binary(o, 6, span->min.bytes, span->min.len);
	if (span->any && span->max.set)
		tr_thrift_bool(o, 7, span->max.exact);
	if (span->any && span->min.set)
		tr_thrift_bool(o, 8, span->min.exact);
	tr_thrift_end(o);
}

/* How many data pages have each encoding. */
struct page_counts {
	size_t n[TR_PQ_DICTIONARY + 1];
};

static void write_encodings(struct tr_thrift_out *o, const struct tr_pq_chunk *k,
	const struct page_counts *counts)
{
	int32_t list[4];
	size_t n = 0;
	if (counts->n[TR_PQ_PLAIN] || k->dictionary)
		list[n++] = TR_PQ_PLAIN;
	if (k->column->nullable)
		list[n++] = TR_PQ_RLE;
	if (counts->n[TR_PQ_DELTA])
		list[n++] = TR_PQ_DELTA;
	if (counts->n[TR_PQ_DICTIONARY])
		list[n++] = TR_PQ_DICTIONARY;
	tr_thrift_list(o, 2, TR_THRIFT_I32, n);
	for (size_t i = 0; i < n; i++)
		tr_thrift_element_int(o, list[i]);
}

static void write_page_counts(struct tr_thrift_out *o, enum tr_pq_page_type type, int32_t encoding, size_t n)
{
	tr_thrift_begin(o);
	tr_thrift_i32(o, 1, (int32_t)type);
	tr_thrift_i32(o, 2, encoding);
	tr_thrift_i32(o, 3, (int32_t)n);
	tr_thrift_end(o);
}

static void write_encoding_stats(struct tr_thrift_out *o, const struct tr_pq_chunk *k,
	const struct page_counts *counts)
{
	size_t n = k->dictionary ? 1 : 0;
	for (size_t i = 0; i <= TR_PQ_DICTIONARY; i++)
		n += counts->n[i] > 0;
	tr_thrift_list(o, 13, TR_THRIFT_STRUCT, n);
	if (k->dictionary)
		write_page_counts(o, TR_PQ_DICTIONARY_PAGE, TR_PQ_PLAIN, 1);
	for (size_t i = 0; i <= TR_PQ_DICTIONARY; i++)
		if (counts->n[i])
			write_page_counts(o, TR_PQ_DATA_PAGE, (int32_t)i, counts->n[i]);
}

static void write_size_statistics(struct tr_thrift_out *o, const struct tr_pq_chunk *k)
{
	size_t bytes = 0;
	for (const struct tr_pq_page *p = k->pages; p; p = p->next)
		bytes += p->value_bytes;
	tr_thrift_struct(o, 16);
	if (k->column->physical == TR_PQ_BYTE_ARRAY)
		tr_thrift_i64(o, 1, (int64_t)bytes);
	if (k->column->nullable) {
		tr_thrift_list(o, 3, TR_THRIFT_I64, 2);
		tr_thrift_element_int(o, (int64_t)k->nulls);
		tr_thrift_element_int(o, (int64_t)(k->rows - k->nulls));
	}
	tr_thrift_end(o);
}

static void write_column_metadata(struct tr_thrift_out *o, const struct tr_pq_metadata *m,
	const struct tr_pq_chunk *k, const struct page_counts *counts, const struct tr_pq_span *span,
	uint64_t offset)
{
	size_t dictionary = k->dictionary ? k->dictionary->size : 0;
	tr_thrift_begin(o);
	tr_thrift_i32(o, 1, (int32_t)k->column->physical);
	write_encodings(o, k, counts);
	tr_thrift_list(o, 3, TR_THRIFT_BINARY, 1);
	tr_thrift_element_binary(o, k->column->name, strlen(k->column->name));
	tr_thrift_i32(o, 4, tr_pq_codec_number(m->codec));
	tr_thrift_i64(o, 5, (int64_t)k->rows);
	tr_thrift_i64(o, 6, (int64_t)k->uncompressed);
	tr_thrift_i64(o, 7, (int64_t)k->compressed);
	tr_thrift_i64(o, 9, (int64_t)(offset + dictionary));
	if (k->dictionary)
		tr_thrift_i64(o, 11, (int64_t)offset);
	write_statistics(o, k, span);
	write_encoding_stats(o, k, counts);
	write_size_statistics(o, k);
	tr_thrift_end(o);
}

/* ---- page indexes ---- */

static int boundary_order(const struct tr_pq_chunk *k)
{
	bool ascending = true, descending = true;
	const struct tr_pq_page *before = NULL;
	for (const struct tr_pq_page *p = k->pages; p; p = p->next) {
		if (p->nulls == p->rows)
			continue;
		if (before) {
			int lo = tr_pq_bound_compare(k->column->order, &before->min, &p->min);
			int hi = tr_pq_bound_compare(k->column->order, &before->max, &p->max);
			ascending = ascending && lo <= 0 && hi <= 0;
			descending = descending && lo >= 0 && hi >= 0;
		}
		before = p;
	}
	return ascending ? ASCENDING : descending ? DESCENDING : UNORDERED;
}

static bool every_page_has_bounds(const struct tr_pq_chunk *k)
{
	for (const struct tr_pq_page *p = k->pages; p; p = p->next)
		if (p->nulls < p->rows && !(p->min.set && p->max.set))
			return false;
	return true;
}

static void write_column_index(struct tr_thrift_out *o, const struct tr_pq_chunk *k)
{
	const struct tr_pq_page *p;
	tr_thrift_begin(o);
	tr_thrift_list(o, 1, TR_THRIFT_TRUE, k->n_pages);
	for (p = k->pages; p; p = p->next)
		tr_thrift_element_bool(o, p->nulls == p->rows);
	tr_thrift_list(o, 2, TR_THRIFT_BINARY, k->n_pages);
	for (p = k->pages; p; p = p->next)
		tr_thrift_element_binary(o, p->min.bytes, p->min.len);
	tr_thrift_list(o, 3, TR_THRIFT_BINARY, k->n_pages);
	for (p = k->pages; p; p = p->next)
		tr_thrift_element_binary(o, p->max.bytes, p->max.len);
	tr_thrift_i32(o, 4, boundary_order(k));
	tr_thrift_list(o, 5, TR_THRIFT_I64, k->n_pages);
	for (p = k->pages; p; p = p->next)
		tr_thrift_element_int(o, (int64_t)p->nulls);
	if (k->column->nullable) {
		tr_thrift_list(o, 7, TR_THRIFT_I64, 2 * k->n_pages);
		for (p = k->pages; p; p = p->next) {
			tr_thrift_element_int(o, (int64_t)p->nulls);
			tr_thrift_element_int(o, (int64_t)(p->rows - p->nulls));
		}
	}
	tr_thrift_end(o);
}

static void write_offset_index(struct tr_thrift_out *o, const struct tr_pq_chunk *k, uint64_t offset)
{
	size_t row = 0;
	offset += k->dictionary ? k->dictionary->size : 0;
	tr_thrift_begin(o);
	tr_thrift_list(o, 1, TR_THRIFT_STRUCT, k->n_pages);
	for (const struct tr_pq_page *p = k->pages; p; p = p->next) {
		tr_thrift_begin(o);
		tr_thrift_i64(o, 1, (int64_t)offset);
		tr_thrift_i32(o, 2, (int32_t)p->size);
		tr_thrift_i64(o, 3, (int64_t)row);
		tr_thrift_end(o);
		offset += p->size;
		row += p->rows;
	}
	if (k->column->physical == TR_PQ_BYTE_ARRAY) {
		tr_thrift_list(o, 2, TR_THRIFT_I64, k->n_pages);
		for (const struct tr_pq_page *p = k->pages; p; p = p->next)
			tr_thrift_element_int(o, (int64_t)p->value_bytes);
	}
	tr_thrift_end(o);
}

static void add_totals(struct tr_pq_totals *t, const struct tr_pq_chunk *k, const struct tr_pq_span *span,
	const struct page_counts *counts)
{
	t->nulls += (int64_t)k->nulls;
	t->compressed += k->compressed;
	t->uncompressed += k->uncompressed;
	if (span->any)
		tr_pq_span_add(&t->span, k->column->order, &span->min, &span->max);
	for (unsigned i = 0; i <= TR_PQ_DICTIONARY; i++)
		t->encodings |= counts->n[i] ? 1u << i : 0;
}

bool tr_pq_metadata_chunk(struct tr_pq_metadata *m, size_t column, const struct tr_pq_chunk *k,
	uint64_t offset, struct tr_err *err)
{
	struct tr_pq_group *group = &m->groups[m->n_groups - 1];
	struct tr_pq_chunk_meta *meta = &group->chunks[column];
	struct tr_pq_span span = { 0 };
	struct page_counts counts = { 0 };
	for (const struct tr_pq_page *p = k->pages; p; p = p->next) {
		counts.n[p->encoding]++;
		if (p->nulls < p->rows)
			tr_pq_span_add(&span, k->column->order, &p->min, &p->max);
	}
	struct tr_thrift_out o;
	m->scratch.len = 0;
	tr_thrift_out_init(&o, &m->scratch);
	write_column_metadata(&o, m, k, &counts, &span, offset);
	meta->metadata_len = (uint32_t)m->scratch.len;
	if (every_page_has_bounds(k))
		write_column_index(&o, k);
	meta->column_index_len = (uint32_t)m->scratch.len - meta->metadata_len;
	write_offset_index(&o, k, offset);
	meta->offset_index_len = (uint32_t)m->scratch.len - meta->metadata_len - meta->column_index_len;
	if (!tr_thrift_ok(&o, err))
		return false;
	meta->bytes = tr_malloc(m->scratch.len, err);
	if (!meta->bytes)
		return false;
	memcpy(meta->bytes, m->scratch.data, m->scratch.len);
	m->memory += m->scratch.len;
	group->compressed += k->compressed;
	group->uncompressed += k->uncompressed;
	add_totals(&m->totals[column], k, &span, &counts);
	return true;
}

/* ---- the end of the file ---- */

static void write_schema(struct tr_thrift_out *o, const struct tr_pq_metadata *m)
{
	tr_thrift_list(o, 2, TR_THRIFT_STRUCT, m->n_columns + 1);
	tr_thrift_begin(o);
	tr_thrift_string(o, 4, "schema");
	tr_thrift_i32(o, 5, (int32_t)m->n_columns);
	tr_thrift_end(o);
	for (size_t i = 0; i < m->n_columns; i++)
		tr_pq_column_write(o, &m->columns[i]);
}

static void write_group(struct tr_thrift_out *o, const struct tr_pq_metadata *m, size_t g,
	uint64_t *column_index, uint64_t *offset_index)
{
	const struct tr_pq_group *group = &m->groups[g];
	tr_thrift_begin(o);
	tr_thrift_list(o, 1, TR_THRIFT_STRUCT, m->n_columns);
	for (size_t i = 0; i < m->n_columns; i++) {
		const struct tr_pq_chunk_meta *meta = &group->chunks[i];
		tr_thrift_begin(o);
		tr_thrift_i64(o, 2, 0); /* deprecated: there is no metadata beside the chunk */
		tr_thrift_struct_raw(o, 3, meta->bytes, meta->metadata_len);
		tr_thrift_i64(o, 4, (int64_t)*offset_index);
		tr_thrift_i32(o, 5, (int32_t)meta->offset_index_len);
		if (meta->column_index_len) {
			tr_thrift_i64(o, 6, (int64_t)*column_index);
			tr_thrift_i32(o, 7, (int32_t)meta->column_index_len);
		}
		tr_thrift_end(o);
		*column_index += meta->column_index_len;
		*offset_index += meta->offset_index_len;
	}
	tr_thrift_i64(o, 2, (int64_t)group->uncompressed);
	tr_thrift_i64(o, 3, group->rows);
	tr_thrift_i64(o, 5, (int64_t)group->offset);
	tr_thrift_i64(o, 6, (int64_t)group->compressed);
	if (g <= INT16_MAX)
		tr_thrift_i16(o, 7, (int16_t)g);
	tr_thrift_end(o);
}

static void write_footer(struct tr_thrift_out *o, const struct tr_pq_metadata *m,
	const struct tr_parquet_pair *pairs, size_t n_pairs, uint64_t column_index, uint64_t offset_index)
{
	tr_thrift_begin(o);
	tr_thrift_i32(o, 1, 1);
	write_schema(o, m);
	tr_thrift_i64(o, 3, m->rows);
	tr_thrift_list(o, 4, TR_THRIFT_STRUCT, m->n_groups);
	for (size_t g = 0; g < m->n_groups; g++)
		write_group(o, m, g, &column_index, &offset_index);
	if (n_pairs)
		tr_thrift_list(o, 5, TR_THRIFT_STRUCT, n_pairs);
	for (size_t i = 0; i < n_pairs; i++) {
		tr_thrift_begin(o);
		tr_thrift_string(o, 1, pairs[i].key);
		tr_thrift_string(o, 2, pairs[i].value);
		tr_thrift_end(o);
	}
	tr_thrift_string(o, 6, CREATED_BY);
	tr_thrift_list(o, 7, TR_THRIFT_STRUCT, m->n_columns);
	for (size_t i = 0; i < m->n_columns; i++) {
		tr_thrift_begin(o);
		tr_thrift_struct(o, 1); /* TYPE_ORDER */
		tr_thrift_end(o);
		tr_thrift_end(o);
	}
	tr_thrift_end(o);
}

/* All column indexes of the file, or all offset indexes. */
static bool write_indexes(const struct tr_pq_metadata *m, bool offsets, struct tr_sink *sink,
	struct tr_err *err)
{
	for (size_t g = 0; g < m->n_groups; g++) {
		for (size_t i = 0; i < m->n_columns; i++) {
			const struct tr_pq_chunk_meta *c = &m->groups[g].chunks[i];
			const uint8_t *p = c->bytes + c->metadata_len + (offsets ? c->column_index_len : 0);
			size_t n = offsets ? c->offset_index_len : c->column_index_len;
			if (n && !tr_sink_write(sink, p, n, err))
				return false;
		}
	}
	return true;
}

bool tr_pq_metadata_write(struct tr_pq_metadata *m, const struct tr_parquet_pair *pairs, size_t n_pairs,
	struct tr_sink *sink, struct tr_err *err)
{
	uint64_t column_index = sink->bytes;
	if (!write_indexes(m, false, sink, err))
		return false;
	uint64_t offset_index = sink->bytes;
	if (!write_indexes(m, true, sink, err))
		return false;
	m->scratch.len = 0;
	struct tr_thrift_out o;
	tr_thrift_out_init(&o, &m->scratch);
	write_footer(&o, m, pairs, n_pairs, column_index, offset_index);
	if (!tr_thrift_ok(&o, err))
		return false;
	uint8_t tail[8] = { 0, 0, 0, 0, 'P', 'A', 'R', '1' };
	uint32_t len = (uint32_t)m->scratch.len;
	memcpy(tail, &len, 4);
	return tr_sink_write(sink, m->scratch.data, m->scratch.len, err) && tr_sink_write(sink, tail, 8, err);
}

void tr_pq_totals_export(const struct tr_pq_totals *t, const struct tr_pq_column *c,
	struct tr_parquet_column_stats *out)
{
	*out = (struct tr_parquet_column_stats){ .nulls = t->nulls,
		.compressed_bytes = t->compressed,
		.uncompressed_bytes = t->uncompressed };
	const struct tr_bound *from[2] = { &t->span.min, &t->span.max };
	struct tr_bound *to[2] = { &out->min, &out->max };
	for (int i = 0; i < 2; i++)
		if (!t->span.any || !from[i]->set ||
			!tr_pq_bound_to_arrow(c, from[i]->bytes, from[i]->len, from[i]->exact, to[i]))
			*to[i] = (struct tr_bound){ 0 };
	tr_pq_encodings_format(t->encodings, out->encodings, sizeof out->encodings);
}

bool tr_pq_metadata_stats(const struct tr_pq_metadata *m, struct tr_parquet_stats *out, struct tr_err *err)
{
	*out = (struct tr_parquet_stats){ .rows = m->rows, .row_groups = (int64_t)m->n_groups };
	out->columns = tr_calloc(m->n_columns ? m->n_columns : 1, sizeof *out->columns, err);
	if (!out->columns)
		return false;
	out->n = m->n_columns;
	for (size_t i = 0; i < m->n_columns; i++)
		tr_pq_totals_export(&m->totals[i], &m->columns[i], &out->columns[i]);
	return true;
}
