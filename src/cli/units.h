/* Numbers as people read them. Buffers have TR_UNITS_TEXT bytes; each returns its buffer. */
#ifndef TR_CLI_UNITS_H
#define TR_CLI_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#define TR_UNITS_TEXT 40

const char *tr_units_count(int64_t n, char *buf);        /* `1,234,567` */
const char *tr_units_bytes(uint64_t bytes, char *buf);   /* `12.3 MB`, powers of 1000 */
const char *tr_units_memory(uint64_t bytes, char *buf);  /* `512 MiB`, as limits are written */
const char *tr_units_seconds(double seconds, char *buf); /* `0.42 s`, `3 min 20 s`, `2 h 5 min` */
/* Read `10GB`, `512 MiB`, `1.5TB`, also without a unit (bytes); false: it is no size above 0. */
bool tr_units_parse_bytes(const char *text, uint64_t *out);
const char *tr_units_ago(int64_t seconds, char *buf); /* `5 min ago`, `3 days ago` */

#endif
