/* The policies as Terraform and CloudFormation write them, with what they are about. */
#include <stdlib.h>
#include <string.h>

#include "io/store_s3.h"
#include "plan/policy.h"
#include "fmt/json_text.h"

#define TEXT_MAX ((size_t)4 << 20)
#define ABORT_DAYS 7

static bool has_lake(const struct tr_config *c)
{
	return tr_config_is_s3(c);
}

static bool has_glue(const struct tr_config *c)
{
	return has_lake(c) && strcmp(c->lake.catalog, "glue") == 0;
}

/* A workgroup of our own making: `primary` is there already. */
static bool has_workgroup(const struct tr_config *c)
{
	return has_lake(c) && tr_policy_uses_athena(c) && strcmp(c->athena.workgroup, "primary") != 0;
}

static bool document(const struct tr_config *c, enum tr_policy_role role, const struct tr_policy_names *names,
	json_t **out, struct tr_err *err)
{
	struct tr_policy policy;
	if (!tr_policy_make(c, role, names, &policy, err))
		return false;
	bool ok = tr_policy_document(&policy, out, err);
	tr_policy_clear(&policy);
	return ok;
}

static const char *const ROLES[] = { [TR_POLICY_WRITER] = "writer", [TR_POLICY_READER] = "reader" };

/* ---- Terraform ---- */

/* Names of the configuration can't hold what a template would replace: no `$`, no `%`. */
static void add_quoted(struct tr_str *out, const char *text)
{
	json_t *value = json_string(text);
	struct tr_err memory = { 0 };
	char *quoted = tr_json_text(value, 0, &memory);
	if (quoted)
		tr_str_add(out, quoted);
	else
		out->failed = true;
	free(quoted);
	json_decref(value);
}

static void add_bucket(struct tr_str *out, const char *bucket)
{
	tr_str_add(out, "resource \"aws_s3_bucket\" \"lake\" {\n  bucket = ");
	add_quoted(out, bucket);
	tr_str_addf(out,
		"\n}\n\n"
		"resource \"aws_s3_bucket_public_access_block\" \"lake\" {\n"
		"  bucket                  = aws_s3_bucket.lake.id\n"
		"  block_public_acls       = true\n"
		"  block_public_policy     = true\n"
		"  ignore_public_acls      = true\n"
		"  restrict_public_buckets = true\n"
		"}\n\n"
		"# Versions are tailrace's own: S3's would keep every file that `tailrace gc` removes.\n"
		"resource \"aws_s3_bucket_versioning\" \"lake\" {\n"
		"  bucket = aws_s3_bucket.lake.id\n"
		"  versioning_configuration {\n"
		"    status = \"Disabled\"\n"
		"  }\n"
		"}\n\n"
		"resource \"aws_s3_bucket_lifecycle_configuration\" \"lake\" {\n"
		"  bucket = aws_s3_bucket.lake.id\n"
		"  rule {\n"
		"    id     = \"abort-incomplete-uploads\"\n"
		"    status = \"Enabled\"\n"
		"    filter {}\n"
		"    abort_incomplete_multipart_upload {\n"
		"      days_after_initiation = %d\n"
		"    }\n"
		"  }\n"
		"}\n\n",
		ABORT_DAYS);
}

static bool add_infrastructure(struct tr_str *out, const struct tr_config *c, struct tr_err *err)
{
	char bucket[64], prefix[TR_KEY_MAX];
	struct tr_arena arena;
	if (!has_lake(c))
		return true;
	if (!tr_s3_location(c->lake.location, bucket, prefix, err))
		return false;
	add_bucket(out, bucket);
	if (has_glue(c)) {
		tr_str_add(out, "resource \"aws_glue_catalog_database\" \"lake\" {\n  name = ");
		add_quoted(out, c->lake.database);
		tr_str_add(out, "\n}\n\n");
	}
	if (!has_workgroup(c))
		return true;
	tr_arena_init(&arena, (size_t)1 << 20);
	const char *results = tr_policy_results(c, &arena, err);
	tr_str_add(out, "resource \"aws_athena_workgroup\" \"queries\" {\n  name = ");
	add_quoted(out, c->athena.workgroup);
	tr_str_add(out, "\n  configuration {\n    result_configuration {\n      output_location = ");
	add_quoted(out, results ? results : "");
	tr_str_add(out, "\n    }\n  }\n}\n\n");
	tr_arena_clear(&arena);
	return results != NULL;
}

