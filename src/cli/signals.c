#include "cli/signals.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* A handler has no context argument: this is the one place with state of its own. */
static struct tr_cancel *_Atomic watched;
static atomic_bool insists, terminated;

static void on_signal(int signo)
{
	struct tr_cancel *cancel = atomic_load(&watched);
	if (signo == SIGTERM)
		atomic_store(&terminated, true);
	bool again = cancel && tr_cancel_raised(cancel);
	if (!cancel || (again && (signo == SIGTERM || atomic_load(&insists))))
		_exit(130);
	tr_cancel_raise(cancel);
}

void tr_signals_watch(struct tr_cancel *cancel, bool insist)
{
	atomic_store(&insists, insist);
	atomic_store(&watched, cancel);
}

void tr_signals_start(struct tr_cancel *cancel)
{
	tr_signals_watch(cancel, true);
	struct sigaction action;
	memset(&action, 0, sizeof action);
	sigemptyset(&action.sa_mask);
	action.sa_handler = on_signal; /* no SA_RESTART: a wait for input must end */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

bool tr_signals_terminated(void)
{
	return atomic_load(&terminated);
}
