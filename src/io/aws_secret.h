/* One call of AWS Secrets Manager: the text of a secret. */
#ifndef TR_IO_AWS_SECRET_H
#define TR_IO_AWS_SECRET_H

#include "io/aws.h"

/* The current value of a secret, by its name or ARN (whose region wins over aws->region). *text is
 * owned, a secret: wipe it. Binary secrets, unknown names and missing permission are errors with
 * a hint; none shows the value. */
bool tr_aws_secret_get(const struct tr_aws *aws, const char *secret, char **text,
	struct tr_err *err) TR_CHECKED;

#endif
