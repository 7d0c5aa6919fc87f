#include "config_support.h"

#include <stdio.h>
#include <unistd.h>

#include "config_mistakes.h"
#include "config_mistakes_datasets.h"
#include "config_mistakes_engine.h"
#include "config_mistakes_lake.h"

/* ---- good files ---- */

static void the_shop_file_reads_whole(void **state)
{
	(void)state;
	struct parsed p = parse_good(shop);
	const struct tr_config *c = &p.config;
	assert_string_equal(c->path, "/project/tailrace.yaml");
	assert_string_equal(c->folder, "/project");
	assert_string_equal(c->source.url, "postgres://app:hunter2@db/shop");
	assert_int_equal(c->source.pos.line, 1);
	assert_string_equal(c->lake.location, "/project/lake");
	assert_string_equal(c->lake.catalog, "local");
	assert_string_equal(c->lake.database, "shop");
	assert_string_equal(c->engine, "embedded");
	assert_int_equal(c->limits.connections, 3);
	assert_int_equal(c->limits.memory, 256 << 20);
	assert_int_equal(c->limits.rate, 80000000);
	assert_int_equal(c->limits.snapshot_ms, 7200000);
	assert_int_equal(c->limits.disk, UINT64_C(10) << 30);
	assert_int_equal(c->limits.threads, 7);
	assert_string_equal(c->parquet.compression, "gzip");
	assert_int_equal(c->parquet.level, 9);
	assert_int_equal(c->parquet.file_size, 64 << 20);
	assert_int_equal(c->parquet.row_group_size, 8 << 20);
	assert_int_equal(c->retention.keep_versions, 3);
	assert_int_equal(c->retention.keep_days, 0);
	assert_int_equal(c->n_params, 2);
	assert_string_equal(c->params[0].name, "tax_rate");
	assert_string_equal(c->params[0].value, "0.19");
	assert_int_equal(c->params[0].type.kind, TR_DOUBLE);
	assert_int_equal(c->params[1].type.precision, 12);
	assert_int_equal(c->n_datasets, 3);
	clear(&p);
}

static void a_dataset_keeps_every_part(void **state)
{
	(void)state;
	struct parsed p = parse_good(shop);
	const struct tr_config_dataset *d = tr_config_dataset(&p.config, "enriched_orders");
	assert_string_equal(d->doc, "Orders with their users");
	assert_int_equal(d->n_inputs, 2);
	assert_string_equal(d->inputs[0].alias, "o");
	assert_string_equal(d->inputs[0].relation, "public.orders");
	assert_null(d->inputs[0].where);
	assert_string_equal(d->inputs[1].relation, "public.users");
	assert_string_equal(d->inputs[1].where, "active AND id > 5");
	assert_int_equal(d->inputs[1].pos.line, 15);
	assert_int_equal(d->inputs[1].pos.column, 33);
	assert_int_equal(d->inputs[1].relation_pos.column, 48);
	assert_string_equal(d->sql, "transforms/enriched_orders.sql");
	assert_int_equal(d->sql_pos.line, 16);
	assert_null(d->c);
	assert_int_equal(d->n_columns, 5);
	assert_true(d->columns[0].not_null && d->columns[0].unique);
	assert_int_equal(d->columns[0].type_pos.line, 18);
	assert_int_equal(d->columns[0].type_pos.column, 32);
	assert_string_equal(d->columns[1].from, "Country");
	assert_int_equal(d->columns[1].n_accepted, 3);
	assert_string_equal(d->columns[1].accepted[2], "");
	assert_int_equal(d->columns[2].type.scale, 2);
	assert_int_equal(d->columns[3].type.precision, 3);
	assert_true(d->columns[3].truncate);
	assert_int_equal(d->columns[4].type.kind, TR_JSON);
	assert_int_equal(d->columns[4].type_pos.line, 22);
	assert_int_equal(d->n_partitions, 2);
	assert_int_equal(d->partitions[0].transform, TR_PART_DAY);
	assert_string_equal(d->partitions[0].column, "created_at");
	assert_int_equal(d->partitions[1].transform, TR_PART_IDENTITY);
	assert_int_equal(d->n_checks, 2);
	assert_string_equal(d->checks[1].expression, "note IS NOT NULL");
	assert_int_equal(d->checks[1].pos.column, 40);
	assert_int_equal(d->n_unique, 2);
	assert_string_equal(d->unique[1], "country,created_at");
	assert_true(d->special_to_null);
	const struct tr_config_dataset *by_c = tr_config_dataset(&p.config, "by_c");
	assert_string_equal(by_c->c, "transforms/by_c.c");
	assert_string_equal(by_c->rows, "o JOIN u USING (user_id)");
	assert_false(by_c->special_to_null);
	assert_int_equal(tr_config_dataset(&p.config, "copy")->n_columns, 0);
	assert_null(tr_config_dataset(&p.config, "nothing"));
	clear(&p);
}

