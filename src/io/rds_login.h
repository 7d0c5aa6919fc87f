/*
 * Signing in to Amazon RDS and Aurora by IAM: the password is a token, a presigned request that is
 * valid for 15 minutes and made anew for every connection (RDS user guide, "IAM database
 * authentication"). No call is made for it.
 */
#ifndef TR_IO_RDS_LOGIN_H
#define TR_IO_RDS_LOGIN_H

#include "io/aws.h"
#include "io/pg.h"

/* A pure function: the token of a user at host and port. Owned, a secret. */
bool tr_rds_token(const char *host, const char *port, const char *user, const char *region,
	const struct tr_aws_keys *keys, int64_t time_us, char **out, struct tr_err *err) TR_CHECKED;

struct tr_rds_login;
struct tr_rds_login_options {
	const char *conninfo;     /* names one host, the user, and an sslmode of require or stricter */
	const struct tr_aws *aws; /* borrowed while it lives */
	int64_t (*now_us)(void *context); /* NULL: the wall clock */
	void *now_context;
};
/* What a token needs is checked here: user errors with a hint. The region is that of the
 * host's name where it has one (*.eu-west-1.rds.amazonaws.com), else aws->region. */
bool tr_rds_login_new(const struct tr_rds_login_options *options, struct tr_rds_login **out,
	struct tr_err *err) TR_CHECKED;
/* What connections borrow; lives as long as l. */
const struct tr_pg_login *tr_rds_login(const struct tr_rds_login *l);
void tr_rds_login_free(struct tr_rds_login *l);

#endif
