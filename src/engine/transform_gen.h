/*
 * Typed C transforms, the text side: from a dataset's inputs, parameters and contract to
 * the header that `tailrace gen` writes, and to the glue that exports field offsets. A
 * pure function of the schema: the same schema gives the same bytes and fingerprint.
 */
#ifndef TR_ENGINE_TRANSFORM_GEN_H
#define TR_ENGINE_TRANSFORM_GEN_H

#include "data/schema.h"

struct tr_transform_input {
	const char *alias;               /* struct in_<alias> */
	const char *relation;            /* for comments: public.orders */
	const struct tr_schema *schema;  /* all supported columns of the relation, source names */
	const char *const *source_types; /* Postgres's type names, one a column, for comments */
	bool may_miss;                   /* an outer join may leave it NULL */
};

struct tr_transform_param {
	const char *name;
	struct tr_type type;
	const char *value; /* text */
};

struct tr_transform_spec {
	const char *dataset;     /* the function's name */
	const char *source_path; /* the user's .c file */
	const struct tr_transform_input *inputs;
	size_t n_inputs;
	const struct tr_transform_param *params;
	size_t n_params;
	const struct tr_schema *out; /* the contract */
};

/* gen/<dataset>.h; free(). */
char *tr_transform_header(const struct tr_transform_spec *spec, struct tr_err *err) TR_CHECKED;
/* The ABI header that stands beside it (include/tailrace/transform.h, embedded). */
const char *tr_transform_abi_header(void);
/* The unit that is compiled behind the user's file, whose header brings the descriptor: exports it; free(). */
char *tr_transform_glue(const char *dataset, struct tr_err *err) TR_CHECKED;
/* Inputs, parameters and contract, a line each: `o.order_id: int not null`; free(). */
char *tr_transform_description(const struct tr_transform_spec *spec, struct tr_err *err) TR_CHECKED;
/* 16 hex digits over a description. */
#define TR_FINGERPRINT_TEXT 17
void tr_transform_fingerprint(const char *description, char out[TR_FINGERPRINT_TEXT]);
/* What moved between two descriptions, one line a field; empty if nothing; free(). */
char *tr_transform_difference(const char *before, const char *now, struct tr_err *err) TR_CHECKED;
/* The C name of column i's field (a keyword, or a name that C or its headers
 * may use, gets a `_`; columns that fold together a number); buf has 160 bytes. */
void tr_transform_field_name(const struct tr_schema *schema, size_t i, char *buf);
/* The C name of the function: the dataset's; buf has 160 bytes. */
void tr_transform_function_name(const char *dataset, char *buf);
/* A required field of the contract that `source` (preprocessed C) never sets: the name, or
 * NULL. Looks for `out->field` with the function's own name for `out`; a function that
 * hands the whole struct on is trusted. Borrowed from spec. */
const char *tr_transform_unset(const struct tr_transform_spec *spec, const char *source);

#endif