static void what_is_left_out_has_its_default(void **state)
{
	(void)state;
	/* A group without anything in it is a group of defaults. */
	struct parsed p = parse_good(SOURCE LAKE "limits:\nparquet: {}\n" ORDERS);
	const struct tr_config *c = &p.config;
	assert_string_equal(c->lake.catalog, "local");
	assert_string_equal(c->lake.database, "lake");
	assert_string_equal(c->engine, "embedded");
	assert_false(c->source.accept_row_security);
	assert_int_equal(c->source.lock_timeout_ms, 10000);
	assert_int_equal(c->source.statement_timeout_ms, 43200000);
	assert_null(c->source.password_command);
	assert_int_equal(c->limits.connections, 2);
	assert_in_range(c->limits.threads, 1, 4);
	assert_int_equal(c->limits.memory, 512 << 20);
	assert_int_equal(c->limits.disk, 0);
	assert_int_equal(c->limits.rate, 0);
	assert_int_equal(c->limits.snapshot_ms, 0);
	assert_string_equal(c->limits.temp_dir, "/tmp");
	assert_string_equal(c->parquet.compression, "zstd");
	assert_int_equal(c->parquet.level, 3);
	assert_int_equal(c->parquet.file_size, 512 << 20);
	assert_int_equal(c->parquet.row_group_size, 128 << 20);
	assert_int_equal(c->retention.keep_versions, 10);
	assert_int_equal(c->retention.keep_days, 7);
	assert_int_equal(c->n_params, 0);
	clear(&p);
}

static void sizes_and_durations_read_in_their_units(void **state)
{
	(void)state;
	const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = { { "64MiB", 67108864 }, { "80MB", 80000000 }, { "1.5GiB", 1610612736 },
		{ "1 GB", 1000000000 }, { "70000kB", 70000000 }, { "70000KiB", 71680000 },
		{ "99999999B", 99999999 }, { "1tb", 1000000000000 }, { "1TiB", UINT64_C(1) << 40 },
		{ "0.1gb", 100000000 } };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char yaml[512];
		snprintf(yaml, sizeof yaml, SOURCE LAKE "limits: { memory: %s, rate: %s/s }\n" ORDERS,
			sizes[i].text, sizes[i].text);
		struct parsed p = parse_good(yaml);
		assert_int_equal(p.config.limits.memory, sizes[i].bytes);
		assert_int_equal(p.config.limits.rate, sizes[i].bytes);
		clear(&p);
	}
	const struct {
		const char *text;
		int64_t ms;
	} durations[] = { { "500ms", 500 }, { "30s", 30000 }, { "10min", 600000 }, { "2h", 7200000 },
		{ "7d", 604800000 }, { "1.5h", 5400000 }, { "unlimited", 0 }, { "0", 0 } };
	for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
		char yaml[512];
		snprintf(yaml, sizeof yaml, SOURCE LAKE "limits: { snapshot: %s }\n" ORDERS,
			durations[i].text);
		struct parsed p = parse_good(yaml);
		assert_int_equal(p.config.limits.snapshot_ms, durations[i].ms);
		clear(&p);
	}
}

