#include "plan/policy.h"

#include <stdlib.h>
#include <string.h>

#include "io/pg.h"
#include "io/store_s3.h"

/* A managed policy has at most 6,144 characters: with more tables than this, all of the database. */
#define TABLES_NAMED 40
#define RESULTS "_athena-results"

struct maker {
	const struct tr_config *c;
	const struct tr_policy_names *names;
	enum tr_policy_role role;
	struct tr_policy *p;
	struct tr_err *err;
	bool failed; /* sticky: looked at once, at the end */
	char bucket[64], prefix[TR_KEY_MAX];
};

const char *tr_policy_partition(const char *region)
{
	if (region && strncmp(region, "cn-", 3) == 0)
		return "aws-cn";
	return region && strncmp(region, "us-gov-", 7) == 0 ? "aws-us-gov" : "aws";
}

/* ---- building ---- */

static struct tr_policy_statement *add(struct maker *m, const char *id)
{
	struct tr_policy_statement *s = &m->p->items[m->p->n++];
	*s = (struct tr_policy_statement){ .id = id };
	s->resources = tr_arena_alloc(&m->p->arena, (m->c->n_datasets + 4) * sizeof *s->resources, m->err);
	m->failed = m->failed || !s->resources;
	return s;
}

static void allow(struct tr_policy_statement *s, const char *action)
{
	s->actions[s->n_actions++] = action;
}

static void on(struct maker *m, struct tr_policy_statement *s, const char *fmt, ...) TR_PRINTF(3, 4);
static void on(struct maker *m, struct tr_policy_statement *s, const char *fmt, ...)
{
	va_list args;
	if (m->failed)
		return;
	va_start(args, fmt);
	s->resources[s->n_resources] = tr_arena_vprintf(&m->p->arena, m->err, fmt, args);
	va_end(args);
	m->failed = !s->resources[s->n_resources++];
}

/* What stands in a resource as it is: IAM takes some characters for patterns and variables. */
static void check_literal(struct maker *m, const char *key, const char *text)
{
	if (m->failed || !text || !strpbrk(text, "*?$"))
		return;
	m->failed = true;
	tr_err_set(m->err, TR_ERR_USER,
		"%s has a `*`, `?` or `$` in it, which a policy would read as a pattern", key);
	tr_err_hint(m->err, "choose a name of letters, digits, - and _");
}

/* ---- S3 ---- */

static void list_lake(struct maker *m)
{
	struct tr_policy_statement *s = add(m, "ListLake");
	allow(s, "s3:ListBucket");
	if (m->role == TR_POLICY_WRITER)
		allow(s, "s3:ListBucketMultipartUploads");
	on(m, s, "arn:%s:s3:::%s", m->names->partition, m->bucket);
	if (!m->prefix[0])
		return;
	s->prefixes[0] = tr_arena_strdup(&m->p->arena, m->prefix, m->err);
	s->prefixes[1] = tr_arena_printf(&m->p->arena, m->err, "%s/*", m->prefix);
	m->failed = m->failed || !s->prefixes[0] || !s->prefixes[1];
}

static void use_objects(struct maker *m)
{
	bool writer = m->role == TR_POLICY_WRITER;
	struct tr_policy_statement *s = add(m, writer ? "WriteLake" : "ReadLake");
	allow(s, "s3:GetObject");
	if (writer) {
		allow(s, "s3:PutObject");
		allow(s, "s3:DeleteObject");
		allow(s, "s3:AbortMultipartUpload");
	}
	if (writer && m->c->s3.n_tags)
		allow(s, "s3:PutObjectTagging");
	on(m, s, "arn:%s:s3:::%s/%s%s*", m->names->partition, m->bucket, m->prefix, m->prefix[0] ? "/" : "");
}

/* An alias does not name a resource of IAM's: S3 wants the key itself, or its ARN. */
static void use_kms_key(struct maker *m)
{
	const char *key = m->c->s3.kms_key;
	if (!key)
		return;
	struct tr_policy_statement *s = add(m, "UseKey");
	allow(s, "kms:Decrypt");
	if (m->role == TR_POLICY_WRITER)
		allow(s, "kms:GenerateDataKey");
	check_literal(m, "s3.kms_key", key);
	if (strncmp(key, "arn:", 4) == 0)
		on(m, s, "%s", key);
	else
		on(m, s, "arn:%s:kms:%s:%s:%s%s", m->names->partition, m->names->region, m->names->account,
			strncmp(key, "alias/", 6) == 0 ? "" : "key/",
			strncmp(key, "alias/", 6) == 0 ? "key/*" : key);
}

/* ---- Glue ---- */

static void on_database(struct maker *m, struct tr_policy_statement *s)
{
	const struct tr_policy_names *n = m->names;
	on(m, s, "arn:%s:glue:%s:%s:catalog", n->partition, n->region, n->account);
	on(m, s, "arn:%s:glue:%s:%s:database/%s", n->partition, n->region, n->account, m->c->lake.database);
}

