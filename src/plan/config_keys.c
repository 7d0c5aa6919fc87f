/* Every key of tailrace.yaml: the one place to add or change one. */
#include "plan/config_read.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)
#define DAY_MS (INT64_C(86400000))
#define COUNT(array) (sizeof array / sizeof *array)
#define CONFIG(member) offsetof(struct tr_config, member)
#define DATASET(member) offsetof(struct tr_config_dataset, member)
#define COLUMN(member) offsetof(struct tr_config_column, member)
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Set by hand as the table it is. */
/* clang-format off */

static const struct tr_config_key source_keys[] = {
	{ .name = "url", .read = tr_config_read_text, .kind = "text", .min = 1, .field = CONFIG(source.url),
		.required = true,
		.doc = "Where the source is: any libpq URL or `key=value` text. Keep passwords out of the "
			"file: `${DATABASE_URL}`, `~/.pgpass`, `PGPASSWORD`, `password_command`, `secret` or "
			"`iam_auth`." },
	{ .name = "password_command", .read = tr_config_read_text, .kind = "text", .min = 1,
		.field = CONFIG(source.password_command),
		.doc = "A command that prints the password, run once by `/bin/sh` in the file's folder "
			"before the first connection; without `DATABASE_URL` and `PGPASSWORD` in its "
			"environment." },
	{ .name = "secret", .read = tr_config_read_text, .kind = "text", .min = 1,
		.field = CONFIG(source.secret),
		.doc = "A secret of AWS Secrets Manager, by name or ARN, read once before the first "
			"connection: the password alone, or JSON as RDS keeps it (`username`, `password`, "
			"`host`, `port`, `dbname`), which fills in what `url` leaves out." },
	{ .name = "iam_auth", .read = tr_config_read_bool, .kind = "bool", .field = CONFIG(source.iam_auth),
		.fallback = "false",
		.doc = "Sign in to Amazon RDS or Aurora by IAM: a token is made for every connection. The "
			"URL needs a host, a user and `sslmode=require` or stricter." },
	{ .name = "row_security", .read = tr_config_read_either, .kind = "choice",
		.field = CONFIG(source.accept_row_security), .words = WORDS("error", "accept"),
		.fallback = "error",
		.doc = "What to do where a row-level security policy would hide rows: stop, or accept what "
			"can be seen." },
	{ .name = "lock_timeout", .read = tr_config_read_duration, .kind = "duration",
		.field = CONFIG(source.lock_timeout_ms), .min = 1, .max = DAY_MS, .fallback = "10s",
		.doc = "How long to wait for a lock in Postgres before giving up." },
	{ .name = "statement_timeout", .read = tr_config_read_duration, .kind = "duration",
		.field = CONFIG(source.statement_timeout_ms), .min = 0, .max = 30 * DAY_MS, .fallback = "12h",
		.doc = "How long one statement in Postgres may take; a COPY is one statement." },
};
static const struct tr_config_section source = { "source", "The Postgres database to read. Only read.",
	source_keys, COUNT(source_keys) };

static const struct tr_config_key lake_keys[] = {
	{ .name = "location", .read = tr_config_read_location, .kind = "path or `s3://bucket/prefix`",
		.field = CONFIG(lake.location), .pos = CONFIG(lake.location_pos), .required = true,
		.doc = "A folder, made where it does not exist, or a prefix of an S3 bucket that exists." },
	{ .name = "catalog", .read = tr_config_read_word, .kind = "choice", .field = CONFIG(lake.catalog),
		.pos = CONFIG(lake.catalog_pos), .words = WORDS("local", "glue"), .fallback = "local",
		.doc = "Who else is told of a new version: `local` is nobody, the manifests in the lake are "
			"all; `glue` keeps a table in the AWS Glue catalog for each dataset of a lake in S3, "
			"which Athena, Trino and Spark read." },
	{ .name = "database", .read = tr_config_read_name, .kind = "name", .field = CONFIG(lake.database),
		.fallback = "lake", .doc = "The name of the lake as a database; in Glue, made where it does "
			"not exist." },
};
static const struct tr_config_section lake = { "lake", "Where published datasets live.", lake_keys,
	COUNT(lake_keys) };

