/* A configuration from a text, with an environment of its own. */
#ifndef TR_TESTS_CONFIG_SUPPORT_H
#define TR_TESTS_CONFIG_SUPPORT_H

#include "check.h"

#include <string.h>

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

static inline struct parsed parse_good(const char *yaml)
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
static inline void list_errors(const struct tr_errs *errs, struct tr_str *out)
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

/* The file of the documentation. */
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

#endif
