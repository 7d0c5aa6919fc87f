/* The mistakes of params and datasets; as config_mistakes.h. */
#ifndef TR_TESTS_CONFIG_MISTAKES_DATASETS_H
#define TR_TESTS_CONFIG_MISTAKES_DATASETS_H

#include "config_mistakes.h"

/* clang-format off */
static const struct config_mistake dataset_mistakes[] = {
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
	/* datasets of datasets */
	{ SOURCE LAKE "datasets:\n  orders: { form: [a], sql: a.sql, columns: { a: int } }\n",
		"4:13 datasets.orders: unknown key `form` => did you mean `from`?\n" },
	{ SOURCE LAKE "datasets:\n  orders: { from: [a] }\n",
		"4:13 datasets.orders: `from` needs `sql` or `c` => add `sql: transforms/orders.sql`, a "
		"SELECT over the datasets named here\n" },
	{ SOURCE LAKE "datasets:\n  orders: { from: [], sql: a.sql, columns: { a: int } }\n",
		"4:19 datasets.orders.from: the list is empty => name the datasets that are read, or leave "
		"the key out\n" },
	{ SOURCE LAKE "datasets:\n  orders: { from: { a: b }, sql: a.sql, columns: { a: int } }\n",
		"4:19 datasets.orders.from: expected a list, got a group of keys => write "
		"`[enriched_orders]`, or leave the key out\n" },
	{ SOURCE LAKE "datasets:\n  orders: { from: [A, b-c], sql: a.sql, columns: { a: int } }\n",
		"4:20 datasets.orders.from: `A` cannot be the name of a dataset => name a dataset of this "
		"configuration or of the lake\n"
		"4:23 datasets.orders.from: `b-c` cannot be the name of a dataset => name a dataset of this "
		"configuration or of the lake\n" },
	{ SOURCE LAKE "datasets:\n  orders: { from: [a, b, a], sql: a.sql, columns: { a: int } }\n",
		"4:26 datasets.orders.from: `a` stands here twice => remove one; a statement may name a "
		"table as often as it likes\n" },
	{ SOURCE LAKE "datasets:\n  orders: { inputs: { a: b }, from: [a], sql: a.sql, columns: { a: int } }\n",
		"4:38 datasets.orders.from: `a` is an input's alias too => give the input another alias: "
		"the statement could not tell them apart\n" },
	{ SOURCE LAKE "datasets:\n  orders: { inputs: { a: b }, from: [c], c: a.c, columns: { a: int } }\n",
		"4:42 datasets.orders: `c` with 2 inputs needs `rows` => add the join that the function "
		"sees row by row, as `rows: \"a JOIN c USING (...)\"`\n" },
	{ SOURCE LAKE "datasets:\n  a: { from: [a], sql: a.sql, columns: { a: int } }\n",
		"4:15 datasets.a.from: the datasets read each other in a circle: a -> a => a dataset reads "
		"what was published before it: remove one of these\n" },
	{ SOURCE LAKE "datasets:\n"
		"  z: { from: [a], sql: a.sql, columns: { a: int } }\n"
		"  a: { from: [x, b], sql: a.sql, columns: { a: int } }\n"
		"  b: { from: [c], sql: a.sql, columns: { a: int } }\n"
		"  c: { from: [b, a], sql: a.sql, columns: { a: int } }\n",
		"7:15 datasets.c.from: the datasets read each other in a circle: b -> c -> b => a dataset "
		"reads what was published before it: remove one of these\n"
		"7:18 datasets.c.from: the datasets read each other in a circle: a -> b -> c -> a => a "
		"dataset reads what was published before it: remove one of these\n" },
	/* who runs it */
	{ SOURCE LAKE "datasets:\n  a: { from: [b], sql: a.sql, run_on: trino, columns: { a: int } }\n",
		"4:39 datasets.a.run_on: `trino` finds the datasets by their Glue tables, and lake.catalog "
		"is `local` => use a lake in S3 with `catalog: glue`, or leave `run_on` out\n" },
	{ SOURCE "lake: { location: s3://bucket/p, catalog: glue }\n"
		"datasets:\n  a: { from: [b], sql: a.sql, run_on: trino, columns: { a: int } }\n",
		"4:39 datasets.a.run_on: `trino` needs to know where Trino is => add `trino: { url: "
		"https://trino.example.org:8443 }`\n" },
	{ SOURCE "lake: { location: s3://bucket/p, catalog: glue }\n"
		"datasets:\n  a: { from: [b], inputs: { o: t }, c: a.c, rows: o JOIN b, run_on: athena, "
		"columns: { a: int } }\n",
		"4:19 datasets.a: `athena` does not read Postgres => make a dataset of each input, and read "
		"those by `from`\n"
		"4:37 datasets.a: typed C does not run on `athena` => write the transform as `sql`, or leave "
		"`run_on` out\n" },
	{ SOURCE "lake: { location: s3://bucket/p, catalog: glue }\n"
		"datasets:\n  a: { from: [b], sql: a.sql, run_on: spark, columns: { a: int } }\n",
		"4:39 datasets.a.run_on: expected embedded, athena or trino, got `spark` => write one of "
		"these words\n" },
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
/* clang-format on */

#endif