static const struct tr_config_key aws_keys[] = {
	{ .name = "region", .read = tr_config_read_region, .kind = "text", .field = CONFIG(aws.region),
		.doc = "The region of bucket and catalog, as eu-west-1. Left out: `AWS_REGION`, "
			"`AWS_DEFAULT_REGION`, the profile's, the machine's." },
	{ .name = "profile", .read = tr_config_read_text, .kind = "text", .min = 1,
		.field = CONFIG(aws.profile),
		.doc = "The profile of `~/.aws/config` that gives the credentials; the environment's are "
			"not looked at then. Left out: the SDKs' chain." },
	{ .name = "endpoint", .read = tr_config_read_endpoint, .kind = "URL", .field = CONFIG(aws.endpoint),
		.doc = "Where every service is asked, instead of AWS. Left out: `AWS_ENDPOINT_URL_S3`, "
			"`AWS_ENDPOINT_URL_GLUE` and so on, `AWS_ENDPOINT_URL`, the profile's, AWS itself." },
	{ .name = "ca_file", .read = tr_config_read_path, .kind = "path", .field = CONFIG(aws.ca_file),
		.doc = "The certificates to trust. Left out: `AWS_CA_BUNDLE`, `SSL_CERT_FILE`, the "
			"system's." },
	{ .name = "attempts", .read = tr_config_read_int, .kind = "whole number",
		.field = CONFIG(aws.attempts), .min = 1, .max = 20, .fallback = "5",
		.doc = "How often one call is tried, the first time included." },
	{ .name = "connect_timeout", .read = tr_config_read_duration, .kind = "duration",
		.field = CONFIG(aws.connect_timeout_ms), .min = 100, .max = 600000, .fallback = "5s",
		.doc = "How long to wait for a connection." },
	{ .name = "stall_timeout", .read = tr_config_read_duration, .kind = "duration",
		.field = CONFIG(aws.stall_timeout_ms), .min = 1000, .max = 3600000, .fallback = "30s",
		.doc = "How long a call may go on without a byte moving." },
};
static const struct tr_config_section aws = { "aws",
	"How AWS, or a server that speaks as it does, is reached: credentials, region, retries.", aws_keys,
	COUNT(aws_keys) };

static const struct tr_config_key s3_keys[] = {
	{ .name = "endpoint", .read = tr_config_read_endpoint, .kind = "URL", .field = CONFIG(s3.endpoint),
		.doc = "Another S3 server: `http://localhost:9000`. Left out: as `aws.endpoint`." },
	{ .name = "path_style", .read = tr_config_read_bool, .kind = "bool", .field = CONFIG(s3.path_style),
		.fallback = "false",
		.doc = "Write the bucket into the path and not into the host's name, as most other S3 "
			"servers want it. Buckets with a dot in their name always are." },
	{ .name = "encryption", .read = tr_config_read_word, .kind = "choice",
		.field = CONFIG(s3.encryption), .words = WORDS("AES256", "aws:kms"),
		.doc = "How objects are encrypted by the server. Left out: as the bucket says." },
	{ .name = "kms_key", .read = tr_config_read_text, .kind = "text", .min = 1,
		.field = CONFIG(s3.kms_key),
		.doc = "The key for `aws:kms`: its id, ARN or alias. Left out: the account's own for S3." },
	{ .name = "storage_class", .read = tr_config_read_storage, .kind = "text",
		.field = CONFIG(s3.storage_class),
		.doc = "The storage class of data files, as STANDARD_IA or INTELLIGENT_TIERING; manifests "
			"are small and stay STANDARD." },
	{ .name = "expected_bucket_owner", .read = tr_config_read_account, .kind = "account id",
		.field = CONFIG(s3.expected_bucket_owner),
		.doc = "Every call fails where the bucket belongs to another account." },
	{ .name = "tags", .read = tr_config_read_tags, .kind = "group", .field = CONFIG(s3.tags),
		.doc = "Tags of every object: `{ team: data }`, at most 10." },
	{ .name = "part_size", .read = tr_config_read_size, .kind = "size", .field = CONFIG(s3.part_size),
		.min = 5 * MIB, .max = 512 * MIB, .fallback = "8MiB",
		.doc = "A file larger than this is uploaded in parts of this size." },
	{ .name = "uploads", .read = tr_config_read_int, .kind = "whole number", .field = CONFIG(s3.uploads),
		.min = 1, .max = 32, .fallback = "4",
		.doc = "Parts of one file in flight at once, each held in memory; fewer where "
			"`limits.memory` asks for it." },
};
static const struct tr_config_section s3 = { "s3", "How objects are written to and read from S3.", s3_keys,
	COUNT(s3_keys) };

