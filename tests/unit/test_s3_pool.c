/* Threads that upload: what is in flight is bounded, in bytes and in jobs. */
#include <stdlib.h>

#include "check.h"
#include "io/s3_pool.h"

#define PART ((size_t)1 << 20)
#define LIMIT 3

struct board {
	struct tr_s3_pool pool;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool open; /* jobs may end */
	int running, begun, most;
	size_t bytes, most_bytes;
	int pending;
};

struct job {
	struct tr_s3_job base;
	struct board *board;
};

static void board_open(struct board *b, bool open)
{
	struct tr_err err = { 0 };
	*b = (struct board){ .open = open };
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->changed, NULL);
	assert_ok(tr_s3_pool_init(&b->pool, LIMIT, PART, &err), err);
}

static void board_close(struct board *b)
{
	tr_s3_pool_wait(&b->pool, &b->pending);
	tr_s3_pool_clear(&b->pool);
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->lock);
}

static void run(struct tr_s3_job *base)
{
	struct job *job = (struct job *)base;
	struct board *b = job->board;
	pthread_mutex_lock(&b->lock);
	b->begun++;
	b->bytes += job->base.bytes;
	b->running++;
	b->most = b->running > b->most ? b->running : b->most;
	b->most_bytes = b->bytes > b->most_bytes ? b->bytes : b->most_bytes;
	pthread_cond_broadcast(&b->changed);
	while (!b->open)
		pthread_cond_wait(&b->changed, &b->lock);
	b->running--;
	b->bytes -= job->base.bytes;
	pthread_mutex_unlock(&b->lock);
}

static void submit(struct board *b, struct job *job, size_t bytes)
{
	struct tr_err err = { 0 };
	*job = (struct job){ .base = { .run = run, .pending = &b->pending, .bytes = bytes }, .board = b };
	assert_ok(tr_s3_pool_submit(&b->pool, &job->base, &err), err);
}

/* Until so many run at once; then all may end. */
static void let_go_at(struct board *b, int running)
{
	pthread_mutex_lock(&b->lock);
	while (b->running < running)
		pthread_cond_wait(&b->changed, &b->lock);
	b->open = true;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
}

static void small_jobs_run_beyond_the_limit_of_parts(void **state)
{
	(void)state;
	struct board b;
	struct job jobs[16];
	board_open(&b, false);
	for (int i = 0; i < 16; i++)
		submit(&b, &jobs[i], PART / 16);
	let_go_at(&b, 16);
	board_close(&b);
	assert_int_equal(b.most, 16);
}

static void whole_parts_are_bounded_by_their_bytes(void **state)
{
	(void)state;
	struct board b;
	struct job *jobs = calloc(200, sizeof *jobs);
	assert_non_null(jobs);
	board_open(&b, true);
	for (int i = 0; i < 200; i++)
		submit(&b, &jobs[i], i % 5 == 0 ? PART / 16 : PART);
	board_close(&b);
	free(jobs);
	assert_int_equal(b.begun, 200);
	assert_in_range(b.most_bytes, PART, LIMIT * PART);
}

static void a_job_larger_than_all_room_goes_alone(void **state)
{
	(void)state;
	struct board b;
	struct job jobs[6];
	board_open(&b, true);
	for (int i = 0; i < 6; i++)
		submit(&b, &jobs[i], i % 2 ? 10 * LIMIT * PART : PART / 16);
	board_close(&b);
	assert_int_equal(b.begun, 6);
	assert_in_range(b.most_bytes, 10 * LIMIT * PART, 10 * LIMIT * PART + PART / 16);
}

/* One that waits for those before it, as the end of a multipart upload does, never waits for ever. */
struct last {
	struct job job;
	int own_pending;
};

static void wait_for_others(struct tr_s3_job *base)
{
	struct last *last = (struct last *)base;
	tr_s3_pool_wait(&last->job.board->pool, &last->own_pending);
}

static void a_job_may_wait_for_those_handed_over_before_it(void **state)
{
	(void)state;
	struct board b;
	struct last lasts[40];
	struct job *jobs = calloc(40 * 3, sizeof *jobs);
	assert_non_null(jobs);
	board_open(&b, true);
	for (int i = 0; i < 40; i++) {
		struct tr_err err = { 0 };
		lasts[i] = (struct last){ .job = { .base = { .run = wait_for_others, .pending = &b.pending },
						  .board = &b } };
		for (int k = 0; k < 3; k++) {
			struct job *job = &jobs[i * 3 + k];
			*job = (struct job){
				.base = { .run = run, .pending = &lasts[i].own_pending, .bytes = PART },
				.board = &b
			};
			assert_ok(tr_s3_pool_submit(&b.pool, &job->base, &err), err);
		}
		assert_ok(tr_s3_pool_submit(&b.pool, &lasts[i].job.base, &err), err);
	}
	board_close(&b);
	free(jobs);
	assert_int_equal(b.begun, 120);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_jobs_run_beyond_the_limit_of_parts),
		cmocka_unit_test(whole_parts_are_bounded_by_their_bytes),
		cmocka_unit_test(a_job_larger_than_all_room_goes_alone),
		cmocka_unit_test(a_job_may_wait_for_those_handed_over_before_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
