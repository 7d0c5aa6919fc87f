/* Leases as gc, commit and rollback see them. The protocol is in lake.h. */
#ifndef TR_LAKE_LEASE_H
#define TR_LAKE_LEASE_H

#include "lake/lake.h"

/* A set of run ids, unsorted: there are few. */
struct tr_run_ids {
	char (*items)[TR_RUN_ID_TEXT];
	size_t n, cap;
};
bool tr_run_ids_add(struct tr_run_ids *ids, const char *run_id, struct tr_err *err) TR_CHECKED;
bool tr_run_ids_has(const struct tr_run_ids *ids, const char *run_id);
void tr_run_ids_clear(struct tr_run_ids *ids);

/* As tr_lake_lease; gc spares the files of version `holds` too (0: none). */
bool tr_lake_lease_hold(const struct tr_lake *lake, const char *dataset, const char *run_id, uint64_t holds,
	struct tr_err *err) TR_CHECKED;

struct tr_leases {
	struct tr_run_ids live;
	struct tr_run_ids known; /* every run that has left something in runs/, live or dead */
	uint64_t *holds;         /* versions that live leases hold */
	size_t n_holds, holds_cap;
};
bool tr_lake_leases(const struct tr_lake *lake, const char *dataset, struct tr_leases *out,
	struct tr_err *err) TR_CHECKED;
void tr_leases_clear(struct tr_leases *leases);
/* Mark a run as given up. It is so once its lease is dead in a listing made after that. */
bool tr_lake_condemn(const struct tr_lake *lake, const char *dataset, const char *run_id,
	struct tr_err *err) TR_CHECKED;
bool tr_lake_pardon(const struct tr_lake *lake, const char *dataset, const char *run_id,
	struct tr_err *err) TR_CHECKED;
/* Remove a dead run's lease and mark, after its files. */
bool tr_lake_forget_run(const struct tr_lake *lake, const char *dataset, const char *run_id,
	struct tr_err *err) TR_CHECKED;

#endif
