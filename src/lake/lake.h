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
	const struct tr_catalog *catalog; /* borrowed: derived views, local or Glue; NULL: none */
	const struct tr_events *events;
};

/* Derived views of a published dataset, made from the newest manifest. */
struct tr_catalog_ops;
struct tr_catalog {
	const struct tr_catalog_ops *ops;
	void *self;
};
struct tr_view_state {
	bool behind;    /* it does not show the newest version; text says where that needs the user */
	char text[160]; /* `Glue shows version 6, the newest is 7` */
};
struct tr_run_ids; /* a set of run ids: tr_run_ids_add */
struct tr_catalog_ops {
	/* Bring the view to the newest manifest at least; idempotent, repairs itself. */
	bool (*publish)(void *self, const struct tr_lake *lake, const struct tr_manifest *newest,
		struct tr_err *err);
	/* Add the runs at whose folders the view points now, for gc to spare. */
	bool (*holds)(void *self, const struct tr_lake *lake, const char *dataset, struct tr_run_ids *out,
		struct tr_err *err);
	/* Before the commit: whether the view could show this version; asks nobody. NULL: any. */
	bool (*check)(void *self, const struct tr_lake *lake, const struct tr_manifest *m,
		struct tr_err *err);
	/* Before a run reads rows, for `status` and `check`: what the view shows, as one line. False
	 * also where it is not ours to change. NULL: nothing to say. */
	bool (*examine)(void *self, const struct tr_lake *lake, const char *dataset,
		struct tr_view_state *out, struct tr_err *err);
	/* The Glue database whose tables the views are; NULL: none. */
	const char *(*database)(const void *self);
};
/* `<dataset>/current`, a relative link to a single-run version's folder. */
extern const struct tr_catalog tr_catalog_local;

/* ---- reading ---- */

/* The newest manifest, or of that version (0: newest). *found false: not published. */
bool tr_lake_load(const struct tr_lake *lake, const char *dataset, uint64_t version, struct tr_manifest *out,
	bool *found, struct tr_err *err) TR_CHECKED;
/* Names of published datasets, sorted; free each and the array. */
bool tr_lake_datasets(const struct tr_lake *lake, char ***names, size_t *n, struct tr_err *err) TR_CHECKED;
/* As tr_lake_datasets, with those of which nothing but an unfinished run is there: what gc
 * without a name goes through. */
bool tr_lake_known(const struct tr_lake *lake, char ***names, size_t *n, struct tr_err *err) TR_CHECKED;
/* The newest version's number; 0: none. One listing, no manifest read. */
bool tr_lake_version(const struct tr_lake *lake, const char *dataset, uint64_t *version,
	struct tr_err *err) TR_CHECKED;
/* Manifests newest first, at most `limit` (0: all); clear each, free the array. */
bool tr_lake_history(const struct tr_lake *lake, const char *dataset, size_t limit, struct tr_manifest **out,
	size_t *n, struct tr_err *err) TR_CHECKED;

/* ---- a run's lease: gc spares the files of live runs ---- */

/*
 * Why gc may run beside runs, rollbacks and other gcs. A run writes its lease before its
 * first file and ends it after its commit; gc lists files first, then leases, then
 * versions. So a folder that gc saw belongs to a run whose lease gc sees after it, or
 * which has ended; if it ended by a commit, gc sees the version after that. A run that
 * begins later has no folder in gc's listing.
 * A run whose lease is older than TR_LEASE_LIFE_S may still wake up. So gc marks what it
 * gives up (`runs/<id>.condemned`) before it lists leases and versions for the last time,
 * and the commit looks for that mark after it has renewed the lease: either the commit
 * sees the mark and stops, or gc sees the lease or the version and spares the files.
 * Where files are gone already the commit stops at its listing.
 * A rollback holds the old version through its lease in the same way: gc writes the
 * version's `.expired` mark and then lists leases; the rollback writes its lease and then
 * looks for that mark.
 */

/* A new attempt id: sorts by time, `[0-9a-z-]+`. buf has TR_RUN_ID_TEXT bytes. */
#define TR_RUN_ID_TEXT 40
void tr_run_id_new(char *buf);
/* Written at the start, renewed by the runner every TR_LEASE_RENEW_S, removed at the end. A run
 * of several datasets tries the server once, and begins the others by tr_lake_lease_hold. */
