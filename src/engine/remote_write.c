#include "engine/remote_write.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/literal.h"
#include "data/name.h"
#include "engine/remote.h"

#define SQL_MAX ((size_t)4 << 20)
#define TABLE_PREFIX "_tailrace_tmp_"

/* ---- types and values ---- */

bool tr_remote_writes_type(struct tr_type type)
{
	return type.kind != TR_TIME && type.kind != TR_TIMESTAMPTZ && type.kind != TR_UUID &&
		type.kind != TR_JSON;
}

static void add_type(struct tr_str *out, struct tr_type type)
{
	static const char *const names[] = {
		[TR_BOOL] = "boolean",
		[TR_INT16] = "smallint",
		[TR_INT32] = "integer",
		[TR_INT64] = "bigint",
		[TR_FLOAT] = "real",
		[TR_DOUBLE] = "double",
		[TR_STRING] = "varchar",
		[TR_BINARY] = "varbinary",
		[TR_DATE] = "date",
		[TR_TIMESTAMP] = "timestamp(6)",
	};
	if (type.kind == TR_DECIMAL)
		tr_str_addf(out, "decimal(%d,%d)", type.precision, type.scale);
	else
		tr_str_add(out, names[type.kind]);
}

/* Dates and timestamps as SQL writes them: a manifest's text without its T. */
static bool add_moment(struct tr_str *out, const char *word, struct tr_type type, const void *value,
	struct tr_err *err)
{
	struct tr_bound bound = { .set = true, .exact = true, .len = (uint8_t)tr_type_width(type) };
	bool hex;
	memcpy(bound.bytes, value, bound.len);
	char *text = tr_bound_format(&bound, type, &hex, err);
	if (!text)
		return false;
	for (char *p = text; *p; p++)
		*p = *p == 'T' ? ' ' : *p;
	tr_str_addf(out, "%s '%s'", word, text);
	free(text);
	return true;
}

static void add_double(struct tr_str *out, double value)
{
	if (isnan(value))
		tr_str_add(out, "nan()");
	else if (isinf(value))
		tr_str_add(out, value < 0 ? "(-infinity())" : "infinity()");
	else
		tr_str_addf(out, "DOUBLE '%.17g'", value);
}

static bool add_value(struct tr_str *out, const struct tr_engine_param *p, struct tr_err *err)
{
	union tr_literal v;
	if (!p->value || !tr_literal_parse(p->type, p->value, strlen(p->value), &v))
		return tr_err_set(err, TR_ERR_INTERNAL, "the parameter `%s` has no value of its type",
			p->name);
	switch (p->type.kind) {
	case TR_BOOL: tr_str_add(out, v.boolean ? "true" : "false"); return true;
	case TR_INT32: tr_str_addf(out, "INTEGER '%d'", v.int32); return true;
	case TR_INT64: tr_str_addf(out, "BIGINT '%lld'", (long long)v.int64); return true;
	case TR_DOUBLE: add_double(out, v.float64); return true;
	case TR_DATE: return add_moment(out, "DATE", p->type, &v.int32, err);
	case TR_TIMESTAMP: return add_moment(out, "TIMESTAMP", p->type, &v.int64, err);
	default: break;
	}
	tr_str_add(out, "CAST(");
	tr_str_add_literal(out, p->value);
	tr_str_add(out, " AS ");
	add_type(out, p->type);
	tr_str_addc(out, ')');
	return true;
}

/* ---- parameters ---- */

/* How many bytes at p are a text, a quoted name or a comment; 0: none begins here. */
static size_t quoted_length(const char *p)
{
	if (*p == '\'' || *p == '"') {
		const char *end = strchr(p + 1, *p);
		/* A doubled quote ends one and begins the next. */
		return end ? (size_t)(end - p) + 1 : strlen(p);
	}
	if (p[0] == '-' && p[1] == '-')
		return strcspn(p, "\n");
	if (p[0] == '/' && p[1] == '*') {
		const char *end = strstr(p + 2, "*/");
		return end ? (size_t)(end - p) + 2 : strlen(p);
	}
	return 0;
}

static bool unknown_param(const char *sql, const char *at, size_t len, const struct tr_engine_param *params,
	size_t n, struct tr_err *err)
{
	int64_t line = 1, column = 1;
	for (const char *p = sql; p < at; p++) {
		column = *p == '\n' ? 1 : column + (((unsigned char)*p & 0xc0) != 0x80);
		line += *p == '\n';
	}
	char name[TR_NAME_MAX + 1];
	snprintf(name, sizeof name, "%.*s", (int)len, at + 1);
	tr_err_set(err, TR_ERR_USER, "the statement uses the parameter `$%s`, which is not declared", name);
	const char **names = tr_calloc(n, sizeof *names, err);
	for (size_t i = 0; names && i < n; i++)
		names[i] = params[i].name;
	const char *close = names ? tr_name_closest(name, names, n) : NULL;
	if (close)
		tr_err_hint(err, "did you mean `$%s`?", close);
	else
		tr_err_hint(err, "declare it: `params: { %s: { type: ..., value: ... } }`", name);
	free(names);
	tr_remote_place(sql, line, column, err);
	return false;
}

