/*
 * Turning libpq's failures into ours: kind, hint, and no secret. The inside of pg.c.
 * SQLSTATEs: PostgreSQL documentation, appendix A.
 */
#ifndef TR_IO_PG_ERROR_H
#define TR_IO_PG_ERROR_H

#include <libpq-fe.h>

#include "base/err.h"

/* The connection string cannot be parsed. libpq's own text may quote a part of it, so it
 * is never shown. */
bool tr_pg_err_conninfo(const char *conninfo, struct tr_err *err);
/* Does it look like a URL although libpq would take it for a database's name? */
bool tr_pg_is_mistyped_url(const char *conninfo);
/* No connection. `conn` was told PQERRORS_VERBOSE before it connected, so that the
 * SQLSTATE stands in the text whatever the server's language is. */
bool tr_pg_err_connect(PGconn *conn, const char *where, struct tr_err *err);
/* The server refused a statement. */
bool tr_pg_err_result(const PGresult *r, struct tr_err *err);
/* The connection broke: `during` says what was going on, "while reading rows". */
bool tr_pg_err_lost(PGconn *conn, const char *where, const char *during, struct tr_err *err);

#endif