static void variables_are_replaced_in_every_value(void **state)
{
	(void)state;
	struct parsed p = parse_good(
		"source: { url: \"postgres://${UNSET:-ada}@${EMPTY:-db}:${EMPTY}/$${x}$y$\" }\n"
		"lake:\n  location: ${HOME}/lake\n"
		"limits: { connections: \"${N:-4}\", temp_dir: \"${HOME}\" }\n"
		"params: { p: { type: string, value: \"${EMPTY}\" } }\n"
		"datasets:\n  orders:\n    inputs: { o: \"public.${UNSET:-orders}\" }\n"
		"    columns: { a: \"${UNSET:-int}\", b: { type: int, not_null: \"${T:-true}\" } }\n"
		"    partition_by: \"${COLUMN}\"\n    unique: \"${COLUMN}\"\n");
	assert_string_equal(p.config.source.url, "postgres://ada@db:/${x}$y$");
	assert_string_equal(p.config.lake.location, "/home/ada/lake");
	assert_string_equal(p.config.limits.temp_dir, "/home/ada");
	assert_int_equal(p.config.limits.connections, 4);
	assert_string_equal(p.config.params[0].value, "");
	assert_string_equal(p.config.datasets[0].inputs[0].relation, "public.orders");
	assert_true(p.config.datasets[0].columns[1].not_null);
	assert_string_equal(p.config.datasets[0].partitions[0].column, "a");
	assert_string_equal(p.config.datasets[0].unique[0], "a");
	clear(&p);
}

static void paths_begin_at_the_files_folder(void **state)
{
	(void)state;
	const char *const cases[][2] = { { "lake", "/project/lake" }, { "./lake", "/project/lake" },
		{ ".//./lake", "/project/lake" }, { ".", "/project" }, { "./", "/project" },
		{ "../lake", "/project/../lake" }, { "/srv/lake", "/srv/lake" } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char yaml[256];
		snprintf(yaml, sizeof yaml, SOURCE "lake: { location: %s }\n" ORDERS, cases[i][0]);
		struct parsed p = parse_good(yaml);
		assert_string_equal(p.config.lake.location, cases[i][1]);
		clear(&p);
	}
	/* A relative file lies in the current folder. */
	struct parsed p;
	char folder[4096];
	tr_errs_init(&p.errs);
	p.ok = tr_config_parse(SOURCE LAKE ORDERS, strlen(SOURCE LAKE ORDERS), "a.yaml", environment, NULL,
		&p.config, &p.errs);
	assert_true(p.ok);
	assert_string_equal(p.config.folder, getcwd(folder, sizeof folder));
	assert_string_equal(p.config.shown, "a.yaml");
	clear(&p);
}

static void byte_order_marks_and_dos_lines_are_read(void **state)
{
	(void)state;
	struct parsed p = parse_good("\xEF\xBB\xBFsource: { url: service=x }\r\nlake:\r\n  location: ./l\r\n"
				     "datasets:\r\n  orders:\r\n    inputs: { o: public.orders }\r\n");
	assert_string_equal(p.config.lake.location, "/project/l");
	clear(&p);
	p = parse("source: { url: service=x }\r\nlake:\r\n  locaton: ./l\r\n");
	assert_int_equal(p.errs.n, 2);
	assert_string_equal(p.errs.items[1].place.excerpt, "  locaton: ./l");
	assert_int_equal(p.errs.items[1].place.line, 3);
	assert_int_equal(p.errs.items[1].place.column, 3);
	clear(&p);
}

