/* What one key alone can't tell: how the parts of a configuration fit together. */
#include <stdio.h>
#include <string.h>

#include "data/literal.h"
#include "data/name.h"
#include "lake/manifest.h"
#include "plan/config_read.h"

/* ---- params and columns ---- */

/* The value of a variable is not repeated in a message. */
static void bad_literal(struct tr_config_reader *r, const char *key, const struct tr_yaml *node,
	struct tr_type type)
{
	char shown[TR_CONFIG_SHOWN], name[TR_TYPE_TEXT];
	size_t mark = tr_config_enter(r, key);
	struct tr_err *err = tr_config_wrong(r, node->pos, "%s%s is not of the type %s",
		strstr(node->text, "${") ? "the content of " : "", tr_config_show(node, shown),
		tr_type_format(type, name));
	tr_err_hint(err, "write %s", tr_literal_example(type));
	tr_config_leave(r, mark);
}

void tr_config_check_param(struct tr_config_reader *r, const struct tr_yaml *node,
	const struct tr_config_param *p)
{
	static const enum tr_kind kinds[] = { TR_BOOL, TR_INT32, TR_INT64, TR_DOUBLE, TR_STRING, TR_DECIMAL,
		TR_DATE, TR_TIMESTAMP };
	const struct tr_yaml *value = tr_yaml_find(node, "value"), *type = tr_yaml_find(node, "type");
	union tr_literal literal;
	char name[TR_TYPE_TEXT];
	bool known = false;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		known = known || kinds[i] == p->type.kind;
	if (!known)
		tr_err_hint(tr_config_wrong(r, type->pos, "a parameter cannot be of the type %s",
				    tr_type_format(p->type, name)),
			"use bool, int, bigint, double, string, decimal(p,s), date or timestamp");
	else if (!tr_literal_parse(p->type, p->value, strlen(p->value), &literal))
		bad_literal(r, "value", value, p->type);
}

static void check_accepted(struct tr_config_reader *r, const struct tr_yaml *node,
	const struct tr_config_column *c)
{
	char name[TR_TYPE_TEXT];
	enum tr_kind kind = c->type.kind;
	union tr_literal literal;
	if (kind == TR_FLOAT || kind == TR_DOUBLE || kind == TR_BINARY || kind == TR_JSON) {
		tr_err_hint(tr_config_wrong(r, node->pos, "`accepted` does not go with the type %s",
				    tr_type_format(c->type, name)),
			"write a condition under `checks` instead");
		return;
	}
	const struct tr_yaml *item = node->kind == TR_YAML_LIST ? node->first : node;
	for (size_t i = 0; i < c->n_accepted && item; i++, item = item->next)
		if (!tr_literal_parse(c->type, c->accepted[i], strlen(c->accepted[i]), &literal))
			bad_literal(r, "accepted", item, c->type);
}

void tr_config_check_column(struct tr_config_reader *r, const struct tr_yaml *node,
	const struct tr_config_column *c)
{
	if (c->accepted)
		check_accepted(r, tr_yaml_find(node, "accepted"), c);
	bool timestamp = c->type.kind == TR_TIMESTAMP || c->type.kind == TR_TIMESTAMPTZ;
	if (c->truncate && !(timestamp && c->type.precision == 3))
		tr_err_hint(tr_config_wrong(r, tr_yaml_find(node, "truncate")->pos,
				    "`truncate` goes only with timestamp(3) and timestamptz(3)"),
			"leave it out");
}

/* ---- datasets ---- */

/* The names of what a dataset reads, in order. */
static const char *side(const struct tr_config_dataset *d, size_t i)
{
	return i < d->n_inputs ? d->inputs[i].alias : d->from[i - d->n_inputs].dataset;
}

