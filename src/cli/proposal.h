/*
 * What `tailrace init` proposes for a database: a copy of each relation, and a join where
 * a foreign key allows one. A pure function of the catalog.
 */
#ifndef TR_CLI_PROPOSAL_H
#define TR_CLI_PROPOSAL_H

#include "data/name.h"
#include "source/relation.h"

/* One published column. */
struct tr_proposal_column {
	const struct tr_source_column *source;
	char side; /* joins: 0 the child, 1 the parent */
	char name[TR_NAME_MAX + 1];
	bool not_null;
};

struct tr_proposal_dataset {
	char name[TR_NAME_MAX + 1];
	char alias; /* of the relation, a letter */
	const struct tr_relation *relation;
	struct tr_proposal_column *columns; /* supported ones; owned */
	size_t n_columns;
	const char *partition; /* name of the column, NULL: none */
	bool partition_active; /* large enough to begin with */
	char why_not[256];     /* not empty: it can't be read now, for this reason */
};

struct tr_proposal_join {
	bool set;
	struct tr_proposal_dataset dataset; /* relation is the child */
	const struct tr_relation *parent;
	char parent_alias;
	const struct tr_foreign_key *key;
	bool inner; /* the key is never null: no row can be lost */
};

struct tr_proposal {
	struct tr_proposal_dataset *datasets;
	size_t n;
	struct tr_proposal_join join;
};

/* `relations` are borrowed while the proposal lives. */
bool tr_proposal_make(struct tr_relation *const *relations, size_t n, struct tr_proposal *out,
	struct tr_err *err) TR_CHECKED;
void tr_proposal_clear(struct tr_proposal *p);

#define TR_PROPOSAL_LAKE "./lake"
/* From where to where. */
struct tr_proposal_places {
	const char *url;      /* stands in the file as it is given (`${DATABASE_URL}`) */
	const char *location; /* of the lake; in S3, its datasets are proposed for Glue as well */
	const char *database; /* the source's name of it */
};
/* tailrace.yaml. */
bool tr_proposal_yaml(const struct tr_proposal *p, const struct tr_proposal_places *places,
	struct tr_str *out, struct tr_err *err) TR_CHECKED;
/* transforms/<join>.sql */
bool tr_proposal_sql(const struct tr_proposal *p, struct tr_str *out, struct tr_err *err) TR_CHECKED;

#endif
