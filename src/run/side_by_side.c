#include "run/side_by_side.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS_MAX 64

struct crew {
	_Atomic size_t next;
	size_t n;
	void (*work)(void *context, size_t i);
	void *context;
};

static void *labour(void *arg)
{
	struct crew *c = arg;
	for (size_t i; (i = atomic_fetch_add(&c->next, 1)) < c->n;)
		c->work(c->context, i);
	return NULL;
}

void tr_side_by_side(size_t n, size_t threads, void (*work)(void *context, size_t i), void *context)
{
	struct crew crew = { .n = n, .work = work, .context = context };
	pthread_t others[THREADS_MAX];
	size_t started = 0;
	while (started + 1 < threads && started + 1 < n && started < THREADS_MAX &&
		pthread_create(&others[started], NULL, labour, &crew) == 0)
		started++;
	labour(&crew);
	while (started > 0)
		pthread_join(others[--started], NULL);
}