static void on_tables(struct maker *m, struct tr_policy_statement *s)
{
	const struct tr_policy_names *n = m->names;
	on_database(m, s);
	if (m->c->n_datasets > TABLES_NAMED)
		on(m, s, "arn:%s:glue:%s:%s:table/%s/*", n->partition, n->region, n->account,
			m->c->lake.database);
	for (size_t i = 0; m->c->n_datasets <= TABLES_NAMED && i < m->c->n_datasets; i++)
		on(m, s, "arn:%s:glue:%s:%s:table/%s/%s", n->partition, n->region, n->account,
			m->c->lake.database, m->c->datasets[i].name);
}

static bool has_partitions(const struct tr_config *c)
{
	for (size_t i = 0; i < c->n_datasets; i++)
		if (c->datasets[i].n_partitions)
			return true;
	return false;
}

static void write_tables(struct maker *m)
{
	struct tr_policy_statement *s = add(m, "WriteTables");
	allow(s, "glue:GetTable");
	allow(s, "glue:CreateTable");
	allow(s, "glue:UpdateTable");
	/* Also with projection: what was registered once is removed. */
	if (has_partitions(m->c)) {
		allow(s, "glue:GetPartitions");
		allow(s, "glue:BatchCreatePartition");
		allow(s, "glue:BatchUpdatePartition");
		allow(s, "glue:BatchDeletePartition");
	}
	on_tables(m, s);
	s = add(m, "CreateDatabase");
	allow(s, "glue:CreateDatabase");
	on_database(m, s);
}

/* What Athena, and Trino and Spark with the reader's keys, ask Glue. */
static void query_tables(struct maker *m)
{
	struct tr_policy_statement *s = add(m, "QueryTables");
	s->by_engine = true;
	allow(s, "glue:GetDatabase");
	allow(s, "glue:GetTables");
	allow(s, "glue:GetPartition");
	allow(s, "glue:GetPartitions");
	allow(s, "glue:BatchGetPartition");
	on_tables(m, s);
}

static void read_tables(struct maker *m)
{
	struct tr_policy_statement *s = add(m, "ReadTables");
	allow(s, "glue:GetTable");
	on_tables(m, s);
	query_tables(m);
}

/* ---- Athena ---- */

static bool runs_on_athena(const struct tr_config *c)
{
	for (size_t i = 0; i < c->n_datasets; i++)
		if (c->datasets[i].run_on && strcmp(c->datasets[i].run_on, "athena") == 0)
			return true;
	return false;
}

static bool queries_athena(const struct tr_config *c)
{
	return c->engine && strcmp(c->engine, "athena") == 0;
}

bool tr_policy_uses_athena(const struct tr_config *c)
{
	return queries_athena(c) || runs_on_athena(c);
}

const char *tr_policy_results(const struct tr_config *c, struct tr_arena *arena, struct tr_err *err)
{
	char bucket[64], prefix[TR_KEY_MAX];
	if (!tr_policy_uses_athena(c))
		return NULL;
	if (c->athena.output_location)
		return c->athena.output_location;
	if (strcmp(c->athena.workgroup, "primary") == 0 ||
		!tr_s3_location(c->lake.location, bucket, prefix, err))
		return NULL;
	return tr_arena_printf(arena, err, "s3://%s/" RESULTS "/", bucket);
}

static void write_results(struct maker *m)
{
	char bucket[64], prefix[TR_KEY_MAX];
	struct tr_err failure = { 0 };
	const char *results = tr_policy_results(m->c, &m->p->arena, &failure);
	if (failure.kind && !m->failed) {
		m->failed = true;
		*m->err = failure;
	}
	if (!results || m->failed)
		return;
	if (!tr_s3_location(results, bucket, prefix, m->err)) {
		m->failed = true;
		return;
	}
	check_literal(m, "athena.output_location", prefix);
	struct tr_policy_statement *s = add(m, "FindResults");
	s->by_engine = true;
	allow(s, "s3:GetBucketLocation");
	on(m, s, "arn:%s:s3:::%s", m->names->partition, bucket);
	s = add(m, "WriteResults");
	s->by_engine = true;
	allow(s, "s3:GetObject");
	allow(s, "s3:PutObject");
	allow(s, "s3:AbortMultipartUpload");
	allow(s, "s3:ListMultipartUploadParts");
	on(m, s, "arn:%s:s3:::%s/%s%s*", m->names->partition, bucket, prefix, prefix[0] ? "/" : "");
}

