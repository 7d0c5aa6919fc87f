#include "lake/glue_register.h"

#include <stdlib.h>
#include <string.h>

#include "lake/glue_rows.h"

#define BATCH_MAX 100
#define BATCH_REMOVE_MAX 25
#define BATCH_BYTES ((size_t)4 << 20) /* each item repeats the columns */
#define PAGE_MAX 1000
#define PAGES_MAX 100000 /* a list with no end is none of Glue's */
#define ROUNDS 6

/* One kind of change: how it is called and what an item of it is. */
struct change {
	const char *operation, *list;
	size_t batch_max;
	json_t *(*item)(const struct tr_glue_row *row, const char *lake, json_t *columns, const char *hash);
};

static json_t *create_item(const struct tr_glue_row *row, const char *lake, json_t *columns, const char *hash)
{
	return tr_glue_row_input(row, lake, columns, hash);
}

static json_t *update_item(const struct tr_glue_row *row, const char *lake, json_t *columns, const char *hash)
{
	return json_pack("{s:o, s:o}", "PartitionValueList", tr_glue_row_values(row), "PartitionInput",
		tr_glue_row_input(row, lake, columns, hash));
}

static json_t *remove_item(const struct tr_glue_row *row, const char *lake, json_t *columns, const char *hash)
{
	(void)lake;
	(void)columns;
	(void)hash;
	return json_pack("{s:o}", "Values", tr_glue_row_values(row));
}

static const struct change change_create = { "BatchCreatePartition", "PartitionInputList", BATCH_MAX,
	create_item };
static const struct change change_update = { "BatchUpdatePartition", "Entries", BATCH_MAX, update_item };
static const struct change change_remove = { "BatchDeletePartition", "PartitionsToDelete", BATCH_REMOVE_MAX,
	remove_item };

/* ---- listing ---- */

/* One page; *token is sent, freed, and replaced by the next page's. */
static bool read_page(struct tr_glue *glue, const char *dataset, char **token, json_t **page, bool *gone,
	struct tr_err *err)
{
	enum tr_glue_answer answer;
	json_t *body = json_pack("{s:s, s:i, s:b, s:s*}", "TableName", dataset, "MaxResults", PAGE_MAX,
		"ExcludeColumnSchema", 1, "NextToken", *token);
	free(*token);
	*token = NULL;
	if (!tr_glue_call(glue, "GetPartitions", dataset, body, page, &answer, err))
		return false;
	*gone = answer != TR_GLUE_OK;
	return true;
}

/* Show each page to `visit`. *gone: there is no such table. */
static bool each_page(struct tr_glue *glue, const char *dataset,
	bool (*visit)(void *context, const json_t *page, struct tr_err *err), void *context, bool *gone,
	struct tr_err *err)
{
	char *token = NULL;
	bool ok = true;
	for (int i = 0; ok && (i == 0 || token); i++) {
		json_t *page = NULL;
		if (i == PAGES_MAX)
			ok = tr_err_set(err, TR_ERR_INTERNAL,
				"Glue's list of the partitions of `%s` has no end", dataset);
		ok = ok && read_page(glue, dataset, &token, &page, gone, err) &&
			(*gone || visit(context, page, err));
		const char *next = json_string_value(json_object_get(page, "NextToken"));
		if (ok && next && next[0])
			ok = (token = tr_strdup(next, err)) != NULL;
		json_decref(page);
	}
	free(token);
	return ok;
}

static bool visit_rows(void *context, const json_t *page, struct tr_err *err)
{
	return tr_glue_rows_read(page, context, err);
}

static bool list_rows(struct tr_glue *glue, const char *dataset, struct tr_glue_rows *out, bool *gone,
	struct tr_err *err)
{
	*out = (struct tr_glue_rows){ 0 };
	if (each_page(glue, dataset, visit_rows, out, gone, err)) {
		tr_glue_rows_sort(out);
		return true;
	}
	tr_glue_rows_clear(out);
	return false;
}

struct locations {
	bool (*visit)(void *context, const char *location, struct tr_err *err);
	void *context;
};

static bool visit_locations(void *context, const json_t *page, struct tr_err *err)
{
	const struct locations *l = context;
	const json_t *partitions = json_object_get(page, "Partitions");
	for (size_t i = 0; i < json_array_size(partitions); i++) {
		const json_t *descriptor =
			json_object_get(json_array_get(partitions, i), "StorageDescriptor");
		const char *location = json_string_value(json_object_get(descriptor, "Location"));
		if (location && !l->visit(l->context, location, err))
			return false;
	}
	return true;
}

bool tr_glue_locations(struct tr_glue *glue, const char *dataset,
	bool (*visit)(void *context, const char *location, struct tr_err *err), void *context,
	struct tr_err *err)
{
	struct locations locations = { visit, context };
	bool gone;
	return each_page(glue, dataset, visit_locations, &locations, &gone, err);
}

/* ---- changing ---- */

