#include "cli/estimate.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/project.h"
#include "cli/units.h"
#include "engine/embedded.h"

#define MEGABYTE UINT64_C(1000000)
#define BILLED_MIN (10 * MEGABYTE)
#define ENGINE_MEMORY ((size_t)64 << 20)

/* ---- what a dataset's columns take ---- */

/* One dataset of the statement: its name there, what readers see, and the sizes. */
struct part {
	char *name;
	struct tr_schema schema;
	uint64_t *bytes; /* one a column of the files; partition columns take none */
	size_t n;
	uint64_t rest; /* footers, indexes: read whichever column is touched */
	int64_t rows;
};

static void clear_parts(struct part *parts, size_t n)
{
	for (size_t i = 0; parts && i < n; i++) {
		free(parts[i].name);
		free(parts[i].bytes);
		tr_schema_clear(&parts[i].schema);
	}
	free(parts);
}

/* A file that does not tell what its columns take counts whole, whichever is touched. */
static void add_file(struct part *p, const struct tr_manifest_file *file)
{
	uint64_t told = 0;
	for (size_t i = 0; i < p->n; i++)
		told += file->column_bytes[i];
	if (told > file->bytes)
		told = 0;
	for (size_t i = 0; told && i < p->n; i++)
		p->bytes[i] += file->column_bytes[i];
	p->rest += file->bytes - told;
}

static bool load_part(const struct tr_statement_options *o, const char *name, struct part *p,
	struct tr_err *err)
{
	struct tr_manifest m;
	tr_manifest_init(&m);
	bool ok = tr_statement_manifest(o->lake, name, o->at, &m, err) &&
		tr_manifest_columns(&m, &p->schema, err) && (p->name = tr_strdup(name, err)) &&
		(p->bytes = tr_calloc(m.schema.n, sizeof *p->bytes, err));
	if (ok) {
		p->n = m.schema.n;
		p->rows = m.rows;
		for (size_t i = 0; i < m.n_files; i++)
			add_file(p, &m.files[i]);
	}
	tr_manifest_clear(&m);
	return ok;
}

/* ---- what the statement touches ---- */

static bool never_open(void *context, const int *columns, size_t n, struct ArrowArrayStream *out,
	struct tr_err *err)
{
	(void)context;
	(void)columns;
	(void)n;
	(void)out;
	return tr_err_set(err, TR_ERR_INTERNAL, "a statement that is only looked at was run");
}

static const struct part *find_part(const struct part *parts, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(parts[i].name, name) == 0)
			return &parts[i];
	return NULL;
}

static uint64_t scan_bytes(const struct part *parts, size_t n, const struct tr_engine_scan *scan)
{
	const struct part *p = find_part(parts, n, scan->input);
	uint64_t bytes = p ? p->rest : 0;
	for (size_t i = 0; p && i < scan->n_columns; i++)
		bytes += (size_t)scan->columns[i] < p->n ? p->bytes[scan->columns[i]] : 0;
	return bytes;
}

/* Ask the embedded engine, over tables of the same columns and no rows. *understood false:
 * it is not its SQL, or reads other tables, too. */
static bool ask_engine(const struct tr_statement_options *o, const char *sql, const struct part *parts,
	size_t n, bool *understood, uint64_t *bytes, struct tr_err *err)
{
	const struct tr_engine_options options = { .memory = ENGINE_MEMORY, .temp_dir = o->temp_dir };
	struct tr_engine_describe describe = { 0 };
	struct tr_engine *engine = NULL;
	struct tr_err not_understood = { 0 };
	*understood = false;
	if (!tr_engine_open(&options, &engine, err))
		return false;
	bool ok = true;
	for (size_t i = 0; ok && i < n; i++) {
		const struct tr_engine_input input = { .name = parts[i].name,
			.schema = &parts[i].schema,
			.rows = parts[i].rows,
			.open = never_open };
		ok = tr_engine_add_input(engine, &input, err);
	}
	*understood = ok && tr_engine_prepare(engine, sql, NULL, NULL, 0, &describe, &not_understood);
	for (size_t i = 0; *understood && i < describe.n_scans; i++)
		*bytes += scan_bytes(parts, n, &describe.scans[i]);
	if (*understood)
		tr_engine_describe_clear(&describe);
	tr_engine_close(engine);
	return ok;
}

bool tr_estimate_scan(const struct tr_statement_options *o, const char *sql,
	const struct tr_statement_names *names, struct tr_estimate *out, struct tr_err *err)
{
	*out = (struct tr_estimate){ .known = !names->reads || names->n_used > 0 };
	if (names->n_used == 0)
		return true;
	struct part *parts = tr_calloc(names->n_used, sizeof *parts, err);
	bool ok = parts != NULL, understood = false;
	for (size_t i = 0; ok && i < names->n_used; i++)
		ok = load_part(o, names->used[i], &parts[i], err);
	ok = ok && ask_engine(o, sql, parts, names->n_used, &understood, &out->bytes, err);
	for (size_t i = 0; ok && !understood && i < names->n_used; i++) {
		out->bytes += parts[i].rest;
		for (size_t k = 0; k < parts[i].n; k++)
			out->bytes += parts[i].bytes[k];
	}
	clear_parts(parts, names->n_used);
	return ok;
}

bool tr_estimate_check(const struct tr_statement_options *o, const struct tr_estimate *estimate,
	struct tr_err *err)
{
	char bytes[TR_UNITS_TEXT], most[TR_UNITS_TEXT];
	if (!o->max_scan || (estimate->known && estimate->bytes <= o->max_scan))
		return true;
	bool athena = strcmp(o->engine, "athena") == 0;
	if (estimate->known)
		tr_err_set(err, TR_ERR_USER, "the statement may read %s, and --max-scan allows %s",
			tr_units_bytes(estimate->bytes, bytes), tr_units_bytes(o->max_scan, most));
	else
		tr_err_set(err, TR_ERR_USER,
			"what the statement reads cannot be estimated: it names no published dataset");
	return tr_err_hint(err, "%s%s",
		estimate->known
			? "name fewer columns or datasets, or allow more with --max-scan; what a filter "
			  "on a partition saves is not in the estimate"
			: "leave --max-scan out, or name a dataset of `tailrace datasets`",
		athena ? "; a workgroup can have a limit of its own, which Athena keeps while it runs" : "");
}

/* ---- costs ---- */

int64_t tr_estimate_cost(uint64_t bytes, int64_t price_per_tb_micros)
{
	if (bytes == 0)
		return 0;
	uint64_t billed =
		bytes > UINT64_MAX - MEGABYTE ? bytes : (bytes + MEGABYTE - 1) / MEGABYTE * MEGABYTE;
	if (billed < BILLED_MIN)
		billed = BILLED_MIN;
	tr_i128 micros = (tr_i128)billed * price_per_tb_micros / 1000000000000;
	return micros > INT64_MAX ? INT64_MAX : (int64_t)micros;
}

const char *tr_estimate_dollars(int64_t micros, char *buf)
{
	double dollars = (double)micros / 1e6;
	int digits = micros == 0 || micros >= 1000000 ? 2 : micros >= 10000 ? 3 : micros >= 1000 ? 4 : 6;
	snprintf(buf, TR_UNITS_TEXT, "$%.*f", digits, dollars);
	return buf;
}