/* By what the file says, not by what could be read of it: one mistake brings no second. */
static void check_transform(struct tr_config_reader *r, const struct tr_yaml *node,
	const struct tr_config_dataset *d)
{
	const struct tr_yaml *sql = tr_yaml_find(node, "sql"), *c = tr_yaml_find(node, "c");
	const struct tr_yaml *rows = tr_yaml_find(node, "rows");
	struct tr_err *err;
	if (sql && c) {
		err = tr_config_wrong(r, c->key->pos, "`sql` and `c` exclude each other");
		tr_err_hint(err, "a dataset is made by one of them: remove the other");
		return;
	}
	if (rows && !c) {
		err = tr_config_wrong(r, rows->key->pos, "`rows` goes only with `c`");
		tr_err_hint(err, sql ? "write the join into the SQL file" : "add `c:`, or leave `rows` out");
	}
	if (c && d->n_inputs + d->n_from > 1 && !rows) {
		err = tr_config_wrong(r, c->key->pos, "`c` with %zu inputs needs `rows`",
			d->n_inputs + d->n_from);
		tr_err_hint(err,
			"add the join that the function sees row by row, as `rows: \"%s JOIN %s USING "
			"(...)\"`",
			side(d, 0), side(d, 1));
	}
	if (!sql && !c && !rows && d->n_inputs > 1 && !d->n_from) {
		err = tr_config_wrong(r, d->pos, "%zu inputs, but nothing that joins them", d->n_inputs);
		tr_err_hint(err,
			"add `sql: transforms/%s.sql` or `c:` with `rows:`; a straight copy has one input",
			d->name);
	}
	if ((sql || c) && !tr_yaml_find(node, "columns")) {
		err = tr_config_wrong(r, sql ? sql->key->pos : c->key->pos,
			"the contract `columns` is missing");
		tr_err_hint(err,
			"name the published columns with their types, as `columns: { order_id: int }`; only "
			"a "
			"straight copy may leave them out");
	}
	if (d->sql &&
		(strchr(d->sql, '\n') || strncasecmp(d->sql, "select ", 7) == 0 ||
			strncasecmp(d->sql, "with ", 5) == 0)) {
		err = tr_config_wrong(r, d->sql_pos, "expected the path of a file, got a statement");
		tr_err_hint(err, "write the statement into transforms/%s.sql, and name that file here",
			d->name);
	}
}

static const struct tr_config_column *find_column(const struct tr_config_dataset *d, const char *name)
{
	for (size_t i = 0; i < d->n_columns; i++)
		if (strcmp(d->columns[i].name, name) == 0)
			return &d->columns[i];
	return NULL;
}

/* The column must be published; without a contract that shows only against the source. */
static bool check_reference(struct tr_config_reader *r, const struct tr_config_dataset *d, struct tr_pos pos,
	const char *column)
{
	const char *names[TR_COLUMNS_MAX];
	if (d->n_columns == 0 || find_column(d, column))
		return true;
	for (size_t i = 0; i < d->n_columns; i++)
		names[i] = d->columns[i].name;
	const char *close = tr_name_closest(column, names, d->n_columns);
	char shown[TR_CONFIG_SHOWN];
	tr_copy_text(shown, sizeof shown, column);
	struct tr_err *err = tr_config_wrong(r, pos, "there is no column `%s` in `columns`", shown);
	if (close)
		tr_err_hint(err, "did you mean `%s`?", close);
	else
		tr_err_hint(err, "name one of the published columns");
	return false;
}

/* The functions of a key, which also end the partition column's name. */
static const char *const suffixes[] = { [TR_PART_YEAR] = "year",
	[TR_PART_MONTH] = "month",
	[TR_PART_DAY] = "day",
	[TR_PART_HOUR] = "hour" };

/* What a key's column may be: identity needs short, exact values; the others a calendar. */
static void check_key_type(struct tr_config_reader *r, const struct tr_config_partition *p,
	struct tr_type type)
{
	char name[TR_TYPE_TEXT];
	bool timestamp = type.kind == TR_TIMESTAMP || type.kind == TR_TIMESTAMPTZ;
	tr_type_format(type, name);
	if (p->transform == TR_PART_IDENTITY) {
		if (timestamp)
			tr_err_hint(tr_config_wrong(r, p->pos, "each value of a %s would make a partition",
					    name),
				"write day(%s), or year, month or hour", p->column);
		else if (type.kind == TR_FLOAT || type.kind == TR_DOUBLE || type.kind == TR_BINARY ||
			type.kind == TR_JSON)
			tr_err_hint(tr_config_wrong(r, p->pos,
					    "a column of the type %s cannot be a partition key", name),
				"use a text, whole number or date");
	} else if (!timestamp && (type.kind != TR_DATE || p->transform == TR_PART_HOUR)) {
		tr_err_hint(tr_config_wrong(r, p->pos, "%s() needs a %stimestamp, and `%s` is of the type %s",
				    suffixes[p->transform], p->transform == TR_PART_HOUR ? "" : "date or ",
				    p->column, name),
			"partition by another column, or by `%s` itself", p->column);
	}
}

static void check_partition(struct tr_config_reader *r, const struct tr_config_dataset *d,
	const struct tr_config_partition *p)
{
	if (!check_reference(r, d, p->pos, p->column))
		return;
	const struct tr_config_column *c = find_column(d, p->column);
	if (c && c->type_pos.line) /* else its type was a mistake */
		check_key_type(r, p, c->type);
	for (const struct tr_config_partition *other = d->partitions; other < p; other++)
		if (other->transform == p->transform && strcmp(other->column, p->column) == 0)
			tr_err_hint(tr_config_wrong(r, p->pos, "this partition key stands here twice"),
				"remove one");
	if (p->transform == TR_PART_IDENTITY)
		return;
	char name[2 * TR_NAME_MAX];
	snprintf(name, sizeof name, "%s_%s", p->column, suffixes[p->transform]);
	if (strlen(name) > TR_NAME_MAX)
		tr_err_hint(tr_config_wrong(r, p->pos,
				    "the partition column's name would have more than %d bytes", TR_NAME_MAX),
			"give the column a shorter name, with `from`");
	else if (find_column(d, name))
		tr_err_hint(tr_config_wrong(r, p->pos,
				    "the partition column would be `%s`, which `columns` has already", name),
			"rename that column, with `from: %s`", name);
}

