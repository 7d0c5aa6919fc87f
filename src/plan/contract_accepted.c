#include "plan/contract_accepted.h"

#include <stdlib.h>

#include "data/literal.h"

static int compare(const struct tr_accepted_value *a, const struct tr_accepted_value *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->len ? memcmp(a->bytes, b->bytes, a->len) : 0;
}

static int compare_values(const void *a, const void *b)
{
	return compare(a, b);
}

static bool holds(const struct tr_accepted *a, const void *bytes, size_t len)
{
	const struct tr_accepted_value value = { bytes, len };
	size_t low = 0, high = a->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(&value, &a->values[middle]);
		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

static int64_t find_bool(const struct tr_accepted *a, const struct tr_view *v)
{
	const uint8_t no = 0, yes = 1;
	bool pass[2] = { holds(a, &no, 1), holds(a, &yes, 1) };
	for (int64_t i = 0; i < v->length; i++)
		if (!tr_view_is_null(v, i) && !pass[tr_view_bool(v, i)])
			return i;
	return -1;
}

static int64_t find_fixed(const struct tr_accepted *a, const struct tr_view *v)
{
	uint32_t width = tr_type_width(a->type);
	for (int64_t i = 0; i < v->length; i++)
		if (!tr_view_is_null(v, i) && !holds(a, tr_view_fixed(v, i, width), width))
			return i;
	return -1;
}

static int64_t find_bytes(const struct tr_accepted *a, const struct tr_view *v)
{
	for (int64_t i = 0; i < v->length; i++) {
		if (tr_view_is_null(v, i))
			continue;
		size_t len;
		const char *bytes = tr_view_bytes(v, i, &len);
		if (!holds(a, bytes, len))
			return i;
	}
	return -1;
}

bool tr_accepted_init(struct tr_accepted *a, struct tr_type type, const char *const *texts, size_t n,
	struct tr_err *err)
{
	bool bytes = tr_type_is_bytes(type);
	size_t width = type.kind == TR_BOOL ? 1 : tr_type_width(type);
	*a = (struct tr_accepted){ .type = type };
	a->find = bytes ? find_bytes : type.kind == TR_BOOL ? find_bool : find_fixed;
	a->values = tr_calloc(n, sizeof *a->values, err);
	a->storage = tr_calloc(n, width, err);
	if (!a->values || !a->storage)
		goto fail;
	for (; a->n < n; a->n++) {
		const char *text = texts[a->n];
		struct tr_accepted_value *value = &a->values[a->n];
		union tr_literal literal;
		if (bytes) {
			*value = (struct tr_accepted_value){ (const uint8_t *)text, strlen(text) };
			continue;
		}
		if (!tr_literal_parse(type, text, strlen(text), &literal)) {
			char name[TR_TYPE_TEXT];
			tr_err_set(err, TR_ERR_USER, "the accepted value `%s` is not of the type %s", text,
				tr_type_format(type, name));
			tr_err_hint(err, "write %s", tr_literal_example(type));
			goto fail;
		}
		memcpy(a->storage + a->n * width, &literal, width);
		*value = (struct tr_accepted_value){ a->storage + a->n * width, width };
	}
	qsort(a->values, a->n, sizeof *a->values, compare_values);
	return true;
fail:
	tr_accepted_clear(a);
	return false;
}

void tr_accepted_clear(struct tr_accepted *a)
{
	free(a->values);
	free(a->storage);
	*a = (struct tr_accepted){ 0 };
}
