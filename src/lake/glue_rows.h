/*
 * Registered partitions as rows: those that a manifest wants, those that Glue answers (hostile
 * input), and what tells them apart. Pure functions.
 */
#ifndef TR_LAKE_GLUE_ROWS_H
#define TR_LAKE_GLUE_ROWS_H

#include "lake/glue_table.h"

struct tr_glue_row {
	char *id;                            /* its values, each as `<length>:<text>` */
	uint64_t hash;                       /* of location and columns: equal rows need no update */
	const struct tr_manifest_file *file; /* one of the partition's; NULL: read from Glue */
};
struct tr_glue_rows {
	struct tr_glue_row *items;
	size_t n, cap;
};
void tr_glue_rows_clear(struct tr_glue_rows *rows);

/* What a manifest wants, sorted by id. columns_hash as tr_glue_columns_hash. */
bool tr_glue_rows_wanted(const struct tr_manifest *m, const struct tr_glue_parts *parts, const char *lake,
	const char *columns_hash, struct tr_glue_rows *out, struct tr_err *err) TR_CHECKED;
/* Append a page of GetPartitions' answer. */
bool tr_glue_rows_read(const json_t *answer, struct tr_glue_rows *out, struct tr_err *err) TR_CHECKED;
void tr_glue_rows_sort(struct tr_glue_rows *rows);
/* Of two sorted sets: which rows of `wanted` are to be made, which changed, and which of `there`
 * are to be removed. Arrays of borrowed rows, owned by *out. */
struct tr_glue_changes {
	const struct tr_glue_row **create, **update, **remove;
	size_t n_create, n_update, n_remove;
};
bool tr_glue_rows_compare(const struct tr_glue_rows *wanted, const struct tr_glue_rows *there,
	struct tr_glue_changes *out, struct tr_err *err) TR_CHECKED;
void tr_glue_changes_clear(struct tr_glue_changes *changes);

/* 16 hexadecimal digits over the columns of a storage descriptor. */
#define TR_GLUE_HASH_TEXT 17
bool tr_glue_columns_hash(const json_t *columns, char out[TR_GLUE_HASH_TEXT], struct tr_err *err) TR_CHECKED;
/* A row's values as a JSON array (owned); NULL: memory ran out. */
json_t *tr_glue_row_values(const struct tr_glue_row *row);
/* The PartitionInput of a wanted row (owned). */
json_t *tr_glue_row_input(const struct tr_glue_row *row, const char *lake, json_t *columns,
	const char *columns_hash);

/* The errors of a batch's items. */
struct tr_glue_item_errors {
	size_t n;
	bool fatal; /* one that another try does not mend; code and message are its */
	char code[96], message[400], values[200];
};
void tr_glue_item_errors(const json_t *answer, struct tr_glue_item_errors *out);

#endif
