#include "cli/proposal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From this size on a dataset begins partitioned: below, days would be tiny files. */
#define PARTITION_BYTES ((int64_t)256 << 20)
/* Columns that a join takes over from the parent. */
#define PARENT_COLUMNS 8

/* ---- names ---- */

static bool is_taken(const char *name, const char (*names)[TR_NAME_MAX + 1], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* `name`, or name_2, name_3 ... */
static void make_unique(char *name, const char (*names)[TR_NAME_MAX + 1], size_t n)
{
	char base[TR_NAME_MAX + 1];
	snprintf(base, sizeof base, "%.*s", TR_NAME_MAX - 8, name);
	for (unsigned k = 2; is_taken(name, names, n) && k < 100000; k++)
		snprintf(name, TR_NAME_MAX + 1, "%s_%u", base, k);
}

/* A dataset's name may not begin with `_`, and with a digit only behind a letter. */
static void propose_dataset(const char *source, char *out)
{
	char proposed[TR_NAME_MAX + 1];
	tr_name_propose(source, proposed);
	const char *bare = proposed + strspn(proposed, "_");
	bool letter = bare[0] >= 'a' && bare[0] <= 'z';
	snprintf(out, TR_NAME_MAX + 1, "%s%.*s",
		letter            ? ""
			: bare[0] ? "t_"
				  : "dataset",
		TR_NAME_MAX - 2, bare);
}

static bool name_columns(struct tr_proposal_column *columns, size_t n, struct tr_err *err)
{
	char(*names)[TR_NAME_MAX + 1] = tr_calloc(n + 1, sizeof *names, err);
	if (!names)
		return false;
	for (size_t i = 0; i < n; i++) {
		make_unique(columns[i].name, (const char(*)[TR_NAME_MAX + 1]) names, i);
		memcpy(names[i], columns[i].name, sizeof names[i]);
	}
	free(names);
	return true;
}

/* ---- copies ---- */

static const char *const TIME_NAMES[] = { "created_at", "created", "inserted_at", "created_on",
	"creation_date", "ordered_at", "order_date", "occurred_at", "event_time", "event_date", "logged_at",
	"timestamp", "ts", "date", "day" };

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), k = strlen(end);
	return n > k && strcmp(text + n - k, end) == 0;
}

/* How well a column says when its row came to be: 0 not at all. What is written again
 * later (updated_at) would move rows between partitions. */
static size_t time_rank(const struct tr_proposal_column *c)
{
	enum tr_kind kind = c->source->type.kind;
	bool time = kind == TR_DATE || kind == TR_TIMESTAMP || kind == TR_TIMESTAMPTZ;
	if (!time || !c->not_null)
		return 0;
	size_t n = sizeof TIME_NAMES / sizeof TIME_NAMES[0];
	for (size_t i = 0; i < n; i++)
		if (strcmp(c->name, TIME_NAMES[i]) == 0)
			return n - i + 1;
	if (strstr(c->name, "updat") || strstr(c->name, "modif") || strstr(c->name, "delet"))
		return 0;
	return ends_with(c->name, "_at") || ends_with(c->name, "_date") || ends_with(c->name, "_on") ? 1 : 0;
}

static void choose_partition(struct tr_proposal_dataset *d)
{
	size_t best = 0;
	for (size_t i = 0; i < d->n_columns; i++) {
		size_t rank = time_rank(&d->columns[i]);
		if (rank > best) {
			best = rank;
			d->partition = d->columns[i].name;
		}
	}
	char made[TR_NAME_MAX + 8];
	snprintf(made, sizeof made, "%s_day", d->partition ? d->partition : "");
	for (size_t i = 0; d->partition && i < d->n_columns; i++)
		if (strcmp(d->columns[i].name, made) == 0)
			d->partition = NULL; /* its name is in use */
	d->partition_active = d->partition && d->relation->bytes >= PARTITION_BYTES;
}

static bool propose_copy(const struct tr_relation *r, struct tr_proposal_dataset *d, struct tr_err *err)
{
	d->relation = r;
	d->columns = tr_calloc(r->n_columns + 1, sizeof *d->columns, err);
	if (!d->columns)
		return false;
	for (size_t i = 0; i < r->n_columns; i++) {
		if (!r->columns[i].supported)
			continue;
		struct tr_proposal_column *c = &d->columns[d->n_columns++];
		c->source = &r->columns[i];
		c->not_null = c->source->not_null;
		tr_name_propose(c->source->name, c->name);
	}
	if (d->n_columns == 0)
		snprintf(d->why_not, sizeof d->why_not,
			r->n_columns ? "none of its columns can be read" : "it has no columns");
	else if (r->row_security)
		snprintf(d->why_not, sizeof d->why_not,
			"a row security policy would hide rows from this user");
	else if (r->kind == 'm' && !r->is_populated)
		snprintf(d->why_not, sizeof d->why_not, "the materialized view has not been populated");
	return name_columns(d->columns, d->n_columns, err);
}

