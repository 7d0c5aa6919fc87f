/* The parts of the S3 store that ask nobody; the rest is tested against servers, end to end. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "io/s3.h"

static void a_location_is_taken_apart(void **state)
{
	(void)state;
	static const struct {
		const char *location, *bucket, *prefix;
	} good[] = {
		{ "s3://acme-lake", "acme-lake", "" },
		{ "s3://acme-lake/", "acme-lake", "" },
		{ "s3://acme-lake/prod", "acme-lake", "prod" },
		{ "s3://acme.lake/a/b=c//", "acme.lake", "a/b=c" },
		{ "s3://Old_Bucket/x", "Old_Bucket", "x" },
	};
	char bucket[64], prefix[TR_KEY_MAX];
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct tr_err err = { 0 };
		assert_ok(tr_s3_location(good[i].location, bucket, prefix, &err), err);
		assert_string_equal(bucket, good[i].bucket);
		assert_string_equal(prefix, good[i].prefix);
	}
}

static void a_location_that_is_none_is_explained(void **state)
{
	(void)state;
	char bucket[64], prefix[TR_KEY_MAX], longest[800] = "s3://bucket/";
	for (size_t i = 12; i < 700; i++)
		longest[i] = i % 200 == 0 ? '/' : 'x';
	static const struct {
		const char *location, *what;
	} bad[] = {
		{ "", "s3://" },
		{ "s3:/bucket", "s3://" },
		{ "S3://bucket", "s3://" },
		{ "https://bucket", "s3://" },
		{ "s3://", "bucket's name" },
		{ "s3:///prefix", "bucket's name" },
		{ "s3://ab", "bucket's name" },
		{ "s3://-ab", "bucket's name" },
		{ "s3://a b c", "bucket's name" },
		{ "s3://user@host", "bucket's name" },
		{ "s3://0123456789012345678901234567890123456789012345678901234567890123", "bucket's name" },
		{ "s3://bucket/a//b", "part" },
		{ "s3://bucket/../b", "part" },
		{ "s3://bucket/a/./b", "part" },
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct tr_err err = { 0 };
		if (tr_s3_location(bad[i].location, bucket, prefix, &err))
			fail_msg("taken for a location: %s", bad[i].location);
		assert_int_equal(err.kind, TR_ERR_USER);
		assert_non_null(strstr(err.what, bad[i].what));
		assert_string_equal(err.hint, "write it as s3://bucket/prefix");
	}
	struct tr_err err = { 0 };
	assert_false(tr_s3_location(longest, bucket, prefix, &err));
	assert_non_null(strstr(err.what, "too long"));
}

static void a_bucket_is_part_of_the_host_where_that_can_be_a_name(void **state)
{
	(void)state;
	static const struct {
		const char *endpoint, *bucket;
		bool path_style;
		const char *base, *path;
	} cases[] = {
		{ "https://s3.eu-west-1.amazonaws.com", "lake", false,
			"https://lake.s3.eu-west-1.amazonaws.com", "/" },
		{ "https://s3.eu-west-1.amazonaws.com", "lake", true, "https://s3.eu-west-1.amazonaws.com",
			"/lake/" },
		{ "https://s3.eu-west-1.amazonaws.com", "acme.lake", false,
			"https://s3.eu-west-1.amazonaws.com", "/acme.lake/" },
		{ "https://s3.amazonaws.com:8443", "lake", false, "https://lake.s3.amazonaws.com:8443", "/" },
		{ "http://127.0.0.1:9000", "lake", false, "http://127.0.0.1:9000", "/lake/" },
		{ "http://[::1]:9000", "lake", false, "http://[::1]:9000", "/lake/" },
		{ "http://localhost:9000", "lake", false, "http://localhost:9000", "/lake/" },
		{ "http://minio", "lake", false, "http://minio", "/lake/" },
		{ "https://gateway.example.com/s3/", "lake", true, "https://gateway.example.com",
			"/s3/lake/" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct tr_str base, path;
		tr_str_init(&base, 1000);
		tr_str_init(&path, 1000);
		assert_true(
			tr_s3_address(cases[i].endpoint, cases[i].bucket, cases[i].path_style, &base, &path));
		assert_string_equal(base.ptr, cases[i].base);
		assert_string_equal(path.ptr, cases[i].path);
		tr_str_clear(&base);
		tr_str_clear(&path);
	}
}

static void ten_thousand_parts_hold_the_largest_object(void **state)
{
	(void)state;
	uint64_t sum = 0, before = 0;
	for (int i = 1; i <= 10000; i++) {
		uint64_t size = tr_s3_part_size(8 << 20, i);
		assert_true(size >= before && size <= UINT64_C(5) << 30);
		sum += size;
		before = size;
	}
	assert_true(sum >= UINT64_C(5) << 40);
	/* A file of the usual size never sees a larger part. */
	assert_true(tr_s3_part_size(8 << 20, 64) == 8 << 20);
	assert_true(tr_s3_part_size(UINT64_C(1) << 30, 10000) == UINT64_C(5) << 30);
}

