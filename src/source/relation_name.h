/* Reading `schema.table` as SQL spells it. */
#ifndef TR_SOURCE_RELATION_NAME_H
#define TR_SOURCE_RELATION_NAME_H

#include "base/err.h"

#define TR_PG_NAME_MAX 64 /* NAMEDATALEN: longer names cannot exist */

struct tr_relation_part {
	char name[TR_PG_NAME_MAX * 4];
	bool quoted; /* taken as it is; else the spelling as written is tried before the folded one */
};

struct tr_relation_name {
	struct tr_relation_part schema; /* name "" if there is none */
	struct tr_relation_part table;
};

bool tr_relation_name_parse(const char *text, struct tr_relation_name *out, struct tr_err *err) TR_CHECKED;

#endif
