#include "engine/transform.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/literal.h"
#include "engine/transform_internal.h"

#define ARENA_MAX ((size_t)64 << 20)

/* An object that someone else could have written is not loaded. */
static bool safe_to_load(const char *path, struct tr_err *err)
{
	struct stat st;
	if (stat(path, &st) != 0) {
		tr_err_set(err, TR_ERR_USER, "the compiled transform %s can't be read", path);
		tr_err_detail(err, "%s", strerror(errno));
		return tr_err_hint(err, "build it with `tailrace build --out DIR`");
	}
	if ((st.st_uid == geteuid() || st.st_uid == 0) && !(st.st_mode & 022) && S_ISREG(st.st_mode))
		return true;
	tr_err_set(err, TR_ERR_USER, "the compiled transform %s is not safe to load", path);
	return tr_err_hint(err,
		"it must be a file of your own that nobody else can write (chown, chmod go-w)");
}

static bool open_object(struct tr_transform *t, struct tr_err *err)
{
	const struct tr_transform_descriptor *(*entry)(void);
	if (!safe_to_load(t->object, err))
		return false;
	t->handle = dlopen(t->object, RTLD_NOW | RTLD_LOCAL);
	if (!t->handle) {
		tr_err_set(err, TR_ERR_USER, "the compiled transform %s can't be loaded", t->object);
		return tr_err_detail(err, "%s", dlerror());
	}
	void *symbol = dlsym(t->handle, TAILRACE_TRANSFORM_SYMBOL);
	if (!symbol) {
		tr_err_set(err, TR_ERR_USER, "%s is not a compiled transform", t->object);
		return tr_err_hint(err, "build it with `tailrace build`");
	}
	memcpy(&entry, &symbol, sizeof entry); /* ISO C has no cast from object to function pointer */
	t->descriptor = entry();
	if (t->descriptor->abi != TAILRACE_TRANSFORM_ABI) {
		tr_err_set(err, TR_ERR_USER, "the compiled transform %s has ABI %u, this tailrace has %d",
			t->object, t->descriptor->abi, TAILRACE_TRANSFORM_ABI);
		return tr_err_hint(err, "run `tailrace gen` and build it again");
	}
	return true;
}

/* Same inputs, parameters and contract as the live ones? */
static bool check_fingerprint(const struct tr_transform *t, const struct tr_transform_spec *spec,
	struct tr_err *err)
{
	char fingerprint[TR_FINGERPRINT_TEXT];
	char *now = tr_transform_description(spec, err);
	if (!now)
		return false;
	tr_transform_fingerprint(now, fingerprint);
	bool same = strcmp(fingerprint, t->descriptor->fingerprint) == 0 &&
		strcmp(t->descriptor->dataset, spec->dataset) == 0;
	if (!same) {
		char *difference = tr_transform_difference(t->descriptor->description, now, err);
		tr_err_set(err, TR_ERR_USER, "the schema of dataset `%s` has moved since `tailrace gen`",
			spec->dataset);
		if (difference)
			tr_err_detail(err, "%s", difference);
		tr_err_hint(err, "run `tailrace gen`, mend %s where a field it uses has moved, and run again",
			spec->source_path);
		free(difference);
	}
	free(now);
	return same;
}

/* ---- parameters ---- */

static bool bad_param(const struct tr_transform_param *p, struct tr_err *err)
{
	char type[TR_TYPE_TEXT];
	return tr_err_set(err, TR_ERR_USER, "the parameter `%s` is not %s: `%s`", p->name,
		tr_type_format(p->type, type), p->value);
}

/* A value as it lies in an Arrow buffer is a value as it lies in the struct, but for a
 * decimal of at most 18 digits, of which the struct has the low eight bytes. */
static bool fill_param(struct tr_transform *t, const struct tr_transform_param *p, void *field, uint32_t size,
	struct tr_err *err)
{
	struct tr_text text = { .len = strlen(p->value) };
	union tr_literal value;
	if (p->type.kind == TR_STRING || p->type.kind == TR_JSON) {
		text.ptr = tr_arena_strdup(&t->arena, p->value, err);
		memcpy(field, &text, sizeof text);
		return text.ptr != NULL;
	}
	if (!tr_literal_parse(p->type, p->value, text.len, &value))
		return bad_param(p, err);
	memcpy(field, &value, size);
	return true;
}

static bool fill_params(struct tr_transform *t, const struct tr_transform_spec *spec, struct tr_err *err)
{
	const struct tr_transform_descriptor *d = t->descriptor;
	t->params = tr_arena_alloc(&t->arena, d->params_size, err);
	for (size_t i = 0; t->params && i < spec->n_params; i++) {
		if (!spec->params[i].value)
			continue; /* null: the nullable field stays zero */
		if (!fill_param(t, &spec->params[i], (uint8_t *)t->params + d->params[i].offset,
			    d->params[i].size, err))
			return false;
	}
	return t->params != NULL;
}

/* ---- loading ---- */

static bool copy_spec(struct tr_transform *t, const struct tr_transform_spec *spec, struct tr_err *err)
{
	t->dataset = tr_arena_strdup(&t->arena, spec->dataset, err);
	t->sides = tr_arena_alloc(&t->arena, spec->n_inputs * sizeof *t->sides, err);
	t->may_miss = tr_arena_alloc(&t->arena, spec->n_inputs * sizeof *t->may_miss, err);
	if (!t->dataset || !t->sides || !t->may_miss)
		return false;
	for (; t->n_sides < spec->n_inputs; t->n_sides++) {
		t->may_miss[t->n_sides] = spec->inputs[t->n_sides].may_miss;
		if (!tr_schema_copy(&t->sides[t->n_sides], spec->inputs[t->n_sides].schema, err))
			return false;
	}
	return tr_schema_copy(&t->out, spec->out, err);
}

bool tr_transform_load(const struct tr_transform_spec *spec, const struct tr_transform_build *build,
	struct tr_transform **out, struct tr_err *err)
{
	struct tr_transform *t = tr_calloc(1, sizeof *t, err);
	if (!t)
		return false;
	tr_arena_init(&t->arena, ARENA_MAX);
	bool ok = build->object ? (t->object = tr_strdup(build->object, err)) != NULL
				: tr_transform_compile(spec, build, &t->object, &t->warnings, err);
	ok = ok && open_object(t, err) && check_fingerprint(t, spec, err) && copy_spec(t, spec, err) &&
		fill_params(t, spec, err);
	if (ok)
		*out = t;
	else
		tr_transform_free(t);
	return ok;
}

void tr_transform_free(struct tr_transform *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_sides; i++)
		tr_schema_clear(&t->sides[i]);
	tr_schema_clear(&t->out);
	if (t->handle)
		dlclose(t->handle);
	tr_arena_clear(&t->arena);
	free(t->object);
	free(t->warnings);
	free(t);
}

const char *tr_transform_object(const struct tr_transform *t)
{
	return t->object;
}

const char *tr_transform_warnings(const struct tr_transform *t)
{
	return t->warnings;
}
