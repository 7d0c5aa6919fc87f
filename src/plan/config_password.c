#include "plan/config_password.h"

#include <stdlib.h>

#include "io/pg_password.h"

bool tr_config_add_password(struct tr_config *config, const char *const *env, struct tr_err *err)
{
	char *url;
	if (!config->source.password_command)
		return true;
	if (!tr_pg_add_password(config->source.url, config->source.password_command, config->folder, env,
		    &url, err))
		return false;
	config->source.url = tr_arena_strdup(&config->arena, url, err);
	config->source.password_command = NULL;
	free(url);
	return config->source.url != NULL;
}
