/* What the catalog makes of a dataset, known before a row is read. */
#include <stdlib.h>
#include <string.h>

#include "lake/catalog_glue.h"
#include "plan/plan_internal.h"

/* Where the mistake is best mended: a key, `partitions`, or the dataset. */
static struct tr_pos position(const struct tr_config_dataset *c)
{
	return c->partitions_pos.line ? c->partitions_pos : c->n_partitions ? c->partitions[0].pos : c->pos;
}

/* What its readers see otherwise than the lake's own. */
static bool warn_types(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_err *err)
{
	for (size_t i = 0; i < d->contract.schema.n; i++)
		if (d->contract.schema.fields[i].type.kind == TR_UUID &&
			!tr_plan_warn(plan, d, err,
				"Athena reads the uuid `%s` as 16 bytes; declared as string it is the text that "
				"people know",
				d->contract.schema.fields[i].name))
			return false;
	return true;
}

bool tr_plan_catalog(struct tr_plan *plan, struct tr_plan_dataset *d, struct tr_errs *errs)
{
	const struct tr_config *c = plan->config;
	const struct tr_glue_table table = { .dataset = d->config->name,
		.partitions = d->config->registered ? TR_GLUE_REGISTERED : TR_GLUE_PROJECTION };
	struct tr_err err = { 0 };
	char *reason = NULL;
	if (strcmp(c->lake.catalog, "glue") != 0)
		return true;
	if (warn_types(plan, d, &err) &&
		tr_glue_plan(&table, &d->contract.schema, d->keys, d->n_keys, &reason, &err))
		d->catalog = tr_arena_strdup(&plan->arena, reason, &err);
	free(reason);
	if (d->catalog)
		return true;
	tr_config_at(c, position(d->config), &err);
	return tr_errs_push(errs, &err);
}
