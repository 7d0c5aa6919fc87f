/*
 * Keeping passwords out of whatever is shown. Texts that are known to be secret are
 * registered once; every message passes through tr_secrets_scrub before it is printed.
 * Passwords inside a URL (`://user:password@`) or after `password=` are covered even
 * where they were never registered.
 */
#ifndef TR_CLI_SECRET_H
#define TR_CLI_SECRET_H

#include "base/mem.h"

#define TR_SECRETS_MAX 32
struct tr_secrets {
	char *texts[TR_SECRETS_MAX];
	size_t n;
};

void tr_secrets_clear(struct tr_secrets *s);
/* Remember a text; shorter ones than 4 bytes are left to the patterns, since they
 * would blank out half of every message. */
bool tr_secrets_add(struct tr_secrets *s, const char *text, struct tr_err *err) TR_CHECKED;
/* Remember the passwords of a libpq URL or key=value string, as written and decoded. */
bool tr_secrets_add_conninfo(struct tr_secrets *s, const char *conninfo, struct tr_err *err) TR_CHECKED;
/* Replace every secret in `text` (a buffer of `size` bytes, NUL-terminated) by `****`;
 * the text may be cut at the end where it gets longer. */
void tr_secrets_scrub(const struct tr_secrets *s, char *text, size_t size);
void tr_secrets_scrub_err(const struct tr_secrets *s, struct tr_err *err);

/* Where the password stands in a libpq URL or key=value string: true with its bounds,
 * false where there is none. Percent-encoding is left as it is. */
bool tr_secret_span(const char *conninfo, size_t *start, size_t *len);

#endif
