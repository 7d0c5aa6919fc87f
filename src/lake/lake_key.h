/*
 * Where a lake keeps what: the keys of a dataset's metadata under `_tailrace/`.
 */
#ifndef TR_LAKE_KEY_H
#define TR_LAKE_KEY_H

#include "lake/lake.h"

#define TR_META "_tailrace/"

/* `orders` is a dataset's name, or an error of the user. */
bool tr_lake_name(const char *dataset, struct tr_err *err) TR_CHECKED;
/* `_tailrace/<dataset>/manifests/<20 digits>.json`; `.expired` for its mark. */
void tr_lake_manifest_key(const char *dataset, uint64_t version, const char *suffix, char out[TR_KEY_MAX]);
/* The number in such a key's name if it ends in suffix; 0 if not. */
uint64_t tr_lake_manifest_number(const char *key, const char *suffix);
/* `_tailrace/<dataset>/runs/<id><suffix>`. */
void tr_lake_run_key(const char *dataset, const char *run_id, const char *suffix, char out[TR_KEY_MAX]);
/* `<dataset>/<run-id>/`. */
void tr_lake_data_prefix(const char *dataset, const char *run_id, char out[TR_KEY_MAX]);
/* The run id of `<dataset>/<run-id>/...`; false for any other key. An id that
 * tr_run_id_new could not have made is none: what it names is not ours to remove. */
bool tr_lake_run_of(const char *key, const char *dataset, char out[TR_RUN_ID_TEXT]);

#endif
