#include <stdlib.h>
#include <string.h>

#include "cli/filing.h"
#include "cli/project.h"
#include "cli/proposal.h"
#include "io/pg.h"
#include "io/store_s3.h"
#include "source/relation.h"
#include "source/relation_name.h"

#define TEXT_MAX ((size_t)64 << 20)

struct init {
	struct tr_cli *cli;
	char *url; /* a copy: the argument itself is blanked */
	bool has_password;
	struct tr_relation **relations;
	size_t n;
	struct tr_proposal proposal;
	struct tr_str yaml, sql;
	char database[256]; /* the source's name */
	char *yaml_path, *sql_path;
};

/* The URL out of argv, where `ps` would show its password for as long as we run. */
static bool take_url(struct init *in, const char *argument, struct tr_err *err)
{
	size_t start, len;
	if (!tr_secrets_add_conninfo(&in->cli->console.secrets, argument, err) ||
		!(in->url = tr_strdup(argument, err)))
		return false;
	in->has_password = tr_secret_span(argument, &start, &len);
	if (in->has_password)
		memset((char *)(uintptr_t)argument + start, '*', len);
	return true;
}

/* ---- which tables ---- */

/* By its plain name, or as SQL spells it: `"My Schema"."Order Items"`. */
static bool matches(const struct tr_relation *r, const char *name)
{
	char both[512];
	struct tr_relation_name spelled;
	struct tr_err ignored = { 0 };
	snprintf(both, sizeof both, "%s.%s", r->schema, r->name);
	if (strcmp(both, name) == 0 || strcmp(r->name, name) == 0)
		return true;
	return tr_relation_name_parse(name, &spelled, &ignored) && strcmp(spelled.table.name, r->name) == 0 &&
		(!spelled.schema.name[0] || strcmp(spelled.schema.name, r->schema) == 0);
}

static bool unknown_table(const struct init *in, const char *name, struct tr_err *err)
{
	const char **names = tr_calloc(in->n + 1, sizeof *names, err);
	if (!names)
		return false;
	for (size_t i = 0; i < in->n; i++)
		names[i] = in->relations[i]->name;
	const char *dot = strrchr(name, '.');
	const char *closest = tr_name_closest(dot ? dot + 1 : name, names, in->n);
	tr_err_set(err, TR_ERR_USER, "there is no table or view `%s` that this user may read", name);
	if (closest)
		tr_err_hint(err, "did you mean `%s`?", closest);
	else
		tr_err_hint(err, "leave --tables out to propose all of them");
	free(names);
	return false;
}

/* The next name of a list, which is cut in place: a comma within quotes ends none. NULL: no more. */
static char *next_name(char **rest)
{
	char *name = *rest + strspn(*rest, " ,"), *end = name;
	for (bool quoted = false; *end && (quoted || *end != ','); end++)
		quoted ^= *end == '"';
	*rest = *end ? end + 1 : end;
	while (end > name && end[-1] == ' ')
		end--;
	*end = '\0';
	return *name ? name : NULL;
}

/* Keep the relations of --tables. */
static bool choose_tables(struct init *in, const char *list, struct tr_err *err)
{
	char *copy = tr_strdup(list, err), *rest = copy;
	bool *wanted = tr_calloc(in->n + 1, sizeof *wanted, err), ok = copy && wanted;
	for (char *name = ok ? next_name(&rest) : NULL; ok && name; name = next_name(&rest)) {
		bool found = false;
		for (size_t i = 0; i < in->n; i++) {
			bool match = matches(in->relations[i], name);
			wanted[i] = wanted[i] || match;
			found = found || match;
		}
		ok = found || unknown_table(in, name, err);
	}
	size_t kept = 0;
	for (size_t i = 0; ok && i < in->n; i++) {
		if (wanted[i])
			in->relations[kept++] = in->relations[i];
		else
			tr_relation_free(in->relations[i]);
	}
	if (ok)
		in->n = kept;
	free(copy);
	free(wanted);
	return ok;
}

static bool look(struct init *in, const char *tables, struct tr_err *err)
{
	struct tr_pg *pg = NULL;
	const struct tr_pg_options options = { .conninfo = in->url,
		.application_name = "tailrace/init",
		.cancel = &in->cli->cancel };
	if (!tr_pg_open(&options, &pg, err))
		return false;
	const char *slash = strrchr(tr_pg_where(pg), '/');
	tr_copy_text(in->database, sizeof in->database, slash ? slash + 1 : "");
	/* Not a setting of the session: behind a pooler the next client would inherit it. */
	bool ok = tr_pg_exec(pg, "BEGIN TRANSACTION READ ONLY", err) &&
		tr_relation_list(pg, &in->relations, &in->n, err);
	if (ok && in->n == 0) {
		ok = tr_err_set(err, TR_ERR_USER, "%s has no table or view that this user may read",
			tr_pg_where(pg));
		tr_err_hint(err,
			"check the database's name, or GRANT SELECT ON ALL TABLES IN SCHEMA public TO the "
			"user");
	}
	tr_pg_close(pg);
	return ok && (!tables || choose_tables(in, tables, err));
}

