/* The S3 store for Python: its operations one by one, and a lake in it. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/store_s3.h"
#include "lake/lake.h"

struct trtest_s3_options {
	const char *location, *endpoint, *region, *access_key, *secret_key;
	const char *encryption, *kms_key, *storage_class, *expected_owner;
	const char *tag_key, *tag_value;
	uint64_t part_size;
	int uploads, attempts;
	bool path_style;
};

struct trtest_s3 {
	struct tr_http *http;
	struct tr_aws_credentials *credentials;
	struct tr_aws aws;
	struct tr_store *store;
	char region[64];
};

void trtest_s3_close(struct trtest_s3 *t)
{
	tr_store_free(t->store);
	tr_aws_credentials_free(t->credentials);
	tr_http_free(t->http);
	free(t);
}

bool trtest_s3_open(const struct trtest_s3_options *o, struct trtest_s3 **out, struct tr_err *err)
{
	struct trtest_s3 *t = calloc(1, sizeof *t);
	const struct tr_http_options http = { .attempts = o->attempts, .backoff_ms = 20 };
	const struct tr_aws_keys keys = { .access_key = (char *)(uintptr_t)o->access_key,
		.secret_key = (char *)(uintptr_t)o->secret_key };
	const struct tr_s3_tag tag = { o->tag_key, o->tag_value };
	tr_copy_text(t->region, sizeof t->region, o->region);
	t->aws.region = t->region;
	bool ok = tr_http_new(&http, &t->http, err) && tr_aws_credentials_fixed(&keys, &t->credentials, err);
	t->aws.http = t->http;
	t->aws.credentials = t->credentials;
	const struct tr_store_s3_options options = { .aws = &t->aws,
		.location = o->location,
		.endpoint = o->endpoint,
		.path_style = o->path_style,
		.encryption = o->encryption,
		.kms_key = o->kms_key,
		.storage_class = o->storage_class,
		.expected_owner = o->expected_owner,
		.tags = &tag,
		.n_tags = o->tag_key ? 1 : 0,
		.part_size = o->part_size,
		.uploads = o->uploads };
	ok = ok && tr_store_s3_open(&options, &t->store, err);
	if (!ok)
		trtest_s3_close(t);
	*out = ok ? t : NULL;
	return ok;
}

struct tr_store *trtest_s3_store(struct trtest_s3 *t)
{
	return t->store;
}

/* ---- any store ---- */

bool trtest_store_create(struct tr_store *s, const char *key, struct tr_sink **out, struct tr_err *err)
{
	return s->ops->create(s, key, out, err);
}

bool trtest_sink_write(struct tr_sink *sink, const void *bytes, size_t n, size_t step, struct tr_err *err)
{
	for (size_t i = 0; i < n; i += step)
		if (!tr_sink_write(sink, (const char *)bytes + i, n - i < step ? n - i : step, err))
			return false;
	return true;
}

bool trtest_sink_commit(struct tr_sink *sink, char *checksum, struct tr_err *err)
{
	if (!tr_sink_commit(sink, err))
		return false;
	memcpy(checksum, sink->checksum, sizeof sink->checksum);
	return true;
}

size_t trtest_sink_memory(const struct tr_sink *sink)
{
	return sink->memory;
}

void trtest_sink_free(struct tr_sink *sink)
{
	tr_sink_free(sink);
}

bool trtest_store_put(struct tr_store *s, const char *key, const void *bytes, size_t n, struct tr_err *err)
{
	return s->ops->put(s, key, bytes, n, err);
}

bool trtest_store_put_if_absent(struct tr_store *s, const char *key, const void *bytes, size_t n, bool *won,
	struct tr_err *err)
{
	return s->ops->put_if_absent(s, key, bytes, n, won, err);
}

/* *bytes is malloc'd; n SIZE_MAX: to the end. *got is -1 where there is no such object. */
bool trtest_store_get(struct tr_store *s, const char *key, uint64_t offset, size_t n, size_t max,
	uint8_t **bytes, int64_t *got, struct tr_err *err)
{
	struct tr_buf out;
	bool found;
	tr_buf_init(&out, max);
	bool ok = s->ops->get(s, key, offset, n, &out, &found, err);
	*bytes = out.data;
	*got = found ? (int64_t)out.len : -1;
	return ok;
}

