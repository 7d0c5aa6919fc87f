#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/project.h"
#include "cli/prompt.h"
#include "cli/statement.h"
#include "cli/units.h"
#include "plan/config_remote.h"

#define SQL_MAX ((size_t)16 << 20)
#define MEMORY_DEFAULT ((size_t)512 << 20)
#define PROGRAM_MEMORY ((size_t)40 << 20)
#define ROWS_ON_TERMINAL 200

/* The statement's text, owned: the argument, stdin, or a file. */
static char *read_sql(FILE *f, const char *name, struct tr_err *err)
{
	struct tr_str text;
	char piece[65536];
	size_t n;
	tr_str_init(&text, SQL_MAX);
	errno = 0;
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		tr_str_addn(&text, piece, n);
	char *sql = NULL;
	if (ferror(f)) {
		tr_err_errno(err, errno, "could not read %s", name);
	} else if (text.failed) {
		tr_err_set(err, TR_ERR_USER, "%s is no statement: it has more than %zu bytes", name, SQL_MAX);
	} else if (text.ptr && memchr(text.ptr, '\0', text.len)) {
		tr_err_set(err, TR_ERR_USER, "%s is no statement: it has zero bytes", name);
	} else {
		sql = tr_str_take(&text, err);
	}
	tr_str_clear(&text);
	return sql;
}

static char *read_file(const char *path, struct tr_err *err)
{
	FILE *f = fopen(path, "re");
	if (!f) {
		tr_err_set(err, TR_ERR_USER, "%s could not be read", path);
		tr_err_detail(err, "%s", strerror(errno));
		tr_err_hint(err, "give --file the path of a file with one SELECT");
		return NULL;
	}
	char *sql = read_sql(f, path, err);
	fclose(f);
	return sql;
}

static char *get_sql(const struct tr_cli_args *args, struct tr_err *err)
{
	const char *path = tr_cli_value(args, "file");
	if (path && args->n > 0) {
		tr_err_set(err, TR_ERR_USER, "there is a statement and also --file");
		tr_err_hint(err, "give one of them");
		return NULL;
	}
	char *sql = path                                                ? read_file(path, err)
		: args->n == 0 || strcmp(args->positional[0], "-") == 0 ? read_sql(stdin, "stdin", err)
									: tr_strdup(args->positional[0], err);
	if (sql && sql[strspn(sql, " \t\r\n;")] == '\0') {
		tr_err_set(err, TR_ERR_USER, "the statement is empty");
		tr_err_hint(err, "`tailrace help query` has examples");
		free(sql);
		return NULL;
	}
	return sql;
}

/* Who runs the statement: --engine, or the configuration's. */
static const char *engine_of(const struct tr_cli_args *args, const struct tr_project_lake *p)
{
	const char *engine = tr_cli_value(args, "engine");
	return engine ? engine : p->has_config ? p->config.engine : "embedded";
}

static bool read_max_scan(const struct tr_cli_args *args, uint64_t *out, struct tr_err *err)
{
	const char *text = tr_cli_value(args, "max-scan");
	*out = 0;
	if (!text || tr_units_parse_bytes(text, out))
		return true;
	tr_err_set(err, TR_ERR_USER, "`%s` is no size for --max-scan", text);
	return tr_err_hint(err, "write a number with a unit, as 500MB or 10GB");
}

static bool check_engine(const struct tr_cli_args *args, const struct tr_project_lake *p, struct tr_err *err)
{
	if (p->has_config || !tr_config_is_remote(engine_of(args, p)))
		return true;
	tr_err_set(err, TR_ERR_USER, "--lake names a lake only, and %s needs a configuration",
		engine_of(args, p));
	return tr_err_hint(err, "leave --lake out; the configuration says how %s is reached",
		engine_of(args, p));
}

static struct tr_statement_options statement_options(struct tr_cli *cli, const struct tr_cli_args *args,
	const struct tr_project_lake *p)
{
	size_t memory = p->has_config ? (size_t)p->config.limits.memory : MEMORY_DEFAULT;
	const char *temp = getenv("TMPDIR"), *format = tr_cli_value(args, "format");
	struct tr_statement_options o = {
		.lake = p->lake,
		.engine = engine_of(args, p),
		.config = p->has_config ? &p->config : NULL,
		.aws = p->house.aws.http ? &p->house.aws.aws : NULL,
		/* The engine takes up to 1.6 times what it is told (reference: memory). */
		.memory = (size_t)((double)(memory - PROGRAM_MEMORY) / 1.6),
		.threads = p->has_config ? p->config.limits.threads : 2,
		.temp_dir = p->has_config ? p->config.limits.temp_dir
			: temp && temp[0] ? temp
					  : "/tmp",
		.file = tr_cli_value(args, "file"),
		.format = format ? format : "table",
		.console = &cli->console,
		.cancel = &cli->cancel,
	};
	bool bounded =
		strcmp(o.format, "table") == 0 && !tr_cli_value(args, "output") && cli->console.out_terminal;
	o.max_rows = tr_cli_count(args, "max-rows", bounded ? ROWS_ON_TERMINAL : 0);
	return o;
}

static bool refuse_terminal(struct tr_cli *cli, const char *format, const char *output, struct tr_err *err)
{
	bool to_terminal = (!output || strcmp(output, "-") == 0) && cli->console.out_terminal;
	if (strcmp(format, "parquet") != 0 || !to_terminal)
		return true;
	tr_err_set(err, TR_ERR_USER, "Parquet is not for terminals");
	return tr_err_hint(err, "add `-o FILE`, or redirect the output");
}

static int run_one(struct tr_cli *cli, const struct tr_cli_args *args,
	const struct tr_statement_options *options)
{
	struct tr_err err = { 0 };
	struct tr_target target = { 0 };
	struct tr_statement_result result;
	const char *output = tr_cli_value(args, "output");
	int code = 0;
	char *sql = NULL;
	bool ok = refuse_terminal(cli, options->format, output, &err) && (sql = get_sql(args, &err)) &&
		tr_target_open(&target, &cli->console, output, &err) &&
		tr_statement_run(options, sql, &target, &result, &err) && tr_target_finish(&target, &err);
	if (!ok && !target.closed)
		code = tr_console_error(&cli->console, &err);
	else if (ok && result.more)
		tr_console_note(&cli->console, "only the first %lld rows are shown; --max-rows 0 shows all",
			(long long)result.rows);
	cli->console.out_failed = !ok && !target.path && target.file && ferror(target.file);
	tr_target_clear(&target);
	free(sql);
	return code;
}

int tr_cmd_query(struct tr_cli *cli, const struct tr_cli_args *args)
{
	struct tr_project_lake p;
	struct tr_err err = { 0 };
	int code = tr_project_lake(cli, tr_cli_value(args, "lake"), true, &p);
	if (code)
		return code;
	struct tr_statement_options options = statement_options(cli, args, &p);
	bool statement = args->n > 0 || tr_cli_value(args, "file") || !isatty(STDIN_FILENO) ||
		!cli->console.out_terminal;
	/* An engine elsewhere has other tables, too; the prompt completes the lake's names. */
	bool without_lake = statement && tr_config_is_remote(options.engine);
	if (!tr_project_at(args, "DATASET", &options.at, &err) || !check_engine(args, &p, &err) ||
		!read_max_scan(args, &options.max_scan, &err) ||
		(!without_lake && !tr_project_lake_exists(&p, &err)))
		code = tr_console_error(&cli->console, &err);
	else
		code = statement ? run_one(cli, args, &options) : tr_prompt(cli, &options);
	tr_project_lake_clear(&p);
	return code;
}
