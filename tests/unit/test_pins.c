#include "lake_support.h"

#include "run/pins.h"

#define RUN "20260101t000000000000z-000000000001"

/* A plan of `daily`, which reads `orders`: of the lake, or of the same run. */
struct reading {
	struct test_lake t;
	struct tr_config_dataset configs[2];
	struct tr_config_from from;
	struct tr_plan_source source;
	struct tr_plan_dataset datasets[2];
	struct tr_plan plan;
	struct tr_pins pins;
};

static void set_up(struct reading *r, bool same_run)
{
	memset(r, 0, sizeof *r);
	test_lake_open(&r->t);
	r->configs[0].name = "orders";
	r->configs[1].name = "daily";
	r->from.dataset = "orders";
	r->source = (struct tr_plan_source){ .config = &r->from, .upstream = same_run ? 0 : -1 };
	r->datasets[0].config = &r->configs[0];
	r->datasets[1].config = &r->configs[1];
	r->datasets[1].sources = &r->source;
	r->datasets[1].n_sources = 1;
	r->plan.datasets = same_run ? r->datasets : r->datasets + 1;
	r->plan.n_datasets = same_run ? 2 : 1;
}

/* Retention as short as it can be. */
static struct tr_gc_report collect(const struct reading *r)
{
	const struct tr_gc_options options = { .keep_versions = 1, .keep_days = -1, .grace_us = -1 };
	struct tr_gc_report report;
	struct tr_err err = { 0 };
	assert_ok(tr_lake_gc(&r->t.lake, "orders", &options, &report, &err), err);
	return report;
}

static void a_version_that_is_read_is_held_against_gc(void **state)
{
	(void)state;
	struct reading r;
	struct tr_err err = { 0 };
	set_up(&r, false);
	test_run(&r.t, "orders", "one");
	assert_ok(tr_pins_init(&r.pins, &r.plan, &r.t.lake, RUN, &err), err);
	const struct tr_pin *pin = &r.pins.items[tr_pins_find(&r.pins, &r.source)];
	assert_string_equal(pin->dataset, "orders");
	assert_int_equal(pin->manifest.version, 1);
	test_run(&r.t, "orders", "two");
	assert_int_equal(collect(&r).files_removed, 0);
	assert_ok(tr_pins_renew(&r.pins, tr_pins_find(&r.pins, &r.source), &err), err);
	assert_int_equal(collect(&r).files_removed, 0);
	assert_int_equal(test_whole(&r.t, "orders", 1), 1);
	tr_pins_clear(&r.pins);
	assert_int_equal(collect(&r).files_removed, 1);
	test_lake_close(&r.t);
}

static void what_the_run_makes_is_pinned_once_it_is_published(void **state)
{
	(void)state;
	struct reading r;
	struct tr_err err = { 0 };
	set_up(&r, true);
	test_run(&r.t, "orders", "one");
	assert_ok(tr_pins_init(&r.pins, &r.plan, &r.t.lake, RUN, &err), err);
	size_t i = tr_pins_find(&r.pins, &r.source);
	assert_int_equal(i, 0);
	assert_int_equal(r.pins.n, 2);
	assert_int_equal(r.pins.items[i].manifest.version, 0);
	test_run(&r.t, "orders", "two");
	assert_ok(tr_pins_take(&r.pins, i, 2, &err), err);
	test_run(&r.t, "orders", "three");
	/* Taken once, for all its readers. */
	assert_ok(tr_pins_take(&r.pins, i, 2, &err), err);
	assert_int_equal(r.pins.items[i].manifest.version, 2);
	collect(&r);
	assert_int_equal(test_whole(&r.t, "orders", 2), 1);
	tr_pins_clear(&r.pins);
	test_lake_close(&r.t);
}

static void a_version_that_gc_has_given_up_is_not_read(void **state)
{
	(void)state;
	struct reading r;
	struct tr_err err = { 0 };
	set_up(&r, true);
	test_run(&r.t, "orders", "one");
	test_run(&r.t, "orders", "two");
	collect(&r);
	assert_ok(tr_pins_init(&r.pins, &r.plan, &r.t.lake, RUN, &err), err);
	assert_false(tr_pins_take(&r.pins, 0, 1, &err));
	assert_int_equal(err.kind, TR_ERR_TRANSIENT);
	assert_string_equal(err.what, "version 1 of `orders` was given up by `tailrace gc` meanwhile");
	assert_non_null(strstr(err.hint, "run it again"));
	tr_pins_clear(&r.pins);
	test_lake_close(&r.t);
}

static void a_dataset_that_is_not_published_has_no_version(void **state)
{
	(void)state;
	struct reading r;
	struct tr_err err = { 0 };
	set_up(&r, false);
	assert_ok(tr_pins_init(&r.pins, &r.plan, &r.t.lake, RUN, &err), err);
	assert_int_equal(r.pins.items[tr_pins_find(&r.pins, &r.source)].manifest.version, 0);
	tr_pins_clear(&r.pins);
	test_lake_close(&r.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_version_that_is_read_is_held_against_gc),
		cmocka_unit_test(what_the_run_makes_is_pinned_once_it_is_published),
		cmocka_unit_test(a_version_that_gc_has_given_up_is_not_read),
		cmocka_unit_test(a_dataset_that_is_not_published_has_no_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
