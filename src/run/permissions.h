/*
 * Trying what AWS allows, before a run finds out: each permission that the configuration needs,
 * by calls that leave nothing behind. What can't be tried without a change is said so.
 */
#ifndef TR_RUN_PERMISSIONS_H
#define TR_RUN_PERMISSIONS_H

#include "run/lakehouse.h"

enum tr_permission_state { TR_PERMISSION_GIVEN, TR_PERMISSION_DENIED, TR_PERMISSION_NOT_TRIED };
struct tr_permission {
	const char *action; /* `s3:PutObject` */
	enum tr_permission_state state;
	const char *why;   /* it was not tried */
	struct tr_err err; /* what the denied call met, with a hint */
};
struct tr_permissions {
	struct tr_permission *items; /* in the order of the writer's policy */
	size_t n, cap;
};

/* Try those of the writer on an open lake in S3. False: what stands in the way of all of them (no
 * credentials, no such bucket, a server that does not answer); out is filled as far as it went. */
bool tr_permissions_try(struct tr_lakehouse *house, const struct tr_config *config,
	struct tr_permissions *out, struct tr_err *err) TR_CHECKED;
void tr_permissions_clear(struct tr_permissions *p);

#endif
