/* The statements of a scan; tr_scan_sql, the COPY itself, is in session.h. */
#ifndef TR_SOURCE_SCAN_SQL_H
#define TR_SOURCE_SCAN_SQL_H

#include "source/session.h"

/* EXPLAIN of the rows. */
char *tr_scan_explain_sql(const struct tr_scan *scan, struct tr_err *err) TR_CHECKED;
/* A cursor `tailrace_row` over the same rows in the same order, whose first columns are
 * those of the relation's key (which it must have) as text. */
char *tr_scan_key_sql(const struct tr_scan *scan, struct tr_err *err) TR_CHECKED;

#endif
