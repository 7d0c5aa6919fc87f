#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_mistakes.h"
#include "plan/config.h"

static const char *environment(void *context, const char *name)
{
	static char huge[40001];
	(void)context;
	if (strcmp(name, "DATABASE_URL") == 0)
		return "postgres://app:hunter2@db/shop";
	if (strcmp(name, "SECRET") == 0)
		return "hunter2 secret";
	if (strcmp(name, "COLUMN") == 0)
		return "a";
	if (strcmp(name, "EMPTY") == 0)
		return "";
	if (strcmp(name, "HOME") == 0)
		return "/home/ada";
	if (strcmp(name, "HUGE") == 0)
		return memset(huge, 'x', 40000);
	return NULL;
}

struct parsed {
	struct tr_config config;
	struct tr_errs errs;
	bool ok;
};

static struct parsed parse(const char *yaml)
{
	struct parsed p;
	tr_errs_init(&p.errs);
	p.ok = tr_config_parse(yaml, strlen(yaml), "/project/tailrace.yaml", environment, NULL, &p.config,
		&p.errs);
	return p;
}

static struct parsed parse_good(const char *yaml)
{
	struct parsed p = parse(yaml);
	if (!p.ok)
		fail_msg("%s:%d:%d %s in\n%s", p.errs.items[0].place.file, p.errs.items[0].place.line,
			p.errs.items[0].place.column, p.errs.items[0].what, yaml);
	assert_int_equal(p.errs.n, 0);
	return p;
}

static void clear(struct parsed *p)
{
	if (p->ok)
		tr_config_clear(&p->config);
	tr_errs_clear(&p->errs);
}

/* All mistakes as `line:column what => hint` lines. */
static void list_errors(const struct tr_errs *errs, struct tr_str *out)
{
	tr_str_init(out, 1 << 20);
	tr_str_add(out, "");
	for (size_t i = 0; i < errs->n; i++) {
		const struct tr_err *err = &errs->items[i];
		assert_int_equal(err->kind, TR_ERR_USER);
		tr_str_addf(out, "%d:%d %s => %s\n", err->place.line, err->place.column, err->what,
			err->hint);
	}
}

/* ---- good files ---- */

static const char *const shop =
	"source:\n"
	"  url: ${DATABASE_URL}            # any libpq URL\n"
	"lake:\n"
	"  location: ./lake\n"
	"  catalog: local\n"
	"  database: shop\n"
	"engine: embedded\n"
	"limits: { connections: 3, memory: 256MiB, rate: 80MB/s, snapshot: 2h, disk: 10GiB, threads: 7 }\n"
	"parquet: { compression: gzip, level: 9, file_size: 64MiB, row_group_size: 8MiB }\n"
	"retention: { keep_versions: 3, keep_days: 0 }\n"
	"params: { tax_rate: { type: double, value: 0.19 }, cap: { type: decimal(12,2), value: 100.50 } }\n"
	"datasets:\n"
	"  enriched_orders:\n"
	"    doc: Orders with their users\n"
	"    inputs: { o: public.orders, u: { relation: public.users, where: \"active AND id > 5\" } }\n"
	"    sql: transforms/enriched_orders.sql\n"
	"    columns:\n"
	"      order_id:        { type: int,       not_null: true, unique: true }\n"
	"      country:         { type: string, accepted: [DE, FR, \"\"], from: Country }\n"
	"      amount_with_tax: { type: \"decimal(12,2)\", doc: \"amount * (1 + tax_rate)\" }\n"
	"      created_at:      { type: timestamp(3), truncate: true }\n"
	"      note: json\n"
	"    partition_by: [ day(created_at), country ]\n"
	"    checks: [ \"amount_with_tax >= 0\", \"note IS NOT NULL\" ]\n"
	"    unique: [ order_id, [country, created_at] ]\n"
	"    special_values: null\n"
	"  by_c:\n"
	"    inputs: { o: orders, u: users }\n"
	"    c: transforms/by_c.c\n"
	"    rows: o JOIN u USING (user_id)\n"
	"    columns: { id: bigint }\n"
	"  copy:\n"
	"    inputs: { o: public.orders }\n";

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