static bool add_param(struct tr_str *out, const char *sql, const char *at, size_t len,
	const struct tr_engine_param *params, size_t n, struct tr_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(params[i].name) == len && memcmp(params[i].name, at + 1, len) == 0)
			return add_value(out, &params[i], err);
	return unknown_param(sql, at, len, params, n, err);
}

char *tr_remote_with_params(const char *sql, const struct tr_engine_param *params, size_t n,
	struct tr_err *err)
{
	struct tr_str out;
	bool ok = true;
	tr_str_init(&out, SQL_MAX);
	tr_str_add(&out, "");
	for (const char *p = sql; ok && *p;) {
		size_t len = quoted_length(p), name = 0;
		if (len == 0 && *p == '$' && (isalpha((unsigned char)p[1]) || p[1] == '_'))
			while (isalnum((unsigned char)p[1 + name]) || p[1 + name] == '_')
				name++;
		if (name)
			ok = add_param(&out, sql, p, name, params, n, err);
		else
			tr_str_addn(&out, p, len ? len : 1);
		p += name ? name + 1 : len ? len : 1;
	}
	char *text = ok ? tr_str_take(&out, err) : NULL;
	tr_str_clear(&out);
	if (!text)
		return NULL;
	char *trimmed = tr_remote_trim(text, err);
	free(text);
	return trimmed;
}

/* ---- statements ---- */

static char *finish(struct tr_str *s, struct tr_err *err)
{
	char *text = tr_str_take(s, err);
	tr_str_clear(s);
	return text;
}

char *tr_remote_probe_sql(const char *sql, struct tr_err *err)
{
	struct tr_str s;
	tr_str_init(&s, SQL_MAX);
	/* The line break: the statement may end in a comment. */
	tr_str_addf(&s, "SELECT * FROM (\n%s\n) AS t LIMIT 0", sql);
	return finish(&s, err);
}

static void add_plain(struct tr_str *s, const struct tr_remote_column *c)
{
	tr_str_add(s, "t.");
	tr_str_add_ident(s, c->source);
}

static void add_cast(struct tr_str *s, const struct tr_remote_column *c)
{
	tr_str_add(s, "CAST(");
	add_plain(s, c);
	tr_str_add(s, " AS ");
	add_type(s, c->type);
	tr_str_addc(s, ')');
}

/* A cast alone would round. A null ends in the ELSE, and is null there. */
static void add_micros(struct tr_str *s, const struct tr_remote_column *c)
{
	tr_str_add(s, "CASE WHEN ");
	add_cast(s, c);
	tr_str_add(s, " = ");
	add_plain(s, c);
	tr_str_add(s, " THEN ");
	add_cast(s, c);
	tr_str_addf(s,
		" ELSE CAST(from_unixtime(CAST(concat('more than 6 digits of a second in the column %s: ', "
		"CAST(",
		c->name);
	add_plain(s, c);
	tr_str_add(s, " AS varchar)) AS integer)) AS timestamp(6)) END");
}

static void add_source(struct tr_str *s, const struct tr_remote_column *c)
{
	if (c->truncate)
		tr_str_add(s, "date_trunc('millisecond', ");
	if (c->micros)
		add_micros(s, c);
	else if (c->cast)
		add_cast(s, c);
	else
		add_plain(s, c);
	if (c->truncate)
		tr_str_addc(s, ')');
}

static const struct tr_remote_column *find(const struct tr_remote_write *w, const char *name)
{
	size_t i = 0;
	while (strcmp(w->columns[i].name, name) != 0)
		i++;
	return &w->columns[i];
}

static bool is_identity(const struct tr_remote_write *w, const char *column)
{
	for (size_t i = 0; i < w->n_keys; i++)
		if (w->keys[i].transform == TR_PART_IDENTITY && strcmp(w->keys[i].column, column) == 0)
			return true;
	return false;
}

/* Hive's folders have one name for null and for the empty text, so that an empty text would be
 * read as null: its row stops the statement, with words that tell why. */
static void add_key(struct tr_str *s, const struct tr_remote_write *w, const struct tr_partition_key *key)
{
	static const char *const formats[] = { [TR_PART_YEAR] = "%Y",
		[TR_PART_MONTH] = "%Y-%m",
		[TR_PART_DAY] = "%Y-%m-%d",
		[TR_PART_HOUR] = "%Y-%m-%d-%H" };
	const struct tr_remote_column *c = find(w, key->column);
	if (key->transform != TR_PART_IDENTITY) {
		bool date = c->type.kind == TR_DATE;
		tr_str_add(s, date ? "date_format(CAST(" : "date_format(");
		add_source(s, c);
		tr_str_addf(s, "%s, '%s')", date ? " AS timestamp)" : "", formats[key->transform]);
	} else if (key->type.kind == TR_STRING) {
		tr_str_add(s, "CASE WHEN ");
		add_source(s, c);
		tr_str_add(s, " = '' THEN CAST(CAST(concat('an empty text in the partition column ");
		tr_str_add(s, key->name);
		tr_str_add(s, "', ");
		add_source(s, c);
		tr_str_add(s, ") AS integer) AS varchar) ELSE ");
		add_source(s, c);
		tr_str_add(s, " END");
	} else {
		add_source(s, c);
	}
	tr_str_add(s, " AS ");
	tr_str_add_ident(s, key->name);
}

