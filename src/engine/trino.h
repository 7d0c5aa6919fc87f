/*
 * Trino by its HTTP client protocol (docs: develop/client-protocol, version 1): POST of the
 * statement, then GET of each answer's nextUri, the next one only when rows are asked for.
 */
#ifndef TR_ENGINE_TRINO_H
#define TR_ENGINE_TRINO_H

#include "base/environment.h"
#include "engine/remote.h"

struct tr_trino_property {
	const char *name, *value;
};

/* Borrowed while the engine lives. */
struct tr_trino_options {
	const char *url;                         /* `https://trino.example.org:8443` */
	const char *catalog, *schema;            /* of unqualified names; may be NULL */
	const char *user;                        /* NULL: `tailrace` */
	const char *password;                    /* basic authentication; NULL: none */
	const char *token;                       /* bearer (JWT, OAuth 2.0) authentication; NULL: none */
	const struct tr_trino_property *session; /* needed by tr_trino_new only */
	size_t n_session;
	const char *ca_file; /* certificates to trust; NULL: the system's */
	/* A POST whose reply was lost may be sent again: true for what only reads. */
	bool repeatable;
	struct tr_events events;
	const struct tr_cancel *cancel; /* NULL: none */
	tr_getenv env;                  /* for proxies; NULL: the process's */
	void *env_context;
};
/* A password or a token needs https, but for a server on this machine. */
bool tr_trino_new(const struct tr_trino_options *options, struct tr_remote **out,
	struct tr_err *err) TR_CHECKED;

#endif
