/* A small file as text, whole: what AWS's tools leave in a home folder. */
#ifndef TR_IO_READ_FILE_H
#define TR_IO_READ_FILE_H

#include "base/mem.h"

/* Into `out` (initialized, its max the longest that is accepted + 1), NUL-terminated behind
 * out->len. *found false: there is no such file. Unreadable, too long or with a NUL byte: a user
 * error that names the path and nothing of the content. */
bool tr_read_file(const char *path, struct tr_buf *out, bool *found, struct tr_err *err) TR_CHECKED;

#endif
