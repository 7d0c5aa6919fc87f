/* Prints the plan, for people and for programs. */
#include <stdlib.h>
#include <string.h>

#include "cli/check_aws.h"
#include "cli/planning.h"
#include "cli/table.h"
#include "cli/units.h"
#include "fmt/parquet_writer.h"

static const char *const KINDS[] = { [TR_PLAN_COPY] = "copy", [TR_PLAN_SQL] = "sql", [TR_PLAN_C] = "c" };
static const char *const TRANSFORMS[] = { "", "year", "month", "day", "hour" };

/* Physical type with its logical annotation, as tools that dump Parquet show it. */
static const char *parquet_type(struct tr_type type, char *buf, size_t size)
{
	static const char *const NAMES[] = {
		[TR_BOOL] = "BOOLEAN",
		[TR_INT16] = "INT32 (INT_16)",
		[TR_INT32] = "INT32",
		[TR_INT64] = "INT64",
		[TR_FLOAT] = "FLOAT",
		[TR_DOUBLE] = "DOUBLE",
		[TR_STRING] = "BYTE_ARRAY (STRING)",
		[TR_BINARY] = "BYTE_ARRAY",
		[TR_DATE] = "INT32 (DATE)",
		[TR_TIMESTAMP] = "INT64 (TIMESTAMP micros)",
		[TR_TIMESTAMPTZ] = "INT64 (TIMESTAMP micros, UTC)",
		[TR_TIME] = "INT64 (TIME micros)",
		[TR_UUID] = "FIXED[16] (UUID)",
		[TR_JSON] = "BYTE_ARRAY (JSON)",
	};
	if (type.kind == TR_DECIMAL)
		snprintf(buf, size, "DECIMAL(%d,%d)", type.precision, type.scale);
	else
		snprintf(buf, size, "%s", NAMES[type.kind]);
	return buf;
}

/* ---- estimates ---- */

/* Compressed Parquet takes about half of what COPY sends, on ordinary tables. It is only
 * said as `about`, to tell one file from a hundred. */
#define PARQUET_PART 0.5

struct estimate {
	double rows;       /* at most about; < 0: unknown */
	double bytes_read; /* < 0: unknown */
	double files;      /* a partition; < 0: unknown */
};

static struct estimate estimate(const struct tr_config *config, const struct tr_plan_dataset *d)
{
	struct estimate e = { 0 };
	for (size_t i = 0; i < d->n_sources; i++) {
		const struct tr_plan_source *s = &d->sources[i];
		if (s->rows < 0 || s->bytes < 0)
			return (struct estimate){ -1, -1, -1 };
		if ((double)s->rows > e.rows)
			e.rows = (double)s->rows;
		e.bytes_read += (double)s->bytes;
	}
	for (size_t i = 0; i < d->n_inputs; i++) {
		const struct tr_plan_input *in = &d->inputs[i];
		if (in->est_rows < 0 || in->est_bytes < 0)
			return (struct estimate){ -1, -1, -1 };
		if (in->est_rows > e.rows)
			e.rows = in->est_rows;
		e.bytes_read += (double)in->est_bytes * (in->scans > 0 ? in->scans : 1);
	}
	e.files = -1;
	if (d->n_keys == 0 && config->parquet.file_size > 0) {
		e.files = (double)(int64_t)(e.bytes_read * PARQUET_PART / (double)config->parquet.file_size) +
			1;
		if (e.files < d->workers)
			e.files = d->workers;
	}
	return e;
}

/* ---- text ---- */

#define NEVER_ANALYSED "unknown (never analysed)"

static const char *about(double n, bool bytes, char *buf)
{
	char text[TR_UNITS_TEXT];
	if (n < 0)
		return "unknown";
	if (bytes)
		tr_units_bytes((uint64_t)n, text);
	else
		tr_units_count((int64_t)n, text);
	snprintf(buf, TR_UNITS_TEXT + 8, "about %s", text);
	return buf;
}

static const char *engine_name(const struct tr_plan_dataset *d)
{
	return strcmp(d->run_on, "trino") == 0 ? "Trino" : "Athena";
}

