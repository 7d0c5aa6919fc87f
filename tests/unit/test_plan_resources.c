#include "check.h"

#include "plan/plan_resources.h"

#define MIB ((uint64_t)1 << 20)

static struct tr_plan_input input(int scans, int64_t bytes)
{
	return (struct tr_plan_input){ .scans = scans, .est_bytes = bytes, .shared = -1 };
}

static void what_fits_the_connections_is_not_loaded_first(void **state)
{
	(void)state;
	struct tr_plan_input in[] = { input(1, 100), input(1, 5) };
	assert_int_equal(tr_plan_preloads(in, 2, 2), 2);
	assert_false(in[0].preload || in[1].preload);
	assert_int_equal(tr_plan_preloads(in, 0, 1), 1);
}

static void smallest_inputs_are_loaded_first_until_the_rest_fits(void **state)
{
	(void)state;
	struct tr_plan_input in[] = { input(1, 100), input(1, 5), input(1, 50) };
	assert_int_equal(tr_plan_preloads(in, 3, 2), 2);
	assert_true(in[1].preload);
	assert_false(in[0].preload || in[2].preload);
	struct tr_plan_input more[] = { input(1, 100), input(1, 5), input(1, 50) };
	assert_int_equal(tr_plan_preloads(more, 3, 1), 1);
	assert_true(more[1].preload && more[2].preload);
	assert_false(more[0].preload);
}

static void input_of_unknown_size_counts_as_large(void **state)
{
	(void)state;
	struct tr_plan_input in[] = { input(1, -1), input(1, 1000000), input(1, -1) };
	assert_int_equal(tr_plan_preloads(in, 3, 2), 2);
	assert_true(in[1].preload);
	assert_false(in[0].preload || in[2].preload);
}

static void table_scanned_twice_needs_two_connections(void **state)
{
	(void)state;
	struct tr_plan_input in[] = { input(3, 1000), input(1, 2000) };
	assert_int_equal(tr_plan_preloads(in, 2, 3), 1);
	assert_true(in[0].preload);
	/* Alone, too: what is loaded is scanned as often as the statement likes. */
	struct tr_plan_input alone[] = { input(2, 1000) };
	assert_int_equal(tr_plan_preloads(alone, 1, 1), 1);
	assert_true(alone[0].preload);
}

static void inputs_that_come_from_disk_need_no_connection(void **state)
{
	(void)state;
	struct tr_plan_input in[] = { input(2, 10), input(1, 1000) };
	in[0].shared = 0;
	assert_int_equal(tr_plan_preloads(in, 2, 1), 1);
	assert_false(in[0].preload || in[1].preload);
}

static void copies_are_split_only_where_it_is_worth_it(void **state)
{
	(void)state;
	assert_int_equal(tr_plan_workers(0, 8, 8, 1024 * MIB), 1);
	assert_int_equal(tr_plan_workers(4095, 8, 8, 1024 * MIB), 1);
	assert_int_equal(tr_plan_workers(3 * 4096, 8, 8, 1024 * MIB), 3);
	assert_int_equal(tr_plan_workers(1000000, 2, 8, 1024 * MIB), 2);
	assert_int_equal(tr_plan_workers(1000000, 8, 4, 1024 * MIB), 4);
	/* Rather fewer workers than a refusal. */
	assert_int_equal(tr_plan_workers(1000000, 8, 8, 64 * MIB), 2);
	assert_int_equal(tr_plan_workers(1000000, 8, 8, 1 * MIB), 1);
}

static void shares_stay_within_the_limit_and_grow_with_it(void **state)
{
	(void)state;
	struct tr_plan_memory last = { 0 };
	for (uint64_t memory = 128 * MIB; memory < 16384 * MIB; memory += 32 * MIB)
		for (int partitioned = 0; partitioned < 2; partitioned++) {
			struct tr_plan_memory m;
			assert_true(tr_plan_memory_of_engine(memory, 0, 4, partitioned, &m));
			assert_true(m.stage >= 16 * MIB && m.stage <= 256 * MIB);
			assert_true(m.engine >= 16 * MIB);
			assert_true((uint64_t)((double)m.engine * 1.6) + m.stage + 40 * MIB <= memory);
			assert_in_range(m.threads, 1, 4);
			if (!partitioned) {
				assert_true(m.engine >= last.engine && m.stage >= last.stage);
				last = m;
			}
		}
	assert_int_equal(last.threads, 4);
	for (int workers = 1; workers < 16; workers++) {
		struct tr_plan_memory m;
		uint64_t least = tr_plan_memory_least(false, 0, workers);
		assert_true(tr_plan_memory_of_copy(least, 0, workers, &m));
		assert_true(m.stage < least && m.stage >= 16 * MIB);
		assert_int_equal(m.engine, 0);
		assert_int_equal(m.threads, 0);
		assert_false(tr_plan_memory_of_copy(least - 1, 0, workers, &m));
	}
}