/* ---- bad files ---- */

static void every_mistake_is_named_at_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof config_mistakes / sizeof *config_mistakes; i++) {
		struct parsed p = parse(config_mistakes[i].yaml);
		struct tr_str errors;
		list_errors(&p.errs, &errors);
		if (p.ok || strcmp(errors.ptr, config_mistakes[i].errors) != 0)
			fail_msg("in\n%s\nexpected\n%sgot\n%s", config_mistakes[i].yaml,
				config_mistakes[i].errors, errors.ptr);
		tr_str_clear(&errors);
		clear(&p);
	}
}

static void all_mistakes_of_a_file_come_in_its_order(void **state)
{
	(void)state;
	struct parsed p = parse("source:\n"
				"  url: postgres://app@db/shop\n"
				"  lock_timout: 10s\n"
				"lake:\n"
				"  catalog: glue\n"
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
		{ 5, 12, "lake.catalog: `glue` is not available in this version" },
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

static void bounds_hold_for_hostile_files(void **state)
{
	(void)state;
	struct tr_str yaml, errors;
	tr_str_init(&yaml, 4 << 20);
	for (int i = 0; i < 300; i++)
		tr_str_addf(&yaml, "k%d: x\n", i);
	struct parsed p = parse(yaml.ptr);
	assert_int_equal(p.errs.n, TR_ERRS_MAX);
	assert_int_equal(p.errs.dropped, 203); /* the three missing keys too */
	clear(&p);

	tr_str_clear(&yaml);
	for (int i = 0; i < 110000; i++)
		tr_str_add(&yaml, "# 78901\n");
	for (int i = 0; i < 30000; i++)
		tr_str_add(&yaml, "# 78901\n");
	p = parse(yaml.ptr);
	list_errors(&p.errs, &errors);
	assert_string_equal(errors.ptr,
		"1:1 the file has 1120000 bytes => a configuration has at most 1 MiB\n");
	tr_str_clear(&errors);
	clear(&p);

	tr_str_clear(&yaml);
	tr_str_add(&yaml, "a:\n");
	for (int i = 0; i < 5000; i++)
		tr_str_add(&yaml, "- x\n");
	p = parse(yaml.ptr);
	list_errors(&p.errs, &errors);
	assert_string_equal(errors.ptr,
		"4098:3 a group or list is too long => at most 4096 entries are read\n");
	tr_str_clear(&errors);
	clear(&p);

	tr_str_clear(&yaml);
	for (int i = 0; i < 30; i++) {
		tr_str_addf(&yaml, "k%d: [", i);
		for (int k = 0; k < 4000; k++)
			tr_str_add(&yaml, "x,");
		tr_str_add(&yaml, "]\n");
	}
	p = parse(yaml.ptr);
	assert_int_equal(p.errs.n, 1);
	assert_string_equal(p.errs.items[0].what, "the file has too many values");
	clear(&p);
	tr_str_clear(&yaml);
}

static void files_that_cannot_be_read_say_why(void **state)
{
	(void)state;
	struct tr_config config;
	struct tr_errs errs;
	tr_errs_init(&errs);
	assert_false(tr_config_load("no/such/tailrace.yaml", environment, NULL, &config, &errs));
	assert_string_equal(errs.items[0].what, "there is no file `no/such/tailrace.yaml`");
	assert_non_null(strstr(errs.items[0].hint, "tailrace init"));
	tr_errs_clear(&errs);
	assert_false(tr_config_load("/", environment, NULL, &config, &errs));
	assert_string_equal(errs.items[0].what, "cannot read `/`: Is a directory");
	tr_errs_clear(&errs);
}

static void a_file_is_read_from_disk(void **state)
{
	(void)state;
	struct tr_config config;
	struct tr_errs errs;
	char path[] = "/tmp/tr_config_XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, shop, strlen(shop)), strlen(shop));
	close(fd);
	tr_errs_init(&errs);
	bool ok = tr_config_load(path, environment, NULL, &config, &errs);
	unlink(path);
	assert_true(ok);
	assert_string_equal(config.path, path);
	assert_string_equal(config.folder, "/tmp");
	assert_string_equal(config.text, shop);
	tr_config_clear(&config);
	tr_config_clear(&config);
	tr_errs_clear(&errs);
}

static const char *no_environment(void *context, const char *name)
{
	(void)context;
	(void)name;
	return NULL;
}

/* Who only reads the lake need not know how to reach the source. */
static void the_lake_is_found_without_the_sources_variables(void **state)
{
	(void)state;
	struct tr_config config;
	struct tr_errs errs;
	char path[] = "/tmp/tr_config_XXXXXX";
	const char *yaml = "source: { url: \"${DATABASE_URL}\", lock_timeout: \"${WAIT}\" }\n"
			   "lake: { location: \"${LAKE:-lake}\" }\n" ORDERS;
	const char *lost = "source: { url: \"${DATABASE_URL}\" }\nlake: { location: \"${LAKE}\" }\n" ORDERS;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, yaml, strlen(yaml)), strlen(yaml));
	tr_errs_init(&errs);
	assert_true(tr_config_load_lake(path, no_environment, NULL, &config, &errs));
	assert_int_equal(errs.n, 0);
	assert_null(config.source.url);
	assert_int_equal(config.source.lock_timeout_ms, 10000);
	assert_string_equal(config.lake.location, "/tmp/lake");
	assert_string_equal(config.limits.temp_dir, "/tmp");
	tr_config_clear(&config);
	assert_false(tr_config_load(path, no_environment, NULL, &config, &errs));
	assert_int_equal(errs.n, 2);
	tr_errs_clear(&errs);

	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, lost, strlen(lost), 0), strlen(lost));
	assert_false(tr_config_load_lake(path, no_environment, NULL, &config, &errs));
	assert_int_equal(errs.n, 1);
	assert_string_equal(errs.items[0].what, "lake.location: the environment variable `LAKE` is not set");
	tr_errs_clear(&errs);
	close(fd);
	unlink(path);
}

