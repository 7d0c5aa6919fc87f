/* The files of a proposal: tailrace.yaml and the join's SQL. */
#include <stdlib.h>
#include <string.h>

#include "cli/proposal.h"

#define NAME_COLUMNS 28 /* column names are padded to at most this */

/* ---- YAML ---- */

/* Bytes of a character at p that YAML does not allow as it is, or that would break a
 * line: 0 for ordinary ones. */
static size_t must_escape(const unsigned char *p, unsigned *code)
{
	if (p[0] < 0x20 || p[0] == 0x7F) {
		*code = p[0];
		return 1;
	}
	if (p[0] == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0) {
		*code = p[1];
		return 2;
	}
	bool three = p[0] >= 0xE0 && p[0] < 0xF0 && p[1] && p[2];
	unsigned c = three ? (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu) : 0;
	if (c == 0x2028 || c == 0x2029 || c == 0xFEFF || c >= 0xFFFE) {
		*code = c;
		return 3;
	}
	return 0;
}

/* A text in double quotes; `${` would be a variable of the environment. */
static void add_quoted(struct tr_str *out, const char *text)
{
	tr_str_addc(out, '"');
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		unsigned code;
		size_t n = must_escape(p, &code);
		if (n > 0) {
			if (code == '\n' || code == '\t')
				tr_str_add(out, code == '\n' ? "\\n" : "\\t");
			else
				tr_str_addf(out, "\\u%04x", code);
			p += n;
			continue;
		}
		if (*p == '"' || *p == '\\')
			tr_str_addc(out, '\\');
		if (p[0] == '$' && p[1] == '{')
			tr_str_addc(out, '$');
		tr_str_addc(out, (char)*p++);
	}
	tr_str_addc(out, '"');
}

/* One line of a comment: nothing in it may end the line. */
static void add_comment_text(struct tr_str *out, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		unsigned code;
		size_t n = must_escape(p, &code);
		tr_str_addc(out, n ? ' ' : (char)*p);
		p += n ? n : 1;
	}
}

/* public.orders, or with quotes where the name needs them (reference: relation names). */
static void add_relation(struct tr_str *out, const struct tr_relation *r)
{
	struct tr_str name;
	tr_str_init(&name, 1024);
	bool plain = tr_name_is_column(r->schema) && tr_name_is_column(r->name);
	if (plain) {
		tr_str_addf(out, "%s.%s", r->schema, r->name);
		return;
	}
	tr_str_add_ident(&name, r->schema);
	tr_str_addc(&name, '.');
	tr_str_add_ident(&name, r->name);
	if (name.failed)
		out->failed = true;
	else
		add_quoted(out, name.ptr);
	tr_str_clear(&name);
}

/* Athena has no time columns and shows a binary uuid as raw bytes: both are proposed as
 * their text, which nothing is lost by. */
static void add_type(struct tr_str *out, struct tr_type type)
{
	char text[TR_TYPE_TEXT];
	if (type.kind == TR_UUID || type.kind == TR_TIME)
		type = (struct tr_type){ .kind = TR_STRING };
	tr_type_format(type, text);
	tr_str_addf(out, strchr(text, ',') ? "\"%s\"" : "%s", text);
}

static void add_columns(struct tr_str *out, const struct tr_proposal_dataset *d, bool is_copy)
{
	size_t width = 0;
	for (size_t i = 0; i < d->n_columns; i++) {
		size_t len = strlen(d->columns[i].name) + 1;
		if (len > width && len <= NAME_COLUMNS)
			width = len;
	}
	tr_str_add(out, "    columns:\n");
	for (size_t i = 0; i < d->n_columns; i++) {
		const struct tr_proposal_column *c = &d->columns[i];
		tr_str_addf(out, "      %s:%*s { type: ", c->name,
			strlen(c->name) + 1 < width ? (int)(width - strlen(c->name) - 1) : 0, "");
		add_type(out, c->source->type);
		if (c->not_null)
			tr_str_add(out, ", not_null: true");
		if (is_copy && strcmp(c->name, c->source->name) != 0) {
			tr_str_add(out, ", from: ");
			add_quoted(out, c->source->name);
		}
		if (c->source->comment) {
			tr_str_add(out, ", doc: ");
			add_quoted(out, c->source->comment);
		}
		tr_str_add(out, " }\n");
	}
}

static void add_unsupported(struct tr_str *out, const struct tr_relation *r, const char *indent)
{
	for (size_t i = 0; i < r->n_columns; i++) {
		const struct tr_source_column *c = &r->columns[i];
		if (c->supported)
			continue;
		tr_str_addf(out, "%s# left out: ", indent);
		add_comment_text(out, c->name);
		tr_str_add(out, " (");
		add_comment_text(out, c->pg_type);
		tr_str_add(out, "): ");
		add_comment_text(out, c->why ? c->why : "this type is not read");
		tr_str_addc(out, '\n');
	}
}

