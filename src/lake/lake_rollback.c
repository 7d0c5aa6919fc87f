#include <stdlib.h>
#include <string.h>

#include "lake/lake_commit.h"
#include "lake/lake_key.h"
#include "lake/lake_versions.h"

static bool not_published(const char *dataset, uint64_t version, struct tr_err *err)
{
	if (version)
		tr_err_set(err, TR_ERR_USER, "`%s` has no version %llu", dataset,
			(unsigned long long)version);
	else
		tr_err_set(err, TR_ERR_USER, "`%s` is not published", dataset);
	return tr_err_hint(err, "`tailrace history %s` lists its versions", dataset);
}

/* The newest version's number and last field id. */
static bool read_newest(const struct tr_lake *lake, const char *dataset, uint64_t *version,
	int32_t *last_field_id, struct tr_err *err)
{
	struct tr_manifest newest;
	bool found;
	if (!tr_lake_load(lake, dataset, 0, &newest, &found, err))
		return false;
	*version = newest.version;
	*last_field_id = newest.last_field_id;
	tr_manifest_clear(&newest);
	return found || not_published(dataset, 0, err);
}

static bool restore(const struct tr_lake *lake, struct tr_manifest *m, uint64_t newest, int32_t last_field_id,
	struct tr_err *err)
{
	uint64_t version = m->version;
	char run_id[TR_RUN_ID_TEXT];
	bool refused; /* the files are another version's: they stay in any case */
	tr_run_id_new(run_id);
	free(m->run_id);
	free(m->kind);
	free(m->tailrace);
	m->kind = m->tailrace = NULL;
	m->run_id = tr_strdup(run_id, err);
	m->kind = m->run_id ? tr_strdup("rollback", err) : NULL;
	if (!m->kind)
		return false;
	m->rollback_of = version;
	m->parent = newest;
	if (m->last_field_id < last_field_id)
		m->last_field_id = last_field_id;
	if (tr_lake_commit_held(lake, m, version, NULL, &refused, err))
		return true;
	tr_lake_lease_end(lake, m->dataset, run_id);
	if (err->kind == TR_ERR_INTERNAL && err->hint[0])
		tr_err_hint(err,
			"version %llu cannot be published again; `tailrace verify %s` looks at its files, "
			"`tailrace history %s` lists others; nothing was published",
			(unsigned long long)version, m->dataset, m->dataset);
	return false;
}

bool tr_lake_rollback(const struct tr_lake *lake, const char *dataset, uint64_t version,
	struct tr_manifest *out, struct tr_err *err)
{
	uint64_t newest;
	int32_t last_field_id;
	bool found;
	tr_manifest_init(out);
	if (!read_newest(lake, dataset, &newest, &last_field_id, err))
		return false;
	if (version == newest) {
		tr_err_set(err, TR_ERR_USER, "version %llu of `%s` is the current one",
			(unsigned long long)version, dataset);
		return tr_err_hint(err, "`tailrace history %s` lists the earlier ones", dataset);
	}
	if (!tr_lake_read(lake, dataset, version, out, &found, err))
		return false;
	if (found && restore(lake, out, newest, last_field_id, err))
		return true;
	tr_manifest_clear(out);
	return found ? false : not_published(dataset, version, err);
}
