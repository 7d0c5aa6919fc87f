#include "cli/cli.h"

/* Set by hand as the table it is. */
/* clang-format off */

#define OBJECTS_OPTION { "objects", 0, TR_CLI_FOLDER, "DIR", NULL, \
	"use the C transforms that `tailrace build --out DIR` wrote; compile nothing" }
#define LAKE_OPTION { "lake", 0, TR_CLI_FOLDER, "LAKE", NULL, \
	"a folder or s3://bucket/prefix, instead of a configuration" }
#define JSON_OPTION { "json", 0, TR_CLI_FLAG, NULL, NULL, "print JSON for programs" }

const struct tr_cli_option tr_cli_global_options[] = {
	{ "config", 'c', TR_CLI_FILE, "FILE", NULL, "the configuration (default: tailrace.yaml)" },
	{ "log", 0, TR_CLI_CHOICE, "FORM", "plain json", "progress and messages as plain or JSON lines on stderr" },
	{ "quiet", 'q', TR_CLI_FLAG, NULL, NULL, "say only what is asked for, and errors" },
	{ "verbose", 'v', TR_CLI_FLAG, NULL, NULL, "say more" },
	{ "no-color", 0, TR_CLI_FLAG, NULL, NULL, "no colours (NO_COLOR in the environment does the same)" },
	{ "help", 'h', TR_CLI_FLAG, NULL, NULL, "help on a command, with examples" },
	{ "version", 'V', TR_CLI_FLAG, NULL, NULL, "the version of tailrace" },
	{ NULL },
};