static void least_memory_of_a_statement_is_known(void **state)
{
	(void)state;
	struct tr_plan_memory m;
	assert_int_equal(tr_plan_memory_least(true, 0, 1), 128 * MIB);
	assert_false(tr_plan_memory_of_engine(128 * MIB - 1, 0, 1, false, &m));
	assert_true(tr_plan_memory_of_engine(128 * MIB, 0, 8, false, &m));
	assert_int_equal(m.threads, 1);
	/* Checks are asked whatever there is: they come when the rest is done. */
	m = tr_plan_memory_of_checks(8 * MIB, 4);
	assert_int_equal(m.engine, 16 * MIB);
	assert_int_equal(m.threads, 1);
	assert_true(tr_plan_memory_of_checks(1024 * MIB, 4).engine > 512 * MIB);
}

static struct tr_config lake_in_s3(uint64_t memory, uint64_t part_size, int uploads)
{
	static char location[] = "s3://acme";
	return (struct tr_config){ .lake.location = location,
		.limits.memory = memory,
		.s3 = { .part_size = part_size, .uploads = uploads } };
}

static void uploads_take_their_part_of_the_memory(void **state)
{
	(void)state;
	struct tr_config c = lake_in_s3(512 * MIB, 8 * MIB, 4);
	assert_int_equal(tr_plan_uploads(&c), 4);
	assert_int_equal(tr_plan_upload_memory(&c, 2), 48 * MIB);
	c = lake_in_s3(256 * MIB, 8 * MIB, 4);
	assert_int_equal(tr_plan_uploads(&c), 3);
	c = lake_in_s3(64 * MIB, 8 * MIB, 4);
	assert_int_equal(tr_plan_uploads(&c), 1);
	c = lake_in_s3(512 * MIB, 256 * MIB, 4);
	assert_int_equal(tr_plan_uploads(&c), 1);
	assert_int_equal(tr_plan_upload_memory(&c, 1), 512 * MIB);
	c.lake.location = (char[]){ "/lake" };
	assert_int_equal(tr_plan_upload_memory(&c, 1), 0);

	struct tr_plan_memory local, s3;
	assert_true(tr_plan_memory_of_copy(512 * MIB, 0, 1, &local));
	assert_true(tr_plan_memory_of_copy(512 * MIB, 40 * MIB, 1, &s3));
	assert_int_equal(local.stage - s3.stage, 40 * MIB);
	assert_false(tr_plan_memory_of_copy(512 * MIB, 512 * MIB, 1, &s3));
	/* A statement in 128 MiB has room for the two parts that it gets. */
	c = lake_in_s3(128 * MIB, 8 * MIB, 4);
	uint64_t uploads = tr_plan_upload_memory(&c, 1);
	assert_int_equal(uploads, 16 * MIB);
	assert_true(tr_plan_memory_of_engine(128 * MIB, uploads, 4, false, &s3));
	assert_true((uint64_t)((double)s3.engine * 1.6) + s3.stage + uploads + 40 * MIB <= 128 * MIB);
	assert_int_equal(tr_plan_memory_least(true, 512 * MIB, 1), 640 * MIB);
	assert_false(tr_plan_memory_of_engine(512 * MIB, 512 * MIB, 4, false, &s3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_the_connections_is_not_loaded_first),
		cmocka_unit_test(smallest_inputs_are_loaded_first_until_the_rest_fits),
		cmocka_unit_test(input_of_unknown_size_counts_as_large),
		cmocka_unit_test(table_scanned_twice_needs_two_connections),
		cmocka_unit_test(inputs_that_come_from_disk_need_no_connection),
		cmocka_unit_test(copies_are_split_only_where_it_is_worth_it),
		cmocka_unit_test(shares_stay_within_the_limit_and_grow_with_it),
		cmocka_unit_test(uploads_take_their_part_of_the_memory),
		cmocka_unit_test(least_memory_of_a_statement_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