#define TR_LEASE_RENEW_S 60
#define TR_LEASE_LIFE_S 900
/* Begin: fails where gc has given the run up (its files may be gone), and where the store's
 * server does not honour the conditional put that a commit is. */
bool tr_lake_lease(const struct tr_lake *lake, const char *dataset, const char *run_id,
	struct tr_err *err) TR_CHECKED;
void tr_lake_lease_end(const struct tr_lake *lake, const char *dataset, const char *run_id);

/* What the dataset's derived view shows; text is "" where the catalog has nothing to say. False
 * also where the view is not ours to change. */
bool tr_lake_view(const struct tr_lake *lake, const char *dataset, struct tr_view_state *out,
	struct tr_err *err) TR_CHECKED;

/* ---- publishing ---- */

/* Commit *m as version parent + 1: the run's lease is renewed; the listing of the run's
 * prefix must equal the manifest in names, sizes and checksums, and is made durable; then
 * put-if-absent; a lost
 * reply is settled by reading back; then the derived view; the lease ends. A lost race is
 * TR_ERR_TRANSIENT "version 7 was published meanwhile; nothing of this run is visible".
 * A view that could not be brought up to date is a warning event: the version is
 * published, and the next command that publishes repairs the view.
 * m->version, committed_us and last_field_id are set; kind and tailrace where NULL.
 * A version that the view could not show is not committed: the catalog's check stops it first.
 * `steps`, where not NULL, is called with the name of each step before it is done (tests
 * kill the process there): lease, check, settle, manifest, view, done. */
struct tr_publish_steps {
	void (*step)(void *context, const char *name);
	void *context;
};
/* *refused, where not NULL: it failed, and it is certain that no manifest names the run's files, now or
 * later. False where a put of the manifest may still arrive: then the files must stay. */
bool tr_lake_commit(const struct tr_lake *lake, struct tr_manifest *m, const struct tr_publish_steps *steps,
	bool *refused, struct tr_err *err) TR_CHECKED;
/* Bring the derived view to the newest version, whichever that is by then. */
bool tr_lake_refresh_view(const struct tr_lake *lake, const char *dataset, struct tr_err *err) TR_CHECKED;
/* Commit the content of `version` as a new one, after checking that every file is there,
 * with its size and checksum. The current version and expired ones are refused. */
bool tr_lake_rollback(const struct tr_lake *lake, const char *dataset, uint64_t version,
	struct tr_manifest *out, struct tr_err *err) TR_CHECKED;

/* ---- verifying and collecting ---- */

struct tr_verify_report {
	uint64_t version;
	size_t files;
	int64_t rows;
	uint64_t bytes;
	/* Files in the folders of the version's runs that it does not name. Not an error;
	 * each is a notice event. */
	size_t unreferenced;
	uint64_t unreferenced_bytes;
};
/* Read every file of a version (0: the newest) again: presence, size, checksum, footer
 * against the manifest. Every finding goes to `findings`, with its file as the place;
 * true also where there are some: false is for what kept it from looking. */
bool tr_lake_verify(const struct tr_lake *lake, const char *dataset, uint64_t version,
	struct tr_verify_report *report, struct tr_errs *findings, struct tr_err *err) TR_CHECKED;

/* What gc removes: folders `<dataset>/<run-id>/` that no retained version names, of runs
 * that are not live, and unfinished files older than a lease's life. A version is
 * retained while it is one of the last keep_versions, or was superseded less than
 * keep_days ago; its files stay for grace_us more. Versions that left retention are marked
 * expired; their numbers stay. A manifest that cannot be read stops gc before anything is
 * removed, and so does a Glue table of the dataset that the lake's catalog does not ask. Files that
 * tailrace has not made are never touched. */
struct tr_gc_options {
	int keep_versions; /* 0: 10; the newest is always kept */
	int keep_days;     /* 0: 7; < 0: none */
	int64_t grace_us;  /* files that left retention less than this ago stay; 0: 24 h; < 0: none */
	bool dry_run;
	bool forget_glue; /* tables in Glue that the lake's catalog does not ask are gone */
};
struct tr_gc_report {
	size_t files_removed, versions_expired, runs_live;
	uint64_t bytes_removed;
};
bool tr_lake_gc(const struct tr_lake *lake, const char *dataset, const struct tr_gc_options *options,
	struct tr_gc_report *report, struct tr_err *err) TR_CHECKED;

#endif
