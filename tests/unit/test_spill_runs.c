#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "lake/spill_runs.h"
#include "random_batch.h"

#define PARTITIONS 3000
#define RUNS 5

/* A segment's content: which run, partition and piece it is. */
struct segment {
	uint32_t run, number, piece;
};

static uint32_t pieces(uint32_t run, uint32_t number)
{
	uint64_t seed = (run + 1) * 7919u + number * 104729u + 1;
	random_next(&seed);
	return (uint32_t)(random_next(&seed) % 3);
}

static void write_runs(struct tr_spill_runs *r)
{
	struct tr_err err = { 0 };
	for (uint32_t run = 0; run < RUNS; run++) {
		for (uint32_t number = 0; number < PARTITIONS; number++) {
			for (uint32_t piece = 0; piece < pieces(run, number); piece++) {
				struct segment s = { run, number, piece };
				assert_ok(tr_spill_runs_add(r, number, &s, sizeof s, &err), err);
			}
		}
		assert_ok(tr_spill_runs_end(r, &err), err);
		assert_ok(tr_spill_runs_end(r, &err), err); /* an empty run is none */
	}
}

static void expect_partition(struct tr_spill_runs *r, uint32_t number, struct tr_spill_list *list)
{
	struct tr_err err = { 0 };
	assert_ok(tr_spill_runs_next(r, number, list, &err), err);
	size_t at = 0;
	for (uint32_t run = 0; run < RUNS; run++) {
		for (uint32_t piece = 0; piece < pieces(run, number); piece++, at++) {
			struct segment s;
			assert_true(at < list->n);
			assert_int_equal(list->items[at].bytes, sizeof s);
			assert_ok(tr_spill_file_read(&r->file, list->items[at].offset, &s, sizeof s, &err),
				err);
			assert_true(s.run == run && s.number == number && s.piece == piece);
		}
	}
	assert_int_equal(list->n, at);
}

static void a_partitions_segments_come_back_oldest_first(void **state)
{
	(void)state;
	/* The cursors hold little, or everything. */
	static const size_t memory[] = { 0, (size_t)1 << 20 };
	for (size_t i = 0; i < 2; i++) {
		struct tr_err err = { 0 };
		struct tr_spill_runs r;
		struct tr_spill_list list = { 0 };
		tr_spill_runs_init(&r, "/tmp", 0);
		write_runs(&r);
		assert_int_equal(r.n, RUNS);
		assert_ok(tr_spill_runs_rewind(&r, memory[i], &err), err);
		for (uint32_t number = 0; number < PARTITIONS; number++)
			expect_partition(&r, number, &list);
		free(list.items);
		tr_spill_runs_clear(&r);
		tr_spill_runs_clear(&r);
	}
}

static void rows_that_would_be_passed_over_are_an_error(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_spill_runs r;
	struct tr_spill_list list = { 0 };
	tr_spill_runs_init(&r, "/tmp", 0);
	assert_ok(tr_spill_runs_add(&r, 3, "x", 1, &err), err);
	assert_ok(tr_spill_runs_end(&r, &err), err);
	assert_ok(tr_spill_runs_rewind(&r, 0, &err), err);
	assert_ok(tr_spill_runs_next(&r, 2, &list, &err), err);
	assert_int_equal(list.n, 0);
	assert_false(tr_spill_runs_next(&r, 4, &list, &err));
	assert_string_equal(err.what, "spilled rows of partition 3 were passed over");
	free(list.items);
	tr_spill_runs_clear(&r);
}

static void nothing_spilled_is_nothing_to_read(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_spill_runs r;
	struct tr_spill_list list = { 0 };
	tr_spill_runs_init(&r, "/nonexistent", 0);
	assert_ok(tr_spill_runs_rewind(&r, 0, &err), err);
	assert_ok(tr_spill_runs_next(&r, 0, &list, &err), err);
	assert_int_equal(list.n, 0);
	tr_spill_runs_clear(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_partitions_segments_come_back_oldest_first),
		cmocka_unit_test(rows_that_would_be_passed_over_are_an_error),
		cmocka_unit_test(nothing_spilled_is_nothing_to_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