static const struct tr_config_key athena_keys[] = {
	{ .name = "workgroup", .read = tr_config_read_text, .kind = "text", .min = 1,
		.field = CONFIG(athena.workgroup), .fallback = "primary",
		.doc = "The workgroup that statements run in: its limits and settings hold." },
	{ .name = "output_location", .read = tr_config_read_output, .kind = "`s3://bucket/prefix`",
		.field = CONFIG(athena.output_location),
		.doc = "Where Athena writes results. Left out: where the workgroup says, or nowhere with "
			"managed results." },
	{ .name = "catalog", .read = tr_config_read_text, .kind = "text", .min = 1,
		.field = CONFIG(athena.catalog), .fallback = "AwsDataCatalog",
		.doc = "The data source of the lake's tables in Athena; `AwsDataCatalog` is Glue." },
	{ .name = "result_reuse", .read = tr_config_read_duration, .kind = "duration",
		.field = CONFIG(athena.result_reuse_ms), .min = 60000, .max = 7 * DAY_MS,
		.doc = "Take the result of the same statement if it is not older than this; it scans and "
			"costs nothing, and does not see a version published meanwhile. Left out: never." },
	{ .name = "price_per_tb", .read = tr_config_read_price, .kind = "dollars",
		.field = CONFIG(athena.price_per_tb_micros), .fallback = "5",
		.doc = "What 10^12 scanned bytes cost in your region, for the costs that are shown." },
};
static const struct tr_config_section athena = { "athena",
	"`engine: athena`: Amazon Athena, reached as `aws` says. Names of tables are looked for in "
	"`lake.database`.", athena_keys, COUNT(athena_keys) };

static const struct tr_config_key trino_keys[] = {
	{ .name = "url", .read = tr_config_read_trino_url, .kind = "URL", .field = CONFIG(trino.url),
		.pos = CONFIG(trino.url_pos), .required = true,
		.doc = "The coordinator: `https://trino.example.org:8443`." },
	{ .name = "catalog", .read = tr_config_read_text, .kind = "text", .min = 1,
		.field = CONFIG(trino.catalog), .fallback = "hive",
		.doc = "Trino's catalog of the lake's tables: a Hive catalog over the same Glue." },
	{ .name = "schema", .read = tr_config_read_text, .kind = "text", .min = 1,
		.field = CONFIG(trino.schema),
		.doc = "Where names of tables are looked for. Left out: `lake.database`." },
	{ .name = "user", .read = tr_config_read_text, .kind = "text", .min = 1, .field = CONFIG(trino.user),
		.fallback = "tailrace", .doc = "Whom Trino sees." },
	{ .name = "password", .read = tr_config_read_secret, .kind = "text", .field = CONFIG(trino.password),
		.doc = "The user's password: write `${TRINO_PASSWORD:-}`. Needs https." },
	{ .name = "token", .read = tr_config_read_secret, .kind = "text", .field = CONFIG(trino.token),
		.doc = "A JWT or OAuth 2.0 token instead of a password: write `${TRINO_TOKEN:-}`. Needs "
			"https." },
	{ .name = "session", .read = tr_config_read_session, .kind = "group", .field = CONFIG(trino.session),
		.doc = "Session properties: `{ query_max_run_time: 10m }`." },
	{ .name = "ca_file", .read = tr_config_read_path, .kind = "path", .field = CONFIG(trino.ca_file),
		.doc = "Certificates to trust, in PEM. Left out: the system's." },
};
static const struct tr_config_section trino = { "trino",
	"`engine: trino`: a Trino cluster of your own, reached by its HTTP protocol.", trino_keys,
	COUNT(trino_keys) };

