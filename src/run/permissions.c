#include "run/permissions.h"

#include <stdlib.h>
#include <string.h>

#include "plan/policy.h"

/* One key, so that what an end in the middle leaves is taken away by the next time. No dataset
 * begins with `_`, and nobody lists this folder. */
#define FOLDER "_tailrace/_check/"
#define PROBE FOLDER "probe"
#define NOTHING FOLDER "nothing"
#define NO_UPLOAD FOLDER ".tmp-probe?none" /* of `unfinished`: an upload of `probe` */
#define ANSWER_MAX 1024

struct trial {
	struct tr_lakehouse *house;
	const struct tr_config *config;
	struct tr_permissions *out;
	struct tr_err *err;
};

/* ---- what is kept ---- */

static struct tr_permission *find(const struct tr_permissions *p, const char *action)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->items[i].action, action) == 0)
			return &p->items[i];
	return NULL;
}

static bool is_given(const struct trial *t, const char *action)
{
	const struct tr_permission *p = find(t->out, action);
	return p && p->state == TR_PERMISSION_GIVEN;
}

/* An action that this configuration does not need is not in the list. */
static void not_tried(const struct trial *t, const char *action, const char *why)
{
	struct tr_permission *p = find(t->out, action);
	if (p) {
		p->state = TR_PERMISSION_NOT_TRIED;
		p->why = why;
	}
}

/* What a call met: true where it was allowed or denied, false where all others would fail too. */
static bool settle(const struct trial *t, const char *action, bool ok, const struct tr_err *met)
{
	struct tr_permission *p = find(t->out, action);
	if (!ok && !tr_aws_is_denied(met)) {
		*t->err = *met;
		return false;
	}
	if (p) {
		p->state = ok ? TR_PERMISSION_GIVEN : TR_PERMISSION_DENIED;
		if (!ok)
			p->err = *met;
	}
	return true;
}

/* ---- S3 ---- */

static bool try_listing(const struct trial *t)
{
	struct tr_store *store = t->house->store;
	struct tr_store_list list = { 0 };
	struct tr_err met = { 0 };
	bool ok = store->ops->list(store, FOLDER, &list, &met);
	tr_store_list_clear(&list);
	if (!settle(t, "s3:ListBucket", ok, &met))
		return false;
	met = (struct tr_err){ 0 };
	ok = store->ops->unfinished(store, FOLDER, &list, &met);
	tr_store_list_clear(&list);
	return settle(t, "s3:ListBucketMultipartUploads", ok, &met);
}

static bool try_get(const struct trial *t, const char *key, struct tr_err *met)
{
	struct tr_store *store = t->house->store;
	struct tr_buf answer;
	bool found;
	tr_buf_init(&answer, ANSWER_MAX);
	bool ok = store->ops->get(store, key, 0, SIZE_MAX, &answer, &found, met);
	tr_buf_clear(&answer);
	return ok;
}

static bool try_reading(const struct trial *t)
{
	struct tr_err met = { 0 };
	if (!is_given(t, "s3:ListBucket")) {
		not_tried(t, "s3:GetObject", "without s3:ListBucket S3 does not say that a key is missing");
		return true;
	}
	return settle(t, "s3:GetObject", try_get(t, NOTHING, &met), &met);
}

/* Removing what is not there is allowed to those who may remove: so it comes before writing. */
static bool try_removing(const struct trial *t)
{
	struct tr_store *store = t->house->store;
	struct tr_err met = { 0 };
	bool ok = store->ops->remove(store, PROBE, &met);
	if (!settle(t, "s3:DeleteObject", ok, &met))
		return false;
	met = (struct tr_err){ 0 };
	ok = store->ops->remove(store, NO_UPLOAD, &met);
	return settle(t, "s3:AbortMultipartUpload", ok, &met);
}

static bool read_back(const struct trial *t)
{
	struct tr_err met = { 0 };
	if (!find(t->out, "kms:Decrypt") || !is_given(t, "s3:GetObject"))
		return true;
	return settle(t, "kms:Decrypt", try_get(t, PROBE, &met), &met);
}

static bool try_writing(const struct trial *t)
{
	struct tr_store *store = t->house->store;
	struct tr_err met = { 0 };
	if (!is_given(t, "s3:DeleteObject")) {
		not_tried(t, "s3:PutObject", "what is written could not be removed again");
		return true;
	}
	bool ok = store->ops->put(store, PROBE, "tailrace check\n", 15, &met);
	if (!settle(t, "s3:PutObject", ok, &met) || !ok)
		return ok || tr_aws_is_denied(&met);
	/* The same call carries the tags and makes the key's data key. */
	ok = settle(t, "s3:PutObjectTagging", true, NULL) && settle(t, "kms:GenerateDataKey", true, NULL) &&
		read_back(t);
	met = (struct tr_err){ 0 };
	return settle(t, "s3:DeleteObject", store->ops->remove(store, PROBE, &met), &met) && ok;
}

/* ---- Glue ---- */

static bool try_tables(const struct trial *t)
{
	if (!t->house->glue || !is_given(t, "s3:ListBucket"))
		return true;
	for (size_t i = 0; i < t->config->n_datasets; i++) {
		struct tr_view_state state;
		struct tr_err met = { 0 };
		bool ok = tr_lake_view(&t->house->lake, t->config->datasets[i].name, &state, &met);
		if (!settle(t, "glue:GetTable", ok, &met))
			return false;
		if (!ok)
			break;
	}
	return true;
}

/* ---- all of it ---- */

static const char *reason(const char *action)
{
	if (strcmp(action, "glue:GetTable") == 0)
		return "it is compared with the lake, which can't be listed";
	if (strncmp(action, "glue:", 5) == 0)
		return "it can't be tried without a change of the catalog";
	if (strncmp(action, "athena:", 7) == 0)
		return "a statement would leave a result";
	if (strncmp(action, "secretsmanager:", 15) == 0 || strncmp(action, "rds-db:", 7) == 0)
		return "signing in to the source has shown it";
	return "it depends on one that is missing";
}

static bool list_needed(const struct trial *t)
{
	const struct tr_policy_names names = { "aws", "*", "*" };
	struct tr_permissions *out = t->out;
	struct tr_policy policy;
	bool ok = tr_policy_make(t->config, TR_POLICY_WRITER, &names, &policy, t->err);
	for (size_t i = 0; ok && i < policy.n; i++)
		for (size_t k = 0; ok && !policy.items[i].by_engine && k < policy.items[i].n_actions; k++) {
			const char *action = policy.items[i].actions[k];
			ok = find(out, action) ||
				tr_array_grow((void **)&out->items, out->n, &out->cap, sizeof *out->items,
					t->err);
			if (ok && !find(out, action))
				out->items[out->n++] = (struct tr_permission){ .action = action,
					.state = TR_PERMISSION_NOT_TRIED,
					.why = reason(action) };
		}
	tr_policy_clear(&policy);
	return ok;
}

bool tr_permissions_try(struct tr_lakehouse *house, const struct tr_config *config,
	struct tr_permissions *out, struct tr_err *err)
{
	const struct trial t = { house, config, out, err };
	*out = (struct tr_permissions){ 0 };
	return list_needed(&t) && try_listing(&t) && try_reading(&t) && try_removing(&t) && try_writing(&t) &&
		try_tables(&t);
}

void tr_permissions_clear(struct tr_permissions *p)
{
	free(p->items);
	*p = (struct tr_permissions){ 0 };
}
