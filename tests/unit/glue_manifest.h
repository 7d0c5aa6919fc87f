/* Manifests as Glue's view sees them: columns, keys, one file a partition in its own folder. */
#ifndef TR_TESTS_GLUE_MANIFEST_H
#define TR_TESTS_GLUE_MANIFEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "lake/manifest.h"
#include "lake/stage.h"

#define GLUE_RUN "20240617-093000-00000001"

static inline void glue_manifest(struct tr_manifest *m)
{
	struct tr_err err = { 0 };
	tr_manifest_init(m);
	m->dataset = strdup("orders");
	m->run_id = strdup(GLUE_RUN);
	m->kind = strdup("run");
	m->version = 7;
	m->parent = 6;
	m->snapshot_lsn = strdup("0/16B3748");
	m->snapshot_us = INT64_C(1718616600000001);
	m->last_field_id = 2;
	assert_ok(tr_schema_add(&m->schema, "id", (struct tr_type){ .kind = TR_INT64 }, false, NULL, &err),
		err);
	assert_ok(tr_schema_add(&m->schema, "created_at", (struct tr_type){ .kind = TR_TIMESTAMP }, false,
			  "when it was made", &err),
		err);
}

static inline void glue_key(struct tr_manifest *m, const char *name, const char *column, enum tr_kind kind,
	enum tr_partition_transform transform)
{
	m->keys = realloc(m->keys, (m->n_keys + 1) * sizeof *m->keys);
	assert_non_null(m->keys);
	m->keys[m->n_keys++] = (struct tr_partition_key){ .column = strdup(column),
		.transform = transform,
		.name = strdup(name),
		.type = { .kind = kind } };
}

static inline void glue_identity(struct tr_manifest *m, const char *name, enum tr_kind kind)
{
	glue_key(m, name, name, kind, TR_PART_IDENTITY);
}

/* A file of the partition with these values (one a key; NULL: SQL's null). */
static inline struct tr_manifest_file *glue_file(struct tr_manifest *m, const char *const *values)
{
	struct tr_err err = { 0 };
	struct tr_str path;
	struct tr_manifest_file *file = tr_manifest_add_file(m, &err);
	assert_non_null(file);
	tr_str_init(&path, 65536);
	tr_str_addf(&path, "%s/%s/", m->dataset, m->run_id);
	for (size_t i = 0; i < m->n_keys; i++) {
		file->partition[i] = values[i] ? strdup(values[i]) : NULL;
		tr_partition_folder(&m->keys[i], values[i] ? values[i] : "", !values[i], &path);
		tr_str_addc(&path, '/');
	}
	tr_str_addf(&path, "part-%zu.parquet", m->n_files);
	file->path = tr_str_take(&path, &err);
	file->rows = 10;
	file->bytes = 1000;
	file->row_groups = 1;
	memcpy(file->checksum, "xxh3:0123456789abcdef", 22);
	m->rows += 10;
	m->bytes += 1000;
	return file;
}

#define glue_values(m, ...) glue_file(m, (const char *const[]){ __VA_ARGS__ })

#endif
