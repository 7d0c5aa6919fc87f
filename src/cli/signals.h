/*
 * Signals of the program. SIGINT and SIGTERM raise a cancel, so that whatever runs can
 * end in order; a second one ends the program at once with 130. SIGPIPE is ignored:
 * a closed output shows as an error of writing.
 */
#ifndef TR_CLI_SIGNALS_H
#define TR_CLI_SIGNALS_H

#include "base/cancel.h"

/* Install the handlers; `cancel` is raised by them until tr_signals_watch says otherwise. */
void tr_signals_start(struct tr_cancel *cancel);
/* Which cancel signals raise from now on. `insist` false: a second SIGINT does not end
 * the program (the prompt); SIGTERM always does. */
void tr_signals_watch(struct tr_cancel *cancel, bool insist);

/* Has SIGTERM come? */
bool tr_signals_terminated(void);

#endif
