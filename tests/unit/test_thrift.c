#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "fmt/thrift.h"

static void write_sample(struct tr_thrift_out *o)
{
	tr_thrift_begin(o);
	tr_thrift_i32(o, 1, -1);
	tr_thrift_i64(o, 2, INT64_MIN);
	tr_thrift_bool(o, 3, true);
	tr_thrift_bool(o, 40, false); /* further than a short head reaches */
	tr_thrift_string(o, 41, "name");
	tr_thrift_struct(o, 42);
	tr_thrift_i8(o, 1, -5);
	tr_thrift_i16(o, 2, INT16_MAX);
	tr_thrift_end(o);
	tr_thrift_list(o, 43, TR_THRIFT_I64, 20);
	for (int64_t i = 0; i < 20; i++)
		tr_thrift_element_int(o, i * i * i * -1000);
	tr_thrift_list(o, 44, TR_THRIFT_TRUE, 2);
	tr_thrift_element_bool(o, true);
	tr_thrift_element_bool(o, false);
	tr_thrift_list(o, 45, TR_THRIFT_BINARY, 1);
	tr_thrift_element_binary(o, "ab", 2);
	tr_thrift_end(o);
}

/* The sample's bytes, to be cleared. */
static struct tr_buf sample(void)
{
	struct tr_err err = { 0 };
	struct tr_buf buf;
	struct tr_thrift_out o;
	tr_buf_init(&buf, 4096);
	tr_thrift_out_init(&o, &buf);
	write_sample(&o);
	assert_ok(tr_thrift_ok(&o, &err), err);
	return buf;
}

static void what_is_written_reads_back(void **state)
{
	(void)state;
	struct tr_buf buf = sample();
	struct tr_thrift_in in;
	struct tr_thrift_field f;
	size_t n;
	int fields = 0;
	tr_thrift_in_init(&in, buf.data, buf.len);
	tr_thrift_enter(&in);
	for (; tr_thrift_next(&in, &f); fields++) {
		switch (f.id) {
		case 1: assert_int_equal(tr_thrift_get_int(&in, &f), -1); break;
		case 2: assert_true(tr_thrift_get_int(&in, &f) == INT64_MIN); break;
		case 3: assert_true(tr_thrift_get_bool(&in, &f)); break;
		case 40: assert_false(tr_thrift_get_bool(&in, &f)); break;
		case 41:
			assert_memory_equal(tr_thrift_get_binary(&in, &f, &n), "name", 4);
			assert_int_equal(n, 4);
			break;
		case 42:
			tr_thrift_get_struct(&in, &f);
			assert_true(tr_thrift_next(&in, &f));
			assert_int_equal(tr_thrift_get_int(&in, &f), -5);
			assert_true(tr_thrift_next(&in, &f));
			assert_int_equal(tr_thrift_get_int(&in, &f), INT16_MAX);
			assert_false(tr_thrift_next(&in, &f));
			break;
		case 43:
			assert_int_equal(tr_thrift_get_list(&in, &f, TR_THRIFT_I64), 20);
			for (int64_t i = 0; i < 20; i++)
				assert_int_equal(tr_thrift_get_element_int(&in), i * i * i * -1000);
			break;
		case 44:
			assert_int_equal(tr_thrift_get_list(&in, &f, TR_THRIFT_TRUE), 2);
			assert_true(tr_thrift_get_element_bool(&in));
			assert_false(tr_thrift_get_element_bool(&in));
			break;
		case 45:
			assert_int_equal(tr_thrift_get_list(&in, &f, TR_THRIFT_BINARY), 1);
			assert_memory_equal(tr_thrift_get_element_binary(&in, &n), "ab", 2);
			break;
		default: fail_msg("field %d", f.id);
		}
	}
	assert_null(in.why);
	assert_int_equal(fields, 9);
	assert_ptr_equal(in.p, in.end);
	tr_buf_clear(&buf);
}

/* Skip every field of a message; true if it was whole. */
static bool skip_all(const void *bytes, size_t n)
{
	struct tr_thrift_in in;
	struct tr_thrift_field f;
	tr_thrift_in_init(&in, bytes, n);
	tr_thrift_enter(&in);
	while (tr_thrift_next(&in, &f))
		tr_thrift_skip(&in, &f);
	return !in.why && in.p == in.end;
}