/* JSON's lines as `terraform fmt` sets them. */
static void add_expression(struct tr_str *out, const char *json)
{
	for (const char *line = json;;) {
		size_t n = strcspn(line, "\n");
		const char *colon = memmem(line, n, "\": ", 3);
		size_t name = colon ? (size_t)(colon - line) + 1 : 0;
		tr_str_addn(out, line, name);
		tr_str_add(out, colon ? " " : "");
		tr_str_addn(out, line + name, n - name);
		if (!line[n])
			return;
		tr_str_add(out, "\n  ");
		line += n + 1;
	}
}

static bool add_policy(struct tr_str *out, const struct tr_config *c, enum tr_policy_role role,
	const struct tr_policy_names *names, struct tr_err *err)
{
	json_t *policy = NULL;
	if (!document(c, role, names, &policy, err))
		return false;
	char *text = tr_json_text(policy, JSON_INDENT(2), err);
	json_decref(policy);
	if (!text)
		return false;
	/* JSON is an expression of HCL, where `${data...}` in its texts is replaced. */
	tr_str_addf(out,
		"resource \"aws_iam_policy\" \"tailrace_%s\" {\n  name = \"tailrace-%s-%s\"\n"
		"  policy = jsonencode(",
		ROLES[role], c->lake.database, ROLES[role]);
	add_expression(out, text);
	tr_str_add(out, ")\n}\n");
	free(text);
	return true;
}

bool tr_policy_terraform(const struct tr_config *c, const char *region, bool reader_only, char **out,
	struct tr_err *err)
{
	const struct tr_policy_names names = { .partition = "${data.aws_partition.current.partition}",
		.region = region ? region : "${data.aws_region.current.name}",
		.account = "${data.aws_caller_identity.current.account_id}" };
	struct tr_str text;
	tr_str_init(&text, TEXT_MAX);
	tr_str_add(&text,
		"data \"aws_partition\" \"current\" {}\ndata \"aws_caller_identity\" \"current\" {}\n");
	tr_str_add(&text, region ? "\n" : "data \"aws_region\" \"current\" {}\n\n");
	bool ok = reader_only ||
		(add_infrastructure(&text, c, err) && add_policy(&text, c, TR_POLICY_WRITER, &names, err));
	if (ok && !reader_only)
		tr_str_add(&text, "\n");
	ok = ok && add_policy(&text, c, TR_POLICY_READER, &names, err);
	*out = ok ? tr_str_take(&text, err) : NULL;
	tr_str_clear(&text);
	return *out != NULL;
}

/* ---- CloudFormation ---- */

/* Every text with a variable in it as {"Fn::Sub": text}; *value is replaced. */
static bool substitute(json_t **value)
{
	if (json_is_string(*value) && strstr(json_string_value(*value), "${")) {
		json_t *sub = json_pack("{s:O}", "Fn::Sub", *value);
		json_decref(*value);
		*value = sub;
		return sub != NULL;
	}
	bool ok = true;
	size_t n = json_is_array(*value) ? json_array_size(*value) : 0;
	for (size_t i = 0; ok && i < n; i++) {
		json_t *item = json_incref(json_array_get(*value, i));
		ok = substitute(&item) && json_array_set_new(*value, i, item) == 0;
	}
	void *at = json_is_object(*value) ? json_object_iter(*value) : NULL;
	for (; ok && at; at = json_object_iter_next(*value, at)) {
		json_t *member = json_incref(json_object_iter_value(at));
		ok = substitute(&member) && json_object_iter_set_new(*value, at, member) == 0;
	}
	return ok;
}

