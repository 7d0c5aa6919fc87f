/*
 * Each mistake that a configuration can have, and what is said of it: `line:column what =>
 * hint`, one line a mistake. SOURCE, LAKE and ORDERS are the parts that are right.
 */
#ifndef TR_TESTS_CONFIG_MISTAKES_H
#define TR_TESTS_CONFIG_MISTAKES_H

#define SOURCE "source: { url: \"postgres://app@db/shop\" }\n"
#define LAKE "lake: { location: ./lake }\n"
#define ORDERS "datasets:\n  orders:\n    inputs: { o: public.orders }\n"

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
		"keys are source, lake, engine, limits, parquet, retention, params, datasets\n" },
	{ "- a\n- b\n",
		"1:1 expected a group of keys, got a list => write `key: value` lines under it; the keys "
		"are source, lake, engine, limits, parquet, retention, params, datasets\n" },
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
		"1:2 unknown key `a ` => the keys here are source, lake, engine, limits, parquet, "
		"retention, params, datasets\n" },
	{ "a: [[[[[[[[[[[[[[[[[[ ]]]]]]]]]]]]]]]]]]\n",
		"1:19 the file is nested too deeply => at most 16 levels are read\n" },
	{ "s: \"\377\"",
		"1:5 the file is not UTF-8 here => save it as UTF-8\n" },
	{ "s: \"\001\"",
		"1:5 a control character (0x01) in the file => remove it\n" },
	{ "gr\303\266\303\237e: 1\n",
		"1:1 unknown key `gr\303\266\303\237e` => the keys here are source, lake, engine, "
		"limits, parquet, retention, params, datasets\n"
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
		"keys are url, password_command, row_security, lock_timeout, statement_timeout\n" },
	{ "source:\nlake:\n" ORDERS,
		"1:1 source: the key `url` is missing => add `url:`: Where the source is: any libpq URL "
		"or `key=value` text. Keep passwords out of the file: `${DATABASE_URL}`, `~/.pgpass`, "
		"`PGPASSWORD` or `password_command`.\n"
		"2:1 lake: the key `location` is missing => add `location:`: The folder of the lake; "
		"made where it does not exist.\n" },
	{ SOURCE LAKE "limits: [1]\n" ORDERS,
		"3:9 limits: expected a group of keys, got a list => write `key: value` lines under it; "
		"the keys are connections, threads, memory, disk, rate, snapshot, temp_dir\n" },
	{ SOURCE LAKE "engine: duckdb\n" ORDERS,
		"3:9 engine: expected embedded, got `duckdb` => write one of these words\n" },
	{ SOURCE LAKE "engine: embeded\n" ORDERS,
		"3:9 engine: expected embedded, got `embeded` => did you mean `embedded`?\n" },
	{ SOURCE LAKE "engine: athena\n" ORDERS,
		"3:9 engine: `athena` is not available in this version => write embedded\n" },
	{ SOURCE LAKE "engine:\n" ORDERS,
		"3:1 engine: expected embedded, got nothing => write a value, or leave the key out\n" },
	{ SOURCE LAKE "engine: [embedded]\n" ORDERS,
		"3:9 engine: expected embedded, got a list => a text with one of []{} in front needs "
		"quotes\n" },
	{ SOURCE LAKE "zzz: 1\n" ORDERS,
		"3:1 unknown key `zzz` => the keys here are source, lake, engine, limits, parquet, "
		"retention, params, datasets\n" },
	{ SOURCE LAKE "<<: { engine: embedded }\n" ORDERS,
		"3:1 unknown key `<<` => the keys here are source, lake, engine, limits, parquet, "
		"retention, params, datasets\n" },
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
		"1:44 source: unknown key `usr` => the keys here are url, password_command, "
		"row_security, lock_timeout, statement_timeout\n" },
	{ "source: { url: \"host=db password='a b' dbname=x\", sslmode: x }\n" LAKE ORDERS,
		"1:51 source: unknown key `sslmode` => the keys here are url, password_command, "
		"row_security, lock_timeout, statement_timeout\n" },
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
	{ "source: { url: service=x, password_command: '  ' }\n" LAKE ORDERS,
		"1:46 source.password_command: expected a text, got an empty one => write a value, or "
		"leave the key out\n" },
	/* lake */
	{ SOURCE "lake: { location: s3://a/b }\n" ORDERS,
		"2:19 lake.location: a lake in S3 is not available in this version => write the path of "
		"a local folder, as ./lake\n" },
	{ SOURCE "lake: { location: http://a/b }\n" ORDERS,
		"2:19 lake.location: a lake behind a URL is not available in this version => write the "
		"path of a local folder, as ./lake\n" },
	{ SOURCE "lake: { location: ~/lake }\n" ORDERS,
		"2:19 lake.location: `~` has no meaning in a path here => write ${HOME}/...\n" },
	{ SOURCE "lake: { location: '' }\n" ORDERS,
		"2:20 lake.location: expected a path, got an empty text => write a folder, as ./lake\n" },
	{ SOURCE "lake: { location: ./lake, catalog: glue }\n" ORDERS,
		"2:36 lake.catalog: `glue` is not available in this version => write local\n" },
	{ SOURCE "lake: { location: ./lake, catalog: hive }\n" ORDERS,
		"2:36 lake.catalog: expected local, got `hive` => write one of these words\n" },
	{ SOURCE "lake: { location: ./lake, database: My-Shop }\n" ORDERS,
		"2:37 lake.database: expected a name, got `My-Shop` => a name has a-z, 0-9 and _, begins "
		"with a letter, and has at most 128 bytes\n" },
	{ SOURCE "lake: { catalog: local }\n" ORDERS,
		"2:1 lake: the key `location` is missing => add `location:`: The folder of the lake; "
		"made where it does not exist.\n" },
	{ SOURCE "lake: { location: }\n" ORDERS,
		"2:9 lake.location: expected a path, got nothing => write a value, or leave the key out\n" },
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
		"3:9 engine: expected embedded, got the content of `${SECRET}` => write one of these "
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
	/* params */
	{ SOURCE LAKE "params: { rate: 0.19 }\n" ORDERS,
		"3:17 params.rate: expected a type and a value, got `0.19` => write { type: double, "
		"value: 0.19 }\n" },
	{ SOURCE LAKE "params: { rate: { type: double, value: abc } }\n" ORDERS,
		"3:40 params.rate.value: `abc` is not of the type double => write a number, as 0.19 or "
		"1e-3\n" },
	{ SOURCE LAKE "params: { rate: { type: double } }\n" ORDERS,
		"3:11 params.rate: the key `value` is missing => add `value:`: The value, as its type is "
		"written.\n" },
	{ SOURCE LAKE "params: { rate: { value: 1 } }\n" ORDERS,
		"3:11 params.rate: the key `type` is missing => add `type:`: bool, int, bigint, double, "
		"string, decimal(p,s), date or timestamp.\n" },
	{ SOURCE LAKE "params: { rate: { type: json, value: 1 } }\n" ORDERS,
		"3:25 params.rate: a parameter cannot be of the type json => use bool, int, bigint, "
		"double, string, decimal(p,s), date or timestamp\n" },
	{ SOURCE LAKE "params: { rate: { type: doubel, value: 1 } }\n" ORDERS,
		"3:25 params.rate.type: unknown type `doubel` => did you mean `double`?\n" },
	{ SOURCE LAKE "params: { n: { type: int, value: 2147483648 } }\n" ORDERS,
		"3:34 params.n.value: `2147483648` is not of the type int => write a whole number from "
		"-2147483648 to 2147483647\n" },
	{ SOURCE LAKE "params: { n: { type: int, value: 1.0 } }\n" ORDERS,
		"3:34 params.n.value: `1.0` is not of the type int => write a whole number from "
		"-2147483648 to 2147483647\n" },
	{ SOURCE LAKE "params: { n: { type: decimal(4,2), value: 1.234 } }\n" ORDERS,
		"3:43 params.n.value: `1.234` is not of the type decimal(4,2) => write a number, as "
		"12.50, with no more digits than the type has\n" },
	{ SOURCE LAKE "params: { n: { type: 'decimal(4,2)', value: 1.234 } }\n" ORDERS,
		"3:45 params.n.value: `1.234` is not of the type decimal(4,2) => write a number, as "
		"12.50, with no more digits than the type has\n" },
	{ SOURCE LAKE "params: { n: { type: 'decimal(4,2)', value: 100 } }\n" ORDERS,
		"3:45 params.n.value: `100` is not of the type decimal(4,2) => write a number, as 12.50, "
		"with no more digits than the type has\n" },
	{ SOURCE LAKE "params: { d: { type: date, value: 2023-02-29 } }\n" ORDERS,
		"3:35 params.d.value: `2023-02-29` is not of the type date => write a date, as "
		"2024-06-17\n" },
	{ SOURCE LAKE "params: { t: { type: timestamp, value: 2024-01-01 25:00 } }\n" ORDERS,
		"3:40 params.t.value: `2024-01-01 25:00` is not of the type timestamp => write a time, "
		"as 2024-06-17 09:30:00\n" },
	{ SOURCE LAKE "params: { b: { type: bool, value: yes } }\n" ORDERS,
		"3:35 params.b.value: `yes` is not of the type bool => write true or false\n" },
	{ SOURCE LAKE "params: { Rate: { type: bool, value: true } }\n" ORDERS,
		"3:11 params.Rate: `Rate` cannot be the name of a parameter => names have a-z, 0-9 and "
		"_, do not begin with a digit, and have at most 128 bytes: `rate`\n" },
	{ SOURCE LAKE "params: [a]\n" ORDERS,
		"3:9 params: expected names with their values, got a list => write lines as `tax_rate: { "
		"type: double, value: 0.19 }`\n" },
	/* datasets and inputs */
	{ SOURCE LAKE "datasets:\n  Orders: { inputs: { o: a } }\n",
		"4:3 datasets.Orders: `Orders` cannot be the name of a dataset => names have a-z, 0-9 "
		"and _, do not begin with a digit or _, and have at most 128 bytes: `orders`\n" },
	{ SOURCE LAKE "datasets:\n  _orders: { inputs: { o: a } }\n",
		"4:3 datasets._orders: `_orders` cannot be the name of a dataset => names have a-z, 0-9 "
		"and _, do not begin with a digit or _, and have at most 128 bytes: `orders`\n" },
	{ SOURCE LAKE "datasets:\n  7: { inputs: { o: a } }\n",
		"4:3 datasets.7: `7` cannot be the name of a dataset => names have a-z, 0-9 and _, do "
		"not begin with a digit or _, and have at most 128 bytes\n" },
	{ SOURCE LAKE "datasets:\n  orders:\n",
		"4:3 datasets.orders: the key `inputs` is missing => add `inputs:`: The relations that "
		"are read, each by an alias.\n" },
	{ SOURCE LAKE "datasets:\n  orders: { inputs: {} }\n",
		"4:21 datasets.orders.inputs: a dataset needs at least one input => write `{ o: "
		"public.orders }`\n" },
	{ SOURCE LAKE "datasets:\n  orders: { inputs: public.orders }\n",
		"4:21 datasets.orders.inputs: expected names with their values, got `public.orders` => "
		"write lines as `o: public.orders`\n" },
	{ SOURCE LAKE "datasets:\n  orders: { inputs: { o: } }\n",
		"4:23 datasets.orders.inputs.o: expected a relation, as public.orders, got nothing => "
		"write a value, or leave the key out\n" },
	{ SOURCE LAKE "datasets:\n  orders: { inputs: { o: '' } }\n",
		"4:27 datasets.orders.inputs.o: expected a relation, got an empty text => write the name "
		"of a table or view, as public.orders\n" },
	{ SOURCE LAKE "datasets:\n  orders: { inputs: { O: a } }\n",
		"4:23 datasets.orders.inputs.O: `O` cannot be the name of an input => names have a-z, "
		"0-9 and _, do not begin with a digit, and have at most 128 bytes: `o`\n" },
	{ SOURCE LAKE "datasets:\n  orders: { inputs: { o: { where: a } } }\n",
		"4:23 datasets.orders.inputs.o: the key `relation` is missing => add `relation:`: A "
		"table, partitioned table, view or materialized view: `public.orders`.\n" },
	{ SOURCE LAKE "datasets:\n  orders: { inputs: { o: { relation: a, were: b } } }\n",
		"4:41 datasets.orders.inputs.o: unknown key `were` => did you mean `where`?\n" },
	{ SOURCE LAKE "datasets:\n  orders: { inputs: { o: [a] } }\n",
		"4:26 datasets.orders.inputs.o: expected a group of keys, got a list => write `key: "
		"value` lines under it; the keys are relation, where\n" },
	{ SOURCE LAKE "datasets:\n  orders: { inputs: { o: a, o: b } }\n",
		"4:29 `o` stands here twice => the first is in line 4: keep one of the two\n" },
	{ SOURCE LAKE "datasets:\n  orders: { inputs: { o: a }, input: { u: b } }\n",
		"4:31 datasets.orders: unknown key `input` => did you mean `inputs`?\n" },
	{ SOURCE LAKE "datasets:\n  orders: { inputs: { o: a, u: b } }\n",
		"4:3 datasets.orders: 2 inputs, but nothing that joins them => add `sql: "
		"transforms/orders.sql` or `c:` with `rows:`; a straight copy has one input\n" },
	{ SOURCE LAKE "datasets:\n  orders: { inputs: { o: a }, sql: a.sql, c: b.c, columns: { a: int } "
		"}\n",
		"4:43 datasets.orders: `sql` and `c` exclude each other => a dataset is made by one of "
		"them: remove the other\n" },
	{ SOURCE LAKE "datasets:\n  orders: { inputs: { o: a }, sql: a.sql, rows: x, columns: { a: int } "
		"}\n",
		"4:43 datasets.orders: `rows` goes only with `c` => write the join into the SQL file\n" },
	{ SOURCE LAKE "datasets:\n  orders: { inputs: { o: a }, rows: x }\n",
		"4:31 datasets.orders: `rows` goes only with `c` => add `c:`, or leave `rows` out\n" },
	{ SOURCE LAKE "datasets:\n  orders: { inputs: { o: a, u: b }, c: a.c, columns: { a: int } }\n",
		"4:37 datasets.orders: `c` with 2 inputs needs `rows` => add the join that the function "
		"sees row by row, as `rows: \"o JOIN u USING (...)\"`\n" },
	{ SOURCE LAKE "datasets:\n  orders: { inputs: { o: a }, sql: a.sql }\n",
		"4:31 datasets.orders: the contract `columns` is missing => name the published columns "
		"with their types, as `columns: { order_id: int }`; only a straight copy may leave them "
		"out\n" },
	{ SOURCE LAKE "datasets:\n  orders: { inputs: { o: a }, sql: SELECT 1, columns: { a: int } }\n",
		"4:36 datasets.orders: expected the path of a file, got a statement => write the "
		"statement into transforms/orders.sql, and name that file here\n" },
	{ SOURCE LAKE "datasets:\n  orders: { inputs: { o: a }, sql: '', columns: { a: int } }\n",
		"4:37 datasets.orders.sql: expected a text, got an empty one => write a value, or leave "
		"the key out\n" },
	{ SOURCE LAKE ORDERS "    special_values: nul\n",
		"6:21 datasets.orders.special_values: expected error or null, got `nul` => did you mean "
		"`null`?\n" },
	{ SOURCE LAKE ORDERS "    special_values:\n",
		"6:5 datasets.orders.special_values: expected error or null, got nothing => write a "
		"value, or leave the key out\n" },
	{ SOURCE LAKE ORDERS "    checks: [ '' ]\n",
		"6:16 datasets.orders.checks: expected an SQL condition, got an empty text => write one, "
		"as \"amount >= 0\", or remove the entry\n" },
	{ SOURCE LAKE ORDERS "    checks: { a: b }\n",
		"6:13 datasets.orders.checks: expected a list, got a group of keys => write `[ \"amount "
		">= 0\" ]`, or leave the key out\n" },
	{ SOURCE LAKE ORDERS "    checks: [ [a] ]\n",
		"6:15 datasets.orders.checks: expected an SQL condition, got a list => a text with one "
		"of []{} in front needs quotes\n" },
	/* columns */
	{ SOURCE LAKE ORDERS "    columns: {}\n",
		"6:14 datasets.orders.columns: a dataset needs at least one column => leave `columns` "
		"out of a straight copy to take over what the source has\n" },
	{ SOURCE LAKE ORDERS "    columns: [a, b]\n",
		"6:14 datasets.orders.columns: expected names with their values, got a list => write "
		"lines as `order_id: { type: int, not_null: true }`\n" },
	{ SOURCE LAKE ORDERS "    columns: { userId: bigint }\n",
		"6:16 datasets.orders.columns.userId: `userId` cannot be the name of a column => names "
		"have a-z, 0-9 and _, and do not begin with a digit; write `user_id: { type: ..., from: "
		"\"userId\" }`\n" },
	{ SOURCE LAKE ORDERS "    columns: { 1st: bigint }\n",
		"6:16 datasets.orders.columns.1st: `1st` cannot be the name of a column => names have "
		"a-z, 0-9 and _, and do not begin with a digit; write `_1st: { type: ..., from: \"1st\" "
		"}`\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: strng }\n",
		"6:19 datasets.orders.columns.a: unknown type `strng` => did you mean `string`?\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: geometry }\n",
		"6:19 datasets.orders.columns.a: unknown type `geometry` => the types are bool, "
		"smallint, int, bigint, float, double, decimal(p,s), string, binary, date, timestamp, "
		"timestamptz, time, uuid, json\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: 'decimal(39,2)' }\n",
		"6:20 datasets.orders.columns.a: `decimal(39,2)` is not a decimal type => write "
		"decimal(p,s) with 1 <= p <= 38 digits, 0 <= s <= p of them behind the point, as "
		"decimal(12,2)\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: decimal }\n",
		"6:19 datasets.orders.columns.a: `decimal` is not a decimal type => write decimal(p,s) "
		"with 1 <= p <= 38 digits, 0 <= s <= p of them behind the point, as decimal(12,2)\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: timestamp(4) }\n",
		"6:19 datasets.orders.columns.a: `timestamp(4)` is not a type => write timestamp, "
		"timestamp(3) for milliseconds or timestamp(6) for microseconds\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: int(4) }\n",
		"6:19 datasets.orders.columns.a: `int(4)` is not a type => write `int` without "
		"parentheses\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: }\n",
		"6:16 datasets.orders.columns.a: expected a type, got nothing => write a value, or leave "
		"the key out\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: {} }\n",
		"6:16 datasets.orders.columns.a: the key `type` is missing => add `type:`: bool, "
		"smallint, int, bigint, float, double, decimal(p,s), string, binary, date, timestamp, "
		"timestamp(3), timestamptz, timestamptz(3), time, uuid or json.\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: { typ: int } }\n",
		"6:21 datasets.orders.columns.a: unknown key `typ` => did you mean `type`?\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: { type: int, notnull: true } }\n",
		"6:32 datasets.orders.columns.a: unknown key `notnull` => did you mean `not_null`?\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: { type: int, not_null: yes } }\n",
		"6:42 datasets.orders.columns.a.not_null: expected true or false, got `yes` => write "
		"true or false, without quotes\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: { type: int, not_null: 1 } }\n",
		"6:42 datasets.orders.columns.a.not_null: expected true or false, got `1` => write true "
		"or false, without quotes\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: { type: int, truncate: true } }\n",
		"6:42 datasets.orders.columns.a: `truncate` goes only with timestamp(3) and "
		"timestamptz(3) => leave it out\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: { type: int, accepted: [] } }\n",
		"6:42 datasets.orders.columns.a.accepted: the list is empty: no value could pass => name "
		"the values, or leave the key out\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: { type: int, accepted: [1, x, 3000000000] } }\n",
		"6:46 datasets.orders.columns.a.accepted: `x` is not of the type int => write a whole "
		"number from -2147483648 to 2147483647\n"
		"6:49 datasets.orders.columns.a.accepted: `3000000000` is not of the type int => write a "
		"whole number from -2147483648 to 2147483647\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: { type: double, accepted: [1] } }\n",
		"6:45 datasets.orders.columns.a: `accepted` does not go with the type double => write a "
		"condition under `checks` instead\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: { type: date, accepted: 2024-13-01 } }\n",
		"6:43 datasets.orders.columns.a.accepted: `2024-13-01` is not of the type date => write "
		"a date, as 2024-06-17\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: { type: string, accepted: { b: c } } }\n",
		"6:45 datasets.orders.columns.a.accepted: expected a list, got a group of keys => write "
		"`[DE, FR]`, or leave the key out\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: int, b: int, a: bigint }\n",
		"6:32 `a` stands here twice => the first is in line 6: keep one of the two\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: { type: int, from: '' } }\n",
		"6:39 datasets.orders.columns.a.from: expected a text, got an empty one => write a "
		"value, or leave the key out\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: { type: int, doc: [x] } }\n",
		"6:37 datasets.orders.columns.a.doc: expected a text, got a list => a text with one of "
		"[]{} in front needs quotes\n" },
	/* partition_by and unique */
	{ SOURCE LAKE ORDERS "    columns: { t: timestamp }\n    partition_by: [ week(t) ]\n",
		"7:21 datasets.orders.partition_by: `week(t)` is no partition key => write a published "
		"column, or year(c), month(c), day(c) or hour(c) of one\n" },
	{ SOURCE LAKE ORDERS "    columns: { t: timestamp }\n    partition_by: [ day(x) ]\n",
		"7:21 datasets.orders.partition_by: there is no column `x` in `columns` => did you mean "
		"`t`?\n" },
	{ SOURCE LAKE ORDERS "    columns: { created_at: timestamp, n: int }\n    partition_by: [ "
		"day(crated_at) ]\n",
		"7:21 datasets.orders.partition_by: there is no column `crated_at` in `columns` => did "
		"you mean `created_at`?\n" },
	{ SOURCE LAKE ORDERS "    columns: { t: timestamp, t_day: string }\n    partition_by: [ day(t) "
		"]\n",
		"7:21 datasets.orders.partition_by: the partition column would be `t_day`, which "
		"`columns` has already => rename that column, with `from: t_day`\n" },
	{ SOURCE LAKE ORDERS "    columns: { t: timestamp, n: int }\n    partition_by: [ t ]\n",
		"7:21 datasets.orders.partition_by: each value of a timestamp would make a partition => "
		"write day(t), or year, month or hour\n" },
	{ SOURCE LAKE ORDERS "    columns: { t: double, n: int }\n    partition_by: [ t ]\n",
		"7:21 datasets.orders.partition_by: a column of the type double cannot be a partition "
		"key => use a text, whole number or date\n" },
	{ SOURCE LAKE ORDERS "    columns: { t: int, n: int }\n    partition_by: [ day(t) ]\n",
		"7:21 datasets.orders.partition_by: day() needs a date or timestamp, and `t` is of the "
		"type int => partition by another column, or by `t` itself\n" },
	{ SOURCE LAKE ORDERS "    columns: { t: date, n: int }\n    partition_by: [ hour(t) ]\n",
		"7:21 datasets.orders.partition_by: hour() needs a timestamp, and `t` is of the type "
		"date => partition by another column, or by `t` itself\n" },
	{ SOURCE LAKE ORDERS "    columns: { t: date, n: int }\n    partition_by: [ day(t), n, day(t) ]\n",
		"7:32 datasets.orders.partition_by: this partition key stands here twice => remove one\n" },
	{ SOURCE LAKE ORDERS "    columns: { n: int }\n    partition_by: [ n ]\n",
		"7:21 datasets.orders.partition_by: no column would be left in the files => partition by "
		"fewer columns\n" },
	{ SOURCE LAKE ORDERS "    partition_by: [ 'day(t' ]\n",
		"6:22 datasets.orders.partition_by: `day(t` is no partition key => write a published "
		"column, or year(c), month(c), day(c) or hour(c) of one\n" },
	{ SOURCE LAKE ORDERS "    partition_by: [ day(t) x ]\n",
		"6:21 datasets.orders.partition_by: `day(t) x` is no partition key => write a published "
		"column, or year(c), month(c), day(c) or hour(c) of one\n" },
	{ SOURCE LAKE ORDERS "    partition_by: [ Country ]\n",
		"6:21 datasets.orders.partition_by: `Country` is no partition key => write a published "
		"column, or year(c), month(c), day(c) or hour(c) of one\n" },
	{ SOURCE LAKE ORDERS "    partition_by: { a: b }\n",
		"6:19 datasets.orders.partition_by: expected a list, got a group of keys => write `[ "
		"day(created_at) ]`, or leave the key out\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: int }\n    unique: [ b ]\n",
		"7:15 datasets.orders.unique: there is no column `b` in `columns` => did you mean `a`?\n" },
	{ SOURCE LAKE ORDERS "    columns: { a: int, bb: int }\n    unique: [ [ a, bc ], [] ]\n",
		"7:20 datasets.orders.unique: there is no column `bc` in `columns` => did you mean "
		"`bb`?\n"
		"7:26 datasets.orders.unique: expected columns, got an empty list => write `[[order_id, "
		"line]]`\n" },
	{ SOURCE LAKE ORDERS "    unique: { a: b }\n",
		"6:13 datasets.orders.unique: expected a list, got a group of keys => write "
		"`[order_id]`, or leave the key out\n" },
	{ SOURCE LAKE ORDERS "    unique: [ [ [ a ] ] ]\n",
		"6:17 datasets.orders.unique: expected a column, got a list => a text with one of []{} "
		"in front needs quotes\n" },
};

#endif
