#include "streams.h"

#include "run/spool.h"

static struct tr_spool *fill(struct numbers *n, uint64_t limit, const struct tr_cancel *cancel,
	struct tr_err *err)
{
	struct ArrowArrayStream in;
	struct tr_spool *spool = NULL;
	numbers_open(n, &in);
	*err = (struct tr_err){ 0 };
	bool ok = tr_spool_fill(&in, "/tmp", limit, cancel, &spool, err);
	assert_int_equal(ok, spool != NULL);
	assert_int_equal(n->freed, 1);
	return spool;
}

/* Read it all and check every value of the picked columns. */
static void assert_rows(struct tr_spool *spool, const size_t *columns, size_t n, int batches, int rows)
{
	struct ArrowArrayStream out;
	struct tr_err err = { 0 };
	_Atomic uint64_t counted = 0, bytes = 0;
	assert_ok(tr_spool_open(spool, columns, n, &counted, &bytes, &out, &err), err);
	for (int b = 0; b < batches; b++) {
		struct ArrowArray batch = { 0 };
		assert_ok(tr_stream_next(&out, &batch, &err), err);
		assert_int_equal(batch.length, rows);
		assert_int_equal(batch.n_children, n);
		for (size_t c = 0; c < n; c++)
			for (int row = 0; row < rows; row++)
				assert_int_equal(number_at(&batch, c, row),
					b * 1000 + row + (int)columns[c] * 1000000);
		tr_batch_clear(&batch);
	}
	struct ArrowArray batch = { 0 };
	assert_ok(tr_stream_next(&out, &batch, &err), err);
	assert_null(batch.release);
	tr_stream_clear(&out);
	assert_int_equal(counted, batches * rows);
	assert_true(bytes > 0 || batches == 0);
}

static void columns_are_picked_in_any_order(void **state)
{
	(void)state;
	struct tr_err err;
	struct numbers n = { .batches = 5, .rows = 100, .columns = 4 };
	struct tr_spool *spool = fill(&n, 0, NULL, &err);
	assert_ok(spool, err);
	assert_rows(spool, (const size_t[]){ 0, 1, 2, 3 }, 4, 5, 100);
	assert_rows(spool, (const size_t[]){ 3, 1 }, 2, 5, 100);
	assert_rows(spool, (const size_t[]){ 2 }, 1, 5, 100);
	/* No columns: the rows are still counted. */
	assert_rows(spool, NULL, 0, 5, 100);
	tr_spool_free(spool);
}

static void several_readers_go_side_by_side(void **state)
{
	(void)state;
	enum { READERS = 5 };
	struct tr_err err;
	struct numbers n = { .batches = 7, .rows = 10, .columns = 2 };
	struct tr_spool *spool = fill(&n, 0, NULL, &err);
	struct ArrowArrayStream readers[READERS];
	assert_ok(spool, err);
	for (int i = 0; i < READERS; i++)
		assert_ok(tr_spool_open(spool, (const size_t[]){ 1 }, 1, NULL, NULL, &readers[i], &err), err);
	for (int b = 0; b < 7; b++)
		for (int i = 0; i < READERS; i++) {
			struct ArrowArray batch = { 0 };
			assert_ok(tr_stream_next(&readers[i], &batch, &err), err);
			assert_int_equal(number_at(&batch, 0, 9), b * 1000 + 9 + 1000000);
			tr_batch_clear(&batch);
		}
	for (int i = 0; i < READERS; i++) /* some are let go of before their end */
		tr_stream_clear(&readers[i]);
	tr_spool_free(spool);
}

static void spool_of_no_rows_ends_at_once(void **state)
{
	(void)state;
	struct tr_err err;
	struct numbers n = { .columns = 2 };
	struct tr_spool *spool = fill(&n, 0, NULL, &err);
	assert_ok(spool, err);
	assert_rows(spool, (const size_t[]){ 0 }, 1, 0, 0);
	tr_spool_free(spool);
}

static void disk_limit_is_kept(void **state)
{
	(void)state;
	struct tr_err err;
	struct numbers n = { .batches = 1000, .rows = 1000, .columns = 4 };
	assert_null(fill(&n, 1 << 20, NULL, &err));
	assert_true(n.pulled < 100);
	assert_non_null(strstr(err.hint, "limits.disk"));
}

static void error_and_cancel_end_the_filling(void **state)
{
	(void)state;
	struct tr_err err;
	struct tr_cancel cancel;
	struct numbers failing = { .batches = 2, .rows = 1, .columns = 1, .fails = true };
	assert_null(fill(&failing, 0, NULL, &err));
	assert_string_equal(err.what, "the numbers failed");
	assert_ok(tr_cancel_init(&cancel, &err), err);
	tr_cancel_raise(&cancel);
	struct numbers endless = { .batches = 1000000, .rows = 1, .columns = 1 };
	assert_null(fill(&endless, 0, &cancel, &err));
	assert_int_equal(err.kind, TR_ERR_CANCELLED);
	assert_true(endless.pulled < 10);
	tr_cancel_clear(&cancel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_picked_in_any_order),
		cmocka_unit_test(several_readers_go_side_by_side),
		cmocka_unit_test(spool_of_no_rows_ends_at_once),
		cmocka_unit_test(disk_limit_is_kept),
		cmocka_unit_test(error_and_cancel_end_the_filling),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