/* ---- files ---- */

static bool refuse_overwriting(const char *path, struct tr_err *err)
{
	if (!tr_filing_exists(path))
		return true;
	tr_err_set(err, TR_ERR_USER, "%s is there already", path);
	return tr_err_hint(err, "keep it, write elsewhere with --dir, or replace it with --force");
}

static bool check_lake(const char *lake, struct tr_err *err)
{
	char bucket[64], prefix[TR_KEY_MAX];
	if (!lake || strncmp(lake, "s3://", 5) == 0)
		return !lake || tr_s3_location(lake, bucket, prefix, err);
	if (*lake && !strstr(lake, "://"))
		return true;
	tr_err_set(err, TR_ERR_USER, "`%s` is no place for a lake", lake);
	return tr_err_hint(err, "give --lake a folder, or s3://bucket/prefix");
}

static bool prepare(struct init *in, const char *folder, const char *lake, bool force, struct tr_err *err)
{
	char name[TR_NAME_MAX + 32];
	const struct tr_proposal_join *join = &in->proposal.join;
	snprintf(name, sizeof name, "transforms/%s.sql", join->dataset.name);
	in->yaml_path = tr_filing_path(folder, "tailrace.yaml", err);
	in->sql_path = tr_filing_path(folder, name, err);
	if (!in->yaml_path || !in->sql_path)
		return false;
	if (!force &&
		(!refuse_overwriting(in->yaml_path, err) ||
			(join->set && !refuse_overwriting(in->sql_path, err))))
		return false;
	tr_str_init(&in->yaml, TEXT_MAX);
	tr_str_init(&in->sql, TEXT_MAX);
	const struct tr_proposal_places places = { .url = in->has_password ? "${DATABASE_URL}" : in->url,
		.location = lake ? lake : TR_PROPOSAL_LAKE,
		.database = in->database };
	return tr_proposal_yaml(&in->proposal, &places, &in->yaml, err) &&
		(!join->set || tr_proposal_sql(&in->proposal, &in->sql, err));
}

static bool write_files(const struct init *in, struct tr_err *err)
{
	if (in->proposal.join.set && !tr_filing_write(in->sql_path, in->sql.ptr, in->sql.len, 0666, err))
		return false;
	return tr_filing_write(in->yaml_path, in->yaml.ptr, in->yaml.len, 0666, err);
}

static void report(const struct init *in)
{
	struct tr_console *c = &in->cli->console;
	size_t readable = 0, columns = 0;
	for (size_t i = 0; i < in->proposal.n; i++) {
		const struct tr_proposal_dataset *d = &in->proposal.datasets[i];
		readable += !d->why_not[0];
		columns += d->why_not[0] ? 0 : d->relation->n_columns - d->n_columns;
	}
	fprintf(c->out, "%s: %zu dataset%s\n", in->yaml_path, readable + in->proposal.join.set,
		readable + in->proposal.join.set == 1 ? "" : "s");
	if (in->proposal.join.set)
		fprintf(c->out, "%s: a join to begin with\n", in->sql_path);
	size_t unreadable = in->proposal.n - readable;
	if (unreadable)
		tr_console_warn(c, "%zu table%s or view%s can't be read; tailrace.yaml says why", unreadable,
			unreadable == 1 ? "" : "s", unreadable == 1 ? "" : "s");
	if (columns)
		tr_console_warn(c, "%zu column%s left out; tailrace.yaml says why", columns,
			columns == 1 ? " is" : "s are");
	if (in->has_password) {
		char shown[2048];
		tr_copy_text(shown, sizeof shown, in->url);
		tr_secrets_scrub(&c->secrets, shown, sizeof shown);
		fprintf(c->out,
			"\nThe password is not written down. Put the URL into the environment:\n"
			"  export DATABASE_URL='%s'      # with the password in place of ****\n"
			"or keep the password in ~/.pgpass and write the URL without it under source.url.\n",
			shown);
	}
	tr_console_note(c, "next: `tailrace check`, then `tailrace run`");
}

int tr_cmd_init(struct tr_cli *cli, const struct tr_cli_args *args)
{
	struct tr_err err = { 0 };
	struct init in = { .cli = cli };
	const char *folder = tr_cli_value(args, "dir"), *lake = tr_cli_value(args, "lake");
	bool ok = check_lake(lake, &err) && take_url(&in, args->positional[0], &err) &&
		look(&in, tr_cli_value(args, "tables"), &err) &&
		tr_proposal_make(in.relations, in.n, &in.proposal, &err) &&
		prepare(&in, folder ? folder : ".", lake, tr_cli_flag(args, "force"), &err) &&
		write_files(&in, &err);
	if (ok)
		report(&in);
	int code = ok ? 0 : tr_console_error(&cli->console, &err);
	tr_proposal_clear(&in.proposal);
	for (size_t i = 0; i < in.n; i++)
		tr_relation_free(in.relations[i]);
	free(in.relations);
	tr_str_clear(&in.yaml);
	tr_str_clear(&in.sql);
	free(in.yaml_path);
	free(in.sql_path);
	free(in.url);
	return code;
}
