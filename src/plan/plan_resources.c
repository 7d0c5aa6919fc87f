#include "plan/plan_resources.h"

#define MIB ((uint64_t)1 << 20)
/* The program itself, its libraries and the engine's fixed part (measured: docs,
 * "Memory"); an engine uses up to 1.6 times the limit it is given. */
#define FIXED_MEMORY (40 * MIB)
#define COPY_FIXED_MEMORY (24 * MIB)
#define ENGINE_OVERSHOOT 1.6
#define ENGINE_LEAST (16 * MIB)
/* A thread of the engine that sorts or joins keeps so much even where it spills. */
#define ENGINE_THREAD (32 * MIB)
#define SQL_MEMORY_MIN (128 * MIB)
#define BATCHES_MEMORY (12 * MIB)
#define STAGE_LEAST (16 * MIB)
#define STAGE_MOST (256 * MIB)
/* The part of limits.memory for uploads to S3. */
#define UPLOADS_PART 8
#define PAGES_PER_WORKER 4096

/* ---- connections ---- */

/* Scans of an input that take a connection each: one that is read once for several
 * datasets comes from disk. */
static int connections_of(const struct tr_plan_input *in)
{
	return in->shared >= 0 || in->preload ? 0 : in->scans;
}

static bool is_smaller(const struct tr_plan_input *a, const struct tr_plan_input *b)
{
	return a->est_bytes >= 0 && (b->est_bytes < 0 || a->est_bytes < b->est_bytes);
}

int tr_plan_preloads(struct tr_plan_input *inputs, size_t n, int connections)
{
	int scans = 0;
	for (size_t i = 0; i < n; i++)
		scans += connections_of(&inputs[i]);
	while (scans > connections) {
		struct tr_plan_input *smallest = NULL;
		for (size_t i = 0; i < n; i++)
			if (connections_of(&inputs[i]) && (!smallest || is_smaller(&inputs[i], smallest)))
				smallest = &inputs[i];
		scans -= smallest->scans;
		smallest->preload = true;
	}
	return scans > 0 ? scans : 1;
}

int tr_plan_workers(int64_t pages, int connections, int threads, uint64_t memory)
{
	int64_t workers = pages / PAGES_PER_WORKER;
	if (workers > connections)
		workers = connections;
	if (workers > threads)
		workers = threads;
	while (workers > 1 && memory < tr_plan_memory_least(false, 0, (int)workers))
		workers--;
	return workers < 1 ? 1 : (int)workers;
}

/* ---- memory ---- */

/* With the few parts that the least share pays for, a statement stays at its minimum. */
uint64_t tr_plan_memory_least(bool engine, uint64_t uploads, int workers)
{
	if (!engine)
		return COPY_FIXED_MEMORY + BATCHES_MEMORY * (uint64_t)workers + STAGE_LEAST + uploads;
	return uploads <= SQL_MEMORY_MIN / UPLOADS_PART ? SQL_MEMORY_MIN : SQL_MEMORY_MIN + uploads;
}

static size_t engine_share(uint64_t left)
{
	uint64_t share = (uint64_t)((double)left / ENGINE_OVERSHOOT);
	return (size_t)(share < ENGINE_LEAST ? ENGINE_LEAST : share);
}

static int engine_threads(size_t memory, int threads)
{
	size_t most = memory / ENGINE_THREAD;
	return most < 1 ? 1 : most < (size_t)threads ? (int)most : threads;
}

bool tr_plan_memory_of_copy(uint64_t memory, uint64_t uploads, int workers, struct tr_plan_memory *out)
{
	if (memory < tr_plan_memory_least(false, uploads, workers))
		return false;
	*out = (struct tr_plan_memory){ .stage = (size_t)(memory - uploads - COPY_FIXED_MEMORY -
						BATCHES_MEMORY * (uint64_t)workers) };
	return true;
}

/* The engine spills what it is not given; the encoder gives dictionaries up and makes smaller
 * row groups, which costs every reader, and itself the most: at 16 MiB, 100,000 names no
 * longer fit a dictionary, and the join of the benchmark took 2.5 times the time. */
bool tr_plan_memory_of_engine(uint64_t memory, uint64_t uploads, int threads, bool partitioned,
	struct tr_plan_memory *out)
{
	if (memory < tr_plan_memory_least(true, uploads, 1))
		return false;
	uint64_t stage = partitioned ? memory / 3 : memory / 4;
	if (stage > STAGE_MOST)
		stage = STAGE_MOST;
	uint64_t taken = FIXED_MEMORY + BATCHES_MEMORY + stage + uploads;
	out->stage = (size_t)stage;
	out->engine = engine_share(memory > taken ? memory - taken : 0);
	out->threads = engine_threads(out->engine, threads);
	return true;
}

int tr_plan_uploads(const struct tr_config *config)
{
	uint64_t parts = config->limits.memory / UPLOADS_PART / config->s3.part_size;
	if (parts < 3) /* one of them is being filled */
		return 1;
	return parts - 1 < (uint64_t)config->s3.uploads ? (int)parts - 1 : config->s3.uploads;
}

uint64_t tr_plan_upload_memory(const struct tr_config *config, int workers)
{
	return tr_config_is_s3(config) ? config->s3.part_size * (uint64_t)(tr_plan_uploads(config) + workers)
				       : 0;
}

struct tr_plan_memory tr_plan_memory_of_checks(uint64_t memory, int threads)
{
	size_t engine = engine_share(memory > FIXED_MEMORY ? memory - FIXED_MEMORY : 0);
	return (struct tr_plan_memory){ .engine = engine, .threads = engine_threads(engine, threads) };
}