static void engines_elsewhere_read_with_all_their_keys(void **state)
{
	(void)state;
	struct parsed p = parse_good(
		"source: { url: service=x }\nlake: { location: ./lake }\nengine: trino\n"
		"athena: { workgroup: analysts, catalog: shared, output_location: \"s3://acme/results/\",\n"
		"  result_reuse: 90min, price_per_tb: 6.75 }\n"
		"trino: { url: \"https://trino:8443\", catalog: lakehouse, schema: shop, user: me,\n"
		"  password: \"${SECRET}\", ca_file: ca.pem,\n"
		"  session: { query_max_run_time: 10m, hive.timestamp_precision: MICROSECONDS } }\n" ORDERS);
	const struct tr_config *c = &p.config;
	assert_string_equal(c->engine, "trino");
	assert_string_equal(c->athena.workgroup, "analysts");
	assert_string_equal(c->athena.catalog, "shared");
	assert_string_equal(c->athena.output_location, "s3://acme/results/");
	assert_int_equal(c->athena.result_reuse_ms, 5400000);
	assert_int_equal(c->athena.price_per_tb_micros, 6750000);
	assert_string_equal(c->trino.url, "https://trino:8443");
	assert_string_equal(c->trino.catalog, "lakehouse");
	assert_string_equal(c->trino.schema, "shop");
	assert_string_equal(c->trino.user, "me");
	assert_string_equal(c->trino.password, "hunter2 secret");
	assert_null(c->trino.token);
	assert_string_equal(c->trino.ca_file, "/project/ca.pem");
	assert_int_equal(c->trino.n_session, 2);
	assert_string_equal(c->trino.session[1].name, "hive.timestamp_precision");
	assert_string_equal(c->trino.session[1].value, "MICROSECONDS");
	clear(&p);
	p = parse_good(
		"source: { url: service=x }\nlake: { location: ./lake }\n"
		"trino: { url: \"http://localhost:8080\", password: \"\", token: \"${NOT_SET:-}\" }\n" ORDERS);
	c = &p.config;
	assert_string_equal(c->engine, "embedded");
	assert_string_equal(c->athena.workgroup, "primary");
	assert_string_equal(c->athena.catalog, "AwsDataCatalog");
	assert_null(c->athena.output_location);
	assert_int_equal(c->athena.result_reuse_ms, 0);
	assert_int_equal(c->athena.price_per_tb_micros, 5000000);
	assert_string_equal(c->trino.catalog, "hive");
	assert_string_equal(c->trino.user, "tailrace");
	assert_null(c->trino.schema);
	assert_null(c->trino.password);
	assert_null(c->trino.token);
	clear(&p);
}

static void a_lake_in_s3_reads_with_all_its_keys(void **state)
{
	(void)state;
	struct parsed p = parse_good(
		"source: { url: service=x }\n"
		"lake: { location: \"s3://acme-lake/prod/\", catalog: glue, database: shop }\n"
		"aws: { region: eu-west-1, profile: prod, endpoint: \"http://localhost:4566/\",\n"
		"  ca_file: ca.pem, attempts: 7, connect_timeout: 2s, stall_timeout: 1min }\n"
		"s3: { endpoint: \"https://s3.local\", path_style: true, encryption: \"aws:kms\",\n"
		"  kms_key: alias/lake, storage_class: STANDARD_IA, expected_bucket_owner: \"111122223333\",\n"
		"  tags: { team: \"${COLUMN}\", \"cost center\": \"\" }, part_size: 16MiB, uploads: 2 }\n"
		"datasets:\n  orders: { inputs: { o: public.orders }, partitions: registered, adopt: true }\n");
	const struct tr_config *c = &p.config;
	assert_true(tr_config_is_s3(c));
	assert_string_equal(c->lake.location, "s3://acme-lake/prod");
	assert_string_equal(c->lake.catalog, "glue");
	assert_string_equal(c->aws.region, "eu-west-1");
	assert_string_equal(c->aws.profile, "prod");
	assert_string_equal(c->aws.endpoint, "http://localhost:4566");
	assert_string_equal(c->aws.ca_file, "/project/ca.pem");
	assert_int_equal(c->aws.attempts, 7);
	assert_int_equal(c->aws.connect_timeout_ms, 2000);
	assert_int_equal(c->aws.stall_timeout_ms, 60000);
	assert_string_equal(c->s3.endpoint, "https://s3.local");
	assert_true(c->s3.path_style);
	assert_string_equal(c->s3.encryption, "aws:kms");
	assert_string_equal(c->s3.kms_key, "alias/lake");
	assert_string_equal(c->s3.storage_class, "STANDARD_IA");
	assert_string_equal(c->s3.expected_bucket_owner, "111122223333");
	assert_int_equal(c->s3.n_tags, 2);
	assert_string_equal(c->s3.tags[0].value, "a");
	assert_string_equal(c->s3.tags[1].key, "cost center");
	assert_string_equal(c->s3.tags[1].value, "");
	assert_int_equal(c->s3.part_size, 16 << 20);
	assert_int_equal(c->s3.uploads, 2);
	assert_true(c->datasets[0].registered && c->datasets[0].adopt);
	clear(&p);
	p = parse_good("source: { url: service=x }\nlake: { location: s3://acme }\n" ORDERS);
	c = &p.config;
	assert_string_equal(c->lake.location, "s3://acme");
	assert_null(c->aws.region);
	assert_null(c->s3.encryption);
	assert_int_equal(c->aws.attempts, 5);
	assert_int_equal(c->s3.part_size, 8 << 20);
	assert_int_equal(c->s3.uploads, 4);
	assert_false(c->datasets[0].registered || c->datasets[0].adopt);
	/* What the file does not say stands nowhere. */
	assert_int_equal(c->datasets[0].partitions_pos.line, 0);
	assert_int_equal(c->lake.catalog_pos.line, 0);
	clear(&p);
}

