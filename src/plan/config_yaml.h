/*
 * The YAML under a configuration: a text becomes a tree of nodes that know their place.
 * A strict part of YAML 1.2: one document; groups (mappings), lists and texts; no
 * anchors, aliases or tags. Private to the configuration.
 */
#ifndef TR_PLAN_CONFIG_YAML_H
#define TR_PLAN_CONFIG_YAML_H

#include "plan/config.h"

enum tr_yaml_kind { TR_YAML_TEXT, TR_YAML_MAP, TR_YAML_LIST };

struct tr_yaml {
	enum tr_yaml_kind kind;
	struct tr_pos pos;
	size_t start;                 /* its first byte in the file */
	char *text;                   /* of a text; as YAML reads it, ${...} not yet replaced */
	bool plain;                   /* without quotes: `null`, `yes` and the like have a meaning */
	struct tr_yaml *key;          /* in a map: the text before the colon */
	struct tr_yaml *first, *next; /* children in the file's order */
	size_t n;
};

#define TR_YAML_DEPTH 16     /* levels of nesting */
#define TR_YAML_NODES 100000 /* values in a file */
#define TR_YAML_ENTRIES 4096 /* of one group or list */

/* Nodes live in the arena. A duplicate key is reported and left out; false: no tree. */
bool tr_yaml_parse(const struct tr_config *config, size_t n, struct tr_arena *arena, struct tr_yaml **root,
	struct tr_errs *errs) TR_CHECKED;

/* Nothing was written: `key:`, `key: null`, `key: ~`. */
bool tr_yaml_is_null(const struct tr_yaml *node);

/* The entry of a group, or NULL (also where node is NULL or no group). */
const struct tr_yaml *tr_yaml_find(const struct tr_yaml *node, const char *key);

#endif