static void add_source(struct tr_table *t, const struct tr_plan_source *s, const char *run_on)
{
	char text[TR_UNITS_TEXT];
	tr_table_text(t, s->config->dataset);
	if (s->upstream >= 0)
		tr_table_text(t, "the lake, of this run");
	else if (s->version)
		tr_table_textf(t, "the lake, version %llu", (unsigned long long)s->version);
	else
		tr_table_text(t, "the lake, not published yet");
	tr_table_textf(t, "%zu of %zu", s->n_columns, s->schema.n);
	tr_table_text(t, s->rows < 0 ? "not known yet" : tr_units_count(s->rows, text));
	tr_table_text(t, s->bytes < 0 ? "not known yet" : tr_units_bytes((uint64_t)s->bytes, text));
	tr_table_textf(t, "%d", s->scans);
	tr_table_text(t, run_on ? run_on : s->scans ? "read from its files" : "not read");
}

static void print_inputs(struct tr_cli *cli, const struct tr_plan_dataset *d)
{
	struct tr_table t;
	struct tr_err err = { 0 };
	char text[TR_UNITS_TEXT + 8];
	tr_table_init(&t, (size_t)16 << 20);
	const char *const heads[] = { "input", "relation", "columns", "rows", "bytes", "scans", "how" };
	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
		tr_table_column(&t, heads[i], NULL, i >= 2 && i <= 5);
	for (size_t i = 0; i < d->n_inputs; i++) {
		const struct tr_plan_input *in = &d->inputs[i];
		tr_table_text(&t, in->config->alias);
		tr_table_textf(&t, "%s.%s%s", in->relation->schema, in->relation->name,
			in->config->where ? " (filtered)" : "");
		tr_table_textf(&t, "%zu of %zu", in->n_columns, in->relation->n_columns);
		tr_table_text(&t, in->est_rows < 0 ? NEVER_ANALYSED : about(in->est_rows, false, text));
		tr_table_text(&t,
			in->est_bytes < 0 ? NEVER_ANALYSED : about((double)in->est_bytes, true, text));
		tr_table_textf(&t, "%d", in->scans);
		if (in->preload)
			tr_table_text(&t, "loaded first");
		else if (in->shared >= 0 && in->scans)
			tr_table_textf(&t, "read once for %zu datasets", in->shared_users);
		else if (d->workers > 1)
			tr_table_textf(&t, "%d workers by page ranges", d->workers);
		else
			tr_table_text(&t, in->scans ? "streamed" : "not read");
	}
	for (size_t i = 0; i < d->n_sources; i++)
		add_source(&t, &d->sources[i], d->run_on ? engine_name(d) : NULL);
	if (!tr_table_print(&t, &cli->console, cli->console.out, 0, &err))
		tr_console_error(&cli->console, &err);
	tr_table_clear(&t);
}

/* The column that a key takes out of the files: its place in the contract; -1: it stays there. */
static int identity_column(const struct tr_plan_dataset *d, const struct tr_partition_key *k)
{
	return k->transform == TR_PART_IDENTITY ? tr_schema_find(&d->contract.schema, k->column) : -1;
}

static bool is_in_the_path(const struct tr_plan_dataset *d, size_t column)
{
	for (size_t i = 0; i < d->n_keys; i++)
		if (identity_column(d, &d->keys[i]) == (int)column)
			return true;
	return false;
}

/* What the column is made of, in the words of who yields it. */
static void add_source_type(struct tr_table *t, const struct tr_plan_dataset *d, size_t column)
{
	tr_table_text(t, d->source_types ? d->source_types[column] : d->kind == TR_PLAN_C ? "typed C" : NULL);
}

static void add_key(struct tr_table *t, const struct tr_plan_dataset *d, const struct tr_partition_key *k)
{
	char type[TR_TYPE_TEXT];
	int column = identity_column(d, k);
	tr_table_textf(t, "%s", k->name);
	if (column >= 0)
		add_source_type(t, d, (size_t)column);
	else
		tr_table_textf(t, "%s(%s)", TRANSFORMS[k->transform], k->column);
	tr_table_text(t, tr_type_format(k->type, type));
	tr_table_text(t, "(in the path)");
	tr_table_text(t, tr_type_hive(k->type, type));
	tr_table_text(t, "partition");
}

