/* The readers that know their shape: params, datasets, and the maps and lists in them. */
#include <stdio.h>
#include <string.h>

#include "data/name.h"
#include "plan/config_read.h"

/* The children of a group that maps names to things; NULL where it is none: reported. */
static const struct tr_yaml *entries(struct tr_config_reader *r, const struct tr_yaml *node,
	const char *example)
{
	char shown[TR_CONFIG_SHOWN];
	if (node->kind == TR_YAML_MAP)
		return node->first;
	tr_err_hint(tr_config_wrong(r, node->pos, "expected names with their values, got %s",
			    tr_config_show(node, shown)),
		"write lines as `%s`", example);
	return NULL;
}

/* `renames`: the source's name can be kept beside it, by `from`. */
static bool check_name(struct tr_config_reader *r, const struct tr_yaml *key, bool (*good)(const char *),
	const char *what, bool renames)
{
	char proposed[TR_NAME_MAX + 1], shown[TR_CONFIG_SHOWN];
	if (good(key->text))
		return true;
	struct tr_err *err =
		tr_config_wrong(r, key->pos, "%s cannot be the name of %s", tr_config_show(key, shown), what);
	tr_name_propose(key->text, proposed);
	const char *proposal = proposed + (good == tr_name_is_dataset ? strspn(proposed, "_") : 0);
	const char *start = good == tr_name_is_dataset ? "a digit or _" : "a digit";
	if (renames && strlen(key->text) <= TR_NAME_MAX)
		tr_err_hint(err,
			"names have a-z, 0-9 and _, and do not begin with %s; "
			"write `%s: { type: ..., from: \"%s\" }`",
			start, proposal, key->text);
	else
		tr_err_hint(err,
			"names have a-z, 0-9 and _, do not begin with %s, and have at most %d bytes%s%s%s",
			start, TR_NAME_MAX, good(proposal) ? ": `" : "", good(proposal) ? proposal : "",
			good(proposal) ? "`" : "");
	return false;
}

/* ---- params ---- */

void tr_config_read_params(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	struct tr_config *config = target;
	if (tr_yaml_is_null(node))
		return;
	const struct tr_yaml *child = entries(r, node, "tax_rate: { type: double, value: 0.19 }");
	struct tr_config_param *params = child ? tr_config_alloc(r, node->n * sizeof *params) : NULL;
	if (!params)
		return;
	config->params = params;
	for (; child; child = child->next) {
		struct tr_config_param *p = &params[config->n_params++];
		size_t mark = tr_config_enter(r, child->key->text), before = tr_config_mistakes(r);
		p->name = tr_config_copy(r, child->key->text);
		p->pos = child->key->pos;
		check_name(r, child->key, tr_name_is_column, "a parameter", false);
		if (child->kind == TR_YAML_TEXT && !tr_yaml_is_null(child)) {
			char shown[TR_CONFIG_SHOWN];
			tr_config_show(child, shown);
			tr_err_hint(tr_config_wrong(r, child->pos, "expected a type and a value, got %s",
					    shown),
				"write { type: double, value: 0.19 }");
			tr_config_leave(r, mark);
			continue;
		}
		tr_config_group(r, key->section, child, p->pos, p);
		if (tr_config_mistakes(r) == before)
			tr_config_check_param(r, child, p);
		tr_config_leave(r, mark);
	}
}

/* ---- inputs ---- */

static void read_input(struct tr_config_reader *r, const struct tr_config_section *section,
	const struct tr_yaml *node, struct tr_config_input *in)
{
	in->pos = node->key->pos;
	in->relation_pos = node->pos;
	in->alias = tr_config_copy(r, node->key->text);
	check_name(r, node->key, tr_name_is_column, "an input", false);
	if (node->kind != TR_YAML_TEXT) {
		tr_config_group(r, section, node, in->pos, in);
		return;
	}
	in->relation = tr_config_text(r, node, "a relation, as public.orders");
	if (in->relation && !*in->relation)
		tr_err_hint(tr_config_wrong(r, node->pos, "expected a relation, got an empty text"),
			"write the name of a table or view, as public.orders");
}

void tr_config_read_inputs(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	struct tr_config_dataset *d = target;
	const struct tr_yaml *child = entries(r, node, "o: public.orders");
	if (!child) {
		if (node->kind == TR_YAML_MAP)
			tr_err_hint(tr_config_wrong(r, node->pos, "a dataset needs at least one input"),
				"write `{ o: public.orders }`");
		return;
	}
	d->inputs = tr_config_alloc(r, node->n * sizeof *d->inputs);
	for (; d->inputs && child; child = child->next) {
		size_t mark = tr_config_enter(r, child->key->text);
		read_input(r, key->section, child, &d->inputs[d->n_inputs++]);
		tr_config_leave(r, mark);
	}
}

/* ---- from ---- */

