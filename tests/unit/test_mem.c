#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/queue.h"

static void buffer_grows_up_to_its_maximum_and_no_further(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_buf b;
	tr_buf_init(&b, 100);
	assert_ok(tr_buf_append(&b, "0123456789", 10, &err), err);
	assert_ok(tr_buf_reserve(&b, 90, &err), err);
	assert_false(tr_buf_reserve(&b, 91, &err));
	assert_string_equal(err.what, "a buffer would pass its maximum of 100 bytes");
	assert_memory_equal(b.data, "0123456789", 10);
	tr_buf_clear(&b);
}

static void text_builder_keeps_its_error_until_asked(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_str s;
	tr_str_init(&s, 8);
	tr_str_add(&s, "1234567");
	assert_ok(tr_str_ok(&s, &err), err);
	tr_str_addc(&s, '8');
	tr_str_add(&s, "9");
	assert_false(tr_str_ok(&s, &err));
	assert_string_equal(s.ptr, "1234567");
	tr_str_clear(&s);
}

static void identifiers_and_literals_double_their_quotes(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_str s;
	tr_str_init(&s, 100);
	tr_str_add_ident(&s, "a\"b");
	tr_str_add_literal(&s, "it's");
	char *text = tr_str_take(&s, &err);
	assert_string_equal(text, "\"a\"\"b\"'it''s'");
	free(text);
}

static void arena_returns_zeroed_memory_after_a_reset(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_arena a;
	tr_arena_init(&a, 1 << 20);
	for (int round = 0; round < 3; round++) {
		for (size_t size = 1; size < 40000; size *= 3) {
			unsigned char *p = tr_arena_alloc(&a, size, &err);
			assert_non_null(p);
			for (size_t i = 0; i < size; i++)
				assert_int_equal(p[i], 0);
			memset(p, 0xAA, size);
		}
		tr_arena_reset(&a);
	}
	assert_null(tr_arena_alloc(&a, (1 << 20) + 1, &err));
	tr_arena_clear(&a);
}

static void budget_never_gives_more_than_its_limit(void **state)
{
	(void)state;
	struct tr_budget b;
	tr_budget_init(&b, 10);
	assert_true(tr_budget_take(&b, 6));
	assert_false(tr_budget_take(&b, 5));
	assert_true(tr_budget_take(&b, 4));
	tr_budget_give(&b, 10);
	assert_true(tr_budget_take(&b, 10));
	assert_false(tr_budget_take(&b, SIZE_MAX));
}

static void first_error_is_kept_and_long_text_is_cut_at_a_character(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	tr_err_set(&err, TR_ERR_DATA, "first");
	tr_err_set(&err, TR_ERR_USER, "second");
	assert_string_equal(err.what, "first");
	assert_int_equal(err.kind, TR_ERR_DATA);
	char text[8];
	tr_copy_text(text, sizeof text, "aaa\xC3\xA4zzzz");
	assert_string_equal(text, "aaa...");
}

static void *produce(void *arg)
{
	for (uintptr_t i = 1; i <= 1000; i++)
		if (!tr_queue_push(arg, (void *)i))
			return NULL;
	tr_queue_close(arg);
	return NULL;
}

static void queue_hands_over_everything_in_order(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_queue q;
	assert_ok(tr_queue_init(&q, 3, NULL, &err), err);
	pthread_t thread;
	pthread_create(&thread, NULL, produce, &q);
	void *item;
	uintptr_t expected = 1;
	while (tr_queue_pop(&q, &item))
		assert_int_equal((uintptr_t)item, expected++);
	assert_int_equal(expected, 1001);
	pthread_join(thread, NULL);
	tr_queue_clear(&q);
}

static void aborted_queue_frees_its_producer(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_queue q;
	assert_ok(tr_queue_init(&q, 2, NULL, &err), err);
	pthread_t thread;
	pthread_create(&thread, NULL, produce, &q);
	void *item;
	assert_true(tr_queue_pop(&q, &item));
	tr_queue_abort(&q);
	pthread_join(thread, NULL);
	assert_false(tr_queue_pop(&q, &item));
	tr_queue_clear(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffer_grows_up_to_its_maximum_and_no_further),
		cmocka_unit_test(text_builder_keeps_its_error_until_asked),
		cmocka_unit_test(identifiers_and_literals_double_their_quotes),
		cmocka_unit_test(arena_returns_zeroed_memory_after_a_reset),
		cmocka_unit_test(budget_never_gives_more_than_its_limit),
		cmocka_unit_test(first_error_is_kept_and_long_text_is_cut_at_a_character),
		cmocka_unit_test(queue_hands_over_everything_in_order),
		cmocka_unit_test(aborted_queue_frees_its_producer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
