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
/* The unit that is compiled: includes the user's file and exports the descriptor; free(). */
char *tr_transform_glue(const struct tr_transform_spec *spec, struct tr_err *err) TR_CHECKED;
/* 16 hex digits over names, types and nullability of inputs, parameters and contract. */
#define TR_FINGERPRINT_TEXT 17
void tr_transform_fingerprint(const struct tr_transform_spec *spec, char out[TR_FINGERPRINT_TEXT]);
/* A field-by-field difference between the description embedded in a compiled object or
 * generated header and the live spec, one line a field; free(). */
char *tr_transform_difference(const char *described, const struct tr_transform_spec *spec,
	struct tr_err *err) TR_CHECKED;

#endif