static const struct tr_config_key limit_keys[] = {
	{ .name = "connections", .read = tr_config_read_int, .kind = "whole number",
		.field = CONFIG(limits.connections), .min = 1, .max = 64, .fallback = "2",
		.doc = "Connections to Postgres at once, the one that keeps the snapshot included." },
	{ .name = "threads", .read = tr_config_read_int, .kind = "whole number",
		.field = CONFIG(limits.threads), .min = 1, .max = 256,
		.doc = "Threads of the engine and the encoders. Left out: as many as processors, at most "
			"4." },
	{ .name = "memory", .read = tr_config_read_size, .kind = "size", .field = CONFIG(limits.memory),
		.min = 64 * MIB, .max = 1024 * GIB, .fallback = "512MiB",
		.doc = "A ceiling for the process: work spills to disk before it is passed. SQL needs "
			"128MiB." },
	{ .name = "disk", .read = tr_config_read_size, .kind = "size", .field = CONFIG(limits.disk),
		.min = 0, .max = INT64_MAX, .fallback = "unlimited",
		.doc = "A ceiling for temporary files." },
	{ .name = "rate", .read = tr_config_read_size, .kind = "rate", .field = CONFIG(limits.rate),
		.min = 0, .max = INT64_MAX, .fallback = "unlimited",
		.doc = "How fast to read from Postgres, all connections together." },
	{ .name = "snapshot", .read = tr_config_read_duration, .kind = "duration",
		.field = CONFIG(limits.snapshot_ms), .min = 0, .max = 30 * DAY_MS, .fallback = "unlimited",
		.doc = "How long the snapshot may be held open: a run that needs longer stops." },
	{ .name = "temp_dir", .read = tr_config_read_path, .kind = "path", .field = CONFIG(limits.temp_dir),
		.pos = CONFIG(limits.temp_dir_pos), .fallback = "${TMPDIR:-/tmp}", .doc = "The folder for temporary files, which must exist." },
};
static const struct tr_config_section limits = { "limits", "How gently and within what bounds to work.",
	limit_keys, COUNT(limit_keys) };

static const struct tr_config_key parquet_keys[] = {
	{ .name = "compression", .read = tr_config_read_word, .kind = "choice",
		.field = CONFIG(parquet.compression), .words = WORDS("zstd", "snappy", "gzip", "lz4", "none"),
		.fallback = "zstd", .doc = "How pages are compressed." },
	{ .name = "level", .read = tr_config_read_int, .kind = "whole number", .field = CONFIG(parquet.level),
		.min = 1, .max = 22, .fallback = "3",
		.doc = "The level of zstd (1 to 22) or gzip (1 to 9); the others have none." },
	{ .name = "file_size", .read = tr_config_read_size, .kind = "size",
		.field = CONFIG(parquet.file_size),
		.min = MIB, .max = 16 * GIB, .fallback = "512MiB",
		.doc = "The size to aim at for a file; a dataset or partition below it is one file." },
	{ .name = "row_group_size", .read = tr_config_read_size, .kind = "size",
		.field = CONFIG(parquet.row_group_size), .min = 64 * 1024, .max = 1 * GIB,
		.fallback = "128MiB",
		.doc = "The most that a row group takes." },
};
static const struct tr_config_section parquet = { "parquet", "How the files are written.", parquet_keys,
	COUNT(parquet_keys) };

static const struct tr_config_key retention_keys[] = {
	{ .name = "keep_versions", .read = tr_config_read_int, .kind = "whole number",
		.field = CONFIG(retention.keep_versions), .min = 1, .max = 100000, .fallback = "10",
		.doc = "At least this many versions of a dataset are kept." },
	{ .name = "keep_days", .read = tr_config_read_int, .kind = "whole number",
		.field = CONFIG(retention.keep_days), .min = 0, .max = 36500, .fallback = "7",
		.doc = "Versions younger than this many days are kept." },
};
static const struct tr_config_section retention = { "retention",
	"What `tailrace gc` may remove: versions beyond both bounds.",
	retention_keys, COUNT(retention_keys) };

static const struct tr_config_key param_keys[] = {
	{ .name = "type", .read = tr_config_read_type, .kind = "type", .required = true,
		.field = offsetof(struct tr_config_param, type),
		.doc = "bool, int, bigint, double, string, decimal(p,s), date or timestamp." },
	{ .name = "value", .read = tr_config_read_text, .kind = "text", .required = true,
		.field = offsetof(struct tr_config_param, value),
		.doc = "The value, as its type is written." },
};
static const struct tr_config_section param = { "params.<name>",
	"Values that transforms use: `$name` in SQL, `params->name` in C.", param_keys, COUNT(param_keys) };

