/* Naming the row that a scan failed at. */
#ifndef TR_SOURCE_SCAN_ROW_H
#define TR_SOURCE_SCAN_ROW_H

#include "source/session.h"

/* Text such as `order_id=7, line=2`. */
#define TR_SCAN_ROW_TEXT 256

/* From the failed row's own bytes, which `decoder` still has; false where the scan does
 * not have all columns of a key. */
bool tr_scan_row_from_bytes(const struct tr_scan *scan, const struct tr_pgcopy *decoder,
	char *buf) TR_CHECKED;
/* Ask for the key of the scan's row with this index (from 0), on the same snapshot: `pg` is
 * idle in its transaction, which may have failed afterwards. False: no key, or no answer. */
bool tr_scan_row_by_number(const struct tr_scan *scan, struct tr_pg *pg, int64_t row, char *buf) TR_CHECKED;

#endif