static void use_athena(struct maker *m)
{
	bool writer = m->role == TR_POLICY_WRITER;
	if (writer ? !runs_on_athena(m->c) : !queries_athena(m->c))
		return;
	if (writer)
		query_tables(m);
	struct tr_policy_statement *s = add(m, "QueryAthena");
	allow(s, "athena:StartQueryExecution");
	allow(s, "athena:GetQueryExecution");
	allow(s, "athena:GetQueryResults");
	allow(s, "athena:StopQueryExecution");
	check_literal(m, "athena.workgroup", m->c->athena.workgroup);
	on(m, s, "arn:%s:athena:%s:%s:workgroup/%s", m->names->partition, m->names->region, m->names->account,
		m->c->athena.workgroup);
	write_results(m);
}

/* ---- the source ---- */

/* ARNs of secrets end in six characters that names leave out. */
static bool has_suffix(const char *arn)
{
	size_t n = strlen(arn);
	return n > 7 && arn[n - 7] == '-' && strcspn(arn + n - 6, "/_+=.@-") == 6;
}

static void read_secret(struct maker *m)
{
	const char *secret = m->c->source.secret;
	if (!secret || m->role != TR_POLICY_WRITER)
		return;
	struct tr_policy_statement *s = add(m, "ReadSecret");
	allow(s, "secretsmanager:GetSecretValue");
	check_literal(m, "source.secret", secret);
	if (strncmp(secret, "arn:", 4) == 0)
		on(m, s, "%s%s", secret, has_suffix(secret) ? "" : "-??????");
	else
		on(m, s, "arn:%s:secretsmanager:%s:%s:secret:%s-??????", m->names->partition,
			m->names->region, m->names->account, secret);
}

static void sign_in(struct maker *m)
{
	char *user = NULL;
	if (!m->c->source.iam_auth || m->role != TR_POLICY_WRITER)
		return;
	struct tr_policy_statement *s = add(m, "ConnectToDatabase");
	allow(s, "rds-db:connect");
	if (m->c->source.url && !tr_pg_conninfo_get(m->c->source.url, "user", &user, m->err)) {
		m->failed = true;
		return;
	}
	check_literal(m, "the user of source.url", user);
	/* The database's resource id (db-ABC...) stands in no configuration. */
	on(m, s, "arn:%s:rds-db:%s:%s:dbuser:*/%s", m->names->partition, m->names->region, m->names->account,
		user ? user : "*");
	free(user);
}

/* ---- all of it ---- */

bool tr_policy_make(const struct tr_config *config, enum tr_policy_role role,
	const struct tr_policy_names *names, struct tr_policy *out, struct tr_err *err)
{
	struct maker m = { .c = config, .names = names, .role = role, .p = out, .err = err };
	*out = (struct tr_policy){ 0 };
	tr_arena_init(&out->arena, (size_t)4 << 20);
	if (tr_config_is_s3(config)) {
		m.failed = !tr_s3_location(config->lake.location, m.bucket, m.prefix, err);
		check_literal(&m, "lake.location", m.prefix);
		list_lake(&m);
		use_objects(&m);
		use_kms_key(&m);
		if (strcmp(config->lake.catalog, "glue") == 0) {
			if (role == TR_POLICY_WRITER)
				write_tables(&m);
			else
				read_tables(&m);
		}
		use_athena(&m);
	}
	read_secret(&m);
	sign_in(&m);
	if (m.failed)
		tr_policy_clear(out);
	return !m.failed;
}

void tr_policy_clear(struct tr_policy *p)
{
	tr_arena_clear(&p->arena);
	*p = (struct tr_policy){ 0 };
}

/* ---- IAM's JSON ---- */

static json_t *texts(const char *const *items, size_t n)
{
	json_t *list = json_array();
	for (size_t i = 0; list && i < n; i++)
		if (json_array_append_new(list, json_string(items[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *statement(const struct tr_policy_statement *s)
{
	json_t *o = json_pack("{s:s, s:s, s:o, s:o}", "Sid", s->id, "Effect", "Allow", "Action",
		texts(s->actions, s->n_actions), "Resource", texts(s->resources, s->n_resources));
	/* IfExists: a GetObject of a key that is not there is answered "not found" only to those who
	 * may list, and it has no prefix that a condition could look at. */
	if (o && s->prefixes[0] &&
		json_object_set_new(o, "Condition",
			json_pack("{s:{s:[s, s]}}", "StringLikeIfExists", "s3:prefix", s->prefixes[0],
				s->prefixes[1])) != 0) {
		json_decref(o);
		o = NULL;
	}
	return o;
}

bool tr_policy_document(const struct tr_policy *p, json_t **out, struct tr_err *err)
{
	json_t *list = json_array();
	bool ok = list != NULL;
	for (size_t i = 0; ok && i < p->n; i++)
		ok = json_array_append_new(list, statement(&p->items[i])) == 0;
	*out = ok ? json_pack("{s:s, s:O}", "Version", "2012-10-17", "Statement", list) : NULL;
	json_decref(list);
	return *out || tr_err_memory(err, 0);
}
