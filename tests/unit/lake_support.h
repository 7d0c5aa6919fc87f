/*
 * A lake in a temporary folder, with data files that are made of a line of text: what
 * tests of the lake share. Each function fails the test where something goes wrong.
 */
#ifndef TR_TESTS_LAKE_SUPPORT_H
#define TR_TESTS_LAKE_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "lake/lake.h"
#include "remove_folder.h"

struct test_lake {
	char folder[256];
	struct tr_store *store;
	struct tr_lake lake;
	struct tr_events events;
	char heard[4096]; /* texts of warnings and notices */
};

static inline void test_lake_hear(void *context, const struct tr_event *event)
{
	struct test_lake *t = context;
	size_t n = strlen(t->heard);
	snprintf(t->heard + n, sizeof t->heard - n, "%s\n", event->text);
}

static inline void test_lake_open(struct test_lake *t)
{
	struct tr_err err = { 0 };
	/* In memory where that is possible: these tests sync thousands of small files. */
	const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : getenv("TMPDIR");
	snprintf(t->folder, sizeof t->folder, "%.200s/tailrace-test-XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(t->folder));
	assert_ok(tr_store_local_open(t->folder, true, &t->store, &err), err);
	t->store->side_by_side = 4; /* as a lake in S3, so that threads meet here too */
	t->heard[0] = '\0';
	t->events = (struct tr_events){ test_lake_hear, t };
	t->lake = (struct tr_lake){ .store = t->store, .catalog = &tr_catalog_local, .events = &t->events };
}

static inline void test_lake_close(struct test_lake *t)
{
	tr_store_free(t->store);
	remove_folder(t->folder);
}

/* A manifest of a run to come, with columns `id` and `name`; no files yet. */
static inline void test_manifest(struct tr_manifest *m, const char *dataset, uint64_t parent)
{
	struct tr_err err = { 0 };
	char run_id[TR_RUN_ID_TEXT];
	tr_manifest_init(m);
	tr_run_id_new(run_id);
	m->dataset = strdup(dataset);
	m->run_id = strdup(run_id);
	m->parent = parent;
	m->snapshot_xmin_xmax = strdup("100:105:101");
	m->snapshot_lsn = strdup("0/16B3748");
	m->snapshot_us = INT64_C(1700000000000001);
	assert_ok(tr_schema_add(&m->schema, "id", (struct tr_type){ .kind = TR_INT64 }, false, NULL, &err),
		err);
	assert_ok(tr_schema_add(&m->schema, "name", (struct tr_type){ .kind = TR_STRING }, true, "who", &err),
		err);
	m->schema.fields[0].field_id = 1;
	m->schema.fields[1].field_id = 2;
}

/* Write a file of the run and add it to the manifest; false with *err set on failure. */
static inline bool test_try_stage(const struct test_lake *t, struct tr_manifest *m, const char *name,
	const char *text, struct tr_err *err)
{
	char key[512];
	struct tr_sink *sink;
	snprintf(key, sizeof key, "%s/%s/%s", m->dataset, m->run_id, name);
	if (!t->store->ops->create(t->store, key, &sink, err))
		return false;
	bool ok = tr_sink_write(sink, text, strlen(text), err) && tr_sink_commit(sink, err);
	struct tr_manifest_file *file = ok ? tr_manifest_add_file(m, err) : NULL;
	if (file) {
		file->path = strdup(key);
		file->rows = 1;
		file->bytes = sink->bytes;
		file->row_groups = 1;
		memcpy(file->checksum, sink->checksum, sizeof file->checksum);
		m->rows += file->rows;
		m->bytes += file->bytes;
	}
	tr_sink_free(sink);
	return file != NULL;
}

static inline void test_stage(const struct test_lake *t, struct tr_manifest *m, const char *name,
	const char *text)
{
	struct tr_err err = { 0 };
	assert_ok(test_try_stage(t, m, name, text, &err), err);
}

/* One whole run: lease, one file of `text`, commit. */
static inline bool test_try_run(const struct test_lake *t, const char *dataset, const char *text,
	uint64_t parent, const struct tr_publish_steps *steps, struct tr_err *err)
{
	struct tr_manifest m;
	test_manifest(&m, dataset, parent);
	bool ok = tr_lake_lease(&t->lake, dataset, m.run_id, err) &&
		test_try_stage(t, &m, "part-0.parquet", text, err) &&
		tr_lake_commit(&t->lake, &m, steps, NULL, err);
	tr_lake_lease_end(&t->lake, dataset, m.run_id);
	tr_manifest_clear(&m);
	return ok;
}

static inline uint64_t test_version(const struct test_lake *t, const char *dataset)
{
	struct tr_err err = { 0 };
	uint64_t version = 0;
	assert_ok(tr_lake_version(&t->lake, dataset, &version, &err), err);
	return version;
}

static inline void test_run(const struct test_lake *t, const char *dataset, const char *text)
{
	struct tr_err err = { 0 };
	assert_ok(test_try_run(t, dataset, text, test_version(t, dataset), NULL, &err), err);
}

/* Every file of the version is there, whole. Returns the number of files. */
static inline size_t test_whole(const struct test_lake *t, const char *dataset, uint64_t version)
{
	struct tr_err err = { 0 };
	struct tr_manifest m;
	bool found;
	assert_ok(tr_lake_load(&t->lake, dataset, version, &m, &found, &err), err);
	assert_true(found);
	for (size_t i = 0; i < m.n_files; i++) {
		char checksum[TR_CHECKSUM_TEXT];
		assert_ok(t->store->ops->checksum(t->store, m.files[i].path, checksum, &err), err);
		assert_string_equal(checksum, m.files[i].checksum);
	}
	size_t n = m.n_files;
	tr_manifest_clear(&m);
	return n;
}

#endif