/* ---- bad files ---- */

static void check_mistakes(const struct config_mistake *mistakes, size_t n)
{
	int wrong = 0;
	for (size_t i = 0; i < n; i++) {
		struct parsed p = parse(mistakes[i].yaml);
		struct tr_str errors;
		list_errors(&p.errs, &errors);
		if (p.ok || strcmp(errors.ptr, mistakes[i].errors) != 0) {
			print_error("in\n%s\nexpected\n%sgot\n%s", mistakes[i].yaml, mistakes[i].errors,
				errors.ptr);
			wrong++;
		}
		tr_str_clear(&errors);
		clear(&p);
	}
	assert_int_equal(wrong, 0);
}

static void every_mistake_is_named_at_its_place(void **state)
{
	(void)state;
	check_mistakes(config_mistakes, sizeof config_mistakes / sizeof *config_mistakes);
	check_mistakes(dataset_mistakes, sizeof dataset_mistakes / sizeof *dataset_mistakes);
	check_mistakes(lake_mistakes, sizeof lake_mistakes / sizeof *lake_mistakes);
	check_mistakes(engine_mistakes, sizeof engine_mistakes / sizeof *engine_mistakes);
}

static void all_mistakes_of_a_file_come_in_its_order(void **state)
{
	(void)state;
	struct parsed p = parse("source:\n"
				"  url: postgres://app@db/shop\n"
				"  lock_timout: 10s\n"
				"lake:\n"
				"  catalog: glued\n"
				"  catalog: local\n"
				"limits: { connections: many, memory: 12MiB }\n"
				"datasets:\n"
				"  Orders:\n"
				"    sql: a.sql\n"
				"    c: b.c\n"
				"    columns:\n"
				"      userId: { type: int, not_nul: true }\n"
				"      country: strin\n"
				"      created_at: timestamp\n"
				"      created_at_day: date\n"
				"    partition_by: [ day(created_at), hour(country), crated_at ]\n"
				"    unique: [[order_id, country]]\n");
	const struct {
		int line, column;
		const char *what;
	} want[] = {
		{ 3, 3, "source: unknown key `lock_timout`" },
		{ 4, 1, "lake: the key `location` is missing" },
		{ 5, 12, "lake.catalog: expected local or glue, got `glued`" },
		{ 6, 3, "`catalog` stands here twice" },
		{ 7, 24, "limits.connections: expected a whole number from 1 to 64, got `many`" },
		{ 7, 38, "limits.memory: expected a size from 64MiB to 1TiB, got `12MiB`" },
		{ 9, 3, "datasets.Orders: `Orders` cannot be the name of a dataset" },
		{ 9, 3, "datasets.Orders: the key `inputs` is missing" },
		{ 11, 5, "datasets.Orders: `sql` and `c` exclude each other" },
		{ 13, 7, "datasets.Orders.columns.userId: `userId` cannot be the name of a column" },
		{ 13, 28, "datasets.Orders.columns.userId: unknown key `not_nul`" },
		{ 14, 16, "datasets.Orders.columns.country: unknown type `strin`" },
		{ 17, 21,
			"datasets.Orders.partition_by: the partition column would be `created_at_day`, which "
			"`columns` has already" },
		{ 17, 53, "datasets.Orders.partition_by: there is no column `crated_at` in `columns`" },
		{ 18, 15, "datasets.Orders.unique: there is no column `order_id` in `columns`" },
	};
	assert_false(p.ok);
	for (size_t i = 0; i < sizeof want / sizeof *want && i < p.errs.n; i++) {
		assert_string_equal(p.errs.items[i].what, want[i].what);
		assert_int_equal(p.errs.items[i].place.line, want[i].line);
		assert_int_equal(p.errs.items[i].place.column, want[i].column);
	}
	assert_int_equal(p.errs.n, sizeof want / sizeof *want);
	assert_string_equal(p.errs.items[5].place.excerpt, "limits: { connections: many, memory: 12MiB }");
	assert_string_equal(p.errs.items[5].place.file, "/project/tailrace.yaml");
	clear(&p);
}

