#include "run/prefetch.h"

#include <stdlib.h>

#include "base/queue.h"

struct prefetch {
	struct ArrowArrayStream in;
	struct tr_prefetch_stop stop;
	struct tr_queue queue;
	pthread_t thread;
	bool running;
	struct tr_err err; /* of the producer; read only after the queue is closed */
};

static void drop_batch(void *item)
{
	struct ArrowArray *batch = item;
	tr_batch_clear(batch);
	free(batch);
}

static void *pull(void *arg)
{
	struct prefetch *p = arg;
	for (;;) {
		struct ArrowArray *batch = tr_calloc(1, sizeof *batch, &p->err);
		bool ok = batch && tr_stream_next(&p->in, batch, &p->err);
		if (!ok || !batch->release) {
			free(batch);
			break;
		}
		if (!tr_queue_push(&p->queue, batch)) {
			drop_batch(batch);
			break;
		}
	}
	tr_queue_close(&p->queue);
	return NULL;
}

static bool prefetch_next(void *self, struct ArrowArray *out, struct tr_err *err)
{
	struct prefetch *p = self;
	void *item;
	if (!p->running) {
		if (pthread_create(&p->thread, NULL, pull, p) != 0)
			return tr_err_set(err, TR_ERR_INTERNAL, "a thread could not be started");
		p->running = true;
	}
	if (tr_queue_pop(&p->queue, &item)) {
		struct ArrowArray *batch = item;
		tr_batch_move(out, batch);
		free(batch);
		return true;
	}
	if (p->err.kind == TR_ERR_NONE)
		return true;
	*err = p->err;
	return false;
}

static void prefetch_free(void *self)
{
	struct prefetch *p = self;
	if (p->running) {
		tr_queue_abort(&p->queue);
		if (p->stop.stop)
			p->stop.stop(p->stop.context);
		pthread_join(p->thread, NULL);
	}
	tr_stream_clear(&p->in);
	tr_queue_clear(&p->queue);
	free(p);
}

bool tr_prefetch(struct ArrowArrayStream *in, const struct tr_prefetch_stop *stop,
	struct ArrowArrayStream *out, struct tr_err *err)
{
	static const struct tr_stream_ops ops = { prefetch_next, prefetch_free };
	struct tr_schema schema;
	tr_schema_init(&schema);
	struct prefetch *p = tr_calloc(1, sizeof *p, err);
	bool ok = p && tr_queue_init(&p->queue, TR_PREFETCH_BATCHES, drop_batch, err) &&
		tr_stream_schema(in, &schema, err);
	if (ok) {
		p->in = *in;
		in->release = NULL;
		if (stop)
			p->stop = *stop;
		ok = tr_stream_init(out, &schema, &ops, p, err);
	} else {
		tr_stream_clear(in);
		if (p)
			tr_queue_clear(&p->queue);
		free(p);
	}
	tr_schema_clear(&schema);
	return ok;
}