static bool name_datasets(struct tr_proposal *p, struct tr_err *err)
{
	char(*names)[TR_NAME_MAX + 1] = tr_calloc(p->n + 1, sizeof *names, err);
	if (!names)
		return false;
	for (size_t i = 0; i < p->n; i++) {
		struct tr_proposal_dataset *d = &p->datasets[i];
		propose_dataset(d->relation->name, d->name);
		if (is_taken(d->name, (const char(*)[TR_NAME_MAX + 1]) names, i)) {
			char both[512]; /* two identifiers of at most 63 bytes */
			snprintf(both, sizeof both, "%s_%s", d->relation->schema, d->relation->name);
			propose_dataset(both, d->name);
			make_unique(d->name, (const char(*)[TR_NAME_MAX + 1]) names, i);
		}
		d->alias = d->name[0];
		memcpy(names[i], d->name, sizeof names[i]);
	}
	free(names);
	return true;
}

/* ---- the join ---- */

static const struct tr_proposal_dataset *find_parent(const struct tr_proposal *p,
	const struct tr_foreign_key *k)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->datasets[i].relation->schema, k->ref_schema) == 0 &&
			strcmp(p->datasets[i].relation->name, k->ref_table) == 0)
			return &p->datasets[i];
	return NULL;
}

static bool readable(const struct tr_relation *r, const char *column)
{
	int i = tr_relation_find(r, column);
	return i >= 0 && r->columns[i].supported;
}

/* The largest table with a key that leads to another one. */
static const struct tr_proposal_dataset *choose_child(const struct tr_proposal *p,
	const struct tr_foreign_key **key, const struct tr_proposal_dataset **parent)
{
	const struct tr_proposal_dataset *best = NULL;
	for (size_t i = 0; i < p->n; i++) {
		const struct tr_proposal_dataset *child = &p->datasets[i];
		for (size_t k = 0; k < child->relation->n_foreign_keys && !child->why_not[0]; k++) {
			const struct tr_foreign_key *f = &child->relation->foreign_keys[k];
			const struct tr_proposal_dataset *to = find_parent(p, f);
			bool good = to && to != child && !to->why_not[0] &&
				readable(child->relation, f->column) && readable(to->relation, f->ref_column);
			if (!good || (best && child->relation->bytes <= best->relation->bytes))
				continue;
			best = child;
			*key = f;
			*parent = to;
		}
	}
	return best;
}

static void join_columns(struct tr_proposal_join *j, const struct tr_proposal_dataset *child,
	const struct tr_proposal_dataset *parent)
{
	struct tr_proposal_dataset *d = &j->dataset;
	for (size_t i = 0; i < child->n_columns; i++)
		d->columns[d->n_columns++] = child->columns[i];
	size_t taken = 0;
	for (size_t i = 0; i < parent->n_columns && taken < PARENT_COLUMNS; i++) {
		const struct tr_proposal_column *from = &parent->columns[i];
		if (strcmp(from->source->name, j->key->ref_column) == 0)
			continue;
		struct tr_proposal_column *c = &d->columns[d->n_columns++];
		*c = *from;
		c->side = 1;
		c->not_null = from->not_null && j->inner;
		snprintf(c->name, sizeof c->name, "%.*s_%.*s", TR_NAME_MAX / 2 - 1, parent->name,
			TR_NAME_MAX / 2, from->name);
		taken++;
	}
}

static bool propose_join(struct tr_proposal *p, struct tr_err *err)
{
	const struct tr_foreign_key *key = NULL;
	const struct tr_proposal_dataset *parent = NULL, *child = choose_child(p, &key, &parent);
	struct tr_proposal_join *j = &p->join;
	if (!child || child->n_columns + PARENT_COLUMNS > TR_COLUMNS_MAX)
		return true;
	j->set = true;
	j->key = key;
	j->parent = parent->relation;
	j->inner = child->relation->columns[tr_relation_find(child->relation, key->column)].not_null;
	j->dataset.relation = child->relation;
	j->dataset.alias = child->alias;
	j->parent_alias = parent->alias != child->alias ? parent->alias : child->alias == 'z' ? 'y' : 'z';
	j->dataset.columns =
		tr_calloc(child->n_columns + PARENT_COLUMNS + 1, sizeof *j->dataset.columns, err);
	if (!j->dataset.columns)
		return false;
	join_columns(j, child, parent);
	snprintf(j->dataset.name, sizeof j->dataset.name, "%.*s_with_%.*s", TR_NAME_MAX / 2 - 8, child->name,
		TR_NAME_MAX / 2 - 8, parent->name);
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->datasets[i].name, j->dataset.name) == 0)
			strcat(j->dataset.name, "_joined");
	return name_columns(j->dataset.columns, j->dataset.n_columns, err);
}

bool tr_proposal_make(struct tr_relation *const *relations, size_t n, struct tr_proposal *out,
	struct tr_err *err)
{
	memset(out, 0, sizeof *out);
	out->datasets = tr_calloc(n + 1, sizeof *out->datasets, err);
	bool ok = out->datasets != NULL;
	for (size_t i = 0; ok && i < n; i++) {
		out->n++;
		ok = propose_copy(relations[i], &out->datasets[i], err);
	}
	ok = ok && name_datasets(out, err);
	for (size_t i = 0; ok && i < n; i++)
		choose_partition(&out->datasets[i]);
	ok = ok && propose_join(out, err);
	if (!ok)
		tr_proposal_clear(out);
	return ok;
}

void tr_proposal_clear(struct tr_proposal *p)
{
	for (size_t i = 0; p->datasets && i < p->n; i++)
		free(p->datasets[i].columns);
	free(p->datasets);
	free(p->join.dataset.columns);
	memset(p, 0, sizeof *p);
}