static void print_columns(struct tr_cli *cli, const struct tr_plan_dataset *d)
{
	struct tr_table t;
	struct tr_err err = { 0 };
	tr_table_init(&t, (size_t)16 << 20);
	const char *const heads[] = { "column", d->kind == TR_PLAN_SQL ? "statement" : "source", "published",
		"Parquet", "Athena", "null" };
	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
		tr_table_column(&t, heads[i], NULL, false);
	for (size_t i = 0; i < d->contract.schema.n; i++) {
		const struct tr_field *f = &d->contract.schema.fields[i];
		char type[TR_TYPE_TEXT], parquet[64];
		if (is_in_the_path(d, i))
			continue;
		tr_table_text(&t, f->name);
		add_source_type(&t, d, i);
		tr_table_text(&t, tr_type_format(f->type, type));
		if (d->run_on && f->type.kind == TR_TIMESTAMP)
			tr_table_text(&t, strcmp(d->run_on, "trino") == 0 ? "INT96" : "as Athena stores it");
		else
			tr_table_text(&t, parquet_type(f->type, parquet, sizeof parquet));
		tr_table_text(&t, tr_type_hive(f->type, type));
		tr_table_text(&t, f->nullable ? "yes" : "no");
	}
	for (size_t i = 0; i < d->n_keys; i++)
		add_key(&t, d, &d->keys[i]);
	if (!tr_table_print(&t, &cli->console, cli->console.out, 0, &err))
		tr_console_error(&cli->console, &err);
	tr_table_clear(&t);
}

static void print_resources(FILE *out, const struct tr_config *config, const struct tr_plan_dataset *d)
{
	char a[TR_UNITS_TEXT + 8], b[TR_UNITS_TEXT + 8];
	struct estimate e = estimate(config, d);
	if (d->run_on) {
		fprintf(out,
			"  runs on      %s, which reads %s at most and writes the files\n"
			"  types        are asked of %s before it runs, and read from the footers after\n",
			engine_name(d), about(e.bytes_read, true, a), engine_name(d));
		return;
	}
	fprintf(out, "  reads        %s, ", about(e.bytes_read, true, a));
	if (d->connections)
		fprintf(out, "on %d connection%s\n", d->connections, d->connections == 1 ? "" : "s");
	else
		fputs("all of it from the lake\n", out);
	fprintf(out,
		"  memory       %s at most (limits.memory): ", tr_units_memory(config->limits.memory, a));
	if (d->engine_threads > 0)
		fprintf(out, "engine %s with %d thread%s, ", tr_units_memory(d->engine_memory, a),
			d->engine_threads, d->engine_threads == 1 ? "" : "s");
	fprintf(out, "staging %s\n", tr_units_memory(d->stage_memory, b));
	if (e.rows < 0)
		fprintf(out, "  writes       an unknown number of rows, %s Parquet, ",
			config->parquet.compression);
	else
		fprintf(out, "  writes       %s rows%s, %s Parquet, ", about(e.rows, false, a),
			d->kind == TR_PLAN_COPY
				? ""
				: " (as the largest input; the statement may make it more or less)",
			config->parquet.compression);
	if (d->n_keys > 0)
		fputs("one file or more a partition\n", out);
	else if (e.files < 0)
		fputs("number of files unknown\n", out);
	else
		fprintf(out, "about %.0f file%s\n", e.files, e.files == 1 ? "" : "s");
}

