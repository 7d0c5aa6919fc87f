/*
 * Glue's answers: whatever they are, a table is read safely, and what is made of it to be sent back
 * is an object; pages of partitions compare with themselves as no change; errors of items are counted.
 */
#include <stdlib.h>
#include <string.h>

#include "lake/glue_rows.h"

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void read_table(const json_t *answer)
{
	struct tr_glue_seen seen;
	struct tr_err err = { 0 };
	char run[TR_RUN_ID_TEXT];
	if (!tr_glue_seen_read(answer, "orders", "s3://bucket/lake", &seen, &err)) {
		must(err.kind != TR_ERR_NONE && err.what[0] && err.hint[0]);
		return;
	}
	must(!seen.ours || seen.replaceable);
	must(seen.ours || seen.why[0]);
	json_t *input = json_pack("{s:{}, s:[]}", "Parameters", "PartitionKeys"), *same = NULL;
	must(input && tr_glue_keep(&seen, input, &err) && tr_glue_same(&seen, &same, &err));
	must(tr_glue_mark(same, 7, &err) && tr_glue_mark(input, 7, &err));
	(void)tr_glue_keys_differ(&seen, input);
	const char *location = json_string_value(
		json_object_get(json_object_get(seen.table, "StorageDescriptor"), "Location"));
	if (location && tr_glue_run_of(location, "s3://bucket/lake", "orders", run))
		must(tr_run_id_is(run));
	json_decref(input);
	json_decref(same);
	tr_glue_seen_clear(&seen);
}

static void read_partitions(const json_t *answer)
{
	struct tr_glue_rows rows = { 0 };
	struct tr_glue_changes changes;
	struct tr_err err = { 0 };
	if (tr_glue_rows_read(answer, &rows, &err)) {
		tr_glue_rows_sort(&rows);
		must(tr_glue_rows_compare(&rows, &rows, &changes, &err));
		must(changes.n_create + changes.n_update + changes.n_remove == 0);
		tr_glue_changes_clear(&changes);
		for (size_t i = 0; i < rows.n; i++) {
			json_t *values = tr_glue_row_values(&rows.items[i]);
			must(values && json_array_size(values) > 0);
			json_decref(values);
		}
	} else {
		must(err.kind != TR_ERR_NONE && err.what[0]);
	}
	tr_glue_rows_clear(&rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tr_glue_item_errors errors;
	json_t *answer = json_loadb((const char *)data, size, 0, NULL);
	if (!answer)
		return 0;
	read_table(answer);
	read_partitions(answer);
	tr_glue_item_errors(answer, &errors);
	must(errors.n <= json_array_size(json_object_get(answer, "Errors")));
	json_decref(answer);
	return 0;
}
