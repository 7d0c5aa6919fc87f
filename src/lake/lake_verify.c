#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/each.h"
#include "lake/footer.h"
#include "lake/lake_key.h"

/* Files looked at side by side before what was found is told, in their order. */
#define BLOCK 64

struct verify {
	const struct tr_lake *lake;
	const struct tr_manifest *m;
	struct tr_verify_report *report;
	struct tr_errs *findings;
	struct tr_store_list list;
	bool *named;          /* one an entry of the list */
	struct tr_err *ended; /* set where a cancel ended the look at a file */
};

static struct tr_err *add_finding(struct verify *v, const struct tr_manifest_file *file, const char *text)
{
	char place[TR_KEY_MAX + 256];
	struct tr_err *err = tr_errs_add(v->findings);
	tr_err_set(err, TR_ERR_DATA, "`%s` %s", file->path, text);
	snprintf(place, sizeof place, "%s/%s", v->lake->store->location, file->path);
	tr_err_at_file(err, place, 0, 0, NULL);
	tr_err_at_row(err, v->m->dataset, NULL, NULL);
	tr_err_hint(err,
		"publish it again with `tailrace run %s`, go back to a whole version with `tailrace "
		"rollback %s`, or restore the file from a backup",
		v->m->dataset, v->m->dataset);
	return err;
}

static bool finding(struct verify *v, const struct tr_manifest_file *file, const char *fmt, ...)
	TR_PRINTF(3, 4);

/* Returns false, as what was asked of the file does not hold. */
static bool finding(struct verify *v, const struct tr_manifest_file *file, const char *fmt, ...)
{
	char text[400];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	add_finding(v, file, text);
	return false;
}

/* A failed look at one file is a finding, so that the others are looked at too; but a cancel ends all. */
static bool failed(struct verify *v, const struct tr_manifest_file *file, const struct tr_err *cause)
{
	if (cause->kind == TR_ERR_CANCELLED) {
		*v->ended = *cause;
		return false;
	}
	struct tr_err *err = add_finding(v, file, "cannot be read");
	return tr_err_detail(err, "%s%s%s", cause->what, cause->detail[0] ? ": " : "", cause->detail);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct tr_store_entry *)a)->key, ((const struct tr_store_entry *)b)->key);
}

static bool check_presence(struct verify *v, const struct tr_manifest_file *file)
{
	struct tr_store_entry key = { .key = file->path };
	const struct tr_store_entry *entry =
		v->list.n == 0 ? NULL : bsearch(&key, v->list.items, v->list.n, sizeof key, by_key);
	if (!entry)
		return finding(v, file, "is missing");
	v->named[entry - v->list.items] = true;
	return entry->bytes == file->bytes ||
		finding(v, file, "has %llu bytes, its manifest says %llu", (unsigned long long)entry->bytes,
			(unsigned long long)file->bytes);
}

static bool check_bytes(struct verify *v, const struct tr_manifest_file *file)
{
	char found[TR_CHECKSUM_TEXT];
	struct tr_err err = { 0 };
	if (!v->lake->store->ops->checksum(v->lake->store, file->path, found, &err))
		return failed(v, file, &err);
	return strcmp(found, file->checksum) == 0 ||
		finding(v, file, "has checksum %s, its manifest says %s", found, file->checksum);
}

static bool check_footer(struct verify *v, const struct tr_manifest_file *file)
{
	char difference[TR_FOOTER_TEXT];
	struct tr_err err = { 0 };
	if (!tr_lake_footer_compare(v->lake->store, v->m, file, difference, &err))
		return failed(v, file, &err);
	return !difference[0] || finding(v, file, "%s", difference);
}

struct block {
	struct verify *v;
	const struct tr_manifest_file *files;
	struct tr_errs findings[BLOCK];
};

static bool check_file(void *context, size_t i, struct tr_err *err)
{
	struct block *b = context;
	const struct tr_manifest_file *file = &b->files[i];
	struct verify v = *b->v;
	v.findings = &b->findings[i];
	v.ended = err;
	/* A file whose size or bytes differ says nothing by its footer. */
	if (check_presence(&v, file) && check_bytes(&v, file))
		check_footer(&v, file);
	return err->kind == TR_ERR_NONE;
}

