#include "data/column.h"

#include <stdlib.h>

void tr_column_init(struct tr_column *c, struct tr_type type)
{
	*c = (struct tr_column){ .type = type, .width = tr_type_width(type) };
}

void tr_column_clear(struct tr_column *c)
{
	free(c->validity);
	free(c->data);
	free(c->offsets);
	tr_column_init(c, c->type);
}

static size_t bitmap_bytes(int64_t rows)
{
	return (size_t)(rows + 7) / 8;
}

/* Resize the buffers to hold `cap` rows. */
static bool grow_rows(struct tr_column *c, int64_t cap, struct tr_err *err)
{
	void *p;
	if (c->validity) {
		p = tr_realloc_array(c->validity, bitmap_bytes(cap), 1, err);
		if (!p)
			return false;
		c->validity = p;
		memset(c->validity + bitmap_bytes(c->cap), 0xFF, bitmap_bytes(cap) - bitmap_bytes(c->cap));
	}
	if (tr_type_is_bytes(c->type)) {
		p = tr_realloc_array(c->offsets, (size_t)cap + 1, sizeof *c->offsets, err);
		if (!p)
			return false;
		c->offsets = p;
		if (c->n == 0)
			c->offsets[0] = 0;
	} else {
		size_t bytes = c->type.kind == TR_BOOL ? bitmap_bytes(cap) : (size_t)cap * c->width;
		p = tr_realloc_array(c->data, bytes, 1, err);
		if (!p)
			return false;
		c->data = p;
	}
	c->cap = cap;
	return true;
}

bool tr_column_reserve(struct tr_column *c, int64_t rows, struct tr_err *err)
{
	if (rows <= c->cap - c->n)
		return true;
	int64_t cap = c->cap * 2;
	if (cap < c->n + rows)
		cap = c->n + rows;
	if (cap < 64)
		cap = 64;
	return grow_rows(c, (cap + 7) & ~(int64_t)7, err);
}

bool tr_column_reserve_bytes(struct tr_column *c, size_t n, struct tr_err *err)
{
	if (n <= c->bytes_cap - c->bytes)
		return true;
	if (n > INT32_MAX || c->bytes > INT32_MAX - n)
		return tr_err_set(err, TR_ERR_INTERNAL, "a column of a batch would pass 2 GiB");
	size_t cap = c->bytes_cap * 2;
	if (cap < c->bytes + n)
		cap = c->bytes + n;
	if (cap < 256)
		cap = 256;
	void *p = tr_realloc_array(c->data, cap, 1, err);
	if (!p)
		return false;
	c->data = p;
	c->bytes_cap = cap;
	return true;
}

static bool make_validity(struct tr_column *c, struct tr_err *err)
{
	if (c->validity)
		return true;
	c->validity = tr_malloc(bitmap_bytes(c->cap), err);
	if (!c->validity)
		return false;
	memset(c->validity, 0xFF, bitmap_bytes(c->cap));
	return true;
}

bool tr_column_set_null(struct tr_column *c, int64_t i, struct tr_err *err)
{
	if (!make_validity(c, err))
		return false;
	if (tr_bit(c->validity, i)) {
		tr_bit_unset(c->validity, i);
		c->nulls++;
	}
	return true;
}

bool tr_column_add_null(struct tr_column *c, struct tr_err *err)
{
	if (!tr_column_reserve(c, 1, err) || !tr_column_set_null(c, c->n, err))
		return false;
	if (c->offsets)
		c->offsets[c->n + 1] = (int32_t)c->bytes;
	else if (c->type.kind == TR_BOOL)
		tr_bit_unset(c->data, c->n);
	else
		memset(c->data + (size_t)c->n * c->width, 0, c->width);
	c->n++;
	return true;
}

bool tr_column_add_bool(struct tr_column *c, bool value, struct tr_err *err)
{
	if (!tr_column_reserve(c, 1, err))
		return false;
	if (value)
		tr_bit_set(c->data, c->n);
	else
		tr_bit_unset(c->data, c->n);
	c->n++;
	return true;
}

bool tr_column_add_fixed(struct tr_column *c, const void *value, struct tr_err *err)
{
	if (!tr_column_reserve(c, 1, err))
		return false;
	memcpy(c->data + (size_t)c->n * c->width, value, c->width);
	c->n++;
	return true;
}

bool tr_column_add_bytes(struct tr_column *c, const void *value, size_t len, struct tr_err *err)
{
	if (!tr_column_reserve(c, 1, err) || !tr_column_reserve_bytes(c, len, err))
		return false;
	if (len)
		memcpy(c->data + c->bytes, value, len);
	c->bytes += len;
	c->offsets[++c->n] = (int32_t)c->bytes;
	return true;
}