/* A list, or one text in place of a list of one. */
struct items {
	const struct tr_yaml *first;
	struct tr_yaml one;
	size_t n;
};

static bool items_of(struct tr_config_reader *r, const struct tr_yaml *node, const char *example,
	struct items *out)
{
	char shown[TR_CONFIG_SHOWN];
	*out = (struct items){ 0 };
	if (tr_yaml_is_null(node) || node->kind == TR_YAML_MAP) {
		tr_err_hint(tr_config_wrong(r, node->pos, "expected a list, got %s",
				    tr_config_show(node, shown)),
			"write `%s`, or leave the key out", example);
		return false;
	}
	if (node->kind == TR_YAML_LIST) {
		out->first = node->first;
		out->n = node->n;
		return true;
	}
	out->one = *node;
	out->one.next = NULL;
	out->first = &out->one;
	out->n = 1;
	return true;
}

static void read_from(struct tr_config_reader *r, const struct tr_yaml *item, struct tr_config_from *out)
{
	out->pos = item->pos;
	out->dataset = tr_config_text(r, item, "the name of a dataset");
	if (!out->dataset || tr_name_is_dataset(out->dataset))
		return;
	char shown[TR_CONFIG_SHOWN];
	tr_err_hint(tr_config_wrong(r, item->pos, "%s cannot be the name of a dataset",
			    tr_config_show(item, shown)),
		"name a dataset of this configuration or of the lake");
}

void tr_config_read_from(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	struct tr_config_dataset *d = target;
	struct items items;
	(void)key;
	if (!items_of(r, node, "[enriched_orders]", &items))
		return;
	if (items.n == 0)
		tr_err_hint(tr_config_wrong(r, node->pos, "the list is empty"),
			"name the datasets that are read, or leave the key out");
	d->from = tr_config_alloc(r, items.n * sizeof *d->from + 1);
	for (const struct tr_yaml *item = items.first; d->from && item; item = item->next) {
		struct tr_config_from *from = &d->from[d->n_from];
		read_from(r, item, from);
		d->n_from += from->dataset != NULL;
	}
}

/* ---- columns ---- */

static void read_column(struct tr_config_reader *r, const struct tr_config_section *section,
	const struct tr_yaml *node, struct tr_config_column *c)
{
	size_t before = tr_config_mistakes(r);
	c->pos = node->key->pos;
	c->name = tr_config_copy(r, node->key->text);
	check_name(r, node->key, tr_name_is_column, "a column", true);
	tr_config_defaults(r, section, c);
	if (node->kind == TR_YAML_TEXT && tr_config_type(r, node, &c->type))
		c->type_pos = node->pos;
	else if (node->kind != TR_YAML_TEXT)
		tr_config_group(r, section, node, c->pos, c);
	if (tr_config_mistakes(r) == before)
		tr_config_check_column(r, node, c);
}

void tr_config_read_columns(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	struct tr_config_dataset *d = target;
	const struct tr_yaml *child = entries(r, node, "order_id: { type: int, not_null: true }");
	if (!child) {
		if (node->kind == TR_YAML_MAP)
			tr_err_hint(tr_config_wrong(r, node->pos, "a dataset needs at least one column"),
				"leave `columns` out of a straight copy to take over what the source has");
		return;
	}
	if (node->n > TR_COLUMNS_MAX) {
		tr_err_hint(tr_config_wrong(r, node->pos, "%zu columns are too many", node->n),
			"a dataset has at most %d, as many as Postgres returns", TR_COLUMNS_MAX);
		return;
	}
	d->columns = tr_config_alloc(r, node->n * sizeof *d->columns);
	for (; d->columns && child; child = child->next) {
		size_t mark = tr_config_enter(r, child->key->text);
		read_column(r, key->section, child, &d->columns[d->n_columns++]);
		tr_config_leave(r, mark);
	}
}

/* ---- lists ---- */

void tr_config_read_accepted(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	struct tr_config_column *c = target;
	struct items items;
	(void)key;
	if (!items_of(r, node, "[DE, FR]", &items))
		return;
	if (items.n == 0)
		tr_err_hint(tr_config_wrong(r, node->pos, "the list is empty: no value could pass"),
			"name the values, or leave the key out");
	c->accepted = tr_config_alloc(r, items.n * sizeof *c->accepted + 1);
	for (const struct tr_yaml *item = items.first; c->accepted && item; item = item->next) {
		char *text = tr_config_text(r, item, "a value");
		if (text)
			c->accepted[c->n_accepted++] = text;
	}
}