static const struct tr_config_key input_keys[] = {
	{ .name = "relation", .read = tr_config_read_text, .kind = "text", .min = 1, .required = true,
		.field = offsetof(struct tr_config_input, relation),
		.pos = offsetof(struct tr_config_input, relation_pos),
		.doc = "A table, partitioned table, view or materialized view: `public.orders`." },
	{ .name = "where", .read = tr_config_read_text, .kind = "SQL", .min = 1,
		.field = offsetof(struct tr_config_input, where),
		.pos = offsetof(struct tr_config_input, where_pos),
		.doc = "A condition in Postgres's SQL, one expression: only these rows are read." },
};
static const struct tr_config_section input = { "datasets.<name>.inputs.<alias>",
	"What a dataset is made of: `alias: relation`, or a group with these keys. "
	"A self-join has two aliases of one relation.", input_keys, COUNT(input_keys) };

static const struct tr_config_key column_keys[] = {
	{ .name = "type", .read = tr_config_read_type, .kind = "type", .field = COLUMN(type),
		.pos = COLUMN(type_pos), .required = true,
		.doc = "bool, smallint, int, bigint, float, double, decimal(p,s), string, binary, date, "
			"timestamp, timestamp(3), timestamptz, timestamptz(3), time, uuid or json." },
	{ .name = "not_null", .read = tr_config_read_bool, .kind = "bool", .field = COLUMN(not_null),
		.fallback = "false", .doc = "A null stops the run, and nothing is published." },
	{ .name = "doc", .read = tr_config_read_text, .kind = "text", .field = COLUMN(doc),
		.doc = "What the column means, for people and catalogs." },
	{ .name = "from", .read = tr_config_read_text, .kind = "text", .min = 1, .field = COLUMN(from),
		.doc = "The column of the source or the result, where it has another name." },
	{ .name = "accepted", .read = tr_config_read_accepted, .kind = "list of values",
		.field = COLUMN(accepted),
		.doc = "The only values that may occur (and null, unless `not_null`)." },
	{ .name = "unique", .read = tr_config_read_bool, .kind = "bool", .field = COLUMN(unique),
		.fallback = "false", .doc = "No value may occur twice; nulls may." },
	{ .name = "truncate", .read = tr_config_read_bool, .kind = "bool", .field = COLUMN(truncate),
		.fallback = "false",
		.doc = "For timestamp(3) and timestamptz(3): cut finer digits instead of stopping at them." },
};
static const struct tr_config_section column = { "datasets.<name>.columns.<column>",
	"The contract: the published columns in their order. `name: type`, or a group with these keys. "
	"A straight copy may leave `columns` out and takes over what the source has.",
	column_keys, COUNT(column_keys) };

static const struct tr_config_key dataset_keys[] = {
	{ .name = "doc", .read = tr_config_read_text, .kind = "text", .field = DATASET(doc),
		.doc = "What the dataset is, for people and catalogs." },
	{ .name = "inputs", .read = tr_config_read_inputs, .kind = "group", .field = DATASET(inputs),
		.required = true, .unless = "from", .section = &input,
		.doc = "The relations that are read, each by an alias." },
	{ .name = "from", .read = tr_config_read_from, .kind = "list", .field = DATASET(from),
		.doc = "Published datasets that are read, by their names: `[enriched_orders]`. They are in "
			"this configuration, or were published to the lake before. Needs `sql` or `c`; "
			"`inputs` may be left out." },
	{ .name = "sql", .read = tr_config_read_text, .kind = "path", .min = 1, .field = DATASET(sql),
		.pos = DATASET(sql_pos), .doc = "The file of a SELECT over the inputs and the datasets of `from`." },
	{ .name = "c", .read = tr_config_read_text, .kind = "path", .min = 1, .field = DATASET(c),
		.pos = DATASET(c_pos),
		.doc = "The file of a typed C transform; see `tailrace gen`." },
	{ .name = "rows", .read = tr_config_read_text, .kind = "SQL", .min = 1, .field = DATASET(rows),
		.pos = DATASET(rows_pos),
		.doc = "For `c` with several inputs, the join it sees row by row: `o JOIN u USING "
			"(user_id)`." },
	{ .name = "run_on", .read = tr_config_read_word, .kind = "choice", .field = DATASET(run_on),
		.pos = DATASET(run_on_pos), .words = WORDS("embedded", "athena", "trino"),
		.fallback = "embedded",
		.doc = "Who runs `sql`: the engine within tailrace, or Athena or Trino, which then write the "
			"files. These take datasets of `from` only, in a lake in S3 with Glue." },
	{ .name = "columns", .read = tr_config_read_columns, .kind = "group", .field = DATASET(columns),
		.section = &column, .doc = "The contract. Required with `sql` and `c`." },
	{ .name = "partition_by", .read = tr_config_read_partitions, .kind = "list",
		.field = DATASET(partitions),
		.doc = "Keys that split the dataset, at most 32: a column, or `year(c)`, `month(c)`, `day(c)`, `hour(c)` "
			"of a date or timestamp, which makes a text column such as `created_at_day`." },
	{ .name = "partitions", .read = tr_config_read_either, .kind = "choice",
		.field = DATASET(registered), .pos = DATASET(partitions_pos),
		.words = WORDS("projection", "registered"), .fallback = "projection",
		.doc = "How a Glue table names its partitions. `projection`: by a rule in the table, so that "
			"one update moves all readers at once; planning stops where no rule names exactly the "
			"published partitions. `registered`: one by one in the catalog; any key will do, and "
			"readers may see two versions mixed while a new one is published." },
	{ .name = "adopt", .read = tr_config_read_bool, .kind = "bool", .field = DATASET(adopt),
		.fallback = "false",
		.doc = "Take over a Glue table of this name that tailrace did not create." },
	{ .name = "checks", .read = tr_config_read_checks, .kind = "list of SQL", .field = DATASET(checks),
		.doc = "Conditions over the published columns, each one expression; a row where one is false stops "
			"the commit, null passes." },
	{ .name = "unique", .read = tr_config_read_unique, .kind = "list", .field = DATASET(unique),
		.doc = "Columns, or lists of columns together, in which no value may occur twice: "
			"`[order_id]`, `[[order_id, line]]`." },
	{ .name = "special_values", .read = tr_config_read_either, .kind = "choice",
		.field = DATASET(special_to_null), .words = WORDS("error", "null"), .fallback = "error",
		.doc = "What becomes of NaN in numeric, and of dates that the files cannot hold "
			"(infinity, BC, far years): stop at the row, or write null." },
};
static const struct tr_config_section dataset = { "datasets.<name>",
	"One published dataset: a straight copy of one input, or made by `sql` or `c` of inputs and "
	"other datasets.",
	dataset_keys, COUNT(dataset_keys) };

