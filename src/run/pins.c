#include "run/pins.h"

#include <stdlib.h>
#include <string.h>

#include "base/each.h"
#include "lake/lake_lease.h"

size_t tr_pins_find(const struct tr_pins *pins, const struct tr_plan_source *source)
{
	if (source->upstream >= 0)
		return (size_t)source->upstream;
	size_t i = pins->n_made;
	while (i < pins->n && strcmp(pins->items[i].dataset, source->config->dataset) != 0)
		i++;
	return i;
}

bool tr_pins_renew(const struct tr_pins *pins, size_t i, struct tr_err *err)
{
	return tr_lake_lease_hold(pins->lake, pins->items[i].dataset, pins->run_id,
		atomic_load(&pins->items[i].held), err);
}

bool tr_pins_take(struct tr_pins *pins, size_t i, uint64_t version, struct tr_err *err)
{
	struct tr_pin *pin = &pins->items[i];
	bool found = false;
	if (pin->manifest.version)
		return true;
	atomic_store(&pin->held, version);
	if (!tr_pins_renew(pins, i, err) ||
		!tr_lake_load(pins->lake, pin->dataset, version, &pin->manifest, &found, err))
		return false;
	if (found && !pin->manifest.expired)
		return true;
	tr_manifest_clear(&pin->manifest);
	tr_err_set(err, TR_ERR_TRANSIENT, "version %llu of `%s` was given up by `tailrace gc` meanwhile",
		(unsigned long long)version, pin->dataset);
	return tr_err_hint(err, "run it again: it then reads the newest version");
}

static bool pin_newest(struct tr_pins *pins, const char *dataset, struct tr_err *err)
{
	uint64_t version;
	size_t i = pins->n++;
	pins->items[i].dataset = dataset;
	tr_manifest_init(&pins->items[i].manifest);
	return tr_lake_version(pins->lake, dataset, &version, err) &&
		(version == 0 || tr_pins_take(pins, i, version, err));
}

/* All but the first, which tries the server. */
static bool lease(void *context, size_t i, struct tr_err *err)
{
	struct tr_pins *pins = context;
	return tr_pins_renew(pins, i + 1, err);
}

static bool take_leases(struct tr_pins *pins, const struct tr_plan *plan, struct tr_err *err)
{
	for (; pins->n < plan->n_datasets; pins->n++, pins->n_made++) {
		pins->items[pins->n].dataset = plan->datasets[pins->n].config->name;
		tr_manifest_init(&pins->items[pins->n].manifest);
	}
	return pins->n == 0 ||
		(tr_lake_lease(pins->lake, pins->items[0].dataset, pins->run_id, err) &&
			tr_each(pins->n - 1, pins->lake->store->side_by_side, lease, pins, err));
}

static bool end_lease(void *context, size_t i, struct tr_err *err)
{
	const struct tr_pins *pins = context;
	(void)err;
	if (!pins->items[i].stays)
		tr_lake_lease_end(pins->lake, pins->items[i].dataset, pins->run_id);
	return true;
}

bool tr_pins_init(struct tr_pins *pins, const struct tr_plan *plan, const struct tr_lake *lake,
	const char *run_id, struct tr_err *err)
{
	size_t most = plan->n_datasets;
	for (size_t i = 0; i < plan->n_datasets; i++)
		most += plan->datasets[i].n_sources;
	*pins = (struct tr_pins){ .lake = lake, .run_id = run_id };
	pins->items = tr_calloc(most, sizeof *pins->items, err);
	if (!pins->items)
		return false;
	if (!take_leases(pins, plan, err))
		return false;
	for (size_t i = 0; i < plan->n_datasets; i++) {
		const struct tr_plan_dataset *d = &plan->datasets[i];
		for (size_t k = 0; k < d->n_sources; k++)
			if (tr_pins_find(pins, &d->sources[k]) == pins->n &&
				!pin_newest(pins, d->sources[k].config->dataset, err))
				return false;
	}
	return true;
}

void tr_pins_clear(struct tr_pins *pins)
{
	struct tr_err none = { 0 };
	if (pins->n)
		(void)!tr_each(pins->n, pins->lake->store->side_by_side, end_lease, pins, &none);
	for (size_t i = 0; i < pins->n; i++)
		tr_manifest_clear(&pins->items[i].manifest);
	free(pins->items);
	*pins = (struct tr_pins){ 0 };
}
