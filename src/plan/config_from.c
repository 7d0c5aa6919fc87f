/* What `from` may say: how the datasets of a configuration hang together. */
#include <string.h>

#include "plan/config_read.h"

void tr_config_check_from(struct tr_config_reader *r, const struct tr_yaml *node,
	const struct tr_config_dataset *d)
{
	const struct tr_yaml *from = tr_yaml_find(node, "from");
	if (!from)
		return;
	if (!tr_yaml_find(node, "sql") && !tr_yaml_find(node, "c"))
		tr_err_hint(tr_config_wrong(r, from->key->pos, "`from` needs `sql` or `c`"),
			"add `sql: transforms/%s.sql`, a SELECT over the datasets named here", d->name);
	size_t mark = tr_config_enter(r, "from");
	for (size_t i = 0; i < d->n_from; i++) {
		const struct tr_config_from *f = &d->from[i];
		for (size_t k = 0; k < d->n_inputs; k++)
			if (d->inputs[k].alias && strcmp(d->inputs[k].alias, f->dataset) == 0)
				tr_err_hint(tr_config_wrong(r, f->pos, "`%s` is an input's alias too",
						    f->dataset),
					"give the input another alias: the statement could not tell them "
					"apart");
		for (size_t k = 0; k < i; k++)
			if (strcmp(d->from[k].dataset, f->dataset) == 0)
				tr_err_hint(tr_config_wrong(r, f->pos, "`%s` stands here twice", f->dataset),
					"remove one; a statement may name a table as often as it likes");
	}
	tr_config_leave(r, mark);
}

/* ---- who runs it ---- */

static bool is_remote(const struct tr_config_dataset *d)
{
	return d->run_on && strcmp(d->run_on, "embedded") != 0;
}

void tr_config_check_run_on(struct tr_config_reader *r, const struct tr_yaml *node,
	const struct tr_config_dataset *d)
{
	const struct tr_yaml *inputs = tr_yaml_find(node, "inputs"), *c = tr_yaml_find(node, "c");
	if (!is_remote(d))
		return;
	if (c)
		tr_err_hint(tr_config_wrong(r, c->key->pos, "typed C does not run on `%s`", d->run_on),
			"write the transform as `sql`, or leave `run_on` out");
	else if (!tr_yaml_find(node, "sql"))
		tr_err_hint(tr_config_wrong(r, d->run_on_pos, "there is no statement to run on `%s`",
				    d->run_on),
			"add `sql: transforms/%s.sql`", d->name);
	if (inputs)
		tr_err_hint(tr_config_wrong(r, inputs->key->pos, "`%s` does not read Postgres", d->run_on),
			"make a dataset of each input, and read those by `from`");
}

/* Of the whole file: what such datasets need besides. */
static void check_remote(struct tr_config_reader *r, const struct tr_config_dataset *d)
{
	const struct tr_config *c = r->config;
	if (!c->lake.location || !c->lake.catalog)
		return;
	if (strcmp(c->lake.catalog, "glue") != 0)
		tr_err_hint(tr_config_mistake(c, r->errs, d->run_on_pos,
				    "datasets.%s.run_on: `%s` finds the datasets by their Glue tables, and "
				    "lake.catalog is `%s`",
				    d->name, d->run_on, c->lake.catalog),
			"use a lake in S3 with `catalog: glue`, or leave `run_on` out");
	else if (strcmp(d->run_on, "trino") == 0 && !c->trino.url)
		tr_err_hint(tr_config_mistake(c, r->errs, d->run_on_pos,
				    "datasets.%s.run_on: `trino` needs to know where Trino is", d->name),
			"add `trino: { url: https://trino.example.org:8443 }`");
}

/* ---- cycles ---- */

enum mark { NEW, OPEN, DONE };

/* A walk along `from`, by an explicit stack: a chain may be as long as the file has datasets. */
struct walk {
	struct tr_config_reader *r;
	enum mark *marks;  /* one a dataset */
	size_t *path, *at; /* the datasets on the way, and which of its `from` each follows now */
	size_t depth;
};

/* The way from dataset `to` down to the last one of the path, and back to it. */
static void report(struct walk *w, size_t to, const struct tr_config_from *closing)
{
	const struct tr_config *c = w->r->config;
	struct tr_str way;
	size_t start = 0;
	while (w->path[start] != to)
		start++;
	tr_str_init(&way, 4096);
	for (size_t i = start; i < w->depth; i++)
		tr_str_addf(&way, "%s -> ", c->datasets[w->path[i]].name);
	tr_str_add(&way, closing->dataset);
	struct tr_err *err = tr_config_mistake(c, w->r->errs, closing->pos,
		"datasets.%s.from: the datasets read each other in a circle: %s",
		c->datasets[w->path[w->depth - 1]].name, way.failed ? "(too long to show)" : way.ptr);
	tr_err_hint(err, "a dataset reads what was published before it: remove one of these");
	tr_str_clear(&way);
}

static void enter(struct walk *w, size_t dataset)
{
	w->marks[dataset] = OPEN;
	w->path[w->depth] = dataset;
	w->at[w->depth++] = 0;
}

static void follow(struct walk *w, size_t start)
{
	const struct tr_config *c = w->r->config;
	enter(w, start);
	while (w->depth) {
		size_t last = w->depth - 1;
		const struct tr_config_dataset *d = &c->datasets[w->path[last]];
		if (w->at[last] == d->n_from) {
			w->marks[w->path[last]] = DONE;
			w->depth--;
			continue;
		}
		const struct tr_config_from *f = &d->from[w->at[last]++];
		const struct tr_config_dataset *next = tr_config_dataset(c, f->dataset);
		if (!next)
			continue; /* of the lake, or unknown: planning tells */
		size_t i = (size_t)(next - c->datasets);
		if (w->marks[i] == OPEN)
			report(w, i, f);
		else if (w->marks[i] == NEW)
			enter(w, i);
	}
}

void tr_config_check_graph(struct tr_config_reader *r)
{
	size_t n = r->config->n_datasets;
	struct walk w = { .r = r };
	w.marks = tr_config_alloc(r, (n + 1) * sizeof *w.marks);
	w.path = tr_config_alloc(r, (n + 1) * sizeof *w.path);
	w.at = tr_config_alloc(r, (n + 1) * sizeof *w.at);
	if (!w.marks || !w.path || !w.at)
		return; /* reported, as is a name that there was no memory for */
	for (size_t i = 0; i < n; i++)
		if (!r->config->datasets[i].name)
			return;
	for (size_t i = 0; i < n; i++) {
		if (is_remote(&r->config->datasets[i]))
			check_remote(r, &r->config->datasets[i]);
		if (w.marks[i] == NEW)
			follow(&w, i);
	}
}
