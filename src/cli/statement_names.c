#include "cli/statement_names.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/project.h"
#include "cli/statement.h"

void tr_statement_names_clear(struct tr_statement_names *names)
{
	tr_names_free(names->published, names->n_published);
	tr_names_free(names->used, names->n_used);
	*names = (struct tr_statement_names){ 0 };
}

/* `orders@3`: 3, and the length of `orders`; without a version 0 and the whole length. */
static uint64_t split_version(const char *name, size_t *len)
{
	const char *at = strrchr(name, '@');
	*len = at ? (size_t)(at - name) : strlen(name);
	if (!at)
		return 0;
	size_t digits = strspn(at + 1, "0123456789");
	if (digits == 0 || digits > 18 || at[1 + digits]) {
		*len = strlen(name);
		return 0;
	}
	return strtoull(at + 1, NULL, 10);
}

bool tr_statement_manifest(const struct tr_lake *lake, const char *name, uint64_t at, struct tr_manifest *out,
	struct tr_err *err)
{
	size_t len;
	char dataset[TR_NAME_MAX + 1];
	uint64_t version = split_version(name, &len);
	snprintf(dataset, sizeof dataset, "%.*s", (int)len, name);
	if (name[len] && version == 0)
		return tr_project_version_zero(dataset, err);
	if (!tr_project_manifest(lake, dataset, version ? version : at, out, err))
		return false;
	if (!out->expired)
		return true;
	tr_err_set(err, TR_ERR_USER, "version %llu of `%s` has expired: its files may be gone",
		(unsigned long long)out->version, dataset);
	return tr_err_hint(err, "`tailrace history %s` lists the versions that are kept", dataset);
}

static bool take_name(void *context, const char *name, struct tr_err *err)
{
	struct tr_statement_names *names = context;
	size_t len;
	split_version(name, &len);
	names->reads = names->reads || strcasecmp(name, "from") == 0 || strcasecmp(name, "table") == 0;
	bool published = false;
	for (size_t i = 0; i < names->n_published && !published; i++)
		published = strlen(names->published[i]) == len &&
			strncasecmp(names->published[i], name, len) == 0;
	if (!published)
		return true;
	for (size_t i = 0; i < names->n_used; i++)
		if (strcasecmp(names->used[i], name) == 0)
			return true;
	if (!tr_array_grow((void **)&names->used, names->n_used, &names->cap, sizeof *names->used, err))
		return false;
	char *copy = tr_strdup(name, err);
	if (!copy)
		return false;
	for (char *p = copy; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
	names->used[names->n_used++] = copy;
	return true;
}

bool tr_statement_names_find(const struct tr_lake *lake, const char *sql, struct tr_statement_names *out,
	struct tr_err *err)
{
	*out = (struct tr_statement_names){ 0 };
	return (!lake->store || tr_lake_datasets(lake, &out->published, &out->n_published, err)) &&
		tr_statement_identifiers(sql, take_name, out, err);
}
