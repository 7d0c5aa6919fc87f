#include "cli/project.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/each.h"
#include "data/name.h"
#include "fmt/json_text.h"
#include "plan/plan.h"

static bool add_secrets(struct tr_cli *cli, const struct tr_config *config, struct tr_err *err)
{
	struct tr_secrets *s = &cli->console.secrets;
	return (!config->source.url || tr_secrets_add_conninfo(s, config->source.url, err)) &&
		tr_secrets_add(s, config->trino.password, err) && tr_secrets_add(s, config->trino.token, err);
}

typedef bool (*load_fn)(const char *path, tr_getenv env, void *env_context, struct tr_config *out,
	struct tr_errs *errs);

static int load_config(struct tr_cli *cli, load_fn load, struct tr_config *out)
{
	struct tr_errs errs;
	struct tr_err err = { 0 };
	int code = 0;
	/* Before the file is read: its own errors may quote these. */
	const char *url = getenv("DATABASE_URL");
	if (!tr_secrets_add(&cli->console.secrets, getenv("PGPASSWORD"), &err) ||
		(url && !tr_secrets_add_conninfo(&cli->console.secrets, url, &err)))
		return tr_console_error(&cli->console, &err);
	tr_errs_init(&errs);
	if (!load(cli->config_path, tr_environment_process, NULL, out, &errs)) {
		code = tr_console_errors(&cli->console, &errs);
	} else if (!add_secrets(cli, out, &err)) {
		tr_config_clear(out);
		code = tr_console_error(&cli->console, &err);
	}
	tr_errs_clear(&errs);
	return code;
}

/* Datasets that read only the lake need nothing of the source: not its variables, not its
 * password. A mistake is left to those who load the whole file. */
static bool load_without_source(struct tr_cli *cli, const char *const *names, size_t n, struct tr_config *out)
{
	struct tr_errs ignored;
	tr_errs_init(&ignored);
	bool ok = tr_config_load_lake(cli->config_path, tr_environment_process, NULL, out, &ignored);
	tr_errs_clear(&ignored);
	if (!ok || (!tr_plan_reads_postgres(out, names, n) && tr_plan_reads_lake(out, names, n)))
		return ok;
	tr_config_clear(out);
	return false;
}

int tr_project_config(struct tr_cli *cli, const char *const *names, size_t n, struct tr_config *out)
{
	return load_without_source(cli, names, n, out) ? 0 : load_config(cli, tr_config_load, out);
}

static bool nothing_published(const struct tr_config *config, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER, "nothing has been published to %s yet", config->lake.location);
	return tr_err_hint(err, "`tailrace run` publishes");
}

int tr_project_config_offline(struct tr_cli *cli, struct tr_config *out)
{
	return load_config(cli, tr_config_load_lake, out);
}

/* A configured lake whose folder is not there yet. */
static bool never_published(const struct tr_config *config, struct tr_err *err)
{
	struct stat st;
	if (tr_config_is_s3(config) || stat(config->lake.location, &st) == 0 || errno != ENOENT)
		return false;
	nothing_published(config, err);
	return true;
}

int tr_project_lake(struct tr_cli *cli, const char *location, bool may_be_missing,
	struct tr_project_lake *out)
{
	struct tr_err err = { 0 };
	memset(out, 0, sizeof *out);
	out->lake = &out->house.lake;
	if (!location) {
		int code = load_config(cli, tr_config_load_lake, &out->config);
		if (code)
			return code;
		out->has_config = true;
	}
	const struct tr_lakehouse_options options = { .config = out->has_config ? &out->config : NULL,
		.location = location,
		.cancel = &cli->cancel };
	bool missing = out->has_config && never_published(&out->config, &err);
	if (missing && may_be_missing)
		return 0;
	if (!missing && tr_lakehouse_open(&options, &out->house, &err))
		return 0;
	tr_project_lake_clear(out);
	return tr_console_error(&cli->console, &err);
}

bool tr_project_lake_exists(const struct tr_project_lake *p, struct tr_err *err)
{
	return p->house.store || nothing_published(&p->config, err);
}

void tr_project_lake_clear(struct tr_project_lake *p)
{
	tr_lakehouse_close(&p->house);
	if (p->has_config)
		tr_config_clear(&p->config);
	memset(p, 0, sizeof *p);
}

static int open_configured(struct tr_cli *cli, const struct tr_config *config, bool create,
	struct tr_lakehouse *out)
{
	struct tr_err err = { 0 };
	const struct tr_lakehouse_options options = { .config = config,
		.create = create,
		.cancel = &cli->cancel };
	return tr_lakehouse_open(&options, out, &err) ? 0 : tr_console_error(&cli->console, &err);
}

int tr_project_lake_create(struct tr_cli *cli, const struct tr_config *config, struct tr_lakehouse *out)
{
	return open_configured(cli, config, true, out);
}

