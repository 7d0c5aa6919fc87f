#include "lake/stage.h"

#include <stdlib.h>
#include <string.h>

#include "lake/splitter.h"
#include "lake/stage_file.h"

#define MEMORY_MIN ((size_t)4 << 20)

struct tr_stage {
	struct tr_stage_files files;
	struct tr_splitter *splitter; /* NULL: not partitioned */
	size_t writer_memory;
	int finish_threads;
	struct tr_cancel *cancel;
};

struct tr_stage_writer {
	struct tr_stage *stage;
	struct tr_splitter_input *input; /* partitioned */
	struct tr_stage_file file;       /* not partitioned */
};

/* ---- the files' columns ---- */

static bool check_key(const struct tr_schema *schema, const struct tr_partition_key *key, struct tr_err *err)
{
	int i = tr_schema_find(schema, key->column);
	if (i < 0)
		return tr_err_set(err, TR_ERR_USER, "there is no column `%s` to partition by", key->column);
	struct tr_type type = schema->fields[i].type;
	if (tr_partition_allowed(type, key->transform))
		return true;
	char text[TR_TYPE_TEXT];
	tr_err_set(err, TR_ERR_USER, "column `%s` of type %s cannot be a partition key like this",
		key->column, tr_type_format(type, text));
	return tr_err_hint(err,
		"years, months and days are taken of dates and timestamps, hours of timestamps; "
		"a column itself can be a key unless it is float, double, binary or json");
}

static bool is_identity(const char *column, const struct tr_partition_key *keys, size_t n_keys)
{
	for (size_t i = 0; i < n_keys; i++)
		if (keys[i].transform == TR_PART_IDENTITY && strcmp(keys[i].column, column) == 0)
			return true;
	return false;
}

bool tr_stage_schema(const struct tr_schema *schema, const struct tr_partition_key *keys, size_t n_keys,
	struct tr_schema *out, struct tr_err *err)
{
	tr_schema_init(out);
	for (size_t i = 0; i < n_keys; i++)
		if (!check_key(schema, &keys[i], err))
			return false;
	bool ok = true;
	for (size_t i = 0; ok && i < schema->n; i++) {
		const struct tr_field *f = &schema->fields[i];
		if (is_identity(f->name, keys, n_keys))
			continue;
		ok = tr_schema_add(out, f->name, f->type, f->nullable, f->doc, err);
		if (ok)
			out->fields[out->n - 1].field_id = f->field_id;
	}
	if (ok && out->n == 0) {
		ok = tr_err_set(err, TR_ERR_USER,
			"every column is a partition key: nothing is left for the files");
		tr_err_hint(err, "partition by fewer columns, or add a column to the contract");
	}
	if (!ok)
		tr_schema_clear(out);
	return ok;
}

/* ---- the stage ---- */

bool tr_stage_new(const struct tr_stage_options *options, struct tr_stage **out, struct tr_err *err)
{
	struct tr_stage_options o = *options;
	if (o.writers < 1)
		o.writers = 1;
	if (o.memory < MEMORY_MIN)
		o.memory = MEMORY_MIN;
	struct tr_stage *s = tr_calloc(1, sizeof *s, err);
	if (!s)
		return false;
	s->finish_threads = o.parquet.encode_threads > o.writers ? o.parquet.encode_threads : o.writers;
	if (o.n_keys)
		o.parquet.encode_threads = 1; /* the threads take a partition each instead */
	s->cancel = o.cancel;
	s->writer_memory = o.memory / (size_t)o.writers;
	if (!tr_stage_files_init(&s->files, &o, err) ||
		(o.n_keys && !tr_splitter_new(&s->files, &o, &s->splitter, err))) {
		tr_stage_free(s);
		return false;
	}
	*out = s;
	return true;
}

void tr_stage_free(struct tr_stage *s)
{
	if (!s)
		return;
	tr_splitter_free(s->splitter);
	tr_stage_files_clear(&s->files);
	free(s);
}

uint64_t tr_stage_bytes(const struct tr_stage *s)
{
	return atomic_load(&s->files.bytes);
}

bool tr_stage_finish(struct tr_stage *s, struct tr_manifest *m, struct tr_err *err)
{
	if (s->splitter && !tr_splitter_finish(s->splitter, s->finish_threads, err))
		return false;
	return tr_stage_files_take(&s->files, m, err);
}

/* ---- its writers ---- */

bool tr_stage_writer_new(struct tr_stage *s, struct tr_stage_writer **out, struct tr_err *err)
{
	struct tr_stage_writer *w = tr_calloc(1, sizeof *w, err);
	if (!w)
		return false;
	w->stage = s;
	w->file.memory_max = s->writer_memory;
	if (s->splitter && !tr_splitter_input_new(s->splitter, &w->input, err)) {
		free(w);
		return false;
	}
	*out = w;
	return true;
}

bool tr_stage_write(struct tr_stage_writer *w, const struct ArrowArray *batch, struct tr_err *err)
{
	if (tr_cancel_raised(w->stage->cancel))
		return tr_cancel_err(err);
	if (w->input)
		return tr_splitter_write(w->input, batch, err);
	return tr_stage_file_append(&w->stage->files, &w->file, batch, 0, batch->length, err);
}

bool tr_stage_writer_finish(struct tr_stage_writer *w, struct tr_err *err)
{
	bool ok = tr_stage_file_close(&w->stage->files, &w->file, err);
	tr_stage_writer_free(w);
	return ok;
}

void tr_stage_writer_free(struct tr_stage_writer *w)
{
	if (!w)
		return;
	tr_splitter_input_free(w->input);
	tr_stage_file_abort(&w->file);
	free(w);
}
