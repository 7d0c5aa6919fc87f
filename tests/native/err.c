/* A struct tr_err for callers that can't know its layout. */
#include "base/err.h"

#include <stdlib.h>

struct tr_err *trtest_err_new(void)
{
	return calloc(1, sizeof(struct tr_err));
}

int trtest_err_kind(const struct tr_err *err)
{
	return (int)err->kind;
}

const char *trtest_err_what(const struct tr_err *err)
{
	return err->what;
}

const char *trtest_err_detail(const struct tr_err *err)
{
	return err->detail;
}

const char *trtest_err_hint(const struct tr_err *err)
{
	return err->hint;
}

void trtest_err_free(struct tr_err *err)
{
	free(err);
}