static bool parse_partition(char *text, struct tr_config_partition *p)
{
	static const char *const names[] = { [TR_PART_YEAR] = "year",
		[TR_PART_MONTH] = "month",
		[TR_PART_DAY] = "day",
		[TR_PART_HOUR] = "hour" };
	p->transform = TR_PART_IDENTITY;
	p->column = text;
	size_t len = strcspn(text, "(");
	if (text[len] == '(') {
		for (int i = TR_PART_YEAR; i <= TR_PART_HOUR; i++)
			if (strlen(names[i]) == len && memcmp(names[i], text, len) == 0)
				p->transform = (enum tr_partition_transform)i;
		char *close = strchr(text, ')');
		if (p->transform == TR_PART_IDENTITY || !close || close[1])
			return false;
		p->column += len + 1 + strspn(text + len + 1, " ");
		while (close > p->column && close[-1] == ' ')
			close--;
		*close = '\0';
	}
	return tr_name_is_column(p->column);
}

void tr_config_read_partitions(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	struct tr_config_dataset *d = target;
	char shown[TR_CONFIG_SHOWN];
	struct items items;
	(void)key;
	if (!items_of(r, node, "[ day(created_at) ]", &items))
		return;
	d->partitions = tr_config_alloc(r, items.n * sizeof *d->partitions + 1);
	for (const struct tr_yaml *item = items.first; d->partitions && item; item = item->next) {
		char *text = tr_config_text(r, item, "a partition key");
		struct tr_config_partition *p = &d->partitions[d->n_partitions];
		p->pos = item->pos;
		if (text && parse_partition(text, p))
			d->n_partitions++;
		else if (text)
			tr_err_hint(tr_config_wrong(r, item->pos, "%s is no partition key",
					    tr_config_show(item, shown)),
				"write a published column, or year(c), month(c), day(c) or hour(c) of one");
	}
}

void tr_config_read_checks(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	struct tr_config_dataset *d = target;
	struct items items;
	(void)key;
	if (!items_of(r, node, "[ \"amount >= 0\" ]", &items))
		return;
	d->checks = tr_config_alloc(r, items.n * sizeof *d->checks + 1);
	for (const struct tr_yaml *item = items.first; d->checks && item; item = item->next) {
		char *text = tr_config_text(r, item, "an SQL condition");
		if (text && text[strspn(text, " \t\r\n")])
			d->checks[d->n_checks++] = (struct tr_config_check){ text, item->pos };
		else if (text)
			tr_err_hint(tr_config_wrong(r, item->pos,
					    "expected an SQL condition, got an empty text"),
				"write one, as \"amount >= 0\", or remove the entry");
	}
}

/* One set: a column, or a list of columns, comma-joined. */
static char *read_set(struct tr_config_reader *r, const struct tr_yaml *item)
{
	struct tr_str joined;
	char *set = NULL;
	tr_str_init(&joined, 65536);
	const struct tr_yaml *column = item->kind == TR_YAML_LIST ? item->first : item;
	bool ok = column != NULL;
	if (!ok)
		tr_err_hint(tr_config_wrong(r, item->pos, "expected columns, got an empty list"),
			"write `[[order_id, line]]`");
	while (column) {
		char *text = tr_config_text(r, column, "a column");
		ok = ok && text;
		tr_str_addf(&joined, "%s%s", joined.len ? "," : "", text ? text : "");
		column = item->kind == TR_YAML_LIST ? column->next : NULL;
	}
	if (ok && !joined.failed && (set = tr_config_alloc(r, joined.len + 1)) != NULL)
		memcpy(set, joined.ptr, joined.len);
	tr_str_clear(&joined);
	return set;
}

void tr_config_read_unique(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	struct tr_config_dataset *d = target;
	struct items items;
	(void)key;
	if (!items_of(r, node, "[order_id]", &items))
		return;
	d->unique = tr_config_alloc(r, items.n * sizeof *d->unique + 1);
	for (const struct tr_yaml *item = items.first; d->unique && item; item = item->next) {
		char *set = read_set(r, item);
		if (set)
			d->unique[d->n_unique++] = set;
	}
}

/* ---- datasets ---- */

void tr_config_read_datasets(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	struct tr_config *config = target;
	const struct tr_yaml *child = entries(r, node, "orders: { inputs: { o: public.orders } }");
	if (!child) {
		if (node->kind == TR_YAML_MAP)
			tr_err_hint(tr_config_wrong(r, node->pos, "there is no dataset"),
				"write at least one: `orders: { inputs: { o: public.orders } }`");
		return;
	}
	config->datasets = tr_config_alloc(r, node->n * sizeof *config->datasets);
	for (; config->datasets && child; child = child->next) {
		struct tr_config_dataset *d = &config->datasets[config->n_datasets++];
		size_t mark = tr_config_enter(r, child->key->text);
		d->name = tr_config_copy(r, child->key->text);
		d->pos = child->key->pos;
		check_name(r, child->key, tr_name_is_dataset, "a dataset", false);
		tr_config_defaults(r, key->section, d);
		tr_config_group(r, key->section, child, d->pos, d);
		tr_config_check_dataset(r, child, d);
		tr_config_leave(r, mark);
	}
}