/* One line an entry: bytes, microseconds, key. */
bool trtest_store_list(struct tr_store *s, const char *prefix, bool unfinished, char **text,
	struct tr_err *err)
{
	struct tr_store_list list;
	struct tr_str out;
	bool ok =
		unfinished ? s->ops->unfinished(s, prefix, &list, err) : s->ops->list(s, prefix, &list, err);
	*text = NULL;
	if (!ok)
		return false;
	tr_str_init(&out, (size_t)1 << 30);
	tr_str_add(&out, "");
	for (size_t i = 0; i < list.n; i++)
		tr_str_addf(&out, "%llu %lld %s\n", (unsigned long long)list.items[i].bytes,
			(long long)list.items[i].modified_us, list.items[i].key);
	tr_store_list_clear(&list);
	*text = out.ptr ? out.ptr : strdup("");
	return true;
}

bool trtest_store_remove(struct tr_store *s, const char *key, struct tr_err *err)
{
	return s->ops->remove(s, key, err);
}

bool trtest_store_remove_many(struct tr_store *s, const char *const *keys, size_t n, struct tr_err *err)
{
	return s->ops->remove_many(s, keys, n, err);
}

bool trtest_store_checksum(struct tr_store *s, const char *key, char *out, struct tr_err *err)
{
	return s->ops->checksum(s, key, out, err);
}

bool trtest_store_settle(struct tr_store *s, const char *const *keys, size_t n, struct tr_err *err)
{
	return s->ops->settle(s, keys, n, err);
}

void trtest_free(void *p)
{
	free(p);
}

/* ---- threads against each other ---- */

struct racer {
	pthread_t thread;
	pthread_barrier_t *start;
	struct tr_store *store;
	const char *key;
	char text[16];
	bool ok, won;
	struct tr_err err;
};

static void *race(void *context)
{
	struct racer *r = context;
	pthread_barrier_wait(r->start);
	r->ok = r->store->ops->put_if_absent(r->store, r->key, r->text, strlen(r->text), &r->won, &r->err);
	return NULL;
}

/* n threads create the key at once; *winners of them were told that they did, the last of whom
 * is *winner, and had put its number. */
bool trtest_store_race(struct tr_store *s, const char *key, int n, int *winners, int *winner,
	struct tr_err *err)
{
	struct racer *racers = calloc((size_t)n, sizeof *racers);
	pthread_barrier_t start;
	bool ok = true;
	*winners = 0;
	pthread_barrier_init(&start, NULL, (unsigned)n);
	for (int i = 0; i < n; i++) {
		racers[i] = (struct racer){ .start = &start, .store = s, .key = key };
		snprintf(racers[i].text, sizeof racers[i].text, "%d", i);
		pthread_create(&racers[i].thread, NULL, race, &racers[i]);
	}
	for (int i = 0; i < n; i++) {
		pthread_join(racers[i].thread, NULL);
		*winners += racers[i].won;
		*winner = racers[i].won ? i : *winner;
		if (!racers[i].ok && ok)
			*err = racers[i].err;
		ok = ok && racers[i].ok;
	}
	pthread_barrier_destroy(&start);
	free(racers);
	return ok;
}

/* ---- a lake ---- */

/* Begin a run of one data file (written as `bytes`), and commit it unless `commit` is false.
 * run_id has TR_RUN_ID_TEXT bytes. */
bool trtest_lake_run(struct tr_store *s, const char *dataset, const void *bytes, size_t n, uint64_t parent,
	bool commit, char *run_id, uint64_t *version, struct tr_err *err)
{
	const struct tr_lake lake = { .store = s };
	struct tr_manifest m;
	struct tr_sink *sink = NULL;
	char key[512];
	tr_manifest_init(&m);
	tr_run_id_new(run_id);
	m.dataset = strdup(dataset);
	m.run_id = strdup(run_id);
	m.parent = parent;
	m.snapshot_xmin_xmax = strdup("100:105:101");
	m.snapshot_lsn = strdup("0/16B3748");
	m.snapshot_us = INT64_C(1700000000000001);
	snprintf(key, sizeof key, "%s/%s/part-0.parquet", dataset, run_id);
	bool ok = tr_schema_add(&m.schema, "id", (struct tr_type){ .kind = TR_INT64 }, false, NULL, err);
	if (ok)
		m.schema.fields[0].field_id = 1;
	ok = ok && tr_lake_lease(&lake, dataset, run_id, err) && s->ops->create(s, key, &sink, err) &&
		tr_sink_write(sink, bytes, n, err) && tr_sink_commit(sink, err);
	struct tr_manifest_file *file = ok ? tr_manifest_add_file(&m, err) : NULL;
	ok = file != NULL;
	if (ok) {
		file->path = strdup(key);
		file->rows = m.rows = 1;
		file->bytes = m.bytes = sink->bytes;
		file->row_groups = 1;
		memcpy(file->checksum, sink->checksum, sizeof file->checksum);
	}
	tr_sink_free(sink);
	ok = ok && (!commit || tr_lake_commit(&lake, &m, NULL, NULL, err));
	*version = m.version;
	if (commit)
		tr_lake_lease_end(&lake, dataset, run_id);
	tr_manifest_clear(&m);
	return ok;
}

