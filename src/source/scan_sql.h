/* The statements of a scan; tr_scan_sql, the COPY itself, is in session.h. */
#ifndef TR_SOURCE_SCAN_SQL_H
#define TR_SOURCE_SCAN_SQL_H

#include "source/session.h"

/* EXPLAIN of the rows. once_more: with the condition a second time, as the CASE of a further
 * column (an int). What parses between parentheses and between WHEN and THEN is one expression;
 * `a) OR (b` is not, which would change what stands around it. */
char *tr_scan_explain_sql(const struct tr_scan *scan, bool once_more, struct tr_err *err) TR_CHECKED;
/* A cursor `tailrace_row` over the same rows in the same order, whose first columns are
 * those of the relation's key (which it must have) as text. */
char *tr_scan_key_sql(const struct tr_scan *scan, struct tr_err *err) TR_CHECKED;

#endif