int tr_project_lake_to_read(struct tr_cli *cli, const struct tr_config *config, struct tr_lakehouse *out)
{
	struct tr_err ignored = { 0 };
	memset(out, 0, sizeof *out);
	return never_published(config, &ignored) ? 0 : open_configured(cli, config, false, out);
}

void tr_names_free(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static bool not_published(const struct tr_lake *lake, const char *dataset, struct tr_err *err)
{
	char **names = NULL;
	size_t n = 0;
	if (!tr_lake_datasets(lake, &names, &n, err))
		return false;
	tr_err_set(err, TR_ERR_USER, "dataset `%s` is not published in %s", dataset, lake->store->location);
	const char *closest = tr_name_closest(dataset, (const char *const *)names, n);
	if (closest)
		tr_err_hint(err, "did you mean `%s`? `tailrace datasets` lists all", closest);
	else
		tr_err_hint(err, "publish it with `tailrace run %s`; `tailrace datasets` lists what there is",
			dataset);
	tr_names_free(names, n);
	return false;
}

bool tr_project_manifest(const struct tr_lake *lake, const char *dataset, uint64_t version,
	struct tr_manifest *out, struct tr_err *err)
{
	bool found = false;
	uint64_t newest = 0;
	if (!tr_name_is_dataset(dataset))
		return not_published(lake, dataset, err);
	if (!tr_lake_load(lake, dataset, version, out, &found, err))
		return false;
	if (found)
		return true;
	if (version > 0 && !tr_lake_version(lake, dataset, &newest, err))
		return false;
	if (newest == 0)
		return not_published(lake, dataset, err);
	tr_err_set(err, TR_ERR_USER, "dataset `%s` has no version %llu", dataset,
		(unsigned long long)version);
	return tr_err_hint(err, "the newest is %llu; `tailrace history %s` lists all",
		(unsigned long long)newest, dataset);
}

bool tr_project_version_zero(const char *dataset, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER, "versions begin at 1");
	return tr_err_hint(err, "`tailrace history %s` lists them", dataset);
}

bool tr_project_at(const struct tr_cli_args *args, const char *dataset, uint64_t *version, struct tr_err *err)
{
	int64_t at = tr_cli_count(args, "at", -1);
	*version = at < 0 ? 0 : (uint64_t)at;
	return at != 0 || tr_project_version_zero(dataset, err);
}

struct manifests {
	const struct tr_lake *lake;
	char *const *datasets;
	struct tr_manifest *out;
};

static bool read_manifest(void *context, size_t i, struct tr_err *err)
{
	const struct manifests *m = context;
	return tr_project_manifest(m->lake, m->datasets[i], 0, &m->out[i], err);
}

bool tr_project_manifests(const struct tr_lake *lake, char *const *datasets, size_t n,
	struct tr_manifest *out, struct tr_err *err)
{
	struct manifests all = { lake, datasets, out };
	for (size_t i = 0; i < n; i++)
		tr_manifest_init(&out[i]);
	return n == 0 || tr_each(n, lake->store->side_by_side, read_manifest, &all, err);
}

static bool copy_names(const char *const *named, size_t n_named, char ***names, size_t *n, struct tr_err *err)
{
	*names = tr_calloc(n_named, sizeof **names, err);
	*n = 0;
	if (!*names)
		return false;
	for (size_t i = 0; i < n_named; i++) {
		(*names)[i] = tr_strdup(named[i], err);
		if (!(*names)[i])
			return false;
		++*n;
	}
	return true;
}

int tr_project_published(struct tr_cli *cli, const struct tr_lake *lake, const char *const *named,
	size_t n_named, char ***names, size_t *n)
{
	struct tr_err err = { 0 };
	*names = NULL;
	*n = 0;
	bool ok = n_named == 0 ? tr_lake_datasets(lake, names, n, &err)
			       : copy_names(named, n_named, names, n, &err);
	for (size_t i = 0; ok && i < n_named; i++) {
		uint64_t version = 0;
		ok = !tr_name_is_dataset(named[i]) || tr_lake_version(lake, named[i], &version, &err);
		if (ok && version == 0)
			ok = not_published(lake, named[i], &err);
	}
	if (ok)
		return 0;
	tr_names_free(*names, *n);
	*names = NULL;
	*n = 0;
	return tr_console_error(&cli->console, &err);
}

json_t *tr_project_sources_json(const struct tr_manifest *m)
{
	json_t *list = json_array();
	for (size_t i = 0; i < m->n_sources; i++)
		json_array_append_new(list,
			json_pack("{s:s, s:I}", "dataset", m->sources[i].dataset, "version",
				(json_int_t)m->sources[i].version));
	return list;
}

int tr_project_print_json(struct tr_cli *cli, json_t *value)
{
	struct tr_err err = { 0 };
	char *text = tr_json_text(value, JSON_INDENT(2) | JSON_REAL_PRECISION(15), &err);
	json_decref(value);
	if (!text)
		return tr_console_error(&cli->console, &err);
	tr_console_wrote(&cli->console, fprintf(cli->console.out, "%s\n", text) >= 0);
	free(text);
	return 0;
}
