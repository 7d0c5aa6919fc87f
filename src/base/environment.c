#include "base/environment.h"

#include <stdlib.h>

const char *tr_environment_process(void *context, const char *name)
{
	(void)context;
	return getenv(name);
}

const char *tr_environment_get(tr_getenv env, void *context, const char *name)
{
	const char *value = (env ? env : tr_environment_process)(context, name);
	return value && *value ? value : NULL;
}