static void print_dataset(struct tr_cli *cli, const struct tr_planning *p, const struct tr_plan_dataset *d,
	const struct tr_check_aws *aws)
{
	char *shows = tr_check_aws_table(aws, d);
	FILE *out = cli->console.out;
	fprintf(out, "%s%s%s: ", tr_ink(&cli->console, out, TR_INK_BOLD), d->config->name,
		tr_ink_end(&cli->console, out));
	if (d->kind == TR_PLAN_COPY)
		fputs("a straight copy\n", out);
	else
		fprintf(out, "%s\n", d->kind == TR_PLAN_SQL ? d->config->sql : d->config->c);
	print_inputs(cli, d);
	putc('\n', out);
	print_columns(cli, d);
	putc('\n', out);
	print_resources(out, &p->config, d);
	if (d->catalog)
		fprintf(out, "  Glue         %s\n", d->catalog);
	if (shows)
		fprintf(out, "               %s\n", shows);
	free(shows);
	for (size_t i = 0; i < d->n_checks; i++)
		fprintf(out, "  check        %s\n", d->checks[i].text);
	fflush(out);
	for (const struct tr_plan_warning *w = d->warnings; w; w = w->next)
		tr_console_warn(&cli->console, "%s: %s", d->config->name, w->text);
	putc('\n', out);
}

static int print_plan(struct tr_cli *cli, const struct tr_planning *p, const struct tr_check_aws *aws)
{
	int version = p->server_version;
	if (version)
		fprintf(cli->console.out, "from %s (Postgres %d.%d) to %s\n\n", p->where, version / 10000,
			version % 10000, p->config.lake.location);
	else
		fprintf(cli->console.out, "within %s\n\n", p->config.lake.location);
	for (size_t i = 0; i < p->plan.n_datasets; i++)
		print_dataset(cli, p, &p->plan.datasets[i], aws);
	tr_check_aws_print(cli, aws);
	int code = tr_check_aws_errors(cli, aws);
	if (code)
		return code;
	tr_console_note(&cli->console, "%zu dataset%s checked; no row was read, nothing was published",
		p->plan.n_datasets, p->plan.n_datasets == 1 ? "" : "s");
	return 0;
}

/* ---- JSON ---- */