static void check_partitions(struct tr_config_reader *r, const struct tr_config_dataset *d)
{
	size_t identities = 0;
	if (d->n_partitions > TR_PARTITION_KEYS_MAX)
		tr_err_hint(tr_config_wrong(r, d->partitions[TR_PARTITION_KEYS_MAX].pos,
				    "%zu partition keys, of which there may be %d", d->n_partitions,
				    TR_PARTITION_KEYS_MAX),
			"partition by fewer columns");
	for (size_t i = 0; i < d->n_partitions; i++) {
		check_partition(r, d, &d->partitions[i]);
		identities += d->partitions[i].transform == TR_PART_IDENTITY;
	}
	/* Identity columns are stripped from the files. */
	if (d->n_columns && identities >= d->n_columns)
		tr_err_hint(tr_config_wrong(r, d->partitions[0].pos, "no column would be left in the files"),
			"partition by fewer columns");
}

static void check_unique(struct tr_config_reader *r, const struct tr_yaml *node,
	const struct tr_config_dataset *d)
{
	const struct tr_yaml *set = node && node->kind == TR_YAML_LIST ? node->first : node;
	for (; set; set = node->kind == TR_YAML_LIST ? set->next : NULL) {
		const struct tr_yaml *column = set->kind == TR_YAML_LIST ? set->first : set;
		for (; column; column = set->kind == TR_YAML_LIST ? column->next : NULL)
			if (column->kind == TR_YAML_TEXT && !strstr(column->text, "${"))
				check_reference(r, d, column->pos, column->text);
	}
}

void tr_config_check_dataset(struct tr_config_reader *r, const struct tr_yaml *node,
	const struct tr_config_dataset *d)
{
	check_transform(r, node, d);
	tr_config_check_from(r, node, d);
	tr_config_check_run_on(r, node, d);
	size_t mark = tr_config_enter(r, "partition_by");
	check_partitions(r, d);
	tr_config_leave(r, mark);
	mark = tr_config_enter(r, "unique");
	check_unique(r, tr_yaml_find(node, "unique"), d);
	tr_config_leave(r, mark);
}

/* ---- the file ---- */

static void check_url(struct tr_config_reader *r, const struct tr_yaml *node)
{
	const char *url = r->config->source.url;
	if (!node || !url || strncmp(url, "postgres://", 11) == 0 || strncmp(url, "postgresql://", 13) == 0 ||
		(strchr(url, '=') && !strstr(url, "://")))
		return;
	char shown[TR_CONFIG_SHOWN];
	tr_err_hint(tr_config_wrong(r, node->pos,
			    "source.url: expected the URL of a Postgres database, got %s%s",
			    strstr(node->text, "${") ? "the content of " : "", tr_config_show(node, shown)),
		"write postgres://user@host:5432/database, or key=value text as `service=shop`");
}

/* At most one of the keys may say where the password comes from. */
static void check_login(struct tr_config_reader *r, const struct tr_yaml *source)
{
	static const char *const KEYS[] = { "password_command", "secret", "iam_auth" };
	const char *first = NULL;
	for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
		const struct tr_yaml *node = tr_yaml_find(source, KEYS[i]);
		if (!node || (strcmp(KEYS[i], "iam_auth") == 0 && !r->config->source.iam_auth))
			continue;
		if (first)
			tr_err_hint(tr_config_wrong(r, node->key->pos,
					    "source.%s: the password comes from `%s` already", KEYS[i],
					    first),
				"keep one of `password_command`, `secret` and `iam_auth`");
		first = first ? first : KEYS[i];
	}
}

void tr_config_check_file(struct tr_config_reader *r, const struct tr_yaml *root)
{
	const struct tr_yaml *parquet = tr_yaml_find(root, "parquet"),
			     *level = tr_yaml_find(parquet, "level");
	const char *compression = r->config->parquet.compression;
	tr_config_check_graph(r);
	check_url(r, tr_yaml_find(tr_yaml_find(root, "source"), "url"));
	check_login(r, tr_yaml_find(root, "source"));
	tr_config_check_lake(r, root);
	tr_config_check_engine(r, root);
	if (level && compression && strcmp(compression, "gzip") == 0 && r->config->parquet.level > 9)
		tr_err_hint(tr_config_wrong(r, level->pos, "parquet.level: gzip has the levels 1 to 9"),
			"write a lower level, or `compression: zstd`");
}
