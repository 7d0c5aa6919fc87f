/*
 * The parts of an http or https URL that decide whom one talks to (RFC 3986, RFC 6454).
 * Strict: user information, white space and control characters are refused.
 */
#ifndef TR_BASE_URL_H
#define TR_BASE_URL_H

#include <stdint.h>

#include "base/err.h"

struct tr_url {
	bool tls;
	char host[256];   /* lower case; an IPv6 address without its brackets */
	uint16_t port;    /* the scheme's own where none is written */
	const char *path; /* borrowed from the text: what follows the host, "" where nothing does */
};

/* False (no error set): not such a URL. */
bool tr_url_parse(const char *text, struct tr_url *out);
bool tr_url_same_origin(const struct tr_url *a, const struct tr_url *b);
/* The host is this machine: `localhost`, 127.x.y.z, ::1. */
bool tr_url_is_local(const struct tr_url *url);

#endif
