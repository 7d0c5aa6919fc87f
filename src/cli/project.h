/*
 * What most commands begin with: the configuration, and the lake it names. Each function
 * prints what goes wrong and returns the exit code, 0 for success.
 */
#ifndef TR_CLI_PROJECT_H
#define TR_CLI_PROJECT_H

#include <jansson.h>

#include "cli/cli.h"
#include "lake/lake.h"
#include "plan/config.h"
#include "run/lakehouse.h"

/* Load the configuration for work on the named datasets (n == 0: all), and register its secrets.
 * Where none of them reads Postgres, the source's variables may be unset. After success tr_config_clear(out). */
int tr_project_config(struct tr_cli *cli, const char *const *names, size_t n, struct tr_config *out);

/* The same for commands that ask nobody: variables in `source` may be unset. */
int tr_project_config_offline(struct tr_cli *cli, struct tr_config *out);

/* It stays where it was opened. */
struct tr_project_lake {
	struct tr_config config;
	bool has_config;           /* false: --lake was given */
	struct tr_lakehouse house; /* its store is NULL where nothing was ever published */
	const struct tr_lake *lake;
};
/* The lake of `location` (--lake: a folder or s3://bucket/prefix), or of the configuration
 * where it is NULL. Reading a lake needs no database: variables of the environment that only
 * the source names may be unset.
 * `may_be_missing`: where nothing was ever published, out->house.store is NULL and no error. */
int tr_project_lake(struct tr_cli *cli, const char *location, bool may_be_missing,
	struct tr_project_lake *out);
/* False where nothing was ever published, for who said that it may be missing. */
bool tr_project_lake_exists(const struct tr_project_lake *p, struct tr_err *err) TR_CHECKED;
void tr_project_lake_clear(struct tr_project_lake *p);
/* Open the lake of a configuration, creating its folder: for commands that publish. After
 * success tr_lakehouse_close(out). */
int tr_project_lake_create(struct tr_cli *cli, const struct tr_config *config, struct tr_lakehouse *out);

/* The same for commands that only look: out->store is NULL where nothing was ever published. */
int tr_project_lake_to_read(struct tr_cli *cli, const struct tr_config *config, struct tr_lakehouse *out);

/* The datasets that a command is about: those named (each must be published), or all
 * published ones. Free with tr_names_free. */
int tr_project_published(struct tr_cli *cli, const struct tr_lake *lake, const char *const *named,
	size_t n_named, char ***names, size_t *n);
void tr_names_free(char **names, size_t n);
/* A dataset's manifest; not published: an error that names the closest dataset. */
bool tr_project_manifest(const struct tr_lake *lake, const char *dataset, uint64_t version,
	struct tr_manifest *out, struct tr_err *err) TR_CHECKED;

/* The error of who asks for version 0, which elsewhere means the newest. False. */
bool tr_project_version_zero(const char *dataset, struct tr_err *err);
/* The version of --at, 0 where it is not given; `dataset` is for the hint. */
bool tr_project_at(const struct tr_cli_args *args, const char *dataset, uint64_t *version,
	struct tr_err *err) TR_CHECKED;

/* The newest manifests of many datasets, read side by side; of none, lake may be NULL: it is not there
 * yet. The items of `out` are cleared by the caller, also on failure. */
bool tr_project_manifests(const struct tr_lake *lake, char *const *datasets, size_t n,
	struct tr_manifest *out, struct tr_err *err) TR_CHECKED;

/* The versions of other datasets that a version was made of. */
json_t *tr_project_sources_json(const struct tr_manifest *m);
/* Print a JSON value, indented, and give it up. NULL: out of memory. The exit code. */
int tr_project_print_json(struct tr_cli *cli, json_t *value);

#endif