static void secrets_stand_in_no_message(void **state)
{
	(void)state;
	const char *const files[] = {
		"source: { url: \"${SECRET}\", lock_timeout: \"${SECRET}\" }\nlake: { location: "
		"\"~${SECRET}\" }\n"
		"engine: ${SECRET}\ndatasets: ${SECRET}\n",
		"source: { url: \"postgres://app:hunter2@db/shop\", nope: x }\n",
		"source: { url: \"host=db password=hunter2\", nope: x }\n",
		"source: { url: \"host=db password='hunter2 \", nope: x }\n",
		"source: { url: \"postgres://db/shop?password=hunter2&x=y\", nope: x }\n",
		"source: { url: \"mysql://app:p:hunter2@x@db/shop\" }\n",
		"source: postgres://app:hunter2@db/shop\n",
		"source: [ postgres://app:hunter2@db/shop, { ]\n",
		"lake: { location: \"postgres://app:hunter2@db/shop\" }\n",
		"trino: { password: hunter2, nope: x }\n",
		"trino: { token: \"hunter2 hunter2\", nope: x }\n",
		"trino:\n  password: [ hunter2 ]\n",
	};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct parsed p = parse(files[i]);
		assert_false(p.ok);
		for (size_t k = 0; k < p.errs.n; k++) {
			const struct tr_err *err = &p.errs.items[k];
			if (strstr(err->what, "hunter2") || strstr(err->detail, "hunter2") ||
				strstr(err->hint, "hunter2") || strstr(err->place.excerpt, "hunter2"))
				fail_msg("%s: %s | %s | %s", files[i], err->what, err->detail,
					err->place.excerpt);
		}
		clear(&p);
	}
}

static void a_later_error_finds_its_place(void **state)
{
	(void)state;
	struct parsed p = parse_good(shop);
	struct tr_err err = { 0 };
	tr_err_set(&err, TR_ERR_USER, "no such table");
	assert_false(tr_config_at(&p.config, p.config.datasets[0].inputs[0].relation_pos, &err));
	assert_string_equal(err.place.file, "/project/tailrace.yaml");
	assert_int_equal(err.place.line, 15);
	assert_int_equal(err.place.column, 18);
	assert_memory_equal(err.place.excerpt + 17, "public.orders", 13);
	tr_err_clear(&err);
	tr_config_at(&p.config, (struct tr_pos){ 2, 8 }, &err);
	assert_string_equal(err.place.excerpt, "  url: ${DATABASE_URL}            # any libpq URL");
	clear(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_shop_file_reads_whole),
		cmocka_unit_test(a_dataset_keeps_every_part),
		cmocka_unit_test(what_is_left_out_has_its_default),
		cmocka_unit_test(sizes_and_durations_read_in_their_units),
		cmocka_unit_test(variables_are_replaced_in_every_value),
		cmocka_unit_test(paths_begin_at_the_files_folder),
		cmocka_unit_test(byte_order_marks_and_dos_lines_are_read),
		cmocka_unit_test(a_lake_in_s3_reads_with_all_its_keys),
		cmocka_unit_test(engines_elsewhere_read_with_all_their_keys),
		cmocka_unit_test(every_mistake_is_named_at_its_place),
		cmocka_unit_test(all_mistakes_of_a_file_come_in_its_order),
		cmocka_unit_test(secrets_stand_in_no_message),
		cmocka_unit_test(a_later_error_finds_its_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
