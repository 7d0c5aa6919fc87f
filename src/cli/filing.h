/* Files that commands write into the project's folder. */
#ifndef TR_CLI_FILING_H
#define TR_CLI_FILING_H

#include <stddef.h>

#include "base/err.h"

/* `folder/name`, owned. */
char *tr_filing_path(const char *folder, const char *name, struct tr_err *err);
/* Replace the file whole (written beside and renamed), making its folders, with the
 * permissions `mode`. */
bool tr_filing_write(const char *path, const char *text, size_t n, unsigned mode,
	struct tr_err *err) TR_CHECKED;
/* Does the file hold exactly this text? A file that is not there does not. */
bool tr_filing_equals(const char *path, const char *text, size_t n);
bool tr_filing_exists(const char *path);
/* Copy a file, whole or not at all. */
bool tr_filing_copy(const char *from, const char *to, unsigned mode, struct tr_err *err) TR_CHECKED;

#endif
