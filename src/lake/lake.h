/*
 * A lake: published datasets in a store. Reading versions, committing new ones,
 * going back, verifying, collecting garbage. The commit protocol is design.md's §3:
 * manifest N+1 by put-if-absent is the commit; derived views follow the newest
 * manifest, never the run's own.
 */
#ifndef TR_LAKE_LAKE_H
#define TR_LAKE_LAKE_H

#include "base/emit.h"
#include "lake/manifest.h"

struct tr_lake {
	struct tr_store *store;           /* borrowed */
	const struct tr_catalog *catalog; /* borrowed: derived views; local, later Glue */
	const struct tr_events *events;
};

/* Derived views of a published dataset, made from the newest manifest. */
struct tr_catalog_ops;
struct tr_catalog {
	const struct tr_catalog_ops *ops;
	void *self;
};
struct tr_catalog_ops {
	/* Bring the view to the newest manifest at least; idempotent, repairs itself. */
	bool (*publish)(void *self, const struct tr_lake *lake, const struct tr_manifest *newest,
		struct tr_err *err);
};
/* `<dataset>/current`, a relative link to a single-run version's folder. */
extern const struct tr_catalog tr_catalog_local;

/* ---- reading ---- */

/* The newest manifest, or of that version (0: newest). *found false: not published. */
bool tr_lake_load(const struct tr_lake *lake, const char *dataset, uint64_t version, struct tr_manifest *out,
	bool *found, struct tr_err *err) TR_CHECKED;
/* Names of published datasets, sorted; free each and the array. */
bool tr_lake_datasets(const struct tr_lake *lake, char ***names, size_t *n, struct tr_err *err) TR_CHECKED;
/* The newest version's number; 0: none. One listing, no manifest read. */
bool tr_lake_version(const struct tr_lake *lake, const char *dataset, uint64_t *version,
	struct tr_err *err) TR_CHECKED;
/* Manifests newest first, at most `limit` (0: all); clear each, free the array. */
bool tr_lake_history(const struct tr_lake *lake, const char *dataset, size_t limit, struct tr_manifest **out,
	size_t *n, struct tr_err *err) TR_CHECKED;

/* ---- a run's lease: gc spares the files of live runs ---- */

/* A new attempt id: sorts by time, `[0-9a-z-]+`. buf has TR_RUN_ID_TEXT bytes. */
#define TR_RUN_ID_TEXT 40
void tr_run_id_new(char *buf);
/* Written at the start, renewed by the runner every TR_LEASE_RENEW_S, removed at the end. */
#define TR_LEASE_RENEW_S 60
#define TR_LEASE_LIFE_S 900
bool tr_lake_lease(const struct tr_lake *lake, const char *dataset, const char *run_id,
	struct tr_err *err) TR_CHECKED;
void tr_lake_lease_end(const struct tr_lake *lake, const char *dataset, const char *run_id);

/* ---- publishing ---- */

/* Commit *m as version parent + 1: the listing of the run's prefix must equal the
 * manifest; put-if-absent; a lost reply is settled by reading back; then the derived
 * view. A lost race is TR_ERR_TRANSIENT "version 7 was published meanwhile; nothing of
 * this run is visible". m->version and committed_us are set. `fault`, where not NULL,
 * is called with the name of each step before it is done (tests kill the process there). */
struct tr_publish_steps {
	void (*step)(void *context, const char *name);
	void *context;
};
bool tr_lake_commit(const struct tr_lake *lake, struct tr_manifest *m, const struct tr_publish_steps *steps,
	struct tr_err *err) TR_CHECKED;
/* Commit the content of `version` as a new one, after checking that every file is there. */
bool tr_lake_rollback(const struct tr_lake *lake, const char *dataset, uint64_t version,
	struct tr_manifest *out, struct tr_err *err) TR_CHECKED;

/* ---- verifying and collecting ---- */

struct tr_verify_report {
	uint64_t version;
	size_t files;
	int64_t rows;
	uint64_t bytes;
};
/* Read every file of a version again: presence, size, checksum, footer against the
 * manifest. All findings of a dataset go to `findings`. */
bool tr_lake_verify(const struct tr_lake *lake, const char *dataset, uint64_t version,
	struct tr_verify_report *report, struct tr_errs *findings, struct tr_err *err) TR_CHECKED;

struct tr_gc_options {
	int keep_versions; /* 0: 10 */
	int keep_days;     /* 0: 7 */
	int64_t grace_us;  /* files that left retention less than this ago stay; 0: 24 h; < 0: none */
	bool dry_run;
};
struct tr_gc_report {
	size_t files_removed, versions_expired, runs_live;
	uint64_t bytes_removed;
};
bool tr_lake_gc(const struct tr_lake *lake, const char *dataset, const struct tr_gc_options *options,
	struct tr_gc_report *report, struct tr_err *err) TR_CHECKED;

#endif
