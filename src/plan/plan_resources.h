/*
 * What a dataset's share of the limits is: connections, workers, memory. Pure functions of
 * the limits and what was estimated.
 */
#ifndef TR_PLAN_PLAN_RESOURCES_H
#define TR_PLAN_PLAN_RESOURCES_H

#include "plan/plan.h"

/* Mark the inputs to load before the statement, so that the scans left take at most so many
 * connections: the smallest first, those of unknown size last. Returns how many the
 * statement then needs at once, at least one. */
int tr_plan_preloads(struct tr_plan_input *inputs, size_t n, int connections);

/* Into how many page ranges a straight copy of that many pages is worth splitting. */
int tr_plan_workers(int64_t pages, int connections, int threads, uint64_t memory);

/* Shares of limits.memory. */
struct tr_plan_memory {
	size_t engine, stage; /* engine: of the statement; 0 for a straight copy or a bare C transform */
	int threads;          /* of the engine, at most as many as were asked for */
};
/* `uploads`: what the store's parts in flight take of it, tr_plan_upload_memory. */
bool tr_plan_memory_of_copy(uint64_t memory, uint64_t uploads, int workers, struct tr_plan_memory *out);
bool tr_plan_memory_of_engine(uint64_t memory, uint64_t uploads, int threads, bool partitioned,
	struct tr_plan_memory *out);
/* The engine that asks the checks, once everything is staged. */
struct tr_plan_memory tr_plan_memory_of_checks(uint64_t memory, int threads);
/* The least limits.memory with which the two above succeed. */
uint64_t tr_plan_memory_least(bool engine, uint64_t uploads, int workers);

/* Parts that a lake in S3 has in flight at once: s3.uploads, or fewer where they would take more
 * than an eighth of limits.memory, but one. */
int tr_plan_uploads(const struct tr_config *config);
/* What these take, and the part that each worker fills; 0 for a local lake. */
uint64_t tr_plan_upload_memory(const struct tr_config *config, int workers);

#endif