size_t tr_column_memory(const struct tr_column *c)
{
	size_t n = (size_t)c->n;
	size_t fixed = c->type.kind == TR_BOOL ? n / 8 : n * c->width;
	return (c->validity ? n / 8 : 0) + (tr_type_is_bytes(c->type) ? c->bytes + n * 4 : fixed);
}

/* ---- batches ---- */

struct array_private {
	const void *buffers[3];
	struct ArrowArray **children;
	struct ArrowArray *storage; /* the children themselves, in one block */
};

static void release_array(struct ArrowArray *array)
{
	struct array_private *priv = array->private_data;
	for (int64_t i = 0; i < array->n_children; i++)
		if (array->children[i]->release)
			array->children[i]->release(array->children[i]);
	for (int64_t i = 0; i < array->n_buffers; i++)
		free((void *)(uintptr_t)priv->buffers[i]);
	free(priv->children);
	free(priv->storage);
	free(priv);
	array->release = NULL;
}

static bool init_array(struct ArrowArray *a, int64_t length, int64_t n_buffers, struct tr_err *err)
{
	memset(a, 0, sizeof *a);
	struct array_private *priv = tr_calloc(1, sizeof *priv, err);
	if (!priv)
		return false;
	a->length = length;
	a->n_buffers = n_buffers;
	a->buffers = priv->buffers;
	a->private_data = priv;
	a->release = release_array;
	return true;
}

bool tr_column_take(struct tr_column *c, struct ArrowArray *a, struct tr_err *err)
{
	bool bytes = tr_type_is_bytes(c->type);
	/* Consumers expect the buffers to exist, even where there is not one row. */
	if ((bytes && !c->data && !tr_column_reserve_bytes(c, 1, err)) ||
		(!c->cap && !tr_column_reserve(c, 1, err)))
		return false;
	if (!init_array(a, c->n, bytes ? 3 : 2, err))
		return false;
	struct array_private *priv = a->private_data;
	a->null_count = c->nulls;
	priv->buffers[0] = c->validity;
	priv->buffers[1] = bytes ? (void *)c->offsets : (void *)c->data;
	priv->buffers[2] = bytes ? c->data : NULL;
	tr_column_init(c, c->type);
	return true;
}

bool tr_batch_join(struct ArrowArray *columns, size_t n, int64_t rows, struct ArrowArray *out,
	struct tr_err *err)
{
	bool ok = init_array(out, rows, 1, err);
	struct array_private *priv = ok ? out->private_data : NULL;
	if (ok) {
		priv->children = tr_calloc(n, sizeof *priv->children, err);
		priv->storage = tr_calloc(n, sizeof *priv->storage, err);
		ok = priv->children && priv->storage;
	}
	for (size_t i = 0; i < n; i++) {
		if (ok) {
			priv->storage[i] = columns[i];
			priv->children[i] = &priv->storage[i];
			columns[i].release = NULL;
		} else if (columns[i].release) {
			columns[i].release(&columns[i]);
		}
	}
	if (ok) {
		out->children = priv->children;
		out->n_children = (int64_t)n;
	} else if (priv) {
		out->release(out);
	}
	return ok;
}

bool tr_batch_take(struct tr_column *columns, size_t n, int64_t rows, struct ArrowArray *out,
	struct tr_err *err)
{
	struct ArrowArray *taken = tr_calloc(n, sizeof *taken, err);
	bool ok = taken != NULL;
	for (size_t i = 0; ok && i < n; i++)
		ok = tr_column_take(&columns[i], &taken[i], err);
	if (ok) {
		ok = tr_batch_join(taken, n, rows, out, err);
	} else {
		for (size_t i = 0; taken && i < n; i++)
			if (taken[i].release)
				taken[i].release(&taken[i]);
	}
	free(taken);
	return ok;
}

void tr_view_init(struct tr_view *v, const struct ArrowArray *batch, size_t i, struct tr_type type)
{
	const struct ArrowArray *a = batch->children[i];
	bool bytes = tr_type_is_bytes(type);
	v->validity = a->null_count == 0 ? NULL : a->buffers[0];
	v->offsets = bytes ? a->buffers[1] : NULL;
	v->data = bytes ? a->buffers[2] : a->buffers[1];
	if (!v->data)
		v->data = (const uint8_t *)""; /* Arrow allows NULL where there is not one byte */
	v->offset = a->offset + batch->offset;
	v->length = batch->length;
}
