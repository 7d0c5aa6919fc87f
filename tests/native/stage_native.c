/* Staging for Python: streams in, files in a folder and a manifest's texts out. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/stream.h"
#include "io/store.h"
#include "lake/stage.h"

#define STREAMS_MAX 8

struct trtest_stage {
	const char *lake, *dataset, *run_id, *keys; /* keys: `country,day(created_at)` */
	const char *temp_dir;
	uint64_t memory, disk, file_bytes;
	int fail_after; /* give up after that many batches, without finishing; -1: never */
};

struct worker {
	struct tr_stage_writer *writer;
	struct ArrowArrayStream *stream;
	int batches; /* at most; -1: all */
	struct tr_err err;
	pthread_t thread;
};

static void *work(void *context)
{
	struct worker *w = context;
	bool ok = true;
	for (int i = 0; ok && i != w->batches; i++) {
		struct ArrowArray batch;
		ok = tr_stream_next(w->stream, &batch, &w->err);
		if (!ok || !batch.release)
			break;
		ok = tr_stage_write(w->writer, &batch, &w->err);
		tr_batch_clear(&batch);
	}
	if (ok && w->batches < 0)
		(void)!tr_stage_writer_finish(w->writer, &w->err);
	else
		tr_stage_writer_free(w->writer);
	return NULL;
}

static bool run_workers(struct tr_stage *stage, struct ArrowArrayStream **streams, int n, int batches,
	struct tr_err *err)
{
	struct worker workers[STREAMS_MAX] = { 0 };
	bool ok = true;
	for (int i = 0; i < n; i++) {
		workers[i].stream = streams[i];
		workers[i].batches = batches;
		ok = ok && tr_stage_writer_new(stage, &workers[i].writer, err);
	}
	if (!ok) {
		for (int i = 0; i < n; i++)
			tr_stage_writer_free(workers[i].writer);
		return false;
	}
	for (int i = 0; i < n; i++)
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	for (int i = 0; i < n; i++) {
		pthread_join(workers[i].thread, NULL);
		if (ok && workers[i].err.kind != TR_ERR_NONE) {
			*err = workers[i].err;
			ok = false;
		}
	}
	return ok;
}

/* `day(created_at)` into a key; the text is cut up. */
static void parse_key(char *text, const struct tr_schema *schema, struct tr_partition_key *key)
{
	static const char *const names[] = { "", "year", "month", "day", "hour" };
	key->transform = TR_PART_IDENTITY;
	char *paren = strchr(text, '(');
	if (paren) {
		*paren = '\0';
		for (int i = 1; i < 5; i++)
			if (strcmp(names[i], text) == 0)
				key->transform = (enum tr_partition_transform)i;
		text = paren + 1;
		text[strlen(text) - 1] = '\0';
	}
	struct tr_str name;
	tr_str_init(&name, 400);
	tr_str_add(&name, text);
	if (paren)
		tr_str_addf(&name, "_%s", names[key->transform]);
	key->column = strdup(text);
	key->name = name.ptr;
	int i = tr_schema_find(schema, text);
	key->type = i >= 0 && !paren ? schema->fields[i].type : (struct tr_type){ .kind = TR_STRING };
}

static size_t parse_keys(const char *text, const struct tr_schema *schema, struct tr_partition_key *keys)
{
	char *copy = strdup(text);
	char *rest;
	size_t n = 0;
	for (char *one = strtok_r(copy, ",", &rest); one; one = strtok_r(NULL, ",", &rest))
		parse_key(one, schema, &keys[n++]);
	free(copy);
	return n;
}

static void add_hex(struct tr_str *out, const struct tr_bound *b)
{
	tr_str_add(out, b->set ? (b->exact ? "=" : "~") : "-");
	for (int i = 0; b->set && i < b->len; i++)
		tr_str_addf(out, "%02x", b->bytes[i]);
}

/* One line a file: path, rows, bytes, checksum, then `|` and for each key its value in
 * hex or `-`, then `|` and for each column nulls:min:max; all separated by tabs. */
static void describe(const struct tr_manifest *m, size_t n_keys, size_t n_columns, struct tr_str *out)
{
	for (size_t i = 0; i < m->n_files; i++) {
		const struct tr_manifest_file *f = &m->files[i];
		tr_str_addf(out, "%s\t%lld\t%llu\t%s", f->path, (long long)f->rows,
			(unsigned long long)f->bytes, f->checksum);
		tr_str_add(out, "\t|");
		for (size_t k = 0; k < n_keys; k++) {
			tr_str_add(out, f->partition[k] ? "\t=" : "\t-");
			for (const char *p = f->partition[k]; p && *p; p++)
				tr_str_addf(out, "%02x", (unsigned char)*p);
		}
		tr_str_add(out, "\t|");
		for (size_t c = 0; c < n_columns; c++) {
			tr_str_addf(out, "\t%lld:", (long long)f->nulls[c]);
			add_hex(out, &f->min[c]);
			tr_str_addc(out, ':');
			add_hex(out, &f->max[c]);
		}
		tr_str_addc(out, '\n');
	}
}

static void free_files(struct tr_manifest *m, size_t n_keys)
{
	for (size_t i = 0; i < m->n_files; i++) {
		struct tr_manifest_file *f = &m->files[i];
		for (size_t k = 0; k < n_keys; k++)
			free(f->partition[k]);
		free(f->partition);
		free(f->path);
		free(f->min);
		free(f->max);
		free(f->nulls);
		free(f->column_bytes);
	}
	free(m->files);
}

/* *text is set to a description of the manifest (trtest_stage_free). */
bool trtest_stage(const struct trtest_stage *o, struct ArrowArrayStream **streams, int n, char **text,
	struct tr_err *err)
{
	struct tr_schema schema, file_schema;
	struct tr_partition_key keys[STREAMS_MAX] = { 0 };
	struct tr_manifest m = { 0 };
	struct tr_store *store = NULL;
	struct tr_stage *stage = NULL;
	struct tr_str out;
	tr_schema_init(&schema);
	tr_schema_init(&file_schema);
	tr_str_init(&out, (size_t)1 << 30);
	bool ok = tr_stream_schema(streams[0], &schema, err);
	for (size_t i = 0; i < schema.n; i++)
		schema.fields[i].field_id = (int32_t)i + 1;
	size_t n_keys = parse_keys(o->keys, &schema, keys);
	struct tr_stage_options options = {
		.dataset = o->dataset,
		.run_id = o->run_id,
		.schema = &schema,
		.keys = keys,
		.n_keys = n_keys,
		.file_bytes = o->file_bytes,
		.memory = o->memory,
		.disk = o->disk,
		.temp_dir = o->temp_dir,
		.writers = n,
	};
	ok = ok && tr_store_local_open(o->lake, true, &store, err);
	options.store = store;
	ok = ok && tr_stage_schema(&schema, keys, n_keys, &file_schema, err) &&
		tr_stage_new(&options, &stage, err) && run_workers(stage, streams, n, o->fail_after, err);
	if (ok && o->fail_after < 0)
		ok = tr_stage_finish(stage, &m, err);
	if (ok)
		describe(&m, n_keys, file_schema.n, &out);
	tr_stage_free(stage);
	free_files(&m, n_keys);
	for (size_t i = 0; i < n_keys; i++) {
		free(keys[i].column);
		free(keys[i].name);
	}
	tr_store_free(store);
	tr_schema_clear(&schema);
	tr_schema_clear(&file_schema);
	*text = out.ptr ? out.ptr : strdup("");
	return ok;
}

void trtest_stage_free(char *text)
{
	free(text);
}