const struct tr_cli_command tr_cli_commands[] = {
	{ "init", "write a configuration for a database, ready to run", "URL",
		"Looks at the database's catalog and writes tailrace.yaml and transforms/*.sql that run as they "
		"are: inputs, the contract's columns and types, partitions for large tables, and a join where a "
		"foreign key allows one. Reads no rows.\n\n"
		"A password in the URL is never written down: the file says ${DATABASE_URL}.",
		TR_CLI_TEXT, NULL, 1, 1,
		{
			{ "dir", 0, TR_CLI_FOLDER, "DIR", NULL, "where to write (default: this folder)" },
			{ "lake", 0, TR_CLI_FOLDER, "LAKE", NULL,
				"where the lake is to be: a folder or s3://bucket/prefix (default: ./lake)" },
			{ "tables", 0, TR_CLI_TEXT, "LIST", NULL, "only these tables, separated by commas" },
			{ "force", 0, TR_CLI_FLAG, NULL, NULL, "replace files that are there" },
		},
		{
			{ "tailrace init postgres://app@db/shop", "propose datasets for all tables of `shop`" },
			{ "tailrace init postgres://app@db/shop --lake s3://acme-lake/shop", "with a lake in S3, and Glue" },
			{ "tailrace init service=shop --tables public.orders,public.users", "for two tables" },
		},
		tr_cmd_init },
	{ "check", "check the configuration and show what a run would do", "[DATASET...]",
		"Checks the configuration, the contract, privileges and every statement against the live "
		"database, and prints the plan: inputs, scans and connections, columns with their types from "
		"Postgres to Parquet to Athena, estimated rows and bytes, memory, and the files expected. Reads "
		"no rows and publishes nothing.\n\n"
		"For a lake in S3 it says which credentials are used and what was tried in which order, and tries "
		"each permission that a run needs, without leaving anything behind.",
		TR_CLI_DATASET, NULL, 0, -1,
		{
			OBJECTS_OPTION,
			{ "offline", 0, TR_CLI_FLAG, NULL, NULL, "do not look at a lake in S3" },
			JSON_OPTION,
		},
		{
			{ "tailrace check", "check everything" },
			{ "tailrace check enriched_orders --json", "one dataset's plan, for a program" },
		},
		tr_cmd_check },
	{ "run", "extract, transform, audit and publish", "[DATASET...]",
		"Reads all inputs on one snapshot, transforms, writes Parquet, audits it and publishes a new "
		"version of each dataset atomically. Without names, all datasets of the configuration. A failed "
		"run leaves what was published as it was.",
		TR_CLI_DATASET, NULL, 0, -1,
		{
			{ "dry-run", 'n', TR_CLI_FLAG, NULL, NULL, "show the plan only, as `tailrace check` does" },
			OBJECTS_OPTION,
			JSON_OPTION,
		},
		{
			{ "tailrace run", "publish all datasets" },
			{ "tailrace run enriched_orders", "publish one" },
			{ "tailrace run --log json 2>run.log", "from a scheduler: progress as JSON lines" },
		},
		tr_cmd_run },
	{ "query", "query the published datasets with SQL", "[SQL]",
		"Runs one SELECT over the published datasets, by their names, in the embedded engine, or where "
		"--engine or the configuration says so in Athena or Trino. `-` reads the statement from stdin. "
		"Without a statement, on a terminal, an interactive prompt opens.\n\n"
		"An older version is read by --at, or in SQL by a quoted name: FROM \"orders@3\".\n\n"
		"Values are exact in every format; table and markdown show control characters as \\r or \\x1b. csv: NULL is an empty field, an empty text is \"\". json and "
		"jsonl: decimals, dates, times and uuid are strings, bigint is a number, NaN and the infinities are "
		"strings, bytes are \\x hex, json columns are nested. parquet needs --output or a redirection. Where columns go by "
		"their names (json, jsonl, parquet), each needs one of its own.",
		TR_CLI_TEXT, NULL, 0, 1,
		{
			{ "format", 0, TR_CLI_CHOICE, "FORMAT", "table csv json jsonl markdown parquet",
				"table (default), csv, json, jsonl, markdown or parquet" },
			{ "output", 'o', TR_CLI_FILE, "FILE", NULL, "write to FILE, which appears only when it is complete" },
			{ "file", 'f', TR_CLI_FILE, "FILE", NULL, "read the statement from FILE" },
			{ "at", 0, TR_CLI_COUNT, "VERSION", NULL, "read this version of the dataset" },
			{ "engine", 0, TR_CLI_CHOICE, "ENGINE", "embedded athena trino",
				"embedded, athena or trino (default: `engine` of the configuration)" },
			{ "max-scan", 0, TR_CLI_TEXT, "SIZE", NULL, "refuse a statement that may read more than SIZE, as 10GB" },
			{ "max-rows", 0, TR_CLI_COUNT, "N", NULL, "at most N rows; 0: all (default: 200 for a table on a terminal)" },
			LAKE_OPTION,
		},
		{
			{ "tailrace query \"SELECT country, sum(amount) FROM enriched_orders GROUP BY ALL\"", "a table" },
			{ "tailrace query --format csv -o orders.csv \"FROM enriched_orders\"", "all rows as CSV" },
			{ "tailrace query --at 3 \"SELECT count(*) FROM enriched_orders\"", "an older version" },
			{ "tailrace query --engine athena --max-scan 10GB \"SELECT count(*) FROM enriched_orders\"",
				"in Athena, not at any price" },
			{ "tailrace query", "the prompt; \\? shows its commands" },
		},
		tr_cmd_query },
	{ "datasets", "list the datasets, published and configured", "",
		"Lists every dataset that is published in the lake or stands in the configuration.",
		TR_CLI_FLAG, NULL, 0, 0,
		{
			{ "names", 0, TR_CLI_FLAG, NULL, NULL, "only the names, one a line" },
			JSON_OPTION, LAKE_OPTION,
		},
		{ { "tailrace datasets", "name, version, rows, size and columns" } },
		tr_cmd_datasets },
	{ "status", "show how fresh each dataset is", "[DATASET...]",
		"Shows the published version of each dataset: its age, rows, bytes, the snapshot it was read at, "
		"and whether the configuration's columns or partitions have moved since.",
		TR_CLI_DATASET, NULL, 0, -1,
		{ JSON_OPTION, LAKE_OPTION },
		{
			{ "tailrace status", "all datasets" },
			{ "tailrace status --json | jq '.[] | select(.age_seconds > 86400)'", "those older than a day" },
		},
		tr_cmd_status },
	{ "history", "list the versions of a dataset", "DATASET",
		"Lists a dataset's versions, newest first. An expired version's files may be gone.",
		TR_CLI_DATASET, NULL, 1, 1,
		{
			{ "limit", 0, TR_CLI_COUNT, "N", NULL, "at most N versions; 0: all (default: 20)" },
			JSON_OPTION, LAKE_OPTION,
		},
		{ { "tailrace history enriched_orders", "what was published when" } },
		tr_cmd_history },
	{ "rollback", "publish an older version again", "DATASET",
		"Commits the content of an older version as a new one, after checking that every file is there. "
		"Nothing is lost: the versions between stay in the history.",
		TR_CLI_DATASET, NULL, 1, 1,
		{
			{ "to", 0, TR_CLI_COUNT, "VERSION", NULL, "the version to go back to (default: the one before)" },
			JSON_OPTION, LAKE_OPTION,
		},
		{ { "tailrace rollback enriched_orders --to 6", "publish version 6's content as a new version" } },
		tr_cmd_rollback },
	{ "verify", "read published files again and compare", "[DATASET...]",
		"Reads every file of a version again: presence, size, checksum and footer against the manifest. "
		"Exit code 4 where anything differs.",
		TR_CLI_DATASET, NULL, 0, -1,
		{
			{ "at", 0, TR_CLI_COUNT, "VERSION", NULL, "verify this version (default: the newest)" },
			JSON_OPTION, LAKE_OPTION,
		},
		{
			{ "tailrace verify", "the newest version of every dataset" },
			{ "tailrace verify enriched_orders --at 6", "before a rollback" },
		},
		tr_cmd_verify },
	{ "gc", "remove files that no retained version needs", "[DATASET...]",
		"Removes versions that left retention and files that no version refers to. Files of live runs, and "
		"what left retention less than 24 hours ago, stay. A dataset with a table in Glue needs the "
		"configuration that names its database: gc spares the files that the table shows.",
		TR_CLI_DATASET, NULL, 0, -1,
		{
			{ "dry-run", 'n', TR_CLI_FLAG, NULL, NULL, "only say what would go" },
			{ "keep", 0, TR_CLI_COUNT, "N", NULL, "versions to keep at least (default: retention.keep_versions, 10)" },
			{ "days", 0, TR_CLI_COUNT, "D", NULL, "days to keep at least (default: retention.keep_days, 7)" },
			{ "forget-glue", 0, TR_CLI_FLAG, NULL, NULL,
				"tables in Glue databases other than the configuration's are gone: spare nothing for them" },
			JSON_OPTION, LAKE_OPTION,
		},
		{
			{ "tailrace gc --dry-run", "how much would go" },
			{ "tailrace gc --keep 3 --days 1", "a shorter memory" },
		},
		tr_cmd_gc },
	{ "gen", "write the C structs of typed transforms", "[DATASET...]",
		"Writes gen/<dataset>.h from the live schema for every dataset with a C transform (or those named), "
		"and gen/tailrace/transform.h beside them. A file that is current is left alone.",
		TR_CLI_DATASET, NULL, 0, -1,
		{
			{ "check", 0, TR_CLI_FLAG, NULL, NULL, "write nothing; exit code 2 where a header is not current" },
			{ NULL },
		},
		{ { "tailrace gen", "after a change of tables or contract" } },
		tr_cmd_gen },
	{ "build", "compile the typed transforms ahead", "[DATASET...]",
		"Compiles the C transforms and prints the path of each object. `run` does it by itself where there "
		"is a compiler; where there is none, `run --objects DIR` takes what `build --out DIR` wrote.",
		TR_CLI_DATASET, NULL, 0, -1,
		{
			{ "out", 0, TR_CLI_FOLDER, "DIR", NULL, "copy the objects to DIR" },
			{ "force", 0, TR_CLI_FLAG, NULL, NULL, "compile even what is in the cache" },
		},
		{
			{ "tailrace build", "compile into the cache" },
			{ "tailrace build --out build", "for a machine without a compiler" },
		},
		tr_cmd_build },
	{ "policy", "print the permissions in AWS that this configuration needs", "",
		"Prints a least-privilege policy of IAM for what this configuration does: for the writer (`run`, "
		"`rollback`, `gc`), or with --reader for those who query. Resources are exactly this bucket and "
		"prefix, database, tables, workgroup, key and secret. The other forms have both policies and the "
		"bucket, the Glue database and the Athena workgroup. Asks nobody.",
		TR_CLI_FLAG, NULL, 0, 0,
		{
			{ "reader", 0, TR_CLI_FLAG, NULL, NULL, "for those who only query" },
			{ "format", 0, TR_CLI_CHOICE, "FORMAT", "json terraform cloudformation",
				"json (default), terraform or cloudformation" },
			{ "account", 0, TR_CLI_TEXT, "ID", NULL,
				"the AWS account in the JSON form (default: s3.expected_bucket_owner, else any)" },
		},
		{
			{ "tailrace policy >writer.json", "for `aws iam create-policy --policy-document file://writer.json`" },
			{ "tailrace policy --format terraform >lake.tf", "bucket, database, workgroup and policies" },
		},
		tr_cmd_policy },
	{ "completion", "print a completion script for a shell", "bash|zsh|fish",
		"Prints a script that completes commands, options, and the names of datasets.",
		TR_CLI_CHOICE, "bash zsh fish", 1, 1,
		{ { NULL } },
		{
			{ "source <(tailrace completion bash)", "in ~/.bashrc" },
			{ "tailrace completion zsh >~/.zfunc/_tailrace", "zsh, with ~/.zfunc in $fpath" },
			{ "tailrace completion fish >~/.config/fish/completions/tailrace.fish", "fish" },
		},
		tr_cmd_completion },
	{ "help", "help on a command", "[COMMAND]",
		"Shows a command's options and examples, or all commands.",
		TR_CLI_COMMAND, NULL, 0, 1,
		{ { "man", 0, TR_CLI_FLAG, NULL, NULL, "print the manual page, in troff" } },
		{
			{ "tailrace help run", "about `run`" },
			{ "tailrace help --man | man -l -", "the manual" },
		},
		tr_cmd_help },
	{ NULL },
};
