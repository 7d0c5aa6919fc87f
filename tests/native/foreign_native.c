/* Files of other writers for Python: a run's folder in, the manifest's text out. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lake/foreign.h"

/* `a int;b decimal(5,2)`: every column may be null. */
static bool parse_columns(const char *text, struct tr_schema *out, struct tr_err *err)
{
	char *copy = tr_strdup(text, err), *rest = NULL;
	bool ok = copy != NULL;
	for (char *p = ok ? strtok_r(copy, ";", &rest) : NULL; ok && p; p = strtok_r(NULL, ";", &rest)) {
		struct tr_type type;
		char *space = strchr(p, ' ');
		*space = '\0';
		ok = tr_type_parse(space + 1, &type, err) && tr_schema_add(out, p, type, true, NULL, err);
	}
	free(copy);
	return ok;
}

static bool parse_keys(const char *text, struct tr_manifest *m, struct tr_err *err)
{
	struct tr_schema keys;
	tr_schema_init(&keys);
	bool ok = parse_columns(text, &keys, err) && (m->keys = tr_calloc(keys.n, sizeof *m->keys, err));
	for (size_t i = 0; ok && i < keys.n; i++) {
		m->keys[m->n_keys++] = (struct tr_partition_key){ .type = keys.fields[i].type };
		ok = (m->keys[i].name = tr_strdup(keys.fields[i].name, err)) &&
			(m->keys[i].column = tr_strdup(keys.fields[i].name, err));
	}
	tr_schema_clear(&keys);
	return ok;
}

/* The manifest reads back as what it was written from. */
static bool read_back(const char *text, struct tr_err *err)
{
	struct tr_manifest again;
	if (!tr_manifest_parse(text, strlen(text), &again, err))
		return false;
	char *second = tr_manifest_format(&again, err);
	bool ok = second &&
		(strcmp(text, second) == 0 ||
			tr_err_set(err, TR_ERR_INTERNAL, "it reads back as %s", second));
	free(second);
	tr_manifest_clear(&again);
	return ok;
}

bool trtest_adopt(const char *lake, const char *dataset, const char *run_id, const char *columns,
	const char *keys, char *out, size_t size, struct tr_err *err)
{
	struct tr_manifest m;
	struct tr_store *store = NULL;
	tr_manifest_init(&m);
	m.version = 1;
	bool ok = (m.dataset = tr_strdup(dataset, err)) && (m.run_id = tr_strdup(run_id, err)) &&
		(m.engine = tr_strdup("trino", err)) && (m.kind = tr_strdup("run", err)) &&
		(m.tailrace = tr_strdup("0", err)) && parse_columns(columns, &m.schema, err) &&
		parse_keys(keys, &m, err) && tr_store_local_open(lake, false, &store, err) &&
		tr_lake_adopt_files(store, &m, NULL, err);
	char *text = ok ? tr_manifest_format(&m, err) : NULL;
	ok = text && read_back(text, err);
	if (ok && strlen(text) < size)
		memcpy(out, text, strlen(text) + 1);
	else if (ok)
		ok = tr_err_set(err, TR_ERR_INTERNAL, "the text is too long");
	free(text);
	tr_store_free(store);
	tr_manifest_clear(&m);
	return ok;
}
