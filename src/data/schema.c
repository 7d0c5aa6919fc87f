#include "data/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tr_schema_init(struct tr_schema *s)
{
	*s = (struct tr_schema){ 0 };
}

void tr_schema_clear(struct tr_schema *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->fields[i].name);
		free(s->fields[i].doc);
	}
	free(s->fields);
	*s = (struct tr_schema){ 0 };
}

bool tr_schema_add(struct tr_schema *s, const char *name, struct tr_type type, bool nullable, const char *doc,
	struct tr_err *err)
{
	if (s->n >= TR_COLUMNS_MAX)
		return tr_err_set(err, TR_ERR_USER, "more than %d columns", TR_COLUMNS_MAX);
	if (!tr_array_grow((void **)&s->fields, s->n, &s->cap, sizeof *s->fields, err))
		return false;
	struct tr_field *f = &s->fields[s->n];
	*f = (struct tr_field){ .type = type, .nullable = nullable };
	f->name = tr_strdup(name, err);
	if (!f->name)
		return false;
	if (doc && !(f->doc = tr_strdup(doc, err))) {
		free(f->name);
		return false;
	}
	s->n++;
	return true;
}

bool tr_schema_copy(struct tr_schema *dst, const struct tr_schema *src, struct tr_err *err)
{
	tr_schema_init(dst);
	for (size_t i = 0; i < src->n; i++) {
		const struct tr_field *f = &src->fields[i];
		if (!tr_schema_add(dst, f->name, f->type, f->nullable, f->doc, err)) {
			tr_schema_clear(dst);
			return false;
		}
		dst->fields[i].field_id = f->field_id;
	}
	return true;
}