static void add_copy(struct tr_str *out, const struct tr_proposal_dataset *d)
{
	if (d->why_not[0]) {
		tr_str_add(out, "  # ");
		add_comment_text(out, d->relation->schema);
		tr_str_addc(out, '.');
		add_comment_text(out, d->relation->name);
		tr_str_addf(out, " is left out: %s.\n", d->why_not);
		add_unsupported(out, d->relation, "  #   ");
		tr_str_addc(out, '\n');
		return;
	}
	tr_str_addf(out, "  %s:\n", d->name);
	if (d->relation->comment) {
		tr_str_add(out, "    doc: ");
		add_quoted(out, d->relation->comment);
		tr_str_addc(out, '\n');
	}
	tr_str_addf(out, "    inputs: { %c: ", d->alias);
	add_relation(out, d->relation);
	tr_str_add(out, " }\n");
	add_columns(out, d, true);
	add_unsupported(out, d->relation, "      ");
	if (d->partition && d->partition_active)
		tr_str_addf(out, "    partition_by: [ day(%s) ]\n", d->partition);
	else if (d->partition)
		tr_str_addf(out,
			"    # partition_by: [ day(%s) ]   # worth it from some millions of rows on\n",
			d->partition);
	tr_str_addc(out, '\n');
}

static void add_join(struct tr_str *out, const struct tr_proposal_join *j)
{
	const struct tr_proposal_dataset *d = &j->dataset;
	tr_str_addf(out,
		"  # A join along a foreign key: edit transforms/%s.sql and the columns here to\n"
		"  # enrich it further. The statement sees the inputs by their aliases.\n",
		d->name);
	tr_str_addf(out, "  %s:\n    inputs: { %c: ", d->name, d->alias);
	add_relation(out, d->relation);
	tr_str_addf(out, ", %c: ", j->parent_alias);
	add_relation(out, j->parent);
	tr_str_addf(out, " }\n    sql: transforms/%s.sql\n", d->name);
	add_columns(out, d, false);
}

static void add_lake(struct tr_str *out, const struct tr_proposal_places *places)
{
	bool s3 = strncmp(places->location, "s3://", 5) == 0;
	char database[TR_NAME_MAX + 1];
	tr_str_add(out, "\nlake:\n  location: ");
	if (!s3 && strcmp(places->location, TR_PROPOSAL_LAKE) != 0) {
		add_quoted(out, places->location);
		tr_str_addc(out, '\n');
	} else {
		tr_str_addf(out, "%-21s # published datasets live here\n", places->location);
	}
	if (!s3)
		return;
	tr_name_propose(places->database, database);
	tr_str_addf(out,
		"  catalog: glue                   # a table for each dataset; `local`: none\n"
		"  database: %-21s # in the catalog; made where it does not exist\n"
		"# aws:\n"
		"#   region: eu-west-1             # left out: AWS_REGION, the profile's, the machine's\n"
		"#   profile: default              # left out: environment, profile, role, as the SDKs do\n",
		tr_name_is_dataset(database) ? database : "lake");
}

static void add_head(struct tr_str *out, const struct tr_proposal_places *places)
{
	tr_str_add(out,
		"# Written by `tailrace init` from the database's catalog; yours to edit.\n"
		"# `tailrace check` shows what a run would do, `tailrace run` publishes,\n"
		"# `tailrace query` looks at the result.\n"
		"source:\n  url: ");
	if (strcmp(places->url, "${DATABASE_URL}") == 0)
		tr_str_add(out, places->url);
	else
		add_quoted(out, places->url);
	add_lake(out, places);
	tr_str_add(out,
		"limits:\n"
		"  connections: 2                  # to Postgres at once\n"
		"  memory: 512MiB                  # of the whole process; it spills before it passes this\n"
		"  # rate: 80MB/s                  # read no faster than this\n"
		"datasets:\n");
}

bool tr_proposal_yaml(const struct tr_proposal *p, const struct tr_proposal_places *places,
	struct tr_str *out, struct tr_err *err)
{
	add_head(out, places);
	for (size_t i = 0; i < p->n; i++)
		add_copy(out, &p->datasets[i]);
	if (p->join.set)
		add_join(out, &p->join);
	return tr_str_ok(out, err);
}

/* ---- SQL ---- */

static void add_side(struct tr_str *out, char alias, const char *column)
{
	tr_str_addf(out, "%c.", alias);
	tr_str_add_ident(out, column);
}

bool tr_proposal_sql(const struct tr_proposal *p, struct tr_str *out, struct tr_err *err)
{
	const struct tr_proposal_join *j = &p->join;
	const struct tr_proposal_dataset *d = &j->dataset;
	tr_str_add(out, "-- Each row of ");
	add_comment_text(out, d->relation->name);
	tr_str_add(out, " with what ");
	add_comment_text(out, j->parent->name);
	tr_str_add(out, " knows of it. Inputs go by their aliases in tailrace.yaml.\nSELECT\n");
	for (size_t i = 0; i < d->n_columns; i++) {
		const struct tr_proposal_column *c = &d->columns[i];
		tr_str_addc(out, '\t');
		add_side(out, c->side ? j->parent_alias : d->alias, c->source->name);
		if (strcmp(c->source->name, c->name) != 0) {
			tr_str_add(out, " AS ");
			tr_str_add_ident(out, c->name);
		}
		tr_str_add(out, i + 1 < d->n_columns ? ",\n" : "\n");
	}
	tr_str_addf(out, "FROM %c\n%sJOIN %c ON ", d->alias, j->inner ? "" : "LEFT ", j->parent_alias);
	add_side(out, j->parent_alias, j->key->ref_column);
	tr_str_add(out, " = ");
	add_side(out, d->alias, j->key->column);
	tr_str_addc(out, '\n');
	return tr_str_ok(out, err);
}