/* With TR_UPDATE_DOCS set, the page is written instead: that is how it is made. */
static void the_reference_page_is_the_programs_own(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	static char page[1 << 18];
	char *want = tr_config_reference(&err);
	assert_non_null(want);
	const char *path = TR_SOURCE_ROOT "/docs/reference/configuration.md";
	bool update = getenv("TR_UPDATE_DOCS") != NULL;
	FILE *file = fopen(path, update ? "w" : "r");
	assert_non_null(file);
	if (update)
		assert_true(fputs(want, file) >= 0);
	else
		page[fread(page, 1, sizeof page - 1, file)] = '\0';
	fclose(file);
	if (!update && strcmp(page, want) != 0)
		fail_msg("docs/reference/configuration.md is not what the program says: "
			 "run this test once with TR_UPDATE_DOCS=1");
	free(want);
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
		cmocka_unit_test(every_mistake_is_named_at_its_place),
		cmocka_unit_test(all_mistakes_of_a_file_come_in_its_order),
		cmocka_unit_test(secrets_stand_in_no_message),
		cmocka_unit_test(a_later_error_finds_its_place),
		cmocka_unit_test(bounds_hold_for_hostile_files),
		cmocka_unit_test(files_that_cannot_be_read_say_why),
		cmocka_unit_test(a_file_is_read_from_disk),
		cmocka_unit_test(the_lake_is_found_without_the_sources_variables),
		cmocka_unit_test(the_reference_page_is_the_programs_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
