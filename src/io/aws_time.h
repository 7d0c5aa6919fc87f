/* Times as AWS's services, other S3 servers and the tools around them write them. */
#ifndef TR_IO_AWS_TIME_H
#define TR_IO_AWS_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* `2026-11-22T19:12:49Z`, with a fraction (cut at microseconds) or another zone, as microseconds
 * since 1970. False (no error set): it is no such text. */
bool tr_aws_time(const char *text, int64_t *us);

#endif