static json_t *inputs_json(const struct tr_plan_dataset *d)
{
	json_t *list = json_array();
	for (size_t i = 0; i < d->n_inputs; i++) {
		const struct tr_plan_input *in = &d->inputs[i];
		json_t *columns = json_array();
		for (size_t k = 0; k < in->n_columns; k++)
			json_array_append_new(columns,
				json_string(in->relation->columns[in->columns[k]].name));
		json_t *o = json_pack("{s:s, s:s, s:s, s:o, s:i, s:b}", "alias", in->config->alias, "schema",
			in->relation->schema, "relation", in->relation->name, "columns", columns, "scans",
			in->scans, "preload", in->preload);
		json_object_set_new(o, "rows",
			in->est_rows < 0 ? json_null() : json_integer((json_int_t)in->est_rows));
		json_object_set_new(o, "bytes",
			in->est_bytes < 0 ? json_null() : json_integer(in->est_bytes));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *sources_json(const struct tr_plan_dataset *d)
{
	json_t *list = json_array();
	for (size_t i = 0; i < d->n_sources; i++) {
		const struct tr_plan_source *s = &d->sources[i];
		json_t *columns = json_array();
		for (size_t k = 0; k < s->n_columns; k++)
			json_array_append_new(columns, json_string(s->schema.fields[s->columns[k]].name));
		json_t *o = json_pack("{s:s, s:o, s:i, s:b}", "dataset", s->config->dataset, "columns",
			columns, "scans", s->scans, "of_this_run", s->upstream >= 0);
		json_object_set_new(o, "version",
			s->version ? json_integer((json_int_t)s->version) : json_null());
		json_object_set_new(o, "rows", s->rows < 0 ? json_null() : json_integer(s->rows));
		json_object_set_new(o, "bytes", s->bytes < 0 ? json_null() : json_integer(s->bytes));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *columns_json(const struct tr_plan_dataset *d)
{
	json_t *list = json_array();
	for (size_t i = 0; i < d->contract.schema.n; i++) {
		const struct tr_field *f = &d->contract.schema.fields[i];
		char type[TR_TYPE_TEXT], hive[TR_TYPE_TEXT], parquet[64];
		json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:b}", "name", f->name, "type",
			tr_type_format(f->type, type), "parquet",
			parquet_type(f->type, parquet, sizeof parquet), "athena", tr_type_hive(f->type, hive),
			"nullable", f->nullable);
		if (is_in_the_path(d, i))
			json_object_set_new(o, "parquet", json_null());
		if (d->source_types && d->source_types[i])
			json_object_set_new(o, "source_type", json_string(d->source_types[i]));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *keys_json(const struct tr_plan_dataset *d)
{
	json_t *list = json_array();
	for (size_t i = 0; i < d->n_keys; i++) {
		const struct tr_partition_key *k = &d->keys[i];
		char type[TR_TYPE_TEXT];
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:s, s:s}", "name", k->name, "column", k->column, "transform",
				k->transform == TR_PART_IDENTITY ? "identity" : TRANSFORMS[k->transform],
				"type", tr_type_format(k->type, type)));
	}
	return list;
}

static json_t *dataset_json(const struct tr_config *config, const struct tr_plan_dataset *d,
	const struct tr_check_aws *aws)
{
	char *shows = tr_check_aws_table(aws, d);
	struct estimate e = estimate(config, d);
	json_t *warnings = json_array(), *checks = json_array();
	for (const struct tr_plan_warning *w = d->warnings; w; w = w->next)
		json_array_append_new(warnings, json_string(w->text));
	for (size_t i = 0; i < d->n_checks; i++)
		json_array_append_new(checks, json_string(d->checks[i].text));
	json_t *o = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:i, s:i, s:i, s:I, s:I, s:o, s:o}", "dataset",
		d->config->name, "kind", KINDS[d->kind], "inputs", inputs_json(d), "from", sources_json(d),
		"columns", columns_json(d), "partitions", keys_json(d), "connections", d->connections,
		"workers", d->workers, "engine_threads", d->engine_threads, "engine_memory",
		(json_int_t)d->engine_memory, "stage_memory", (json_int_t)d->stage_memory, "checks", checks,
		"warnings", warnings);
	json_object_set_new(o, "glue", d->catalog ? json_string(d->catalog) : json_null());
	json_object_set_new(o, "glue_shows", shows ? json_string(shows) : json_null());
	free(shows);
	if (d->run_on)
		json_object_set_new(o, "run_on", json_string(d->run_on));
	json_object_set_new(o, "rows", e.rows < 0 ? json_null() : json_integer((json_int_t)e.rows));
	json_object_set_new(o, "bytes_read",
		e.bytes_read < 0 ? json_null() : json_integer((json_int_t)e.bytes_read));
	json_object_set_new(o, "files", e.files < 0 ? json_null() : json_integer((json_int_t)e.files));
	return o;
}

static int print_plan_json(struct tr_cli *cli, const struct tr_planning *p, const struct tr_check_aws *aws)
{
	json_t *list = json_array();
	for (size_t i = 0; i < p->plan.n_datasets; i++)
		json_array_append_new(list, dataset_json(&p->config, &p->plan.datasets[i], aws));
	int code = tr_project_print_json(cli,
		json_pack("{s:s, s:i, s:s, s:I, s:o, s:o}", "source", p->where, "server_version",
			p->server_version, "lake", p->config.lake.location, "memory",
			(json_int_t)p->config.limits.memory, "aws", tr_check_aws_json(aws), "datasets",
			list));
	return code ? code : tr_check_aws_errors(cli, aws);
}

int tr_cmd_check(struct tr_cli *cli, const struct tr_cli_args *args)
{
	struct tr_planning planning;
	struct tr_check_aws aws;
	bool offline = tr_cli_flag(args, "offline");
	enum tr_planning_purpose purpose = offline ? TR_PLANNING_OFFLINE : TR_PLANNING_LOOK;
	const struct tr_plan_options options = { .names = args->positional,
		.n = args->n,
		.object_dir = tr_cli_value(args, "objects") };
	int code = tr_planning_make(cli, &options, purpose, &planning);
	if (code)
		return code;
	tr_check_aws_try(cli, &planning, offline, &aws);
	code = tr_cli_flag(args, "json") ? print_plan_json(cli, &planning, &aws)
					 : print_plan(cli, &planning, &aws);
	tr_check_aws_clear(&aws);
	tr_planning_clear(&planning);
	return code;
}