/* The batches of one round. */
struct round {
	struct tr_glue_registering *r;
	json_t *columns;
	char hash[TR_GLUE_HASH_TEXT];
	size_t item_bytes;                 /* roughly, of an item with columns */
	struct tr_glue_item_errors errors; /* the worst so far */
	bool moved;
};

static bool fatal_item(const struct round *round, const char *operation, struct tr_err *err)
{
	const struct tr_glue_item_errors *e = &round->errors;
	tr_err_set(err, TR_ERR_USER, "glue:%s failed for partition %s of `%s`: %s", operation, e->values,
		round->r->dataset, e->code[0] ? e->code : "an unknown error");
	tr_err_detail(err, "%s", e->message);
	return tr_err_hint(err,
		"mend what Glue says, and publish again: partitions are then brought up to date");
}

static bool send_batch(struct round *round, const struct change *change,
	const struct tr_glue_row *const *rows, size_t n, struct tr_err *err)
{
	struct tr_glue_registering *r = round->r;
	enum tr_glue_answer answer;
	struct tr_glue_item_errors errors;
	bool still;
	json_t *reply = NULL, *list = json_array();
	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(list,
			    change->item(rows[i], r->lake, round->columns, round->hash)) != 0) {
			json_decref(list);
			return tr_err_memory(err, 0);
		}
	json_t *body = json_pack("{s:s, s:o}", "TableName", r->dataset, change->list, list);
	if (!r->still(r->context, &still, err) || !still) {
		round->moved = true;
		json_decref(body);
		return err->kind == TR_ERR_NONE;
	}
	r->touched = true;
	if (!tr_glue_call(r->glue, change->operation, r->dataset, body, &reply, &answer, err))
		return false;
	tr_glue_item_errors(reply, &errors);
	json_decref(reply);
	round->moved = answer != TR_GLUE_OK;
	if (errors.n)
		round->errors = errors;
	return !errors.fatal || fatal_item(round, change->operation, err);
}

static bool send_all(struct round *round, const struct change *change, const struct tr_glue_row *const *rows,
	size_t n, struct tr_err *err)
{
	size_t most = change->batch_max;
	if (change->item != remove_item && round->item_bytes * most > BATCH_BYTES)
		most = BATCH_BYTES / round->item_bytes + 1;
	for (size_t i = 0; i < n && !round->moved; i += most)
		if (!send_batch(round, change, rows + i, n - i < most ? n - i : most, err))
			return false;
	return true;
}

/* What is removed goes last: until then a reader sees too much rather than too little. */
static bool change_rows(struct round *round, const struct tr_glue_rows *wanted, bool *same,
	struct tr_err *err)
{
	struct tr_glue_rows there;
	struct tr_glue_changes changes;
	bool gone;
	if (!list_rows(round->r->glue, round->r->dataset, &there, &gone, err))
		return false;
	round->moved = gone;
	bool ok = tr_glue_rows_compare(wanted, &there, &changes, err);
	if (ok) {
		*same = changes.n_create + changes.n_update + changes.n_remove == 0;
		ok = send_all(round, &change_create, changes.create, changes.n_create, err) &&
			send_all(round, &change_update, changes.update, changes.n_update, err) &&
			send_all(round, &change_remove, changes.remove, changes.n_remove, err);
		tr_glue_changes_clear(&changes);
	}
	tr_glue_rows_clear(&there);
	return ok;
}

static bool too_many_rounds(const struct round *round, struct tr_err *err)
{
	const struct tr_glue_item_errors *e = &round->errors;
	tr_err_set(err, TR_ERR_TRANSIENT, "the partitions of `%s` in Glue could not be brought up to date",
		round->r->dataset);
	tr_err_detail(err, "%s of %s: %s", e->code, e->values, e->message);
	return tr_err_hint(err, "publish again later: partitions are then brought up to date");
}

/* Rounds of listing and changing, until nothing that was sent was refused. */
static bool change_until_same(struct round *round, const struct tr_glue_rows *wanted, struct tr_err *err)
{
	for (int i = 0; i < ROUNDS; i++) {
		bool same = false;
		round->errors = (struct tr_glue_item_errors){ 0 };
		if (i)
			tr_glue_wait(i);
		if (!change_rows(round, wanted, &same, err))
			return false;
		if (same || round->moved || round->errors.n == 0)
			return true;
	}
	return too_many_rounds(round, err);
}

bool tr_glue_register(struct tr_glue_registering *r, const struct tr_manifest *m, json_t *columns,
	bool *moved, struct tr_err *err)
{
	struct round round = { .r = r, .columns = columns };
	struct tr_glue_parts parts = { 0 };
	struct tr_glue_rows wanted = { 0 };
	bool ok = true;
	if (m) {
		round.item_bytes = 1024 + 64 * json_array_size(columns);
		ok = tr_glue_columns_hash(columns, round.hash, err) && tr_glue_parts_find(m, &parts, err) &&
			tr_glue_rows_wanted(m, &parts, r->lake, round.hash, &wanted, err);
	}
	ok = ok && change_until_same(&round, &wanted, err);
	*moved = round.moved;
	tr_glue_rows_clear(&wanted);
	tr_glue_parts_clear(&parts);
	return ok;
}