/* SELECT the columns of the files, then the partition columns, FROM the statement on lines of
 * its own; all before it is one line. */
static void add_select(struct tr_str *s, const struct tr_remote_write *w)
{
	const char *comma = "SELECT ";
	for (size_t i = 0; i < w->n_columns; i++) {
		const struct tr_remote_column *c = &w->columns[i];
		if (is_identity(w, c->name))
			continue;
		tr_str_add(s, comma);
		add_source(s, c);
		tr_str_add(s, " AS ");
		tr_str_add_ident(s, c->name);
		comma = ", ";
	}
	for (size_t i = 0; i < w->n_keys; i++) {
		tr_str_add(s, comma);
		add_key(s, w, &w->keys[i]);
	}
	tr_str_addf(s, " FROM (\n%s\n) AS t", w->sql);
}

static void add_partitioned_by(struct tr_str *s, const struct tr_remote_write *w)
{
	if (w->n_keys == 0)
		return;
	tr_str_add(s, ", partitioned_by = ARRAY[");
	for (size_t i = 0; i < w->n_keys; i++) {
		tr_str_add(s, i ? ", " : "");
		tr_str_add_literal(s, w->keys[i].name);
	}
	tr_str_addc(s, ']');
}

static void add_table(struct tr_str *s, const struct tr_remote_write *w)
{
	tr_str_add_ident(s, w->catalog);
	tr_str_addc(s, '.');
	tr_str_add_ident(s, w->schema);
	tr_str_addc(s, '.');
	tr_str_add_ident(s, w->table);
}

char *tr_remote_create_sql(const struct tr_remote_write *w, struct tr_err *err)
{
	struct tr_str s;
	tr_str_init(&s, SQL_MAX);
	tr_str_add(&s, "CREATE TABLE ");
	add_table(&s, w);
	tr_str_add(&s, " WITH (format = 'PARQUET', external_location = ");
	tr_str_add_literal(&s, w->location);
	add_partitioned_by(&s, w);
	tr_str_add(&s, ") AS\n");
	add_select(&s, w);
	return finish(&s, err);
}

char *tr_remote_unload_sql(const struct tr_remote_write *w, struct tr_err *err)
{
	struct tr_str s;
	tr_str_init(&s, SQL_MAX);
	tr_str_add(&s, "UNLOAD (\n");
	add_select(&s, w);
	tr_str_add(&s, "\n) TO ");
	tr_str_add_literal(&s, w->location);
	tr_str_add(&s, " WITH (format = 'PARQUET', compression = '");
	for (const char *p = w->compression; *p; p++)
		tr_str_addc(&s, (char)toupper((unsigned char)*p));
	tr_str_addc(&s, '\'');
	add_partitioned_by(&s, w);
	tr_str_addc(&s, ')');
	return finish(&s, err);
}

char *tr_remote_drop_sql(const struct tr_remote_write *w, struct tr_err *err)
{
	struct tr_str s;
	tr_str_init(&s, SQL_MAX);
	tr_str_add(&s, "DROP TABLE IF EXISTS ");
	add_table(&s, w);
	return finish(&s, err);
}

char *tr_remote_leftovers_sql(const char *catalog, const char *schema, struct tr_err *err)
{
	struct tr_str s;
	tr_str_init(&s, SQL_MAX);
	tr_str_add(&s, "SHOW TABLES FROM ");
	tr_str_add_ident(&s, catalog);
	tr_str_addc(&s, '.');
	tr_str_add_ident(&s, schema);
	tr_str_add(&s, " LIKE '\\_tailrace\\_tmp\\_%' ESCAPE '\\'");
	return finish(&s, err);
}

/* ---- the table's name ---- */

/* A run id has hyphens, but neither two of them in a row nor an underscore. */
void tr_remote_table_name(const char *run_id, const char *dataset, char *buf)
{
	size_t prefix = sizeof TABLE_PREFIX - 1;
	snprintf(buf, TR_REMOTE_TABLE_TEXT, TABLE_PREFIX "%s__%s", run_id, dataset);
	for (size_t i = 0; run_id[i]; i++)
		if (run_id[i] == '-')
			buf[prefix + i] = '_';
}

bool tr_remote_table_run(const char *table, const char *dataset, char *run_id)
{
	size_t prefix = sizeof TABLE_PREFIX - 1;
	if (strncmp(table, TABLE_PREFIX, prefix) != 0)
		return false;
	const char *end = strstr(table + prefix, "__");
	size_t n = end ? (size_t)(end - table) - prefix : 0;
	if (n == 0 || n > TR_RUN_ID_MAX || strcmp(end + 2, dataset) != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		run_id[i] = table[prefix + i] == '_' ? '-' : table[prefix + i];
	run_id[n] = '\0';
	return tr_run_id_is(run_id);
}
