/*
 * The least that AWS must allow for a configuration, as statements of IAM: a pure function of the
 * configuration. The writer runs, rolls back and collects; the reader queries. A test holds the
 * writer's actions to the calls that are made.
 */
#ifndef TR_PLAN_POLICY_H
#define TR_PLAN_POLICY_H

#include <jansson.h>

#include "plan/config.h"

enum tr_policy_role { TR_POLICY_WRITER, TR_POLICY_READER };

/* How resources are written: `aws`, `eu-west-1`, `123456789012`, or `*`, or a form's own variables. */
struct tr_policy_names {
	const char *partition, *region, *account;
};
/* The partition of a region: `aws`, `aws-cn`, `aws-us-gov`. */
const char *tr_policy_partition(const char *region);

#define TR_POLICY_ACTIONS 12
struct tr_policy_statement {
	const char *id; /* its Sid */
	const char *actions[TR_POLICY_ACTIONS];
	size_t n_actions;
	const char **resources;
	size_t n_resources;
	const char *prefixes[2]; /* of keys that may be listed; NULL: no condition */
	/* Athena or another engine makes these calls with the caller's credentials, not tailrace. */
	bool by_engine;
};
#define TR_POLICY_STATEMENTS 12
struct tr_policy {
	struct tr_policy_statement items[TR_POLICY_STATEMENTS];
	size_t n;
	struct tr_arena arena; /* owns all texts */
};
/* A configuration that uses nothing of AWS has no statement. Names that IAM would read as patterns
 * (`*`, `?`, `$`) are user errors. `config` is borrowed while the policy lives. */
bool tr_policy_make(const struct tr_config *config, enum tr_policy_role role,
	const struct tr_policy_names *names, struct tr_policy *out, struct tr_err *err) TR_CHECKED;
void tr_policy_clear(struct tr_policy *p);

/* For queries, or for a dataset that runs there. */
bool tr_policy_uses_athena(const struct tr_config *config);
/* Where Athena puts results: athena.output_location, or for a workgroup of our own making a folder of
 * the lake's bucket that is no dataset. NULL (no error set): Athena is not used, or not known. */
const char *tr_policy_results(const struct tr_config *config, struct tr_arena *arena, struct tr_err *err);

/* The policy as IAM's JSON. Owned. */
bool tr_policy_document(const struct tr_policy *p, json_t **out, struct tr_err *err) TR_CHECKED;
/* The same in other forms (owned texts): policies of both roles, or of the reader alone, and for
 * the writer what they are about: bucket, Glue database, Athena workgroup. `region` NULL: that of
 * the provider or stack. */
bool tr_policy_terraform(const struct tr_config *config, const char *region, bool reader_only, char **out,
	struct tr_err *err) TR_CHECKED;
bool tr_policy_cloudformation(const struct tr_config *config, const char *region, bool reader_only,
	char **out, struct tr_err *err) TR_CHECKED;

#endif
