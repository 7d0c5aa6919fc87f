/*
 * A store of objects by key: a folder, or a prefix of an S3 bucket. Keys are relative, `/`-separated,
 * without empty, `.` or `..` parts; no part begins with `.tmp-`, the mark of what is
 * not finished (readers that list folders skip names that begin with `.` or `_`).
 * A store may be used by several threads at once; a sink belongs to one at a time.
 */
#ifndef TR_IO_STORE_H
#define TR_IO_STORE_H

#include "base/mem.h"
#include "base/sink.h"

struct tr_store_entry {
	char *key;
	uint64_t bytes;
	int64_t modified_us;
};
struct tr_store_list {
	struct tr_store_entry *items; /* sorted by key */
	size_t n, cap;
};
void tr_store_list_clear(struct tr_store_list *list);

struct tr_store;
struct tr_store_ops {
	/* A sink that makes `key` appear whole at commit; durable only after settle. */
	bool (*create)(struct tr_store *s, const char *key, struct tr_sink **out, struct tr_err *err);
	/* Create a small object only where none exists. *won says whether this call made it. */
	bool (*put_if_absent)(struct tr_store *s, const char *key, const void *bytes, size_t n, bool *won,
		struct tr_err *err);
	/* Replace or create a small object, atomically; after a power cut it may be the old one. */
	bool (*put)(struct tr_store *s, const char *key, const void *bytes, size_t n, struct tr_err *err);
	/* Append [offset, offset + n) to out; n == SIZE_MAX: to the end. *found false: no such key. */
	bool (*get)(struct tr_store *s, const char *key, uint64_t offset, size_t n, struct tr_buf *out,
		bool *found, struct tr_err *err);
	/* Keys that begin with prefix (which ends in `/` or is empty). */
	bool (*list)(struct tr_store *s, const char *prefix, struct tr_store_list *out, struct tr_err *err);
	/* What writers are still writing, or left when they died: temporary files and empty
	 * folders (whose keys end in `/`). list never shows them; remove takes their keys. */
	bool (*unfinished)(struct tr_store *s, const char *prefix, struct tr_store_list *out,
		struct tr_err *err);
	/* Absent: no error. Folders that become empty go as well. */
	bool (*remove)(struct tr_store *s, const char *key, struct tr_err *err);
	/* As remove, in as few requests as the store has; some may be gone where it fails. */
	bool (*remove_many)(struct tr_store *s, const char *const *keys, size_t n, struct tr_err *err);
	/* The store's own checksum of an object, as its sink's commit gave it (a folder: read
	 * and hashed; S3: what it keeps beside the object). */
	bool (*checksum)(struct tr_store *s, const char *key, char out[TR_CHECKSUM_TEXT], struct tr_err *err);
	/* Make objects that sinks of `create` committed durable, and the folders above them.
	 * Keys are sorted. Nothing may point at an object before this. */
	bool (*settle)(struct tr_store *s, const char *const *keys, size_t n, struct tr_err *err);
	void (*free)(struct tr_store *s);
};
/* How a reader of its own (the embedded engine) reaches the objects of an S3 store. */
struct tr_aws_keys;
struct tr_s3_reading {
	const char *endpoint; /* https://host[:port], without the bucket */
	const char *region;
	bool path_style;
	const char *ca_file; /* NULL: the system's */
	const char *libdir;  /* where the reader's parts are looked for first; NULL */
	int64_t stall_timeout_ms;
	int attempts; /* of one call */
	/* Keys that are valid now, copied; from any thread. */
	bool (*keys)(void *context, struct tr_aws_keys *out, struct tr_err *err);
	void *context;
};
struct tr_store {
	const struct tr_store_ops *ops;
	/* Where it is, for messages and readers: an absolute path or s3://bucket/prefix. */
	const char *location;
	/* Not NULL: the folder through which local readers open keys. */
	const char *local_root;
	/* Not NULL: how readers of their own open keys in S3. Borrowed while the store lives;
	 * set by who opened it. */
	const struct tr_s3_reading *s3;
	/* How many calls at once are faster than one after the other: 1 for a folder. */
	int side_by_side;
};

#define TR_KEY_MAX 2048
/* A key that any store takes, from whatever source it comes. */
bool tr_store_key_is(const char *key);

/* A folder as a store; `create` makes it and its parents. Objects are written under a
 * temporary name beside their key and renamed; put_if_absent syncs and links. A disk that
 * is full or read-only is an error with a hint; nothing is visible after it. */
bool tr_store_local_open(const char *folder, bool create, struct tr_store **out,
	struct tr_err *err) TR_CHECKED;

static inline void tr_store_free(struct tr_store *s)
{
	if (s)
		s->ops->free(s);
}

#endif
