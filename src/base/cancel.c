#include "base/cancel.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool tr_cancel_init(struct tr_cancel *c, struct tr_err *err)
{
	atomic_init(&c->raised, false);
	c->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->fd < 0)
		return tr_err_errno(err, errno, "an event descriptor could not be opened");
	return true;
}

void tr_cancel_clear(struct tr_cancel *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

void tr_cancel_raise(struct tr_cancel *c)
{
	int saved = errno;
	uint64_t one = 1;
	atomic_store(&c->raised, true);
	ssize_t n = write(c->fd, &one, sizeof one);
	(void)n; /* a full counter is readable already */
	errno = saved;
}

void tr_cancel_reset(struct tr_cancel *c)
{
	uint64_t count;
	atomic_store(&c->raised, false);
	ssize_t n = read(c->fd, &count, sizeof count);
	(void)n; /* an empty counter is what is wanted */
}

bool tr_cancel_raised(const struct tr_cancel *c)
{
	return c && atomic_load(&c->raised);
}

int tr_cancel_fd(const struct tr_cancel *c)
{
	return c ? c->fd : -1;
}

bool tr_cancel_err(struct tr_err *err)
{
	return tr_err_set(err, TR_ERR_CANCELLED, "interrupted");
}