static const struct tr_config_key root_keys[] = {
	{ .name = "source", .read = tr_config_read_group, .kind = "group", .required = true,
		.pos = CONFIG(source.pos), .section = &source, .doc = "The database to read." },
	{ .name = "lake", .read = tr_config_read_group, .kind = "group", .required = true,
		.pos = CONFIG(lake.pos), .section = &lake, .doc = "Where datasets are published." },
	{ .name = "aws", .read = tr_config_read_group, .kind = "group", .pos = CONFIG(aws.pos),
		.section = &aws, .doc = "Credentials, region, endpoint and retries of AWS." },
	{ .name = "s3", .read = tr_config_read_group, .kind = "group", .pos = CONFIG(s3.pos),
		.section = &s3, .doc = "How objects in S3 are written." },
	{ .name = "engine", .read = tr_config_read_word, .kind = "choice", .field = CONFIG(engine),
		.words = WORDS("embedded", "athena", "trino"), .pos = CONFIG(engine_pos),
		.fallback = "embedded",
		.doc = "Who answers `tailrace query`, where `--engine` does not say. Where datasets "
			"are made is said by their `run_on`." },
	{ .name = "athena", .read = tr_config_read_group, .kind = "group", .pos = CONFIG(athena.pos),
		.section = &athena, .doc = "Amazon Athena as an engine." },
	{ .name = "trino", .read = tr_config_read_group, .kind = "group", .pos = CONFIG(trino.pos),
		.section = &trino, .doc = "Trino as an engine." },
	{ .name = "limits", .read = tr_config_read_group, .kind = "group", .section = &limits,
		.doc = "Connections, memory, disk, rate, time." },
	{ .name = "parquet", .read = tr_config_read_group, .kind = "group", .section = &parquet,
		.doc = "How the files are written." },
	{ .name = "retention", .read = tr_config_read_group, .kind = "group", .section = &retention,
		.doc = "What is kept of old versions." },
	{ .name = "params", .read = tr_config_read_params, .kind = "group", .field = CONFIG(params),
		.section = &param, .doc = "Values for transforms, each by its name." },
	{ .name = "datasets", .read = tr_config_read_datasets, .kind = "group", .field = CONFIG(datasets),
		.required = true, .section = &dataset, .doc = "What is published, each by its name." },
};
const struct tr_config_section tr_config_root = { "The file", "The keys at the top level.", root_keys,
	COUNT(root_keys) };