static json_t *bucket_resource(const char *bucket)
{
	return json_pack("{s:s, s:s, s:s, s:{s:s, s:{s:b, s:b, s:b, s:b}, s:{s:[{s:s, s:s, s:{s:i}}]}}}",
		"Type", "AWS::S3::Bucket", "DeletionPolicy", "Retain", "UpdateReplacePolicy", "Retain",
		"Properties", "BucketName", bucket, "PublicAccessBlockConfiguration", "BlockPublicAcls", 1,
		"BlockPublicPolicy", 1, "IgnorePublicAcls", 1, "RestrictPublicBuckets", 1,
		"LifecycleConfiguration", "Rules", "Id", "abort-incomplete-uploads", "Status", "Enabled",
		"AbortIncompleteMultipartUpload", "DaysAfterInitiation", ABORT_DAYS);
}

static bool set(json_t *resources, const char *name, json_t *resource, struct tr_err *err)
{
	return json_object_set_new(resources, name, resource) == 0 || tr_err_memory(err, 0);
}

static bool set_infrastructure(json_t *resources, const struct tr_config *c, struct tr_err *err)
{
	char bucket[64], prefix[TR_KEY_MAX];
	struct tr_arena arena;
	if (!has_lake(c))
		return true;
	if (!tr_s3_location(c->lake.location, bucket, prefix, err) ||
		!set(resources, "Lake", bucket_resource(bucket), err))
		return false;
	if (has_glue(c) &&
		!set(resources, "Database",
			json_pack("{s:s, s:{s:{s:s}, s:{s:s}}}", "Type", "AWS::Glue::Database", "Properties",
				"CatalogId", "Ref", "AWS::AccountId", "DatabaseInput", "Name",
				c->lake.database),
			err))
		return false;
	if (!has_workgroup(c))
		return true;
	tr_arena_init(&arena, (size_t)1 << 20);
	const char *results = tr_policy_results(c, &arena, err);
	bool ok = results &&
		set(resources, "Queries",
			json_pack("{s:s, s:{s:s, s:{s:{s:s}}}}", "Type", "AWS::Athena::WorkGroup",
				"Properties", "Name", c->athena.workgroup, "WorkGroupConfiguration",
				"ResultConfiguration", "OutputLocation", results),
			err);
	tr_arena_clear(&arena);
	return ok;
}

static bool set_policy(json_t *resources, const struct tr_config *c, enum tr_policy_role role,
	const struct tr_policy_names *names, struct tr_err *err)
{
	json_t *policy = NULL;
	char name[256];
	if (!document(c, role, names, &policy, err))
		return false;
	if (!substitute(&policy)) {
		json_decref(policy);
		return tr_err_memory(err, 0);
	}
	snprintf(name, sizeof name, "tailrace-%s-%s", c->lake.database, ROLES[role]);
	return set(resources, role == TR_POLICY_WRITER ? "WriterPolicy" : "ReaderPolicy",
		json_pack("{s:s, s:{s:s, s:o}}", "Type", "AWS::IAM::ManagedPolicy", "Properties",
			"ManagedPolicyName", name, "PolicyDocument", policy),
		err);
}

bool tr_policy_cloudformation(const struct tr_config *c, const char *region, bool reader_only, char **out,
	struct tr_err *err)
{
	const struct tr_policy_names names = { .partition = "${AWS::Partition}",
		.region = region ? region : "${AWS::Region}",
		.account = "${AWS::AccountId}" };
	json_t *resources = json_object();
	bool ok = (resources || tr_err_memory(err, 0)) &&
		(reader_only ||
			(set_infrastructure(resources, c, err) &&
				set_policy(resources, c, TR_POLICY_WRITER, &names, err))) &&
		set_policy(resources, c, TR_POLICY_READER, &names, err);
	json_t *template = ok
		? json_pack("{s:s, s:s, s:O}", "AWSTemplateFormatVersion", "2010-09-09", "Description",
			  "tailrace: lake and permissions", "Resources", resources)
		: NULL;
	char *text = ok ? tr_json_text(template, JSON_INDENT(2), err) : NULL;
	json_decref(template);
	json_decref(resources);
	*out = NULL;
	if (ok && !text)
		return false;
	struct tr_str lines;
	tr_str_init(&lines, TEXT_MAX);
	tr_str_addf(&lines, "%s\n", text ? text : "");
	free(text);
	if (ok)
		*out = tr_str_take(&lines, err);
	tr_str_clear(&lines);
	return *out != NULL;
}
