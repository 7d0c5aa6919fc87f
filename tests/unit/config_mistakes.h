/*
 * Each mistake that a configuration can have, and what is said of it: `line:column what =>
 * hint`, one line a mistake. SOURCE, LAKE and ORDERS are the parts that are right.
 */
#ifndef TR_TESTS_CONFIG_MISTAKES_H
#define TR_TESTS_CONFIG_MISTAKES_H

#define SOURCE "source: { url: \"postgres://app@db/shop\" }\n"
#define LAKE "lake: { location: ./lake }\n"
#define ORDERS "datasets:\n  orders:\n    inputs: { o: public.orders }\n"

/* What messages list, here once. */
#define ROOT_KEYS "source, lake, aws, s3, engine, athena, trino, limits, parquet, retention, params, datasets"
#define SOURCE_KEYS "url, password_command, secret, iam_auth, row_security, lock_timeout, statement_timeout"
#define LOCATION_DOC "A folder, made where it does not exist, or a prefix of an S3 bucket that exists."
#define ENGINES "embedded, athena or trino"

struct config_mistake {
	const char *yaml, *errors;
};

/* clang-format off */
static const struct config_mistake config_mistakes[] = {
	/* the text itself */
	{ "",
		"1:1 the file is empty => `tailrace init postgres://user@host/database` writes one that "
		"runs\n" },
	{ "   \n# only a comment\n",
		"1:1 the file is empty => `tailrace init postgres://user@host/database` writes one that "
		"runs\n" },
	{ "just text\n",
		"1:1 expected a group of keys, got `just text` => write `key: value` lines under it; the "
		"keys are " ROOT_KEYS "\n" },
	{ "- a\n- b\n",
		"1:1 expected a group of keys, got a list => write `key: value` lines under it; the keys "
		"are " ROOT_KEYS "\n" },
	{ "\tsource: 1\n",
		"1:1 this is not well-formed YAML => indent with blanks: YAML allows no tabs there\n" },
	{ "source:\n\turl: x\n",
		"2:1 this is not well-formed YAML => indent with blanks: YAML allows no tabs there\n" },
	{ "source: {\n",
		"2:1 this is not well-formed YAML => look at the indentation, and at brackets and quotes "
		"that are not closed; text with `: ` or ` #` in it, or that begins with one of "
		"[]{}&*!|>%@`'\", needs quotes\n" },
	{ "source: 'a\n",
		"1:10 this is not well-formed YAML => look at the indentation, and at brackets and "
		"quotes that are not closed; text with `: ` or ` #` in it, or that begins with one of "
		"[]{}&*!|>%@`'\", needs quotes\n" },
	{ "a: b: c\n",
		"1:5 this is not well-formed YAML => look at the indentation, and at brackets and quotes "
		"that are not closed; text with `: ` or ` #` in it, or that begins with one of "
		"[]{}&*!|>%@`'\", needs quotes\n" },
	{ "source: [\n",
		"2:1 this is not well-formed YAML => look at the indentation, and at brackets and quotes "
		"that are not closed; text with `: ` or ` #` in it, or that begins with one of "
		"[]{}&*!|>%@`'\", needs quotes\n" },
	{ SOURCE LAKE ORDERS "---\nengine: embedded\n",
		"6:1 a second document begins here => a configuration is one document: remove the `---`\n" },
	{ "source: &s { url: x }\nlake: *s\n",
		"1:10 anchors and aliases (`&name`, `*name`) are not read => write the value out; a text "
		"that begins with & or * needs quotes\n" },
	{ "lake: *s\n",
		"1:8 anchors and aliases (`&name`, `*name`) are not read => write the value out; a text "
		"that begins with & or * needs quotes\n" },
	{ "source: !!map { url: x }\n",
		"1:9 tags (`!name`) are not read => leave the tag out; a text that begins with ! needs "
		"quotes\n" },
	{ "? [a]\n: b\n",
		"1:3 a key must be a plain text => text with `${`, `{` or `[` in it needs quotes: "
		"\"${HOME}\"\n" },
	{ "source: \"a\\0b\"\n",
		"1:10 a text holds a NUL character => leave the \\0 out\n" },
	{ "\"a\\x01\": 1\n",
		"1:1 the key `source` is missing => add `source:`: The database to read.\n"
		"1:1 the key `lake` is missing => add `lake:`: Where datasets are published.\n"
		"1:1 the key `datasets` is missing => add `datasets:`: What is published, each by its "
		"name.\n"
		"1:2 unknown key `a ` => the keys here are " ROOT_KEYS "\n" },
	{ "a: [[[[[[[[[[[[[[[[[[ ]]]]]]]]]]]]]]]]]]\n",
		"1:19 the file is nested too deeply => at most 16 levels are read\n" },
	{ "s: \"\377\"",
		"1:5 the file is not UTF-8 here => save it as UTF-8\n" },
	{ "s: \"\001\"",
		"1:5 a control character (0x01) in the file => remove it\n" },
	{ "gr\303\266\303\237e: 1\n",
		"1:1 unknown key `gr\303\266\303\237e` => the keys here are " ROOT_KEYS "\n"
		"1:1 the key `source` is missing => add `source:`: The database to read.\n"
		"1:1 the key `lake` is missing => add `lake:`: Where datasets are published.\n"
		"1:1 the key `datasets` is missing => add `datasets:`: What is published, each by its "
		"name.\n" },
	/* the top level */
	{ "engine: embedded\n",
		"1:1 the key `source` is missing => add `source:`: The database to read.\n"
		"1:1 the key `lake` is missing => add `lake:`: Where datasets are published.\n"
		"1:1 the key `datasets` is missing => add `datasets:`: What is published, each by its "
		"name.\n" },
	{ "sources:\n  url: x\n" LAKE ORDERS,
		"1:1 unknown key `sources` => did you mean `source`?\n" },
	{ SOURCE SOURCE LAKE ORDERS,
		"2:1 `source` stands here twice => the first is in line 1: keep one of the two\n" },
	{ SOURCE LAKE "datasets:\n",
		"3:1 datasets: expected names with their values, got nothing => write lines as `orders: "
		"{ inputs: { o: public.orders } }`\n" },
	{ SOURCE LAKE "datasets: {}\n",
		"3:11 datasets: there is no dataset => write at least one: `orders: { inputs: { o: "
		"public.orders } }`\n" },
	{ SOURCE LAKE "datasets: 5\n",
		"3:11 datasets: expected names with their values, got `5` => write lines as `orders: { "
		"inputs: { o: public.orders } }`\n" },
	{ SOURCE LAKE "datasets: [a]\n",
		"3:11 datasets: expected names with their values, got a list => write lines as `orders: "
		"{ inputs: { o: public.orders } }`\n" },
	{ "source: 5\n" LAKE ORDERS,
		"1:9 source: expected a group of keys, got `5` => write `key: value` lines under it; the "
		"keys are " SOURCE_KEYS "\n" },
	{ "source:\nlake:\n" ORDERS,
		"1:1 source: the key `url` is missing => add `url:`: Where the source is: any libpq URL "
		"or `key=value` text. Keep passwords out of the file: `${DATABASE_URL}`, `~/.pgpass`, "
		"`PGPASSWORD`, `password_command`, `secret` or `iam_auth`.\n"
		"2:1 lake: the key `location` is missing => add `location:`: " LOCATION_DOC "\n" },
	{ SOURCE LAKE "limits: [1]\n" ORDERS,
		"3:9 limits: expected a group of keys, got a list => write `key: value` lines under it; "
		"the keys are connections, threads, memory, disk, rate, snapshot, temp_dir\n" },
	{ SOURCE LAKE "engine: duckdb\n" ORDERS,
		"3:9 engine: expected " ENGINES ", got `duckdb` => write one of these words\n" },
	{ SOURCE LAKE "engine: embeded\n" ORDERS,
		"3:9 engine: expected " ENGINES ", got `embeded` => did you mean `embedded`?\n" },
	{ SOURCE LAKE "engine:\n" ORDERS,
		"3:1 engine: expected " ENGINES ", got nothing => write a value, or leave the key out\n" },
	{ SOURCE LAKE "engine: [embedded]\n" ORDERS,
		"3:9 engine: expected " ENGINES ", got a list => a text with one of []{} in front needs "
		"quotes\n" },
	{ SOURCE LAKE "zzz: 1\n" ORDERS,
		"3:1 unknown key `zzz` => the keys here are " ROOT_KEYS "\n" },
	{ SOURCE LAKE "<<: { engine: embedded }\n" ORDERS,
		"3:1 unknown key `<<` => the keys here are " ROOT_KEYS "\n" },
	/* source */
	{ "source: { url: mysql://x }\n" LAKE ORDERS,
		"1:16 source.url: expected the URL of a Postgres database, got `mysql://x` => write "
		"postgres://user@host:5432/database, or key=value text as `service=shop`\n" },
	{ "source: { url: \"\" }\n" LAKE ORDERS,
		"1:17 source.url: expected a text, got an empty one => write a value, or leave the key "
		"out\n" },
	{ "source: { url: [a] }\n" LAKE ORDERS,
		"1:16 source.url: expected a text, got a list => a text with one of []{} in front needs "
		"quotes\n" },
	{ "source: { url: 'postgres://a:hunter2@b/c', usr: x }\n" LAKE ORDERS,
		"1:44 source: unknown key `usr` => the keys here are " SOURCE_KEYS "\n" },
	{ "source: { url: \"host=db password='a b' dbname=x\", sslmode: x }\n" LAKE ORDERS,
		"1:51 source: unknown key `sslmode` => the keys here are " SOURCE_KEYS "\n" },
	{ "source: { url: service=x, row_security: off }\n" LAKE ORDERS,
		"1:41 source.row_security: expected error or accept, got `off` => write one of these "
		"words\n" },
	{ "source: { url: service=x, row_security: acept }\n" LAKE ORDERS,
		"1:41 source.row_security: expected error or accept, got `acept` => did you mean "
		"`accept`?\n" },
	{ "source: { url: service=x, lock_timeout: 10 }\n" LAKE ORDERS,
		"1:41 source.lock_timeout: expected a duration from 1ms to 1d, got `10` => write a "
		"number with its unit, as 500ms, 30s, 10min, 2h or 7d\n" },
	{ "source: { url: service=x, lock_timeout: unlimited }\n" LAKE ORDERS,
		"1:41 source.lock_timeout: expected a duration from 1ms to 1d, got `unlimited` => write "
		"a number with its unit, as 500ms, 30s, 10min, 2h or 7d\n" },
	{ "source: { url: service=x, lock_timeout: 2d }\n" LAKE ORDERS,
		"1:41 source.lock_timeout: expected a duration from 1ms to 1d, got `2d` => write a "
		"number with its unit, as 500ms, 30s, 10min, 2h or 7d\n" },
	{ "source: { url: service=x, statement_timeout: 31d }\n" LAKE ORDERS,
		"1:46 source.statement_timeout: expected a duration of at most 30d, or `unlimited`, got "
		"`31d` => write a number with its unit, as 500ms, 30s, 10min, 2h or 7d\n" },
	{ "source: { url: service=x, statement_timeout: 1mon }\n" LAKE ORDERS,
		"1:46 source.statement_timeout: expected a duration of at most 30d, or `unlimited`, got "
		"`1mon` => write a number with its unit, as 500ms, 30s, 10min, 2h or 7d\n" },
	{ "source: { url: service=x, secret: a, password_command: b, iam_auth: true }\n" LAKE ORDERS,
		"1:27 source.secret: the password comes from `password_command` already => keep one of "
		"`password_command`, `secret` and `iam_auth`\n"
		"1:59 source.iam_auth: the password comes from `password_command` already => keep one of "
		"`password_command`, `secret` and `iam_auth`\n" },
	{ "source: { url: service=x, password_command: '  ' }\n" LAKE ORDERS,
		"1:46 source.password_command: expected a text, got an empty one => write a value, or "
		"leave the key out\n" },
	/* limits */
	{ SOURCE LAKE "limits: { connections: many }\n" ORDERS,
		"3:24 limits.connections: expected a whole number from 1 to 64, got `many` => write a "
		"number from 1 to 64\n" },
	{ SOURCE LAKE "limits: { connections: 0 }\n" ORDERS,
		"3:24 limits.connections: expected a whole number from 1 to 64, got `0` => write a "
		"number from 1 to 64\n" },
	{ SOURCE LAKE "limits: { connections: 65 }\n" ORDERS,
		"3:24 limits.connections: expected a whole number from 1 to 64, got `65` => write a "
		"number from 1 to 64\n" },
	{ SOURCE LAKE "limits: { connections: 1.5 }\n" ORDERS,
		"3:24 limits.connections: expected a whole number from 1 to 64, got `1.5` => write a "
		"number from 1 to 64\n" },
	{ SOURCE LAKE "limits: { connections: -1 }\n" ORDERS,
		"3:24 limits.connections: expected a whole number from 1 to 64, got `-1` => write a "
		"number from 1 to 64\n" },
	{ SOURCE LAKE "limits: { connections: [1] }\n" ORDERS,
		"3:24 limits.connections: expected a whole number from 1 to 64, got a list => a text "
		"with one of []{} in front needs quotes\n" },
	{ SOURCE LAKE "limits: { connections: 99999999999999999999 }\n" ORDERS,
		"3:24 limits.connections: expected a whole number from 1 to 64, got "
		"`99999999999999999999` => write a number from 1 to 64\n" },
	{ SOURCE LAKE "limits: { connections: }\n" ORDERS,
		"3:11 limits.connections: expected a whole number from 1 to 64, got nothing => write a "
		"value, or leave the key out\n" },
	{ SOURCE LAKE "limits: { memory: 63MiB }\n" ORDERS,
		"3:19 limits.memory: expected a size from 64MiB to 1TiB, got `63MiB` => write a number "
		"with its unit, as 512MiB, 2GiB or 80MB\n" },
	{ SOURCE LAKE "limits: { memory: 512 }\n" ORDERS,
		"3:19 limits.memory: expected a size from 64MiB to 1TiB, got `512` => write a number "
		"with its unit, as 512MiB, 2GiB or 80MB\n" },
	{ SOURCE LAKE "limits: { memory: 512Mb/s }\n" ORDERS,
		"3:19 limits.memory: expected a size from 64MiB to 1TiB, got `512Mb/s` => write a number "
		"with its unit, as 512MiB, 2GiB or 80MB\n" },
	{ SOURCE LAKE "limits: { memory: unlimited }\n" ORDERS,
		"3:19 limits.memory: expected a size from 64MiB to 1TiB, got `unlimited` => write a "
		"number with its unit, as 512MiB, 2GiB or 80MB\n" },
	{ SOURCE LAKE "limits: { memory: 9223372036854775807TiB }\n" ORDERS,
		"3:19 limits.memory: expected a size from 64MiB to 1TiB, got `9223372036854775807TiB` => "
		"write a number with its unit, as 512MiB, 2GiB or 80MB\n" },
	{ SOURCE LAKE "limits: { rate: 80MB }\n" ORDERS,
		"3:17 limits.rate: expected a rate, or `unlimited`, got `80MB` => write bytes per "
		"second, as 80MB/s, 10MiB/s or 500kB/s\n" },
	{ SOURCE LAKE "limits: { rate: fast }\n" ORDERS,
		"3:17 limits.rate: expected a rate, or `unlimited`, got `fast` => write bytes per "
		"second, as 80MB/s, 10MiB/s or 500kB/s\n" },
	{ SOURCE LAKE "limits: { rate: 0.0000001B/s }\n" ORDERS,
		"3:17 limits.rate: expected a rate, or `unlimited`, got `0.0000001B/s` => write bytes "
		"per second, as 80MB/s, 10MiB/s or 500kB/s\n" },
	{ SOURCE LAKE "limits: { disk: -1 }\n" ORDERS,
		"3:17 limits.disk: expected a size, or `unlimited`, got `-1` => write a number with its "
		"unit, as 512MiB, 2GiB or 80MB\n" },
	{ SOURCE LAKE "limits: { disk: 1.GB }\n" ORDERS,
		"3:17 limits.disk: expected a size, or `unlimited`, got `1.GB` => write a number with "
		"its unit, as 512MiB, 2GiB or 80MB\n" },
	{ SOURCE LAKE "limits: { snapshot: 31d }\n" ORDERS,
		"3:21 limits.snapshot: expected a duration of at most 30d, or `unlimited`, got `31d` => "
		"write a number with its unit, as 500ms, 30s, 10min, 2h or 7d\n" },
	{ SOURCE LAKE "limits: { snapshot: 2 hours }\n" ORDERS,
		"3:21 limits.snapshot: expected a duration of at most 30d, or `unlimited`, got `2 hours` "
		"=> write a number with its unit, as 500ms, 30s, 10min, 2h or 7d\n" },
	{ SOURCE LAKE "limits: { threads: 257 }\n" ORDERS,
		"3:20 limits.threads: expected a whole number from 1 to 256, got `257` => write a number "
		"from 1 to 256\n" },
	{ SOURCE LAKE "limits: { temp_dir: /tmp, tempdir: /x }\n" ORDERS,
		"3:27 limits: unknown key `tempdir` => did you mean `temp_dir`?\n" },
	/* parquet and retention */
	{ SOURCE LAKE "parquet: { compression: lzma }\n" ORDERS,
		"3:25 parquet.compression: expected zstd, snappy, gzip, lz4 or none, got `lzma` => write "
		"one of these words\n" },
	{ SOURCE LAKE "parquet: { compression: ztsd }\n" ORDERS,
		"3:25 parquet.compression: expected zstd, snappy, gzip, lz4 or none, got `ztsd` => did "
		"you mean `zstd`?\n" },
	{ SOURCE LAKE "parquet: { level: 23 }\n" ORDERS,
		"3:19 parquet.level: expected a whole number from 1 to 22, got `23` => write a number "
		"from 1 to 22\n" },
	{ SOURCE LAKE "parquet: { compression: gzip, level: 10 }\n" ORDERS,
		"3:38 parquet.level: gzip has the levels 1 to 9 => write a lower level, or `compression: "
		"zstd`\n" },
	{ SOURCE LAKE "parquet: { file_size: 1kB }\n" ORDERS,
		"3:23 parquet.file_size: expected a size from 1MiB to 16GiB, got `1kB` => write a number "
		"with its unit, as 512MiB, 2GiB or 80MB\n" },
	{ SOURCE LAKE "parquet: { row_group_size: 2GiB }\n" ORDERS,
		"3:28 parquet.row_group_size: expected a size from 64KiB to 1GiB, got `2GiB` => write a "
		"number with its unit, as 512MiB, 2GiB or 80MB\n" },
	{ SOURCE LAKE "retention: { keep_versions: 0 }\n" ORDERS,
		"3:29 retention.keep_versions: expected a whole number from 1 to 100000, got `0` => "
		"write a number from 1 to 100000\n" },
	{ SOURCE LAKE "retention: { keep_days: -1, keep: 1 }\n" ORDERS,
		"3:25 retention.keep_days: expected a whole number from 0 to 36500, got `-1` => write a "
		"number from 0 to 36500\n"
		"3:29 retention: unknown key `keep` => the keys here are keep_versions, keep_days\n" },
	/* variables */
	{ "source: { url: \"${UNSET}\" }\n" LAKE ORDERS,
		"1:17 source.url: the environment variable `UNSET` is not set => set it (export "
		"UNSET=...), or write a default: ${UNSET:-...}\n" },
	{ "source: { url: \"postgres://a:${UNSET}@${ALSO_UNSET}/x\" }\n" LAKE ORDERS,
		"1:30 source.url: the environment variable `UNSET` is not set => set it (export "
		"UNSET=...), or write a default: ${UNSET:-...}\n"
		"1:39 source.url: the environment variable `ALSO_UNSET` is not set => set it (export "
		"ALSO_UNSET=...), or write a default: ${ALSO_UNSET:-...}\n" },
	{ "source:\n  url: >-\n    postgres://a@b/\n    ${UNSET}\n" LAKE ORDERS,
		"4:5 source.url: the environment variable `UNSET` is not set => set it (export "
		"UNSET=...), or write a default: ${UNSET:-...}\n" },
	{ "source: { url: \"${SECRET}\" }\n" LAKE ORDERS,
		"1:17 source.url: expected the URL of a Postgres database, got the content of "
		"`${SECRET}` => write postgres://user@host:5432/database, or key=value text as "
		"`service=shop`\n" },
	{ "source: { url: \"$${A}${UNSET}\" }\n" LAKE ORDERS,
		"1:22 source.url: the environment variable `UNSET` is not set => set it (export "
		"UNSET=...), or write a default: ${UNSET:-...}\n" },
	{ "source: { url: \"${A B}\" }\n" LAKE ORDERS,
		"1:17 source.url: `${` does not begin a variable => write ${NAME} or ${NAME:-default}; "
		"for a plain `${` write `$${`\n" },
	{ "source: { url: \"${A\" }\n" LAKE ORDERS,
		"1:17 source.url: `${` does not begin a variable => write ${NAME} or ${NAME:-default}; "
		"for a plain `${` write `$${`\n" },
	{ "source: { url: \"${}\" }\n" LAKE ORDERS,
		"1:17 source.url: `${` does not begin a variable => write ${NAME} or ${NAME:-default}; "
		"for a plain `${` write `$${`\n" },
	{ SOURCE LAKE "limits: { connections: \"${SECRET}\" }\n" ORDERS,
		"3:25 limits.connections: expected a whole number from 1 to 64, got the content of "
		"`${SECRET}` => write a number from 1 to 64\n" },
	{ SOURCE LAKE "limits: { memory: \"${SECRET}\" }\n" ORDERS,
		"3:20 limits.memory: expected a size from 64MiB to 1TiB, got the content of `${SECRET}` "
		"=> write a number with its unit, as 512MiB, 2GiB or 80MB\n" },
	{ SOURCE LAKE "engine: ${SECRET}\n" ORDERS,
		"3:9 engine: expected " ENGINES ", got the content of `${SECRET}` => write one of these "
		"words\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: \"${SECRET}\" }\n",
		"6:20 datasets.orders.columns.a: expected a type, got the content of `${SECRET}` => the "
		"types are bool, smallint, int, bigint, float, double, decimal(p,s), string, binary, "
		"date, timestamp, timestamptz, time, uuid, json\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: { type: int, not_null: \"${SECRET}\" } }\n",
		"6:43 datasets.orders.columns.a.not_null: expected true or false, got the content of "
		"`${SECRET}` => write true or false, without quotes\n" },
	{ SOURCE LAKE "params: { p: { type: int, value: \"${SECRET}\" } }\n" ORDERS,
		"3:35 params.p.value: the content of `${SECRET}` is not of the type int => write a whole "
		"number from -2147483648 to 2147483647\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: { type: int, accepted: [ \"${SECRET}\" ] } }\n",
		"6:45 datasets.orders.columns.a.accepted: the content of `${SECRET}` is not of the type "
		"int => write a whole number from -2147483648 to 2147483647\n" },
	{ SOURCE LAKE ORDERS "    partition_by: [ \"${SECRET}\" ]\n",
		"6:22 datasets.orders.partition_by: `${SECRET}` is no partition key => write a published "
		"column, or year(c), month(c), day(c) or hour(c) of one\n" },
	{ SOURCE LAKE "limits: { memory: ${SIZE} }\n" ORDERS,
		"3:20 this is not well-formed YAML => within { } and [ ] a variable needs quotes: "
		"\"${NAME}\"\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: int }\n    partition_by: \"${COLUMN}\"\n    unique: "
		"\"${COLUMN}\"\n",
		"7:20 datasets.orders.partition_by: no column would be left in the files => partition by "
		"fewer columns\n" },
	{ SOURCE "lake: { location: \"${EMPTY}\" }\n" ORDERS,
		"2:20 lake.location: expected a path, got an empty text => write a folder, as ./lake\n" },
	{ "source: { url: \"${HUGE}${HUGE}\" }\n" LAKE ORDERS,
		"1:17 source.url: the value is longer than 65536 bytes => shorten it, or the variables "
		"in it\n" },
};
/* clang-format on */

#endif