static bool check_block(struct block *b, size_t n, struct tr_err *err)
{
	for (size_t i = 0; i < n; i++)
		tr_errs_init(&b->findings[i]);
	bool ok = tr_each(n, b->v->lake->store->side_by_side, check_file, b, err);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < b->findings[i].n; k++)
			(void)!tr_errs_push(b->v->findings, &b->findings[i].items[k]);
		b->v->findings->dropped += b->findings[i].dropped;
		tr_errs_clear(&b->findings[i]);
		b->v->report->files++;
		b->v->report->rows += b->files[i].rows;
		b->v->report->bytes += b->files[i].bytes;
	}
	return ok;
}

static bool check_files(struct verify *v, struct tr_err *err)
{
	const struct tr_manifest *m = v->m;
	struct block *b = tr_calloc(1, sizeof *b, err);
	bool ok = b != NULL;
	for (size_t i = 0; ok && i < m->n_files; i += BLOCK) {
		b->v = v;
		b->files = &m->files[i];
		ok = check_block(b, m->n_files - i < BLOCK ? m->n_files - i : BLOCK, err);
	}
	free(b);
	return ok;
}

/* Files beside the manifest's in the folders of its runs: engines that list folders read them. */
static void report_unreferenced(struct verify *v)
{
	size_t start = strlen(v->m->dataset) + 1;
	for (size_t i = 0; i < v->list.n; i++) {
		const struct tr_store_entry *entry = &v->list.items[i];
		bool ours = false;
		size_t n = start + strcspn(entry->key + start, "/") + 1;
		for (size_t k = 0; !v->named[i] && !ours && k < v->m->n_files; k++)
			ours = strncmp(v->m->files[k].path, entry->key, n) == 0;
		if (!ours)
			continue;
		v->report->unreferenced++;
		v->report->unreferenced_bytes += entry->bytes;
		tr_emit_text(v->lake->events, TR_EVENT_NOTICE, v->m->dataset,
			"`%s` is not a file of version %llu", entry->key, (unsigned long long)v->m->version);
	}
}

static bool verify_version(struct verify *v, struct tr_err *err)
{
	char prefix[TR_KEY_MAX];
	snprintf(prefix, sizeof prefix, "%s/", v->m->dataset);
	if (!v->lake->store->ops->list(v->lake->store, prefix, &v->list, err))
		return false;
	v->named = tr_calloc(v->list.n, sizeof *v->named, err);
	bool ok = v->named && check_files(v, err);
	if (ok)
		report_unreferenced(v);
	free(v->named);
	tr_store_list_clear(&v->list);
	return ok;
}

bool tr_lake_verify(const struct tr_lake *lake, const char *dataset, uint64_t version,
	struct tr_verify_report *report, struct tr_errs *findings, struct tr_err *err)
{
	struct tr_manifest m;
	bool found;
	*report = (struct tr_verify_report){ 0 };
	if (!tr_lake_load(lake, dataset, version, &m, &found, err))
		return false;
	struct verify v = { .lake = lake, .m = &m, .report = report, .findings = findings };
	report->version = m.version;
	bool ok;
	if (found && !m.expired) {
		ok = verify_version(&v, err);
	} else if (found) {
		ok = tr_err_set(err, TR_ERR_USER, "version %llu of `%s` has expired: its files may be gone",
			(unsigned long long)version, dataset);
		tr_err_hint(err, "`tailrace history %s` lists the versions that are kept", dataset);
	} else {
		ok = tr_err_set(err, TR_ERR_USER,
			version ? "`%s` has no version %llu" : "`%s` is not published", dataset,
			(unsigned long long)version);
		tr_err_hint(err,
			"`tailrace datasets` lists what is published, `tailrace history %s` its versions",
			dataset);
	}
	tr_manifest_clear(&m);
	return ok;
}
