/* The versions of a dataset as a listing shows them, without reading any manifest. */
#ifndef TR_LAKE_VERSIONS_H
#define TR_LAKE_VERSIONS_H

#include "lake/lake.h"

struct tr_version {
	uint64_t number;
	int64_t modified_us; /* by the store's clock: when it was committed */
	bool expired;
};
struct tr_versions {
	struct tr_version *items; /* by number, the newest last */
	size_t n;
};

bool tr_lake_versions(const struct tr_lake *lake, const char *dataset, struct tr_versions *out,
	struct tr_err *err) TR_CHECKED;
void tr_versions_clear(struct tr_versions *versions);
/* One manifest by its number, without a listing; `expired` is not set. */
bool tr_lake_read(const struct tr_lake *lake, const char *dataset, uint64_t version, struct tr_manifest *out,
	bool *found, struct tr_err *err) TR_CHECKED;

#endif
