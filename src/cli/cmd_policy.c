/* Prints what AWS must allow, in the form that is asked for. */
#include <stdlib.h>
#include <string.h>

#include "cli/project.h"
#include "fmt/json_text.h"
#include "io/aws_credentials.h"
#include "plan/policy.h"

/* The region where one is named; no machine is asked for its own. */
static char *find_region(const struct tr_config *config)
{
	const struct tr_aws_credentials_options options = { .profile = config->aws.profile };
	struct tr_err ignored = { 0 };
	char *region = NULL;
	return tr_aws_region(config->aws.region, &options, &region, &ignored) ? region : NULL;
}

static bool is_account(const char *text)
{
	return strlen(text) == 12 && strspn(text, "0123456789") == 12;
}

static bool find_account(const struct tr_config *config, const char *given, const char **out,
	struct tr_err *err)
{
	*out = given ? given : config->s3.expected_bucket_owner ? config->s3.expected_bucket_owner : "*";
	if (!given || is_account(given))
		return true;
	tr_err_set(err, TR_ERR_USER, "`%.40s` is no AWS account id", given);
	return tr_err_hint(err, "write its 12 digits, as `aws sts get-caller-identity` shows them");
}

static bool uses_aws(const struct tr_config *config, enum tr_policy_role role, struct tr_err *err)
{
	const struct tr_policy_names names = { "aws", "*", "*" };
	struct tr_policy policy;
	if (!tr_policy_make(config, role, &names, &policy, err))
		return false;
	size_t n = policy.n;
	tr_policy_clear(&policy);
	if (n > 0)
		return true;
	tr_err_set(err, TR_ERR_USER, "this configuration uses nothing of AWS%s",
		role == TR_POLICY_READER ? " for readers" : "");
	return tr_err_hint(err, "a lake in S3 does: `location: s3://bucket/prefix`");
}

static bool make_json(const struct tr_config *config, enum tr_policy_role role, const char *region,
	const char *account, char **out, struct tr_err *err)
{
	const struct tr_policy_names names = { tr_policy_partition(region), region ? region : "*", account };
	struct tr_policy policy;
	json_t *document = NULL;
	if (!tr_policy_make(config, role, &names, &policy, err))
		return false;
	bool ok = tr_policy_document(&policy, &document, err);
	*out = ok ? tr_json_text(document, JSON_INDENT(2), err) : NULL;
	json_decref(document);
	tr_policy_clear(&policy);
	return *out != NULL;
}

static void print_notes(struct tr_cli *cli, const struct tr_config *config, bool reader, bool json,
	const char *region, const char *account)
{
	if (!region && json)
		tr_console_note(&cli->console, "the region is not known: `*` stands for it; set aws.region");
	if (json && strcmp(account, "*") == 0)
		tr_console_note(&cli->console, "`*` stands for the account: --account names it");
	if (config->source.iam_auth && !reader)
		tr_console_note(&cli->console,
			"rds-db:connect: put the database's resource id (db-...) in place of `*`");
	if (json && tr_policy_uses_athena(config) && !config->athena.output_location)
		tr_console_note(&cli->console,
			"where the workgroup puts results is not known%s; athena.output_location says it",
			strcmp(config->athena.workgroup, "primary") == 0
				? ""
				: ": taken to be as the other forms make it");
}

static bool make_form(const struct tr_config *config, const char *format, bool reader, const char *region,
	const char *account, char **out, struct tr_err *err)
{
	if (strcmp(format, "terraform") == 0)
		return tr_policy_terraform(config, region, reader, out, err);
	if (strcmp(format, "cloudformation") == 0)
		return tr_policy_cloudformation(config, region, reader, out, err);
	return make_json(config, reader ? TR_POLICY_READER : TR_POLICY_WRITER, region, account, out, err);
}

int tr_cmd_policy(struct tr_cli *cli, const struct tr_cli_args *args)
{
	struct tr_config config;
	struct tr_err err = { 0 };
	const char *format = tr_cli_value(args, "format"), *account;
	bool reader = tr_cli_flag(args, "reader");
	char *text = NULL, *region = NULL;
	int code = tr_project_config_offline(cli, &config);
	if (code)
		return code;
	format = format ? format : "json";
	if (find_account(&config, tr_cli_value(args, "account"), &account, &err) &&
		uses_aws(&config, reader ? TR_POLICY_READER : TR_POLICY_WRITER, &err)) {
		region = find_region(&config);
		make_form(&config, format, reader, region, account, &text, &err);
	}
	if (text) {
		fprintf(cli->console.out, "%s%s", text, text[strlen(text) - 1] == '\n' ? "" : "\n");
		print_notes(cli, &config, reader, strcmp(format, "json") == 0, region, account);
	} else {
		code = tr_console_error(&cli->console, &err);
	}
	free(text);
	free(region);
	tr_config_clear(&config);
	return code;
}
