#include "streams.h"

#include <unistd.h>

#include "run/prefetch.h"

static void batches_come_in_order_and_then_the_end(void **state)
{
	(void)state;
	struct numbers n = { .batches = 20, .rows = 3, .columns = 1 };
	struct ArrowArrayStream in, out;
	struct tr_err err = { 0 };
	numbers_open(&n, &in);
	assert_ok(tr_prefetch(&in, NULL, &out, &err), err);
	for (int i = 0; i < 20; i++) {
		struct ArrowArray batch = { 0 };
		assert_ok(tr_stream_next(&out, &batch, &err), err);
		assert_int_equal(batch.length, 3);
		assert_int_equal(number_at(&batch, 0, 2), i * 1000 + 2);
		tr_batch_clear(&batch);
	}
	for (int i = 0; i < 2; i++) { /* the end stays the end */
		struct ArrowArray batch = { 0 };
		assert_ok(tr_stream_next(&out, &batch, &err), err);
		assert_null(batch.release);
	}
	tr_stream_clear(&out);
	assert_int_equal(n.freed, 1);
}

static void error_comes_whole_behind_the_batches_before_it(void **state)
{
	(void)state;
	struct numbers n = { .batches = 3, .rows = 1, .columns = 1, .fails = true };
	struct ArrowArrayStream in, out;
	struct ArrowArray batch = { 0 };
	struct tr_err err = { 0 };
	numbers_open(&n, &in);
	assert_ok(tr_prefetch(&in, NULL, &out, &err), err);
	for (int i = 0; i < 3; i++) {
		assert_ok(tr_stream_next(&out, &batch, &err), err);
		assert_non_null(batch.release);
		tr_batch_clear(&batch);
	}
	for (int i = 0; i < 2; i++) {
		tr_err_clear(&err);
		assert_false(tr_stream_next(&out, &batch, &err));
		assert_int_equal(err.kind, TR_ERR_DATA);
		assert_string_equal(err.what, "the numbers failed");
		assert_string_equal(err.hint, "count again");
	}
	tr_stream_clear(&out);
	assert_int_equal(n.freed, 1);
}

static void nothing_is_read_before_the_first_pull(void **state)
{
	(void)state;
	struct numbers n = { .batches = 3, .rows = 1, .columns = 1 };
	struct ArrowArrayStream in, out;
	struct tr_err err = { 0 };
	numbers_open(&n, &in);
	assert_ok(tr_prefetch(&in, NULL, &out, &err), err);
	tr_stream_clear(&out);
	assert_int_equal(n.pulled, 0);
	assert_int_equal(n.freed, 1);
}

static void only_a_few_batches_are_read_ahead(void **state)
{
	(void)state;
	struct numbers n = { .batches = 1000, .rows = 1, .columns = 1 };
	struct ArrowArrayStream in, out;
	struct ArrowArray batch = { 0 };
	struct tr_err err = { 0 };
	numbers_open(&n, &in);
	assert_ok(tr_prefetch(&in, NULL, &out, &err), err);
	assert_ok(tr_stream_next(&out, &batch, &err), err);
	/* One handed over, those in the queue, one that waits for room in it. */
	int most = 1 + TR_PREFETCH_BATCHES + 1;
	while (atomic_load(&n.pulled) < most)
		usleep(100);
	usleep(20000);
	assert_int_equal(atomic_load(&n.pulled), most);
	tr_batch_clear(&batch);
	/* Released while its producer waits for room. */
	tr_stream_clear(&out);
	assert_int_equal(n.freed, 1);
}

/* A producer that waits for something else, until it is told to stop. */
struct waiter {
	atomic_bool waiting, stopped;
	bool freed;
};

static bool waiter_next(void *self, struct ArrowArray *out, struct tr_err *err)
{
	struct waiter *w = self;
	struct tr_column c;
	int64_t value = 7;
	if (!atomic_load(&w->waiting)) {
		tr_column_init(&c, (struct tr_type){ .kind = TR_INT64 });
		atomic_store(&w->waiting, true);
		return tr_column_add_fixed(&c, &value, err) && tr_batch_take(&c, 1, 1, out, err);
	}
	while (!atomic_load(&w->stopped))
		usleep(100);
	return tr_err_set(err, TR_ERR_CANCELLED, "stopped");
}

static void waiter_free(void *self)
{
	struct waiter *w = self;
	w->freed = true;
}

static void stop_waiter(void *context)
{
	struct waiter *w = context;
	atomic_store(&w->stopped, true);
}

static void producer_that_waits_elsewhere_is_stopped_at_the_release(void **state)
{
	(void)state;
	static const struct tr_stream_ops ops = { waiter_next, waiter_free };
	struct waiter w = { 0 };
	struct ArrowArrayStream in, out;
	struct ArrowArray batch = { 0 };
	struct tr_err err = { 0 };
	struct tr_schema schema;
	tr_schema_init(&schema);
	assert_ok(tr_schema_add(&schema, "a", (struct tr_type){ .kind = TR_INT64 }, false, NULL, &err), err);
	assert_ok(tr_stream_init(&in, &schema, &ops, &w, &err), err);
	const struct tr_prefetch_stop stop = { stop_waiter, &w };
	assert_ok(tr_prefetch(&in, &stop, &out, &err), err);
	assert_ok(tr_stream_next(&out, &batch, &err), err);
	tr_batch_clear(&batch);
	tr_stream_clear(&out);
	assert_true(w.freed);
	tr_schema_clear(&schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(batches_come_in_order_and_then_the_end),
		cmocka_unit_test(error_comes_whole_behind_the_batches_before_it),
		cmocka_unit_test(nothing_is_read_before_the_first_pull),
		cmocka_unit_test(only_a_few_batches_are_read_ahead),
		cmocka_unit_test(producer_that_waits_elsewhere_is_stopped_at_the_release),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