int tr_schema_find(const struct tr_schema *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->fields[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* ---- to Arrow ---- */

struct schema_private {
	char format[TR_TYPE_TEXT];
	char *name;
	char *metadata;
};

static void release_schema(struct ArrowSchema *schema)
{
	for (int64_t i = 0; i < schema->n_children; i++) {
		struct ArrowSchema *child = schema->children[i];
		if (child && child->release)
			child->release(child);
		free(child);
	}
	free(schema->children);
	struct schema_private *priv = schema->private_data;
	if (priv) {
		free(priv->name);
		free(priv->metadata);
		free(priv);
	}
	schema->release = NULL;
}

/* Arrow's metadata encoding: int32 count, then for each pair int32 length and bytes of key and value. */
static char *extension_metadata(const char *extension, struct tr_err *err)
{
	const char *pairs[2][2] = {
		{ "ARROW:extension:name", extension },
		{ "ARROW:extension:metadata", "" },
	};
	char *text = tr_calloc(1, 128, err);
	if (!text)
		return NULL;
	char *p = text;
	int32_t n = 2;
	memcpy(p, &n, 4);
	p += 4;
	for (int i = 0; i < 2; i++) {
		for (int k = 0; k < 2; k++) {
			int32_t len = (int32_t)strlen(pairs[i][k]);
			memcpy(p, &len, 4);
			memcpy(p + 4, pairs[i][k], (size_t)len);
			p += 4 + len;
		}
	}
	return text;
}

static bool init_schema(struct ArrowSchema *out, const char *name, struct tr_err *err)
{
	memset(out, 0, sizeof *out);
	struct schema_private *priv = tr_calloc(1, sizeof *priv, err);
	if (!priv)
		return false;
	priv->name = tr_strdup(name, err);
	if (!priv->name) {
		free(priv);
		return false;
	}
	out->private_data = priv;
	out->format = priv->format;
	out->name = priv->name;
	out->release = release_schema;
	return true;
}

static bool field_to_arrow(const struct tr_field *f, struct ArrowSchema *out, struct tr_err *err)
{
	if (!init_schema(out, f->name, err))
		return false;
	struct schema_private *priv = out->private_data;
	tr_type_arrow_format(f->type, priv->format);
	out->flags = f->nullable ? ARROW_FLAG_NULLABLE : 0;
	const char *extension = NULL;
	if (f->type.kind == TR_UUID)
		extension = "arrow.uuid";
	else if (f->type.kind == TR_JSON)
		extension = "arrow.json";
	if (extension) {
		priv->metadata = extension_metadata(extension, err);
		if (!priv->metadata)
			return false;
		out->metadata = priv->metadata;
	}
	return true;
}

bool tr_schema_to_arrow(const struct tr_schema *s, struct ArrowSchema *out, struct tr_err *err)
{
	if (!init_schema(out, "", err))
		return false;
	struct schema_private *priv = out->private_data;
	strcpy(priv->format, "+s");
	out->children = tr_calloc(s->n, sizeof *out->children, err);
	bool ok = out->children != NULL;
	for (size_t i = 0; ok && i < s->n; i++) {
		out->children[i] = tr_calloc(1, sizeof **out->children, err);
		ok = out->children[i] != NULL;
		if (ok) {
			out->n_children++;
			ok = field_to_arrow(&s->fields[i], out->children[i], err);
		}
	}
	if (!ok)
		out->release(out);
	return ok;
}

/* ---- from Arrow ---- */

/* The value of a key in Arrow's metadata encoding compared with `want`. */
static bool metadata_is(const char *metadata, const char *key, const char *want)
{
	if (!metadata)
		return false;
	int32_t n;
	memcpy(&n, metadata, 4);
	const char *p = metadata + 4;
	for (int32_t i = 0; i < n; i++) {
		int32_t key_len, value_len;
		memcpy(&key_len, p, 4);
		const char *k = p + 4;
		memcpy(&value_len, k + key_len, 4);
		const char *v = k + key_len + 4;
		if ((size_t)key_len == strlen(key) && memcmp(k, key, (size_t)key_len) == 0)
			return (size_t)value_len == strlen(want) && memcmp(v, want, (size_t)value_len) == 0;
		p = v + value_len;
	}
	return false;
}

static bool type_from_arrow(const struct ArrowSchema *src, struct tr_type *out)
{
	unsigned p, s;
	char end;
	if (sscanf(src->format, "d:%u,%u%c", &p, &s, &end) == 2 && p >= 1 && p <= 38 && s <= p) {
		*out = (struct tr_type){ TR_DECIMAL, (uint8_t)p, (uint8_t)s };
		return true;
	}
	if (strcmp(src->format, "u") == 0) {
		bool json = metadata_is(src->metadata, "ARROW:extension:name", "arrow.json");
		*out = (struct tr_type){ .kind = json ? TR_JSON : TR_STRING };
		return true;
	}
	if (strncmp(src->format, "tsu:", 4) == 0) {
		*out = (struct tr_type){ .kind = src->format[4] ? TR_TIMESTAMPTZ : TR_TIMESTAMP };
		return true;
	}
	for (int kind = TR_BOOL; kind <= TR_JSON; kind++) {
		char format[TR_TYPE_TEXT];
		struct tr_type type = { .kind = (enum tr_kind)kind };
		if (strcmp(src->format, tr_type_arrow_format(type, format)) == 0) {
			*out = type;
			return true;
		}
	}
	return false;
}

bool tr_schema_from_arrow(struct tr_schema *dst, const struct ArrowSchema *src, struct tr_err *err)
{
	if (strcmp(src->format, "+s") != 0)
		return tr_err_set(err, TR_ERR_INTERNAL, "a stream of `%s` where rows were expected",
			src->format);
	for (int64_t i = 0; i < src->n_children; i++) {
		const struct ArrowSchema *child = src->children[i];
		struct tr_type type;
		if (!type_from_arrow(child, &type))
			return tr_err_set(err, TR_ERR_USER,
				"column `%s` has the Arrow type `%s`, which tailrace "
				"does not carry",
				child->name, child->format);
		if (!tr_schema_add(dst, child->name, type, child->flags & ARROW_FLAG_NULLABLE, NULL, err))
			return false;
	}
	return true;
}
