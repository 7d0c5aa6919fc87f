/*
 * A program that embeds a whole pipeline, with the public header only:
 * embed CONFIG SQL runs every dataset, then prints the rows of a query of one bigint column.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tailrace.h"

static void hear(void *context, const struct tr_event *event)
{
	/* Datasets that are made side by side tell of it from several threads. */
	atomic_int *done = context;
	if (event->kind == TR_EVENT_DONE)
		atomic_fetch_add(done, 1);
}

static int fail(const struct tr_pipeline *p, const struct tr_err *err)
{
	size_t n;
	const struct tr_err *mistakes = tr_pipeline_mistakes(p, &n);
	for (size_t i = 0; i < n; i++)
		printf("mistake %s (%s:%d)\n", mistakes[i].what, mistakes[i].place.file,
			mistakes[i].place.line);
	printf("error %d %s\n", (int)err->kind, err->what);
	return 1;
}

static void print_column(struct ArrowArrayStream *stream)
{
	struct ArrowArray batch = { 0 };
	while (stream->get_next(stream, &batch) == 0 && batch.release) {
		const int64_t *values = batch.children[0]->buffers[1];
		for (int64_t i = 0; i < batch.length; i++)
			printf("row %" PRId64 "\n", values[batch.children[0]->offset + i]);
		batch.release(&batch);
	}
	stream->release(stream);
}

int main(int argc, char **argv)
{
	atomic_int done = 0;
	struct tr_err err = { 0 };
	struct tr_pipeline *p = NULL;
	const struct tr_pipeline_options options = { .config_path = argv[1], .events = { hear, &done } };
	struct ArrowArrayStream stream;
	size_t n;
	if (argc != 3)
		return 2;
	int code = 0;
	if (!tr_pipeline_open(&options, &p, &err) || !tr_pipeline_check(p, NULL, 0, &err) ||
		!tr_pipeline_run(p, NULL, 0, &err) || !tr_pipeline_query(p, argv[2], &stream, &err))
		code = fail(p, &err);
	else
		print_column(&stream);
	const struct tr_outcome *outcomes = tr_pipeline_outcomes(p, &n);
	for (size_t i = 0; i < n; i++)
		printf("dataset %s %d version %" PRIu64 " rows %" PRIu64 "\n", outcomes[i].dataset,
			outcomes[i].published, outcomes[i].version, outcomes[i].rows);
	printf("done events %d, tailrace %s\n", done, tr_version());
	tr_pipeline_free(p);
	return code;
}
