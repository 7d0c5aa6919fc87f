/* Connections of a session, as scans use them. The inside of session.h. */
#ifndef TR_SOURCE_SESSION_POOL_H
#define TR_SOURCE_SESSION_POOL_H

#include "source/session.h"
#include "source/throttle.h"

/* A connection in its transaction on the session's snapshot; waits for one where all are
 * in use. Give it back whatever happened. */
bool tr_session_take(struct tr_session *s, struct tr_pg **out, struct tr_err *err) TR_CHECKED;
/* Back to the pool; a broken connection is closed (the keeper's stays, so that the next
 * one who takes it hears that the snapshot is lost). */
void tr_session_give(struct tr_session *s, struct tr_pg *pg);
struct tr_throttle *tr_session_throttle(struct tr_session *s);
const struct tr_cancel *tr_session_cancel(const struct tr_session *s);

#endif