static void unknown_fields_are_skipped_and_every_cut_is_noticed(void **state)
{
	(void)state;
	struct tr_buf buf = sample();
	assert_true(skip_all(buf.data, buf.len));
	for (size_t n = 0; n < buf.len; n++) {
		/* A copy of exactly that size, so that a sanitizer sees a byte too many. */
		uint8_t *cut = malloc(n ? n : 1);
		assert_non_null(cut);
		memcpy(cut, buf.data, n);
		assert_false(skip_all(cut, n));
		free(cut);
	}
	tr_buf_clear(&buf);
}

static void maps_doubles_and_sets_are_skipped(void **state)
{
	(void)state;
	static const uint8_t map[] = { 0x1b, 2, 0x85, 1, 'a', 4, 1, 'b', 6, 0 };
	assert_true(skip_all(map, sizeof map));
	static const uint8_t empty_map[] = { 0x1b, 0, 0 };
	assert_true(skip_all(empty_map, sizeof empty_map));
	static const uint8_t dbl[] = { 0x17, 1, 2, 3, 4, 5, 6, 7, 8, 0 };
	assert_true(skip_all(dbl, sizeof dbl));
	static const uint8_t set[] = { 0x1a, 0x23, 7, 8, 0 };
	assert_true(skip_all(set, sizeof set));
	static const uint8_t bools[] = { 0x19, 0x21, 1, 2, 0 };
	assert_true(skip_all(bools, sizeof bools));
}

static void lies_about_lengths_are_refused(void **state)
{
	(void)state;
	static const uint8_t text[] = { 0x18, 0xff, 0xff, 0xff, 0xff, 0x0f, 'a', 0 };
	assert_false(skip_all(text, sizeof text));
	static const uint8_t list[] = { 0x19, 0xf5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
		0 };
	assert_false(skip_all(list, sizeof list));
	static const uint8_t varint[] = { 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
		0 };
	assert_false(skip_all(varint, sizeof varint));
	static const uint8_t no_type[] = { 0x1f, 0, 0 };
	assert_false(skip_all(no_type, sizeof no_type));
	static const uint8_t id[] = { 0x05, 0xff, 0xff, 0xff, 0x7f, 1, 0 };
	assert_false(skip_all(id, sizeof id));
}

static void deep_nesting_is_refused_without_recursing(void **state)
{
	(void)state;
	uint8_t structs[100000], lists[100000];
	memset(structs, 0x1c, sizeof structs);
	assert_false(skip_all(structs, sizeof structs));
	memset(lists, 0x19, sizeof lists);
	assert_false(skip_all(lists, sizeof lists));
}

static void a_field_of_another_type_fails_and_stays_failed(void **state)
{
	(void)state;
	static const uint8_t bytes[] = { 0x15, 2, 0x15, 4, 0 };
	struct tr_thrift_in in;
	struct tr_thrift_field f;
	size_t n;
	tr_thrift_in_init(&in, bytes, sizeof bytes);
	tr_thrift_enter(&in);
	assert_true(tr_thrift_next(&in, &f));
	tr_thrift_get_binary(&in, &f, &n);
	assert_int_equal(n, 0);
	assert_non_null(in.why);
	assert_false(tr_thrift_next(&in, &f));
	assert_int_equal(tr_thrift_get_element_int(&in), 0);
}

static void the_writer_reports_its_first_failure(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_buf buf;
	tr_buf_init(&buf, 8);
	struct tr_thrift_out o;
	tr_thrift_out_init(&o, &buf);
	write_sample(&o);
	assert_false(tr_thrift_ok(&o, &err));
	assert_int_equal(err.kind, TR_ERR_INTERNAL);
	assert_non_null(strstr(err.what, "maximum of 8 bytes"));
	tr_buf_clear(&buf);

	tr_buf_init(&buf, 4096);
	tr_thrift_out_init(&o, &buf);
	for (int i = 0; i <= TR_THRIFT_DEPTH; i++)
		tr_thrift_begin(&o);
	err = (struct tr_err){ 0 };
	assert_false(tr_thrift_ok(&o, &err));
	assert_non_null(strstr(err.what, "nested"));
	tr_buf_clear(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_reads_back),
		cmocka_unit_test(unknown_fields_are_skipped_and_every_cut_is_noticed),
		cmocka_unit_test(maps_doubles_and_sets_are_skipped),
		cmocka_unit_test(lies_about_lengths_are_refused),
		cmocka_unit_test(deep_nesting_is_refused_without_recursing),
		cmocka_unit_test(a_field_of_another_type_fails_and_stays_failed),
		cmocka_unit_test(the_writer_reports_its_first_failure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