/* `dataset version kind` a line, newest first. */
bool trtest_lake_history(struct tr_store *s, const char *dataset, char **text, struct tr_err *err)
{
	const struct tr_lake lake = { .store = s };
	struct tr_manifest *all;
	size_t n;
	struct tr_str out;
	if (!tr_lake_history(&lake, dataset, 0, &all, &n, err))
		return false;
	tr_str_init(&out, (size_t)1 << 20);
	for (size_t i = 0; i < n; i++) {
		tr_str_addf(&out, "%llu %s%s\n", (unsigned long long)all[i].version, all[i].kind,
			all[i].expired ? " expired" : "");
		tr_manifest_clear(&all[i]);
	}
	free(all);
	*text = out.ptr ? out.ptr : strdup("");
	return true;
}

bool trtest_lake_version(struct tr_store *s, const char *dataset, uint64_t *version, struct tr_err *err)
{
	const struct tr_lake lake = { .store = s };
	return tr_lake_version(&lake, dataset, version, err);
}

/* Names, one a line. */
bool trtest_lake_datasets(struct tr_store *s, char **text, struct tr_err *err)
{
	const struct tr_lake lake = { .store = s };
	char **names;
	size_t n;
	struct tr_str out;
	if (!tr_lake_datasets(&lake, &names, &n, err))
		return false;
	tr_str_init(&out, (size_t)1 << 20);
	for (size_t i = 0; i < n; i++) {
		tr_str_addf(&out, "%s\n", names[i]);
		free(names[i]);
	}
	free(names);
	*text = out.ptr ? out.ptr : strdup("");
	return true;
}

bool trtest_lake_rollback(struct tr_store *s, const char *dataset, uint64_t to, uint64_t *version,
	struct tr_err *err)
{
	const struct tr_lake lake = { .store = s };
	struct tr_manifest m;
	bool ok = tr_lake_rollback(&lake, dataset, to, &m, err);
	*version = m.version;
	tr_manifest_clear(&m);
	return ok;
}

/* The findings' texts, one a line. */
bool trtest_lake_verify(struct tr_store *s, const char *dataset, uint64_t version, char **text,
	struct tr_err *err)
{
	const struct tr_lake lake = { .store = s };
	struct tr_verify_report report;
	struct tr_errs findings;
	struct tr_str out;
	tr_errs_init(&findings);
	tr_str_init(&out, (size_t)1 << 20);
	bool ok = tr_lake_verify(&lake, dataset, version, &report, &findings, err);
	tr_str_addf(&out, "%zu files\n", report.files);
	for (size_t i = 0; i < findings.n; i++)
		tr_str_addf(&out, "%s (%s)\n", findings.items[i].what, findings.items[i].detail);
	tr_errs_clear(&findings);
	*text = out.ptr;
	return ok;
}

bool trtest_lake_gc(struct tr_store *s, const char *dataset, int keep_versions, bool dry_run, size_t *removed,
	size_t *expired, size_t *live, struct tr_err *err)
{
	const struct tr_lake lake = { .store = s };
	const struct tr_gc_options options = { .keep_versions = keep_versions,
		.keep_days = -1,
		.grace_us = -1,
		.dry_run = dry_run };
	struct tr_gc_report report;
	bool ok = tr_lake_gc(&lake, dataset, &options, &report, err);
	*removed = report.files_removed;
	*expired = report.versions_expired;
	*live = report.runs_live;
	return ok;
}
