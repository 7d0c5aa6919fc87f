/*
 * How a configuration is read: tables of keys drive one reader. A key's row says its
 * name, kind, place in the value, bounds, default and documentation; from the same rows
 * come the messages and the reference page. Private to the configuration.
 */
#ifndef TR_PLAN_CONFIG_READ_H
#define TR_PLAN_CONFIG_READ_H

#include "plan/config_yaml.h"

struct tr_config_reader {
	struct tr_config *config;
	tr_getenv env;
	void *env_context;
	struct tr_errs *errs;
	bool lake_only; /* variables in `source` may be missing */
	char path[512]; /* of the value being read: `datasets.orders.columns.id` */
	size_t path_len;
};

struct tr_config_key;
/* Reads the node of a key into its field of `target`. */
typedef void (*tr_config_read_fn)(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target);

struct tr_config_key {
	const char *name;
	tr_config_read_fn read;
	const char *kind;         /* for the reference page: `size`, `duration` ... */
	size_t field;             /* offset in the target */
	size_t pos;               /* offset of a struct tr_pos to set; 0: none */
	int64_t min, max;         /* of numbers, in the field's unit */
	const char *const *words; /* of a choice, NULL-terminated */
	const char *const *later; /* words that are known, but not available in this version */
	const char *fallback;     /* the default as one would write it; NULL: none */
	bool required;
	const char *unless;                      /* not required where the group has this key */
	const struct tr_config_section *section; /* of a nested group, or a map's entries */
	const char *doc;
};

struct tr_config_section {
	const char *title; /* heading in the reference: `limits`, `datasets.<name>.inputs.<alias>` */
	const char *doc;
	const struct tr_config_key *keys;
	size_t n;
};

/* The whole file; its keys lead to all other sections. */
extern const struct tr_config_section tr_config_root;

/* ---- reporting ---- */

/* How many mistakes the list holds, to see whether a part of the file was read without one. */
size_t tr_config_mistakes(const struct tr_config_reader *r);

/* A mistake at a place: file, line, column, excerpt are filled. The hint is the caller's. */
struct tr_err *tr_config_mistake(const struct tr_config *c, struct tr_errs *errs, struct tr_pos pos,
	const char *fmt, ...) TR_PRINTF(4, 5);
/* The same with the path of the value being read in front: `limits.memory: ...`. */
struct tr_err *tr_config_wrong(struct tr_config_reader *r, struct tr_pos pos, const char *fmt, ...)
	TR_PRINTF(3, 4);
/* What stands in the file, for messages: never the content of a variable, passwords masked.
 * buf has TR_CONFIG_SHOWN bytes. */
#define TR_CONFIG_SHOWN 96
const char *tr_config_show(const struct tr_yaml *node, char *buf);
/* `expected a size, got ...`, which names a variable and never shows its content. */
struct tr_err *tr_config_unexpected(struct tr_config_reader *r, const struct tr_yaml *node, const char *what);
/* Cover the password of every URL and conninfo in a text with asterisks, in place. */
void tr_config_mask(char *text);
/* `from 1 to 64`, `at least 64MiB`: a number's bounds, in words; empty where it has none. */
#define TR_CONFIG_BOUNDS 64
const char *tr_config_bounds(const struct tr_config_key *key, char *buf);

/* ---- reading ---- */

/* Enter and leave a key: keeps r->path. */
size_t tr_config_enter(struct tr_config_reader *r, const char *name);
void tr_config_leave(struct tr_config_reader *r, size_t mark);

/* Zeroed memory of the configuration; NULL: reported. */
void *tr_config_alloc(struct tr_config_reader *r, size_t size);
char *tr_config_copy(struct tr_config_reader *r, const char *text);
/* The text of a scalar with its variables replaced; NULL: reported. `what` names what is
 * expected ("a path"). */
char *tr_config_text(struct tr_config_reader *r, const struct tr_yaml *node, const char *what);
bool tr_config_type(struct tr_config_reader *r, const struct tr_yaml *node, struct tr_type *out);
/* An absolute path: relative ones begin at the file's folder. NULL: reported. */
char *tr_config_absolute(struct tr_config_reader *r, const char *path);
/* The same after the checks of what a path may be. */
char *tr_config_path(struct tr_config_reader *r, const struct tr_yaml *node, const char *text);
/* Replace the variables of a text (config_env.c). NULL: reported. */
char *tr_config_expand(struct tr_config_reader *r, const struct tr_yaml *node);

/* The defaults of a group and the groups in it; then what the file says of it, and what it lacks.
 * `at` is where the group's own key stands. */
void tr_config_defaults(struct tr_config_reader *r, const struct tr_config_section *section, void *target);
void tr_config_group(struct tr_config_reader *r, const struct tr_config_section *section,
	const struct tr_yaml *node, struct tr_pos at, void *target);

/* The readers that the tables name. */
void tr_config_read_text(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_name(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_path(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_word(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
/* A choice of two words that is a bool: true for the second. */
void tr_config_read_either(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_bool(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_int(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
/* Bytes, or bytes a second (kind "rate"); `unlimited` is 0 where the minimum is 0. */
void tr_config_read_size(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
/* Milliseconds; `unlimited` is 0 where the minimum is 0. */
void tr_config_read_duration(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_type(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_group(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
/* These know the shape they read (config_dataset.c). */
void tr_config_read_params(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_datasets(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_inputs(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_from(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_columns(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_partitions(struct tr_config_reader *, const struct tr_config_key *,
	const struct tr_yaml *, void *);
void tr_config_read_checks(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_unique(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_accepted(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);

/* Those of the lake and AWS (config_lake.c). */
void tr_config_read_location(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_region(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_endpoint(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_storage(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_account(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_tags(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);

/* Those of the engines elsewhere (config_engine.c). A secret that is empty is none. */
void tr_config_read_output(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_price(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_trino_url(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_secret(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);
void tr_config_read_session(struct tr_config_reader *, const struct tr_config_key *, const struct tr_yaml *,
	void *);

/* What one key alone can't tell (config_check.c): after each dataset is read. */
void tr_config_check_dataset(struct tr_config_reader *r, const struct tr_yaml *node,
	const struct tr_config_dataset *d);
void tr_config_check_column(struct tr_config_reader *r, const struct tr_yaml *node,
	const struct tr_config_column *c);
void tr_config_check_param(struct tr_config_reader *r, const struct tr_yaml *node,
	const struct tr_config_param *p);
/* The datasets that a dataset reads (config_from.c): each once, none by an input's name. */
void tr_config_check_from(struct tr_config_reader *r, const struct tr_yaml *node,
	const struct tr_config_dataset *d);
/* Who runs it, and what it can't then have. */
void tr_config_check_run_on(struct tr_config_reader *r, const struct tr_yaml *node,
	const struct tr_config_dataset *d);
/* After the whole file: datasets that read each other in a circle; what `run_on` needs. */
void tr_config_check_graph(struct tr_config_reader *r);
/* After the whole file. */
void tr_config_check_file(struct tr_config_reader *r, const struct tr_yaml *root);
/* Lake, catalog, S3 and their datasets together (config_lake.c). */
void tr_config_check_lake(struct tr_config_reader *r, const struct tr_yaml *root);
/* The engine and what it needs (config_engine.c). */
void tr_config_check_engine(struct tr_config_reader *r, const struct tr_yaml *root);

#endif