static void an_unfinished_upload_has_a_key_that_leads_back_to_it(void **state)
{
	(void)state;
	static const struct {
		const char *key, *id, *upload_key;
	} cases[] = {
		{ "orders/run/k=1/part-0.parquet", "abc", "orders/run/k=1/.tmp-part-0.parquet?abc" },
		{ "x", "a/b?c%", ".tmp-x?a%2Fb%3Fc%25" },
		{ "d/what?", "2~Uq.-_", "d/.tmp-what??2~Uq.-_" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct tr_err err = { 0 };
		char *key, *id, *text = tr_s3_upload_key(cases[i].key, cases[i].id, &err);
		assert_string_equal(text, cases[i].upload_key);
		assert_true(tr_s3_upload_of(text, &key, &id, &err));
		assert_string_equal(key, cases[i].key);
		assert_string_equal(id, cases[i].id);
		free(text);
		free(key);
		free(id);
	}
	static const char *const others[] = { "a/b", "a/.tmp-b", "a?b/.tmp-c", "a/b?c", "" };
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		struct tr_err err = { 0 };
		char *key, *id;
		assert_false(tr_s3_upload_of(others[i], &key, &id, &err));
		assert_int_equal(err.kind, TR_ERR_NONE);
	}
}

/* ---- the threads ---- */

struct work {
	struct tr_s3_job job;
	struct tr_s3_pool *pool;
	_Atomic int *running, *most;
};

static void run(struct tr_s3_job *job)
{
	struct work *w = (struct work *)job;
	int now = atomic_fetch_add(w->running, 1) + 1, most = atomic_load(w->most);
	while (now > most && !atomic_compare_exchange_weak(w->most, &most, now))
		;
	atomic_fetch_sub(w->running, 1);
	free(w);
}

static void no_more_jobs_are_in_flight_than_allowed_and_all_are_done(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_s3_pool pool;
	_Atomic int running = 0, most = 0;
	int pending = 0, other = 0;
	assert_ok(tr_s3_pool_init(&pool, 3, 1 << 20, &err), err);
	assert_int_equal(pool.n_threads, 0);
	for (int i = 0; i < 200; i++) {
		struct work *w = calloc(1, sizeof *w);
		*w = (struct work){
			.job = { .run = run, .pending = i % 2 ? &pending : &other, .bytes = 1 << 20 },
			.pool = &pool,
			.running = &running,
			.most = &most
		};
		assert_ok(tr_s3_pool_submit(&pool, &w->job, &err), err);
	}
	tr_s3_pool_wait(&pool, &pending);
	tr_s3_pool_wait(&pool, &other);
	assert_int_equal(running, 0);
	assert_in_range(most, 1, 3);
	assert_in_range(pool.n_threads, 1, 3);
	tr_s3_pool_clear(&pool);
}

static void buffers_grow_and_full_ones_are_used_again_while_sinks_are_open(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_s3_pool pool;
	struct tr_s3_buffer b = { 0 }, other = { 0 };
	const size_t full = 1 << 20;
	assert_ok(tr_s3_pool_init(&pool, 2, full, &err), err);
	tr_s3_pool_enter(&pool);
	assert_ok(tr_s3_buffer_reserve(&pool, &b, 10, full, &err), err);
	assert_in_range(b.cap, 10, full / 2);
	memcpy(b.bytes, "0123456789", 10);
	b.n = 10;
	assert_ok(tr_s3_buffer_reserve(&pool, &b, full, full, &err), err);
	assert_int_equal(b.cap, full);
	assert_memory_equal(b.bytes, "0123456789", 10);
	tr_s3_buffer_release(&pool, &b);
	assert_null(b.bytes);
	assert_int_equal(pool.n_spare, 1);
	assert_ok(tr_s3_buffer_reserve(&pool, &other, 1, full, &err), err);
	assert_int_equal(other.cap, full);
	assert_int_equal(other.n, 0);
	assert_int_equal(pool.n_spare, 0);
	tr_s3_buffer_release(&pool, &other);
	tr_s3_pool_leave(&pool);
	assert_int_equal(pool.n_spare, 0);
	tr_s3_pool_clear(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_location_is_taken_apart),
		cmocka_unit_test(a_location_that_is_none_is_explained),
		cmocka_unit_test(a_bucket_is_part_of_the_host_where_that_can_be_a_name),
		cmocka_unit_test(ten_thousand_parts_hold_the_largest_object),
		cmocka_unit_test(an_unfinished_upload_has_a_key_that_leads_back_to_it),
		cmocka_unit_test(no_more_jobs_are_in_flight_than_allowed_and_all_are_done),
		cmocka_unit_test(buffers_grow_and_full_ones_are_used_again_while_sinks_are_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
