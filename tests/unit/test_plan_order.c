#include "check.h"

#include <stdio.h>
#include <string.h>

#include "plan/plan_internal.h"

/* Datasets by their names, each with what it reads: `daily: orders users`. */
struct graph {
	struct tr_config config;
	struct tr_config_dataset datasets[8];
	struct tr_config_from from[8][4];
	struct tr_plan plan;
	struct tr_plan_dataset planned[8];
	char texts[8][64];
};

static void set_up(struct graph *g, const char *const *lines, size_t n)
{
	memset(g, 0, sizeof *g);
	for (size_t i = 0; i < n; i++) {
		struct tr_config_dataset *d = &g->datasets[i];
		snprintf(g->texts[i], sizeof g->texts[i], "%s", lines[i]);
		d->name = strtok(g->texts[i], ": ");
		d->from = g->from[i];
		for (char *from; (from = strtok(NULL, ": "));)
			d->from[d->n_from++].dataset = from;
		g->planned[i].config = d;
	}
	g->config.datasets = g->datasets;
	g->config.n_datasets = n;
	g->plan.config = &g->config;
	g->plan.datasets = g->planned;
	g->plan.n_datasets = n;
}

static void expect_order(const char *const *lines, size_t n, const char *expected)
{
	struct graph g;
	struct tr_err err = { 0 };
	char order[256] = "";
	set_up(&g, lines, n);
	assert_ok(tr_plan_order(&g.plan, &err), err);
	for (size_t i = 0; i < n; i++) {
		strcat(order, i ? " " : "");
		strcat(order, g.planned[i].config->name);
	}
	assert_string_equal(order, expected);
}

static void what_reads_nothing_stays_in_the_files_order(void **state)
{
	(void)state;
	expect_order((const char *const[]){ "c", "a", "b" }, 3, "c a b");
	expect_order(NULL, 0, "");
}

static void each_comes_behind_what_it_reads_and_no_later_than_it_must(void **state)
{
	(void)state;
	expect_order((const char *const[]){ "best: daily", "daily: orders", "orders", "users" }, 4,
		"orders daily best users");
	expect_order((const char *const[]){ "top: left right", "left: base", "right: base", "base" }, 4,
		"base left right top");
}

static void what_is_not_chosen_holds_nobody_up(void **state)
{
	(void)state;
	expect_order((const char *const[]){ "daily: elsewhere", "orders" }, 2, "daily orders");
}

static void datasets_in_a_circle_have_no_order(void **state)
{
	(void)state;
	struct graph g;
	struct tr_err err = { 0 };
	set_up(&g, (const char *const[]){ "a: b", "b: a" }, 2);
	assert_false(tr_plan_order(&g.plan, &err));
	assert_int_equal(err.kind, TR_ERR_INTERNAL);
}

static void who_reads_postgres_and_who_the_lake(void **state)
{
	(void)state;
	struct graph g;
	set_up(&g, (const char *const[]){ "daily: orders", "orders", "mixed: orders" }, 3);
	g.datasets[1].n_inputs = g.datasets[2].n_inputs = 1;
	const char *const daily[] = { "daily" }, *const orders[] = { "orders" }, *const mixed[] = { "mixed" },
			  *const none[] = { "nobody" };
	assert_false(tr_plan_reads_postgres(&g.config, daily, 1));
	assert_true(tr_plan_reads_lake(&g.config, daily, 1));
	assert_true(tr_plan_reads_postgres(&g.config, orders, 1));
	assert_false(tr_plan_reads_lake(&g.config, orders, 1));
	assert_true(tr_plan_reads_postgres(&g.config, mixed, 1) && tr_plan_reads_lake(&g.config, mixed, 1));
	assert_true(tr_plan_reads_postgres(&g.config, NULL, 0) && tr_plan_reads_lake(&g.config, NULL, 0));
	assert_false(tr_plan_reads_postgres(&g.config, none, 1) || tr_plan_reads_lake(&g.config, none, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_reads_nothing_stays_in_the_files_order),
		cmocka_unit_test(each_comes_behind_what_it_reads_and_no_later_than_it_must),
		cmocka_unit_test(what_is_not_chosen_holds_nobody_up),
		cmocka_unit_test(datasets_in_a_circle_have_no_order),
		cmocka_unit_test(who_reads_postgres_and_who_the_lake),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
